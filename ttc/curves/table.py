"""Sample × Verdict × Selector → Table: the value and the cost of every rule on every problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ttc.curves import parallel
from ttc.curves.costs import Rates, expected_cost
from ttc.errors import UsageError, wrong_option
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimate, Estimating, estimates_of, value_of
from ttc.selectors.extras import Replacing

Problems: TypeAlias = Mapping[str, Sequence[Outcome]]
DRAWS = ("without", "with", "prefix")
UNKNOWN = Rates()
# How draws come by a field that a rule needs, besides the name of a field of a file.
REMEDIES = {
    "answer": "run ttc verify first or",
    "correct": "run ttc verify first or",
    "score": "run ttc verify with a verifier that gives scores or",
    "logprob": "sample with a backend that gives log-probabilities or",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One selector at one k: an estimate (None: too few draws) and a cost for each problem."""

    selector: str
    k: int
    estimates: Sequence[Estimate | None]
    costs: Sequence[Mapping[str, float | None]]

    @property
    def values(self) -> list[float | None]:
        """The value for each problem."""
        return [None if found is None else found.value for found in self.estimates]


@dataclass(frozen=True, slots=True)
class Table:
    """The values and costs of rules on each problem of one source; problems are sorted by name.

    `rules` are those of the cells, by name.
    """

    source: str
    problems: tuple[str, ...]
    pools: Sequence[Sequence[Outcome]]
    cells: Sequence[Cell]
    draw: str = "without"
    rules: Mapping[str, Selector] = dataclasses.field(default_factory=dict)


def tabulate(
    problems: Problems,
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    *,
    source: str,
    rates: Rates = UNKNOWN,
    draw: str = "without",
) -> Table:
    """Return the value and cost of every selector at each of `ks` on each problem.

    `draw` says which k draws the mean is over: all k-subsets (`without` replacement), k draws
    `with` replacement, or the first k in draw order (`prefix`). UsageError if the draws lack a
    field that a selector needs, or a rule has no mean with replacement.
    """
    if not any(problems.values()):
        raise UsageError(f"{source}: there are no draws to sweep")
    if any(k < 1 for k in ks):
        raise UsageError(f"k must be 1 or more, not {min(ks)}")
    if draw not in DRAWS:
        raise wrong_option("draw", draw, f"there are {', '.join(DRAWS)}")
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    absent: dict[str, int] = {}
    for name, selector in selectors.items():
        if lack := _lack(name, selector, draws, absent):
            raise lack.error()
    # Resamples go by position: sorted, they do not depend on the order of the input.
    names = tuple(sorted(problems))
    pools = [problems[name] for name in names]
    budgets = sorted(set(ks))
    rows = parallel.spread(
        lambda at: _row(pools[at], selectors, budgets, rates, draw),
        len(pools),
        sum(map(len, pools)),
    )
    cells = [
        Cell(name, k, [row[at, k][0] for row in rows], [c for row in rows if (c := row[at, k][1])])
        for at, name in enumerate(selectors)
        for k in budgets
    ]
    return Table(source, names, pools, cells, draw, selectors)


class Lack(NamedTuple):
    """A field that a rule needs, and how many of the draws do not have it."""

    rule: str
    field: str
    lacking: int
    draws: int

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
        return f"{self.rule} needs {self.field}, which {self.lacking} of {self.draws} draws lack"


def lack_of(name: str, selector: Selector, problems: Problems) -> Lack | None:
    """Return what keeps a rule from being computed over these draws, None if nothing does."""
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    return _lack(name, selector, draws, {})


def _lack(
    name: str, selector: Selector, draws: Sequence[Outcome], absent: dict[str, int]
) -> Lack | None:
    """Return the first field that too many draws lack; `absent` is a memo of the counts."""
    # Whatever a rule looks at, the value of its pick is whether that is correct.
    for field in sorted(selector.needs | {"correct"}):
        if field not in absent:
            absent[field] = sum(getattr(outcome, field, None) is None for outcome in draws)
        lacking = absent[field]
        # Single draws may be without an answer (they abstain) or a verdict (not correct).
        optional = field in ("answer", "correct")
        if not lacking or (optional and lacking < len(draws)):
            continue
        if field == "answer" and not any(outcome.correct for outcome in draws):
            continue
        return Lack(name, field, lacking, len(draws))
    return None


