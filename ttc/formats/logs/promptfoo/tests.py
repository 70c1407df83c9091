"""The tests of promptfoo's results as problems, and its assertions as verdicts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ttc.formats import Opinion
from ttc.jsonl import Line
from ttc.records import Message, Problem, Verdict

_UNTESTED = "No assertions"  # the reason of a test without any, which always passes


class Tests:
    """The tests of some results, by what they ask.

    A test is called by its description where no other has the same; else by its digest too.
    """

    def __init__(self, results: Iterable[Line]) -> None:
        self._by_name: dict[str, set[str]] = {}
        for line in results:
            self._by_name.setdefault(_name(line.record), set()).add(_digest(line.record))

    def problem(self, record: Mapping[str, Any]) -> Problem:
        """Return the problem of a result."""
        name = _name(record)
        if not name or len(self._by_name[name]) > 1:
            name = f"{name or 'test'}-{_digest(record)[:8]}"
        messages, prompt = _asked(record)
        return Problem(name, messages, prompt, _reference(record))


def _test(record: Mapping[str, Any]) -> Mapping[str, Any]:
    test = record.get("testCase")
    return test if isinstance(test, dict) else {}


def _name(record: Mapping[str, Any]) -> str:
    test = _test(record)
    metadata = test.get("metadata")
    given = metadata.get("id") if isinstance(metadata, dict) else None
    given = given or test.get("description") or record.get("description")
    return str(given) if isinstance(given, (str, int)) else ""


def _digest(record: Mapping[str, Any]) -> str:
    about = [_raw(record), record.get("vars"), _test(record).get("assert")]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _raw(record: Mapping[str, Any]) -> Any:
    prompt = record.get("prompt")
    return prompt.get("raw") if isinstance(prompt, dict) else prompt


def _asked(record: Mapping[str, Any]) -> tuple[tuple[Message, ...], str | None]:
    """Return the question: a text in a chat, or the turns of a chat as JSON."""
    raw = _raw(record)
    if not isinstance(raw, str) or not raw:
        return (), None
    if raw.lstrip().startswith("["):
        try:
            turns = json.loads(raw)
        except ValueError:
            turns = None
        if turns and all(isinstance(t, dict) and isinstance(t.get("content"), str) for t in turns):
            return tuple(Message(str(t.get("role", "user")), t["content"]) for t in turns), None
    return (Message("user", raw),), None


def _reference(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of the only assertion that compares with one."""
    asserts = _test(record).get("assert")
    equal = [
        each["value"]
        for each in (asserts if isinstance(asserts, list) else [])
        if isinstance(each, dict) and each.get("type") == "equals" and "value" in each
    ]
    if len(equal) != 1 or not isinstance(equal[0], (str, int, float)):
        return {}
    return {"answer": str(equal[0])}


def opinions(record: Mapping[str, Any], version: str) -> Iterator[Opinion]:
    """Yield the verdict of all assertions together, and that of each named metric."""
    grading = record.get("gradingResult")
    grading = grading if isinstance(grading, dict) else {}
    untested = (
        "testCase" in record
        and not _test(record).get("assert")
        and not grading.get("componentResults")
    )
    passed = grading.get("pass", record.get("success"))
    if isinstance(passed, bool) and grading.get("reason") != _UNTESTED and not untested:
        score = grading.get("score", record.get("score"))
        reason = grading.get("reason")
        verdict = Verdict(
            correct=passed,
            score=_number(score),
            detail=reason if isinstance(reason, str) and not passed else "",
        )
        yield Opinion("promptfoo", verdict, version)
    named = record.get("namedScores") or grading.get("namedScores")
    for name, score in (named if isinstance(named, dict) else {}).items():
        if (value := _number(score)) is not None:
            config = {"metric": name}
            yield Opinion(f"promptfoo:{name}", Verdict(score=value), version, config)


def _number(score: Any) -> float | None:
    if isinstance(score, bool) or not isinstance(score, (int, float)) or score != score:
        return None
    return float(score)
