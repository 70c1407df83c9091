"""Right programs of every kind pass their tests, and their wrong twins do not."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from programs import basics, functions, objects, suites, tools, values
from programs.cases import Case
from tiers import need

from ttc.records import Sample
from ttc.verifiers.code.python import Python

CASES = [*objects.CASES, *functions.CASES, *values.CASES, *suites.CASES, *tools.CASES]


def present(cases: Iterable[Case]) -> list[Case]:
    """Return the cases whose packages are installed here."""
    return [each for each in cases if not each.needs or importlib.util.find_spec(each.needs)]


def misjudged(cases: list[Case], tier: str, most_twins: int = 99) -> list[tuple[str, ...]]:
    """Return the programs whose verdict is not as it should be, and what was said instead."""
    tried = [
        (each, twin, program)
        for each in present(cases)
        for twin, program in [("", each.program), *list(each.wrong.items())[:most_twins]]
    ]
    samples = [
        Sample(each.name, at, f"```python\n{program}\n```", "stop", reference=each.reference)
        for at, (each, _, program) in enumerate(tried)
    ]
    verdicts = Python(sandbox=tier, cpu="2").verify(samples)
    return [
        (each.name, twin, str(verdict.correct), verdict.status, str(verdict.detail))
        for (each, twin, _), verdict in zip(tried, verdicts, strict=True)
        if verdict.correct is not (twin == "")
    ]


def test_right_programs_pass_and_their_wrong_twins_do_not() -> None:
    assert misjudged(CASES, need("bwrap")) == []


def test_so_they_do_in_the_other_sandbox() -> None:
    assert misjudged(CASES, need("landlock"), 0) == []


def test_ten_beginners_problems_of_each_kind() -> None:
    assert misjudged(basics.CASES, need("landlock")) == []


def test_the_table_is_large_and_its_cases_differ() -> None:
    """A table that shrinks by accident would still be all right."""
    everything = [*CASES, *basics.CASES]
    assert (len(CASES), len(basics.CASES)) >= (100, 100)
    assert sum(len(each.twins) for each in CASES) >= 300
    assert len({each.name for each in everything}) == len(everything)
    assert [each.name for each in everything if each.program in each.wrong.values()] == []
