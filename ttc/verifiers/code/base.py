"""The base of verifiers that run programs: a sandbox, chosen when the first program is run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator

from ttc.errors import UsageError
from ttc.options import OptionReader
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.probe import Chosen, choose
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob
from ttc.verifiers.sandbox.tiers import TIERS

_REMARKS = 5  # faults of references that are told apart
_RAISED = {"MemoryError": "oom", "PermissionError": "denied"}


class Sandboxed:
    """A sandbox tier and the limits of each program: `cpu` in seconds, `memory` in MiB.

    OptionError for invalid options.
    """

    def __init__(self, read: OptionReader, cpu: float = 3, memory: float = 1024) -> None:
        self.cpu = float(read.number("cpu", cpu, above=0, below=1_000_000))
        self.memory = float(read.number("memory", memory, above=0, below=1_000_000))
        self._wanted = read.choice("sandbox", TIERS, "auto")
        if self._wanted == "none":
            raise read.error("sandbox=none is refused; use --sandbox none --i-trust-this-code")
        self._chosen: Chosen | None = None
        self._remarks: dict[str, int] = {}

    def use_sandbox(self, tier: str) -> None:
        """Set the tier given by `--sandbox`, which alone may be `none`; UsageError if unknown."""
        try:
            self._wanted = _known(tier)
        except ValueError as error:
            raise UsageError(f"--{error}") from None

    def sandbox_detail(self) -> str:
        """Return the part of a verdict's detail that names the sandbox."""
        return f"sandbox: {self._tier()}"

    def pool(self) -> SandboxPool:
        """Return a pool of fork servers, none started yet. When one is needed and no tier passes
        its self-test, SandboxError is raised."""
        return SandboxPool(self._tier, Limits(self.cpu, int(self.memory) << 20), _workers())

    def _tier(self) -> str:
        if self._chosen is None:
            self._chosen = choose(self._wanted)
        return self._chosen.tier

    @property
    def note(self) -> str | None:
        """Where programs ran, and what was wrong with references, each fault once."""
        ran = [] if self._chosen is None else [f"programs ran in the sandbox {self._chosen}"]
        for remark, samples in list(self._remarks.items())[:_REMARKS]:
            ran.append(f"{remark} ({samples} sample{'s' if samples > 1 else ''})")
        if len(self._remarks) > _REMARKS:
            ran.append(f"{len(self._remarks) - _REMARKS} other faults of references")
        return "; ".join(ran) or None

    def remark(self, text: str) -> None:
        """Take note of a fault that is told once, with the number of samples that have it."""
        self._remarks[text] = self._remarks.get(text, 0) + 1


def run_scripts(pool: SandboxPool, programs: Iterable[str | None]) -> Iterator[JobResult | None]:
    """Run programs without input and yield the result of each; None for None."""
    listed = list(programs)
    ran = pool.run(SandboxJob("script", each, stdin=("",)) for each in listed if each is not None)
    return (None if each is None else next(ran) for each in listed)


def failure(ran: JobResult) -> tuple[str, str] | None:
    """Return status and detail of a script's failed run on one input; None if it ended normally.

    `ran` is one of `JobResult.runs`.
    """
    if ran.stopped is not None:
        return ran.stopped, ""
    if ran.exits[0] == 0:
        return None
    last = ran.errors.strip().rpartition("\n")[2]
    return status_of(last), death(ran.exits[0]) or last or f"exit code {ran.exits[0]}"


def status_of(raised: str) -> str:
    """Return the status of a program that raised, from the last line of its traceback."""
    return _RAISED.get(raised.partition(":")[0], "raised")


def death(code: int) -> str:
    """Return a text for the signal that ended a program; "" for an exit or SIGKILL (our own)."""
    if code >= 0 or -code == signal.SIGKILL:
        return ""
    try:
        return f"died of {signal.Signals(-code).name}"
    except ValueError:
        return f"died of signal {-code}"


def joined(*parts: str) -> str:
    """Return the non-empty parts of a detail, joined."""
    return "; ".join(part for part in parts if part)


def _known(tier: str) -> str:
    if tier not in TIERS:
        raise ValueError(f"sandbox must be one of {', '.join(TIERS)}, not {tier!r}")
    return tier


def _workers() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
