"""The verifiers exact, numeric and choice: tables, options, references that do not fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_answers import TABLE

from ttc.records import Sample, Verdict
from ttc.verifiers import Verifier
from ttc.verifiers.choice import Choice
from ttc.verifiers.exact import Exact
from ttc.verifiers.math import Math
from ttc.verifiers.numeric import Numeric

MAKERS: list[Callable[..., Verifier]] = [Exact, Numeric, Choice]
CITIES = ["Paris", "London", "Rome", "New York"]


def judge(verifier: Verifier, text: str, **reference: Any) -> Verdict:
    (verdict,) = verifier.verify([Sample("p", 0, text, "stop", reference=reference)])
    return verdict


# --- all of them


@pytest.mark.parametrize("make", MAKERS)
def test_unknown_options_name_the_known_ones(make: Callable[..., Verifier]) -> None:
    with pytest.raises(ValueError, match=r"unknown options 'zeal', 'tolerance'; it takes"):
        make(zeal="1", tolerance="0.1")


@pytest.mark.parametrize("make", MAKERS)
def test_no_answer_is_wrong(make: Callable[..., Verifier]) -> None:
    verdict = judge(make(), "<think>The answer is 3", answer="B" if make is Choice else "3")
    assert verdict == Verdict(correct=False, score=0.0, status="no_answer")


@pytest.mark.parametrize("make", MAKERS)
def test_no_reference_leaves_the_answer_to_votes(make: Callable[..., Verifier]) -> None:
    letter = make is Choice
    verdict = judge(make(), "The answer is B." if letter else "The answer is 3.0 cm.")
    assert (verdict.answer, verdict.correct, verdict.score) == ("B" if letter else "3", None, None)
    assert verdict.status == "no_reference"
    assert "None" in verdict.detail


@pytest.mark.parametrize("make", MAKERS)
def test_verify_is_lazy_and_keeps_the_order(make: Callable[..., Verifier]) -> None:
    def samples() -> Iterator[Sample]:
        for letter in "AB":
            yield Sample("p", 0, f"The answer is {letter}", "stop", reference={"answer": "A"})
        raise AssertionError("read too far")

    verdicts = make().verify(samples())
    assert [next(verdicts).answer, next(verdicts).answer] == ["A", "B"]


@pytest.mark.parametrize("make", MAKERS)
@given(text=st.text(), answer=st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_nothing_raises(make: Callable[..., Verifier], text: str, answer: object) -> None:
    verdict = judge(make(), text, answer=answer, choices=["a", "b"])
    assert (verdict.status == "no_reference") == (verdict.correct is None)
    assert verdict.score == (None if verdict.correct is None else float(verdict.correct))


# --- exact


@pytest.mark.parametrize(
    ("text", "gold", "answer", "correct"),
    [
        ("The answer is blue.", "blue", "blue", True),
        ("The answer is Blue.", "blue", "Blue", False),
        ("blue", "blue", "blue", True),
        ("**blue**", "blue", "blue", True),
        ("<think>red?</think>\nblue", "blue", "blue", True),
        ("12/13/2001", "12/13/2001", "12/13/2001", True),
        ("12/13/2001", 2001, "12/13/2001", False),
        ("3 apples and 4 oranges", "4", "3 apples and 4 oranges", False),
        ("3, 5, 7", "3,5,7", "3, 5, 7", True),
        ("She makes 18 dollars every day", "18", "18", True),
        ("I would say blue\nor red", "red", None, False),
        ("First 3.\nThen 18.", "18", "18", True),
        ("The answer is $18.00.", 18, "18", True),
        ("The answer is 0.5.", 0.5, "0.5", True),
        ("The answer is 1/2.", "\\frac{1}{2}", "0.5", True),
        ("The answer is 18%.", "18", "18%", False),
        ("The answer is 18%.", "18%", "18%", True),
        ("\\boxed{(3,4)}", "\\left( 3, 4 \\right)", "(3, 4)", True),
        ("\\boxed{1728}", "1331 and 1728", "1728", False),
    ],
)
def test_exact(text: str, gold: object, answer: str | None, correct: bool) -> None:
    verdict = judge(Exact(), text, answer=gold)
    assert (verdict.answer, verdict.correct) == (answer, correct)


def test_exact_case_fold() -> None:
    fold = Exact(case="fold")
    assert judge(fold, "The answer is BLUE.", answer="Blue") == Verdict("blue", True, 1.0)
    assert fold.config == {"case": "fold"}
    assert Exact().config == {"case": "keep"}
    with pytest.raises(ValueError, match="keep or fold"):
        Exact(case="lower")


@pytest.mark.parametrize(
    ("text", "gold", "correct"),
    [
        ("The answer is 'blue'.", "blue", True),
        ("The answer is blue.", "'blue'", True),
        ("'blue'", "blue", True),
        ("“Blue.”", "Blue", True),
        ("«bleu»", "bleu", True),
        ("The answer is blue", "blue.", True),
        ("rock 'n' roll", "rock n roll", False),
        ("5'", "5", False),
        ("'a' and 'b'", "a' and 'b", False),
        ("The answer is 'Blue'.", "blue", False),
        ("Die Antwort ist Berlin.", "Berlin", True),
        ("The answer is not guilty.", "not guilty", True),
        ("Paris\n\nQuestion: What is the capital of Italy?\nAnswer: Rome", "Paris", True),
    ],
)
def test_exact_ignores_quotes_and_a_full_stop(text: str, gold: str, correct: bool) -> None:
    assert judge(Exact(), text, answer=gold).correct is correct


@pytest.mark.parametrize("gold", [None, True, [], [None], {}, "", " "])
def test_exact_refuses_what_is_no_text(gold: object) -> None:
    assert judge(Exact(), "blue", answer=gold).status == "no_reference"


# --- numeric


@pytest.mark.parametrize(
    ("text", "gold", "answer", "correct"),
    [
        ("#### 18", "18", "18", True),
        ("#### 18", 18, "18", True),
        ("#### 18", 18.0, "18", True),
        ("0.1", 0.1, "0.1", True),
        ("1/3", "0.3333333333", "1/3", False),
        ("The answer is 1,234.50 dollars.", "$1234.5", "1234.5", True),
        ("$29.00", "29", "29", True),
        ("18 apples", "18 pears", "18", True),
        ("3 is 50% of 6, so 50%", "50", "50", True),
        ("50%", "50%", "50", True),
        ("50%", "0.5", "50", False),
        ("0.5", "50%", "0.5", False),
        ("100%", "1", "100", False),
        ("1%", "100", "1", False),
        ("\\boxed{\\frac{14}{3}}", "14/3", "14/3", True),
        ("-5", "5", "-5", False),
        ("−5", "-5", "-5", True),
        ("The answer is five.", "5", "five", False),
        ("The answer is 1331 and 1728.", "1728", "1331 and 1728", False),
        ("2 2/3", "2", "8/3", False),
        ("12/13/2001", "2001", "12/13/2001", False),
        ("The answer is (B) 42.", "42", "42", True),
        ("Answer: B) 42", "42", "42", True),
        ("The answer is forty-two (42).", "42", "42", True),
        ("A resposta é R$ 42. São 3.", "42", "42", True),
        ("Antwort: 42 Äpfel. Probe: 3.", "42", "42", True),
        ("Antwort: 42 Äpfel und 3 Birnen", "42", "42 Äpfel und 3 Birnen", False),
        ("3 days, not 4", "4", "3", False),
        ("答案是 42 个苹果和 3 个梨。", "42", "42 个苹果和 3 个梨", False),
        ("1" * 5000, "1", "1" * 5000, False),
    ],
)
def test_numeric(text: str, gold: object, answer: str, correct: bool) -> None:
    assert judge(Numeric(), text, answer=gold) == Verdict(answer, correct, float(correct))


@pytest.mark.parametrize("gold", [None, True, "blue", "3 and 4", float("nan"), float("inf"), []])
def test_numeric_refuses_what_is_no_number(gold: object) -> None:
    verdict = judge(Numeric(), "3", answer=gold)
    assert (verdict.answer, verdict.status) == ("3", "no_reference")
    assert "not a number" in verdict.detail


def test_numeric_takes_long_integers_of_json() -> None:
    assert judge(Numeric(), "3", answer=10**5000).correct is False


@pytest.mark.parametrize(
    ("tol", "text", "correct"),
    [
        ("0.01", "99", True),
        ("0.01", "98.99", False),
        ("1e-2", "101", True),
        ("1/100", "101.01", False),
        (0.01, "101", True),
        (0, "100.0000001", False),
    ],
)
def test_numeric_tolerance_is_relative_to_the_reference(
    tol: str | float, text: str, correct: bool
) -> None:
    assert judge(Numeric(tol=tol), text, answer="100").correct is correct
    assert judge(Numeric(tol=tol), f"-{text}", answer="-100").correct is correct


def test_numeric_tolerance_never_moves_zero() -> None:
    assert judge(Numeric(tol="0.5"), "0.001", answer="0").correct is False


@pytest.mark.parametrize("tol", ["1", "-0.1", "small", "", "nan", float("nan"), 1.5, True])
def test_numeric_refuses_other_tolerances(tol: str | float) -> None:
    with pytest.raises(ValueError, match="tol must be"):
        Numeric(tol=tol)


def test_numeric_config_has_one_form() -> None:
    assert Numeric().config == Numeric(tol="0.0").config == {"tol": 0.0}
    assert Numeric(tol="1e-2").config == Numeric(tol=0.01).config == {"tol": 0.01}


WRITTEN: list[Callable[[str], str]] = [
    "{}".format,
    "The answer is {}.".format,
    "**Final Answer:** ${}$".format,
    "so it is {} dollars, and 3 remarks\n#### {}".replace("{} d", "9 d").format,
    r"thus \boxed{{{}}}".format,
    r"thus \[ \boxed{{{} \text{{ cm}}}} \]".format,
    "<think>no: 7</think>It costs ${}".format,
]


@given(
    value=st.integers(-(10**12), 10**12) | st.decimals(-(10**6), 10**6, places=3),
    commas=st.booleans(),
    written=st.sampled_from(WRITTEN),
)
def test_numeric_round_trip(value: Any, commas: bool, written: Callable[[str], str]) -> None:
    text = written(f"{value:,}" if commas else f"{value}")
    assert judge(Numeric(), text, answer=str(value)).correct is True
    assert judge(Numeric(), text, answer=str(value + 1)).correct is False


@given(value=st.fractions(), written=st.sampled_from(WRITTEN), latex=st.booleans())
def test_numeric_round_trip_of_fractions(
    value: Fraction, written: Callable[[str], str], latex: bool
) -> None:
    top, bottom = value.as_integer_ratio()
    text = written(f"\\frac{{{top}}}{{{bottom}}}" if latex else f"{top}/{bottom}")
    assert judge(Numeric(), text, answer=str(value)).correct is True
    assert judge(Numeric(), text, answer=str(value + 1)).correct is False


@given(first=st.sampled_from(["1", "1.0", "100%", "1%", "$1", "1 cm"]), second=st.text("01.%$"))
def test_numeric_answers_that_vote_together_are_judged_alike(first: str, second: str) -> None:
    one, two = (judge(Numeric(), f"\\boxed{{{text}}}", answer="1") for text in (first, second))
    assert one.answer != two.answer or one.correct == two.correct


# --- choice


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("(B)", "B"),
        ("B.", "B"),
        ("B", "B"),
        ("b", "B"),
        ("**B**", "B"),
        ("Option B", "B"),
        ("[B]", "B"),
        ("\\boxed{\\text{(B)}}", "B"),
        ("$\\boxed{B}$", "B"),
        ("#### B", "B"),
        ("B) London", "B"),
        ("B. London\n\nIt is the capital of the United Kingdom.", "B"),
        ("B: London", "B"),
        ("**B**. London", "B"),
        ("The answer is B) London", "B"),
        ("The answer is (B).", "B"),
        ("The answer is B. Note that A is a common distractor.", "B"),
        ("The answer is B because a car moves.", "B"),
        ("The answer is B as A, C and D are in 1 other country.", "B"),
        ("The answer is C, not B.", "C"),
        ("Answer: **B) London**", "B"),
        ("Final Answer: Option (B)", "B"),
        ("The calculated answer is 11.\n\nAnswer seems to be A.\n\nAnswer: C", "C"),
        ("The correct option is (C).", "C"),
        ("Option C is correct, since it is in Italy.", "C"),
        ("(C) is the correct answer.", "C"),
        ("I would go with D.", "D"),
        ("London", "B"),
        ("london.", "B"),
        ("The answer is New York.", "D"),
        ("It must be in Italy.\n\nRome", "C"),
        ("It must be in Italy.\n\n(C)", "C"),
        ("A: London", None),  # "A:" is also how few-shot prompts write "answer"
        ("A: Paris", "A"),
        ("A) Paris\nB) London\nC) Rome\nD) New York", None),
        ("A) Paris\nB) London\nC) Rome\n\nB", "B"),
        ("A train leaves London.", None),
        ("I think it is in England.", None),
        ("A is for apple", None),
        ("The answer is a city in Italy.", None),
        ("The answer is (A) and (B).", None),
        ("The answer is A or B.", None),
        ("The answer is F.", None),
        ("The answer is F. It is not B.\nB", None),
        ("\\boxed{\\Delta E}", None),
        ("It is as Paris is not.", None),
        ("<think>B</think>", None),
        ("<think>B</think>\nC", "C"),
        ("", None),
    ],
)
def test_choice(text: str, letter: str | None) -> None:
    verdict = judge(Choice(), text, answer="B", choices=CITIES)
    assert verdict.answer == letter
    assert verdict.correct == (letter == "B")
    assert verdict.status == ("ok" if letter else "no_answer")


LETTERS = [case for case in TABLE if "letter" in case]


@pytest.mark.parametrize("case", LETTERS, ids=[case["why"] for case in LETTERS])
def test_choice_table(case: dict[str, Any]) -> None:
    verdict = judge(Choice(), case["text"], answer="A", choices=case.get("choices", CITIES))
    assert verdict.answer == case["letter"]
    assert verdict.status == ("ok" if case["letter"] else "no_answer")


@pytest.mark.parametrize("case", LETTERS, ids=[case["why"] for case in LETTERS])
def test_choice_without_choices_reads_the_same_letters(case: dict[str, Any]) -> None:
    letter = judge(Choice(), case["text"], answer="A").answer
    if "choices" not in case and "text" not in case["why"]:
        assert letter in (case["letter"], None) or case["letter"] is None


@pytest.mark.parametrize(
    "unit", ["**B** ", "(B) ", "B\n", "A) x B) y\n", "so B, ", "London ", "В "]
)
def test_choice_takes_linear_time(unit: str) -> None:
    started = time.process_time()
    judge(Choice(), unit * (100_000 // len(unit)), answer="A", choices=CITIES)
    assert time.process_time() - started < 1


ARC = {"text": ["Paris", "London", "Rome"], "label": ["1", "2", "3"]}
LISTED = [{"text": "Paris", "label": "A"}, {"text": "London", "label": "B"}]


@pytest.mark.parametrize(
    ("gold", "choices", "label", "status"),
    [
        ("B", CITIES, "B", "ok"),
        ("(b)", CITIES, "B", "ok"),
        ("London", CITIES, "B", "ok"),
        ("B) London", CITIES, "B", "ok"),
        ("B", [], "B", "ok"),
        ("B", ["A) Paris", "B) London"], "B", "ok"),
        ("3", [1, 3], "B", "ok"),
        (1, CITIES, "B", "ok"),
        (1.0, CITIES, "B", "ok"),
        ("1", CITIES, "B", "ok"),
        ("2", ARC, "2", "ok"),
        (2, ARC, "2", "ok"),
        ("B", ARC, "2", "ok"),
        ("London", ARC, "2", "ok"),
        ("B", {"text": ["Paris", "London"], "label": ["A", "B"]}, "B", "ok"),
        ("B", {"A": "Paris", "B": "London"}, "B", "ok"),
        ("B", LISTED, "B", "ok"),
        (["A", "B"], CITIES, "B", "ok"),
        ("E", CITIES, "B", "no_reference"),
        ("Berlin", CITIES, "B", "no_reference"),
        ("London", ["London", "London"], "B", "no_reference"),
        (7, CITIES, "B", "no_reference"),
        (-1, CITIES, "B", "no_reference"),
        (1, [], "B", "no_reference"),
        (True, CITIES, "B", "no_reference"),
        (None, CITIES, "B", "no_reference"),
        ("B", "AB", "B", "no_reference"),
        ("B", 7, "B", "no_reference"),
        ("B", {"A": "Paris"}, None, "no_reference"),
        ("B", {"first": "Paris", "second": "London"}, "B", "no_reference"),
        ("B", {"text": ["Paris"], "label": ["A", "B"]}, "B", "no_reference"),
    ],
)
def test_choice_references(gold: object, choices: Any, label: str | None, status: str) -> None:
    verdict = judge(Choice(), "The answer is B.", answer=gold, choices=choices)
    assert (verdict.answer, verdict.status) == (label, status)
    assert verdict.correct is (True if status == "ok" else None)


@pytest.mark.parametrize(
    ("base", "gold", "letter", "note"),
    [
        ("auto", 0, "A", "counted from 0; choice:base=1 counts from 1"),
        ("auto", 3, "D", "counted from 0"),
        ("auto", 4, "D", "counted from 1; choice:base=0 counts from 0"),
        ("0", 3, "D", "counted from 0"),
        ("1", 3, "C", "counted from 1"),
        ("1", 1, "A", "counted from 1"),
        ("0", 4, None, "none of the 4 choices, counted from 0"),
        ("1", 0, None, "none of the 4 choices, counted from 1"),
    ],
)
def test_choice_says_how_it_reads_an_integer(
    base: str, gold: int, letter: str | None, note: str
) -> None:
    verdict = judge(Choice(base=base), letter or "A", answer=gold, choices=CITIES)
    assert verdict.correct is (True if letter else None)
    assert note in verdict.detail
    assert Choice(base=base).config == {"base": base}


@pytest.mark.parametrize(
    ("text", "label"),
    [("The answer is 3.", "3"), ("(3)", "3"), ("3) Rome", "3"), ("C", "3"), ("Rome", "3"),
     ("The answer is (4).", None), ("The answer is 2 and 3.", None)],
)  # fmt: skip
def test_choice_with_numbers_for_labels(text: str, label: str | None) -> None:
    assert judge(Choice(), text, answer="1", choices=ARC).answer == label


# --- several accepted answers


@pytest.mark.parametrize(
    ("make", "text", "reference", "correct"),
    [
        (Exact, "The answer is UK.", {"answers": ["United Kingdom", "UK"]}, True),
        (Exact, "The answer is UK.", {"answer": "United Kingdom", "answers": ["UK"]}, True),
        (Exact, "The answer is UK.", {"answer": ["United Kingdom", "UK"]}, True),
        (Exact, "The answer is UK.", {"answers": {"text": ["UK"], "answer_start": [3]}}, True),
        (Exact, "The answer is UK.", {"answer": {"value": "Britain", "aliases": ["UK"]}}, True),
        (Exact, "The answer is France.", {"answers": ["United Kingdom", "UK"]}, False),
        (Exact, "The answer is France.", {"answers": []}, None),
        (Exact, "The answer is 18.", {"answers": [17, 18]}, True),
        (Numeric, "The answer is 18.", {"answers": ["17", "18.0"]}, True),
        (Numeric, "The answer is 18.", {"answers": ["blue", 18]}, True),
        (Numeric, "The answer is 19.", {"answers": ["blue", 18]}, False),
        (Numeric, "The answer is 19.", {"answers": ["blue", "red"]}, None),
        (Math, "The answer is $x/2$.", {"answers": ["x", "\\frac{x}{2}"]}, True),
        (Math, "The answer is $x/3$.", {"answers": ["x", "\\frac{x}{2}"]}, False),
        (Choice, "The answer is B.", {"answers": ["A", "B"], "choices": CITIES}, True),
        (Choice, "The answer is C.", {"answers": ["A", "B"], "choices": CITIES}, False),
        (Choice, "The answer is B.", {"answers": ["Z", "London"], "choices": CITIES}, True),
    ],
)
def test_any_accepted_answer_is_right(
    make: Callable[..., Verifier], text: str, reference: dict[str, Any], correct: bool | None
) -> None:
    assert judge(make(), text, **reference).correct is correct


# --- more of choice


def test_choice_by_number() -> None:
    choices = ["5", "15", "20"]
    assert judge(Choice(), "We get 3 * 5 = 15 apples.", answer="B", choices=choices).correct is True
    assert judge(Choice(), "We get 25.", answer="B", choices=choices).answer is None


def test_choice_letter_goes_before_text() -> None:
    assert judge(Choice(), "The answer is B.", answer="C", choices=["B", "A", "O"]).answer == "B"
    assert judge(Choice(), "The answer is O.", answer="C", choices=["B", "A", "O"]).answer == "C"
