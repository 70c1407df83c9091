"""What formulas mean: equality has its laws, and does not depend on the letters."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_math import judge

from ttc.verifiers.math.formulas import sampling
from ttc.verifiers.math.formulas.names import replaced
from ttc.verifiers.math.measures.units import compound, parse, split
from ttc.verifiers.math.sympy_worker import family, values
from ttc.verifiers.math.values import Values, from_reply, same, same_family
from ttc.verifiers.workers.pool import Reply

# All letters but those that are constants or part of an operator in most formulas (dx).
LETTERS = [*"abcghjklmnopqrstuvwxyzABDEGHJKLMNQRSTUVWXYZ", *(rf"\{g} " for g in (
    "alpha", "beta", "theta", "lambda", "mu", "phi", "omega", "Delta"
))]  # fmt: skip

ONE_LETTER = [
    (r"|?|", "?", False),
    (r"|?|", r"\sqrt{?^2}", True),
    (r"\max(?,0)", "?", False),
    (r"\min(?,0)", "?", False),
    (r"\max(?,0)", r"\frac{?+|?|}{2}", True),
    (r"\max(?,10)", "?", False),
    (r"\min(?,1)", "1", False),
    (r"\ln(?^2)", r"2\ln ?", True),
    (r"\ln(?^2)", r"2\ln |?|", True),
    (r"\lfloor ? \rfloor", "?", False),
    (r"\lceil ? \rceil", r"-\lfloor -? \rfloor", True),
    (r"?^2-1", "(?-1)(?+1)", True),
    (r"(-1)^?", "1", False),
    (r"\sqrt[3]{?^3}", "?", True),
    (r"\sqrt[4]{?^4}", "?", False),
    (r"\arcsin(\sin ?)", "?", False),
    (r"?'", "?", False),
    (r"\bar{?}", "?", False),
    (r"\hat{?}", r"\bar{?}", False),
    (r"?_1^2", "?^2", False),
    (r"\dot{?}", "0", False),
    (r"|?-3|", "?-3", False),
    (r"|?-3|", "3-?", False),
]
TWO_LETTERS = [
    (r"\sqrt{(?-!)^2}", "?-!", False),
    (r"\sqrt{(?-!)^2}", "|!-?|", True),
    (r"\sqrt{?!}", r"\sqrt{?}\sqrt{!}", True),
    (r"\sqrt{\frac{2?}{!}}", r"\frac{\sqrt{2?}}{\sqrt{!}}", True),
    (r"\ln(?!)", r"\ln ?+\ln !", True),
    (r"\ln(?+!)", r"\ln ?+\ln !", False),
    (r"\max(?,!)", "?", False),
    (r"\max(?,!)", r"\max(!,?)", True),
    (r"\gcd(?,!)", "1", False),
    ("?-!", "!-?", False),
    ("?", "!", False),
    (r"\frac{\partial ?}{\partial !}", r"\frac{\partial !}{\partial ?}", False),
    (r"\frac{d?}{d!}", "0", False),
    (r"?^{!+1}", r"?\cdot ?^!", True),
    ("|?!|", "|?||!|", True),
    ("|?+!|", "|?|+|!|", False),
]


def of(formula: str) -> Values:
    return from_reply(Reply(values(formula)))


def filled(template: str, one: str, other: str = "") -> str:
    return template.replace("?", one).replace("!", other)


@pytest.mark.parametrize(("one", "other", "equal"), ONE_LETTER)
@settings(max_examples=3, deadline=None)
@given(letter=st.sampled_from(LETTERS))
def test_verdicts_do_not_depend_on_the_letter(
    one: str, other: str, equal: bool, letter: str
) -> None:
    first, second = of(filled(one, letter)), of(filled(other, letter))
    assert same(first, second) is same(second, first) is equal
    assert same(first, first)


@pytest.mark.parametrize(("one", "other", "equal"), TWO_LETTERS)
@settings(max_examples=3, deadline=None)
@given(letters=st.lists(st.sampled_from(LETTERS), min_size=2, max_size=2, unique=True))
def test_verdicts_do_not_depend_on_two_letters(
    one: str, other: str, equal: bool, letters: list[str]
) -> None:
    first, second = of(filled(one, *letters)), of(filled(other, *letters))
    assert same(first, second) is same(second, first) is equal


def test_every_letter_has_both_signs_and_no_two_have_the_same() -> None:
    names = [letter.strip("\\ ") for letter in LETTERS]
    signs = {
        name: tuple(sampling.value(name, at) > 0 for at in range(sampling.POINTS)) for name in names
    }
    for name in names:
        found = [sampling.value(name, at) for at in range(sampling.POINTS)]
        assert min(found) < -10 < -0.7 < 0 < 0.7 < 10 < max(found)
        assert any(0 < value < 1 for value in found)
        assert any(-1 < value < 0 for value in found)
        assert all(value.denominator % 2 for value in found)
    for one in names:
        for other in names:
            pairs = set(zip(signs[one], signs[other], strict=True))
            assert one == other or pairs == {(a, b) for a in (True, False) for b in (True, False)}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (r"2k\pi", r"2\pi(k+1)", True),
        (r"2k\pi", r"-2k\pi", True),
        (r"\frac{\pi}{2}+k\pi", r"-\frac{\pi}{2}+k\pi", True),
        (r"\frac{\pi}{2}+k\pi", r"\frac{(2k+1)\pi}{2}", True),
        (r"\frac{\pi}{2}+k\pi", r"k\pi", False),
        (r"k\pi", r"2k\pi", False),
        (r"a+2k", "a-2+2k", True),
        (r"a+2k", "a+1+2k", False),
        (r"a+2k", "b+2k", False),
        (r"2^k", "2^{k+1}", False),
        (r"k^2", "k^2", True),
        (r"k^2", "(k+1)^2", False),
    ],
)
def test_families_of_solutions(one: str, other: str, equal: bool) -> None:
    first, second = (from_reply(Reply(family(text))) for text in (one, other))
    assert same_family(first, second) is same_family(second, first) is equal


@pytest.mark.parametrize(
    ("latex", "names"),
    [
        ("x'", ["x'"]),
        (r"y^{\prime\prime}", ["y''"]),
        ("y^{(3)}", ["y'''"]),
        (r"A^{\top}B", ["A^T"]),
        (r"A^\dagger", [r"A^\dagger"]),
        (r"\overline{AB}", ["bar AB"]),
        (r"\frac{d^2y}{dx^2}", ["y''"]),
        (r"\frac{\partial^2 u}{\partial y\partial x}", ["d u / x y"]),
        (r"f(x+1)", ["f"]),
        (r"x(x+1)+k(3)", ["k"]),
        (r"e^x+\pi(r+1)", []),
        (r"\mathcal{L}", ["mathcal L"]),
        (r"\sin x\cos\theta", []),
        (r"P(1+r)^n", []),
        (r"P(A|B)", ["P"]),
        ("x_1^2", []),
    ],
)
def test_names_in_a_formula(latex: str, names: list[str]) -> None:
    assert [name.text for name in replaced(latex)[1].values()] == names


@pytest.mark.parametrize(
    ("text", "magnitude"),
    [
        ("5 m", "5"),
        ("5m", None),
        ("5cm", "5"),
        (r"\sqrt{2} \unit{m}", r"\sqrt{2}"),
        ("2 x m", None),
        (r"12\pi cm", r"12\pi"),
        (r"30^\circ", "30"),
        (r"\sin 30^\circ", None),
        ("5 pm", None),
        ("5 apples", None),
        ("2 L", "2"),
        ("x L", None),
        ("5 N", None),
        (r"5 \unit{N}", "5"),
    ],
)
def test_what_is_a_unit(text: str, magnitude: str | None) -> None:
    found = split(text)
    assert (found and found[0]) == magnitude


@pytest.mark.parametrize(
    ("unit", "other", "ratio"),
    [
        ("km/h", "m/s", Fraction(5, 18)),
        (r"kg \cdot m/s^2", "N", Fraction(1)),
        ("m s^{-1}", "m/s", Fraction(1)),
        ("square feet", "ft^2", Fraction(1)),
        ("feet squared", "sq ft", Fraction(1)),
        ("miles per hour", "mph", Fraction(1)),
        ("J/(mol K)", r"J mol^{-1} K^{-1}", Fraction(1)),
        ("L", "cm^3", Fraction(1000)),
        ("kWh", "J", Fraction(3_600_000)),
        ("days", "hours", Fraction(24)),
        (r"k\Omega", "ohms", Fraction(1000)),
        ("V/A", r"\Omega", Fraction(1)),
    ],
)
def test_units_are_converted_exactly(unit: str, other: str, ratio: Fraction) -> None:
    one, two = parse(unit), parse(other)
    assert one is not None
    assert two is not None
    assert (one.dimension, one.factor / two.factor) == (two.dimension, ratio)


def test_sums_of_units() -> None:
    assert (compound("5 ft 6 in") or [None])[0] == Fraction(11, 2)
    assert (compound("1 hour, 30 minutes") or [None])[0] == Fraction(3, 2)
    assert (compound("30° 15'") or [None])[0] == Fraction(121, 4)
    assert compound("5 ft 6 s") is None
    assert compound("5 in 6 ft") is None


def test_equal_answers_vote_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_CACHE", str(tmp_path))
    verdicts = judge(
        [r"150\text{ cm}", "1.5 m", "1.5", r"\frac{3}{2}\text{ m}", r"1.5\text{ s}", "150"],
        r"1.5\text{ m}",
    )
    assert [verdict.correct for verdict in verdicts] == [True] * 4 + [False] * 2
    assert len({verdict.answer for verdict in verdicts[:4]}) == 1
    assert len({verdict.answer for verdict in verdicts}) == 3


def test_no_chain_leads_from_the_reference_to_another_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """√x·√x/√x·√x is x where both are real, and |x| too; x is not |x|."""
    monkeypatch.setenv("TTC_CACHE", str(tmp_path))
    between = r"\sqrt{x}\cdot\sqrt{x}"
    for order in ([between, "x"], ["x", between]):
        verdicts = dict(zip(order, judge(order, "|x|"), strict=True))
        assert verdicts["x"].correct is False
        assert verdicts[between].correct is True


def test_the_version_of_the_code_is_in_the_memos_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ttc.verifiers import math
    from ttc.verifiers.workers.pool import Workers

    monkeypatch.setenv("TTC_CACHE", str(tmp_path))
    judge([r"\sqrt{25}"], "5")
    monkeypatch.setattr(math, "VERSION", "another")
    monkeypatch.setattr(Workers, "map", None)  # asked again, it would raise
    with pytest.raises(TypeError):
        judge([r"\sqrt{25}"], "5")
