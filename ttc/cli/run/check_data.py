"""What `ttc sample --check` and `--cache-key` do: look at the data, draw nothing, write nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ttc import problems
from ttc.cli.output import document
from ttc.errors import Exit, UsageError
from ttc.messages import notes
from ttc.messages.counts import some
from ttc.messages.visible import report_line
from ttc.problems import ReadOptions
from ttc.samples.cache_key import cache_key
from ttc.samples.gathering import choices_template
from ttc.samples.job import SampleJob, prepare
from ttc.session import Session


def refuse_together(*, check: bool, cache_key: bool, plan: bool) -> None:
    """Raise UsageError if two options each want to be all that is done."""
    named = ("--check" * check, "--cache-key" * cache_key, "--dry-run or --explain" * plan)
    given = [name for name in named if name]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)}: each draws nothing and prints something else")


def check(
    session: Session, data: Sequence[str], reading: ReadOptions, *, as_json: bool, quiet: bool
) -> int:
    """Read each file by itself, print what was read, and all that is wrong; return the exit code.

    No model is needed. One line for each error goes to stderr, and the code is then that of usage.
    """
    reading = replace(reading, choices_template=choices_template(session, reading.choices_template))
    files = [_checked(source, reading) for source in data]
    wrong = sum(len(each.errors) for each in files)
    for each in files:
        for error in each.errors:
            notes.put(f"ttc: {error}")
        for line in each.notes:
            session.say(line)
        if each.told and not as_json and not quiet:
            print(report_line(each.told))
    if as_json:
        document({"schema": 1, "files": [each.as_dict() for each in files], "errors": wrong})
    if wrong:
        session.say(f"{some(wrong, 'error')} in problem files")
    return Exit.USAGE if wrong else Exit.DONE


class _Checked(NamedTuple):
    """A file of problems: how many it has, the line that says what was read, notes, and errors."""

    file: str
    problems: int = 0
    told: str = ""
    notes: Sequence[str] = ()
    errors: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        listed = {"notes": [*self.notes], "errors": [*self.errors]}
        return {"file": self.file, "problems": self.problems, "read": self.told, **listed}


def _checked(source: str, reading: ReadOptions) -> _Checked:
    """Read a file. Bad lines are errors, unless they are to be skipped; all of them are named."""
    try:
        dataset = problems.read(source, replace(reading, skip_bad=True))
        lines = tuple(problems.mapping_notes([dataset]))
    except UsageError as error:
        return _Checked(source, errors=(str(error),))
    if dataset.skipped and not reading.skip_bad:
        return _Checked(source, errors=dataset.skipped)
    return _Checked(source, len(dataset.problems), dataset.describe(), lines)


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
