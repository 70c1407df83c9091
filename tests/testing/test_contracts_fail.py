"""Each contract refuses plugins that break it, by the test that is about what is broken."""

from __future__ import annotations

import inspect
import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ttc.errors import UsageError
from ttc.formats import Draw
from ttc.records import Message, Outcome, Problem, Sample, Verdict
from ttc.selectors.majority import Majority
from ttc.store import Store
from ttc.strategies import Decision, Evaluate, Exhausted, Generate, Node, Task, nodes, together
from ttc.testing import FormatContract, SelectorContract, StrategyContract, VerifierContract

BROKEN = (AssertionError, Exception, pytest.fail.Exception)


def failing(contract: Any, plugin: Any, folder: Path) -> set[str]:
    """Return the tests of a contract that a plugin fails."""
    found = set()
    for name in (each for each in dir(contract) if each.startswith("test_")):
        test = getattr(contract, name)
        values = [()]
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "parametrize":
                values = [(mark.args[0], value) for value in mark.args[1]]
        for number, value in enumerate(values):
            own = folder / f"{name}{number}"
            own.mkdir(parents=True)
            try:
                _call(test, plugin, own, dict([value] if value else []))
            except pytest.skip.Exception:
                pass
            except BROKEN:
                found.add(name)
    return found


def _call(test: Any, plugin: Any, folder: Path, values: Mapping[str, Any]) -> None:
    """Call a test as pytest does."""
    names = list(inspect.signature(test).parameters)
    given: dict[str, Any] = {names[0]: plugin, **values}
    if "tmp_path" in names:
        given["tmp_path"] = folder
    if "store" not in names:
        test(**given)
        return
    with Store.writing(folder / "contract.db") as store:
        test(**given, store=store)


# Selectors.


class Vote(Majority):
    """A rule that is fine, for others to break."""


class WrongMean(Vote):
    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return [each * 0.999 for each in super().expected(outcomes, ks)]


class PeeksAtTheTruth(Vote):
    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(i for i, each in enumerate(outcomes) if each.correct) or super().pick(outcomes)


class ReadsMore(Vote):
    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return tuple(i for i in super().pick(outcomes) if outcomes[i].logprob)[:1]


class GoesByTheOrder(Vote):
    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return super().pick(outcomes)[:1]


class PicksTwice(Vote):
    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return super().pick(outcomes) * 2


class PicksAnything(Vote):
    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        return (random.randrange(len(outcomes)),) if outcomes else ()


class TakesAnyBudget(Vote):
    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return super().expected(outcomes, [min(max(k, 1), len(outcomes)) for k in ks])


class NeedsWhatIsNot(Vote):
    needs = frozenset({"answer", "confidence"})


class DrawsTooMany(Vote):
    def stop(self, outcomes: Sequence[Outcome]) -> int:
        return len(outcomes) + 1


class Small(SelectorContract):
    pools = 18
    most = 6


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (WrongMean, "test_expected_is_the_mean_of_picks_over_all_subsets"),
        (PeeksAtTheTruth, "test_only_an_oracle_looks_at_what_is_correct"),
        (ReadsMore, "test_it_reads_only_what_it_needs"),
        (GoesByTheOrder, "test_the_order_of_draws_changes_no_pick"),
        (PicksTwice, "test_a_pick_is_of_the_draws_there_are"),
        (PicksAnything, "test_a_pick_is_of_the_draws_there_are"),
        (TakesAnyBudget, "test_budgets_are_those_asked_for"),
        (NeedsWhatIsNot, "test_it_says_what_it_is"),
        (DrawsTooMany, "test_what_it_draws_grows_with_the_budget"),
    ],
)
def test_a_broken_rule_fails(broken: Any, test: str, tmp_path: Path) -> None:
    assert failing(Small(), Vote(), tmp_path / "fine") == set()
    assert test in failing(Small(), broken(), tmp_path / "broken")


# Strategies.


class Draws:
    """A strategy that is fine, for others to break."""

    name, needs, scores = "draws", frozenset[str](), True

    def __init__(self, n: str = "3") -> None:
        self.n = int(n)

    @property
    def config(self) -> Mapping[str, object]:
        return {"n": self.n}

    def run(self, task: Task) -> Any:
        replies = yield from together([Generate() for _ in range(self.n)])
        found = [*nodes(replies)]
        scored = yield from together([Evaluate(each, "outcome") for each in found])
        best = max(zip(found, scored, strict=True), key=lambda p: p[1].score or 0, default=None)
        return Decision(best[0] if best else None)


class NeverAnswers(Draws):
    def run(self, task: Task) -> Any:
        yield from together([Generate()])
        return Decision(None)


