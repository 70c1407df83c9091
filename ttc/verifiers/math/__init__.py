"""math: the answer and the reference are mathematically equal; formulas are read by math-verify."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from fractions import Fraction
from importlib import metadata
from itertools import groupby
from typing import Any

from ttc.answers.canonical import count_words, number
from ttc.answers.canonical import spelt as in_decimals
from ttc.answers.extract import boxed_together, canonical, extract, own, stated
from ttc.answers.locales import LOCALE, decimal_comma
from ttc.answers.numbers import Style
from ttc.cache import Memo
from ttc.options import OptionReader
from ttc.plugins import installing
from ttc.records import Sample, Verdict
from ttc.verifiers.math.alignment import align
from ttc.verifiers.math.convention import read_like
from ttc.verifiers.math.equivalence import Classes, Oracle
from ttc.verifiers.math.formulas import VERSION
from ttc.verifiers.math.shape import atoms_of
from ttc.verifiers.math.structure import Structure, read
from ttc.verifiers.numeric import TOLERANCE, convention, decimal_option, tolerance
from ttc.verifiers.references import accepted, any_of
from ttc.verifiers.workers.pool import CallLimits, Workers, require

_LIMITS = CallLimits(cpu_seconds=4.0, memory_bytes=1 << 30)
_PACKAGES = ("math-verify", "latex2sympy2-extended", "sympy")
_LONGEST_LINE, _TAIL, _FEW_WORDS = 120, 2000, 3
_CONJUNCTION = re.compile(r"\b(?:and|or)\b")
_FORMULA = re.compile(
    r"\$\$(.+?)\$\$|(?<![\\$])\$(?![\s$])([^$\n]*[^$\s\\])\$(?![0-9])|\\\((.+?)\\\)|\\\[(.+?)\\\]",
    re.S,
)


class Math:
    r"""The answer equals the reference as mathematics: `\frac{\sqrt{3}}{3}` is `1/\sqrt{3}`.

    Equality is exact: 0.333 is not 1/3; `tol=0.01` also accepts a number within 1 % of the
    reference's. Sets and lists match in any order, tuples and intervals as written; of several
    answers, all are needed and no others. `x \in (2, \infty)` is x > 2. Currency and percent signs
    are ignored, and so is a unit unless the answer and the reference both have one. Formulas are
    compared where both are real, for variables of both signs. Equal answers to a problem get the
    same text in their verdicts: that of the reference, or else the shortest. Formulas are read in
    processes with limits; one that exceeds them is undecided.

    `2,5` is two and a half where the reference is one number, and two answers where it has two
    parts; `1,234` is a thousand. `locale=de` says that commas are decimal, `locale=en` that none
    is.
    """

    name = "math"
    version = "2"
    reads_reference = True
    together = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        self._tol = read.value("tol", Fraction(0), tolerance, TOLERANCE)
        self._comma = read.value("locale", None, decimal_comma, LOCALE)
        read.end()
        require("math")
        self._versions = _versions()

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        return {"tol": float(self._tol)} | decimal_option(self._comma)

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order. Consecutive draws of a problem are judged
        together; later draws of it join their classes."""
        problems: dict[tuple[str, str, str], _Problem] = {}
        salt = ("math", Math.version, VERSION, *_LIMITS, *self._versions)
        with (
            Workers("ttc.verifiers.math.sympy_worker:work", _LIMITS) as workers,
            Memo(*salt) as memo,
        ):
            oracle = Oracle(workers, memo)
            for (name, golds), draws in groupby(samples, lambda s: (s.problem, _golds(s))):
                answers = [answer_of(draw.text) for draw in draws]
                judged = []
                for gold in golds:  # any of them is right
                    asked = (name, *gold)
                    if asked not in problems:
                        problems[asked] = _Problem(*gold, Classes(oracle, self._tol), self._comma)
                    judged.append(problems[asked].judge(answers))
                yield from map(any_of, zip(*judged, strict=True))


def _versions() -> list[str]:
    try:
        return [metadata.version(package) for package in _PACKAGES]
    except metadata.PackageNotFoundError:
        how = installing.install("ttc-cli[math]")
        raise ValueError(f"math needs the library math-verify; {how}") from None


def _golds(sample: Sample) -> tuple[tuple[str, str], ...]:
    """Return each accepted answer with the reason if it cannot be used ("" if it can)."""
    return tuple(map(_gold, accepted(sample.reference) or (None,)))


def _gold(gold: object) -> tuple[str, str]:
    if isinstance(gold, bool) or not isinstance(gold, str | int | float):
        return "", f"the reference answer is {gold!r}, neither text nor a number"
    try:
        written = str(gold).strip()
    except ValueError:  # Python's limit on printing integers
        return "", "the reference answer has too many digits"
    return written, "" if canonical(written) else "the reference answer is empty"


