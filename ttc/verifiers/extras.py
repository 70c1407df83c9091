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
class SendingFields(Ability, Protocol):
    """A verifier whose requests can have the further fields that its model's alias says."""

    def send_fields(self, extra: str) -> None:
        """Set `SamplingParams.extra` of all requests, and make it a part of the configuration;
        called before `attach`, and only if there are any."""


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
class ReadingReference(Ability, Protocol):
    """A verifier that says whether its verdicts depend on `Sample.reference`; None: they may.

    It may depend on the options. A rule that picks by the scores of a verifier that reads the
    reference is an oracle: nobody could follow it where the answer is not known.
    """

    reads_reference: bool | None


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
class TrustingEquality(Ability, Protocol):
    """A verifier that can believe a program's own `__eq__`, `__hash__`, `__bool__` and ordering."""

    def trust_equality(self) -> None:
        """Believe them, as `--trust-eq` says."""


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


# Whether ttc's own verifiers read the reference, where their options do not matter.
_OWN = {
    **dict.fromkeys(("choice", "constraint", "exact", "math", "numeric", "python"), True),
    **dict.fromkeys(("confidence", "regex", "rm", "schema", "self-eval"), False),
}
_JUDGES = frozenset({"cot-pot", "genrm", "judge", "pairwise"})


def reads_reference(verifier: Verifier) -> bool | None:
    """Return whether a verifier reads the reference; None if it may, or does not say."""
    told = verifier.reads_reference if isinstance(verifier, ReadingReference) else None
    return told if isinstance(told, bool) else None


def known_to_read(name: str, config: Mapping[str, Any] | None = None) -> bool | None:
    """Return the same by the name and configuration that key a verdict, without the verifier.

    None if that verifier may read the reference, or is not one of ttc's own.
    """
    options = config or {}
    if name in _JUDGES and "reference" in options:
        return bool(options["reference"] == "yes")
    if name == "cmd" and options.get("reference") == "no":
        return False
    return _OWN.get(name)


def judges_together(verifier: Verifier) -> bool:
    """Return whether a verifier judges the draws of a problem together."""
    return isinstance(verifier, JudgingTogether) and bool(verifier.together)


def model_of(verifier: Any) -> str | None:
    """Return the model that a verifier's options name; None for the default."""
    return verifier.model if isinstance(verifier, NamingModel) else None
