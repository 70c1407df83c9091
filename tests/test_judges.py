"""Judges: what they see, what they read in a reply, and what they never count as 0."""

from __future__ import annotations

import itertools
import json
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from hypothesis import given
from hypothesis import strategies as st
from tiers import need

from ttc.backends import Completion, ModelInfo, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.curves.uncertainty import auc
from ttc.errors import BackendError, Stopped
from ttc.records import Message, Sample, Verdict
from ttc.selectors.solve_verify import SolveVerify
from ttc.store import Store, pools
from ttc.verdicts import verify_pool
from ttc.verifiers.judges.base import Judge
from ttc.verifiers.judges.cot_pot import BLANK, CotPot, blanked, is_literal
from ttc.verifiers.judges.genrm import GenRM
from ttc.verifiers.judges.pairwise import Pairwise
from ttc.verifiers.judges.prompting import fill, last_line
from ttc.verifiers.judges.rubric import Rubric
from ttc.verifiers.judges.self_eval import SelfEval

LINE = "Verification: Is the answer correct (Yes/No)?"
ASKED = (Message("user", "What is 6 × 7?"),)


class Saying(SimulatedBackend):
    """A model that says what a function of the request says, and remembers what it was asked."""

    def __init__(self, say: Callable[[Request], Any], *capabilities: str) -> None:
        self.requests: list[Request] = []
        self.say = say
        super().__init__(ModelInfo("saying", "f1"), self._answer, slots=8)
        self.capabilities = frozenset({"seed", *capabilities})

    def _answer(self, request: Request) -> Completion:
        self.requests.append(request)
        said = self.say(request)
        if isinstance(said, Completion):
            return said
        return Completion("", said, "stop", prompt_tokens=10, completion_tokens=3)


def sample(text: str = "It is 42.", index: int = 0, problem: str = "p", **more: Any) -> Sample:
    given = {"reference": {"answer": "42"}, "asked": ASKED, **more}
    return Sample(problem, index, text, "stop", **given)


def judged(judge: Judge, say: Callable[[Request], Any] | str, *samples: Sample) -> list[Verdict]:
    backend = Saying((lambda _: say) if isinstance(say, str) else say)
    judge.attach(backend)
    return list(judge.verify(samples or (sample(),)))


# --- what is read in a reply


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Good.\nScore: 7", 0.7),
        ("Bad.\nScore: 0", 0.0),
        ("Score: 3\nNo, rather\n**Score: 10**", 1.0),
        ("Score: 8/10", 0.8),
        ("Score: 6.5.", 0.65),
        ("Score: 11", None),
        ("Score: -1", None),
        ("Score: seven", None),
        ("Score: 7 or 8", None),
        ("I would give a Score: 7", None),
        ("Score: 7\nThat is all.", None),
        ("7", None),
        ("", None),
    ],
)
def test_scores_are_read_strictly(text: str, score: float | None) -> None:
    (verdict,) = judged(Rubric(), text)
    assert (verdict.score, verdict.correct) == (score, None)
    assert verdict.status == ("abstained" if score is None else "ok")
    assert verdict.tokens == 13
    assert verdict.votes[0].value == score


@pytest.mark.parametrize(
    ("text", "score"),
    [
        (f"Fine.\n{LINE} Yes", 1.0),
        (f"{LINE} no.", 0.0),
        (f"**{LINE} Yes**", 1.0),
        (f"{LINE} not sure", None),
        (f"{LINE} No, but yes", None),
        (f"{LINE}", None),
        (f"{LINE} Yes\nor so", None),
        ("Yes", None),
    ],
)
def test_verifications_are_read_strictly(text: str, score: float | None) -> None:
    (verdict,) = judged(GenRM(v="1"), text)
    assert verdict.score == score
    assert verdict.correct is (None if score is None else score > 0.5)


def test_votes_that_cannot_be_read_are_counted_and_left_out() -> None:
    said = itertools.cycle([f"{LINE} Yes", "hm", f"{LINE} No", f"{LINE} Yes"])
    (verdict,) = judged(GenRM(v="4"), lambda _: next(said))
    assert verdict.score == pytest.approx(2 / 3)
    assert verdict.detail == "1 of 4 votes cannot be read"
    assert [vote.value for vote in verdict.votes] == [1.0, None, 0.0, 1.0]
    assert verdict.tokens == 4 * 13
    (cut,) = judged(GenRM(v="1"), lambda _: Completion("", f"{LINE} Yes", "length"))
    assert (cut.status, cut.score, cut.tokens) == ("abstained", None, None)


