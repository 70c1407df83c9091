"""`ttc models`: what -m can name, what is fastest for one of them, and what its server does."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer
from ttc.cli.sub_groups import names_of

_Named = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="What -m takes: a file, an alias, http://HOST:PORT/v1#MODEL, …",
        autocompletion=offer("models"),
    ),
]
_MaybeNamed = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="What -m takes [default: the model in the settings].",
        autocompletion=offer("models"),
    ),
]


def models() -> None:
    """List the models that -m can name, describe one, tune one, or probe its server."""


def list_(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List the models that have a name here: aliases, the default, the bundled one."""
    from ttc.cli.run import models as run_models
    from ttc.cli.session import begin

    run_models.listing(begin(config, database, quiet), as_json)


def show(
    model: _Named,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """Describe a model: its name, its fingerprint and what its backend can do."""
    from ttc.cli.run import models as run_models
    from ttc.cli.session import begin

    run_models.describe(begin(config, database, quiet), model, as_json, names_of(SUBCOMMANDS))


def tune(
    model: _MaybeNamed = None,
    requantise: Annotated[
        bool,
        typer.Option("--requantise", help="Also try requantised weights, which are another model."),
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Delete what was measured.")] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """Measure which options run a model fastest on this machine, and use them from now on."""
    from ttc.cli.run import models as run_models
    from ttc.cli.session import begin

    run_models.tune(begin(config, database, quiet), model, requantise, forget, as_json)


def probe(
    model: _MaybeNamed = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """Test what the server of a model supports, and use that from now on."""
    from ttc.cli.run import models as run_models
    from ttc.cli.session import begin

    run_models.probe(begin(config, database, quiet), model, as_json)


def batches(
    model: _MaybeNamed = None,
    cancel: Annotated[str | None, typer.Option(metavar="BATCH", help="Cancel this one.")] = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List the batches of batch:ALIAS that have draws for the store, or cancel one."""
    from ttc.cli.run import models as run_models
    from ttc.cli.session import begin

    run_models.batches(begin(config, database, quiet), model, cancel, as_json)


def default(
    model: _MaybeNamed = None,
    unset: Annotated[
        bool, typer.Option("--unset", help="Remove the default from the file again.")
    ] = False,
    project: opt.Project = False,
    as_json: opt.AsJson = False,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Set the model that is used without -m, or print it; a model that cannot be opened is refused.

    ttc models default smollm2
    """
    from ttc.cli.run import model_names
    from ttc.cli.run.config import Place
    from ttc.cli.session import begin

    place = Place(config, project)
    return model_names.default_model(begin(config, None, quiet), model, unset, place, as_json)


def alias(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name for -m.")],
    model: _Named,
    option: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE", help="Options of its backend and sampling: temperature=0.6."
        ),
    ] = None,
    project: opt.Project = False,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Give a model a name; ttc config unset models.NAME removes it.

    ttc models alias qwen http://gpu1:8000/v1#Qwen/Qwen3-8B temperature=0.6 concurrency=128
    """
    from ttc.cli.run import model_names
    from ttc.cli.run.config import Place
    from ttc.cli.session import begin

    place = Place(config, project)
    session = begin(config, None, quiet)
    return model_names.alias(session, name, model, option or [], place)


SUBCOMMANDS = (list_, show, tune, probe, batches, default, alias)
PLAIN, OTHER, TWO = "list", "show", "tune {1}"
