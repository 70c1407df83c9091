"""What verifiers that run programs have in common: a sandbox, chosen late and told once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator

from ttc.errors import UsageError
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.probe import Chosen, choose
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob
from ttc.verifiers.sandbox.tiers import TIERS

_RAISED = {"MemoryError": "oom", "PermissionError": "denied"}


class Sandboxed:
    """A tier, and the limits of each program: `cpu` in seconds, `memory` in MiB.

    ValueError for options that cannot be.
    """

    def __init__(self, name: str, cpu: str, memory: str, sandbox: str) -> None:
        self.cpu = _positive(f"{name}: cpu", cpu)
        self.memory = _positive(f"{name}: memory", memory)
        if sandbox == "none":
            raise ValueError("without a sandbox only by --sandbox none --i-trust-this-code")
        self._wanted = _known(sandbox)
        self._chosen: Chosen | None = None
        self.note: str | None = None

    def use_sandbox(self, tier: str) -> None:
        """Take a tier by a flag of the command line, which alone may ask for `none`; UsageError for
        one that is not known."""
        try:
            self._wanted = _known(tier)
        except ValueError as error:
            raise UsageError(f"--{error}") from None

    def told(self) -> str:
        """Return what a verdict's detail says of where its program ran."""
        return f"sandbox: {self._tier()}"

    def pool(self) -> SandboxPool:
        """Return servers for programs, none started yet; SandboxError once one is needed and no
        tier holds."""
        return SandboxPool(self._tier, Limits(self.cpu, int(self.memory) << 20), _workers())

    def _tier(self) -> str:
        if self._chosen is None:
            self._chosen = choose(self._wanted)
            self.note = f"programs ran in the sandbox {self._chosen}"
        return self._chosen.tier


def run_scripts(pool: SandboxPool, programs: Iterable[str | None]) -> Iterator[JobResult | None]:
    """Run programs that read nothing and yield what came of each, None for None."""
    listed = list(programs)
    ran = pool.run(SandboxJob("script", each, stdin=("",)) for each in listed if each is not None)
    return (None if each is None else next(ran) for each in listed)


def failure(ran: JobResult) -> tuple[str, str] | None:
    """Return status and detail of a script that did not end well on an input, None of one that did.

    `ran` is one of `JobResult.runs`.
    """
    if ran.stopped is not None:
        return ran.stopped, ""
    if ran.exits[0] == 0:
        return None
    last = ran.errors.strip().rpartition("\n")[2]
    return status_of(last), death(ran.exits[0]) or last or f"exit code {ran.exits[0]}"


def status_of(raised: str) -> str:
    """Return the status of a program that raised something, from the line that says what."""
    return _RAISED.get(raised.partition(":")[0], "raised")


def death(code: int) -> str:
    """Return what a signal that ended a program says, "" for a plain exit or our own kill."""
    if code >= 0 or -code == signal.SIGKILL:
        return ""
    try:
        return f"died of {signal.Signals(-code).name}"
    except ValueError:
        return f"died of signal {-code}"


def joined(*parts: str) -> str:
    """Return the parts of a detail that are there."""
    return "; ".join(part for part in parts if part)


def _known(tier: str) -> str:
    if tier not in TIERS:
        raise ValueError(f"sandbox must be one of {', '.join(TIERS)}, not {tier!r}")
    return tier


def _positive(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise ValueError(f"{name} must be a number above 0, not {text!r}")
    return value


def _workers() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
