"""`ttc keys`: the keys of servers."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer

_Server = Annotated[
    str,
    typer.Argument(
        metavar="SERVER",
        help="Its address (https://HOST), an alias of a model on it, or openai.",
        autocompletion=offer("servers"),
    ),
]


def keys() -> None:
    """Store the keys of servers in the system's keyring, and list where keys come from."""


def set_(
    server: _Server,
    more: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Ask for the key of a server, without showing it, and store it in the keyring.

    ttc keys set https://openrouter.ai

    From a pipe, the first line of standard input is the key.
    """
    from ttc.cli.run import keys as run_keys
    from ttc.cli.session import begin

    return run_keys.store(begin(config, None, quiet), server, more or ())


def list_(
    as_json: opt.AsJson = False,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """List the servers that are named anywhere, and where the key of each comes from.

    No key is printed.
    """
    from ttc.cli.run import keys as run_keys
    from ttc.cli.session import begin

    return run_keys.listing(begin(config, None, quiet), as_json)


def remove(
    server: _Server,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Remove the key of a server from the keyring; exit code 1 if there is none."""
    from ttc.cli.run import keys as run_keys
    from ttc.cli.session import begin

    return run_keys.remove(begin(config, None, quiet), server)


def path(
    as_json: opt.AsJson = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Print which keyring is used, and its file if it has one."""
    from ttc.cli.run import keys as run_keys
    from ttc.cli.session import talk

    talk(quiet)
    return run_keys.show_place(as_json)


SUBCOMMANDS = (set_, list_, remove, path)
PLAIN = "list"
