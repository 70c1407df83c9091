"""What `ttc db query`, `tables` and `views` do once their options are parsed."""

from __future__ import annotations

import base64
import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import Any

from ttc import jsonl
from ttc.budgets.amounts import seconds_of
from ttc.cli.output import document
from ttc.errors import Exit, UsageError
from ttc.messages.counts import some
from ttc.messages.visible import for_stdout, json_for_stdout
from ttc.report.tables.columns import columns
from ttc.report.tables.width import terminal_width
from ttc.session import Session
from ttc.store import Store
from ttc.store.upkeep import query as queries
from ttc.store.upkeep.query import Answer

ON_TERMINAL = 100  # rows of a table on a terminal
WIDEST = 60  # characters of a cell of it


def query(
    session: Session,
    sql: str,
    given: Sequence[str],
    forms: Mapping[str, bool],
    limit: int | None,
    max_time: str,
) -> int:
    """Print the rows of a statement. UsageError for wrong SQL or options."""
    wanted = [form for form, chosen in forms.items() if chosen]
    if len(wanted) > 1:
        raise UsageError(f"--{wanted[0]} and --{wanted[1]}: name one form")
    terminal = sys.stdout.isatty()
    form = wanted[0] if wanted else "table" if terminal else "tsv"
    if limit is None and form == "table":
        limit = ON_TERMINAL
    text = sys.stdin.read() if sql == "-" else sql
    values = dict(_pair(each) for each in given)
    with (
        Store.reading(session.database) as store,
        queries.asked(store, text, values, seconds_of(max_time)) as answer,
    ):
        rows = answer.rows if limit is None else islice(answer.rows, limit)
        _print(session, Answer(answer.columns, rows), form)
        if limit is not None and next(answer.rows, None) is not None:
            session.say(f"there are more than {some(limit, 'row')}; --limit or --csv prints more")
    return Exit.DONE


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.lstrip(":").isidentifier():
        raise UsageError(f"-p {text}: write NAME=VALUE, for :NAME in the query")
    return name.lstrip(":"), value


def _print(session: Session, answer: Answer, form: str) -> None:
    if form == "table":
        found = [dict(zip(answer.columns, map(_cell, row), strict=True)) for row in answer.rows]
        if found:
            texts = {name for row in found for name in row if isinstance(row[name], str)}
            columns(found, words=texts)
        else:
            session.say("no rows")
    elif form in ("csv", "tsv"):
        _print_delimited(answer, "\t" if form == "tsv" else ",")
    elif form == "nl":
        for record in _records(answer):
            print(json_for_stdout(jsonl.dump(record)))
    else:
        about = {"database": str(session.database), "columns": list(answer.columns)}
        document({"schema": 1, **about, "rows": list(_records(answer))})


def _cell(value: Any) -> Any:
    """Return a value for a table on a terminal; text is cut, unless COLUMNS=0 asks for all."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str) and len(value) > WIDEST and terminal_width() is not None:
        return f"{value[:WIDEST]}…"
    return value


def _print_delimited(answer: Answer, delimiter: str) -> None:
    def written(rows: Iterable[Sequence[Any]]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
        return buffer.getvalue()

    print(for_stdout(written([answer.columns])), end="")
    while some := list(islice(answer.rows, 500)):
        cells = [
            [base64.b64encode(v).decode() if isinstance(v, bytes) else v for v in row]
            for row in some
        ]
        print(for_stdout(written(cells)), end="")


def _records(answer: Answer) -> Iterator[dict[str, Any]]:
    for row in answer.rows:
        yield dict(zip(answer.columns, map(_json, row), strict=True))


def _json(value: Any) -> Any:
    """Return a value as JSON holds it: bytes as base64, infinite numbers as text."""
    if isinstance(value, bytes):
        return {"$base64": True, "encoded": base64.b64encode(value).decode()}
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def tables(session: Session, as_json: bool) -> int:
    """Print the tables, their rows and columns."""
    with Store.reading(session.database) as store:
        found = queries.tables(store)
    if as_json:
        document({"schema": 1, "database": str(session.database), "tables": found})
    else:
        columns([{**row, "columns": ", ".join(row["columns"])} for row in found])
    return Exit.DONE


def views(session: Session, as_json: bool) -> int:
    """Print the views and their columns."""
    with Store.reading(session.database) as store:
        found = queries.views(store)
    if as_json:
        document({"schema": 1, "database": str(session.database), "views": found})
    else:
        columns([{**row, "columns": ", ".join(row["columns"])} for row in found])
    return Exit.DONE
