"""The verifier math: a table of what is equal, classes for votes, bombs, the memo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_worker_pool import children, descriptors

from ttc import plugins
from ttc.answers.extract import boxed_together
from ttc.errors import UsageError
from ttc.records import Sample, Verdict
from ttc.verifiers import math as math_verifier
from ttc.verifiers.math import Math, answer_of
from ttc.verifiers.math.notation import depths, plain
from ttc.verifiers.math.structure import Structure, read
from ttc.verifiers.math.sympy_worker import values, work
from ttc.verifiers.math.values import constant, from_reply, same
from ttc.verifiers.workers.pool import Reply, Workers

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "math_cases.json").read_text(encoding="utf-8")
)
DATA = Path(__file__).parents[1] / ".." / "shared" / "data" / "math500.jsonl"
BOMB = "9^{9^{9^{9}}}"


def draws(answers: list[str], gold: object = None, problem: str = "p") -> list[Sample]:
    """Samples of one problem that box an answer each."""
    reference = {} if gold is None else {"answer": gold}
    texts = [rf"The answer is \boxed{{{answer}}}." for answer in answers]
    return [Sample(problem, i, text, "stop", reference=reference) for i, text in enumerate(texts)]


def judge(answers: list[str], gold: object = None, **options: Any) -> list[Verdict]:
    return list(Math(**options).verify(draws(answers, gold)))


# --- what is equal


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Verdict]]:
    """The verdicts on the whole table, each case a problem of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_CACHE", str(tmp_path_factory.mktemp("cache")))
        samples = [draws([case["answer"]], case["gold"], str(i))[0] for i, case in enumerate(CASES)]
        yield list(Math().verify(samples))


@pytest.mark.parametrize(
    "at", range(len(CASES)), ids=[f"{case['gold']} · {case['answer']}" for case in CASES]
)
def test_table(judged: list[Verdict], at: int) -> None:
    assert judged[at].correct is CASES[at]["correct"], CASES[at]["why"]
    assert judged[at].status == "ok"


def test_the_table_is_large_and_has_no_repeats() -> None:
    assert len({(case["gold"], case["answer"]) for case in CASES}) == len(CASES) >= 120
    assert all(case["why"] for case in CASES)
    assert sum(case["correct"] for case in CASES) > 60 < sum(not case["correct"] for case in CASES)


def golds() -> list[str]:
    if not DATA.exists():
        pytest.skip("math500.jsonl is not here")
    return [json.loads(line)["answer"] for line in DATA.read_text(encoding="utf-8").splitlines()]


def test_every_reference_of_math500_is_its_own_answer() -> None:
    samples = [draws([gold], gold, str(i))[0] for i, gold in enumerate(golds())]
    assert len(samples) == 500
    wrong = [
        s.reference for s, v in zip(samples, Math().verify(samples), strict=True) if not v.correct
    ]
    assert wrong == []


def test_the_references_of_math500_are_not_each_other() -> None:
    """As votes, without a reference: only notation, units and names may join two of them."""
    distinct = sorted(set(golds()))
    classes = defaultdict(list)
    for gold, verdict in zip(distinct, judge(distinct), strict=True):
        classes[verdict.answer].append(gold)
    joined = {tuple(members) for members in classes.values() if len(members) > 1}
    assert len(joined) <= 11
    assert (r"\frac14", r"\frac{1}{4}") in joined
    assert all(len(members) <= 3 for members in joined)


@pytest.mark.parametrize(
    ("tol", "gold", "answer", "correct"),
    [
        (0, r"\frac{1}{3}", "0.333", False),
        ("0.01", r"\frac{1}{3}", "0.333", True),
        ("0.01", r"\pi", "3.14", True),
        ("0.0001", r"\pi", "3.14", False),
        ("0.01", "3.14", r"\pi", True),
        ("0.01", "100", "101", True),
        ("0.01", "100", "101.01", False),
        ("0.01", "(1, 100)", "(1, 100.5)", True),
        ("0.01", "x", "y", False),
    ],
)
def test_tolerance(tol: str | float, gold: str, answer: str, correct: bool) -> None:
    assert judge([answer], gold, tol=tol)[0].correct is correct


