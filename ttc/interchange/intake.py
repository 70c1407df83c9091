"""Lines of samples, ours and those of other tools, as records with our fields.

What is renamed, and what is read in another notation, is counted: `Intake.notes` says so, one line
for each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ttc import jsonl, scores
from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.mapping import FieldMap
from ttc.interchange import names, values
from ttc.interchange.checks import check_rest, check_size, of_a_log
from ttc.interchange.fields import FIELDS, OF_A_DRAW
from ttc.interchange.filters import Filters
from ttc.interchange.told import Told
from ttc.jsonl import BadLineError, Line
from ttc.messages.counts import some

Reader: TypeAlias = Callable[[str, Any, Told, str], Any]

# How a value of another type is read; without one it is not read at all, and that is told.
_READERS: Mapping[str, Reader] = {
    "problem": values.identifier,
    "index": values.whole,
    "text": values.text,
    "finish_reason": values.ending,
    "prompt_tokens": values.whole,
    "completion_tokens": values.whole,
    "think_tokens": values.whole,
    "verifier_tokens": values.whole,
    "logprob": values.number,
    "seconds": values.number,
    "seed": values.whole,
    "score": values.number,
    "answer": values.answer,
    "correct": values.truth,
    "reference": values.reference,
    "params": values.settings,
    "reads_reference": values.truth,
}
# Fields that a foreign file may have for something else.
_OTHERS = {
    *("stop", "model", "pool", "params", "key", "prompt_id", "confidences", "scores", "seed"),
    *("seconds", "prompt_tokens", "think_tokens", "reference", "verifier", "status", "logprobs"),
}
_OF_A_DRAW = OF_A_DRAW.union(*(names.NAMES.get(name, ()) for name in OF_A_DRAW))
_FINISHES = ("stop", "length", "cancelled", "error")
# Fields that are likely meant where none has our name.
_GUESSES: Mapping[str, tuple[str, ...]] = {
    "problem": ("id", "idx", "index", "name", "question", "prompt"),
    "text": ("answer", "content", "prediction", "pred", "output", "message"),
}


class Intake:
    """Reads the lines of one source.

    needed: the fields that each line must have. `judged` lines are looked at for a verdict by
    another name; `form` names the kind of file.
    """

    def __init__(
        self,
        mapping: Mapping[str, str] | None = None,
        needed: tuple[str, ...] = ("problem",),
        *,
        judged: bool = False,
        form: str | None = None,
    ) -> None:
        self.fields = FieldMap(mapping or {}, needed=needed, draws=_OF_A_DRAW, own=FIELDS)
        self.told = Told()
        self._form = form
        self._command = "sweep" if judged else "verify"
        self._needed = needed
        mapped = {ours.partition(".")[0] for ours in self.fields.mapping}
        # A sweep compares with no reference.
        left_out = names.REQUIRED if "text" in needed else (*names.REQUIRED, "reference")
        optional = [name for name in names.NAMES if name not in left_out]
        wanted = [*needed, *(["correct"] if judged else []), *optional]
        self._wanted = [name for name in wanted if name in names.NAMES and name not in mapped]
        self._sources: dict[str, str] = dict(self.fields.mapping)
        self._named: dict[str, dict[str, int]] = {}
        self._unclear: dict[str, list[str]] = {}
        self._filters = Filters()
        self.left_out: Counter[str] = Counter()  # ends of draws that the caller leaves out

    def lines(self, source: jsonl.Source, skipped: list[str] | None = None) -> Iterator[Line]:
        """Yield the lines with our fields. UsageError with the place of bad input; with `skipped`,
        the errors of bad lines are appended there."""
        read = 0
        try:
            named = self.fields.read
            for raw in files.read(source, skipped, self._form, command=self._command, fields=named):
                try:
                    lines = [self._checked(line) for line in self.fields.lines(raw)]
                except BadLineError as error:
                    if skipped is None:
                        raise
                    skipped.append(str(error))
                    continue
                read += 1
                yield from lines
        except UsageError as error:
            if read or self.fields.mapping or not isinstance(source, str) or source == "-":
                raise
            raise of_a_log(source, error) from None

    @property
    def read_by_other_names(self) -> frozenset[str]:
        """The fields of other tools that were read as ours."""
        return frozenset(name for found in self._named.values() for name in found)

    def notes(self) -> list[str]:
        """Return what was read as what, one line for each kind."""
        lines = []
        if self._named:
            each = ", ".join(
                f"{ours} from {' and '.join(found)}" for ours, found in self._named.items()
            )
            lines.append(f"read by other names: {each}")
        lines += [
            f"{ours} is not read: {' and '.join(found)} may both be it; choose with "
            f"--map {ours}=FIELD"
            for ours, found in self._unclear.items()
        ]
        lines += self._filters.notes()
        lines += self.told.notes()
        if self.left_out:
            ends = ", ".join(f"{count} {end}" for end, count in self.left_out.items())
            left = ("draw did not end, and is left out", "draws did not end, and are left out")
            lines.append(f"{some(self.left_out.total(), *left)} ({ends})")
        return lines

    def _checked(self, line: Line) -> Line:
        record = given = line.record
        # Lines of ttc itself have their own names, whatever else is passed through.
        if "schema" not in record and not names.ALL.isdisjoint(record):
            record = self._by_other_names(line)
        for name in self._needed:
            if record.get(name) is None:
                raise BadLineError(self._lacks(line.place, given, name))
        record = self._converted(line.place, record)
        # Tables hold objects as JSON; other tags, a list or a text, are the file's own.
        if (tags := values.json_object(record.get("tags"))) is not None:
            record = {**record, "tags": tags}
        if isinstance(record.get("filter"), str):
            self._filters.check(line.place, record)
        return Line(line.place, record)

    def _by_other_names(self, line: Line) -> dict[str, Any]:
        record = line.record
        found: dict[str, Any] = {}
        for ours in self._wanted:
            if ours in record:
                continue
            there = names.candidates(record, ours)
            if len(there) == 1:
                found[ours] = record[there[0]]
                self._sources[ours] = there[0]
                kept = self._named.setdefault(
                    "reference.answer" if ours == "reference" else ours, {}
                )
                kept[there[0]] = kept.get(there[0], 0) + 1
            elif there and ours in names.REQUIRED:
                either = " or ".join(f"--map {ours}={name}" for name in there)
                raise UsageError(
                    f"{line.place}: {' and '.join(there)} may both be {ours}: say {either}"
                )
            elif there:
                self._unclear.setdefault(ours, there)
        return {**record, **found} if found else record

    def _lacks(self, place: str, record: Mapping[str, Any], name: str) -> str:
        if name in record:
            field = self._sources.get(name, name)
            way = f"`jq -c 'select(.{field} != null)'`"
            return f"{place}: {name!r} is null; leave such lines out: {way}"
        there = f"{place}: no field {name!r} among {', '.join(record) or '(none)'}; "
        if name == "text" and isinstance(record.get("resps"), list):
            return f"{there}the responses of lm-eval are read with --map text=resps.0.*"
        if "text" not in record and any(ask in record for ask in ("question", "messages")):
            return f"{there}these look like problems: ttc sample draws from them"
        guess = next((each for each in _GUESSES.get(name, ()) if each in record), None)
        such = f", such as {name}={guess}" if guess else ""
        return f"{there}say which it is with --map {name}=FIELD{such}"

    def _converted(self, place: str, record: dict[str, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for name, value in record.items():
            types = FIELDS.get(name)
            if types is None or value is None:
                continue
            if type(value) not in types or (name == "finish_reason" and value not in _FINISHES):
                if name == "score" and value in scores.INFINITE:
                    continue
                changed[name] = self._read(place, record, name)
            elif type(value) is int or value != value:
                if value != value:
                    changed[name] = self._read(place, record, name)
                else:
                    check_size(record, name, place)
        if changed:
            record = {**record, **changed}
        check_rest(place, record)
        return record

    def _read(self, place: str, record: Mapping[str, Any], name: str) -> Any:
        value, source = record[name], self._sources.get(name, name)
        try:
            if name == "logprob":
                return values.logprob(
                    name, value, self.told, source, record.get("completion_tokens")
                )
            if name in _READERS:
                return _READERS[name](name, value, self.told, source)
            kinds = " or ".join(kind.__name__ for kind in FIELDS[name])
            raise ValueError(f"must be of type {kinds}, not {value!r}")
        except ValueError as error:
            if name in _OTHERS and name not in self.fields.mapping:
                self.told.example("not read, as of another type", name, value)
                return None
            raise BadLineError(f"{place}: {name!r} {error}") from None
