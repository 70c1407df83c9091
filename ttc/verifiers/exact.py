"""exact: the answer and the reference are the same text, in the canonical form that votes use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ttc.answers.canonical import count_words
from ttc.answers.extract import canonical, extract, own, stated
from ttc.answers.extraction.clauses import unquoted
from ttc.answers.extraction.mentions import plain_digits
from ttc.options import OptionReader
from ttc.records import Sample, Verdict
from ttc.verifiers.references import accepted, any_of

_LONGEST_LINE, _FEW_WORDS = 120, 4


class Exact:
    """The answer's text equals the reference's; `case=fold` ignores case.

    Both are compared in canonical form (`ttc.answers.canonical`), without quotes around the whole
    of them and without a period at the end. Without a cue, a text of one short line is itself the
    answer ("blue", "12/13/2001", "3 apples and 4 oranges"), unless it is a sentence with a number,
    in which case the number is the answer. If the reference has several answers, any is right.
    """

    name = "exact"
    version = "2"
    reads_reference = True

    def __init__(self, **options: object) -> None:
        read = OptionReader(self.name, options)
        self._case = read.choice("case", ("keep", "fold"), "keep")
        read.end()

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        return {"case": self._case}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order."""
        return map(self._judge, samples)

    def _judge(self, sample: Sample) -> Verdict:
        found = _answer(sample.text)
        answer = None if found is None else self._spell(found)
        golds = accepted(sample.reference) or (None,)
        return any_of(self._against(gold, answer) for gold in golds)

    def _against(self, gold: object, answer: str | None) -> Verdict:
        if isinstance(gold, bool) or not isinstance(gold, str | int | float):
            detail = f"the reference answer is {gold!r}, neither text nor a number"
            return Verdict(answer, status="no_reference", detail=detail)
        if not (expected := self._spell(str(gold))):
            return Verdict(answer, status="no_reference", detail="the reference answer is empty")
        if answer is None:
            return Verdict(correct=False, score=0.0, status="no_answer")
        correct = answer == expected
        return Verdict(answer, correct, float(correct))

    def _spell(self, text: str) -> str:
        spelt = canonical(unquoted(plain_digits(text).strip(" *").removesuffix(".")))
        return spelt.casefold() if self._case == "fold" else spelt


def _answer(text: str) -> str | None:
    line = own(text)
    if stated(line) or "\n" in line or len(line) > _LONGEST_LINE:
        return extract(line)
    sentence = count_words(line) > _FEW_WORDS and any(map(str.isdigit, line))
    return extract(line) if sentence else line or None
