"""The shape of records that are no known dataset's: a question, and perhaps an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import choices, noting, turns
from ttc.formats.shapes.choices import Choices
from ttc.formats.shapes.fields import (
    ANSWER,
    ASK,
    CASES,
    KEPT,
    ask,
    asking,
    scalar,
    text,
)
from ttc.formats.shapes.noting import plain
from ttc.formats.shapes.shape import Asked, Shape, of
from ttc.records import Message

# What else a reference is called, where no field of ANSWER is there.
GOLDS: tuple[str, ...] = (
    "gold",
    "golden",
    "gold_answer",
    "final_answer",
    "ground_truth",
    "reference_answer",
    "gt_answer",
)
GOLDS += ("correct_answer", "ideal", "expected_output", "expected", "Answer", "answer_number")
# Tables write the names in capitals, too.
_SPELLED = frozenset(name.lower() for name in (*ANSWER, *GOLDS))


class Generic(Shape):
    """Read any records: `prompt`, `question`, `problem`, `input` or `messages`, and `answer`.

    Also `expected_answer`, `target` or `answerKey`, `choices`, `reference`, and the fields that
    verifiers of programs and models read.
    """

    name = "generic"
    fields = frozenset()

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether there is a question."""
        return "messages" in record or any(n in record for n in ASK) or asking(record) is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question or the chat, and what verifiers may read."""
        given = record.get("reference") or {}
        if not isinstance(given, dict):
            raise ValueError("'reference' must be an object; a plain answer goes into 'answer'")
        reference: dict[str, Any] = dict(given)
        listed = choices.read(record, "choices") if plain(record).get("choices") else None
        answer = _answer(record, listed)
        if given:
            noting.role(record, "reference", "reference")
        if answer is not None:
            reference["answer"] = answer
        if listed is not None:
            reference["choices"] = listed.given
        reference |= _kept(record)
        name = "messages" if "messages" in record else _asks(record)
        if name != "messages" and not turns.is_chat(plain(record).get(name)):
            return Asked(_question(record, name), None, listed, False, reference)
        chat, said = turns.read(record, name)
        noting.role(record, "question", name)
        if said is not None and "answer" not in reference:
            noting.role(record, "reference", name)
            reference["answer"] = said
        elif said is not None:
            noting.remark(record, "the last turn, the assistant's, is neither sent nor used")
        chat = turns.with_system(record, chat)
        return Asked(chat, None, listed, name == "messages", reference)


def _kept(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that verifiers of programs and models read."""
    found = {name: record[name] for name in KEPT if name in record}
    if any(name in record for name in (*KEPT, "test_cases", "official_tests")):
        found |= {name: record[name] for name in CASES if name in record}
    for name in found:
        if name not in ("model", "variables", "metadata", "starter_code", "fn_name"):
            noting.role(record, "reference", name)
    return found


def _asks(record: Mapping[str, Any]) -> str:
    """Return the first field of a question that is not null."""
    names = [name for name in ASK if name in record]
    return asking(record) or (*names, ASK[0])[0]


def _question(record: Mapping[str, Any], name: str) -> str | tuple[Message, ...]:
    """Return the question with the system message of the record, if it has one."""
    several = plain(record).get(name)
    if isinstance(several, list) and several and all(isinstance(each, str) for each in several):
        asked = turns.first(record, name)
    else:
        asked = text(record, name)
        noting.role(record, "question", name)
    chat = turns.with_system(record, ask(asked))
    return chat if len(chat) > 1 else asked


def _answer(record: Mapping[str, Any], listed: Choices | None) -> object:
    """Return a record's answer, or several: a list of texts, or TriviaQA's object."""
    for name in ANSWER:
        value = record.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        noting.role(record, "reference", name)
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            return value
        if isinstance(value, dict) and isinstance(value.get("value"), str):
            return value
        # Among choices, an integer is a place, whereas a text may be that of a choice.
        if isinstance(value, int) and not isinstance(value, bool) and listed is not None:
            return value
        return value if isinstance(value, str) else _number(name, value)
    return _gold(record)


def _gold(record: Mapping[str, Any]) -> object:
    """Return the answer under one of its rarer names, if it is a text, a number or a list."""
    there = plain(record)
    others = (name for name in there if name not in ANSWER and name.lower() in _SPELLED)
    for name in (*GOLDS, *others):
        value = there.get(name)
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            noting.role(record, "reference", name)
            return record[name]
        if isinstance(value, (str, int, float)) and (found := scalar(name, value)) is not None:
            noting.used(record, name)
            noting.role(record, "reference", name)
            return found
    return None


def _number(name: str, value: object) -> str | None:
    # 4.0 stays as it is: the references of earlier versions have it so.
    return repr(value) if isinstance(value, float) else scalar(name, value)


class OpenOrca(Shape):
    """Read OpenOrca: `system_prompt`, `question`, and the `response`. Verifier: judge."""

    name = "openorca"
    fields = of("system_prompt", "question", "response")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the system message and the question, and the response."""
        noting.role(record, "reference", "response")
        return Asked(_question(record, "question"), scalar("response", record["response"]))
