"""Answers as people write them: notation, systems, domains, options and numbers, for `math` and
`numeric`; and what votes make of the same texts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttc.answers.canonical import canonical, number, tidy
from ttc.answers.characters import plain_characters
from ttc.answers.locales import decimal_comma
from ttc.answers.tex import braced
from ttc.records import Sample, Verdict
from ttc.verifiers.math import Math
from ttc.verifiers.math.structure import read
from ttc.verifiers.numeric import Numeric

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "notation_cases.json").read_text(encoding="utf-8")
)
KINDS = sorted({case["kind"] for case in CASES})


def drawn(answer: str, gold: object, problem: str = "p") -> Sample:
    text = rf"So the answer is \boxed{{{answer}}}."
    return Sample(problem, 0, text, "stop", reference={"answer": gold})


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Verdict]]:
    """The verdicts on the whole table, each case a problem of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_CACHE", str(tmp_path_factory.mktemp("cache")))
        samples = [drawn(case["answer"], case["gold"], str(at)) for at, case in enumerate(CASES)]
        yield list(Math().verify(samples))


@pytest.mark.parametrize("kind", KINDS)
def test_table(judged: list[Verdict], kind: str) -> None:
    wrong = [
        (case["gold"], case["answer"], case["correct"], verdict.answer, verdict.status)
        for case, verdict in zip(CASES, judged, strict=True)
        if case["kind"] == kind and verdict.correct is not case["correct"]
    ]
    assert wrong == []


def test_the_table_is_large_and_has_both_directions() -> None:
    assert len({(case["gold"], case["answer"]) for case in CASES}) == len(CASES) >= 500
    for kind in KINDS:
        directions = {case["correct"] for case in CASES if case["kind"] == kind}
        assert directions == {True, False}, kind


# --- the characters of one answer


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2009", "\u2007", "\\,", "\\ ", "~"])
def test_spaces_between_thousands(space: str) -> None:
    answers = [f"48{space}300", f"1{space}250{space}000", f"48{space}30"]
    samples = [drawn(answers[0], "48300", "a"), drawn(answers[1], "1250000", "b")]
    samples.append(drawn(answers[2], "4830", "c"))
    for verifier in (Math(), Numeric()):
        assert [v.correct for v in verifier.verify(samples)] == [True, True, False]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("x⁴ + 1", "x^{4} + 1"),
        ("10⁻³", "10^{-3}"),
        ("xⁿ⁺¹", "x^{n+1}"),
        ("x₁₂", "x_{12}"),
        ("1¾", r"1 \frac{3}{4}"),
        ("½", r"\frac{1}{2}"),
        ("–5", "-5"),
        ("3–5", "3–5"),  # a range
        ("x – 5", "x - 5"),
        ("４２", "42"),
        ("５．５％", "5.5%"),
        ("٣٫٥", "3.5"),
        ("۴۲ ४२ ৪২ ๔๒", "42 42 42 42"),
        ("1’250’000", "1'250'000"),
        ("0.3\u0305", r"0.\overline{3}"),
        ("𝑥 + 𝟑", "x + 3"),
        ("a\u200bb", "ab"),
        ("New York – London", "New York - London"),
        ("naïve", "naïve"),
        ("π ≤ 4", "π ≤ 4"),
    ],
)
def test_characters(written: str, plain: str) -> None:
    assert plain_characters(written) == plain == plain_characters(plain)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r"\frac a b", r"\frac{a}{b}"),
        (r"\frac12", r"\frac{1}{2}"),
        (r"\frac 12x", r"\frac{1}{2}x"),
        (r"\frac\pi4", r"\frac{\pi}{4}"),
        (r"\frac1{\sqrt2}", r"\frac{1}{\sqrt{2}}"),
        (r"\sqrt2x", r"\sqrt{2}x"),
        (r"\sqrt[3]5", r"\sqrt[3]{5}"),
        (r"\sqrt\frac12", r"\sqrt{\frac{1}{2}}"),
        (r"{a \over b}", r"\frac{a}{b}"),
        (r"1 + {a \over {b \over c}}", r"1 + \frac{a}{\frac{b}{c}}"),
        (r"{n \choose k}", r"\binom{n}{k}"),
        (r"x^\frac12", r"x^{\frac{1}{2}}"),
        (r"\frac{1", r"\frac{1"),
        (r"\frac", r"\frac"),
        (r"\fraction 1 2", r"\fraction 1 2"),
        (r"\sqrt(3)", r"\sqrt(3)"),
    ],
)
def test_arguments(written: str, expected: str) -> None:
    assert braced(written) == expected == braced(expected)


# --- votes: one text for equal answers, and only for these

