"""Verifiers against each other, and judges against themselves."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from hypothesis import given, settings
from hypothesis import strategies as st

import ttc as library
from ttc.backends import Completion, ModelInfo, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.curves.inquiries.clustered import share
from ttc.curves.inquiries.confusion import PAIRS, Confusion, confusions, kappa
from ttc.curves.inquiries.self_agreement import self_agreements
from ttc.errors import UsageError
from ttc.options import split_specs
from ttc.outcomes.opinions import Opinion, Repeats
from ttc.records import Outcome

DECISIONS = st.sampled_from([True, False, None])


def compared(*problems: Sequence[tuple[bool | None, bool | None]]) -> Confusion:
    """The confusion of verifier b against a, over the verdicts (a, b) on the draws of problems."""
    draws = {
        f"p{at}": [
            Outcome(i, correct=a, verdicts={"a": a, "b": b}) for i, (a, b) in enumerate(pairs)
        ]
        for at, pairs in enumerate(problems)
    }
    (found,) = confusions(draws, ["a", "b"], source="pool")
    return found


# --- shares of draws, clustered by problem


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=8))
def test_a_share_is_within_an_interval_that_is_never_empty(rows: list[tuple[int, int]]) -> None:
    problems = [(min(row), max(row)) for row in rows]
    found = share(problems)
    total = sum(size for _, size in problems)
    if not total:
        assert found.value is None
        return
    assert found.value == pytest.approx(sum(hits for hits, _ in problems) / total)
    if sum(size > 0 for _, size in problems) < 2:
        assert found.low is None
        return
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0


def test_draws_of_one_problem_are_not_independent() -> None:
    alike = share([(16, 16)] * 2 + [(0, 16)] * 6)
    mixed = share([(4, 16)] * 8)
    assert alike.value == mixed.value == 0.25
    assert alike.low is not None
    assert alike.high is not None
    assert mixed.low is not None
    assert mixed.high is not None
    assert alike.high - alike.low > 1.5 * (mixed.high - mixed.low)
    # At 0 only the number of problems counts: more draws of them prove nothing.
    assert share([(0, 4)] * 10).high == pytest.approx(share([(0, 400)] * 10).high or 0)


@pytest.mark.parametrize("mean", [0.02, 0.2, 0.7])
@pytest.mark.parametrize("correlation", [0.05, 0.5])
def test_the_interval_covers(mean: float, correlation: float) -> None:
    chance = random.Random(7)
    size = 1 / correlation - 1
    covered = 0
    for _ in range(60):
        rows = []
        for _ in range(20):
            n = chance.randint(1, 12)
            p = chance.betavariate(mean * size, (1 - mean) * size)
            rows.append((sum(chance.random() < p for _ in range(n)), n))
        found = share(rows)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= mean <= found.high
    assert covered / 60 >= 0.9


# --- the confusion of two verifiers


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(DECISIONS, DECISIONS), min_size=1, max_size=5), min_size=1, max_size=5
    )
)
def test_confusions_against_their_definitions(problems: list[list[tuple[Any, Any]]]) -> None:
    pairs = [pair for problem in problems for pair in problem]
    if all(a is None for a, _ in pairs) or all(b is None for _, b in pairs):
        with pytest.raises(UsageError, match="decided for no draw"):
            compared(*problems)
        return
    found = compared(*problems)
    assert found.cells == {pair: pairs.count(pair) for pair in PAIRS}
    both = [(a, b) for a, b in pairs if a is not None and b is not None]

    def ratio(hits: Callable[[Any, Any], bool], among: Callable[[Any, Any], bool]) -> float | None:
        of = [pair for pair in both if among(*pair)]
        return sum(hits(*pair) for pair in of) / len(of) if of else None

    expected = {
        "false_positive_rate": ratio(lambda a, b: b, lambda a, b: not a),
        "false_negative_rate": ratio(lambda a, b: not b, lambda a, b: a),
        "precision": ratio(lambda a, b: a, lambda a, b: b),
        "recall": ratio(lambda a, b: b, lambda a, b: a),
        "agreement": ratio(lambda a, b: a is b, lambda a, b: True),
    }
    for name, value in expected.items():
        assert found.shares[name].value == pytest.approx(value), name
    alike = expected["agreement"]
    of_kappa = found.shares["kappa"]
    if alike is None:
        assert of_kappa.value is None
        return
    first, second = Counter(a for a, _ in both), Counter(b for _, b in both)
    chance = sum(first[each] * second[each] for each in (True, False)) / len(both) ** 2
    if chance == 1:
        assert of_kappa.value is None
    else:
        assert of_kappa.value == pytest.approx((alike - chance) / (1 - chance))
        if of_kappa.low is not None and of_kappa.high is not None:
            assert of_kappa.low - 1e-9 <= of_kappa.value <= of_kappa.high + 1e-9
    apart = {
        f"p{at}": sum({a, b} == {True, False} for a, b in problem)
        for at, problem in enumerate(problems)
    }
    assert [len(w.accepted) + len(w.rejected) for w in found.worst] == sorted(
        (count for count in apart.values() if count), reverse=True
    )


def test_perfect_agreement_is_not_certain() -> None:
    found = compared(*[[(True, True), (False, False)]] * 6)
    for name, value in (("agreement", 1), ("kappa", 1), ("false_positive_rate", 0)):
        it = found.shares[name]
        assert it.value == value
        assert it.low is not None
        assert it.high is not None
        assert it.high - it.low > 0.3


def test_kappa_of_a_table_from_a_book() -> None:
    # Cohen's kappa of 20 and 15 agreements, 5 and 10 disagreements is 0.4.
    table = dict.fromkeys(PAIRS, 0)
    table |= {(True, True): 20, (True, False): 5, (False, True): 10, (False, False): 15}
    assert kappa([table]).value == pytest.approx(0.4)


def test_verifiers_are_split_at_commas_that_separate_no_options() -> None:
    assert split_specs("math,judge:n=2,as=verdict, numeric") == (
        "math", "judge:n=2,as=verdict", "numeric",
    )  # fmt: skip
    assert split_specs("") == ()


# --- a judge against itself


def repeats(votes: Sequence[Sequence[Sequence[bool | None]]], **more: Any) -> Repeats:
    """The repeats of a judge, by problem and draw."""
    cast = {
        f"p{at}": [tuple(Opinion(vote, None if vote is None else float(vote)) for vote in draw)
                   for draw in draws]
        for at, draws in enumerate(votes)
    }  # fmt: skip
    return Repeats("judge", more.get("judged", 100), {}, cast)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.lists(st.booleans(), min_size=2, max_size=5), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_votes_agree_as_all_pairs_of_them_do(votes: list[list[list[bool]]]) -> None:
    (found,) = self_agreements(repeats(votes), source="pool", level=95)
    shares = []
    for draw in itertools.chain(*votes):
        pairs = list(itertools.permutations(draw, 2))
        shares.append(sum(a is b for a, b in pairs) / len(pairs))
    same = sum(shares) / len(shares)
    assert found.agreement.value == pytest.approx(same)
    assert found.noise == pytest.approx(math.sqrt((1 - same) / 2 / 100), abs=1e-9)


def test_the_best_accuracy_bounds_every_truth() -> None:
    chance = random.Random(3)
    votes, best = [], 0.0
    for _ in range(400):
        q = chance.choice([0.05, 0.3, 0.5, 0.8, 1.0])
        best += max(q, 1 - q) / 400
        votes.append([[chance.random() < q for _ in range(40)]])
    (found,) = self_agreements(repeats(votes), source="pool", level=95)
    assert found.best is not None
    assert found.best >= best - 0.01


def test_the_noise_of_a_judge_is_what_its_runs_vary_by() -> None:
    chance = random.Random(5)
    chances = [chance.choice([0.1, 0.5, 0.9]) for _ in range(200)]
    runs = [[chance.random() < q for q in chances] for _ in range(400)]
    accepted = [sum(run) / 200 for run in runs]
    mean = sum(accepted) / 400
    spread = math.sqrt(sum((share - mean) ** 2 for share in accepted) / 399)
    both = [[[a, b]] for a, b in zip(runs[0], runs[1], strict=True)]
    (found,) = self_agreements(repeats(both, judged=200), source="pool", level=95)
    assert found.noise == pytest.approx(spread, rel=0.15)


def test_a_judge_that_judged_once_names_the_remedy() -> None:
    with pytest.raises(UsageError, match=r"ttc verify pool -V judge --rerun 100"):
        self_agreements(Repeats("judge", 4, {}, {}), source="pool", level=95)


# --- on the command line


class Noisy(SimulatedBackend):
    """A judge that is right about 1s and 2s three times in four, by the seed of the request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        super().__init__(ModelInfo("noisy", "f1"), self._answer, slots=8)
        self.capabilities = frozenset({"seed"})

    def _answer(self, request: Request) -> Completion:
        self.requests.append(request)
        word = "Right" if random.Random(request.seed).random() < 0.75 else "Wrong"
        return Completion("", f"Verdict: {word}", "stop", prompt_tokens=10, completion_tokens=3)


