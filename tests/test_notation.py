"""Answers as people write them: notation, systems, domains, options and numbers, for `math` and
`numeric`; and what votes make of the same texts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttc.answers.canonical import canonical, number, tidy
from ttc.answers.characters import plain_characters
from ttc.answers.locales import decimal_comma
from ttc.answers.tex import braced
from ttc.records import Sample, Verdict
from ttc.verifiers.math import Math
from ttc.verifiers.math.structure import read
from ttc.verifiers.numeric import Numeric

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "notation_cases.json").read_text(encoding="utf-8")
)
KINDS = sorted({case["kind"] for case in CASES})


def drawn(answer: str, gold: object, problem: str = "p") -> Sample:
    text = rf"So the answer is \boxed{{{answer}}}."
    return Sample(problem, 0, text, "stop", reference={"answer": gold})


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Verdict]]:
    """The verdicts on the whole table, each case a problem of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_CACHE", str(tmp_path_factory.mktemp("cache")))
        samples = [drawn(case["answer"], case["gold"], str(at)) for at, case in enumerate(CASES)]
        yield list(Math().verify(samples))


@pytest.mark.parametrize("kind", KINDS)
def test_table(judged: list[Verdict], kind: str) -> None:
    wrong = [
        (case["gold"], case["answer"], case["correct"], verdict.answer, verdict.status)
        for case, verdict in zip(CASES, judged, strict=True)
        if case["kind"] == kind and verdict.correct is not case["correct"]
    ]
    assert wrong == []


def test_the_table_is_large_and_has_both_directions() -> None:
    assert len({(case["gold"], case["answer"]) for case in CASES}) == len(CASES) >= 500
    for kind in KINDS:
        directions = {case["correct"] for case in CASES if case["kind"] == kind}
        assert directions == {True, False}, kind
