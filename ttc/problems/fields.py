"""The fields of a record of a dataset: their names, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.records import Message

ASK = ("prompt", "question", "problem", "input")
ANSWER = ("answer", "expected_answer", "target", "answerKey")
IDENTIFIER = ("id", "unique_id", "task_id")

KEPT = ("answers", "inputs", "outputs", "input_output", "tests", "test_list", "model", "variables")
# Those of programs that are tested by inputs and outputs, as the datasets name them.
CASES: tuple[str, ...] = ("fn_name", "starter_code", "checker", "generated_checker", "compare")
CASES += ("comparison", "tolerance", "eps", "epsilon", "atol", "rtol")
CASES += ("test_cases", "official_tests", "public_test_cases", "private_test_cases", "metadata")
CASES += ("public_tests", "private_tests", "generated_tests", "verification_info")


def text(record: Mapping[str, Any], *names: str) -> str:
    """Return the first of these fields that a record has; KeyError if none, ValueError if it is no
    text."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None:
            raise ValueError(f"{name!r} must be a non-empty string")
    raise KeyError(names[0])


def identifier(record: Mapping[str, Any], default: str) -> str:
    """Return the identifier of a record, or else the default; ValueError if it is none."""
    for name in IDENTIFIER:
        value = record.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise ValueError(f"{name!r} must be a string or an integer")
        if value not in (None, ""):
            return str(value)
    return default


def ask(question: str) -> tuple[Message, ...]:
    """Return the messages that ask a question."""
    return (Message("user", question),)
