"""What `ttc config` does once its options are parsed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ttc import config as settings
from ttc.backends import resolve
from ttc.cli.naming import unknown_names
from ttc.cli.output import document
from ttc.config import editing, starter
from ttc.config.settings import PROJECT, SETTINGS, unknown
from ttc.errors import BackendError, Exit, UsageError
from ttc.messages import secrets
from ttc.messages.near import near
from ttc.messages.visible import for_stdout
from ttc.report.tables.columns import columns
from ttc.session import Session

Say = Callable[[str], None]
NOTHING = 1  # the exit code of a question whose answer is that there is nothing


class Shown(NamedTuple):
    """What of the settings is printed, and how."""

    name: str | None
    origin: bool
    path: bool
    as_json: bool


class Place(NamedTuple):
    """The file to change: that of --config, the project's or the user's."""

    config: Path | None
    project: bool

    @property
    def target(self) -> tuple[Path, frozenset[str]]:
        """The file, whether or not it exists, and what it may set."""
        return editing.target(*self)


def listing(session: Session, database: Path | None, shown: Shown, commands: Sequence[str]) -> None:
    """Print the settings in force, or one of them; `commands` are those that a name may mean."""
    values = dict(session.config.values)
    store = values["db"]
    values["db"] = settings.Value(str(session.database), "--db" if database else store.origin)
    if shown.path:
        print(for_stdout(str(settings.user_file())))
    elif shown.name is not None:
        if shown.name not in values:
            raise _no_setting(shown.name, commands)
        value = values[shown.name].value
        print("" if value is None else for_stdout(str(value)))
    elif shown.as_json:
        listed = {key: value._asdict() for key, value in values.items()}
        aliases = secrets.cleaned(session.config.aliases)
        document({"schema": 1, "settings": listed, "models": aliases})
    else:
        rows = [
            {
                "setting": key,
                "value": value.value,
                "about": value.origin if shown.origin else SETTINGS[key].meaning,
            }
            for key, value in values.items()
        ]
        columns(rows, least=2)


def _no_setting(name: str, commands: Sequence[str]) -> UsageError:
    """Return the error for a word behind `ttc config` that is neither a setting nor a command."""
    meant = unknown_names.within(name, "config", commands)
    if meant and near(name, SETTINGS) is None:
        return UsageError(f"no setting {name!r}; did you mean ttc config {meant}?")
    return UsageError(str(unknown(name)).replace("unknown setting", "no setting"))


def get(session: Session, key: str, as_json: bool) -> int:
    """Print one value; exit code 1 if it has none."""
    path = editing.parts(key, session.config.aliases)
    value, origin = _found(session, path)
    if as_json:
        document({"schema": 1, "setting": key, "value": secrets.cleaned(value), "origin": origin})
    elif value is None:
        session.say(f"{key} is not set; ttc config set {key} VALUE sets it")
    elif isinstance(value, (dict, list)):
        print(for_stdout(json.dumps(secrets.cleaned(value), ensure_ascii=False)))
    else:
        print(for_stdout(secrets.redacted(str(value))))
    return NOTHING if value is None else Exit.DONE


def _found(session: Session, path: tuple[str, ...]) -> tuple[Any, str | None]:
    if len(path) == 1:
        if path[0] == "db":
            return str(session.database), session.config.values["db"].origin
        return session.config.values[path[0]]
    table: Mapping[str, Any] | None = session.config.aliases.get(path[1])
    if table is None or len(path) == 2:
        return table, None
    return table.get(path[2]), None


def put(say: Say, key: str, text: str, place: Place) -> int:
    """Set a setting in a file, and tell where, and what wins over it if anything does."""
    file, allowed = place.target
    path = editing.parts(key)
    if path[0] == editing.MODELS and len(path) == 2:
        raise UsageError(f"{key} is a model: ttc models alias {path[1]} MODEL names one")
    value = editing.value_of(path, text)
    if len(path) == 3:
        try_alias(say, path[1], {**editing.aliases(file).get(path[1], {}), path[2]: value})
    editing.set_values(file, allowed, {path: value})
    say(f"{file}: {key} = {json.dumps(value, ensure_ascii=False)}")
    if len(path) == 1:
        _tell_winner(say, key, file, place)
    return Exit.DONE


def _tell_winner(say: Say, key: str, file: Path, place: Place) -> None:
    """Tell if the setting that was written is not the one in force."""
    now = settings.load(place.config, lambda fault: None).values[key]
    if now.origin != str(file):
        say(f"{now.origin} sets {key} as well, to {now.value}, and wins over {file} here")


def remove(say: Say, key: str, place: Place) -> int:
    """Remove a setting or an alias from a file; exit code 1 if it is not in there."""
    file, allowed = place.target
    path = editing.parts(key, editing.aliases(file)) if key not in editing.names(file) else (key,)
    if not editing.remove(file, allowed, path):
        say(f"{file}: {key} is not set there")
        return NOTHING
    say(f"{file}: {key} removed")
    if len(path) == 1 and key in SETTINGS:
        now = settings.load(place.config, lambda fault: None).values[key]
        if now.origin != "default":
            say(f"{now.origin} still sets {key}, to {now.value}")
    return Exit.DONE


def init(say: Say, user: bool, config: Path | None) -> int:
    """Write a settings file to begin with, where there is none."""
    if user or config is not None:
        file, allowed = editing.target(config, project=False)
        what = "; so does ttc.toml of a project"
    else:
        file, allowed = Path.cwd() / "ttc.toml", PROJECT
        what = ", which wins over the user's"
    starter.write(file, starter.text(allowed, what))
    say(f"{file}: written; every setting in it is a comment so far")
    return Exit.DONE


def show_paths(config: Path | None, as_json: bool) -> int:
    """Print the files that settings are read from, the last of which wins."""
    given, project = settings.named_file(config), settings.project_file(Path.cwd())
    by = "--config" if config else "TTC_CONFIG"
    rows = [{"what": "user", "path": str(settings.user_file()), "named_by": ""}]
    if given is not None:
        rows = [{"what": "user", "path": str(given.absolute()), "named_by": by}]
    nearest = project or Path.cwd() / "ttc.toml"
    rows.append({"what": "project", "path": str(nearest), "named_by": ""})
    if as_json:
        found = [{**row, "exists": os.path.exists(row["path"])} for row in rows]
        document({"schema": 1, "files": found})
        return Exit.DONE
    for row in rows:
        row["is"] = "there" if os.path.exists(row["path"]) else "not there"
        row["is"] += f", named by {by}" if row.pop("named_by") else ""
    columns(rows)
    return Exit.DONE


def try_alias(say: Say, name: str, table: Mapping[str, Any]) -> None:
    """Raise UsageError for a wrong option of an alias, by opening it; tell why if that fails."""
    if "model" not in table:
        return  # which the check of the file says better
    found = settings.load(None, lambda fault: None)
    trial = settings.Config(found.values, {**found.aliases, name: table})
    try:
        resolve.open_backend(resolve.resolve(name, trial), settings.database(trial)).close()
    except BackendError as error:
        say(f"not opened so far: {error}")
