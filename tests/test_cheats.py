"""No program passes tests without doing what they ask for, whatever their style."""

from __future__ import annotations

import importlib.util
import itertools
import re
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


def samples_of(tried: list[Tried]) -> list[Sample]:
    return [
        Sample(style, at, f"```python\n{program}\n```", "stop", reference=target.reference)
        for at, (style, _, program, target) in enumerate(tried)
    ]


def verdicts(tried: list[Tried], tier: str) -> Iterable[Verdict]:
    return Python(sandbox=tier, cpu=SOON).verify(samples_of(tried))


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
    """A part of them, each style and each cheat among it; the rest is slow."""
    assert not_refused([*itertools.islice(everything(), 0, None, 29)], need("bwrap")) == []


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["bwrap", "landlock"])
def test_no_cheat_passes_in_any_sandbox(tier: str) -> None:
    """Other parts of them; `benchmarks/verify.py` tries many more."""
    assert not_refused([*itertools.islice(everything(), 3, None, 7)], need(tier)) == []


# What a program may do that harms nothing outside its process, where there is no sandbox.
_HARMFUL = re.compile(
    r"os\.(?!_exit)|open\(|signal|ctypes|subprocess|resource|socket|fcntl|glob|/proc|sys\.path|mmap"
    r"|tempfile|faulthandler|while True|thread|<< 30|range\(10|hoard|PAYLOAD|setrecursionlimit"
)


def test_no_harmless_cheat_passes_without_a_sandbox() -> None:
    tried = [each for each in everything() if not _HARMFUL.search(each[2])][::31]
    assert len(tried) > 150
    verifier = Python(cpu=SOON)
    verifier.use_sandbox("none")
    judged = verifier.verify(samples_of(tried))
    assert [t[:2] for t, verdict in zip(tried, judged, strict=True) if verdict.correct] == []


# Only the program's own comparison decides; its class is not one that the tests name.
OWN = "class V:\n    def __init__(self, x): self.x = x\n"
COMPARED = {
    "equality": (OWN + "    def __eq__(self, o): return self.x == o.x\ndef f(x): return V(x)",
                 "assert f(1) == f(1) and f(1) != f(2)"),
    "order": (OWN + "    def __lt__(self, o): return self.x < o.x\ndef f(x): return V(x)",
              "assert f(1) < f(2) and not f(2) < f(1) and sorted([f(2), f(1)])[0].x == 1"),
    "truth": (OWN + "    def __bool__(self): return self.x > 0\ndef f(x): return V(x)",
              "assert f(1) and not f(0)"),
    "membership": (OWN + "    def __contains__(self, o): return o < self.x\ndef f(x): return V(x)",
                   "assert 1 in f(2) and 3 not in f(2)"),
    "differences": (OWN + "    def __sub__(self, o): return self.x - o\ndef f(x): return V(x)",
                    "assert abs(f(3) - 3) < 1e-9"),
}  # fmt: skip
# The tests name the class, so its comparisons are the task; or the judge compares itself.
NAMED = {
    "equality": (COMPARED["equality"][0], "assert V(1) == V(1) and V(1) != V(2) and f(1).x == 1"),
    "equality with numbers": (
        OWN + "    def __eq__(self, o): return self.x == o\n", "assert V(3) == 3 and V(3) != 4"),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass(order=True)\nclass D:\n    x: int\n"
        "def f(x): return D(x)", "assert f(1) == f(1) and f(1) < f(2) and f(1) != f(3)"),
    "identity": (OWN + "one = V(1)\ndef f(): return one", "assert f() is f() and f() == f()"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("trusted", "wanted"), [(False, (None, "candidate_compares")), (True, (True, "ok"))]
)
def test_a_program_s_own_comparisons_decide_nothing_unless_trusted(
    trusted: bool, wanted: tuple[bool | None, str]
) -> None:
    need("landlock")
    samples = [
        Sample(name, 0, f"```python\n{program}\n```", "stop", reference={"tests": tests})
        for name, (program, tests) in COMPARED.items()
    ]
    options = {"trust_eq": "yes"} if trusted else {}
    judged = list(Python(**options).verify(samples))
    assert [(each.correct, each.status) for each in judged] == [wanted] * len(samples)
    assert all("judge: candidate-compares" in str(each.detail) for each in judged)


def test_comparisons_of_classes_that_tests_name_count() -> None:
    need("landlock")
    samples = [
        Sample(name, 0, f"```python\n{program}\n```", "stop", reference={"tests": tests})
        for name, (program, tests) in NAMED.items()
    ]
    judged = list(Python().verify(samples))
    assert [(name, each.correct) for name, each in zip(NAMED, judged, strict=True)] == [
        (name, True) for name in NAMED
    ]
    marked = ["judge: candidate-compares" in str(each.detail) for each in judged]
    assert marked == [True, True, False, False]
