"""Presets: `[serve.models.NAME]` of the settings, names by which requests ask for a method.

[serve.models.careful]
model = "qwen"
method = "ac:c=0.95"
n = 16
temperature = 0.7
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ttc import config as settings
from ttc.errors import UsageError
from ttc.messages.near import did_you_mean
from ttc.records import SamplingParams
from ttc.samples.recipe import Sampling
from ttc.solving.options import SolveOptions

_SOLVE = ("model", "n", "method", "verifier", "scorer", "aggregate", "budget", "draft")
_SAMPLING = tuple(each.name for each in fields(Sampling))
_WHOLE = ("n", "max_tokens", "top_k", "logprobs", "seed")
_PENALTIES = ("presence_penalty", "frequency_penalty", "repeat_penalty")
_NUMBERS = ("temperature", "top_p", "min_p", *_PENALTIES)
# Other keys that are not texts: the types that they may have, in words.
_OTHERS: dict[str, tuple[tuple[type, ...], str]] = {
    "stop": ((str, list), "a text or a list of texts"),
    "thinking": ((str, int), "on, off, low, medium, high, or a number of tokens"),
    "logit_bias": ((dict, list), "a table"),
    "extra": ((dict, list), "a table"),
    "schema": ((str, dict), "a file or a table"),
    "raw": ((bool,), "true or false"),
    "shots": ((str, int), "a whole number, or K@SEED"),
}
# Their bounds are those of the parameters of a draw.
_BOUNDED = ("max_tokens", "top_k", "thinking", *_NUMBERS)


def read(config: Path | None, base: SolveOptions) -> dict[str, SolveOptions]:
    """Return the presets of all settings files by name; what one does not set is that of `base`.

    UsageError names the file and the wrong key.
    """
    found: dict[str, SolveOptions] = {}
    for path, _ in settings.files(config):
        table = settings.read_toml(path).get("serve", {})
        for name, preset in _tables(table, path).items():
            found[name] = _options(preset, base, f"{path}: [serve.models.{name}]")
    return found


def _tables(table: Any, path: Path) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: serve must be a table: [serve.models.NAME]")
    _refuse_unknown(table, ("models",), f"{path}: [serve]")
    tables = table.get("models", {})
    if not isinstance(tables, Mapping):
        raise UsageError(f"{path}: [serve.models.NAME] must be tables")
    for name, each in tables.items():
        if not isinstance(each, Mapping):
            raise UsageError(f"{path}: [serve.models.{name}] must be a table")
        if not name.strip():
            raise UsageError(f"{path}: [serve.models.NAME]: a name is not empty")
    return tables


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for name in table:
        if name not in known:
            hint = did_you_mean(name, known, f"known: {', '.join(known)}")
            raise UsageError(f"{place}: unknown key {name!r}; {hint}")


def _options(preset: Mapping[str, Any], base: SolveOptions, place: str) -> SolveOptions:
    _refuse_unknown(preset, (*_SOLVE, *_SAMPLING), place)
    for name, value in preset.items():
        _check_type(name, value, place)
    try:
        SamplingParams(**{name: preset[name] for name in _BOUNDED if name in preset})
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from None
    if isinstance(preset.get("stop"), str):
        preset = {**preset, "stop": (preset["stop"],)}
    own = {name: value for name, value in preset.items() if name in _SOLVE}
    sampling = {name: value for name, value in preset.items() if name in _SAMPLING}
    return replace(base, **own, sampling=replace(base.sampling, **sampling))


def _check_type(name: str, value: Any, place: str) -> None:
    """Raise UsageError for a value that its key cannot have."""
    kinds, need = _OTHERS.get(name, ((str,), "text"))
    if name in _WHOLE:
        kinds, need = (int,), "a whole number"
    elif name in _NUMBERS:
        kinds, need = (int, float), "a number"
    good = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
    if name == "stop" and isinstance(value, list):
        good = all(isinstance(text, str) and text for text in value)
    if name in ("n", "logprobs") and good and value < (name == "n"):
        good, need = False, f"a whole number from {int(name == 'n')}"
    if not good:
        raise UsageError(f"{place}: {name} must be {need}, not {value!r}")
