"""Few-shot examples: solved problems of a file, shown before the question."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import Any

from ttc import keys, paths
from ttc.errors import UsageError, wrong_option
from ttc.formats import files
from ttc.formats.mapping import FieldMap
from ttc.formats.shapes import choices
from ttc.messages import notes
from ttc.problems.dataset import reader_of
from ttc.problems.detection import FIRST
from ttc.problems.sources import ReadOptions, renamed
from ttc.records import Message, Problem

# Fields with a worked solution, by shape; others may have one of those in ANY.
WORKED: Mapping[str, str] = {
    "gsm8k": "answer",
    "mgsm": "answer",
    "math": "solution",
    "numinamath": "solution",
    "openr1-math": "solution",
    "aqua": "rationale",
    "mbpp": "code",
    "humaneval": "canonical_solution",
    "evalplus": "canonical_solution",
}
ANY = ("solution", "rationale", "reference_solution", "worked_solution", "reasoning", "cot")
_CODE = ("code", "canonical_solution")
_SHOTS = re.compile(r"(\d{1,4})(?:@(-?\d{1,18}))?")
_ALL = 16  # examples of a file that are all shown where --shots does not say how many


@dataclass(frozen=True)
class Example:
    """A solved problem: the turns that ask it, and the reply."""

    turns: tuple[Message, ...]
    reply: str

    @property
    def question(self) -> str:
        """What is asked, for comparison: letters and spaces in one form."""
        return _folded(self.turns)


@dataclass(frozen=True)
class FewShot:
    """The examples of a file, and which of them a problem is shown.

    Without a `seed` those are the first `shots`, else others for each problem, drawn by its id.
    A problem is never its own example.
    """

    name: str
    examples: tuple[Example, ...] = field(repr=False)
    shots: int
    seed: int | None = None
    every: bool = False

    @cached_property
    def identity(self) -> str:
        """The number of examples and their digest, as the identity of a pool holds them."""
        some = self.examples if self.seed is not None else self.examples[: self.shots + 1]
        content = [
            [[*map(list, example.turns)], example.reply]  # as canonical JSON has tuples
            for example in some
        ]
        seeded = "" if self.seed is None else f"@{self.seed}"
        return f"{self.shots}{seeded} of {keys.digest('shots1', content)}"

    def told(self) -> str:
        """Return a line for the user: how many examples of how many, and how they are chosen."""
        how = "the first ones" if self.seed is None else f"drawn by problem with seed {self.seed}"
        return f"few-shot: {self.shots} of {len(self.examples)} examples of {self.name}, {how}"

    def of(self, problem: Problem) -> tuple[Example, ...]:
        """Return the examples for a problem. UsageError if there are too few besides itself."""
        own = _folded(problem.messages) or " ".join((problem.prompt or "").split()).casefold()
        order = self.examples if self.seed is None else self._drawn(problem.id)
        found = tuple(islice((each for each in order if each.question != own), self.shots))
        if len(found) < self.shots and not self.every:
            raise wrong_option(
                "shots",
                self.shots,
                f"{self.name} has {len(found)} examples besides {problem.id!r} itself; lower it",
            )
        return found

    def _drawn(self, name: str) -> Iterator[Example]:
        """Yield all examples in the order that the seed and the problem's id make."""
        left = dict[int, int]()
        for last in range(len(self.examples) - 1, -1, -1):
            text = f"{self.seed}\0{name}\0{last}".encode()
            at = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % (last + 1)
            # Fisher and Yates, without a list of all.
            yield self.examples[left.get(at, at)]
            left[at] = left.get(last, last)


def chosen(
    source: str | None, shots: str | int | None, reading: ReadOptions | None = None
) -> FewShot | None:
    """Return the examples of a file, None if none are wanted.

    `shots` is K or K@SEED; None: all of a short file. `reading` is how the problems themselves are
    read, which holds for the examples if it can. UsageError for a file without solved problems.
    """
    found = None if shots is None else _SHOTS.fullmatch(str(shots).strip())
    if shots is not None and found is None:
        raise wrong_option("shots", shots, "write K, or K@SEED to draw K by problem")
    count = None if found is None else int(found[1])
    if source is None:
        if count:
            raise wrong_option(
                "shots", shots or "", "name the file of examples with --few-shot FILE"
            )
        return None
    if count == 0:
        notes.tell(f"--shots 0: no example of {source} is shown")
        return None
    source = paths.expanded(source, "--few-shot")
    examples = _read(source, reading)
    name = files.name_of(source)
    if count is None and len(examples) > _ALL:
        raise wrong_option(
            "few_shot", source, f"it has {len(examples)} examples; say how many with --shots K"
        )
    wanted = len(examples) if count is None else count
    if wanted > len(examples):
        raise wrong_option("shots", wanted, f"{name} has {len(examples)} examples")
    seed = int(found[2]) if found is not None and found[2] is not None else None
    return FewShot(name, examples, wanted, seed, every=count is None)


def _read(source: str, reading: ReadOptions | None) -> tuple[Example, ...]:
    options = ReadOptions()
    if reading is not None:
        mapped = tuple(sorted(reading.mapping.items()))
        options = ReadOptions(dict(mapped), choices_template=reading.choices_template)
        if mapped:
            try:
                return _examples(source, mapped, options.choices_template)
            except UsageError:
                pass  # the fields have other names there
    return _examples(source, (), options.choices_template)


@lru_cache(maxsize=4)
def _examples(
    source: str, mapping: tuple[tuple[str, str], ...], template: str | None
) -> tuple[Example, ...]:
    """Return the solved problems of a source. UsageError if it has none."""
    options = ReadOptions(dict(mapping), choices_template=template)
    lines = renamed(source, options, FieldMap(options.mapping), [])
    first = [*islice(lines, FIRST)]
    if not first:
        raise wrong_option("few_shot", source, "it has no problems")
    reader = reader_of([each.line for each in first], options)
    found: dict[str, Example] = {}
    for at, _, line in chain(first, lines):
        problem = reader.problem(line, f"example/{at}")
        if reply := _reply(line.record, problem.reference, reader.name):
            example = Example(problem.messages, reply)
            found.setdefault(example.question, example)
    if not found:
        raise wrong_option("few_shot", source, "no problem in it has an answer or a solution")
    return tuple(found.values())


def _reply(record: Mapping[str, Any], reference: Mapping[str, Any], shape: str) -> str | None:
    """Return what an assistant would have answered: the worked solution if there is one, with the
    answer if that is not in it; else the answer."""
    answer = _answer(reference)
    name = WORKED.get(shape) or next((each for each in ANY if each in record), "")
    worked = record.get(name)
    if not isinstance(worked, str) or not worked.strip():
        return answer
    if name in _CODE:
        start = record.get("prompt") if name == "canonical_solution" else ""
        return f"```python\n{(str(start or '') + worked).strip()}\n```"
    worked = worked.strip()
    bare = worked.replace(",", "")
    if answer is None or r"\boxed" in worked or answer.replace(",", "") in bare:
        return worked
    return f"{worked}\n\nThe answer is {answer}."


def _answer(reference: Mapping[str, Any]) -> str | None:
    answer = reference.get("answer")
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    if isinstance(answer, Mapping):
        answer = answer.get("value")
    listed = reference.get("choices")
    if isinstance(answer, int) and isinstance(listed, list):
        answer = choices.of_texts(listed).label("answer", answer)
    return None if answer is None or not str(answer).strip() else str(answer).strip()


def _folded(turns: tuple[Message, ...]) -> str:
    asked = (turn.content for turn in turns if turn.role != "system")
    return " ".join(" ".join(asked).split()).casefold()
