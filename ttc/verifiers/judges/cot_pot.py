"""cot-pot: a model translates the reasoning into a program; running it gives the same answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar

from ttc.answers.extract import canonical, extract, number, stated, visible
from ttc.backends import Completion
from ttc.options import OptionReader
from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers.code.base import Sandboxed, failure, joined, run_scripts
from ttc.verifiers.code.extraction import program_of
from ttc.verifiers.code.parsing import parse
from ttc.verifiers.judges.base import WINDOW, Judge
from ttc.verifiers.judges.requests import Ask
from ttc.verifiers.sandbox.servers import JobResult

BLANK = "[…]"


class CotPot(Judge):
    """The reasoning, translated into a program by a model, gives the same answer (CoTnPoT).

    Liang et al. 2024, 2410.05318. A model translates the reasoning, with the answer blanked out,
    into Python. The program runs in a sandbox, and its output is compared with the answer. A
    program that only prints literals is rejected. The score is 1 for agreement and 0 for another
    result. If there is no program or it fails, the score is None, since a wrong program does not
    make the reasoning wrong.
    """

    name = "cot-pot"
    defaults: ClassVar[Mapping[str, str]] = {
        "temperature": "0",
        "cpu": "3",
        "memory": "1024",
        "sandbox": "auto",
    }

    def __init__(self, **given: object) -> None:
        super().__init__(given)

    def parse(self, read: OptionReader) -> None:
        """Also read the limits of programs."""
        super().parse(read)
        self._box = Sandboxed(read)

    def count(self, read: OptionReader) -> int:
        """Return 1: each sample is translated once. OptionError if `n` is given."""
        read.refuse("n", "cot-pot translates each sample once; it has no option n")
        return 1

    @property
    def config(self) -> Mapping[str, Any]:
        """As for any judge, without the sandbox, which does not change verdicts."""
        return {name: value for name, value in super().config.items() if name != "sandbox"}

    def use_sandbox(self, tier: str) -> None:
        """Set the tier given by `--sandbox`."""
        self._box.use_sandbox(tier)

    @property
    def note(self) -> str | None:
        """The line that names the sandbox of the programs."""
        return self._box.note

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; reads a batch ahead."""
        source = iter(samples)
        with self._box.pool() as pool:
            while batch := list(islice(source, WINDOW)):
                translated = list(super().verify(batch))
                programs = [_program(verdict) for verdict in translated]
                for sample, verdict, ran in zip(
                    batch, translated, run_scripts(pool, programs), strict=True
                ):
                    yield verdict if ran is None else self._compared(sample, verdict, ran)

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Request the translation; the model does not see the answer."""
        return Ask(self.filled(sample, answer=blanked(sample.text)))

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return 1 if there is a program that computes something, else None."""
        program = program_of(done.text) if "```" in done.text else None
        return None if program is None or is_literal(program) else 1.0

    def _compared(self, sample: Sample, verdict: Verdict, ran: JobResult) -> Verdict:
        answer = extract(sample.text)
        spelt = None if answer is None else canonical(answer)
        verdict = replace(verdict, answer=spelt, correct=None, score=None)
        sandbox = self._box.sandbox_detail()
        failed = failure(ran.runs[0]) if ran.runs else (ran.stopped or INFRA[1], ran.detail)
        if failed:
            status, detail = failed
            return replace(verdict, status=status, detail=joined(detail, sandbox))
        if answer is None:
            return replace(verdict, status="no_answer", detail=sandbox)
        printed = ran.runs[0].output.strip().rpartition("\n")[2].strip()
        same = _equal(printed, answer)
        detail = joined("" if same else f"the program prints {printed[:60]!r}", sandbox)
        return replace(verdict, correct=same, score=float(same), status="ok", detail=detail)


def blanked(text: str) -> str:
    """Return the reasoning with every occurrence of its answer replaced by BLANK."""
    text = visible(text)
    answer = extract(text)
    if not answer:
        return text
    spellings = {answer.strip(), canonical(answer)}
    value = number(answer)
    if value is not None and value.denominator == 1:
        spellings |= {str(value), f"{int(value):,}", f"{int(value)}.0", f"{int(value)}.00"}
    either = "|".join(re.escape(each) for each in sorted(spellings, key=len, reverse=True) if each)
    if stated(text) is None and value is None:
        return text
    return re.sub(rf"(?<![\w.,])(?:{either})(?![\w]|[.,]\d)", BLANK, text)


def is_literal(program: str) -> bool:
    """Return whether a program only prints literals: no operation, no call but print and int(…)."""
    return parse(program).literal


def _program(verdict: Verdict) -> str | None:
    readable = verdict.status == "ok" and verdict.votes
    return program_of(verdict.votes[0].text) if readable else None


def _equal(printed: str, answer: str) -> bool:
    ours, theirs = number(printed), number(answer)
    if ours is not None and theirs is not None:
        # A program that divides prints a rounded float.
        return abs(ours - theirs) <= abs(theirs) * 10**-9
    return canonical(printed).casefold() == canonical(answer).casefold()
