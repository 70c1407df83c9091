"""Lines of ttc as a format: what `ttc sample` and `ttc verify` print, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from ttc import interchange, jsonl, keys, scores, tags
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion, files
from ttc.formats.logs.opening import accept, first_line, unread
from ttc.formats.mapping import check, fields_used, parse_mapping
from ttc.interchange import Intake
from ttc.messages import notes
from ttc.problems import MAPPABLE as OF_PROBLEMS
from ttc.records import Message, Problem, Sample, Verdict

MAPPABLE = (*interchange.FIELDS, *OF_PROBLEMS)
TOOL = "ttc"  # whose log lines are, in whatever kind of file
# Fields that are read besides those of samples and verdicts.
_MORE = ("schema", "tags", "detail", "messages", "prompt", "question", "error", "id")
_READ = frozenset((*interchange.FIELDS, *_MORE))


class JsonLines:
    """JSON lines: samples of ttc with their verdicts, or lines with such fields."""

    name = "jsonl"
    tool = TOOL
    suffix = ".jsonl"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether the first line has a problem and a text."""
        needed = {"problem", "text"}
        first = first_line(head) or {}
        return needed <= first.keys() or needed <= _first_record(path).keys()

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. Options: `map` renames fields; `index=new` numbers the draws
        anew, as further ones."""
        yield from draws_of(str(path), str(path), options)

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a line for each draw, with its first verdict if it has any."""
        lacks = Lacks()
        for draw in draws:
            stream.write(jsonl.dump(record_of(draw)).encode() + b"\n")
            lacks.see(draw)
        return lacks.notes(self.name)


def _first_record(path: Path) -> Mapping[str, Any]:
    """Return the first record of a file of another kind than JSON lines; empty if it has none."""
    try:
        return next((line.record for line in files.read(str(path))), {})
    except UsageError:
        return {}


class Lacks:
    """Collects what lines do not hold of draws: questions, and verdicts after the first."""

    def __init__(self) -> None:
        self._questions = False
        self._others: dict[str, None] = {}

    def see(self, draw: Draw) -> None:
        """Note what a line leaves out of a draw."""
        asked = bool(draw.problem.messages or draw.problem.prompt) and not draw.sample.asked
        self._questions = self._questions or asked
        self._others |= dict.fromkeys(each.verifier for each in draw.opinions[1:])

    def notes(self, name: str) -> list[str]:
        """Return a line for each kind of thing that was left out."""
        notes = []
        if self._questions:
            notes.append(f"{name} lines have no questions; --questions adds them")
        if self._others:
            names = ", ".join(self._others)
            notes.append(f"{name} lines have one verdict each; left out: those by {names} (-V)")
        return notes


def record_of(draw: Draw) -> dict[str, Any]:
    """Return a draw as the record of one line, with its first verdict if it has any: the line that
    `ttc sample` or `ttc verify` prints of it. With its question if that is filled in."""
    line = interchange.sample_line(draw.sample)
    if draw.opinions:
        first = draw.opinions[0]
        line |= interchange.verdict_fields(first.verdict, first.verifier)
    if draw.sample.asked:
        line |= keys.prompt_content(draw.problem)
    return line


def draws_of(source: jsonl.Source, place: str, options: Mapping[str, str]) -> Iterator[Draw]:
    """Yield the draws of lines: of a file, or of records that were read otherwise."""
    accept(options, ("map", "index"), "lines")
    mapping = parse_mapping(options.get("map", ""), MAPPABLE)
    if options.get("index", "kept") not in ("kept", "new"):
        raise UsageError(f"--option index={options['index']}: write index=kept or index=new")
    renumbered = options.get("index") == "new"
    used = _READ | fields_used(mapping)
    intake = Intake(mapping, ("problem", "text"), judged=True)
    for record, sample in interchange.read_samples(source, intake=intake):
        at = f"{place}: {sample.problem} draw {sample.index}"
        yield Draw(
            problem=problem_of(record, sample),
            sample=replace(sample, asked=(), pool=None),
            opinions=opinions_of(record, at),
            place=at,
            fixed=record.get("index") is not None and not renumbered,
            error=str(record.get("error") or ""),
            unused=unread(record, used | intake.read_by_other_names),
        )
    for line in (*intake.notes(), *check([(place, intake.fields)])):
        notes.tell(f"note: {place}: {line}")


def problem_of(record: Mapping[str, Any], sample: Sample) -> Problem:
    """Return the problem of a line; it may lack its question."""
    raw = record.get("prompt")
    prompt = raw if isinstance(raw, str) and not record.get("messages") else None
    messages: tuple[Message, ...] = () if prompt is not None else sample.asked
    return Problem(
        sample.problem, messages, prompt, dict(sample.reference), tags.own(record.get("tags"))
    )


def opinions_of(record: Mapping[str, Any], place: str) -> tuple[Opinion, ...]:
    """Return the verdict of a line, if it has one, and the scores by other verifiers."""
    found = []
    if any(name in record for name in ("correct", "status", "score")):
        answer = record.get("answer")
        verdict = Verdict(
            answer=None if answer is None else str(answer),
            correct=record.get("correct"),
            score=scores.read(record.get("score")),
            status=str(record.get("status") or "ok"),
            detail=str(record.get("detail") or ""),
            tokens=record.get("verifier_tokens"),
            reads_reference=record.get("reads_reference"),
        )
        found.append(Opinion(str(record.get("verifier") or "given"), verdict))
    for name, score in (scores.by_verifier(record.get("scores")) or {}).items():
        known = None if score != score else score  # NaN: it gave none
        found.append(Opinion(name, Verdict(score=known, status="ok")))
    return tuple(found)
