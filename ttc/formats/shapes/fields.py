"""The fields of a record of a dataset: their names, and how they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ttc.formats.shapes import noting
from ttc.formats.shapes.noting import plain
from ttc.records import Message

ASK = ("prompt", "question", "problem", "input")
ANSWER = ("answer", "expected_answer", "target", "answerKey")
# Texts that questions are about.
ABOUT: tuple[str, ...] = (
    "passage",
    "context",
    "article",
    "paragraph",
    "story",
    "document",
    "background",
)
ABOUT += ("narrative", "scenario")
_ASKS = re.compile(
    r"(?:question|problem|prompt|query|puzzle|riddle|instruction)"
    r"(?:[_ ]?(?:text|content|statement|description|stem|body))?",
    re.I,
)
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


def optional(record: Mapping[str, Any], name: str) -> str:
    """Return a text that may be missing, null or blank, without white space around it; "" then.
    ValueError for anything but a text."""
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name!r} must be a string")
    return (value or "").strip()


def asked(record: Mapping[str, Any], *names: str) -> str:
    """Return the texts of several fields as one question, a blank line between them; those that
    are missing or blank are left out. KeyError if the last one is."""
    parts, part = [], ""
    for name in names:
        if part := optional(record, name):
            parts.append(part if len(names) > 1 else record[name])
            noting.role(record, "question", name)
    if not part:
        raise KeyError(names[-1])
    return "\n\n".join(parts)


def asking(record: Mapping[str, Any]) -> str | None:
    """Return the field of the question by its name: one of ASK, or else the first with a text that
    is called so too (`Question`, `problem_statement`); None without one. Its reading is not noted.
    """
    there = plain(record)
    named = next((name for name in ASK if there.get(name) is not None), None)
    return named or next(
        (name for name in there if _ASKS.fullmatch(name) and has(there, name, str)), None
    )


def identifier(record: Mapping[str, Any], default: str, *own: str) -> str:
    """Return the identifier of a record, or else the default; ValueError if it is none. `own` are
    the names that the dataset has for it besides IDENTIFIER."""
    there = plain(record)
    for name in (*IDENTIFIER, *own):
        if name not in there:
            continue
        value = record[name]
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # as pandas writes a column of integers that lacks some
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            raise ValueError(f"{name!r} must be a string or an integer")
        if value not in (None, ""):
            return str(value)
    return default


def scalar(name: str, value: object) -> str | None:
    """Return an answer as text: a number in digits, a boolean as JSON has it; None for null and
    blank text. ValueError for anything else."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if not isinstance(value, (str, int, float)):
        raise ValueError(f"{name!r} must be a string or a number")
    return value if isinstance(value, str) else repr(value)


def answer(record: Mapping[str, Any], *names: str) -> str | None:
    """Return the first answer there is in these fields, as `scalar` gives it, or None."""
    for name in names:
        if (found := scalar(name, record.get(name))) is not None:
            noting.role(record, "reference", name)
            return found
    return None


def several(record: Mapping[str, Any], name: str) -> list[str]:
    """Return the texts of a list of accepted answers, blank ones left out. ValueError for anything
    but a list of texts and numbers."""
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name!r} must be a list")
    found = [each for each in (scalar(name, item) for item in value) if each is not None]
    if found:
        noting.role(record, "reference", name)
    return found


def has(record: Mapping[str, Any], name: str, *kinds: type) -> bool:
    """Return whether a field holds one of these types; its reading is not noted."""
    value = plain(record).get(name)
    return isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)


def some(record: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return those of the names whose fields hold something: neither null nor empty."""
    there = plain(record)
    return [name for name in names if there.get(name) not in (None, "", [], {})]


def about(record: Mapping[str, Any], *more: str) -> str | None:
    """Return the one field of a text that the question is about, or None; its reading is not
    noted."""
    there = plain(record)
    found = [
        name
        for name in (*ABOUT, *more)
        if name in there and has(there, name, str) and there[name].strip()
    ]
    return found[0] if len(found) == 1 else None


def ask(question: str) -> tuple[Message, ...]:
    """Return the messages that ask a question."""
    return (Message("user", question),)