def test_within_tolerance_is_no_chain() -> None:
    verdicts = judge(["100.9", "101.8"], "100", tol="0.01")
    assert [verdict.correct for verdict in verdicts] == [True, False]


@given(value=st.fractions(), other=st.fractions())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_numbers_are_exact_and_need_no_worker(value: Fraction, other: Fraction) -> None:
    before = children()
    top, bottom = other.as_integer_ratio()
    (verdict,) = judge([f"\\frac{{{top}}}{{{bottom}}}"], str(value))
    assert verdict.correct is (value == other)
    assert children() == before


REWRITTEN: list[Callable[[str], str]] = [
    "{}".format,
    "({})".format,
    "0 + {}".format,
    r"1 \cdot ({})".format,
    r"\frac{{2({})}}{{2}}".format,
    r"\left( {} \right)^1".format,
    "-(-({}))".format,
]
FORMULAS = st.recursive(
    st.sampled_from(["x", "y", "2", "7", r"\pi", r"\sqrt{3}", r"\frac{1}{3}"]),
    lambda inner: (
        st.builds("({} + {})".format, inner, inner)
        | st.builds(r"{} \cdot {}".format, inner, inner)
        | st.builds(r"\sqrt{{{}}}".format, inner)
    ),
    max_leaves=5,
)


@given(formula=FORMULAS, rewritten=st.sampled_from(REWRITTEN))
@settings(max_examples=40, deadline=None)
def test_rewriting_keeps_the_values_and_adding_does_not(
    formula: str, rewritten: Callable[[str], str]
) -> None:
    once, again, other = (
        from_reply(Reply(values(text))) for text in (formula, rewritten(formula), f"{formula} + 1")
    )
    assert once.points
    assert same(once, again)
    assert not same(once, other)


Term = tuple[str, Fraction]


def combined(one: Term, other: Term, way: int) -> Term:
    """Two terms in brackets, put together in one of the ways that arithmetic is written."""
    (a, x), (b, y) = one, other
    ways: list[Term] = [
        (f"({a}) + ({b})", x + y),
        (f"({a}) - {b}" if b[0] != "-" and "+" not in b and "-" not in b else "1", x - y),
        (f"({a})({b})", x * y),
        (rf"({a}) \cdot ({b})", x * y),
        (rf"({a}) \times ({b})", x * y),
        (f"3({a})", 3 * x),
        (f"({a})^2", x * x),
        (f"-({a})", -x),
        (rf"\frac{{{a}}}{{{b}}}" if y else "1", x / y if y else Fraction(1)),
        (rf"2\frac{{1}}{{3}} + {a}", Fraction(7, 3) + x),
    ]
    text, value = ways[way]
    return (text, value) if text != "1" else ("1", Fraction(1))


TERMS: st.SearchStrategy[Term] = st.recursive(
    st.integers(0, 12).map(lambda n: (str(n), Fraction(n)))
    | st.decimals(0, 9, places=2).map(lambda d: (str(d), Fraction(d)))
    | st.builds(lambda a, b: (rf"\frac{{{a}}}{{{b}}}", Fraction(a, b)), *[st.integers(1, 9)] * 2),
    lambda inner: st.builds(combined, inner, inner, st.integers(0, 9)),
    max_leaves=6,
)


@given(term=TERMS)
@settings(max_examples=150, deadline=None)
def test_arithmetic_is_read_as_it_is_written(term: Term) -> None:
    text, value = term
    assert same(from_reply(Reply(values(text))), constant(value)), text


@given(one=st.fractions(), other=st.fractions())
def test_values_tell_numbers_apart(one: Fraction, other: Fraction) -> None:
    assert same(constant(one), constant(other)) is (one == other)


def test_values_beyond_floats_are_told_apart() -> None:
    huge = [from_reply(Reply(values(text))) for text in (r"e^{10000}", r"e^{10000}+e^{9900}", "0")]
    tiny = [from_reply(Reply(values(rf"10^{{-{power}}}\pi"))) for power in (400, 401)]
    everything = [*huge, *tiny]
    assert all(same(a, b) is (a is b) for a in everything for b in everything)


