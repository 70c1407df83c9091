"""What `ttc sample --check` and `--cache-key` do: look at the data, draw nothing, write nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ttc import problems
from ttc.cli.output import document
from ttc.errors import Exit, UsageError
from ttc.messages import notes
from ttc.messages.visible import report_line
from ttc.problems import ReadOptions
from ttc.samples.cache_key import cache_key
from ttc.samples.gathering import choices_template
from ttc.samples.job import SampleJob, prepare
from ttc.session import Session


def check(
    session: Session, data: Sequence[str], reading: ReadOptions, *, quiet: bool = False
) -> int:
    """Read each file by itself, print what was read, and all that is wrong; return the exit code.

    No model is needed. One line for each error goes to stderr, and the code is then that of usage.
    """
    reading = replace(reading, choices_template=choices_template(session, reading.choices_template))
    wrong = 0
    for source in data:
        for error in _errors(session, source, reading, quiet=quiet):
            notes.put(f"ttc: {error}")
            wrong += 1
    if wrong:
        session.say(f"{wrong} error{'s' * (wrong != 1)} in problem files")
    return Exit.USAGE if wrong else Exit.DONE


def _errors(session: Session, source: str, reading: ReadOptions, *, quiet: bool) -> Iterator[str]:
    """Yield the errors of a file. Without any, print the line that says what was read in it."""
    try:
        dataset = problems.read(source, replace(reading, skip_bad=True))
    except UsageError as error:
        yield str(error)
        return
    if not reading.skip_bad:
        yield from dataset.skipped
    if reading.skip_bad or not dataset.skipped:
        if not quiet:
            print(report_line(dataset.describe()))
        for line in problems.mapping_notes([dataset]):
            session.say(line)


def print_key(session: Session, options: SampleJob, as_json: bool) -> int:
    """Print the key for a cache of the store. The pool that is named need not have these settings:
    a cache is looked up before it is known which."""
    ready = prepare(session, options, asks=False, check=False)
    ready.backend.close()
    key = cache_key(ready, options.confidence)
    if as_json:
        document({"schema": 1, "key": key, "problems": len(ready.problems), "n": ready.n})
    else:
        print(key)
    return Exit.DONE
