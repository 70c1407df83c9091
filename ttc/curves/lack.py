"""What keeps a rule from being computed over the draws of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, NamedTuple

from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimating
from ttc.selectors.extras import Replacing, scorers_of
from ttc.selectors.worth import fields_of

# How draws come by a field that a rule needs, besides the name of a field of a file.
REMEDIES = {
    "answer": "run ttc verify first or",
    "correct": "run ttc verify first or",
    "score": "run ttc verify with a verifier that gives scores or",
    "think_tokens": (
        "sample with a backend that counts them (llamacpp, vllm, a server that reports "
        "reasoning_tokens or of which ttc models probe finds that a piece is a token) or"
    ),
    "logprob": "sample with a backend that gives log-probabilities or",
}


class Missing(NamedTuple):
    """Why a rule cannot be computed: as a note beside other curves, and as an error."""

    reason: str
    error: UsageError

    def of(self, source: str) -> Missing:
        """Return the same with the name of its source in the error, where there are several."""
        if str(self.error).startswith(f"{source}: "):
            return self
        error = UsageError(f"{source}: {self.error}", python=f"{source}: {self.error.python}")
        return Missing(self.reason, error)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rule that could not be computed over the draws of a source, and why."""

    source: str
    rule: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON."""
        return {"source": self.source, "rule": self.rule, "reason": self.reason}


class Lack(NamedTuple):
    """A field that a rule needs, and how many of the draws do not have it; `nan`: all have NaN."""

    rule: str
    field: str
    lacking: int
    draws: int
    nan: bool = False

    def __str__(self) -> str:
        remedy = f"{REMEDIES[self.field]}, " if self.field in REMEDIES else ""
        return f"{self._fact}; {remedy}for a file, map the field that holds it"

    def error(self) -> UsageError:
        """Return the error that says how to name the field."""
        remedy = f"{REMEDIES[self.field]}, " if self.field in REMEDIES else ""
        why = f"{self._fact}; {remedy}for a file, name the field that holds it: "
        return UsageError(
            f"{why}--map {self.field}=FIELD", python=f"{why}mapping={{{self.field!r}: 'FIELD'}}"
        )

    @property
    def _fact(self) -> str:
        if self.nan:
            return f"{self.rule} needs {self.field}, which is NaN for all of {self.draws} draws"
        return f"{self.rule} needs {self.field}, which {self.lacking} of {self.draws} draws lack"


class Check:
    """Tells for one rule after another what keeps it from being computed over these draws.

    `draw` is how the k draws are taken (`ttc.curves.table.DRAWS`).
    """

    def __init__(self, draws: Sequence[Outcome], draw: str) -> None:
        self._draws = draws
        self._draw = draw
        self._absent: dict[str, tuple[int, bool]] = {}

    def missing(self, name: str, selector: Selector) -> Missing | None:
        """Return why a rule cannot be computed; None if nothing that shows beforehand prevents it.

        A rule may still raise ValueError, for a score that it has no use for.
        """
        for scorer in sorted(scorers_of(selector)):
            if self._draws and all(isnan(_score(each, scorer)) for each in self._draws):
                why = f"{name} needs the score of {scorer}, which is NaN for all draws"
                return Missing(why, UsageError(f"{why}; name another scorer with score=NAME"))
        if (lack := self._lack(name, selector)) is not None:
            return Missing(str(lack), lack.error())
        return without_mean(name, selector, self._draw)

    def _lack(self, name: str, selector: Selector) -> Lack | None:
        """Return the first field that too many draws lack."""
        count = len(self._draws)
        # Whatever a rule looks at, the value of its pick is whether that is correct.
        for needed in sorted(fields_of(selector, self._draws)):
            lacking, only_nan = self._lacking(needed)
            if only_nan:
                return Lack(name, needed, lacking, count, nan=True)
            # Single draws may be without an answer (they abstain) or a verdict (not correct).
            optional = needed in ("answer", "correct")
            if not lacking or (optional and lacking < count):
                continue
            if needed == "answer" and not any(outcome.worth for outcome in self._draws):
                continue
            return Lack(name, needed, lacking, count)
        return None

    def _lacking(self, needed: str) -> tuple[int, bool]:
        """Return how many draws lack a field, and whether all have it and it is never a number."""
        if needed not in self._absent:
            values: list[Any] = [getattr(outcome, needed, None) for outcome in self._draws]
            lacking = values.count(None)
            number = needed in ("score", "logprob")
            nans = number and not lacking and all(isnan(value) for value in values)
            self._absent[needed] = lacking, nans
        return self._absent[needed]


def unscored(selector: Selector, errors: Mapping[str, UsageError]) -> UsageError | None:
    """Return the error of a scorer that a rule needs and that has no scores, by its name."""
    return next((errors[each] for each in sorted(scorers_of(selector)) if each in errors), None)


def nothing_left(missing: Sequence[Missing]) -> UsageError:
    """Return the error if no rule is left: that of the one rule, or all reasons."""
    found = list({str(each.error): each for each in missing}.values())
    if len(found) == 1:
        return found[0].error
    why = "none of these rules can be computed: "
    return UsageError(
        why + "; ".join(str(each.error) for each in found),
        python=why + "; ".join(each.error.python for each in found),
    )


def without_mean(name: str, selector: Selector, draw: str) -> Missing | None:
    """Return why a rule has no mean over draws that are taken in this way; None if it has one."""
    if draw != "with" or replaceable(selector):
        return None
    why = f"{name}: has no mean over draws with replacement"
    error = UsageError(f"{why}; leave --draw away", python=f"{why}; leave out draw='with'")
    return Missing(why, error)


def replaceable(selector: Selector) -> bool:
    """Return whether a rule has an exact mean over draws with replacement."""
    return isinstance(selector, Replacing) and not isinstance(selector, Estimating)


def _score(outcome: Outcome, scorer: str) -> float:
    """Return the score by a scorer; 0 for a draw without one, on which the rule itself raises."""
    return (outcome.scores or {}).get(scorer, 0.0)