# --- classes


def test_the_answer_is_the_references_spelling_or_the_shortest() -> None:
    answers = ["0.50", r"\sqrt{4}", r"\frac{\sqrt{16}}{2}", "2", "8/4", r"\pi"]
    spelt = [verdict.answer for verdict in judge(answers, r"\frac{2}{1}")]
    assert spelt == ["0.5", "2", "2", "2", "2", r"\pi"]
    assert [v.answer for v in judge([r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"])] == [
        r"\frac{1}{\sqrt{3}}"
    ] * 2


def test_the_classes_do_not_depend_on_the_order_of_the_draws() -> None:
    answers = [r"\sqrt{8}", r"2\sqrt{2}", r"\sqrt{2}\cdot 2", "x+1", "1+x", "(x+1)", "3", "3.0"]
    once = dict(zip(answers, judge(answers, "7"), strict=True))
    again = dict(zip(answers[::-1], judge(answers[::-1], "7"), strict=True))
    assert once == again
    assert len({verdict.answer for verdict in once.values()}) == 3


def test_answers_that_vote_together_are_judged_alike() -> None:
    """Against y = 5 the answers 5 and x = 5, which are spelt alike, are two."""
    verdicts = judge(["5", "x = 5", "y = 5"], "y = 5")
    assert [verdict.correct for verdict in verdicts] == [True, False, True]
    assert verdicts[0].answer == verdicts[2].answer != verdicts[1].answer


def test_draws_that_come_interleaved_join_the_same_classes() -> None:
    one = draws([r"\sqrt{8}", r"2\sqrt{2}", r"\sqrt{8}"], "5", "one")
    two = draws([r"\sqrt{8}", r"\frac{4}{\sqrt{2}}", "5"], "5", "two")
    mixed = [sample for pair in zip(one, two, strict=True) for sample in pair]
    verdicts = list(Math().verify(mixed))
    assert {v.answer for v in verdicts[::2]} == {r"\sqrt{8}"}
    assert [v.answer for v in verdicts[1::2]] == [r"\sqrt{8}", r"\sqrt{8}", "5"]


def test_what_has_no_values_is_compared_by_math_verify() -> None:
    reals = [r"\mathbb{R} \setminus \{0\}", r"\mathbb{R}\setminus \{ 0 \}", r"\mathbb{R}"]
    spelt = [verdict.answer for verdict in judge(reals)]
    assert spelt[0] == spelt[1] != spelt[2]
    assert work(["same", r"\mathbb{R}", r"(-\infty, \infty)"]) is True
    assert work(["same", r"\mathbb{R}", "+"]) is False


def test_later_draws_of_a_pool_fall_into_the_same_classes(ttc: Ttc, sums: Path) -> None:
    equal = (r"\frac{4}{\sqrt{2}}", r"2\sqrt{2}", r"\sqrt{8}")
    model = ["-m", f"scripted:answers={'*1/'.join(equal)}", "--pool", "pool", "-q"]
    for n in (1, 12):
        assert ttc("sample", sums, "-n", n, "--limit", 2, *model).code == 0
        for _ in range(2):
            lines = ttc("verify", "pool", "-V", "math", "-o", "-").lines
            assert [line["problem"] for line in lines] == ["s0"] * n + ["s1"] * n
            assert {len({line["answer"] for line in lines[i : i + n]}) for i in (0, n)} == {1}
    assert {line["answer"] for line in lines} == {r"\sqrt{8}"}


# --- limits


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the processor time that an answer may take."""
    limits = math_verifier._LIMITS._replace(cpu_seconds=2.0)
    monkeypatch.setattr(math_verifier, "_LIMITS", limits)


@pytest.mark.usefixtures("soon")
def test_a_bomb_costs_its_own_answer() -> None:
    began = time.perf_counter()
    verdicts = judge([r"\sqrt{25}", BOMB, r"\sqrt{26}", "5", BOMB, f"(1, {BOMB})"], "5")
    assert [verdict.status for verdict in verdicts] == ["ok", "timeout", "ok", "ok"] + [
        "timeout"
    ] * 2
    assert [verdict.correct for verdict in verdicts] == [True, None, False, True, None, None]
    assert verdicts[1].answer == verdicts[4].answer
    assert "2 s of processor time" in verdicts[1].detail
    assert time.perf_counter() - began < 90


@pytest.mark.usefixtures("soon")
def test_a_bomb_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    judge([BOMB])
    monkeypatch.setattr(Workers, "map", None)  # nobody reads it again
    assert judge([BOMB])[0].status == "no_reference"
    assert judge([BOMB], "5")[0].status == "timeout"


@pytest.mark.usefixtures("soon")
def test_a_reference_that_is_a_bomb_is_told() -> None:
    verdicts = judge([BOMB, r"\sqrt{2}"], BOMB)
    assert [verdict.correct for verdict in verdicts] == [True, None]
    assert verdicts[1].detail.startswith("the reference: ")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "answer",
    [
        "(" * 300 + "x" + ")" * 300,
        r"\frac{1}{" * 80 + "x" + "}" * 80,
        "1," * 20_000,
        "__import__('os').system('touch pwned')",
        r"\pm " * 50,
        "[" * 400,
        r"\sqrt(" * 100,
        "x^(" * 100 + ")" * 100,
    ],
)
def test_hostile_answers_are_judged_in_time(answer: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    (verdict,) = judge([answer], "5")
    assert verdict.correct is False or verdict.status == "timeout"
    assert time.perf_counter() - began < 20
    assert not (tmp_path / "pwned").exists()


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("early", [False, True])
def test_nothing_is_left_behind(early: bool) -> None:
    before = children(), descriptors()
    given = Math().verify(draws([r"\sqrt{25}", BOMB, r"\sqrt{2}"], "5"))
    if early:
        next(given)
        assert children() != before[0]
        given.close()  # type: ignore[attr-defined]
    else:
        list(given)
    del given
    assert (children(), descriptors()) == before


def test_interrupting_leaves_no_worker(tmp_path: Path) -> None:
    rows = [
        {
            "problem": str(i),
            "index": 0,
            "text": rf"\boxed{{{BOMB} + {i}}}",
            "reference": {"answer": "5"},
        }
        for i in range(50)
    ]
    (tmp_path / "bombs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tool = subprocess.Popen(
        [sys.executable, "-m", "ttc.cli.main", "verify", "bombs.jsonl", "-V", "math"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    workers = Path(f"/proc/{tool.pid}/task/{tool.pid}/children")
    end = time.monotonic() + 30
    while not workers.read_text().split() and time.monotonic() < end:
        time.sleep(0.05)
    pids = workers.read_text().split()
    assert pids
    time.sleep(1)
    tool.send_signal(signal.SIGINT)
    _, err = tool.communicate(timeout=30)
    assert tool.returncode == 130
    assert "Traceback" not in err
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_workers_start_only_for_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Workers, calls: list[Any]) -> list[Any]:
        assert not calls
        return []

    monkeypatch.setattr(Workers, "map", refuse)
    assert [v.correct for v in judge(["5", "5.0", "(1,2)", "blue"], "5")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_memo_spares_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [r"\sqrt{25}", r"\sqrt{26}", r"\mathbb{R}", r"\mathbb{Z}"]
    first = judge(answers, "5")
    monkeypatch.setattr(Workers, "map", None)
    assert judge(answers, "5") == first


@pytest.mark.parametrize(
    "forged", [[], {"points": 3}, [{"points": ["nan"]}, "ok", ""], "x", [1, 2, 3]]
)
def test_a_forged_memo_breaks_nothing(forged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.cache.Memo.get", lambda self, key: forged)
    assert judge([r"\sqrt{26}"], "5")[0].correct in (False, None)


def test_a_cache_that_cannot_be_used_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TTC_CACHE", str(tmp_path / "file"))
    assert judge([r"\sqrt{25}"], "5")[0].correct is True


# --- what is the answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so $x=\boxed{1}$ and $x=\boxed{2}$", "1, 2"),
        (r"\(\boxed{1}\) or \(\boxed{-1}\)", "1, -1"),
        (r"\boxed{1}, \boxed{2}", "1, 2"),
        (r"\boxed{1}, \boxed{1}", "1"),
        (r"We try \boxed{1}. No, it is \boxed{2}.", "2"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"\boxed{\frac{1}{2}} and \boxed", r"\frac{1}{2}"),
        (r"The answer is $(3, \frac{\pi}{2})$.", r"$(3, \frac{\pi}{2})$"),
        (r"Thus $y = 3\sqrt{13}$.", r"y = 3\sqrt{13}"),
        ("Hence\n\\[ x = \\frac{1}{2} \\]", r"x = \frac{1}{2}"),
        (r"The area is $12\pi$ square units.", r"12\pi"),
        (r"From $x^2 = 9$ we get 3 apples", "3"),
        (r"$x = 1$ or $x = 2$", r"$x = 1$ or $x = 2$"),
        (r"2\sqrt{3}", r"2\sqrt{3}"),
        ("She makes 18", "18"),
        ("blue", "blue"),
        ("It costs $5 and $6.", "$6"),
        (r"<think>\boxed{1}</think>\boxed{2}", "2"),
        ("", None),
    ],
)
def test_the_answer_of_a_completion(text: str, answer: str | None) -> None:
    assert answer_of(text) == answer


def test_boxes_far_apart_are_not_joined() -> None:
    assert boxed_together(r"\boxed{1}" + " " * 100_000 + r", \boxed{2}") == ["2"]


@given(st.text(max_size=40) | st.text(r"\{}[]()^_,=<>pmcup12x ", max_size=30))
def test_reading_never_fails(text: str) -> None:
    def size(structure: Structure) -> int:
        return 1 + sum(map(size, structure.items))

    assert size(read(text)) >= 1
    assert len(depths(text) or text) == len(text)
    assert isinstance(plain(text), str)


ANSWERS = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@given(drawn=st.lists(st.tuples(st.text(), ANSWERS), min_size=1, max_size=12))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=8
)
def test_nothing_raises(drawn: list[tuple[str, object]]) -> None:
    samples = [
        Sample(str(at), 0, text, "stop", reference={"answer": answer})
        for at, (text, answer) in enumerate(drawn)
    ]
    for verdict in Math().verify(samples):
        assert verdict.score == (None if verdict.correct is None else float(verdict.correct))


# --- options and references


@pytest.mark.parametrize(
    "gold", [None, True, [], "", "  ", 10**5000], ids=lambda gold: type(gold).__name__
)
def test_a_reference_that_is_no_text_leaves_the_votes(gold: object) -> None:
    samples = [Sample("p", i, "\\boxed{x}", "stop", reference={"answer": gold}) for i in range(2)]
    for verdict in Math().verify(samples):
        assert (verdict.answer, verdict.correct, verdict.status) == ("x", None, "no_reference")
        assert verdict.detail


def test_no_answer_is_wrong() -> None:
    (verdict,) = Math().verify([Sample("p", 0, "<think>3", "stop", reference={"answer": "3"})])
    assert verdict == Verdict(correct=False, score=0.0, status="no_answer")


def test_options() -> None:
    assert Math(tol="1e-2").config == Math(tol=0.01).config == {"tol": 0.01}
    for tol in ("1", "-0.1", "small", "", True):
        with pytest.raises(ValueError, match="tol must be"):
            Math(tol=tol)
    with pytest.raises(ValueError, match="unknown option 'zeal'; it takes: tol"):
        Math(zeal="1")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.verifiers.math._PACKAGES", ("no-such-package",))
    with pytest.raises(UsageError, match=r"pip install .*\[math\]'"):
        plugins.build("verifiers", "math")


def test_the_tool_itself_imports_no_sympy(tmp_path: Path) -> None:
    code = """
import sys
from ttc.records import Sample
from ttc.verifiers.math import Math
list(Math().verify([Sample("p", 0, "\\\\boxed{\\\\sqrt{2}}", "stop", reference={"answer": "2"})]))
print([name for name in ("sympy", "math_verify") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    assert os.listdir(tmp_path)
