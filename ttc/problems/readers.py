"""The formats of problems: one function each, from a record's fields to a Problem.

The keys of the first record decide the format. Each function takes the record and the identifier
to use if the record has none, and returns a Problem; KeyError or ValueError names what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ttc.problems.fields import ANSWER, ASK, CASES, KEPT, ask, identifier, text
from ttc.records import Message, Problem

GSM8K_GOLD = re.compile(r"####\s*(.+?)\s*$")
CODE_REQUEST = (
    "Complete this Python function. Reply with the whole function in one code block.\n\n{prompt}"
)
PROGRAM_REQUEST = "{prompt}\n\nReply with the Python program in one code block."


def _gsm8k(record: Mapping[str, Any], default_id: str) -> Problem:
    gold = GSM8K_GOLD.search(text(record, "answer"))
    if gold is None:
        raise ValueError("'answer' has no '#### ' line")
    reference = {"answer": gold.group(1).replace(",", "")}
    question = text(record, "question")
    return Problem(identifier(record, default_id), ask(question), reference=reference)


def _math(record: Mapping[str, Any], default_id: str) -> Problem:
    from ttc.answers.extract import boxed

    answer = record.get("answer") or boxed(text(record, "solution"))
    if not isinstance(answer, str):
        raise ValueError(r"it has neither an 'answer' nor a \boxed{} in 'solution'")
    question = text(record, "problem")
    return Problem(identifier(record, default_id), ask(question), reference={"answer": answer})


def _humaneval(record: Mapping[str, Any], default_id: str) -> Problem:
    return _function(record, default_id, text(record, "test"))


def _evalplus(record: Mapping[str, Any], default_id: str) -> Problem:
    from ttc.problems import evalplus

    return _function(record, default_id, evalplus.script(record))


def _humaneval_x(record: Mapping[str, Any], default_id: str) -> Problem:
    # Its tests name the function; other fields do not.
    prompt = text(record, "prompt")
    reference = {"tests": text(record, "test"), "prompt": prompt}
    return Problem(identifier(record, default_id), ask(prompt), reference=reference)


def _livecodebench(record: Mapping[str, Any], default_id: str) -> Problem:
    asked = text(record, "question_content")
    if isinstance(starter := record.get("starter_code"), str) and starter.strip():
        asked += f"\n\nBegin with this code:\n\n{starter}"
    default_id = str(record.get("question_id") or default_id)
    return _with_cases(record, default_id, asked)


def _codecontests(record: Mapping[str, Any], default_id: str) -> Problem:
    default_id = str(record.get("name") or default_id)
    return _with_cases(record, default_id, text(record, "description"))


def _with_cases(record: Mapping[str, Any], default_id: str, asked: str) -> Problem:
    reference = {name: record[name] for name in (*KEPT, *CASES) if record.get(name) is not None}
    return Problem(identifier(record, default_id), ask(asked), reference=reference)


def _function(record: Mapping[str, Any], default_id: str, tests: str) -> Problem:
    prompt = text(record, "prompt")
    reference = {"tests": tests, "entry_point": text(record, "entry_point"), "prompt": prompt}
    return Problem(identifier(record, default_id), ask(prompt), reference=reference)


def _mbpp(record: Mapping[str, Any], default_id: str) -> Problem:
    shown = record["test_list"]
    if not isinstance(shown, list) or not shown or not all(isinstance(t, str) for t in shown):
        raise ValueError("'test_list' must be a list of asserts")
    task = text(record, *(name for name in ("text", "prompt") if name in record), "text")
    imports = record.get("test_imports") or []
    setup = "\n".join([*map(str, imports), str(record.get("test_setup_code") or "")]).strip()
    # MBPP+ has a script with many more tests than the three in the prompt.
    whole = record.get("test")
    reference = {"tests": whole if isinstance(whole, str) and whole else shown, "setup": setup}
    asked = "\n".join([f"{task} Your code should pass these tests:", "", *shown])
    name = identifier(record, default_id)
    return Problem(
        f"mbpp/{name}" if name.isdecimal() else name,
        ask(asked),
        reference=reference,
    )


def _messages(record: Mapping[str, Any]) -> tuple[Message, ...]:
    turns = record["messages"]
    if not isinstance(turns, list) or not turns:
        raise ValueError("'messages' must be a list of turns")
    for turn in turns:
        well_formed = isinstance(turn, dict) and all(
            isinstance(turn.get(part), str) for part in ("role", "content")
        )
        if not well_formed:
            raise ValueError("each of 'messages' needs 'role' and 'content', both strings")
    return tuple(Message(turn["role"], turn["content"]) for turn in turns)


def _generic(record: Mapping[str, Any], default_id: str) -> Problem:
    given = record.get("reference") or {}
    if not isinstance(given, dict):
        raise ValueError("'reference' must be an object; a plain answer goes into 'answer'")
    reference: dict[str, Any] = dict(given)
    for name in ANSWER:
        value = record.get(name)
        if value is not None:
            reference["answer"] = _answer(name, value, record.get("choices") is not None)
            break
    choices = record.get("choices")
    if choices is not None:
        options = _options(choices)
        reference["choices"] = choices
    else:
        options = []
    # Fields that verifiers of programs and models read.
    reference |= {name: record[name] for name in KEPT if name in record}
    if any(name in record for name in (*KEPT, "test_cases", "official_tests")):
        reference |= {name: record[name] for name in CASES if name in record}
    messages = _messages(record) if "messages" in record else ask(_question(record, options))
    return Problem(identifier(record, default_id), messages, reference=reference)


def _answer(name: str, value: object, choices: bool) -> object:
    """Return a record's answer, or several: a list of texts, or TriviaQA's object."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return value
    if isinstance(value, dict) and isinstance(value.get("value"), str):
        return value
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ValueError(f"{name!r} must be a string or a number")
    # Among choices, an integer is a place, whereas a text may be that of a choice.
    return value if isinstance(value, str) or (choices and isinstance(value, int)) else repr(value)


