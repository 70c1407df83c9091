"""The sandbox: the self-test of each tier, and two programs judged by the verifier `python`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable

from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok
from ttc.errors import SandboxError
from ttc.records import Sample
from ttc.verifiers.code.python import Python
from ttc.verifiers.sandbox import tiers
from ttc.verifiers.sandbox.probe import probe
from ttc.verifiers.sandbox.servers import ServerError

_PATIENCE = 30.0  # seconds per tier, on a busy machine
_TESTS = {"tests": "assert add(2, 3) == 5", "entry_point": "add"}
_PROGRAMS = {
    "right": "```python\ndef add(a, b):\n    return a + b\n```",
    "wrong": "```python\ndef add(a, b):\n    return a - b\n```",
}


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    if sys.platform == "win32":
        return [Step("sandbox", lambda: [_none(options, "there is no sandbox on Windows")])]
    tried = tiers.AUTOMATIC if sys.platform == "linux" else ("seatbelt",)
    return [
        *(Step(tier, _attacked(tier), _PATIENCE) for tier in tried),
        Step("programs", lambda: _judged(options), 2 * _PATIENCE),
    ]


def _none(options: DoctorOptions, why: str) -> Check:
    """Return the check for a missing sandbox: a failure on Linux, or if the group was named."""
    wanted = sys.platform == "linux" or "sandbox" in options.groups
    return (fail if wanted else note)("programs", f"-V python cannot run: {why}", tiers.remedy())


def _attacked(tier: str) -> Callable[[], Iterable[Check]]:
    def attack() -> Iterable[Check]:
        try:
            yield ok(f"tier {tier}", f"passed its self-test: {', '.join(probe(tier))}")
        except ServerError as error:
            # One tier is enough; `programs` fails if none passes.
            how = tiers.remedy_of(tier) if tier in tiers.AUTOMATIC else tiers.remedy()
            yield note(f"tier {tier}", str(error), how)

    return attack


def _judged(options: DoctorOptions) -> Iterable[Check]:
    """Judge a correct and a wrong program with the verifier, which chooses the tier on Linux."""
    automatic = sys.platform == "linux"
    verifier = Python(sandbox="auto" if automatic else "seatbelt")
    samples = [
        Sample("doctor", 0, text, "stop", reference=_TESTS, pool="doctor")
        for text in _PROGRAMS.values()
    ]
    began = time.monotonic()
    try:
        right, wrong = verifier.verify(samples)
    except SandboxError as error:
        yield _none(options, str(error).removesuffix(f"; {tiers.remedy()}"))
        return
    if right.correct is True and wrong.correct is False:
        took = time.monotonic() - began
        yield ok("programs", f"a correct one passed, a wrong one failed, in {took:.1f} s")
        return
    for name, verdict, expected in (("correct", right, True), ("wrong", wrong, False)):
        if verdict.correct is not expected:
            verdict_text = f"{verdict.correct} ({verdict.status}: {verdict.detail})"
            yield fail("programs", f"the {name} one was judged {verdict_text}", tiers.remedy())