def test_hard_votes_are_shares_that_solve_verify_takes() -> None:
    said = itertools.cycle([f"{LINE} Yes", "hm", f"{LINE} No", f"{LINE} Yes"])
    (verdict,) = judged(GenRM(v="4", hard="yes"), lambda _: next(said))
    assert verdict.score == 0.5
    assert verdict.correct is None
    from ttc.records import Outcome

    assert SolveVerify("2", "4").expected([Outcome(0, correct=True, score=verdict.score)], [1])


def test_errors_of_one_vote_are_errors_of_that_sample() -> None:
    def say(request: Request) -> Any:
        broken = "bad" in request.messages[0].content
        return Completion("", "", "error", error="overloaded") if broken else "Score: 5"

    first, second, third = judged(Rubric(n="2"), say, sample(), sample("bad"), sample())
    assert (first.score, third.score) == (0.5, 0.5)
    assert (second.status, second.detail, second.score) == ("error", "overloaded", None)


# --- what the backend can weigh


def test_the_chance_of_yes_is_the_vote_where_it_can_be_told() -> None:
    def say(request: Request) -> Any:
        if request.choices:
            assert request.prefix == f"I checked.\n{LINE}"
            assert request.choices == ("Yes", "No")
            chances = {"Yes": 0.3, "No": 0.1}
            return Completion("", "", "stop", prompt_tokens=20, chances=chances)
        assert request.params.stop == (LINE,)
        return Completion("", "I checked.\n", "stop", 10, completion_tokens=3, stop=LINE)

    judge = GenRM(v="2")
    judge.attach(Saying(say, "choose", "prefix"))
    (verdict,) = judge.verify([sample()])
    assert verdict.score == pytest.approx(0.75)
    assert verdict.tokens == 2 * (10 + 3 + 20)


def test_self_eval_is_the_chance_of_no_behind_the_answer() -> None:
    backend = Saying(
        lambda _: Completion("", "", "stop", chances={"Yes": 0.02, "No": 0.06}), "choose"
    )
    judge = SelfEval(n="5")
    judge.attach(backend)
    (verdict,) = judge.verify([sample()])
    assert verdict.score == pytest.approx(0.75)
    (request,) = backend.requests
    assert request.messages[:2] == (*ASKED, Message("assistant", "It is 42."))
    assert "started over" in request.messages[2].content
    (nothing,) = judged_with(
        judge, lambda _: Completion("", "", "stop", chances={"Yes": 0, "No": 0})
    )
    assert (nothing.status, nothing.score) == ("abstained", None)


def judged_with(judge: Judge, say: Callable[[Request], Any]) -> list[Verdict]:
    judge.attach(Saying(say, "choose"))
    return list(judge.verify([sample()]))


def test_self_eval_counts_words_where_nothing_can_be_weighed() -> None:
    said = itertools.cycle(["No.", "Yes", "Perhaps", "no"])
    (verdict,) = judged(SelfEval(n="4"), lambda _: next(said))
    assert verdict.score == pytest.approx(2 / 3)


# --- what a judge sees


@pytest.mark.parametrize("make", [Rubric, GenRM, SelfEval, Pairwise, CotPot])
def test_the_reference_is_seen_only_where_it_is_asked_for(make: Callable[..., Judge]) -> None:
    secret = "the-secret-4711"
    for reference, seen in (("no", False), ("yes", make in (Rubric, GenRM, Pairwise))):
        backend = Saying(lambda _: "nothing")
        judge = make(reference=reference)
        judge.attach(backend)
        two = [sample("It is 42.", at, reference={"answer": secret}) for at in range(2)]
        assert len(list(judge.verify(two))) == 2
        shown = [turn.content for request in backend.requests for turn in request.messages]
        assert shown
        assert any("6 × 7" in text for text in shown)
        assert any(secret in text for text in shown) is seen


def test_a_sample_without_a_question_or_a_text_is_not_judged() -> None:
    asked, unasked, empty = judged(
        Rubric(), "Score: 5", sample(), sample(asked=()), sample("<think>hm")
    )
    assert asked.score == 0.5
    assert (unasked.status, unasked.score) == ("no_prompt", None)
    assert (empty.status, empty.correct) == ("no_answer", None)