@pytest.fixture
def judged_pool(ttc: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch) -> list[Noisy]:
    """A pool `demo` judged by numeric and by a judge with two votes; returns the judge's models."""
    answers = ("-m", "scripted:answers=1*1/2*1")
    assert ttc("sample", sums, "-n", 6, "--pool", "demo", *answers, "-q").code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-q").code == 0
    opened: list[Noisy] = []

    def made(*_: object) -> Noisy:
        opened.append(Noisy())
        return opened[-1]

    monkeypatch.setattr("ttc.backends.resolve.open_backend", made)
    assert ttc("verify", "demo", "-V", JUDGE, "-q").code == 0
    return opened


JUDGE = "judge:model=scripted:x,as=verdict,n=2"


def test_a_verifier_is_tested_against_another(ttc: Ttc, judged_pool: list[Noisy]) -> None:
    ran = ttc("sweep", "demo", "--confusion", "numeric,judge", "-s", "coverage", "-k", "1")
    assert ran.code == 0, ran.err
    assert "judge against numeric, taken as the truth: 36 draws" in ran.out
    assert "ttc show demo" in ran.out
    table = ttc("sweep", "demo", "--confusion", "numeric,judge", "--json").document
    (found,) = table["confusions"]["demo"]
    assert sum(count for row in found["cells"].values() for count in row.values()) == 36
    assert found["false_positive_rate"]["low"] < found["false_positive_rate"]["high"]
    markdown = ttc("sweep", "demo", "--confusion", "numeric,judge", "--md", "-").out
    assert "taken as the truth" in markdown
    swept = library.sweep("demo", confusion="numeric,judge")
    assert swept.confusions["demo"][0].as_dict() == found
    none = ttc("sweep", "demo", "--confusion", "numeric,math")
    assert (none.code, "ttc verify demo -V math" in none.err) == (2, True)
    alone = ttc("sweep", "demo", "--confusion", "numeric")
    assert (alone.code, "two verifiers" in alone.err) == (2, True)