def answer_of(text: str) -> str | None:
    """Return the answer of a completion as `ttc.answers.extract` does, but with whole formulas.

    Boxes joined by a comma, "and" or "or" are several answers. Without a cue, a short line
    without prose is itself the answer, and the last formula is preferred to a number in it.
    """
    shown = own(text)
    if boxes := boxed_together(shown):
        return ", ".join(boxes)
    if cued := stated(shown):
        return cued
    tail = shown[-_TAIL:]
    formulas = list(_FORMULA.finditer(tail))
    if _is_answer(shown, bool(formulas)):
        return shown
    if formulas and extract(tail[formulas[-1].end() :]) is None:
        content = next(filter(None, formulas[-1].groups()), "").strip()
        if re.search(r"[0-9\\]", content):
            return content
    return extract(shown)


def _is_answer(text: str, formulas: bool) -> bool:
    """Return whether a text is itself an answer, not a sentence that contains one."""
    if not text or "\n" in text or len(text) > _LONGEST_LINE:
        return False
    if formulas:
        return not count_words(_CONJUNCTION.sub("", _FORMULA.sub("", text)))
    if not re.search(r"[0-9]", text):
        return True
    words = any(atom.kind == "word" for atom in atoms_of(read(text)))
    return not words and count_words(text) <= _FEW_WORDS


class _Problem:
    """The answers to one problem and their classes of equal answers."""

    def __init__(
        self, gold: str, complaint: str, classes: Classes, comma: bool | None = None
    ) -> None:
        self._classes = classes
        self._structures: dict[str, Structure] = {}
        self._spelt: dict[Hashable, str] = {}
        self._raw, self._comma = gold, convention(gold, comma)
        self._gold, self._complaint = self._text(gold), complaint
        self._written = None if complaint else read(gold, Style(self._comma))
        self._reference = None if self._written is None else align(self._written, self._written)
        if self._reference is not None:
            classes.add(atoms_of(self._reference), reference=True)

    def judge(self, answers: list[str | None]) -> Iterator[Verdict]:
        """Yield the verdicts on the answers of several draws."""
        new = {
            answer: align(self._read(answer), self._written)
            for answer in set(answers)
            if answer is not None and answer not in self._structures
        }
        if new:
            self._classes.add(atom for structure in new.values() for atom in atoms_of(structure))
            # Classes of earlier draws keep their text; a new class gets its shortest answer's.
            texts = [(self._text(answer), answer) for answer in new]
            spelt = sorted((len(text), text, answer) for text, answer in texts)
            self._structures |= {answer: new[answer] for *_, answer in spelt}
            self._spell()
        yield from map(self._verdict, answers)

    def _read(self, answer: str) -> Structure:
        if self._written is None:
            return read(answer, Style(self._comma))
        return read_like(answer, self._raw, self._written, self._comma)

    def _text(self, answer: str) -> str:
        """Return the text of a vote, in which a decimal comma is a point."""
        value = number(answer, Style(self._comma)) if self._comma else None
        return canonical(answer) if value is None else in_decimals(value)

    def _spell(self) -> None:
        """Give each class a text of its own; new answers may have joined two classes."""
        self._spelt = {}
        if self._reference is not None:
            self._spelt[self._classes.key(self._reference)] = self._gold
        taken = set(self._spelt.values())
        for answer, structure in self._structures.items():
            if (key := self._classes.key(structure)) not in self._spelt:
                text = self._text(answer)
                # With the reference y = 5, the answers x = 5 and 5 differ but have one text, 5.
                self._spelt[key] = text if text not in taken else " ".join(answer.split())
                taken.add(self._spelt[key])

    def _verdict(self, answer: str | None) -> Verdict:
        if self._reference is None:
            spelt = (
                None if answer is None else self._spelt[self._classes.key(self._structures[answer])]
            )
            return Verdict(spelt, status="no_reference", detail=self._complaint)
        if answer is None:
            return Verdict(correct=False, score=0.0, status="no_answer")
        structure = self._structures[answer]
        key = self._classes.key(structure)
        correct = key == self._classes.key(self._reference)
        for prefix, part in (("", structure), ("the reference: ", self._reference)):
            status, detail = self._trouble(part)
            if status != "ok" and not correct:
                return Verdict(self._spelt[key], status=status, detail=prefix + detail)
        return Verdict(self._spelt[key], correct, float(correct))

    def _trouble(self, structure: Structure) -> tuple[str, str]:
        found = (self._classes.trouble(atom) for atom in atoms_of(structure))
        return next((trouble for trouble in found if trouble[0] != "ok"), ("ok", ""))