def test_votes_do_not_depend_on_order_and_no_two_share_a_seed() -> None:
    samples = [sample(f"It is {at}.", at) for at in range(30)]

    def votes(ordered: list[Sample]) -> tuple[dict[int, float | None], list[int | None]]:
        def say(request: Request) -> str:
            return f"Score: {random.Random(request.seed).randint(0, 10)}"

        backend = Saying(say)
        judge = Rubric(n="3")
        judge.attach(backend)
        found = {s.index: v.score for s, v in zip(ordered, judge.verify(ordered), strict=True)}
        return found, [request.seed for request in backend.requests]

    once, seeds = votes(samples)
    again, _ = votes(samples[::-1])
    assert once == again
    assert len(set(seeds)) == 90


def test_verdicts_come_in_order_and_reading_ahead_is_bounded() -> None:
    read = 0

    def source() -> Any:
        nonlocal read
        for at in range(400):
            read += 1
            yield sample(f"It is {at}.", at)

    judge = Rubric()
    judge.attach(Saying(lambda request: f"Score: {len(request.messages[0].content) % 10}"))
    for done, verdict in enumerate(judge.verify(source()), 1):
        assert verdict.score is not None
        assert read <= done + 300
    assert read == 400


def test_a_judge_without_a_model_says_so() -> None:
    with pytest.raises(BackendError, match="judge: no model is attached"):
        list(Rubric().verify([sample()]))


