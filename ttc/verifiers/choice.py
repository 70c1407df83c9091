"""choice: the letter of a multiple-choice answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ttc.options import OptionReader
from ttc.records import Sample, Verdict
from ttc.verifiers.choices.options import Options
from ttc.verifiers.choices.reading import chosen, named
from ttc.verifiers.references import accepted, any_of


class Choice:
    """The answer names the reference's option, by letter or by its text.

    The reference answer is a letter, or the text of one of the reference's `choices`, which are a
    list, ARC's `{"text": […], "label": […]}` or an object from label to text. An integer counts
    from 0, as in MMLU, or from 1 where it is too large for that; `base=0` and `base=1` say so. If
    the reference has several answers, any is right. A completion names its choice by letter ("(B)",
    "B.", "Option B", "B) Paris", "It should be B"), by the whole text of exactly one choice, or by
    number where the labels are numbers. Two letters ("both A and B") are no choice.
    """

    name = "choice"
    version = "2"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        self._base = read.choice("base", ("auto", "0", "1"), "auto")
        read.end()

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        return {"base": self._base}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order."""
        return map(self._judge, samples)

    def _judge(self, sample: Sample) -> Verdict:
        try:
            options = Options.of(sample.reference.get("choices"))
        except ValueError as error:
            answer = _label(Options.of(None), sample.text)
            return Verdict(answer, status="no_reference", detail=f"the reference's {error}")
        answer = _label(options, sample.text)
        golds = accepted(sample.reference) or (None,)
        return any_of(self._against(gold, answer, options) for gold in golds)

    def _against(self, gold: object, answer: str | None, options: Options) -> Verdict:
        place, note = self._place(gold, options)
        if place is None:
            detail = f"the reference answer is {gold!r}, {note}"
            return Verdict(answer, status="no_reference", detail=detail)
        if answer is None:
            return Verdict(correct=False, score=0.0, status="no_answer", detail=note)
        correct = answer == options.labels[place]
        return Verdict(answer, correct, float(correct), detail=note)

    def _place(self, gold: object, options: Options) -> tuple[int | None, str]:
        """Return the place of the reference's option, or None, and how it was read or why not."""
        if isinstance(gold, float) and gold.is_integer():
            gold = int(gold)
        if isinstance(gold, str):
            place = named(gold, options)
            if isinstance(place, int):
                return place, ""
            if not gold.strip().isdecimal() or not options.texts or options.numbered:
                return None, "neither a letter nor one of the choices"
            gold = int(gold[:9])
        if type(gold) is not int:
            return None, "neither a letter nor one of the choices"
        if options.numbered and str(gold) in options.labels and self._base == "auto":
            return options.labels.index(str(gold)), ""
        return self._counted(gold, options)

    def _counted(self, number: int, options: Options) -> tuple[int | None, str]:
        """Return the place that an integer gives."""
        if self._base == "auto" and not options.texts:
            return None, "an integer without choices: give the letter, or choice:base=0 or base=1"
        base = int(self._base) if self._base != "auto" else 0
        count = len(options.labels)
        if self._base == "auto" and number == count:
            base = 1
        if not 0 <= number - base < count:
            return None, f"which is none of the {count} choices, counted from {base}"
        hint = "" if self._base != "auto" else f"; choice:base={1 - base} counts from {1 - base}"
        label = options.labels[number - base]
        return number - base, f"the reference's {number} is {label}, counted from {base}{hint}"


def _label(options: Options, text: str) -> str | None:
    place = chosen(text, options)
    return None if place is None else options.labels[place]
