"""What `ttc doctor` does once its options are parsed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ttc import doctor
from ttc.cli.output import document
from ttc.doctor import Check, DoctorOptions
from ttc.errors import Exit
from ttc.messages.counts import some
from ttc.messages.visible import inert, one_line, visible

if TYPE_CHECKING:
    from rich.console import Console

_WORDS = {"ok": "ok", "note": "note", "fail": "FAIL"}
_STYLES = {"ok": "green", "note": "yellow", "fail": "bold red"}


def run(options: DoctorOptions, as_json: bool, quiet: bool, tracebacks: bool) -> int:
    """Print the checks, each group when it is done; exit code 1 if one failed."""
    traces: list[str] = []
    options = replace(options, encoding=sys.stdout.encoding or "ascii")
    checks = doctor.examine(options, trace=traces.append)
    done = list(checks) if as_json else list(_printed(checks))
    failed = sum(check.status == "fail" for check in done)
    if as_json:
        document(_document(done, failed))
    for trace in traces if tracebacks else ():
        _say(trace)
    if not quiet:
        notes = sum(check.status == "note" for check in done)
        _say(f"{len(done)} checks: {failed or 'none'} failed, {some(notes, 'note')}")
    return Exit.GATE if failed else Exit.DONE


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(inert(visible(line)), file=sys.stderr, flush=True)


def _document(checks: Sequence[Check], failed: int) -> dict[str, Any]:
    listed = [asdict(check) for check in checks]
    return {"schema": 1, "works": not failed, "failed": failed, "checks": listed}


def _printed(checks: Iterable[Check]) -> Iterator[Check]:
    """Print checks by group as they come, and yield them."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for group, several in groupby(checks, lambda check: check.group):
        listed = list(several)
        if console.is_terminal:
            text = _table(console, group, listed)
        else:
            text = inert("".join(f"{_line(check)}\n" for check in listed))
        # Rich ends the process by itself if the reader is gone, so it only renders.
        sys.stdout.write(_encodable(text))
        sys.stdout.flush()
        yield from listed


def _line(check: Check) -> str:
    """Return a check as one line that grep finds whole."""
    remedy = f" → {check.remedy}" if check.remedy else ""
    text = f"{check.what}: {check.detail}{remedy}"
    return f"{check.group:<9} {_WORDS[check.status]:<4}  {' '.join(text.split())}"


def _table(console: Console, group: str, checks: Sequence[Check]) -> str:
    """Return a group as a table that fits the terminal. A remedy is a line of its own that is never
    wrapped, so that it can be copied."""
    from rich.table import Table
    from rich.text import Text

    with console.capture() as rendered:
        console.print(Text(group, style="bold underline"))
        for check in checks:
            row = Table.grid(padding=(0, 1))
            row.add_column(no_wrap=True)
            row.add_column(overflow="fold")
            text = Text.assemble((f"{one_line(check.what)}: ", "bold"), one_line(check.detail))
            row.add_row(Text(f"  {_WORDS[check.status]:<4}", style=_STYLES[check.status]), text)
            console.print(row, soft_wrap=False)
            if check.remedy:
                console.print(Text(f"       → {one_line(check.remedy)}", style="cyan"))
    return rendered.get()


def _encodable(text: str) -> str:
    """Return a text with replacements for what the terminal's encoding cannot express."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeError:
        plain = text.replace("→", "->").replace("…", "...")
        return plain.encode(encoding, "replace").decode(encoding)
    return text
