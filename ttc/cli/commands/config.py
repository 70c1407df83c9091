"""`ttc config`: the settings in force."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt


def config(
    name: Annotated[
        str | None, typer.Argument(help="Print the value of this setting only.")
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
    """Show the settings in force and where they come from."""
    from ttc import config as settings
    from ttc.cli.output import document
    from ttc.cli.session import begin
    from ttc.errors import UsageError
    from ttc.messages import secrets
    from ttc.messages.visible import for_stdout
    from ttc.report.tables.columns import columns

    session = begin(file, database, quiet)
    values = dict(session.config.values)
    store = values["db"]
    values["db"] = settings.Value(str(session.database), "--db" if database else store.origin)
    if path:
        print(for_stdout(str(settings.user_file())))
    elif name is not None:
        if name not in values:
            raise UsageError(f"no setting {name!r}; there are {', '.join(values)}")
        value = values[name].value
        print("" if value is None else for_stdout(str(value)))
    elif as_json:
        listed = {key: value._asdict() for key, value in values.items()}
        aliases = secrets.cleaned(session.config.aliases)
        document({"schema": 1, "settings": listed, "models": aliases})
    else:
        meanings = settings.SETTINGS
        columns(
            [
                {
                    "setting": key,
                    "value": value.value,
                    "about": value.origin if origin else meanings[key].meaning,
                }
                for key, value in values.items()
            ],
            least=2,
        )
