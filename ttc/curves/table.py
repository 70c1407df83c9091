"""Sample × Verdict × Selector → Table: the value and the cost of every rule on every problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ttc.curves import parallel
from ttc.curves.costs import Rates, expected_cost
from ttc.curves.lack import Check, Missing, without_mean
from ttc.errors import UsageError, wrong_option
from ttc.messages.progress import Stage
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimate, estimates_of, value_on
from ttc.selectors.extras import Replacing, thoughts_of
from ttc.selectors.oracles import Scored, why_oracles

Problems: TypeAlias = Mapping[str, Sequence[Outcome]]
DRAWS = ("without", "with", "prefix")
UNKNOWN = Rates()


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

    `oracles` are the rules that are oracles here, with what they pick by; `left_out` those that
    could not be computed, with the reason. `rules` are those of the cells, by name.
    `noise` has the variances of values by draws, once they are measured (`fixed_suite.measure`).
    """

    source: str
    problems: tuple[str, ...]
    pools: Sequence[Sequence[Outcome]]
    cells: Sequence[Cell]
    draw: str = "without"
    oracles: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Missing] = field(default_factory=dict)
    rules: Mapping[str, Selector] = field(default_factory=dict)
    noise: Mapping[str, Mapping[tuple[str, int], float]] = field(default_factory=dict)


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
    `with` replacement, or the first k in draw order (`prefix`). UsageError if a rule cannot be
    computed: the draws lack a field that it needs, or have a score that it has no use for, or it
    has no mean with replacement.
    """
    table = tabulate_computable(problems, selectors, ks, source=source, rates=rates, draw=draw)
    for missing in table.left_out.values():
        raise missing.error
    return table


def tabulate_computable(  # noqa: PLR0913 (the stage is for a display)
    problems: Problems,
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    *,
    source: str,
    rates: Rates = UNKNOWN,
    draw: str = "without",
    stage: Stage | None = None,
) -> Table:
    """Return the same of the rules that can be computed; the others are in `Table.left_out`.
    `stage` counts the problems that are done."""
    if not any(problems.values()):
        raise UsageError(f"{source}: there are no draws to sweep")
    if any(k < 1 for k in ks):
        raise UsageError(f"k must be 1 or more, not {min(ks)}")
    if draw not in DRAWS:
        raise wrong_option("draw", draw, f"there are {', '.join(DRAWS)}")
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    check, lost = Check(draws, draw), {}
    for name, selector in selectors.items():
        if (missing := check.missing(name, selector)) is not None:
            lost[name] = missing
    selectors = {name: rule for name, rule in selectors.items() if name not in lost}
    # Resamples go by position: sorted, they do not depend on the order of the input.
    names = tuple(sorted(problems))
    pools = [problems[name] for name in names]
    budgets = sorted(set(ks))
    rows = parallel.spread(
        lambda at: _row(pools[at], selectors, budgets, rates, draw),
        len(pools),
        sum(map(len, pools)),
        (stage or Stage(source)).advance,
    )
    for name, why in ((name, why) for _, failed in rows for name, why in failed.items()):
        lost.setdefault(name, Missing(why, UsageError(why)))
    cells = [
        Cell(
            name,
            k,
            [row[at, k][0] for row, _ in rows],
            [c for row, _ in rows if (c := row[at, k][1])],
        )
        for at, name in enumerate(selectors)
        for k in budgets
        if name not in lost
    ]
    oracles = why_oracles(
        selectors, (), Scored()
    )  # by themselves: whose the scores are, it ignores
    kept = {name: rule for name, rule in selectors.items() if name not in lost}
    return Table(source, names, pools, cells, draw, oracles, lost, kept)


# By rule (its position) and k: value and cost on one problem; None if it has fewer than k draws.
_Row: TypeAlias = "dict[tuple[int, int], tuple[Estimate | None, Mapping[str, float | None] | None]]"


def _row(
    outcomes: Sequence[Outcome],
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    rates: Rates,
    draw: str,
) -> tuple[_Row, dict[str, str]]:
    """Return value and cost of each rule on one problem, and why rules cannot be computed."""
    usable = _usable(outcomes, ks, draw)
    row: _Row = {(at, k): (None, None) for at in range(len(selectors)) for k in ks}
    # Rules that wait for the same number of draws, or of thoughts, to finish cost the same.
    costs: dict[tuple[int | None, int | None], list[dict[str, float | None]]] = {}
    failed: dict[str, str] = {}
    for at, (name, selector) in enumerate(selectors.items()):
        try:
            found = _means(selector, outcomes, usable, draw)
        except ValueError as error:
            failed[name] = f"{name}: {error}"
            continue
        waits = selector.finishes, thoughts_of(selector)
        if waits not in costs:
            costs[waits] = _costs(outcomes, usable, waits, rates, draw)
        for k, estimate, cost in zip(usable, found, costs[waits], strict=True):
            row[at, k] = (estimate, _stopped(cost, estimate))
    return row, failed


def _costs(
    outcomes: Sequence[Outcome],
    ks: Sequence[int],
    waits: tuple[int | None, int | None],
    rates: Rates,
    draw: str,
) -> list[dict[str, float | None]]:
    finishes, thinks = waits
    if draw == "prefix":
        ordered = in_draw_order(outcomes)
        return [expected_cost(ordered[:k], [k], finishes, rates, thinks=thinks)[0] for k in ks]
    return expected_cost(outcomes, ks, finishes, rates, replaced=draw == "with", thinks=thinks)


def in_draw_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return draws by their index."""
    return sorted(outcomes, key=lambda outcome: outcome.index)


def values_at(
    name: str, selector: Selector, outcomes: Sequence[Outcome], ks: Sequence[int], draw: str
) -> list[Estimate | None]:
    """Return the value of a rule on one problem at each of `ks`; None where it has fewer draws."""
    # On a single problem all draws may be without an answer, and abstain.
    if (missing := without_mean(name, selector, draw)) is not None:
        raise missing.error
    able = _usable(outcomes, ks, draw)
    try:
        found = dict(zip(able, _means(selector, outcomes, able, draw), strict=True))
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
    return list(map(found.get, ks))


def _usable(outcomes: Sequence[Outcome], ks: Sequence[int], draw: str) -> list[int]:
    return [k for k in ks if k <= len(outcomes) or (draw == "with" and outcomes)]


def _means(
    selector: Selector, outcomes: Sequence[Outcome], ks: Sequence[int], draw: str
) -> list[Estimate]:
    if draw == "prefix":
        ordered = in_draw_order(outcomes)
        firsts = [ordered[:k] for k in ks]
        return [Estimate(value_on(selector, first)) for first in firsts]
    if draw == "with":
        assert isinstance(selector, Replacing)
        return [Estimate(value) for value in selector.replaced(outcomes, ks)]
    return estimates_of(selector, outcomes, ks)


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
