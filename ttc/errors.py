"""The exceptions that are shown to users, and the exit codes of the command line.

A `TtcError` is an expected failure: its message is one line that names the place and the
remedy, printed without a traceback. Any other exception that escapes is a bug (exit code BUG).
"""

from __future__ import annotations

from enum import IntEnum

SIGPIPE = 13  # signal.SIGPIPE is missing on Windows


class Exit(IntEnum):
    """Exit codes. Where several apply: BUG > STORE > SANDBOX > BACKEND > PARTIAL > GATE."""

    DONE = 0
    GATE = 1
    USAGE = 2
    BACKEND = 3
    PARTIAL = 4
    SANDBOX = 5
    STORE = 6
    BUG = 70


class TtcError(Exception):
    """A failure whose message is written for the user.

    `str()` is the line for the command line. `python` is the line for a caller from Python, where
    options have other spellings and the remedy is another call; the same line if neither differs.
    """

    code = Exit.USAGE

    def __init__(self, message: str = "", *, python: str | None = None) -> None:
        super().__init__(message)
        self.python = message if python is None else python


class Stopped(BaseException):
    """A signal asked the run to end; finished work is stored."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
        self.code = 128 + signum
        self.nobody_reads = signum == SIGPIPE


class UsageError(TtcError):
    """The command, its settings or its input is wrong; nothing was done."""


def wrong_option(name: str, value: object, reason: str) -> UsageError:
    """Return the error about the value of an option: `--max-drop 2: …`, `max_drop=2: …`."""
    flag = f"--{name.replace('_', '-')}"
    return UsageError(f"{flag} {value}: {reason}", python=f"{name}={value!r}: {reason}")


class BackendError(TtcError):
    """A model could not be found, loaded or reached."""

    code = Exit.BACKEND


class SandboxError(TtcError):
    """No sandbox passed its self-test, so the code was not run."""

    code = Exit.SANDBOX


class StoreError(TtcError):
    """The store cannot be read or written; committed samples are still there."""

    code = Exit.STORE


class GateError(TtcError):
    """A gate failed; all results were computed and written."""

    code = Exit.GATE
