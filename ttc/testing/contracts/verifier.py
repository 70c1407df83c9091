"""What every verifier must do: subclass VerifierContract and give it a fixture `verifier`.

    import pytest
    from ttc.testing import VerifierContract

    class TestMine(VerifierContract):
        cases = (
            ("The capital is Paris.", {"answer": "Paris"}, True),
            ("The capital is Rome.", {"answer": "Paris"}, False),
        )

        @pytest.fixture
        def verifier(self):
            return Mine()

The cases are judged, and so are texts as models write them at their worst.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from ttc.plugins.guards import verdict_fault
from ttc.records import INFRA, Sample, Verdict
from ttc.verifiers import Verifier
from ttc.verifiers.extras import JudgingTogether, ReadingReference

# Texts as models write them at their worst.
HOSTILE = (
    "",
    " \n\t ",
    "<think>It never ends",
    "<think></think>",
    "\x00\x1b[31m\u202e" * 20,
    "\\boxed{" * 200,
    "(" * 5000,
    "9" * 5000,
    "\U0001f600" * 500,
    "the answer is the answer is " * 2000,
)


class VerifierContract:
    """The contract of `ttc.verifiers`.

    `cases` are texts with their reference and whether they are correct (None: it is undecided);
    there must be one that is and one that is not, unless `decides` is False: the verifier only
    scores. `repeats`: the same sample has the same verdict, which a model's votes may not.
    """

    cases: ClassVar[Sequence[tuple[str, Mapping[str, Any], bool | None]]] = ()
    decides = True
    repeats = True

    # What it says of itself.

    def test_it_says_what_it_is(self, verifier: Verifier) -> None:
        assert isinstance(verifier.name, str)
        assert verifier.name
        assert isinstance(verifier.version, str)
        assert verifier.version, "it is raised with every change of verdicts"
        config = json.loads(json.dumps(dict(verifier.config), allow_nan=False))
        assert config == dict(verifier.config), "config holds JSON values, which key the verdicts"
        told = verifier.reads_reference if isinstance(verifier, ReadingReference) else None
        assert told in (True, False, None)

    def test_an_unknown_option_is_refused(self, verifier: Verifier) -> None:
        if getattr(type(verifier), "takes", "") == "text":
            pytest.skip("all of its text is one option")
        with pytest.raises((ValueError, TypeError), match="no_such_option"):
            type(verifier)(no_such_option="1")  # type: ignore[call-arg]

    # Verdicts.

    def test_the_cases_are_judged_as_told(self, verifier: Verifier) -> None:
        if self.decides:
            told = {correct for *_, correct in self.cases}
            assert {True, False} <= told, "give `cases` that are correct and that are not"
        for text, reference, correct in self.cases:
            (verdict,) = self.judge(verifier, self.sample(text, reference))
            assert verdict.correct is correct, f"{text!r} for {reference}: {verdict}"

    def test_every_sample_gets_one_valid_verdict(self, verifier: Verifier) -> None:
        samples = [*self.samples(), *self.hostile()]
        verdicts = self.judge(verifier, *samples)
        assert len(verdicts) == len(samples), "one verdict a sample, in order"
        for sample, verdict in zip(samples, verdicts, strict=True):
            assert verdict_fault(verdict) is None, f"{sample.text[:60]!r}: {verdict}"
            assert verdict.score is None or math.isfinite(verdict.score)
            assert verdict.status
            assert verdict.status not in INFRA, f"{sample.text[:60]!r}: {verdict}"

    def test_a_verdict_depends_on_its_sample_alone(self, verifier: Verifier) -> None:
        if not self.repeats or (isinstance(verifier, JudgingTogether) and verifier.together):
            pytest.skip("verdicts depend on votes, or on the other draws")
        samples = [*self.samples(), *self.hostile()]
        together = self.judge(verifier, *samples)
        backwards = self.judge(verifier, *samples[::-1])[::-1]
        alone = [self.judge(verifier, sample)[0] for sample in samples]
        assert together == backwards == alone

    def test_no_text_is_no_answer(self, verifier: Verifier) -> None:
        for reference in self.references():
            for text in ("", "<think>It never ends"):
                (verdict,) = self.judge(verifier, self.sample(text, reference))
                assert verdict.correct is not True, f"{text!r} is no answer"
                assert verdict.answer is None

    def test_a_missing_reference_is_undecided(self, verifier: Verifier) -> None:
        if not (isinstance(verifier, ReadingReference) and verifier.reads_reference is True):
            pytest.skip("it does not say that it reads the reference")
        for text, *_ in self.cases:
            (verdict,) = self.judge(verifier, self.sample(text, {}))
            assert verdict.correct is None, "without a reference nothing is right or wrong"
            assert verdict.status == "no_reference"

    def test_what_it_does_not_read_changes_nothing(self, verifier: Verifier) -> None:
        if not (isinstance(verifier, ReadingReference) and verifier.reads_reference is False):
            pytest.skip("it reads the reference, or may")
        if not self.repeats:
            pytest.skip("verdicts depend on votes")
        for sample in self.samples():
            told = self.judge(verifier, sample)
            for other in ({}, {"answer": "another"}):
                assert self.judge(verifier, replace(sample, reference=other)) == told

    # How it is run.

    def test_closing_early_is_no_error(self, verifier: Verifier) -> None:
        verdicts = verifier.verify(iter(self.samples() * 20))
        next(verdicts)
        if callable(close := getattr(verdicts, "close", None)):
            close()
        assert len(self.judge(verifier, *self.samples())) == len(self.samples())

    def test_nothing_to_judge(self, verifier: Verifier) -> None:
        assert self.judge(verifier) == []

    def test_samples_are_taken_from_an_iterator_once(self, verifier: Verifier) -> None:
        def once() -> Iterator[Sample]:
            yield from self.samples()

        assert len(list(verifier.verify(once()))) == len(self.samples())

    # What is judged.

    def judge(self, verifier: Verifier, *samples: Sample) -> list[Verdict]:
        """Return the verdicts on samples."""
        return list(verifier.verify(samples))

    def sample(self, text: str, reference: Mapping[str, Any], index: int = 0) -> Sample:
        """Return a sample of a text."""
        return Sample("p", index, text, "stop", completion_tokens=8, reference=reference)

    def samples(self) -> list[Sample]:
        """Return a sample of each case; of one text if there are none."""
        cases = self.cases or (("a text", {}, None),)
        return [self.sample(text, told, at) for at, (text, told, _) in enumerate(cases)]

    def hostile(self) -> list[Sample]:
        """Return samples of HOSTILE texts, with a reference of the cases."""
        told = self.references()[0]
        return [self.sample(text, told, at) for at, text in enumerate(HOSTILE)]

    def references(self) -> list[Mapping[str, Any]]:
        """Return the references of the cases; one that is empty if there are none."""
        return [reference for _, reference, _ in self.cases] or [{}]
