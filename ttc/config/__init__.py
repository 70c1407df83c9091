"""Settings: flag > TTC_* > nearest ttc.toml > user's config.toml > default.

`ttc.toml` is searched from the working folder up to the root of its repository. A cloned
repository is not trusted, so a project file may only set the names in PROJECT.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ttc import paths
from ttc.config.settings import PERSONAL_OPTIONS, PROJECT, typed, unknown
from ttc.config.settings import SETTINGS as SETTINGS
from ttc.errors import UsageError


class Value(NamedTuple):
    """A setting's value and its origin (a file, a variable or `default`)."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Config:
    """The settings in force, and the aliases of `[models.NAME]`."""

    values: Mapping[str, Value]
    aliases: Mapping[str, Mapping[str, Any]]

    def get(self, name: str, flag: Any = None, default: Any = None) -> Any:
        """Return the flag if it was given, else the setting, else `default`."""
        if flag is not None:
            return flag
        value = self.values[name].value
        return default if value is None else value


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. UsageError names the file and what is wrong with it."""
    return _parsed(_text(path), path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None


def project_file(start: Path) -> Path | None:
    """Return the nearest ttc.toml from a folder up to its repository's root, or None."""
    for folder in (start, *start.parents):
        if (folder / "ttc.toml").is_file():
            return folder / "ttc.toml"
        if (folder / ".git").exists():
            break
    return None


def user_file() -> Path:
    """Return the path of the user's settings, whether or not it exists."""
    return paths.config_folder() / "config.toml"


def check_text(
    text: str, path: Path, allowed: frozenset[str]
) -> tuple[dict[str, Value], dict[str, Any]]:
    """Return the settings and aliases of a file with this text, which may set the `allowed` names.

    UsageError names the file, the line and what is wrong.
    """
    found = _parsed(text, path)
    aliases = found.pop("models", {})
    found.pop("serve", None)  # read by ttc.serving.asking.presets
    if not isinstance(aliases, dict) or not all(isinstance(v, dict) for v in aliases.values()):
        raise UsageError(f"{path}: [models.NAME] must be tables")
    for name, alias in aliases.items():
        if not isinstance(alias.get("model"), str):
            raise UsageError(f'{path}: [models.{name}] needs model = "BACKEND:MODEL" or a path')
        if "headers" in alias:
            from ttc.messages.secret_headers import keep_secret  # late: --help reads this module

            if (secret := keep_secret(alias["headers"])) and allowed == PROJECT:
                raise UsageError(
                    f"{path}: [models.{name}] the header {secret} may be secret; use {user_file()}"
                )
        for option in PERSONAL_OPTIONS:
            if option in alias and allowed == PROJECT:
                raise UsageError(
                    f"{path}: [models.{name}] {option} may not be set by a project; "
                    f"use {user_file()}"
                )
    for name in found:
        place = _place(path, text, name)
        if name not in SETTINGS:
            raise unknown(name, place)
        if name not in allowed:
            raise UsageError(f"{place}: {name} may not be set by a project; use {user_file()}")
    values = {
        name: Value(typed(name, value, _place(path, text, name)), str(path))
        for name, value in found.items()
    }
    return values, aliases


def _place(path: Path, text: str, name: str) -> str:
    """Return `file:line` of the line that sets a name, or the file alone if none is found."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.partition("=")[0].strip().strip("\"'") == name and "=" in line:
            return f"{path}:{number}"
    return str(path)


def _raise(fault: UsageError) -> None:
    raise fault


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True  # its folder cannot be searched; reading the file gives the error


def named_file(config: Path | None = None) -> Path | None:
    """Return the file that `--config` or TTC_CONFIG names in place of the user's, None if none."""
    who = "--config" if config else "TTC_CONFIG"
    named = config or os.environ.get("TTC_CONFIG")
    return Path(paths.expanded(named, who)) if named else None


def files(
    config: Path | None = None, on_fault: Callable[[UsageError], None] = _raise
) -> list[tuple[Path, frozenset[str]]]:
    """Return the settings files that exist, with the names each may set; later ones win.

    `config` and `on_fault` are the arguments of `load`.
    """
    given = named_file(config)
    if given is not None and not _is_file(given):
        who = "--config" if config else "TTC_CONFIG"
        on_fault(UsageError(f"{given}: no such settings file; it is named by {who}"))
    user, project = given or user_file(), project_file(Path.cwd())
    found = [(user, frozenset(SETTINGS))] if _is_file(user) else []
    return found + ([(project, PROJECT)] if project is not None else [])


def load(config: Path | None = None, on_fault: Callable[[UsageError], None] = _raise) -> Config:
    """Read all layers below the flags. `config` (`--config`, `TTC_CONFIG`) replaces the user file.

    UsageError names the file and the wrong setting. With `on_fault`, each error goes there
    instead: that file or variable is left out and the others are read.
    """
    values = {name: Value(setting.default, "default") for name, setting in SETTINGS.items()}
    aliases: dict[str, Any] = {}
    for path, allowed in files(config, on_fault):
        try:
            layer, tables = check_text(_text(path), path, allowed)
        except UsageError as fault:
            on_fault(fault)
            continue
        values.update(layer)
        aliases.update(tables)
    for name in SETTINGS:
        variable = f"TTC_{name.upper()}"
        if (text := os.environ.get(variable)) is not None:
            try:
                values[name] = Value(typed(name, text, variable), variable)
            except UsageError as fault:
                on_fault(fault)
    return Config(values, aliases)


def database(config: Config, flag: Path | None = None) -> Path:
    """Return the path of the store, existing or not: the flag, the setting or the default."""
    path = config.get("db", str(flag) if flag else None)
    if not path:
        return paths.default_database()
    return Path(paths.expanded(path, "--db" if flag else config.values["db"].origin))
