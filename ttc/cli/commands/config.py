"""`ttc config`: the settings in force, and changes to the files that set them."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer
from ttc.cli.sub_groups import names_of

_Key = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        help="A setting (ttc config lists them), or models.NAME.KEY of an alias.",
        autocompletion=offer("settings"),
    ),
]


def config() -> None:
    """Show the settings in force and where they come from; set, get or unset one."""


def list_(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="KEY",
            help="Print the value of this setting only.",
            autocompletion=offer("settings"),
        ),
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="Show where each value comes from.")
    ] = False,
    path: Annotated[
        bool, typer.Option("--path", help="Print the path of the user's settings file.")
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    file: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List all settings in force."""
    from ttc.cli.run import config as run_config
    from ttc.cli.session import begin

    shown = run_config.Shown(name, origin, path, as_json)
    session = begin(file, database, quiet)
    run_config.listing(session, database, shown, names_of(SUBCOMMANDS))


def get(
    key: _Key,
    as_json: opt.AsJson = False,
    file: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Print the value of a setting; exit code 1 if it has none."""
    from ttc.cli.run import config as run_config
    from ttc.cli.session import begin

    return run_config.get(begin(file, None, quiet), key, as_json)


def set_(
    key: _Key,
    value: Annotated[
        str, typer.Argument(help="Its value.", autocompletion=offer("setting-values"))
    ],
    project: opt.Project = False,
    file: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Set a setting in the user's file, or in that of the project; the rest of it stays as it is.

    ttc config set temperature 0.6

    ttc config set models.qwen.concurrency 128
    """
    from ttc.cli.run import config as run_config
    from ttc.cli.session import talk

    return run_config.put(talk(quiet), key, value, run_config.Place(file, project))


def unset(
    key: _Key,
    project: opt.Project = False,
    file: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Remove a setting, or an alias (models.NAME), from a file; exit code 1 if it was not there."""
    from ttc.cli.run import config as run_config
    from ttc.cli.session import talk

    return run_config.remove(talk(quiet), key, run_config.Place(file, project))


def init(
    user: Annotated[
        bool, typer.Option("--user", help="Write the user's file, not ./ttc.toml.")
    ] = False,
    file: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Write a file with all settings, each in a comment: ./ttc.toml, or the user's.

    A file that is there is not touched.
    """
    from ttc.cli.run import config as run_config
    from ttc.cli.session import talk

    return run_config.init(talk(quiet), user, file)


def path(
    as_json: opt.AsJson = False,
    file: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Print the files that settings are read from, and which of them exist; later ones win."""
    from ttc.cli.run import config as run_config

    return run_config.show_paths(file, as_json)


SUBCOMMANDS = (list_, get, set_, unset, init, path)
PLAIN = OTHER = "list"
TWO = "set {0} {1}"
