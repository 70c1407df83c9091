"""Gates for CI: whether assertions hold, and whether nothing fell below a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import nan
from statistics import median_low
from typing import Any

from ttc.curves.compare import Comparison, Terms
from ttc.curves.gate_words import in_words, p_text
from ttc.curves.suite_tests import count_tests
from ttc.curves.suite_tests.count_tests import Counts
from ttc.curves.suite_tests.detectable import Power, power
from ttc.curves.suite_tests.drops import Drop, drops, matched, one_sided
from ttc.curves.suite_tests.falls import Falls, MeanFall, ProblemFall, Question, Side, falls
from ttc.messages.counts import some
from ttc.selectors import Selector

ROUNDING = 1e-9
NAMED = 3  # problems and rules that a reason names
POPULATIONS = {"draws": "these problems", "problems": "problems like these"}


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether one source meets a gate; `reason` says it in a line.

    Of a baseline: `population` is the question (draws: these problems; problems: problems like
    these), `problems` and `means` are all that fell, worst first, and `power` is what the test of
    one problem can see. Of an assertion about each problem: `below` has the values of those that
    do not meet it, worst first.
    """

    gate: str
    source: str
    met: bool
    reason: str
    population: str | None = None
    problems: tuple[ProblemFall, ...] = ()
    means: tuple[MeanFall, ...] = ()
    power: Power | None = None
    below: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON. A gate has the fields that its kind fills."""
        whole = asdict(self)
        for name in ("problems", "means"):
            whole[name] = list(whole[name])
        for name in ("baseline", "now"):
            for each in (*whole["problems"], *filter(None, [whole["power"]])):
                each[name] = dict(zip(Counts._fields, each[name], strict=True))
        if self.population is None:
            for name in ("population", "problems", "means", "power"):
                del whole[name]
        if not self.below:
            del whole["below"]
        return whole


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far rules may fall below their baseline.

    A drop counts if it is larger than `margin` beyond chance, at the one-sided level that belongs
    to an interval of `level` per cent, for all tests of the gate together. `population` says what
    may vary by chance: the `draws` of these problems, or the `problems` as well. With `strict` a
    drop of a mean counts if its point value is larger.
    """

    margin: float = 0.0
    strict: bool = False
    level: float = 95
    seed: int = 0
    population: str = "draws"
    draw: str = "without"


def refused(source: str, reason: str) -> GateResult:
    """Return the result of a source that does not have the latest samples: not met."""
    return GateResult("the last samples", source, False, reason)


def hold(
    new: Side,
    old: Side,
    rules: Mapping[str, Selector],
    names: tuple[str, str],
    compared: Sequence[Comparison],
    tolerance: Tolerance,
) -> GateResult:
    """Decide whether nothing fell below its baseline by more than the tolerance.

    `names` are those of the source and the baseline; `compared` are their differences, from
    `compare.between_pools`.
    """
    if tolerance.strict:
        return _by_value(names, compared, tolerance)
    gate = (
        f"no drop beyond {tolerance.margin:g} from {names[1]} on "
        f"{POPULATIONS[tolerance.population]}"
    )
    if tolerance.population == "problems":
        return _by_problems(gate, new, old, rules, names[0], tolerance)
    return _by_draws(gate, new, old, rules, names[0], tolerance)


def _by_value(
    names: tuple[str, str], compared: Sequence[Comparison], tolerance: Tolerance
) -> GateResult:
    gate = f"no drop beyond {tolerance.margin:g} from {names[1]}"
    lower = [each for each in compared if each.difference < -tolerance.margin - ROUNDING]
    fell = [f"{each.value_of} {each.value:.4f} from {each.baseline:.4f}" for each in lower]
    means = tuple(
        MeanFall(term, each.baseline, each.value, each.problems, nan, nan)
        for each in lower
        if (term := each.value_of.removesuffix(f" ({names[0]})"))
    )
    reason = _reason(names[0], gate, _some(fell))
    return GateResult(gate, names[0], not fell, reason, means=means)


