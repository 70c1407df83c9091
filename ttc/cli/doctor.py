"""`ttc doctor`: does this installation work, and what mends what does not?"""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.doctor import GROUPS


def doctor(
    groups: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[GROUP]…",
            help=f"Only these: {', '.join(GROUPS)}.",
            autocompletion=lambda: list(GROUPS),
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
    """Check this installation, and print what mends each thing that does not work.

    Exit code 1 if something that is installed, configured or asked for does not work: a plugin
    that cannot be imported, an engine that fails on this processor, settings that cannot be read,
    a server of the settings that does not answer, a store that is damaged, held or cannot be
    written, on Linux a sandbox of which no tier holds, and whatever -m or --self-test names. What
    is only absent (a GPU, an extra, a store before the first run) is a note, and so is a missing
    engine or sandbox, unless its group is named.

    Nothing is drawn without --self-test; servers are asked for their list of models only; the
    store is read and never written.
    """
    from ttc.cli import run_doctor
    from ttc.doctor import DoctorOptions

    options = DoctorOptions(groups or (), config, database, model, self_test)
    return run_doctor.run(options, as_json, quiet, verbose > 1)
