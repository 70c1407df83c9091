"""Models that think, and tokens that nobody counts, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import Ttc

from ttc import keys
from ttc.backends import Completion, ModelInfo, Request
from ttc.backends.counts import amount, as_fields
from ttc.backends.simulated import SimulatedBackend
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Recipe, make_plan
from ttc.selectors.best_of_n import BestOfN
from ttc.selectors.first_finish import FirstFinish
from ttc.solving.solve import Method, Solution, solve
from ttc.store import Store
from ttc.strategies import Node
from ttc.strategies.driver.budget import Budget
from ttc.strategies.unanswered import Unanswered, reasons
from ttc.strategies.voting import decide

THINKS = ("-m", "scripted:think=30,answers=25")
Draw = tuple[str, str, "int | None"]  # text, finish reason, tokens


def solved(draws: Sequence[Draw], tmp_path: Path, method: Method | None = None) -> Solution:
    """Solve an open question with these draws."""

    def said(request: Request) -> Completion:
        text, finish, tokens = draws[(request.draw or 0) % len(draws)]
        return Completion("", text, finish, completion_tokens=tokens)  # type: ignore[arg-type]

    backend = SimulatedBackend(ModelInfo("m", "m1"), said, slots=1)
    recipe = Recipe("scripted", backend.model, SamplingParams(max_tokens=100))
    problem = Problem("p", (Message("user", "How many?"),))
    with Store.writing(tmp_path / "one.db") as store:
        plan = make_plan(store, "p", recipe, [problem], len(draws))
        return solve(store, backend, plan, method or Method())


CUT: Draw = ("<think>the answer is 99", "length", 50)
ALONE: Draw = ("<think>the answer is 99</think>\n", "stop", 50)
GOOD: Draw = ("<think>the answer is 99</think>\nThe answer is 24", "stop", 50)
TALE: Draw = ("<think>hm</think>\nA fox ran home.", "stop", 50)
EMPTY: Draw = ("", "stop", 1)


@pytest.mark.parametrize(
    ("draws", "answer", "words"),
    [
        ([CUT] * 4, None, "4 of 4 draws were cut while thinking; raise --max-tokens"),
        ([ALONE] * 4, None, "4 of 4 draws are reasoning only, without an answer"),
        ([EMPTY] * 4, None, "4 of 4 draws are empty"),
        ([CUT, ALONE, CUT], None, "2 of 3 draws were cut while thinking"),
        ([CUT, GOOD, CUT, CUT, ALONE], "24", "1 of 1 votes, 0 draws without an answer, 3 of 5"),
        ([CUT, CUT, CUT, TALE, TALE], "A fox ran home.", "agreement 1.00 over 2 draws, 3 of 5"),
        ([CUT, TALE, EMPTY], "A fox ran home.", "a single draw, 1 of 3 draws was cut"),
    ],
)
def test_what_was_only_thought_is_no_answer(
    draws: list[Draw], answer: str | None, words: str, tmp_path: Path
) -> None:
    found = solved(draws, tmp_path)
    assert found.answer == answer
    assert words in found.firmness
    counted = found.unanswered
    assert counted.cut == draws.count(CUT)
    assert (counted.thought, counted.empty) == (draws.count(ALONE), draws.count(EMPTY))


def test_a_race_may_be_won_by_a_thought_and_gives_no_answer_then(tmp_path: Path) -> None:
    found = solved([ALONE, GOOD], tmp_path, Method(rule=FirstFinish()))
    assert found.answer is None
    assert "draw 0 at 50 tokens" in found.firmness
    assert "1 of 1 draws is reasoning only" in found.firmness


def test_one_draw_that_closes_an_unseen_thought_tells_of_the_others(tmp_path: Path) -> None:
    closed: Draw = ("so the answer is 99\n</think>\n\nThe answer is 24", "stop", 50)
    cut: Draw = ("well, the answer is 99", "length", 100)
    found = solved([cut, closed, cut, cut], tmp_path)
    assert (found.answer, found.votes) == ("24", {"24": 1})
    assert "3 of 4 draws were cut while thinking" in found.firmness


def test_without_such_a_draw_a_cut_answer_is_an_answer(tmp_path: Path) -> None:
    assert solved([("well, the answer is 99", "length", 100)] * 2, tmp_path).answer == "99"


def test_searches_answer_with_what_is_said() -> None:
    problem = Problem("p", (Message("user", "How many?"),))
    thought = Node(None, "<think>the answer is 99", 5, "length")
    said = Node(None, "The answer is 24", 5, "stop")
    for pick in ("best", "weighted", "majority"):
        assert decide(problem, [(thought, 0.9), (said, 0.1)], pick).node is said
    nothing = decide(problem, [(thought, 0.9)], "best")
    assert nothing.node is None
    assert "1 of 1 draws was cut while thinking" in nothing.note
    assert Unanswered.of(reasons([])).total is False


def test_the_command_says_it_and_ends_with_one(ttc: Ttc) -> None:
    ran = ttc("solve", "How many?", *THINKS, "-n", 4, "--max-tokens", 8)
    assert (ran.code, ran.out) == (1, "")
    assert "4 of 4 draws were cut while thinking; raise --max-tokens" in ran.err
    told = ttc("solve", "How many?", *THINKS, "-n", 4, "--max-tokens", 8, "--json").document
    assert (told["answer"], told["cut_while_thinking"], told["reasoning_only"]) == (None, 4, 0)
    each = ttc("solve", "--each", *THINKS, "--max-tokens", 8, stdin="How many?\nHow much?\n")
    assert (each.code, each.out) == (1, "\n\n")
    assert each.err.count("cut while thinking") == 2
    assert ttc("solve", "How many?", *THINKS, "--max-tokens", 200).out == "25\n"


# Turning it off.


def test_thinking_is_turned_off_and_is_part_of_the_key_only_then(ttc: Ttc, sums: Path) -> None:
    off = ttc("solve", "How many?", *THINKS, "--thinking", "off", "--max-tokens", 70, "--json")
    assert (off.code, off.document["answer"]) == (0, "25")
    assert "no effect" not in off.err
    ttc("sample", sums, *THINKS, "-n", 1, "--pool", "p")
    told = ttc("sample", sums, *THINKS, "-n", 1, "--pool", "p", "--thinking", "off", "--explain")
    assert "differs in thinking: None there, 'off' here" in told.out
    plain, on = SamplingParams(), SamplingParams(thinking="on")
    assert "thinking" not in keys.identity("b", "f", plain)
    assert keys.identity("b", "f", on) == {**keys.identity("b", "f", plain), "thinking": "on"}


def test_a_key_of_today_is_the_key_of_before() -> None:
    identity = keys.identity("b", "f", SamplingParams())
    sampling = {"temperature", "top_p", "top_k", "min_p", "max_tokens", "stop"}
    assert set(identity) == {"backend", "fingerprint", "seed"} | sampling


def test_where_there_is_no_switch_it_is_refused(ttc: Ttc, sums: Path) -> None:
    for command in (("solve", "How many?"), ("sample", sums)):
        ran = ttc(*command, "-m", "scripted:", "--thinking", "off")
        assert (ran.code, ran.out) == (2, "")
        assert "the chat template of scripted has no switch for reasoning" in ran.err
        assert "leave out --thinking" in ran.err
    raw = ttc("solve", "How many?", *THINKS, "--thinking", "on", "--raw")
    assert (raw.code, "needs a chat template, and --raw uses none" in raw.err) == (2, True)
    bad = ttc("solve", "How many?", *THINKS, "--thinking", "maybe")
    assert (bad.code, "thinking must be on or off" in bad.err) == (2, True)


def test_settings_may_turn_it(ttc: Ttc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_THINKING", "off")
    found = ttc("solve", "How many?", *THINKS, "--max-tokens", 70, "--json").document
    shown = ttc("show", found["pool"], found["problem"], found["index"], "--json").document
    assert shown["params"]["thinking"] == "off"
    assert "<think>" not in shown["text"]
    monkeypatch.delenv("TTC_THINKING")
    Path("ttc.toml").write_text('[models.quick]\nmodel = "scripted:think=9"\nthinking = "off"\n')
    quick = ttc("solve", "How many?", "-m", "quick", "--json").document
    assert "<think>" not in quick["text"]


# Copies.


@pytest.mark.parametrize(
    ("flags", "name"),
    [(("-t", 0), "temperature 0"), (("--top-k", 1), "top_k 1"), (("--min-p", 1), "min_p 1")],
)
def test_the_same_text_is_drawn_once(
    flags: tuple[object, ...], name: str, ttc: Ttc, sums: Path
) -> None:
    line = f"with {name} all draws of a problem are the same text: drawing 1 instead of 8"
    ran = ttc("solve", "How many?", "-m", "scripted:", *flags, "-n", 8, "--json")
    assert (ran.document["draws"], line in ran.err) == (1, True)
    assert ran.document["firmness"] == "a single draw"
    plan = ttc("sample", sums, "-m", "scripted:", *flags, "-n", 8, "--dry-run")
    assert "6 problems × 1: 6 draws to make" in plan.out
    assert line in plan.err
    drawn = ttc("sample", sums, "-m", "scripted:", *flags, "-n", 8)
    assert (len(drawn.lines), line in drawn.err) == (6, True)
    alone = ttc("sample", sums, "-m", "scripted:", *flags, "-n", 1)
    assert "same text" not in alone.err


def test_old_copies_stay_and_are_swept(ttc: Ttc, tmp_path: Path) -> None:
    backend = SimulatedBackend(
        ModelInfo("m", "m1"), lambda r: Completion("", "24", "stop", completion_tokens=5)
    )
    recipe = Recipe("scripted", backend.model, SamplingParams(temperature=0))
    problem = Problem("p", (Message("user", "How many?"),), reference={"answer": "24"})
    path = tmp_path / "old.db"
    with Store.writing(path) as store:
        plan = make_plan(store, "p", recipe, [problem], 4)
        assert (plan.n, len(plan.missing)) == (1, 1)
        copies = replace(plan, n=4, missing=[(plan.enrolled[0], i) for i in range(4)])
        for _ in Drawing(store, backend, copies, lambda sample: None).run():
            pass
        again = make_plan(store, "p", recipe, [problem], 4)
        assert (again.n, again.kept, list(again.missing)) == (1, 1, [])
    ttc("verify", "p", "-V", "numeric", "--db", path)
    curve = ttc("sweep", "p", "-s", "coverage", "--json", "--db", path).document["curves"][0]
    assert [point["k"] for point in curve["points"]] == [1, 2, 4]
    replayed = ttc("solve", "How many?", "-m", "replay:p", "-n", 4, "--json", "--db", path)
    assert (replayed.document["draws"], "same text" in replayed.err) == (4, False)


def test_different_draws_are_all_made(ttc: Ttc, sums: Path) -> None:
    ran = ttc("sample", sums, "-m", "scripted:", "-t", "0.01", "-n", 3)
    assert (len(ran.lines), "same text" in ran.err) == (18, False)


# Counts.


def test_a_sum_says_what_it_does_not_know() -> None:
    assert amount(96, 0) == "96 tokens"
    assert amount(96, 2) == "at least 96 tokens"
    assert amount(0, 2) == "tokens unknown"
    assert amount(0, 0, "new tokens") == "0 new tokens"
    assert as_fields("tokens", 96, 0) == {"tokens": 96}
    assert as_fields("tokens", 96, 1) == {"tokens": None, "tokens_at_least": 96}
    assert as_fields("tokens", 0, 1) == {"tokens": None}


@pytest.mark.parametrize(("tokens", "draws"), [(None, 3), (10, 30)])
def test_a_budget_counts_what_is_unknown_as_its_limit(
    tokens: int | None, draws: int, tmp_path: Path
) -> None:
    many: list[Draw] = [("The answer is 24", "stop", tokens)] * 50
    found = solved(many, tmp_path, Method(budget=Budget(tokens=390)))
    assert found.drawn == draws
    assert found.paid == (None if tokens is None else 10 * draws)
    assert found.run.usage.charged <= 390


def test_partly_known_tokens_are_at_least_those(tmp_path: Path) -> None:
    found = solved([("The answer is 24", "stop", 7), ("The answer is 24", "stop", None)], tmp_path)
    assert (found.tokens, found.paid) == (None, None)
    assert (found.run.usage.new, found.run.usage.uncounted_new) == (7, 1)


@pytest.fixture
def uncounted(tmp_path: Path) -> Callable[[int], Path]:
    """A file of verified samples of which so many lack their tokens."""

    def write(lacking: int) -> Path:
        path = tmp_path / "drawn.jsonl"
        rows = [
            {"problem": "a", "index": i, "answer": "1", "correct": True, "completion_tokens": 5}
            for i in range(4)
        ]
        for row in rows[:lacking]:
            del row["completion_tokens"]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@pytest.mark.parametrize("lacking", [1, 4])
def test_default_rules_leave_out_what_cannot_be_computed(
    lacking: int, ttc: Ttc, uncounted: Callable[[int], Path]
) -> None:
    path = uncounted(lacking)
    ran = ttc("sweep", path, "--json")
    assert ran.code == 0
    assert [curve["selector"] for curve in ran.document["curves"]] == ["coverage", "majority"]
    why = f"left out: first-finish needs completion_tokens, which {lacking} of 4 draws lack"
    assert any(why in line for line in ran.document["warnings"])
    asked = ttc("sweep", path, "-s", "coverage,first-finish")
    assert (asked.code, "first-finish needs completion_tokens" in asked.err) == (0, True)
    alone = ttc("sweep", path, "-s", "first-finish")
    assert (alone.code, "first-finish needs completion_tokens" in alone.err) == (2, True)
    gate = ttc("sweep", path, "--assert", "first-finish@1>=0")
    assert (gate.code, "first-finish needs completion_tokens" in gate.err) == (2, True)
    assert len(ttc("sweep", uncounted(0), "--json").document["curves"]) == 3


def test_samples_without_counts_are_unknown_everywhere(ttc: Ttc, tmp_path: Path) -> None:
    def said(request: Request) -> Completion:
        return Completion("", "24", "stop", completion_tokens=5 if request.draw else None)

    backend = SimulatedBackend(ModelInfo("m", "m1"), said)
    recipe = Recipe("scripted", backend.model, SamplingParams(max_tokens=100))
    problems = [Problem("p", (Message("user", "How many?"),))]
    path = tmp_path / "counted.db"
    for n, known, shown in ((1, None, "-"), (3, 10, "≥10")):
        with Store.writing(path) as store:
            plan = make_plan(store, "p", recipe, problems, n)
            drawing = Drawing(store, backend, plan, lambda sample: None)
            for _ in drawing.run():
                pass
        assert drawing.tally.uncounted == (n == 1)
        (row,) = ttc("ls", "--db", path, "--json").document["pools"]
        assert (row["tokens"], row.get("tokens_at_least")) == (None, known)
        assert shown in ttc("ls", "--db", path).out.split()
        assert shown in ttc("show", "p", "--db", path).out.split()


def test_best_of_n_never_answers_with_a_thought(tmp_path: Path) -> None:
    from ttc.strategies.driver.scoring import Score

    class Length:
        """Likes what was thought best."""

        name = "length"
        config: ClassVar[dict[str, object]] = {}

        def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
            return [Score(0.9 if node.finish == "length" else 0.1) for node in nodes]

    found = solved([CUT, GOOD], tmp_path, Method(rule=BestOfN(), scorer=Length()))
    assert found.answer == "24"


def test_a_budget_that_covers_nothing_is_still_told(ttc: Ttc) -> None:
    ran = ttc("solve", "How many?", "-m", "scripted:", "--budget", "tokens=5")
    assert (ran.code, "not enough for one draw" in ran.err) == (2, True)
