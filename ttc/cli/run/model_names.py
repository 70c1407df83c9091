"""What `ttc models default` and `ttc models alias` do once their options are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from ttc.backends import resolve
from ttc.cli.output import document
from ttc.cli.run.config import NOTHING, Place, put, remove, try_alias
from ttc.config import editing
from ttc.errors import Exit, UsageError
from ttc.messages.visible import for_stdout
from ttc.options import pairs
from ttc.session import Session


def default_model(
    session: Session, model: str | None, unset: bool, place: Place, as_json: bool
) -> int:
    """Print the model that is used without -m, or set it once it could be opened."""
    if unset:
        return remove(session.say, "model", place)
    if model is not None:
        _check_model(session, model, place)
        return put(session.say, "model", model, place)
    value = session.config.values["model"]
    bundled = value.value is None and resolve.bundled_installed()
    name = "smollm2" if bundled else value.value
    origin = "bundled" if bundled else value.origin
    if as_json:
        document({"schema": 1, "model": name, "origin": origin if name else None})
    elif name is None:
        session.say(resolve.how())
    else:
        print(for_stdout(name))
        session.say(f"from {origin}" if not bundled else "the bundled one, since no other is set")
    return Exit.DONE if name else NOTHING


def _check_model(session: Session, model: str, place: Place) -> None:
    """Raise TtcError if a model cannot be opened, or its alias is not known where it is to be."""
    file, _ = place.target
    elsewhere = model in session.config.aliases and model not in editing.aliases(file)
    if elsewhere and not place.project:
        raise UsageError(
            f"{model}: an alias of this project, which other folders do not know; "
            f"ttc models default {model} --project"
        )
    choice, backend = resolve.open_model(session, model, batches=True)
    with closing(backend):
        session.say(f"{choice.spec}: {backend.model.name}")


def alias(session: Session, name: str, model: str, options: Sequence[str], place: Place) -> int:
    """Write an alias; UsageError if a wrong option or model would be in it."""
    if not name or any(each in name for each in ":#/ \t,@") or name == "smollm2":
        raise UsageError(f"{name!r}: a name for -m has no blank and none of : # / , @ in it")
    file, allowed = place.target
    given = {"model": model, **pairs(options, "KEY=VALUE KEY=VALUE")}
    values = {
        key: editing.value_of((editing.MODELS, name, key), text) for key, text in given.items()
    }
    try_alias(session.say, name, values)
    editing.set_values(
        file, allowed, {(editing.MODELS, name, key): value for key, value in values.items()}
    )
    session.say(f"{file}: -m {name} is {model}")
    return Exit.DONE
