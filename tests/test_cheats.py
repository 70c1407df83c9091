"""No program passes tests without doing what they ask for, whatever their style."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterable, Iterator

import pytest
from exploit_targets import CLASSES, STACK, TARGETS, Target
from exploits import exploits
from tiers import need

from ttc.records import Sample, Verdict
from ttc.verifiers.code.python import Python

SOON = "0.5"
UNDECIDED = ("candidate_compares",)

Tried = tuple[str, str, str, Target]  # the style of the tests, the cheat, its program, the tests


def usable() -> dict[str, Target]:
    """Return the targets whose packages are installed here."""
    without = not importlib.util.find_spec("numpy")
    return {k: t for k, t in TARGETS.items() if not (without and "numpy" in t.tests)}


def everything() -> Iterator[Tried]:
    """Yield every cheat against every target."""
    for (style, target), (cheat, program) in itertools.product(
        usable().items(), exploits("f").items()
    ):
        yield style, cheat, program, target
    for cheat, program in CLASSES.items():
        yield "a stack", cheat, program, STACK


def verdicts(tried: list[Tried], tier: str) -> Iterable[Verdict]:
    samples = [
        Sample(style, at, f"```python\n{program}```", "stop", reference=target.reference)
        for at, (style, _, program, target) in enumerate(tried)
    ]
    return Python(sandbox=tier, cpu=SOON).verify(samples)


def not_refused(tried: list[Tried], tier: str) -> list[tuple[str, ...]]:
    """Return the cheats that were not judged wrong, and what was said."""
    return [
        (style, cheat, str(verdict.correct), verdict.status, str(verdict.detail))
        for (style, cheat, _, _), verdict in zip(tried, verdicts(tried, tier), strict=True)
        if verdict.correct or (verdict.correct is None and verdict.status not in UNDECIDED)
    ]


def test_the_tests_of_every_style_can_be_passed() -> None:
    right = [(style, "", target.program, target) for style, target in usable().items()]
    right.append(("a stack", "", STACK.program, STACK))
    failed = [
        (style, str(verdict.correct), verdict.status, str(verdict.detail))
        for (style, *_), verdict in zip(right, verdicts(right, need("landlock")), strict=True)
        if not verdict.correct
    ]
    assert failed == []


def test_no_cheat_passes_tests_of_any_style() -> None:
    """A thirteenth of them, each style and each cheat among them; the rest is slow."""
    assert not_refused([*itertools.islice(everything(), 0, None, 13)], need("bwrap")) == []


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["bwrap", "landlock"])
def test_no_cheat_passes_in_any_sandbox(tier: str) -> None:
    assert not_refused(list(everything()), need(tier)) == []
