"""Methods that talk to the model in turns, and those that put words into its mouth."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    PARAMS,
    SMALL,
    WORLD,
    Table,
    by_name,
    driver,
    engine,
    named,
    over,
    said,
    scripted,
    task,
)

from ttc.backends import Completion, Request
from ttc.records import Problem
from ttc.store import Store
from ttc.strategies import Generate, Node, Reply
from ttc.strategies.beam import Beam
from ttc.strategies.budget_forcing import BudgetForcing
from ttc.strategies.driver.driver import Driver, RunResult
from ttc.strategies.driver.scoring import Score
from ttc.strategies.refine import (
    AGAIN,
    EDIT,
    FEEDBACK,
    FINE,
    REVISE,
    PostEdit,
    Review,
    Revisions,
    SelfRefine,
)
from ttc.strategies.specreason import SpecReason
from ttc.testing.synthworld import Scorer, open_world

ASKED = ("user", "task 0: how many?")
Turns = list[tuple[str, str]]


def conversing(answer: Callable[[Turns, int], str]) -> tuple[Callable[[Request], Completion], list]:  # type: ignore[type-arg]
    """A model that answers a conversation, and what it was asked."""
    conversations: list[Turns] = []

    def tell(request: Request) -> Completion:
        turns = [(turn.role, turn.content) for turn in request.messages]
        conversations.append(turns)
        return said(answer(turns, request.draw or 0))

    return tell, conversations


# --- self-refine, post-edit, revisions -------------------------------------------------------


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_self_refine_shows_the_answer_then_its_criticism(rounds: int, store: Store) -> None:
    def answer(turns: Turns, draw: int) -> str:
        if turns[-1][1] == FEEDBACK:
            return f" mend {turns[1][1]} "
        return f"answer {sum(turn == ASKED for turn in turns) + len(asked)}"

    tell, asked = conversing(answer)
    if not rounds:
        with pytest.raises(ValueError, match="rounds must be a whole number from 1"):
            SelfRefine(rounds="0")
        return
    run = over(store, scripted(tell)).solve(SelfRefine(rounds=str(rounds)), task())
    answers = [node.text for node in run.nodes if node.text.startswith("answer")]
    assert len(answers) == rounds + 1
    expected: list[Turns] = [[ASKED]]
    for text in answers[:-1]:
        before = [ASKED, ("assistant", text)]
        expected.append([*before, ("user", FEEDBACK)])
        refine = f"Feedback on your answer:\nmend {text}\n\nAnswer the question again, with this "
        expected.append([*before, ("user", f"{refine}mended.")])
    assert asked == expected
    assert run.decision.node is not None
    assert run.decision.node.text == answers[-1]
    assert run.decision.note == ("refined 1 time" if rounds == 1 else f"refined {rounds} times")


def test_self_refine_ends_where_nothing_can_be_improved(store: Store) -> None:
    tell, asked = conversing(
        lambda turns, draw: f"{FINE.lower()}." if turns[-1][1] == FEEDBACK else "the answer is 4"
    )
    run = over(store, scripted(tell)).solve(SelfRefine(), task())
    assert len(asked) == 2
    assert run.decision.node is not None
    assert run.decision.node.text == "the answer is 4"


def test_post_edit_edits_its_last_draft(store: Store) -> None:
    tell, asked = conversing(lambda turns, draw: f"draft {len(asked)}")
    run = over(store, scripted(tell)).solve(PostEdit(rounds="2"), task())
    assert asked == [
        [ASKED],
        [ASKED, ("assistant", "draft 1"), ("user", EDIT)],
        [ASKED, ("assistant", "draft 2"), ("user", EDIT)],
    ]
    assert run.decision.node is not None
    assert run.decision.node.text == "draft 3"


def test_an_edit_that_fails_is_not_counted(store: Store) -> None:
    def tell(request: Request) -> Completion:
        if len(request.messages) > 1:
            return said("", 0, "error", error="lost")
        return said("the draft")

    run = over(store, scripted(tell)).solve(PostEdit(rounds="2"), task())
    assert run.decision.note == "edited 0 times"
    assert run.decision.node is not None
    assert run.decision.node.text == "the draft"


def test_revisions_see_the_last_answers_of_their_own_chain(store: Store) -> None:
    def answer(turns: Turns, draw: int) -> str:
        chain = turns[1][1][0] if len(turns) > 1 else "ab"[draw]
        return f"{chain}{len(turns)}/{draw}"

    tell, asked = conversing(answer)
    options = {"chains": "2", "rounds": "3", "shown": "2", "pick": "last"}
    run = over(store, scripted(tell)).solve(Revisions(**options), task())
    assert len(asked) == 8
    assert asked[:2] == [[ASKED]] * 2
    for turns in asked[2:]:
        answers = [text for role, text in turns if role == "assistant"]
        assert turns == [ASKED, *(t for a in answers for t in (("assistant", a), ("user", REVISE)))]
        assert len({text[0] for text in answers}) == 1
    assert [len(turns) for turns in asked] == [1, 1, 3, 3, 5, 5, 5, 5]
    assert len(run.decision.finals) == 2
    every = over(store, scripted(tell)).solve(Revisions(**{**options, "pick": "majority"}), task())
    assert len(every.decision.finals) == 8


# --- review ----------------------------------------------------------------------------------


class Reviewer(Table):
    """Says in words what is lacking."""

    def score(self, problem: Problem, nodes: object, scope: str) -> list[Score]:
        return [
            Score(each.value, words=f"{each.value:.1f} is not enough")
            for each in super().score(problem, nodes, scope)  # type: ignore[arg-type]
        ]


def level(text: str) -> float:
    return float(text.split()[-1])


def improving(turns: Turns, draw: int) -> str:
    """A model that is better than its best attempt only if it is shown what was said of it."""
    shown = turns[-1][1]
    rated = re.search(r"rated (\d\.\d\d)\); improve", shown)
    heard = rated is not None and "What the reviewer said" in shown
    base = float(rated[1]) + 0.3 if rated is not None and heard else 0.1
    return f"an attempt of {min(base + 0.05 * draw, 1.0):.2f}"


def reviewed(store: Store, feedback: str, **options: str) -> tuple[RunResult, list[Turns]]:
    tell, asked = conversing(improving)
    chosen = {"n": "3", "rounds": "4", "patience": "4", "feedback": feedback, **options}
    run = over(store, scripted(tell), Reviewer(level)).solve(Review(**chosen), task())
    return run, asked


def test_a_model_that_heeds_the_review_reaches_the_target(store: Store) -> None:
    run, asked = reviewed(store, "yes")
    assert run.decision.node is not None
    assert level(run.decision.node.text) == 1.0
    assert len(asked) == 9  # and it ends there, before its last round
    shown = asked[3][-1][1]
    parts = shown.split("\n\n")
    assert parts == [
        ASKED[1],
        "An earlier attempt (rated 0.20); improve on it:\nan attempt of 0.20",
        "What the reviewer said of the first: 0.2 is not enough",
        "A worse attempt (rated 0.10); avoid its mistakes:\nan attempt of 0.10",
        AGAIN,
    ]
    scores = [weight for _, weight in run.decision.finals]
    best = list(accumulate(scores, max))
    assert best == sorted(best)
    assert level(run.decision.node.text) == best[-1]


def test_without_feedback_review_is_plain_draws(store: Store) -> None:
    run, asked = reviewed(store, "no", n="4")
    assert asked == [[ASKED]] * 16
    assert run.decision.node is not None
    assert level(run.decision.node.text) < 1
    plain = over(store, scripted(conversing(improving)[0])).solve(by_name("majority"), task())
    assert sorted(named(run.nodes)) == sorted(named(plain.nodes))


def test_review_loses_patience(store: Store) -> None:
    tell, asked = conversing(lambda turns, draw: "always 0.50")
    solver = over(store, scripted(tell), Reviewer(level))
    run = solver.solve(Review(n="2", rounds="9", patience="3"), task())
    assert len(asked) == 2 * 4
    assert "after 4 rounds of 2" in run.decision.note


# --- budget forcing --------------------------------------------------------------------------


def thinker(thoughts: list[int]) -> Callable[[Request], Completion]:
    """A model that ends its thinking after so many tokens, each time it is let."""

    def tell(request: Request) -> Completion:
        if "Final answer:" in request.prefix:
            return said("18", 1)
        count = thoughts[min(request.prefix.count("Wait"), len(thoughts) - 1)]
        if count > request.params.max_tokens:
            return said(" hm" * request.params.max_tokens, request.params.max_tokens, "length")
        return said(" hm" * count + "</think>", count, stop="</think>")

    return tell


@settings(deadline=None, max_examples=40, derandomize=True)
@given(
    thoughts=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    budget=st.integers(1, 80),
    waits=st.integers(0, 4),
)
def test_thinking_is_kept_to_its_budget(thoughts: list[int], budget: int, waits: int) -> None:
    forcing = BudgetForcing(budget=str(budget), waits=str(waits))
    tell = thinker(thoughts)
    talk = forcing.run(task())
    asked = next(talk)
    spent = 0
    try:
        while True:
            (request,) = asked
            assert isinstance(request, Generate)
            before = "" if request.at is None else request.at.trace
            limit = request.max_tokens or 0
            if "Final answer:" not in before:
                assert limit <= budget - spent
                assert request.stop == ("</think>",)
            params = PARAMS.__class__(max_tokens=limit)
            done = tell(Request("", prefix=before, params=params))
            tokens = done.completion_tokens or 0
            spent += tokens * ("Final answer:" not in before)
            node = Node(request.at, done.text, tokens, done.finish_reason, done.stop)
            asked = talk.send([Reply(request, node)])
    except StopIteration as end:
        trace = end.value.node.trace
    assert spent <= budget
    # The end of thinking and the cue are there once, however often it had ended.
    assert trace.count("</think>\n\nFinal answer:") == trace.count("</think>") == 1
    assert trace.endswith("Final answer:18")
    assert trace.count("\nWait") <= waits
    # It is told to wait as long as it ends by itself and tokens are left.
    wanted, left = 0, budget
    for at in range(waits + 1):
        count = thoughts[min(at, len(thoughts) - 1)]
        if count > left:
            break
        left -= count
        if left <= 0 or at == waits:
            break
        wanted += 1
    assert trace.count("\nWait") == wanted


def test_thinking_in_a_real_store(store: Store) -> None:
    options = {"budget": "20", "waits": "2", "wait": "\\nHm"}
    run = over(store, scripted(thinker([5]))).solve(BudgetForcing(**options), task())
    assert run.decision.node is not None
    hm = " hm" * 5
    thinking = f"{hm}\nHm{hm}\nHm{hm}"
    assert run.decision.node.trace == f"{thinking}</think>\n\nFinal answer:18"
    assert run.decision.note == "15 of 20 thinking tokens, continued 2 times"
    again = over(store, scripted(thinker([0]))).solve(BudgetForcing(**options), task())
    assert again.usage.new == 0
    assert again.decision.node is not None
    assert again.decision.node.trace == run.decision.node.trace


# --- SpecReason ------------------------------------------------------------------------------


def spec(store: Store, number: int, threshold: float, **options: str) -> RunResult:
    engines = {
        "main": engine(open_world(WORLD)),
        "draft": engine(open_world(SMALL, name="small")),
    }
    strategy = SpecReason(threshold=str(threshold), **options)
    return Driver(store, engines).solve(strategy, task(number))


def models(run: RunResult) -> list[str]:
    assert run.decision.node is not None
    return [node.model for node in run.decision.node.path]


@pytest.mark.parametrize("threshold", [0.0, -1.0])
def test_a_threshold_of_nothing_accepts_every_draft(threshold: float, store: Store) -> None:
    for number in range(5):
        run = spec(store, number, threshold)
        assert models(run) == ["draft"] * WORLD.depth
        assert [node.model for node in run.nodes] == ["draft"] * WORLD.depth
        # Each question has a prompt of one token, as each step has.
        assert run.usage.prompt - run.usage.calls == WORLD.depth


def test_a_threshold_beyond_nine_is_the_main_model_alone(store: Store) -> None:
    for number in range(5):
        run = spec(store, number, 9.5)
        assert models(run) == ["main"] * WORLD.depth
        assert run.decision.note == f"0 of {WORLD.depth} drafted steps accepted"
        alone = driver(store).solve(Beam(n="1", m="1"), task(number)).decision.node
        assert alone is not None
        assert run.decision.node is not None
        assert run.decision.node.trace == alone.trace
        assert named(run.decision.node.path) == named(alone.path)


def test_the_higher_the_threshold_the_fewer_drafts_are_accepted(store: Store) -> None:
    shares = []
    first_steps = []
    for threshold in (0, 2, 4.5, 6.5, 9.5):
        runs = [models(spec(store, number, threshold)) for number in range(8)]
        steps = [model for run in runs for model in run]
        shares.append(steps.count("draft") / len(steps))
        first_steps.append([run[0] == "draft" for run in runs])
    assert shares[0] == 1
    assert shares[-1] == 0
    assert all(more > fewer for more, fewer in pairwise(shares))
    # The first draft is the same whatever the threshold: once rejected, it stays so.
    for lower, higher in pairwise(first_steps):
        assert all(before >= after for before, after in zip(lower, higher, strict=True))


def test_the_first_steps_are_the_main_models_own(store: Store) -> None:
    run = spec(store, 1, 0.0, first="2")
    assert models(run) == ["main"] * 2 + ["draft"] * (WORLD.depth - 2)


def test_the_score_is_the_mean_of_the_digits_or_the_likeliest(store: Store) -> None:
    chances = {"2": 0.4, "9": 0.3, "8": 0.1}  # mean 5.375 of what is a digit

    def tell(request: Request) -> Completion:
        if request.choices:
            assert request.prefix == "The quality score is:"
            assert [turn.role for turn in request.messages] == ["user", "assistant", "user"]
            return said("", 0, chances={each: chances.get(each, 0.0) for each in request.choices})
        return said("a step\n\n" if request.prefix.count("\n\n") < 2 else "end", 2)

    def accepted(**options: str) -> int:
        engines = {"main": engine(scripted(tell)), "draft": engine(open_world(SMALL))}
        return models(Driver(store, engines).solve(SpecReason(**options), task())).count("draft")

    assert accepted(threshold="5.37") > 0
    assert accepted(threshold="5.38") == 0
    assert accepted(threshold="2", score="greedy") > 0
    assert accepted(threshold="2.1", score="greedy") == 0


def test_the_world_rates_steps_apart_from_values() -> None:
    """The judge of SynthWorld rates the step, so that it is no better than the scorer is told."""
    scorer = Scorer(WORLD)
    words = [f"{number:012x}" for number in range(4000)]
    rated = {True: 0.0, False: 0.0}
    count = {True: 0, False: 0}
    for word in words:
        rated[WORLD.right(word)] += scorer.of_step(word)
        count[WORLD.right(word)] += 1
    assert rated[True] / count[True] > 0.65
    assert rated[False] / count[False] < 0.35