class OwnDice(Draws):
    def run(self, task: Task) -> Any:
        replies = yield from together([Generate() for _ in range(self.n)])
        return Decision(random.choice([*nodes(replies), None]))


class Remembers(Draws):
    seen = 0

    def run(self, task: Task) -> Any:
        self.seen += 1
        replies = yield from together([Generate() for _ in range(self.seen)])
        return Decision(next(nodes(replies), None))


class TrustsEveryDraw(Draws):
    def run(self, task: Task) -> Any:
        (reply,) = yield from together([Generate()])
        return Decision(reply.node, ((reply.node, float(len(reply.node.text))),))


class TrustsEveryScore(Draws):
    def run(self, task: Task) -> Any:
        (reply,) = yield from together([Generate()])
        for node in nodes([reply]):
            (scored,) = yield from together([Evaluate(node, "outcome")])
            return Decision(node, ((node, scored.score * 2),))
        return Decision(None)


class MakesItUp(Draws):
    def run(self, task: Task) -> Any:
        yield from together([Generate()])
        return Decision(Node(None, "the answer is 42", 4, "stop"))


class BreaksAtTheEnd(Draws):
    def run(self, task: Task) -> Any:
        try:
            replies = yield from together([Generate() for _ in range(self.n)])
        except Exhausted:
            raise RuntimeError("no plan for this") from None
        return Decision(next(nodes(replies), None))


class NoJson(Draws):
    @property
    def config(self) -> Mapping[str, object]:
        return {"n": {self.n}}


class TakesAnything(Draws):
    def __init__(self, **options: str) -> None:
        self.n = 2


class Two(StrategyContract):
    problems = 2


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (NeverAnswers, "test_it_decides"),
        (OwnDice, "test_a_run_is_reproducible"),
        (Remembers, "test_a_replay_asks_nothing"),
        (TrustsEveryDraw, "test_draws_that_fail_are_no_end"),
        (TrustsEveryScore, "test_a_scorer_without_a_score_is_no_end"),
        (MakesItUp, "test_it_decides"),
        (BreaksAtTheEnd, "test_a_budget_is_kept"),
        (NoJson, "test_it_says_what_it_is"),
        (TakesAnything, "test_an_unknown_option_is_refused"),
    ],
)
def test_a_broken_strategy_fails(broken: Any, test: str, tmp_path: Path) -> None:
    contract = Two()
    if broken is OwnDice:
        contract.problems = 12
    folder = tmp_path / "broken"
    one = type("One", (), {test: getattr(contract, test)})
    assert failing(one, broken(), folder) == {test}


def test_a_strategy_that_is_fine_passes(tmp_path: Path) -> None:
    assert failing(Two(), Draws(), tmp_path) == set()


# Verifiers.


class Says:
    """A verifier that is fine, for others to break."""

    name, version, reads_reference = "says", "1", True

    def __init__(self) -> None:
        self.config: Mapping[str, Any] = {}

    def verify(self, samples: Any) -> Iterator[Verdict]:
        return map(self.judge, samples)

    def judge(self, sample: Sample) -> Verdict:
        if not sample.text.strip() or "<think>" in sample.text:
            return Verdict(correct=False, status="no_answer")
        if "answer" not in sample.reference:
            return Verdict(status="no_reference")
        return Verdict(sample.text[:9], sample.reference["answer"] in sample.text, 0.5)


class AnotherCase(Says):
    def judge(self, sample: Sample) -> Verdict:
        found = super().judge(sample)
        return replace(found, correct=None if found.correct is None else not found.correct)


class LeavesOut(Says):
    def verify(self, samples: Any) -> Iterator[Verdict]:
        return map(self.judge, [each for each in samples if each.text])


class OutOfOrder(Says):
    def verify(self, samples: Any) -> Iterator[Verdict]:
        return iter(sorted(map(self.judge, samples), key=lambda each: str(each.answer)))


class Counts(Says):
    number = itertools.count()

    def judge(self, sample: Sample) -> Verdict:
        return replace(super().judge(sample), score=float(next(self.number)))


class BreaksOnNoise(Says):
    def judge(self, sample: Sample) -> Verdict:
        return replace(super().judge(sample), score=float(len(sample.text.encode("ascii"))))


class NoScore(Says):
    def judge(self, sample: Sample) -> Verdict:
        return replace(super().judge(sample), score=float("nan"))


class WrongWithoutReference(Says):
    def judge(self, sample: Sample) -> Verdict:
        found = super().judge(sample)
        return replace(found, correct=bool(found.correct), status="ok")


class ReadsItInSecret(Says):
    reads_reference = False


