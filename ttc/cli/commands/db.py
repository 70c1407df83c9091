"""`ttc db`: the store itself: where it is, whether it is sound, a copy, others merged into it, its
size on the disk, and questions in SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer

_Copy = Annotated[Path, typer.Argument(metavar="FILE", help="The copy to write.")]
_Sources = Annotated[list[Path], typer.Argument(metavar="FILE", help="The stores to read.")]
_Seconds = Annotated[
    str, typer.Option("--max-time", metavar="30s|5m", help="Give up after this time.")
]
_Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="The value of :NAME in the query."),
]
_Most = Annotated[
    int | None, typer.Option(min=1, help="Print at most so many rows [default: 100 on a terminal].")
]
_MostFound = Annotated[
    int, typer.Option(min=1, help="Print at most so many samples, the best first.")
]


def db() -> None:
    """Check, copy, merge, shrink or search the store, or query it with SQL."""


def path(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Print where the store is, whether or not there is one."""
    from ttc.cli.run import db as run_db
    from ttc.cli.session import begin

    return run_db.path(begin(config, database, quiet), as_json)


def check(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Read the whole store and print what is damaged."""
    from ttc.cli.run import db as run_db
    from ttc.cli.session import begin

    return run_db.check(begin(config, database, quiet), as_json)


def backup(
    file: _Copy,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Write a copy of the store, also while others write to it."""
    from ttc.cli.run import db as run_db
    from ttc.cli.session import begin

    return run_db.backup(begin(config, database, quiet), file, as_json)


def merge(
    files: _Sources,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what each store would add.")
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Merge other stores into this one.

    ttc db merge shard1.db shard2.db --db all.db

    The merged stores are only read; merging them again adds nothing.
    """
    from ttc.cli.run import db as run_db
    from ttc.cli.session import begin

    return run_db.merge(begin(config, database, quiet), files, dry_run, as_json)


def vacuum(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Give the space of removed samples back to the disk."""
    from ttc.cli.run import db as run_db
    from ttc.cli.session import begin

    return run_db.vacuum(begin(config, database, quiet), as_json)


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL|-", help="One statement; -: from stdin.")],
    param: _Parameters = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    as_tsv: Annotated[bool, typer.Option("--tsv", help="Print TSV [default in a pipe].")] = False,
    as_lines: Annotated[bool, typer.Option("--nl", help="Print a JSON object a line.")] = False,
    as_json: opt.AsJson = False,
    limit: _Most = None,
    max_time: _Seconds = "60s",
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    raw_output: opt.RawOutput = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Query the store with SQL; nothing can be written.

    ttc db query "select problem, answer from draws where pool = :pool limit 20" -p pool=demo
    """
    from ttc.cli.run import query as run_query
    from ttc.cli.session import begin

    session = begin(config, database, quiet, raw_output=raw_output)
    forms = {"csv": as_csv, "tsv": as_tsv, "nl": as_lines, "json": as_json}
    return run_query.query(session, sql, param or [], forms, limit, max_time)


def tables(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """List the tables of the store, with their rows and columns."""
    from ttc.cli.run import query as run_query
    from ttc.cli.session import begin

    return run_query.tables(begin(config, database, quiet), as_json)


def views(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """List the views of the store, which are tables made for people."""
    from ttc.cli.run import query as run_query
    from ttc.cli.session import begin

    return run_query.views(begin(config, database, quiet), as_json)


def search(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT", help='Words that must all occur; "several words" as a phrase; be*.'
        ),
    ],
    pool: Annotated[
        str | None,
        typer.Option(help="Only samples of this pool.", autocompletion=offer("pools")),
    ] = None,
    limit: _MostFound = 20,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew.")] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Search the texts of all samples.

    The index is a file beside the store: the first search makes it, later ones add what is new.
    """
    from ttc.cli.run import search as run_search
    from ttc.cli.session import begin

    session = begin(config, database, quiet)
    return run_search.search(session, text, pool, limit, rebuild, as_json)


SUBCOMMANDS = (path, check, backup, merge, vacuum, query, tables, views, search)
