"""The example files are what they claim: every reference is proved, not trusted."""

from __future__ import annotations

import ast
import doctest
import json
import operator
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ttc.config import SETTINGS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLES = Path(__file__).parents[1] / "examples"
LEVELS = {1: "easy", 2: "medium", 3: "hard"}
STEPS = {1: range(1, 2), 2: range(2, 4), 3: range(4, 20)}
NUMBER = re.compile(r"\d+(?:\.\d+)?")
OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction | int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def records(name: str) -> list[dict[str, Any]]:
    """Return the objects of one example file, a line each."""
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


ARITHMETIC = records("arithmetic.jsonl")
CHOICE = records("choice.jsonl")
CODE = records("code.jsonl")


def value(node: ast.AST) -> Fraction:
    """Return the exact value of plain arithmetic; refuse every other syntax."""
    match node:
        case ast.Expression(body=body):
            return value(body)
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Fraction(str(number))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return Fraction(OPERATORS[type(op)](value(left), value(right)))
    raise ValueError(f"not arithmetic: {ast.dump(node)}")


def ids(rows: list[dict[str, Any]], key: str = "id") -> list[str]:
    """Return what names each record."""
    return [row[key] for row in rows]


@pytest.mark.parametrize("source", ["abs(-3)", "2 ** 9", "-1", "x + 1", "'a' * 3", "True + 1"])
def test_the_evaluator_refuses_what_is_not_plain_arithmetic(source: str) -> None:
    with pytest.raises(ValueError, match="not arithmetic"):
        value(ast.parse(source, mode="eval"))


def test_decimals_are_evaluated_exactly() -> None:
    assert value(ast.parse("0.1 * 3 + 7 // 2 % 2", mode="eval")) == Fraction(13, 10)


@pytest.mark.parametrize(
    ("rows", "key"),
    [(ARITHMETIC, "id"), (CHOICE, "id"), (CODE, "task_id")],
    ids=["arithmetic", "choice", "code"],
)
def test_ids_are_unique(rows: list[dict[str, Any]], key: str) -> None:
    assert len(set(ids(rows, key))) == len(rows)


def test_each_level_has_its_24_problems_in_order() -> None:
    expected = [(n, f"{name}-{i:02}") for n, name in LEVELS.items() for i in range(1, 25)]
    assert [(row["level"], row["id"]) for row in ARITHMETIC] == expected
    assert len(ARITHMETIC) >= 60


@pytest.mark.parametrize("row", ARITHMETIC, ids=ids(ARITHMETIC))
def test_the_solution_proves_the_answer(row: dict[str, Any]) -> None:
    assert row.keys() == {"id", "level", "question", "answer", "solution"}
    assert NUMBER.fullmatch(row["answer"])
    tree = ast.parse(row["solution"], mode="eval")
    assert value(tree) == Fraction(row["answer"])
    assert sum(isinstance(node, ast.BinOp) for node in ast.walk(tree)) in STEPS[row["level"]]


@pytest.mark.parametrize("row", ARITHMETIC, ids=ids(ARITHMETIC))
def test_a_question_gives_nothing_away(row: dict[str, Any]) -> None:
    question = row["question"]
    assert question.endswith("?")
    assert "=" not in question
    assert row["solution"].replace(" ", "") not in question.replace(" ", "")
    assert row["answer"] not in NUMBER.findall(question)


def test_no_two_questions_differ_only_in_their_numbers() -> None:
    shapes = [NUMBER.sub("#", row["question"]).casefold() for row in ARITHMETIC + CHOICE]
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize("row", CHOICE, ids=ids(CHOICE))
def test_a_choice_answer_names_one_of_four_choices(row: dict[str, Any]) -> None:
    assert row.keys() == {"id", "question", "choices", "answer"}
    assert len(set(row["choices"])) == len(row["choices"]) == 4
    assert row["answer"] in tuple("ABCD")


def test_choice_letters_are_spread_evenly() -> None:
    assert Counter(row["answer"] for row in CHOICE) == dict.fromkeys("ABCD", 3)


@pytest.mark.parametrize("row", CODE, ids=ids(CODE, "entry_point"))
def test_a_canonical_solution_passes_its_own_test(row: dict[str, Any]) -> None:
    assert row.keys() == {"task_id", "prompt", "entry_point", "canonical_solution", "test"}
    scope: dict[str, Any] = {"__name__": "example"}
    exec(row["prompt"] + row["canonical_solution"] + "\n" + row["test"], scope)
    function = scope[row["entry_point"]]
    scope["check"](function)
    (examples,) = doctest.DocTestFinder().find(function, row["entry_point"], False, scope)
    assert len(examples.examples) >= 2
    assert doctest.DocTestRunner().run(examples).failed == 0


@pytest.mark.parametrize("row", CODE, ids=ids(CODE, "entry_point"))
@pytest.mark.parametrize("body", ["    return None\n", "    return 0\n", "    return ''\n"])
def test_a_wrong_body_fails_the_test(row: dict[str, Any], body: str) -> None:
    scope: dict[str, Any] = {}
    exec(row["prompt"] + body + "\n" + row["test"], scope)
    with pytest.raises(AssertionError):
        scope["check"](scope[row["entry_point"]])


def test_the_sample_configuration_sets_only_an_alias() -> None:
    text = (EXAMPLES / "ttc.toml").read_text(encoding="utf-8")
    alias = {"model": "llamacpp:smollm2", "temperature": 0.6, "max_tokens": 256}
    assert tomllib.loads(text) == {"models": {"fast": alias}}


def test_the_sample_configuration_stays_valid_with_its_settings_switched_on() -> None:
    text = (EXAMPLES / "ttc.toml").read_text(encoding="utf-8")
    switched_on = tomllib.loads(re.sub(r"^# (?=\w+ = |\[)", "", text, flags=re.MULTILINE))
    assert switched_on.keys() - {"models"} <= SETTINGS.keys()
    assert switched_on.keys() > {"model", "n", "temperature", "thinking", "schema", "logit_bias"}
    assert switched_on["models"].keys() == {"fast", "mini"}


def test_the_draws_of_the_gate_are_what_their_maker_makes(tmp_path: Path) -> None:
    made = EXAMPLES / "gate"
    copy = tmp_path / "make.py"
    copy.write_text((made / "make.py").read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, str(copy)], check=True, timeout=60)
    for name in ("main.jsonl", "change.jsonl"):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()