def _by_problems(
    gate: str,
    new: Side,
    old: Side,
    rules: Mapping[str, Selector],
    source: str,
    tolerance: Tolerance,
) -> GateResult:
    found, _ = drops(
        new.terms,
        old.terms,
        margin=tolerance.margin,
        level=tolerance.level,
        seed=tolerance.seed,
        tested=_matched(new, old, rules, tolerance),
    )
    found.sort(key=lambda drop: drop.highest)
    means = tuple(
        MeanFall(f"{each.rule}@{each.k}", each.baseline, each.value, each.problems, each.p, each.p)
        for each in found
    )
    reason = _reason(source, gate, _some([_drop(each) for each in found]))
    return GateResult(gate, source, not found, reason, "problems", means=means)


def _by_draws(
    gate: str,
    new: Side,
    old: Side,
    rules: Mapping[str, Selector],
    source: str,
    tolerance: Tolerance,
) -> GateResult:
    alpha = one_sided(tolerance.level)
    asked = Question(new, old, rules, tolerance.margin, alpha, tolerance.seed, tolerance.draw)
    fallen = falls(asked)
    return GateResult(
        gate,
        source,
        not (fallen.problems or fallen.means),
        _reason(source, gate, _fell(fallen, len(asked.problems))),
        "draws",
        fallen.problems,
        fallen.means,
        _power(asked, fallen),
    )


def _matched(
    new: Side, old: Side, rules: Mapping[str, Selector], tolerance: Tolerance
) -> tuple[Terms, Terms] | None:
    """Return the values over as many draws on both sides, where they are known to differ."""
    terms = [term for term in new.terms if term in old.terms]
    named = {name: rules[name] for name, _ in terms}
    if not set(named) <= new.held & old.held:
        return None
    ks = sorted({k for _, k in terms})
    return matched(new.problems, old.problems, named, ks, tolerance.draw)


def _power(asked: Question, fallen: Falls) -> Power | None:
    """Return what can be seen of the largest fall that was not, or of one from all draws to half.

    None where no rule is of counts."""
    if not asked.counted or not asked.problems:
        return None
    lowest = None
    if asked.margin:
        lowest = count_tests.allowed(asked.margin, asked.rules, asked.counted)
    if fallen.quiet:
        first = fallen.quiet[0]
        old, new, of = first.baseline, first.now, (first.problem, first.p)
        at = asked.problems.index(first.problem)
    else:
        n, m = (
            median_low(len(side.problems[problem]) for problem in asked.problems)
            for side in (asked.old, asked.new)
        )
        old, new, of, at = Counts(n, n), Counts(m // 2, m), None, 0
    others = [test for place, test in enumerate(fallen.family) if place != at]
    return power(old, new, others, asked.alpha, lowest, of)


def _fell(fallen: Falls, problems: int) -> str:
    """Return what fell in words: the problems, then the means."""
    parts = []
    if fallen.problems:
        named = _some([in_words(each) for each in fallen.problems], ", ")
        parts.append(f"{len(fallen.problems)} of {problems} problems fell: {named}")
    if fallen.means:
        means = [
            f"{each.term} {each.value:.4f} from {each.baseline:.4f} ({p_text(each.adjusted)})"
            for each in fallen.means
        ]
        parts.append(f"the mean fell: {_some(means, ', ')}")
    return "; ".join(parts)


def _drop(drop: Drop) -> str:
    return (
        f"{drop.rule}@{drop.k} {drop.value:.4f} from {drop.baseline:.4f} "
        f"(a drop of {-drop.highest:.4f} at least, {some(drop.problems, 'problem')})"
    )


def _some(parts: Sequence[str], between: str = "; ") -> str:
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return between.join(parts[:NAMED]) + more


def _reason(source: str, gate: str, fell: str) -> str:
    return f"{source}: {gate}" + (f": {fell}" if fell else "")
