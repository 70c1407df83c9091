"""Settings: flag > TTC_* > nearest ttc.toml > user's config.toml > default.

`ttc.toml` is searched from the working folder up to the root of its repository. A cloned
repository is not trusted, so a project file may only set the names in PROJECT.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from ttc import paths
from ttc.errors import UsageError


class Setting(NamedTuple):
    """A setting: its type, its default and its meaning."""

    kind: type
    default: Any
    meaning: str


class Shots(str):
    """A number of few-shot examples: K, or K@SEED. In a settings file it may be a number."""

    __slots__ = ()


SETTINGS: dict[str, Setting] = {
    "model": Setting(str, None, "the model when -m is not given"),
    "n": Setting(int, None, "draws per problem (sample 16, solve 8)"),
    "temperature": Setting(float, 0.8, "0 is greedy"),
    "top_p": Setting(float, 0.95, "1 is off"),
    "top_k": Setting(int, 0, "0 is off"),
    "min_p": Setting(float, 0.0, "0 is off"),
    "max_tokens": Setting(int, 512, "generated tokens per draw"),
    "system": Setting(str, None, "the system message"),
    "template": Setting(str, None, "text around the question, with {prompt} in it"),
    "choices_template": Setting(
        str, None, "text around a question with choices, with {question} and {choices} in it"
    ),
    "few_shot": Setting(str, None, "a file of solved problems, shown as examples"),
    "shots": Setting(Shots, None, "how many examples: K, or K@SEED to draw them by problem"),
    "thinking": Setting(
        str, None, "reasoning: on, off, low, medium, high, or N tokens, where the model has it"
    ),
    "presence_penalty": Setting(float, 0.0, "0 is off"),
    "frequency_penalty": Setting(float, 0.0, "0 is off"),
    "repeat_penalty": Setting(float, 1.0, "1 is off"),
    "logit_bias": Setting(dict, None, "what is added to the logits of tokens, by id"),
    "extra": Setting(dict, None, "further fields of requests, chat_template_kwargs among them"),
    "grammar": Setting(str, None, "a GBNF file that says what an answer may be"),
    "schema": Setting(str, None, "a JSON Schema file that says what an answer may be"),
    "regex": Setting(str, None, "a pattern that says what an answer may be"),
    "logprobs": Setting(int, 0, "the likeliest tokens to keep of each place"),
    "seed": Setting(int, 0, "base seed; another seed draws other samples"),
    "verifier": Setting(str, None, "the verifier when -V is not given"),
    "db": Setting(str, None, "the store"),
}
# A project file may not choose where a user's samples are written.
PROJECT = frozenset(SETTINGS) - {"db"}
# Nor may its aliases join this process to a cluster, whose head can run code in it, or send
# requests for this machine through a proxy.
PERSONAL_OPTIONS = ("ray_address", "proxy")


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


def _typed(name: str, value: Any, place: str) -> Any:
    kind = SETTINGS[name].kind
    convert: Callable[[Any], Any] = _table if kind is dict else kind
    if name == "thinking" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    wrong_type = isinstance(value, bool) or (kind is str and not isinstance(value, str))
    try:
        if wrong_type or (kind is int and isinstance(value, float)):
            raise ValueError
        return convert(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"{place}: {name} must be of type {kind.__name__}, not {value!r}"
        ) from None


def _table(value: Any) -> dict[str, Any]:
    """Return a table of a settings file, or the JSON object of a variable. ValueError."""
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError
    return found


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. UsageError names the file and what is wrong with it."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
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


def _layer(path: Path, allowed: frozenset[str]) -> tuple[dict[str, Value], dict[str, Any]]:
    found = read_toml(path)
    aliases = found.pop("models", {})
    found.pop("serve", None)  # read by ttc.serving.presets
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
        place = _place(path, name)
        if name not in SETTINGS:
            near = get_close_matches(name, SETTINGS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(SETTINGS)}"
            raise UsageError(f"{place}: unknown setting {name!r}; {hint}")
        if name not in allowed:
            raise UsageError(f"{place}: {name} may not be set by a project; use {user_file()}")
    values = {
        name: Value(_typed(name, value, _place(path, name)), str(path))
        for name, value in found.items()
    }
    return values, aliases


def _place(path: Path, name: str) -> str:
    """Return `file:line` of the line that sets a name, or the file alone if none is found."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
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


def files(
    config: Path | None = None, on_fault: Callable[[UsageError], None] = _raise
) -> list[tuple[Path, frozenset[str]]]:
    """Return the settings files that exist, with the names each may set; later ones win.

    `config` and `on_fault` are the arguments of `load`.
    """
    variable = os.environ.get("TTC_CONFIG")
    given = config or (Path(variable) if variable else None)
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
            layer, tables = _layer(path, allowed)
        except UsageError as fault:
            on_fault(fault)
            continue
        values.update(layer)
        aliases.update(tables)
    for name in SETTINGS:
        variable = f"TTC_{name.upper()}"
        if (text := os.environ.get(variable)) is not None:
            try:
                values[name] = Value(_typed(name, text, variable), variable)
            except UsageError as fault:
                on_fault(fault)
    return Config(values, aliases)


def database(config: Config, flag: Path | None = None) -> Path:
    """Return the path of the store, existing or not: the flag, the setting or the default."""
    path = config.get("db", str(flag) if flag else None)
    return Path(path) if path else paths.default_database()