class Asks(VerifierContract):
    cases = (("Paris", {"answer": "Paris"}, True), ("Rome", {"answer": "Paris"}, False))


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (AnotherCase, "test_the_cases_are_judged_as_told"),
        (LeavesOut, "test_every_sample_gets_one_valid_verdict"),
        (OutOfOrder, "test_a_verdict_depends_on_its_sample_alone"),
        (Counts, "test_a_verdict_depends_on_its_sample_alone"),
        (BreaksOnNoise, "test_every_sample_gets_one_valid_verdict"),
        (NoScore, "test_every_sample_gets_one_valid_verdict"),
        (WrongWithoutReference, "test_a_missing_reference_is_undecided"),
        (ReadsItInSecret, "test_what_it_does_not_read_changes_nothing"),
    ],
)
def test_a_broken_verifier_fails(broken: Any, test: str, tmp_path: Path) -> None:
    assert failing(Asks(), Says(), tmp_path / "fine") == set()
    assert test in failing(Asks(), broken(), tmp_path / "broken")


# Formats.


class Cards:
    """A shape that is fine, for others to break."""

    name, fields, template = "cards", frozenset({"front", "back"}), None

    def matches(self, record: Mapping[str, Any]) -> bool:
        return True

    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        if not isinstance(record["front"], str):
            raise ValueError("'front' must be a text")
        reference = {"answer": record["back"]}
        return Problem(default_id, (Message("user", record["front"]),), reference=reference)


class TakesAll(Cards):
    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        return Problem(default_id, (Message("user", str(record.get("front"))),))


class GivesItAway(Cards):
    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        found = super().problem(record, default_id)
        return replace(found, messages=(Message("user", f"{record['front']} {record['back']}"),))


class OneName(Cards):
    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        return replace(super().problem(record, default_id), id="")


class Changes(Cards):
    def problem(self, record: Any, default_id: str) -> Problem:
        found = super().problem(record, default_id)
        record["read"] = True
        return found


class OfCards(FormatContract):
    @property
    def records(self) -> Any:  # type: ignore[override]
        return [{"front": "What is the capital of France?", "back": "Paris"}]

    broken = ({"front": 7, "back": "Paris"},)


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (TakesAll, "test_broken_records_are_refused"),
        (TakesAll, "test_an_empty_record_is_no_problem"),
        (GivesItAway, "test_what_a_problem_asks_gives_no_reference_away"),
        (OneName, "test_records_become_problems"),
        (Changes, "test_records_become_problems"),
    ],
)
def test_a_broken_format_fails(broken: Any, test: str, tmp_path: Path) -> None:
    assert failing(OfCards(), Cards(), tmp_path / "fine") == set()
    assert test in failing(OfCards(), broken(), tmp_path / "broken")


class Lines:
    """A log of lines that is fine, for others to break."""

    name, suffix = "lines", ".lines"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        return head.startswith(b"LOG\n")

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Any]:
        if options:
            raise UsageError(f"lines has no option {min(options)}")
        seen: dict[str, int] = {}
        for at, line in enumerate(path.read_text(encoding="utf-8").split("\n")[1:-1], 2):
            try:
                name, text = json.loads(line)
            except ValueError:
                raise UsageError(f"{path}:{at}: no pair") from None
            seen[name] = seen.get(name, -1) + 1
            yield Draw(Problem(name), Sample(name, seen[name], text, "stop"))

    def write(self, draws: Any, stream: Any) -> list[str]:
        stream.write(b"LOG\n")
        for draw in draws:
            stream.write(json.dumps([draw.problem.id, draw.sample.text]).encode() + b"\n")
        return []


class LosesLines(Lines):
    def write(self, draws: Any, stream: Any) -> list[str]:
        return super().write(list(draws)[1:], stream)


class TakesEveryFile(Lines):
    def holds_draws(self, path: Path, head: bytes) -> bool:
        return True


class PassesOver(Lines):
    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Any]:
        try:
            yield from super().draws(path, options)
        except ValueError:
            return
        except Exception:  # noqa: BLE001 (what it is to fail by)
            return


class OfLines(FormatContract):
    logs = (("a.lines", b'LOG\n["p", "x"]\n["p", "x"]\n', 2),)
    damaged = (b'LOG\n["p"\n',)


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (LosesLines, "test_what_is_written_is_read_again"),
        (TakesEveryFile, "test_files_of_other_kinds_are_not_its_own"),
        (PassesOver, "test_damaged_files_are_refused_with_their_place"),
        (PassesOver, "test_an_unknown_option_is_refused"),
    ],
)
def test_a_broken_log_format_fails(broken: Any, test: str, tmp_path: Path) -> None:
    assert failing(OfLines(), Lines(), tmp_path / "fine") == set()
    assert test in failing(OfLines(), broken(), tmp_path / "broken")
