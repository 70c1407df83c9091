"""Messages about unexpected failures, and when a traceback is shown."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Sequence

from ttc.messages.visible import inert, visible


def bug_line(error: BaseException, args: Sequence[str]) -> str:
    """Return the line that reports a bug in ttc; with -vv, print the traceback first."""
    from ttc.plugins import as_text

    what = "out of memory" if isinstance(error, MemoryError) else "internal error"
    if trace(error, args):
        return f"{what}: {as_text(error)}; please report it with the lines above"
    return f"{what}: {as_text(error)}; run again with -vv for the traceback, and report it"


def trace(error: BaseException, args: Sequence[str]) -> bool:
    """Print the traceback of an error if the command line has -vv; return whether it has."""
    if not very_verbose(args):
        return False
    import traceback

    from ttc.messages import secrets

    # Libraries put headers, and with them keys, into exceptions; texts may have control characters.
    lines = "".join(traceback.format_exception(error))
    with contextlib.suppress(OSError, ValueError):
        print(inert(visible(secrets.redacted(lines))), file=sys.stderr, end="")
    return True


def very_verbose(args: Sequence[str]) -> bool:
    """Return whether -v is given twice, in any spelling."""
    options = list(args[: args.index("--")] if "--" in args else args)
    short = sum(arg.count("v") for arg in options if re.fullmatch("-[qv]+", arg))
    return short + options.count("--verbose") > 1


def collect_thread_errors() -> list[BaseException]:
    """Return a list to which the exceptions that end threads are added from now on; Python then
    prints none of them."""
    found: list[BaseException] = []

    def keep(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            found.append(args.exc_value)

    threading.excepthook = keep
    return found
