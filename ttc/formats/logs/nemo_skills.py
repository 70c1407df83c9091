"""Outputs of NeMo-Skills: `output-rsN.jsonl` is a draw of each problem with the random seed N.

A line has the fields of the dataset beside `generation`, and those of evaluators:
`predicted_answer` and `symbolic_correct`, `judgement`, `is_correct`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ttc.answers import thinking
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.opening import (
    accept,
    checked_text,
    count,
    failure,
    finish_reason,
    first_line,
    lines,
    unread,
)
from ttc.jsonl import Line
from ttc.records import Message, Problem, Sample, Verdict

_FILE = re.compile(r"output(?:-rs(?P<seed>\d+))?(?:_chunk_\d+)?\.jsonl(?:\.gz)?")
_ID = ("id", "problem_id", "unique_id", "task_id", "question_id")
_ASK = ("problem", "question", "prompt")
_TOKENS = ("num_generated_tokens", "num_input_tokens", "logprobs", "tokens", "finish_reason")
_TEXT = ("generation", "_full_generation", "reasoning_content")
_VERDICTS = ("symbolic_correct", "is_correct", "is_correct-plus", "judgement")
_READ = (*_ASK, *_TOKENS, *_TEXT, *_VERDICTS, "expected_answer", "predicted_answer")
# Of which at least one tells a line of NeMo-Skills from those of others.
_OWN = (*_VERDICTS, "num_generated_tokens", "predicted_answer", "expected_answer")
_JUDGEMENT = "Judgement:"


class NemoSkills:
    """The outputs of one random seed; a folder of them is a pool."""

    name = "nemo-skills"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file is called so, or its first line has such fields."""
        record = first_line(head)
        if record is None or "generation" not in record or path.name.endswith("-async"):
            return False
        return _FILE.fullmatch(path.name) is not None or any(name in record for name in _OWN)

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. It has no options."""
        accept(options, (), self.name)
        named = _FILE.fullmatch(path.name)
        seed = None if named is None or named["seed"] is None else int(named["seed"])
        seen: dict[str, int] = {}
        for at, line in enumerate(lines(path)):
            problem = _problem(line, at)
            index = seen.get(problem.id, 0)
            seen[problem.id] = index + 1
            if seed is not None and index:
                raise UsageError(
                    f"{line.place}: {problem.id!r} is there already; the file of one seed has one "
                    "draw of each problem"
                )
            yield _draw(line, problem, index if seed is None else seed, seed)


def _draw(line: Line, problem: Problem, index: int, seed: int | None) -> Draw:
    record = line.record
    tokens = count(record.get("num_generated_tokens"))
    failed = record.get("error") if not record.get("generation") else None
    error = failed or failure(record.get("finish_reason"))
    sample = Sample(
        problem.id,
        index,
        _text(record, line.place),
        "error" if failed else finish_reason(record.get("finish_reason")),
        prompt_tokens=count(record.get("num_input_tokens")),
        completion_tokens=tokens,
        logprob=_logprob(record.get("logprobs"), tokens),
        seed=seed,
    )
    return Draw(
        problem,
        sample,
        () if error else tuple(_opinions(record, line.place)),
        line.place,
        fixed=seed is not None,
        error=str(error),
        unused=unread(record, (*_READ, *_ID, *(("error",) if failed else ()))),
    )


def _problem(line: Line, at: int) -> Problem:
    record = line.record
    name = next((record[each] for each in _ID if record.get(each) not in (None, "")), at)
    asked = next((record[each] for each in _ASK if isinstance(record.get(each), str)), None)
    gold = record.get("expected_answer")
    reference = (
        {} if gold in (None, "") else {"answer": gold if isinstance(gold, str) else str(gold)}
    )
    messages = () if asked is None else (Message("user", asked),)
    return Problem(str(name), messages, None, reference)


def _text(record: Mapping[str, Any], place: str) -> str:
    """Return the text of a line, with the reasoning that was split from it."""
    whole = record.get("_full_generation")
    if isinstance(whole, str):
        return checked_text(whole, place, "'_full_generation'")
    text = checked_text(record.get("generation"), place, "'generation'")
    thought = record.get("reasoning_content")
    if isinstance(thought, str) and thought:
        return thinking.wrap(thought, text, ended=bool(text))
    return text


def _logprob(logprobs: Any, tokens: int | None) -> float | None:
    """Return the sum of log-probabilities, if there is one for each token."""
    if not isinstance(logprobs, list) or not logprobs or len(logprobs) != tokens:
        return None
    numbers = [each for each in logprobs if type(each) in (int, float)]
    return float(sum(numbers)) if len(numbers) == tokens else None


def _opinions(record: Mapping[str, Any], place: str) -> Iterator[Opinion]:
    """Yield what each evaluator says."""
    found = record.get("predicted_answer")
    answer = None if found in (None, "") else str(found)
    for name in _VERDICTS[:-1]:
        if (correct := record.get(name)) is None:
            continue
        if correct not in (True, False):
            raise UsageError(f"{place}: {name!r} must be true or false, not {correct!r}")
        yield Opinion(f"nemo-skills:{name}", _verdict(answer, bool(correct)))
    judgement = record.get("judgement")
    if isinstance(judgement, str):
        said = judgement.rpartition(_JUDGEMENT)[2].strip().lower() * (_JUDGEMENT in judgement)
        correct = True if said.startswith("yes") else False if said.startswith("no") else None
        yield Opinion("nemo-skills:judgement", _verdict(answer, correct))


def _verdict(answer: str | None, correct: bool | None) -> Verdict:
    score = None if correct is None else float(correct)
    return Verdict(answer=answer, correct=correct, score=score, reads_reference=True)
