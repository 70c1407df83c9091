"""What is said of failures that nobody expected, and when a traceback is shown."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Sequence

from ttc.report.visible import visible


def told(error: BaseException, args: Sequence[str]) -> str:
    """Return the line on a bug of ttc's own; where -vv asks for it, print the traceback first."""
    from ttc.plugins import said

    what = "out of memory" if isinstance(error, MemoryError) else "internal error"
    if trace(error, args):
        return f"{what}: {said(error)}; please report it with the lines above"
    return f"{what}: {said(error)}; run again with -vv for the traceback, and report it"


def trace(error: BaseException, args: Sequence[str]) -> bool:
    """Print the traceback of an error if the command line asks for that; tell whether it did."""
    if not very_verbose(args):
        return False
    import traceback

    from ttc import secrets

    # Libraries put headers, and with them keys, into what they raise; texts may hold controls.
    lines = "".join(traceback.format_exception(error))
    with contextlib.suppress(OSError, ValueError):
        print(visible(secrets.redacted(lines)), file=sys.stderr, end="")
    return True


def very_verbose(args: Sequence[str]) -> bool:
    """Whether -v was given twice, in whatever spelling."""
    options = list(args[: args.index("--")] if "--" in args else args)
    short = sum(arg.count("v") for arg in options if re.fullmatch("-[qv]+", arg))
    return short + options.count("--verbose") > 1


def heard() -> list[BaseException]:
    """Have what ends a thread be kept in the list that is returned, and not printed in passing."""
    lost: list[BaseException] = []

    def keep(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            lost.append(args.exc_value)

    threading.excepthook = keep
    return lost
