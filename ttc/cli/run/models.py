"""What `ttc models` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from ttc.backends import Batching, Probeable, Tunable, resolve
from ttc.cli.naming import unknown_names
from ttc.cli.output import document
from ttc.errors import UsageError
from ttc.messages.visible import for_stdout
from ttc.report.tables.columns import columns
from ttc.session import Session

if TYPE_CHECKING:
    from ttc.backends import Tuning


def listing(session: Session, as_json: bool) -> None:
    """Print the models that have a name here."""
    found = resolve.listing(session.config)
    if as_json:
        document({"schema": 1, "models": found})
    elif found:
        columns(found)
    else:
        session.say(resolve.how())


def describe(session: Session, name: str, as_json: bool, commands: Sequence[str]) -> None:
    """Print the facts of one model. BackendError if it cannot be opened; UsageError for an unknown
    name, which may mean one of `commands`."""
    try:
        choice, backend = resolve.open_model(session, name, batches=True)
    except UsageError as error:
        if (meant := unknown_names.within(name, "models", commands)) is None:
            raise
        raise UsageError(f"{error}; did you mean ttc models {meant}?") from None
    with closing(backend):
        about = {"spec": choice.spec, **asdict(backend.model)}
        about["capabilities"] = sorted(backend.capabilities)
    if as_json:
        document({"schema": 1, **about})
        return
    for field, value in about.items():
        print(for_stdout(f"{field}: {value}", line=True))


def tune(session: Session, name: str | None, requantise: bool, forget: bool, as_json: bool) -> None:
    """Measure a model's options and print the trials; UsageError if there is nothing to tune."""
    choice, backend = resolve.open_model(session, name, batches=True)
    with closing(backend):
        if not isinstance(backend, Tunable):
            raise UsageError(f"{choice.spec}: the backend {choice.backend} has nothing to tune")
        if forget:
            gone = backend.untune()
            session.say(f"{choice.spec}: " + ("forgotten" if gone else "was not tuned here"))
            return
        with session.progress.stage(f"tuning {choice.spec}", "steps") as stage:

            def tell(line: str) -> None:
                session.say(line)
                stage.done += 1

            found = backend.tune(requantise=requantise, tell=tell)
        _tell(session, choice.spec, found, as_json)


def probe(session: Session, name: str | None, as_json: bool) -> None:
    """Test what a model's server supports and print it; UsageError if there is no server."""
    choice, backend = resolve.open_model(session, name, batches=True)
    with closing(backend):
        if not isinstance(backend, Probeable):
            raise UsageError(f"{choice.spec}: the backend {choice.backend} has no server to probe")
        with session.progress.stage(f"probing {choice.spec}") as stage:

            def tell(line: str) -> None:
                stage.what = line
                if as_json:
                    session.say(line)

            found = backend.probe(tell=tell)
    if as_json:
        about = {**asdict(found), "capabilities": sorted(found.capabilities)}
        document({"schema": 1, "spec": choice.spec, **about})
    else:
        columns([dict(row) for row in found.rows])
    session.say(f"{choice.spec}: used from now on, kept in {found.kept}")
    session.say(f"samples are drawn by {found.model.name} ({found.model.fingerprint})")


def batches(session: Session, name: str | None, cancel: str | None, as_json: bool) -> None:
    """Print the batches that have draws for the store, or cancel one; UsageError if the model is
    not drawn from by batch files."""
    choice, backend = resolve.open_model(session, name, batches=True)
    with closing(backend):
        if not isinstance(backend, Batching):
            raise UsageError(f"{choice.spec}: not drawn by batch files; name it as batch:{name}")
        if cancel is not None:
            session.say(f"{cancel}: {backend.cancel_batch(cancel)}")
            return
        rows = backend.batches()
    if as_json:
        document({"schema": 1, "spec": choice.spec, "batches": list(rows)})
    elif rows:
        columns([dict(row) for row in rows])
    else:
        session.say(f"{choice.spec}: no batch has draws for this store")


def _tell(session: Session, spec: str, found: Tuning, as_json: bool) -> None:
    if as_json:
        document({"schema": 1, "spec": spec, **asdict(found)})
    else:
        # The spread of a setup that was measured repeatedly shows how noisy the machine is.
        columns([dict(trial) for trial in found.trials if "tokens_per_second" in trial])
    chosen = ", ".join(f"{name} {value}" for name, value in found.options.items())
    session.say(
        f"{spec}: {found.after:.0f} tokens/s decoding, {found.after / found.before:.2f} times the "
        f"{found.before:.0f} of the defaults, with {chosen}"
    )
    session.say(
        f"used from now on, kept in {found.kept}; ttc models tune {spec} --forget undoes it"
    )
    session.say(f"samples are drawn by {found.model.name} ({found.model.fingerprint})")
