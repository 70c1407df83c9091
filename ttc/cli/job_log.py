"""Where JSON lines go if no `-o` says it: to a pipe or a file, never to the log of a CI job.

In CI, stdout is a pipe or a file for `ttc sample … | ttc verify -` and for a command by itself.
What tells them apart is whether anyone redirected it: the job's log is the stdout of the process
in which the job began, which is the topmost of our ancestors that was started with `CI` set.
"""

from __future__ import annotations

import os
import sys

from ttc.cli.output import piped
from ttc.cli.processes import PROC, parents
from ttc.session import Session

NOT_CI = ("", "0", "false", "no")
NOTE = "stdout is the log of this CI job, which gets no JSON lines; -o - writes them, -o FILE too"


def target_of(session: Session, output: str | None, as_json: bool) -> str | None:
    """Return where JSON lines go: a file, `-` for stdout, None for nowhere.

    `output` (-o) decides if it is given. Else they go to stdout, unless that is a terminal, the log
    of a CI job, or has a document (`as_json`).
    """
    if output or as_json or not piped():
        return output or None
    if not is_job_log():
        return "-"
    session.say(NOTE)
    return None


def in_ci() -> bool:
    """Return whether this runs in CI: GitHub, GitLab and nearly all others set `CI`."""
    return os.environ.get("CI", "").lower() not in NOT_CI


def is_job_log() -> bool:
    """Return whether stdout is the log of a CI job.

    It is if stderr goes to the same place, or if nothing between the job's first process and this
    one redirected it. Where that cannot be read (no /proc, processes of others) it is not, so that
    data are never held back by mistake.
    """
    if not in_ci():
        return False
    try:
        ours, errors = (_place(os.fstat(stream.fileno())) for stream in (sys.stdout, sys.stderr))
    except (OSError, ValueError, AttributeError):
        return False
    return ours is not None and ours in (errors, _stdout_of_job())


def _stdout_of_job() -> tuple[int, int] | None:
    """Return what the first process of the job has as its stdout; None if that is unknown."""
    first: int | None = None
    for process in parents():
        if not _started_in_ci(process):
            break
        first = process
    try:
        return None if first is None else _place(os.stat(PROC / str(first) / "fd" / "1"))
    except OSError:
        return None


def _started_in_ci(process: int) -> bool:
    try:
        variables = (PROC / str(process) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    values = [each[3:].decode("latin-1") for each in variables if each.startswith(b"CI=")]
    return any(value.lower() not in NOT_CI for value in values)


def _place(status: os.stat_result) -> tuple[int, int] | None:
    """Return what tells one open file from another; None where nothing does (pipes of Windows)."""
    return (status.st_dev, status.st_ino) if status.st_ino else None
