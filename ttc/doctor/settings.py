"""Settings: can every file and variable be read, where is each set, does each alias resolve?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ttc import config, plugins
from ttc.backends import resolve
from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok, refused
from ttc.errors import UsageError
from ttc.plugins import installing

# Variables other than settings.
_VARIABLES = (
    "TTC_HOME",
    "TTC_CACHE",
    "TTC_CONFIG_HOME",
    "TTC_CONFIG",
    "TTC_NO_PLUGINS",
    "TTC_NETWORK_DB",
    "TTC_OPENAI_BASE_URL",
    "TTC_OPENAI_KEYS",
    "TTC_RAY_ADDRESS",
    "TTC_RAY_REPLICAS",
    "TTC_RAY_CPUS",
    "TTC_RAY_GPUS",
    "TTC_RAY_SLOTS",
    "TTC_SERVE_KEY",
)
_MEND = "correct or remove it"
_SHOWN = 60  # the most characters of a value that are shown


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    return [
        Step("files", lambda: _files(options)),
        Step("values", lambda: _values(options.settings())),
        Step("variables", _variables),
        Step("default model", lambda: _default(options)),
        Step("aliases", lambda: _aliases(options.settings())),
    ]


def _files(options: DoctorOptions) -> Iterator[Check]:
    given = Path(options.config) if options.config else None
    faults: list[UsageError] = []
    found = config.files(given, faults.append)
    missing = len(faults)
    config.load(given, faults.append)
    for fault in faults[missing:]:
        yield refused("settings", fault, _MEND)
    bad = " ".join(map(str, faults))
    for path, _ in found:
        if str(path) not in bad:
            yield ok("settings file", str(path))
    if not found and not faults:
        yield ok("settings file", f"none; {config.user_file()} and ttc.toml are read if they exist")


def _values(settings: config.Config) -> Iterator[Check]:
    for name, (value, origin) in settings.values.items():
        if origin != "default":
            yield ok(name, f"{_short(value)} (from {origin})")


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _variables() -> Iterator[Check]:
    known = [*_VARIABLES, *(f"TTC_{name.upper()}" for name in config.SETTINGS)]
    for name in sorted(os.environ):
        near = get_close_matches(name, known, n=1, cutoff=0.85)
        if name.startswith("TTC_") and name not in known and near:
            yield note(name, "ttc does not use this variable", f"did you mean {near[0]}?")


def _default(options: DoctorOptions) -> Iterator[Check]:
    settings = options.settings()
    wanted = settings.values["model"]
    spec = options.model or wanted.value
    if spec is None:
        if not resolve.bundled_installed():
            yield note("default model", "none", resolve.how().partition(": ")[2])
        else:
            yield ok("default model", f"{resolve.BUNDLED} (bundled)")
        return
    what = f"model {_short(spec)}"
    try:
        yield from _resolved(what, resolve.resolve(spec, settings))
    except UsageError as error:
        yield refused(what, error)


def _aliases(settings: config.Config) -> Iterator[Check]:
    for name, table in settings.aliases.items():
        what = f"alias {name}"
        try:
            yield from _resolved(what, resolve.resolve(name, settings), table)
        except UsageError as error:
            yield refused(what, error)


def _resolved(
    what: str, choice: resolve.ModelChoice, table: Mapping[str, Any] | None = None
) -> Iterator[Check]:
    """Check that a model's backend is installed and its local file exists, without opening it."""
    if choice.backend not in plugins.installed("backends"):
        package = plugins.KNOWN_BACKENDS.get(choice.backend, "")
        how = installing.install(package) if package else "ttc plugins lists what is installed"
        yield fail(what, f"no backend {choice.backend!r} is installed", how)
        return
    local = choice.backend == "llamacpp" and choice.model.endswith(".gguf")
    if local and ":" not in choice.model and not Path(choice.model).expanduser().is_file():
        yield fail(what, f"{choice.model}: no such file", "write the path of the file")
        return
    keys = [key for key in table or () if key in resolve.SAMPLING]
    also = f", sets {', '.join(keys)}" if keys else ""
    yield ok(what, f"{_short(choice.spec)}{also}")
