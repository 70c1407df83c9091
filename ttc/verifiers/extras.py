"""The optional members of verifiers, as protocols that are tested with `isinstance`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ttc.plugins.abilities import Ability
from ttc.records import Sample, Vote
from ttc.verifiers import Verifier

if TYPE_CHECKING:
    from ttc.backends import Backend


@runtime_checkable
class Attachable(Ability, Protocol):
    """A verifier that uses a model."""

    def attach(self, backend: Backend) -> None:
        """Set the model; called before anything else."""


@runtime_checkable
class NamingModel(Ability, Protocol):
    """A verifier whose options name the model that it uses; None for the default."""

    model: str | None


@runtime_checkable
class Asking(Ability, Protocol):
    """A verifier that reads `Sample.asked`, if `asks`; its scores are then compared with known
    correct answers."""

    asks: bool


@runtime_checkable
class JudgingTogether(Ability, Protocol):
    """A verifier whose verdict on a draw depends on the problem's other draws, if `together`.

    It gets all draws of a problem one after the other, and all of them again when there are new
    ones.
    """

    together: bool


@runtime_checkable
class Remembering(Ability, Protocol):
    """A verifier whose votes are stored one by one, since they cost money."""

    def remember(
        self,
        recall: Callable[[Sample], Mapping[int, Vote]],
        keep: Callable[[Sample, int, Vote], None],
    ) -> None:
        """Set the functions that return the stored votes on a sample by position, and that store a
        new vote."""


@runtime_checkable
class Sandboxable(Ability, Protocol):
    """A verifier that runs code."""

    def use_sandbox(self, tier: str) -> None:
        """Set the value of `--sandbox`; UsageError for a tier that cannot be used."""


@runtime_checkable
class PassingEnvironment(Ability, Protocol):
    """A verifier that runs a user's command."""

    def pass_environment(self, names: Iterable[str]) -> None:
        """Pass these environment variables to the command; UsageError if one is not set."""


@runtime_checkable
class Noted(Ability, Protocol):
    """A verifier with a line to print once all samples are judged; None for no line."""

    note: str | None


def asks(verifier: Verifier) -> bool:
    """Return whether a verifier reads the prompts and gives opinions."""
    return isinstance(verifier, Asking) and bool(verifier.asks)


def judges_together(verifier: Verifier) -> bool:
    """Return whether a verifier judges the draws of a problem together."""
    return isinstance(verifier, JudgingTogether) and bool(verifier.together)


def model_of(verifier: Any) -> str | None:
    """Return the model that a verifier's options name; None for the default."""
    return verifier.model if isinstance(verifier, NamingModel) else None
