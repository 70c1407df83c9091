"""Change settings files in place: comments, order and spelling of all else stay as they are.

tomlkit edits the text. What it wrote is read again by the reader of settings, with all its checks,
before it replaces the file, so a wrong value leaves the file as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttc import config as settings
from ttc import paths
from ttc.config.settings import PROJECT, SETTINGS, typed, unknown
from ttc.errors import UsageError

MODELS = "models"


def target(config: Path | None, project: bool) -> tuple[Path, frozenset[str]]:
    """Return the file to change, whether or not it exists, and what it may set.

    That of the project, else the file of `--config` or `TTC_CONFIG`, else the user's.
    """
    if project:
        return settings.project_file(Path.cwd()) or Path.cwd() / "ttc.toml", PROJECT
    return settings.named_file(config) or settings.user_file(), frozenset(SETTINGS)


def parts(key: str, aliases: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Split `temperature`, `models.NAME` or `models.NAME.KEY`; UsageError for an unknown setting.

    Names of aliases may hold dots, so `aliases` are those that exist.
    """
    if not key.startswith(f"{MODELS}."):
        if key not in SETTINGS:
            raise unknown(key)
        return (key,)
    rest = key.removeprefix(f"{MODELS}.")
    alias, _, option = rest.rpartition(".")
    if not alias or rest in (aliases or {}):
        return MODELS, rest
    return MODELS, alias, option


def value_of(path: tuple[str, ...], text: str) -> Any:
    """Return the value that a text of the command line stands for. UsageError."""
    name = path[-1]
    if len(path) == 1 or name in SETTINGS:
        return typed(name, text, f"{'.'.join(path)} = {text}")
    if name == "model":
        return text
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        found = tomlkit.value(text).unwrap()
    except (TOMLKitError, ValueError):
        return text
    return found if isinstance(found, (bool, int, float, list, dict)) else text


def set_values(file: Path, allowed: frozenset[str], values: Mapping[tuple[str, ...], Any]) -> None:
    """Set values, and make the file if there is none. UsageError if it would not be valid."""
    document = _document(file)
    for path, value in values.items():
        table: Any = document
        for name in path[:-1]:
            if name not in table:
                table[name] = _table(is_super=name == MODELS)
            table = table[name]
        table[path[-1]] = value
    _write(file, allowed, document)


def remove(file: Path, allowed: frozenset[str], path: tuple[str, ...]) -> bool:
    """Remove a value or an alias; return whether it was there."""
    if not file.exists():
        return False
    document = _document(file)
    table: Any = document
    for name in path[:-1]:
        table = table.get(name, {})
    if path[-1] not in table:
        return False
    del table[path[-1]]
    _write(file, allowed, document)
    return True


def _table(is_super: bool) -> Any:
    import tomlkit

    return tomlkit.table(is_super)


def _document(file: Path) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        text = file.read_bytes().decode("utf-8") if file.exists() else ""
        return tomlkit.parse(text)
    except (OSError, ValueError, TOMLKitError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{file}: {why}; nothing was changed") from None


def _write(file: Path, allowed: frozenset[str], document: Any) -> None:
    text = document.as_string()
    settings.check_text(text, file, allowed)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise paths.unwritable(file, error) from None
    paths.atomic_write(file, text)


def names(file: Path) -> list[str]:
    """Return what a file sets, be it valid or not; UsageError if it is no TOML."""
    return [*_document(file)]


def aliases(file: Path) -> Mapping[str, Any]:
    """Return the aliases of a file, be they valid or not; UsageError if it is no TOML."""
    found = _document(file).get(MODELS, {})
    return found if isinstance(found, Mapping) else {}
