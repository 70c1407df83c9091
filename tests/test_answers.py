"""The answer extractor: a table of texts, the spelling of numbers, hostile input, gold sets."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.answers.extract import canonical, extract, number, own, stated, visible

TABLE = json.loads((Path(__file__).parent / "answer_cases.json").read_text(encoding="utf-8"))
CASES = [case for case in TABLE if "answer" in case]  # the others have a letter for `choice`
DATA = Path(__file__).parents[1] / ".." / "shared" / "data"

# Text made of what the grammar looks for finds more than letters at random do.
VOCABULARY = (
    r"\boxed{ \fbox{ \boxed \frac \dfrac12 \frac{1}{2} \text{ \left( \right) \circ \! \, \% { } ( )"
    " [ ] 0 1 4,567 .5 3/4 1e5 10^ ^{ _ $ % € - − + = , . : ; ! ? * ** ` #### ° ½ ² ٣ x pi (B) A B."
    " <think> </think> <answer> answer: Answer is final step million dollars because about minus"
    " not but Question: User: Q: Wait, Antwort: ist réponse 答案是 উত্তর ４ **7** | --- </answer>"
)
FRAGMENTS = st.lists(
    st.sampled_from([*VOCABULARY.split(), " ", "\n", "  ", "the answer is ", "\u2009"]), max_size=12
).map("".join)


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of a data set that lies beside the checkout of some machines only."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_table(case: dict[str, str | None]) -> None:
    text = case["text"]
    assert text is not None
    found = extract(text)
    assert (None if found is None else canonical(found)) == case["answer"]


def test_the_table_is_large_and_has_no_repeats() -> None:
    assert len({case["text"] for case in CASES}) == len(CASES) >= 400
    assert all(case["why"] for case in TABLE)
    asked = {(case["text"], *case.get("choices", ())) for case in TABLE if "letter" in case}
    assert len(asked) == len(TABLE) - len(CASES) >= 400


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_what_is_cut_off_changes_nothing(case: dict[str, str | None]) -> None:
    """What `own` returns gives the same answer, and is its own."""
    shown = own(case["text"] or "")
    assert own(shown) == shown
    assert extract(shown) == extract(case["text"] or "")


@pytest.mark.parametrize("case", CASES[:60], ids=[case["why"] for case in CASES[:60]])
@pytest.mark.parametrize(
    "further",
    [
        "\n\nQuestion: How much are 3 and 4?\nAnswer: 3 + 4 = 7\n#### 7",
        "\n\nQ: How much are 3 and 4?\nA: The answer is 7.",
        "<|im_end|>\n<|im_start|>user\nAnd 3 + 4?<|im_end|>\n<|im_start|>assistant\n\\boxed{7}",
        "\n\n### Instruction:\nAdd 3 and 4.\n\n### Response:\n\\boxed{7}",
    ],
)
def test_a_further_question_changes_nothing(case: dict[str, str | None], further: str) -> None:
    text = case["text"] or ""
    if stated(text) and "think" not in text.lower():
        assert extract(text + further) == extract(text)


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("18.00", "18"),
        ("$18", "18"),
        ("18 dollars", "18"),
        ("US$18", "18"),
        ("USD 18", "USD 18"),  # letters before a number may be anything: only signs are currency
        ("€1,000", "1000"),
        ("1,000", "1000"),
        ("1,00", "1, 00"),
        ("10\\,080", "10080"),
        ("11,\\! 111,\\! 111,\\! 100", "11111111100"),
        ("0.5", "0.5"),
        ("1/2", "0.5"),
        ("1 / 2", "0.5"),
        (".5", "0.5"),
        ("\\frac12", "0.5"),
        ("\\dfrac{1}{2}", "0.5"),
        ("-\\frac{1}{2}", "-0.5"),
        ("\\frac{-1}{2}", "-0.5"),
        ("2/6", "1/3"),
        ("1\\frac{4}{5}", "1.8"),
        ("137 \\frac{1}{2}", "137.5"),
        ("4 10/3", "4 10/3"),
        ("5/0", "5/0"),
        ("-0", "0"),
        ("- 5", "-5"),
        ("negative 5", "-5"),
        ("+5", "5"),
        ("50%", "50%"),
        ("50\\%", "50%"),
        ("50 percent", "50%"),
        ("50.0 % of the eggs", "50%"),
        ("1e3", "1000"),
        ("1.5 \\times 10^{3}", "1500"),
        ("10^5", "100000"),
        ("2 thousand", "2000"),
        ("2 dozen", "24"),
        ("90^\\circ", "90"),
        ("98.6 °F", "98.6"),
        ("864 \\mbox{ inches}^2", "864"),
        ("\\frac{270}7\\text{ degrees}", "270/7"),
        ("$18.00/hour", "18"),
        ("60 km/h", "60"),
        ("5cm", "5"),
        ("5 m", "5"),
        ("5x", "5x"),
        ("5 x", "5x"),
        ("2 pi", "2 pi"),
        ("5 squared", "5 squared"),
        ("2 thirds", "2 thirds"),
        ("3 apples and 4 oranges", "3 apples and 4 oranges"),
        ("12 Monkeys", "12 Monkeys"),
        ("8 PM", "8 PM"),
        ("5!", "5!"),
        ("0.333...", "1/3"),
        ("52_8", "52_8"),
        ("4210_{5}", "4210_5"),
        ("p - q", "p-q"),
        ("(3,4)", "(3, 4)"),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3, \\frac{\\pi}{2})"),
        ("3 \\pm 2 \\sqrt2", "3\\pm2\\sqrt{2}"),
        ("\\text{(C)}", "C"),
        ("**New  York**.", "New York"),
        ("New York", "New York"),
        ("new york", "new york"),
        ("1" * 5000, "1" * 5000),
        ("1e999999999", "1e999999999"),
        ("10^9999", "10^9999"),
        ("٣", "3"),
        (".", "."),
        ("", ""),
    ],
)
def test_spelling(written: str, spelt: str) -> None:
    assert canonical(written) == spelt


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("50%", Fraction(50)),
        ("0.1", Fraction(1, 10)),
        ("18 dollars", Fraction(18)),
        ("x = -1/3", Fraction(-1, 3)),
        ("3 and 4", None),
        ("", None),
        ("1" * 300, None),
    ],
)
def test_number(text: str, value: Fraction | None) -> None:
    assert number(text) == value


def test_stated_needs_a_cue() -> None:
    assert stated("18 apples") is None
    assert stated("The answer is 18 apples.") == "18 apples"


def test_visible_keeps_text_without_blocks() -> None:
    assert visible("a < b <thinker> c") == "a < b <thinker> c"


@given(st.one_of(st.text(), FRAGMENTS))
def test_nothing_raises_and_spelling_is_stable(text: str) -> None:
    found = extract(text)
    assert found is None or found.strip()
    spelt = canonical(text)
    assert canonical(spelt) == spelt
    assert bool(spelt) == bool(text.strip())
    value = number(text)
    assert value is None or number(spelt) == value


@given(FRAGMENTS)
def test_a_closed_thought_changes_nothing(text: str) -> None:
    answer = extract(text)
    if "think>" not in text:
        assert extract(f"<think>{text} 7</think>{text}") == answer


@given(FRAGMENTS)
def test_own_text_is_cut_once(text: str) -> None:
    shown = own(text)
    if "think>" not in text:
        assert own(shown) == shown
        assert extract(shown) == extract(text)
    assert shown == own(text)


@given(st.fractions() | st.decimals(allow_nan=False, allow_infinity=False, places=4).map(Fraction))
def test_equal_numbers_have_one_spelling(value: Fraction) -> None:
    spelt = canonical(str(value))
    assert number(spelt) == value
    latex = f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    assert canonical(latex) == canonical(f"${value}.") == spelt


@pytest.mark.parametrize(
    "unit",
    [
        *("{", "}", "1", "1 ", "1,234,", "1/", "1.", "-", "$", "#", "*", "\n", " ", "a ", "^{"),
        *("<think>", "</think>", "\\boxed{", "\\boxed{}", "\\frac{", "\\text{", "\\", "10^"),
        *("answer: ", "answer: not 5\n", "the answer is ", "answer   ", "Step 1 ", "1:"),
        *("#### ", "#### 5 or 6:\n", "answer: one 2 three four five six seven.\n"),
        *("Question: ", "Question: a\n", "Q: x?\nA: y\n", "# Question\n", "User: a b c d\n"),
        *("<|im_end|>", "<answer>", "<answer>x</answer>", "[ANSWER]", '"answer": "', "answer ("),
        *(
            "答",
            "答え",
            "答案是 ",
            "答：",
            "উত্তর ",
            "réponse a b c ",
            "Ответ не ",
            "คำตอบ",
            "답은 5 ",
        ),
        *(
            "not 4 ",
            "4 is wrong ",
            "≠ 4 ",
            "instead of 4 ",
            "Wait, ",
            "wait, it is 5 ",
            "So **5**\n",
        ),
        *(
            "| ",
            "|--|--|\n",
            "| answer | 5 |\n|--|--|\n",
            "answer isn't a, but b. ",
            "４",
            "é ",
            "'",
        ),
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.process_time()
    for tail in ("", "}" * 20_000):
        extract(text + tail)
        canonical(text + tail)
        number(text + tail)
    # A third of it here at worst; quadratic work takes minutes.
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "unit", ["The eggs are 16, not 4. ", "So we add 3 and\n", "答案是5。", "{x} "]
)
def test_a_megabyte_takes_linear_time(unit: str) -> None:
    def seconds(text: str) -> float:
        started = time.process_time()
        found.append(extract(text))
        return time.process_time() - started

    found: list[str | None] = []
    text = unit * (1_000_000 // len(unit))
    quarter = min(seconds(text[:250_000]) for _ in range(2))
    # Half a second here; quadratic work takes sixteen times as long as for a quarter.
    assert min(seconds(text) for _ in range(2)) < 9 * quarter + 0.1
    assert found[-1] == found[-2]


def test_every_gsm8k_solution_gives_its_gold() -> None:
    for row in rows("gsm8k_test.jsonl"):
        gold = row["answer"].rpartition("#### ")[2]
        assert extract(row["answer"]) == gold
        assert number(gold) == Fraction(gold.replace(",", ""))


def test_math500_solutions_spell_their_answers() -> None:
    agree = 0
    for row in rows("math500.jsonl"):
        found = extract(row["solution"])
        agree += found is not None and canonical(found) == canonical(row["answer"])
    assert agree == 500
