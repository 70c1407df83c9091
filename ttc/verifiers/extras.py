"""What a verifier may have besides the protocol, asked with `isinstance`."""

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
    """A verifier that asks a model."""

    def attach(self, backend: Backend) -> None:
        """Take the model; called before anything else."""


@runtime_checkable
class NamingModel(Ability, Protocol):
    """A verifier that asks a model which its options name; None for the default."""

    model: str | None


@runtime_checkable
class Asking(Ability, Protocol):
    """A verifier that reads `Sample.asked` if `asks`, and whose scores are opinions: they are
    compared with what is known to be right."""

    asks: bool


@runtime_checkable
class JudgingTogether(Ability, Protocol):
    """A verifier whose verdict on a draw depends on the other draws of the problem if `together`.

    It is given all draws of a problem one after the other, and those that it has judged before
    again when there are new ones.
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
        """Take the functions that return the stored votes on a sample, by position, and that
        store a new one."""


@runtime_checkable
class Sandboxable(Ability, Protocol):
    """A verifier that runs code."""

    def use_sandbox(self, tier: str) -> None:
        """Take the value of `--sandbox`; UsageError for a tier that cannot be used."""


@runtime_checkable
class PassingEnvironment(Ability, Protocol):
    """A verifier that runs a command of the user's."""

    def pass_environment(self, names: Iterable[str]) -> None:
        """Pass these variables of the environment to the command; UsageError."""


@runtime_checkable
class Noted(Ability, Protocol):
    """A verifier with a line to show once all is judged; None if there is nothing to say."""

    note: str | None


def asks(verifier: Verifier) -> bool:
    """Return whether a verifier reads what was asked, and gives opinions."""
    return isinstance(verifier, Asking) and bool(verifier.asks)


def judges_together(verifier: Verifier) -> bool:
    """Return whether a verifier judges the draws of a problem together."""
    return isinstance(verifier, JudgingTogether) and bool(verifier.together)


def model_of(verifier: Any) -> str | None:
    """Return the model that a verifier's options name, None for the default."""
    return verifier.model if isinstance(verifier, NamingModel) else None
