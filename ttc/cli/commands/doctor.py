"""`ttc doctor`: check this installation, and print how to fix what does not work."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import words
from ttc.doctor import GROUPS


def doctor(
    groups: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="GROUP",
            help=f"Run only these groups: {', '.join(GROUPS)}.",
            autocompletion=words(*GROUPS),
        ),
    ] = None,
    model: opt.Model = None,
    self_test: Annotated[
        bool,
        typer.Option(
            "--self-test",
            help="Also draw two samples (of -m, else of the bundled model) and judge them.",
        ),
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Check this installation, and print how to fix what does not work.

    Exit code 1 if something that is installed, configured or asked for does not work: a plugin
    that cannot be imported, an engine that fails on this processor, settings that cannot be read,
    a configured server that does not answer, a store that is damaged, locked or read-only, no
    working sandbox (on Linux), and what -m or --self-test names. What is only missing (a GPU, an
    extra, a store before the first run) is a note; so is a missing engine, and a missing sandbox
    on other systems, unless its group is named.

    Without --self-test nothing is drawn. Servers are only asked for their list of models, and the
    store is only read.
    """
    from ttc.cli.run import doctor as run_doctor
    from ttc.doctor import DoctorOptions

    options = DoctorOptions(groups or (), config, database, model, self_test)
    return run_doctor.run(options, as_json, quiet, verbose > 1)