EQUAL = [
    ("48 300", "48,300", "48300", r"48\,300", "48\u202f300", "48'300"),
    ("1/3", r"0.\overline{3}", "0.(3)", "0.333...", r"\frac13", "1/3 = 0.333..."),
    ("0.75", "3/4", "¾", "0,75", "3/4 or 0.75", "3/4 (0.75)", r"\frac{3}{4} \approx 0.75"),
    (r"2\sqrt{3}", r"2\sqrt3", r"2\sqrt{3} \approx 3.464"),
    ("x^4+1", "x⁴ + 1", "x^{4} + 1"),
    ("42", "४२", "４２", "٤٢"),
    ("24", "2 dozen"),
    ("1500000", "$1.5M", "1.5 million", r"\$1.5M"),
    ("35%", "35 pct", "35 percent", "35٪"),
    ("5", "$5", "5 €", "US$5", "5 dollars"),
    (r"\frac{a}{b}", r"\frac a b", r"\dfrac{a}{b}", r"{a \over b}"),
]
DIFFERENT = [
    ("2,5", "2.5"),
    ("2,5", "25"),
    ("0,5", "0.5"),  # 0 and 5?
    ("70k", "70000"),
    ("70k", "70"),
    ("$5k$", "5000"),
    ("3.14159...", "3.14159"),
    ("0.3...", "0.3"),
    ("5 dozen", "5"),
    ("5 lakh", "5"),
    ("3–5", "-2"),
    ("x ≈ 3, y ≈ 4", "3"),
    (r"\sqrt2 \approx 1.41, \sqrt3 \approx 1.73", r"\sqrt2"),
    ("f(2) ≈ 3.1", "f(2)"),
    ("about 5 or 6", "5"),
    (r"\sin 30^\circ", r"\sin 30"),
    ("2(2)", "2"),
    ("48 300 12", "48300"),
    ("12,34,567", "1234567"),
    ("1.234", "1234"),
]


