"""The judged draws of lines: of a file, of stdin, or of a list of records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ttc import jsonl, scores, tags
from ttc.errors import UsageError
from ttc.interchange import Intake, Numbering
from ttc.records import INFRA, Outcome


class Reading(NamedTuple):
    """What to read of judged lines besides the fields that every rule may need.

    With `text`, the text is kept; with `scored` a score is a verdict; `deciders` are fields with
    further verdicts (true, false or null). `collected` reads the tags of the problems; `seen` is
    called with the record of each judged line; `intake` reads the lines, and has the notes.
    """

    text: bool = False
    scored: bool = False
    deciders: Sequence[str] = ()
    collected: tags.Collected | None = None
    seen: Callable[[Mapping[str, Any]], object] = lambda record: None
    intake: Intake | None = None


PLAIN = Reading()


def read_outcomes(
    source: jsonl.Source,
    mapping: Mapping[str, str] | None = None,
    reading: Reading = PLAIN,
) -> Iterator[tuple[str, bool, Outcome]]:
    """Yield problem, whether it is judged, and outcome for each line of a file, of `-` or of a
    list of records.

    Lines of cancelled and failed draws are left out: they are no samples.
    """
    numbering = Numbering()
    intake = reading.intake or Intake(mapping, judged=True)
    marks = ("correct", "status", *(("score", "scores") if reading.scored else ()))
    collected, seen, deciders = reading.collected, reading.seen, reading.deciders
    for line in intake.lines(source):
        record = line.record
        if (end := record.get("finish_reason")) in ("cancelled", "error"):
            intake.left_out[end] += 1
            continue
        problem = str(record["problem"])
        if collected is not None:
            collected.add(line.place, problem, record)
        judged = any(mark in record for mark in marks) and record.get("status") not in INFRA
        if judged:
            seen(record)
        yield (
            problem,
            judged,
            Outcome(
                index=numbering.index(line, problem),
                answer=None if record.get("answer") is None else str(record["answer"]),
                correct=record.get("correct"),
                score=scores.read(record.get("score")),
                logprob=record.get("logprob"),
                prompt_tokens=record.get("prompt_tokens"),
                completion_tokens=record.get("completion_tokens"),
                finish_reason=record.get("finish_reason"),
                seconds=record.get("seconds"),
                text=record.get("text") if reading.text else None,
                verifier_tokens=record.get("verifier_tokens"),
                scores=scores.by_verifier(record.get("scores")),
                think_tokens=record.get("think_tokens"),
                verdicts=_decisions(line, deciders) if deciders else None,
            ),
        )


def _decisions(line: jsonl.Line, fields: Sequence[str]) -> dict[str, bool | None]:
    found = {name: line.record[name] for name in fields if name in line.record}
    for name, value in found.items():
        if value is not None and not isinstance(value, bool):
            raise UsageError(f"{line.place}: {name!r} must be true, false or null, not {value!r}")
    return found
