"""Sample × Verdict × Selector → Table: what every rule is worth on every problem, and its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttc.costs import Rates, expected_cost
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.estimates import Estimate, estimates_of, value_of

Problems = Mapping[str, Sequence[Outcome]]
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
    """What rules are worth on each problem of one source; problems are sorted by name."""

    source: str
    problems: tuple[str, ...]
    pools: Sequence[Sequence[Outcome]]
    cells: Sequence[Cell]
    draw: str = "without"

    def cell(self, selector: str, k: int) -> Cell:
        """Return one cell; KeyError if there is none."""
        for cell in self.cells:
            if (cell.selector, cell.k) == (selector, k):
                return cell
        raise KeyError(f"{selector}@{k}")


def tabulate(
    problems: Problems,
    selectors: Mapping[str, Selector],
    ks: Sequence[int],
    *,
    source: str,
    rates: Rates = UNKNOWN,
    draw: str = "without",
) -> Table:
    """Return every selector at each of `ks` on each problem.

    `draw` says which k draws: all k-subsets (`without` replacement), k draws `with` replacement,
    or the first k in draw order (`prefix`). UsageError if the outcomes lack what a selector needs,
    or a rule has no mean with replacement.
    """
    if not any(problems.values()):
        raise UsageError(f"{source}: there are no draws to sweep")
    if any(k < 1 for k in ks):
        raise UsageError(f"k must be 1 or more, not {min(ks)}")
    if draw not in DRAWS:
        raise UsageError(f"--draw {draw}: there are {', '.join(DRAWS)}")
    for name, selector in selectors.items():
        _check_needs(name, selector, problems)
    # Resamples go by position: sorted, they do not depend on the order of the input.
    names = tuple(sorted(problems))
    pools = [problems[name] for name in names]
    costs = _Costs(pools, rates, draw)
    cells = [
        cell
        for name, selector in selectors.items()
        for cell in _cells(name, selector, pools, sorted(set(ks)), costs)
    ]
    return Table(source, names, pools, cells, draw)


def _check_needs(name: str, selector: Selector, problems: Problems) -> None:
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    # Whatever a rule looks at, the value of its pick is whether that is correct.
    for field in sorted(selector.needs | {"correct"}):
        lacking = sum(getattr(outcome, field, None) is None for outcome in draws)
        # Single draws may be without an answer (they abstain) or a verdict (not correct).
        optional = field in ("answer", "correct")
        if not lacking or (optional and lacking < len(draws)):
            continue
        if field == "answer" and not any(outcome.correct for outcome in draws):
            continue
        remedy = f"for a file, name the field that holds it: --map {field}=FIELD"
        if optional:
            remedy = f"run ttc verify first or, {remedy}"
        raise UsageError(
            f"{name} needs {field}, which {lacking} of {len(draws)} draws lack; {remedy}"
        )


class _Costs:
    """The costs of each pool, computed once for all rules that wait for as many finishes."""

    def __init__(self, pools: Sequence[Sequence[Outcome]], rates: Rates, draw: str) -> None:
        self._pools = pools
        self._rates = rates
        self.draw = draw
        self._known: dict[tuple[int, int | None], list[dict[str, float | None]]] = {}

    def of(
        self, at: int, ks: Sequence[int], finishes: int | None
    ) -> list[Mapping[str, float | None]]:
        """Return the costs of pool number `at` at each k."""
        if (at, finishes) not in self._known:
            pool = self._pools[at]
            if self.draw == "prefix":
                costs = [self._first(at, k, finishes) for k in ks]
            else:
                replaced = self.draw == "with"
                costs = expected_cost(pool, ks, finishes, self._rates, replaced=replaced)
            self._known[at, finishes] = costs
        return list(self._known[at, finishes])

    def _first(self, at: int, k: int, finishes: int | None) -> dict[str, float | None]:
        first = in_draw_order(self._pools[at])[:k]
        return expected_cost(first, [k], finishes, self._rates)[0]


def in_draw_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return draws by their index."""
    return sorted(outcomes, key=lambda outcome: outcome.index)


def _cells(
    name: str,
    selector: Selector,
    pools: Sequence[Sequence[Outcome]],
    ks: Sequence[int],
    costs: _Costs,
) -> list[Cell]:
    estimates: list[dict[int, Estimate]] = []
    paid: list[dict[int, Mapping[str, float | None]]] = []
    for at, outcomes in enumerate(pools):
        usable = [k for k in ks if k <= len(outcomes) or (costs.draw == "with" and outcomes)]
        try:
            found = _estimates(selector, outcomes, usable, costs.draw)
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from error
        estimates.append(dict(zip(usable, found, strict=True)))
        cost = costs.of(at, usable, selector.finishes)
        cost = [_stopped(spent, each) for spent, each in zip(cost, found, strict=True)]
        paid.append(dict(zip(usable, cost, strict=True)))
    return [
        Cell(name, k, [by_k.get(k) for by_k in estimates], [by_k[k] for by_k in paid if k in by_k])
        for k in ks
    ]


def _estimates(
    selector: Selector, outcomes: Sequence[Outcome], ks: Sequence[int], draw: str
) -> list[Estimate]:
    if draw == "prefix":
        ordered = in_draw_order(outcomes)
        firsts = [ordered[:k] for k in ks]
        return [Estimate(value_of(first, selector.pick(first))) for first in firsts]
    if draw == "with":
        replaced = getattr(selector, "replaced", None)
        if replaced is None or hasattr(selector, "estimates"):
            raise ValueError("has no mean over draws with replacement; leave --draw away")
        return [Estimate(value) for value in replaced(outcomes, ks)]
    return estimates_of(selector, outcomes, ks)


def _stopped(cost: Mapping[str, float | None], found: Estimate) -> Mapping[str, float | None]:
    """Return what is spent by a rule that stops by itself: in proportion to its draws.

    By Wald's identity the draws of such a rule cost their mean each, if it does not look at what
    they cost. Times are those of draws one after another; operations and prices stay unknown.
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