# By rule (its position) and k: value and cost on one problem; None if it has fewer than k draws.
_Row: TypeAlias = "dict[tuple[int, int], tuple[Estimate | None, Mapping[str, float | None] | None]]"


def _row(
    outcomes: Sequence[Outcome],
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    rates: Rates,
    draw: str,
) -> _Row:
    usable = [k for k in ks if k <= len(outcomes) or (draw == "with" and outcomes)]
    row: _Row = {(at, k): (None, None) for at in range(len(selectors)) for k in ks}
    # Rules that wait for the same number of draws to finish cost the same.
    costs: dict[int | None, list[dict[str, float | None]]] = {}
    for at, (name, selector) in enumerate(selectors.items()):
        if draw == "with" and not _replaceable(selector):
            why = f"{name}: has no mean over draws with replacement; leave "
            raise UsageError(f"{why}--draw away", python=f"{why}out draw='with'")
        try:
            found = _estimates(selector, outcomes, usable, draw)
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from error
        if selector.finishes not in costs:
            costs[selector.finishes] = _costs(outcomes, usable, selector.finishes, rates, draw)
        for k, estimate, cost in zip(usable, found, costs[selector.finishes], strict=True):
            row[at, k] = (estimate, _stopped(cost, estimate))
    return row


def _costs(
    outcomes: Sequence[Outcome], ks: Sequence[int], finishes: int | None, rates: Rates, draw: str
) -> list[dict[str, float | None]]:
    if draw == "prefix":
        ordered = in_draw_order(outcomes)
        return [expected_cost(ordered[:k], [k], finishes, rates)[0] for k in ks]
    return expected_cost(outcomes, ks, finishes, rates, replaced=draw == "with")


def in_draw_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return draws by their index."""
    return sorted(outcomes, key=lambda outcome: outcome.index)


def _estimates(
    selector: Selector, outcomes: Sequence[Outcome], ks: Sequence[int], draw: str
) -> list[Estimate]:
    if draw == "prefix":
        ordered = in_draw_order(outcomes)
        firsts = [ordered[:k] for k in ks]
        return [Estimate(value_of(first, selector.pick(first))) for first in firsts]
    if draw == "with":
        assert isinstance(selector, Replacing)
        return [Estimate(value) for value in selector.replaced(outcomes, ks)]
    return estimates_of(selector, outcomes, ks)


def _replaceable(selector: Selector) -> bool:
    """Return whether a rule has an exact mean over draws with replacement."""
    return isinstance(selector, Replacing) and not isinstance(selector, Estimating)


def _stopped(cost: Mapping[str, float | None], found: Estimate) -> Mapping[str, float | None]:
    """Return the cost of a rule that may stop before k draws: in proportion to its draws.

    By Wald's identity each of its draws costs the mean, if stopping does not depend on their cost.
    Times are those of draws one after another; operations and prices stay unknown.
    """
    if found.drawn is None:
        return cost
    share = found.drawn / (cost["samples"] or 1)
    tokens = cost["uncancelled_tokens"]
    seconds = cost["sequential_seconds"]
    spent = None if tokens is None else tokens * share
    prompt = (
        None
        if tokens is None or cost["total_tokens"] is None
        else cost["total_tokens"] - (cost["tokens"] or 0)
    )
    return {
        **dict.fromkeys(cost),
        "samples": found.drawn,
        "tokens": spent,
        "uncancelled_tokens": spent,
        "latency_tokens": spent,
        "total_tokens": None if spent is None or prompt is None else spent + prompt,
        "seconds": None if seconds is None else seconds * share,
        "sequential_seconds": None if seconds is None else seconds * share,
    }