def test_a_judge_that_only_scores_names_the_remedy(ttc: Ttc, judged_pool: list[Noisy]) -> None:
    scores = "judge:model=scripted:x"
    assert ttc("verify", "demo", "-V", scores, "-q").code == 0
    ran = ttc("sweep", "demo", "--confusion", "numeric,judge:as=score")
    assert (ran.code, "threshold=0.5" in ran.err) == (2, True)


def test_fields_of_a_file_are_compared(ttc: Ttc, own_home: Path) -> None:
    lines = [
        {"problem": p, "index": i, "correct": bool((p + i) % 2), "human": [True, False, None][i]}
        for p in range(4)
        for i in range(3)
    ]
    Path("both.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = ttc("sweep", "both.jsonl", "--confusion", "human,correct", "--json")
    assert ran.code == 0, ran.err
    (found,) = ran.document["confusions"]["both.jsonl"]
    assert sum(found["cells"]["undecided"].values()) == 4
    shown = ttc("sweep", "both.jsonl", "--confusion", "human,correct").out
    assert "apart" in shown
    assert "ttc show" not in shown
    none = ttc("sweep", "both.jsonl", "--confusion", "correct,judge")
    assert (none.code, "no line has a field 'judge'" in none.err) == (2, True)
    wrong = ttc("sweep", "both.jsonl", "--confusion", "correct,index")
    assert (wrong.code, "must be true, false or null" in wrong.err) == (2, True)


def test_votes_and_a_rerun_tell_how_far_a_judge_agrees(ttc: Ttc, judged_pool: list[Noisy]) -> None:
    votes = ttc("sweep", "demo", "-V", "numeric", "--agreement", "judge")
    assert votes.code == 0, votes.err
    assert "two of its votes on 36 draws of 6 problems" in votes.out
    first = ttc("verify", "demo", "-V", JUDGE, "-o", "-").lines
    again = ttc("verify", "demo", "-V", JUDGE, "--rerun", 10, "-o", "-")
    assert again.code == 0, again.err
    assert len(again.lines) == 10
    assert len(judged_pool[-1].requests) == 20
    assert "two runs on 10 draws" in again.err
    assert "260 tokens" in again.err
    # The first verdicts stay, and more draws only cost the difference.
    assert ttc("verify", "demo", "-V", JUDGE, "-o", "-").lines == first
    more = ttc("verify", "demo", "-V", JUDGE, "--rerun", 15, "--json").document
    assert len(judged_pool[-1].requests) == 10
    assert more["rerun"]["draws"] == 15
    swept = ttc("sweep", "demo", "-V", "numeric", "--agreement", "judge", "--json").document
    runs, cast = swept["agreements"]["demo"]
    assert (runs["of"], runs["draws"], runs["judged"]) == ("verdicts", 15, 36)
    assert (cast["of"], cast["draws"]) == ("votes", 36)
    assert {**runs, "judge": JUDGE} == more["rerun"]
    # The rerun is a verifier of its own only where it is named.
    compared = ttc("sweep", "demo", "--confusion", "judge,judge:rerun=1", "--json").document
    cells = compared["confusions"]["demo"][0]["cells"]
    assert sum(cells[a][b] for a in cells for b in ("correct", "wrong") if a != "undecided") <= 15
    assert ttc("show", "demo").code == 0


def test_what_cannot_be_judged_again_says_why(ttc: Ttc, judged_pool: list[Noisy]) -> None:
    for verifier, why in (
        ("numeric", "is no judge"),
        ("pairwise:model=scripted:x", "rerun=1"),
        ("genrm:model=scripted:x", "has judged nothing yet"),
    ):
        ran = ttc("verify", "demo", "-V", verifier, "--rerun", 5)
        assert (ran.code, why in ran.err) == (2, True), ran.err
    ran = ttc("verify", "demo", "-V", JUDGE, "--rerun", 0)
    assert ran.code == 2