def _options(choices: object) -> list[tuple[str, str]]:
    """Return labels and texts of choices: a list, or ARC's `{"text": […], "label": […]}`."""
    if isinstance(choices, list) and all(isinstance(c, str) for c in choices):
        return [(chr(ord("A") + at), choice) for at, choice in enumerate(choices)]
    if isinstance(choices, dict):
        texts, labels = choices.get("text"), choices.get("label")
        if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
            return [(str(label), str(text)) for label, text in zip(labels, texts, strict=True)]
    raise ValueError("'choices' must be a list of strings, or an object with 'text' and 'label'")


def _question(record: Mapping[str, Any], options: list[tuple[str, str]]) -> str:
    question = text(record, *(name for name in ASK if name in record), ASK[0])
    if not options:
        return question
    kind = "number" if options[0][0].isdecimal() else "letter"
    listed = (f"{label}) {text}" for label, text in options)
    return "\n".join([question, *listed, f"Answer with the {kind} of the right choice."])


class Format(NamedTuple):
    """A named format: how to recognise its records, how to read one, and its template."""

    name: str
    matches: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any], str], Problem]
    template: str | None = None


def _has(record: Mapping[str, Any], *names: str) -> bool:
    return all(name in record for name in names)


# In order: the first format that matches the first record reads all of them.
FORMATS = (
    Format(
        "humaneval",
        lambda r: _has(r, "task_id", "prompt", "entry_point", "test"),
        _humaneval,
        CODE_REQUEST,
    ),
    Format(
        "evalplus",
        lambda r: _has(r, "task_id", "prompt", "entry_point", "canonical_solution", "base_input"),
        _evalplus,
        CODE_REQUEST,
    ),
    Format(
        "humaneval-x",
        lambda r: _has(r, "task_id", "prompt", "test") and "def check(" in str(r["test"]),
        _humaneval_x,
        CODE_REQUEST,
    ),
    Format(
        "livecodebench",
        lambda r: _has(r, "question_content", "public_test_cases"),
        _livecodebench,
        PROGRAM_REQUEST,
    ),
    Format(
        "codecontests",
        lambda r: _has(r, "description", "public_tests"),
        _codecontests,
        PROGRAM_REQUEST,
    ),
    Format(
        "mbpp",
        lambda r: _has(r, "task_id", "code", "test_list"),
        _mbpp,
        PROGRAM_REQUEST,
    ),
    Format(
        "gsm8k",
        lambda r: _has(r, "question") and GSM8K_GOLD.search(str(r.get("answer"))) is not None,
        _gsm8k,
    ),
    Format("math", lambda r: _has(r, "problem", "solution"), _math),
    Format("jsonl", lambda r: "messages" in r or any(name in r for name in ASK), _generic),
)