@pytest.mark.parametrize("same", EQUAL, ids=[each[0] for each in EQUAL])
def test_equal_answers_have_one_text(same: tuple[str, ...]) -> None:
    assert {canonical(text) for text in same} == {canonical(same[0])}


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_answers_keep_their_texts(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


PIECES = (
    r"0 1 3 5 12 300 , . ; ' \, {,} 0.(3) \overline{3} ... ½ ⁴ ₁ – − \approx ≈ = or ( ) \frac"
    r" \over { } \sqrt \left. \right. \color{red} \operatorname{lcm} \text{ x k M % € $ ° \circ ^"
    r" _ dozen million e5 ×10 ４ ٣ < > | \\"
)
FRAGMENTS = st.lists(
    st.sampled_from([*PIECES.split(), " ", "\u202f", "\u0305", "\n"]), max_size=10
).map("".join)


@given(FRAGMENTS | st.text(max_size=30))
@settings(max_examples=300)
def test_the_text_of_a_vote_is_stable(text: str) -> None:
    spelt = canonical(text)
    assert canonical(spelt) == spelt
    value = number(text)
    assert value is None or number(spelt) == value
    assert plain_characters(plain_characters(text)) == plain_characters(text)
    read(text)


# --- numeric and math read numbers alike

Written = tuple[str, Fraction]


def grouped(value: int, mark: str) -> str:
    return f"{value:,}".replace(",", mark)


@st.composite
def numbers(draw: st.DrawFn) -> Written:
    """A number in one of the ways it is written, and its value."""
    whole = draw(st.integers(1, 10**9))
    cents = draw(st.integers(0, 99))
    places = Fraction(cents, 100)
    way = draw(st.integers(0, 13))
    ways: list[Written] = [
        (str(whole), Fraction(whole)),
        (grouped(whole, ","), Fraction(whole)),
        (grouped(whole, "\u202f"), Fraction(whole)),
        (grouped(whole, " "), Fraction(whole)),
        (grouped(whole, "'"), Fraction(whole)),
        (grouped(whole, r"\,"), Fraction(whole)),
        (f"{grouped(whole, ',')}.{cents:02}", whole + places),
        (f"{whole}.{cents:02}", whole + places),
        (rf"\frac{{{whole}}}{{{cents + 1}}}", Fraction(whole, cents + 1)),
        (f"{whole}/{cents + 1}", Fraction(whole, cents + 1)),
        (f"{whole}e{cents % 7}", Fraction(whole * 10 ** (cents % 7))),
        (rf"{whole} \times 10^{{{cents % 7}}}", Fraction(whole * 10 ** (cents % 7))),
        (f"{whole}.(3)", whole + Fraction(1, 3)),
        (str(whole).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")), Fraction(whole)),
    ]
    text, value = ways[way]
    return (f"-{text}", -value) if draw(st.booleans()) else (text, value)


@given(numbers(), numbers(), st.booleans())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_numeric_and_math_agree(one: Written, other: Written, alike: bool) -> None:
    gold = str(one[1]) if alike else str(other[1])
    sample = drawn(one[0], gold)
    expected = one[1] == (one[1] if alike else other[1])
    for verifier in (Numeric(), Math()):
        (verdict,) = verifier.verify([sample])
        assert verdict.correct is expected, (one, gold, type(verifier))


@pytest.mark.parametrize(
    ("answer", "gold", "options", "correct"),
    [
        ("0,75", "0.75", {}, True),
        ("0,75", "75", {}, False),
        ("2,5", "2.5", {}, True),
        ("2,5", "2.5", {"locale": "en"}, False),
        ("2,5", "25", {}, False),
        ("1,234", "1234", {}, True),
        ("1,234", "1.234", {}, False),
        ("1,234", "1.234", {"locale": "de"}, False),
        ("1,2340", "1,234", {"locale": "de"}, True),
        ("1,234", "1234", {"locale": "de"}, False),
        ("1.234", "1234", {"locale": "de"}, True),
        ("1.234", "1234", {}, False),
        ("1.234", "1234", {"locale": "de-CH"}, False),
        ("1'234.5", "1234.5", {"locale": "de-CH"}, True),
        ("1.234,5", "1234.5", {}, True),
        ("1.234,5", "1.234,5", {}, True),
        ("1234,5", "1.234,5", {}, True),
        ("1,234", "0,75", {}, False),
        ("1.250.000", "1250000", {}, True),
        ("1.250.000,50", "1250000.5", {}, True),
        ("1 250 000,5", "1250000.5", {}, True),
        ("70k", "70000", {}, True),
        ("1.5M", "1500000", {}, True),
        ("2bn", "2000000000", {}, True),
        ("70k", "70", {}, False),
        ("5 dozen", "60", {}, True),
        ("5 dozen", "5", {}, False),
        ("-0,5", "-0.5", {"locale": "fr"}, True),
        ("3,2 \\cdot 10^5", "320000", {}, True),
        ("12,50,000", "1250000", {}, True),
    ],
)
def test_the_decimal_mark(answer: str, gold: str, options: dict[str, str], correct: bool) -> None:
    for verifier in (Numeric(**options), Math(**options)):
        (verdict,) = verifier.verify([drawn(answer, gold)])
        assert verdict.correct is correct, type(verifier)


def test_numeric_reads_a_reference_with_a_comma() -> None:
    samples = [drawn(answer, "2,5") for answer in ("2.5", "2,5", "25")]
    verdicts = list(Numeric().verify(samples))
    assert [v.correct for v in verdicts] == [True, True, False]
    assert [v.answer for v in verdicts] == ["2.5", "2.5", "25"]


@pytest.mark.parametrize(
    ("text", "gold"),
    [
        ("Das Ergebnis ist 0,75", "0.75"),
        ("Total: 1'250'000", "1250000"),
        ("It costs 48 300 in all", "48300"),
        ("Der Preis ist 1.234,50 €.", "1234.5"),
        ("so the share is 0.333...", "1/3"),
        ("which gives 3.2 × 10^5 cells", "320000"),
    ],
)
def test_numbers_in_running_text(text: str, gold: str) -> None:
    sample = Sample("p", 0, text, "stop", reference={"answer": gold})
    assert [v.correct for v in Numeric().verify([sample])] == [True]


@pytest.mark.parametrize(
    ("text", "last"), [("They are 3, 5, 7.", "7"), ("in May 12, 2023", "2023")]
)
def test_lists_in_running_text_are_no_decimals(text: str, last: str) -> None:
    sample = Sample("p", 0, text, "stop", reference={"answer": last})
    assert [v.correct for v in Numeric().verify([sample])] == [True]


# --- systems on lines


@pytest.mark.parametrize(
    ("gold", "answer", "correct"),
    [
        ("x=1\ny=2", "x=1\ny=2", True),
        ("x=1\ny=2", "y=2\nx=1", True),
        ("x=1\ny=2", "x=7\ny=2", False),
        ("x=1\ny=2", "y=2", False),
        ("x=1, y=2", "x = 1\n\ny = 2", True),
        ("(1,2)", "x=1\ny=2", True),
        ("(1,2), (3,4)", "(1,2)\n(3,4)", True),
        ("3x+5", "3x\n+5", True),
        ("5", "x = 2+3\n= 5", True),
    ],
)
def test_lines(gold: str, answer: str, correct: bool) -> None:
    (verdict,) = Math().verify([drawn(answer, gold)])
    assert verdict.correct is correct


# --- options and speed


@pytest.mark.parametrize("verifier", [Math, Numeric])
def test_locale(verifier: Any) -> None:
    assert verifier().config == verifier(locale="auto").config == {"tol": 0.0}
    assert verifier(locale="de").config == {"tol": 0.0, "decimal": ","}
    assert verifier(locale="en_US").config == {"tol": 0.0, "decimal": "."}
    with pytest.raises(ValueError, match="locale must be a language such as en"):
        verifier(locale="decimal")


def test_locales() -> None:
    assert [decimal_comma(name) for name in ("de", "fr-FR", "pt_BR", "en", "ja", "de-CH")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "unit",
    [
        *("(", r"\frac{1}{", "1 ", "1,", "1.000", "x=1 ", "k, ", "where k ", r"x \in ", "½", "⁴"),
        *(r"\over ", r"\sqrt[3]", r"\frac 1", "or ", "x > 1 and ", r"0.\overline{3}", "≈ ", "is "),
        *(r"\begin{cases}", r"\quad ", "for all ", r"\pm ", "a ", "{", "[", "'", "= "),
    ],
)
def test_reading_is_quick(unit: str) -> None:
    text = (unit * 1000)[:999]
    began = time.process_time()
    read(text)
    canonical(text)
    tidy(text)
    assert time.process_time() - began < 1