def test_what_changes_a_verdict_keys_it(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("{question}\n{answer}\nScore: N")
    configs = []
    for options in ({}, {"n": "2"}, {"prompt": str(own)}, {"reference": "yes"}, "fields"):
        judge = Rubric(**({} if options == "fields" else options))
        if options == "fields":
            judge.send_fields('{"provider":1}')
        judge.attach(Saying(lambda _: ""))
        configs.append(json.dumps(dict(judge.config), sort_keys=True))
    assert len(set(configs)) == 5
    assert str(tmp_path) not in configs[2]


@pytest.mark.parametrize(
    ("make", "options", "told"),
    [
        (Rubric, {"as": "poem"}, "as must be score or verdict"),
        (Rubric, {"n": "0"}, "n must be a whole number from 1"),
        (Rubric, {"temperature": "hot"}, "temperature must be a number"),
        (Rubric, {"temperature": "-1"}, "temperature must be a number from 0, not"),
        (Rubric, {"prompt": "/nowhere.txt"}, "No such file"),
        (Rubric, {"threshold": "x"}, "threshold must be a number"),
        (Rubric, {"reference": "maybe"}, "reference must be yes or no"),
        (
            Rubric,
            {"zeal": "1"},
            r"unknown option 'zeal'; it takes: as=score\|verdict, model, prompt, n",
        ),
        (GenRM, {"n": "3"}, "is v, not n"),
        (GenRM, {"hard": "very"}, "hard must be yes or no"),
        (Pairwise, {"n": "3"}, "is rounds, not n"),
        (Pairwise, {"rounds": "0"}, "rounds must be a whole number"),
        (CotPot, {"n": "3"}, "no option n"),
        (CotPot, {"sandbox": "jail"}, "sandbox must be one of"),
    ],
)
def test_options(make: Callable[..., Judge], options: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make(**options)


def test_filling_never_fills_what_was_filled_in() -> None:
    assert fill("{a}-{b}-{c}", a="{b}", b="{a}") == "{b}-{a}-{c}"
    assert last_line("x\n**Score: 7**", "Score:") == "7"
    assert last_line("x Score: 7", "Score:") is None


# --- pairwise


def test_pairwise_swaps_places_and_a_contradiction_is_a_half() -> None:
    def by_length(request: Request) -> str:
        text = request.messages[0].content
        a = text.split("Answer A:\n")[1].split("\n")[0]
        b = text.split("Answer B:\n")[1].split("\n")[0]
        return f"Better: {'Tie' if len(a) == len(b) else 'A' if len(a) > len(b) else 'B'}"

    texts = ["1", "22", "333", "333", "4444"]
    draws = [sample(text, at) for at, text in enumerate(texts)]
    scores = [verdict.score for verdict in judged(Pairwise(rounds="9"), by_length, *draws)]
    assert scores == [0.0, 0.25, pytest.approx(0.625), pytest.approx(0.625), 1.0]
    first = [verdict.score for verdict in judged(Pairwise(), "Better: A", *draws)]
    assert first == [0.5] * 5
    (alone,) = judged(Pairwise(), "Better: A", sample())
    assert (alone.status, alone.detail) == ("abstained", "nothing to ask")
    nonsense = judged(Pairwise(), "Better: C", *draws)
    assert {verdict.status for verdict in nonsense} == {"abstained"}


def test_pairwise_asks_a_bounded_number() -> None:
    backend = Saying(lambda _: "Better: A")
    judge = Pairwise(rounds="3")
    judge.attach(backend)
    draws = [sample(f"It is {at}.", at) for at in range(12)]
    verdicts = list(judge.verify(draws))
    assert len(backend.requests) == 12 * 3 * 2
    assert all(len(verdict.votes) == 6 for verdict in verdicts)


# --- cot-pot


def test_the_answer_is_blanked_out() -> None:
    text = "6 trays of 4 is 24 rolls. Check: 24 / 4 = 6. So the answer is 24.\n#### 24"
    shown = blanked(text)
    assert "24" not in shown
    assert shown.count(BLANK) == 4
    assert "6 trays of 4" in shown
    assert "1,240" not in blanked("It adds up to 1,240 in all. The answer is 1240.")
    assert (
        blanked("It is 12.50 and 2.5; the answer is 2.5")
        == f"It is 12.50 and {BLANK}; the answer is {BLANK}"
    )


@pytest.mark.parametrize(
    ("program", "literal"),
    [
        ("print(42)", True),
        ("x = 42\nprint(x)", True),
        ("print(int('42'))", True),
        ("def f():\n    return 42\nprint(f())", False),
        ("print(6 * 7)", False),
        ("print(sum([6] * 7))", False),
        ("x = 6\nx += 36\nprint(x)", False),
    ],
)
def test_programs_that_compute_nothing(program: str, literal: bool) -> None:
    assert is_literal(program) is literal


def test_agreement_of_reasoning_and_program() -> None:
    need("landlock")
    rows = {
        "print(6 * 7)": (True, 1.0, "ok"),
        "x = 6 + 7\nprint(x)": (False, 0.0, "ok"),
        "print(42)": (None, None, "abstained"),
        "print(1 / 0)": (None, None, "raised"),
        "while True: x = 1 + 1": (None, None, "timeout"),
        "print(84 / 2)": (True, 1.0, "ok"),
    }
    programs = iter([f"```python\n{program}\n```" for program in rows] + ["I cannot."])
    judge = CotPot(cpu="0.5")
    judge.attach(Saying(lambda _: next(programs)))
    samples = [sample("6 times 7 is 42. The answer is 42.", at) for at in range(len(rows) + 1)]
    *found, refused = judge.verify(samples)
    assert [(v.correct, v.score, v.status) for v in found] == list(rows.values())
    assert (refused.status, refused.score) == ("abstained", None)
    assert all(verdict.tokens == 13 for verdict in found)
    assert found[0].answer == "42"


# --- whether a judge can be trusted


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=20))
def test_auc_is_the_share_of_pairs(pairs: list[tuple[int, bool]]) -> None:
    scores, truths = [float(score) for score, _ in pairs], [truth for _, truth in pairs]
    right = [score for score, truth in zip(scores, truths, strict=True) if truth]
    wrong = [score for score, truth in zip(scores, truths, strict=True) if not truth]
    if not right or not wrong:
        assert auc(scores, truths) is None
        return
    won = sum((a > b) + (a == b) / 2 for a in right for b in wrong)
    assert auc(scores, truths) == pytest.approx(won / (len(right) * len(wrong)))


