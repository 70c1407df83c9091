"""Chooses a tier by self-test: it is used only if every attack in it fails."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from ttc.errors import SandboxError
from ttc.verifiers.sandbox import tiers
from ttc.verifiers.sandbox.attacks import ATTACK, Victims
from ttc.verifiers.sandbox.inside.limits import HIDDEN, Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.servers import ForkServer, JobResult, SandboxJob, ServerError


class Chosen(NamedTuple):
    """A tier that passed its self-test, and its layers."""

    tier: str
    layers: tuple[str, ...]

    def __str__(self) -> str:
        name = f"{self.tier} ({', '.join(self.layers)})"
        return "; ".join(filter(None, (name, tiers.lacks(self.tier, self.layers))))


def choose(wanted: str) -> Chosen:
    """Return the requested tier, or for `auto` the best, after its self-test.

    SandboxError (exit code 5) gives the reason for each tier that failed, and the remedy.
    """
    if sys.platform == "win32":
        raise SandboxError(f"no sandbox passed its self-test; {tiers.remedy()}")
    if wanted == "none":
        return Chosen("none", ("rlimits only",))
    failed = []
    for tier in tiers.AUTOMATIC if wanted == "auto" else (wanted,):
        try:
            return Chosen(tier, probe(tier))
        except ServerError as error:
            failed.append(f"{tier}: {error}")
    from ttc.verifiers.sandbox.inside.confine import cut

    low = f"{', '.join(lower)}: raise that first; " if (lower := cut(Limits())) else ""
    raise SandboxError(
        f"no sandbox passed its self-test ({'; '.join(failed)}); {low}{tiers.remedy()}"
    )


def probe(tier: str) -> tuple[str, ...]:
    """Attack a tier and return its layers; ServerError names the attacks that worked."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttc-probe-")))
        server = ForkServer(tier, Limits())
        stack.callback(server.close)
        if tier == "landlock" and not (
            {"seccomp"} < {layer.split()[0] for layer in server.layers}
            and any(layer.startswith("landlock") for layer in server.layers)
        ):
            raise ServerError(f"only {', '.join(server.layers)} here")
        hides = tier != "landlock" or HIDDEN in server.layers
        victims = Victims(stack, folder, tiers.readable_paths(), hides=hides)
        pool = stack.enter_context(SandboxPool(lambda: tier, Limits(), 1))
        tests = {
            "setup": "import json",
            "names": ["attack"],
            "tests": f"worked = attack(json.loads({json.dumps(victims.given)!r}))\n"
            "assert not worked, ', '.join(worked)",
            "entry": None,
        }
        (ran,) = pool.run([SandboxJob("calls", ATTACK, tests)])
        if harm := victims.harmed():
            raise ServerError(harm)
        if ran.why == "fail":
            raise ServerError(f"attacks worked: {ran.detail}")
        if ran.why != "pass":
            raise ServerError(f"the self-test could not run: {_reason(ran)}")
        return server.layers


def _reason(ran: JobResult) -> str:
    """Return why a job has no verdict: its detail, else its last line, else how it ended."""
    last = ran.output.strip().rpartition("\n")[2]
    died = [f"ended with {tiers.exit_of(code)}" for code in ran.exits if code]
    return ran.detail or last or ran.stopped or ", ".join(died) or str(ran.why)
