"""Samples of evalplus, as lines or as a folder of programs, and its results.

Lines are `{"task_id": …, "solution": …}`. A folder has a folder for each task (`HumanEval_0`) with
programs `0.py`, `1.py`, …, and its results in `eval_results.json`; the results of lines are beside
them (`…_eval_results.json`). For the verifier `evalplus` a solution is right if it passes all
tests, for `evalplus:base` if it passes those of the original benchmark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ttc import jsonl
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.human_eval import task_of
from ttc.formats.logs.lacking import Lacking
from ttc.formats.logs.opening import (
    accept,
    checked_text,
    document,
    first_line,
    lines,
    names_in,
    unread,
)
from ttc.formats.shapes import humaneval
from ttc.records import Problem, Sample, Verdict

_RESULTS = "eval_results.json"
_PASSED, _TIMEOUT = "pass", "timeout"
_OF_RESULT = (
    "base_fail_tests",
    "base_status",
    "plus_fail_tests",
    "plus_status",
    "solution",
    "task_id",
)


class EvalPlus(humaneval.EvalPlus):
    """Samples and results of evalplus, and the problems of its HumanEval+."""

    name = "evalplus"
    suffix = ".jsonl"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file has solutions of tasks or their results, or a folder programs."""
        if path.is_dir():
            return next(_programs(path), None) is not None
        record = first_line(head)
        if record is not None and {"task_id", "solution"} <= record.keys():
            return True
        return names_in(head, "hash", "eval") and b'"base' in head

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file or folder. It has no options."""
        accept(options, (), self.name)
        if path.is_dir():
            yield from _of_folder(path)
            return
        with path.open("rb") as file:
            results = names_in(file.read(1 << 16), "hash", "eval")
        yield from _of_results(path) if results else _of_lines(path)

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a line for each draw; its text is taken for a whole program."""
        lacking = Lacking(self.name, ())
        for draw in draws:
            lacking.see(draw)
            line = {"task_id": draw.problem.id, "solution": draw.sample.text}
            stream.write(jsonl.dump(line).encode() + b"\n")
        return lacking.notes()


def _of_lines(path: Path) -> Iterator[Draw]:
    seen: Counter[str] = Counter()
    for place, record in lines(path):
        task = task_of(record, place)
        text = checked_text(record.get("solution"), place, "'solution'")
        left = unread(record, ("task_id", "solution"))
        yield Draw(Problem(task), Sample(task, seen[task], text, "stop"), (), place, unused=left)
        seen[task] += 1


def _programs(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Yield task, number and path of the programs of a folder."""
    for task in sorted(each for each in folder.iterdir() if each.is_dir()):
        # The original writes `/` of a task as `_`, and reads it so.
        numbered = ((int(each.stem), each) for each in task.glob("*.py") if each.stem.isdecimal())
        for number, program in sorted(numbered):
            yield task.name.replace("_", "/"), number, program


def _of_folder(folder: Path) -> Iterator[Draw]:
    judged: dict[tuple[str, str], tuple[Opinion, ...]] = {}
    if (folder / _RESULTS).is_file():
        for draw in _of_results(folder / _RESULTS):
            # Programs with the same text pass the same tests.
            judged[draw.problem.id, draw.sample.text] = draw.opinions
    for task, number, path in _programs(folder):
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"{path}: byte {error.start} is not UTF-8") from None
        sample = Sample(task, number, text, "stop")
        yield Draw(Problem(task), sample, judged.get((task, text), ()), str(path))


def _of_results(path: Path) -> Iterator[Draw]:
    whole = document(path)
    tasks = whole.get("eval") if isinstance(whole, Mapping) else None
    if not isinstance(tasks, Mapping):
        raise UsageError(f"{path}: no results of evalplus: it has no 'eval'")
    version = str(whole.get("hash") or "")
    for task, results in tasks.items():
        if not isinstance(results, list):
            raise UsageError(
                f"{path}: {task}: results of an evalplus before 0.2, without the solutions; "
                "import its samples"
            )
        for at, result in enumerate(results):
            place = f"{path}: {task}[{at}]"
            if not isinstance(result, Mapping):
                raise UsageError(f"{place}: a result must be an object, not {result!r:.40}")
            text = checked_text(result.get("solution"), place, "'solution'")
            left = unread(result, _OF_RESULT)
            sample = Sample(task, at, text, "stop")
            yield Draw(Problem(task), sample, _opinions(result, version), place, unused=left)


def _opinions(result: Mapping[str, Any], tests: str) -> tuple[Opinion, ...]:
    """Return the verdicts of a result; `tests` is the digest of the tests, which config names."""
    config = {"tests": tests} if tests else {}
    base, plus = result.get("base_status"), result.get("plus_status")
    found = []
    if plus is not None:
        both = base if base != _PASSED else plus
        found.append(Opinion("evalplus", _verdict(both, f"base {base}, plus {plus}"), "", config))
    if base is not None:
        found.append(Opinion("evalplus:base", _verdict(base, f"base {base}"), "", config))
    return tuple(found)


def _verdict(status: Any, told: str) -> Verdict:
    passed = status == _PASSED
    return Verdict(
        correct=passed,
        status="timeout" if status == _TIMEOUT else "ok",
        detail="" if passed else told,
        reads_reference=True,
    )