def test_the_command_line_judges_a_pool_and_tells_the_auc(
    ttc: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ("-m", "scripted:answers=1*1/2*1")
    assert ttc("sample", sums, "-n", 4, "--pool", "demo", *answers, "-o", "demo.jsonl").code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-o", "judged.jsonl").code == 0
    seen: list[Saying] = []

    def opened(*_: object) -> Saying:
        seen.append(Saying(lambda r: f"Score: {9 if r.messages[0].content.count('1') else 1}"))
        return seen[-1]

    monkeypatch.setattr("ttc.backends.resolve.open_backend", opened)
    ran = ttc("verify", "demo", "-V", "judge:model=scripted:x", "-o", "-")
    assert ran.code == 0
    assert all(line["verifier_tokens"] == 13 for line in ran.lines)
    assert "judge: AUC" in ran.err
    assert "by numeric" in ran.err
    asked = len(seen[0].requests)
    assert asked == len(ran.lines)
    again = ttc("verify", "demo", "-V", "judge:model=scripted:x", "-o", "-")
    assert again.lines == ran.lines
    assert not seen[1].requests
    swept = ttc("sweep", "demo", "-V", "numeric", "-s", "best-of-n:score=judge", "-k", "2",
                "--cost", "total", "--json")  # fmt: skip
    assert swept.code == 0
    # From a pipe the question is found in the store.
    piped = ttc("verify", "-", "-V", "judge:model=scripted:x", "-o", "-",
                stdin=Path("judged.jsonl").read_text())  # fmt: skip
    assert [line["status"] for line in piped.lines] == ["ok"] * len(ran.lines)
    assert "judge: AUC" in piped.err
    foreign = (
        '{"problem": "p", "text": "42", "question": "6 × 7?"}\n{"problem": "q", "text": "1"}\n'
    )
    mixed = ttc("verify", "-", "-V", "judge:model=scripted:x", "-o", "-", stdin=foreign)
    assert [line["status"] for line in mixed.lines] == ["ok", "no_prompt"]
    unasked = '{"problem": "p", "text": "42", "asked": "6 × 7?"}\n'
    none = ttc("verify", "-", "-V", "judge:model=scripted:x", stdin=unasked)
    assert (none.code, "with --map question=FIELD" in none.err) == (2, True)
    mapped = ("--map", "question=asked", "-o", "-")
    told = ttc("verify", "-", "-V", "judge:model=scripted:x", *mapped, stdin=unasked)
    assert [line["status"] for line in told.lines] == ["ok"]


# --- votes are paid for


@pytest.fixture
def paid_pool(ttc: Ttc, sums: Path, own_home: Path) -> Path:
    """A store with a pool `p` of six draws; returns its path."""
    model = "scripted:answers=1,tokens=5-5"
    assert ttc("sample", sums, "-n", 1, "--pool", "p", "-m", model, "-q").code == 0
    return own_home / "ttc_home" / "ttc.db"


def test_votes_of_a_run_that_was_cut_off_are_not_paid_for_again(paid_pool: Path) -> None:
    class CutOff(Saying):
        """A model whose run is killed when the tenth vote comes."""

        heard = 0

        def wait(self) -> Completion:
            self.heard += 1
            if self.heard == 10:
                raise Stopped(signal.SIGTERM)
            return super().wait()

    def run(backend: Saying) -> list[Verdict]:
        judge = Rubric(n="4")
        judge.attach(backend)
        with Store.writing(paid_pool) as store:
            pool = pools.find(store.reader, "p")
            assert pool is not None
            return [verdict for _, verdict in verify_pool(store, pool, judge)]

    with pytest.raises(Stopped):
        run(CutOff(lambda request: "Score: 7"))
    with Store.reading(paid_pool) as store:
        kept = store.reader.execute("SELECT count(*) FROM votes").fetchone()[0]
    assert kept == 9
    again = Saying(lambda request: "Score: 7")
    verdicts = run(again)
    assert [verdict.score for verdict in verdicts] == [0.7] * 6
    assert len(again.requests) == 24 - kept


def test_a_verdict_that_is_told_is_kept(paid_pool: Path) -> None:
    judge = Rubric()
    judge.attach(Saying(lambda request: "Score: 7"))
    with Store.writing(paid_pool) as store, Store.reading(paid_pool) as other:
        pool = pools.find(store.reader, "p")
        assert pool is not None
        for told, _ in enumerate(verify_pool(store, pool, judge), start=1):
            kept = other.reader.execute("SELECT count(*) FROM verdicts").fetchone()[0]
            assert kept >= told


def test_an_error_is_no_vote_to_remember(paid_pool: Path) -> None:
    def broken(request: Request) -> Completion:
        return Completion("", "", "error", error="down")

    for say, correct in ((broken, "error"), (lambda request: "Score: 7", "ok")):
        judge = Rubric()
        judge.attach(Saying(say))
        with Store.writing(paid_pool) as store:
            pool = pools.find(store.reader, "p")
            assert pool is not None
            found = [v.status for _, v in verify_pool(store, pool, judge, recheck=True)]
        assert found == [correct] * 6
