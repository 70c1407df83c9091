"""What `ttc import` and `ttc export` do once their options are parsed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, BinaryIO, cast

from ttc.cli.output import document
from ttc.cli.signals import stoppable
from ttc.errors import Exit, Stopped, UsageError
from ttc.exchange import conclusion, exporting, importing
from ttc.exchange.exporting import ExportOptions
from ttc.exchange.importing import ImportOptions
from ttc.messages.counts import some
from ttc.session import Session

BINARY = ("parquet", "arrow", "inspect")


def format_options(
    given: Iterable[str], chosen: str | None, mapping: Iterable[str]
) -> dict[str, str]:
    """Return the options of a format. UsageError for one that is not KEY=VALUE."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise UsageError(f"--option {each}: write KEY=VALUE")
        found[name] = value
    if chosen is not None:
        found["filter"] = chosen
    if pairs := ",".join(mapping):
        found["map"] = pairs
    return found


def import_logs(session: Session, options: ImportOptions, as_json: bool) -> int:
    """Import, print the counts, and return the exit code."""
    run: importing.Import | None = None
    try:
        with stoppable() as wake, importing.opened(session, options, wake) as run:
            for _ in run.each():
                pass
    except Stopped as stopped:
        if not stopped.nobody_reads:
            kept = 0 if run is None else run.kept
            new = some(kept, "new draw is", "new draws are", grouped=True)
            session.say(f"interrupted; {new} kept; to go on: {session.again}")
        raise
    if as_json:
        document(conclusion.document(run.tally))
    for line in conclusion.lines(run.tally, dry_run=options.dry_run):
        session.say(line)
    tally = run.tally
    nothing = not tally.new and not tally.known and bool(tally.conflicts.counts)
    return Exit.USAGE if nothing else Exit.DONE


def export(session: Session, options: ExportOptions, output: str | None) -> int:
    """Export to a file or to stdout, say what the format cannot hold, and return the exit code."""
    with stoppable():
        if output not in (None, "-"):
            notes = exporting.write_file(session.database, options, str(output), session.progress)
        else:
            if options.format in BINARY and sys.stdout.isatty():
                raise UsageError(f"{options.format} is no text for a terminal; name a file with -o")
            sys.stdout.flush()
            notes = exporting.write_stream(session.database, options, _stdout())
    for line in notes:
        session.say(line)
    return Exit.DONE


def _stdout() -> BinaryIO:
    """Return stdout for bytes."""
    stream: Any = getattr(sys.stdout, "buffer", None)
    return cast("BinaryIO", stream if stream is not None else _Encoded())


class _Encoded:
    """Writes bytes to a stdout that takes only text."""

    def write(self, data: bytes) -> int:
        """Write bytes that are UTF-8."""
        sys.stdout.write(bytes(data).decode())
        return len(data)

    def flush(self) -> None:
        """Flush stdout."""
        sys.stdout.flush()
