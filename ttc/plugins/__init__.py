"""Plugins by entry point, imported only when named.

There are five groups: `ttc.backends`, `ttc.verifiers`, `ttc.selectors`, `ttc.strategies` and
`ttc.formats`. A broken plugin fails when it is named, and not before; `ttc plugins` shows why.
`TTC_NO_PLUGINS=1` leaves only the members of ttc itself.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache, partial
from importlib.metadata import Distribution, EntryPoint, entry_points
from inspect import signature
from typing import Any

from ttc.errors import BackendError, Stopped, TtcError, UsageError
from ttc.options import OptionReader, parse_spec
from ttc.plugins import installing
from ttc.plugins.abilities import Drafting, Needing, Referring, Scoring, Taking

GROUPS = ("backends", "verifiers", "selectors", "strategies", "formats")
OWN_DISTRIBUTION = "ttc-cli"

# What to install for a backend that is not there.
KNOWN_BACKENDS = {
    "batch": "ttc-openai",
    "llamacpp": "ttc-llamacpp[smollm2]",
    "openai": "ttc-openai",
    "ray": "ttc-ray",
    "vllm": "ttc-vllm",
}


def distribution(entry: EntryPoint) -> tuple[str, str]:
    """Return the name and version of the package of an entry point."""
    return ("unknown", "") if entry.dist is None else _name_and_version(entry.dist)


@lru_cache(maxsize=1024)
def _name_and_version(package: Distribution) -> tuple[str, str]:
    # Each look into the metadata of a package parses its file.
    try:
        about = package.metadata
    except FileNotFoundError:  # of the backport importlib_metadata, once a library imports it
        return "unknown", ""
    return about["Name"], about["Version"]


def installed(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group (`backends`, …) by name, none of them imported."""
    own_only = bool(os.environ.get("TTC_NO_PLUGINS"))
    found: dict[str, EntryPoint] = {}
    for entry in _entry_points(group, tuple(map(_state, sys.path))):
        own = distribution(entry)[0] == OWN_DISTRIBUTION
        # ttc's own names cannot be taken over by a plugin.
        if own or (not own_only and entry.name not in found):
            found[entry.name] = entry
    return found


def _state(folder: str) -> tuple[str, int, int]:
    """Return a folder that packages are imported from, and what changes with its packages."""
    try:
        about = os.stat(folder or ".")
    except OSError:
        return folder, 0, 0
    return folder, about.st_ino, about.st_mtime_ns


@lru_cache(maxsize=64)
def _entry_points(group: str, path: tuple[tuple[str, int, int], ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group by name; `path` is the state of all folders."""
    return tuple(sorted(entry_points(group=f"ttc.{group}"), key=lambda entry: entry.name))


def kind_of(group: str) -> str:
    """Return the word for one member of a group: `backend` for `backends`."""
    return group[:-1] if group != "strategies" else "strategy"


def load(group: str, name: str) -> Any:
    """Import and return the member of a group that is called `name`.

    UsageError for an unknown name, with near ones; BackendError (exit 3) for a plugin that
    cannot be imported, whatever it raises.
    """
    found = installed(group)
    if name not in found:
        if group == "backends" and name in KNOWN_BACKENDS:
            raise BackendError(
                f"no backend {name!r} is installed; {installing.install(KNOWN_BACKENDS[name])}"
            )
        near = get_close_matches(name, found, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(found) or 'none'}"
        raise UsageError(f"no {kind_of(group)} {name!r}; {hint}")
    return guarded(group, name, "be imported", found[name].load)


def guarded(group: str, name: str, what: str, act: Callable[[], Any]) -> Any:
    """Call `act`, which runs a plugin's code: drop what it prints, and turn what it raises into a
    BackendError as `calling` does."""
    with calling(group, name, what), contextlib.redirect_stdout(io.StringIO()):
        return act()


@contextlib.contextmanager
def calling(group: str, name: str, what: str) -> Iterator[None]:
    """Turn exceptions of a plugin, except TtcError, into a BackendError that names the plugin.

    SystemExit and CancelledError are turned too; signals to ttc pass through.
    """
    try:
        yield
    except (TtcError, Stopped, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise fault(group, name, f"cannot {what}: {as_text(error)}; -vv shows where") from error


def fault(group: str, name: str, what: str) -> BackendError:
    """Return the error for what a plugin did wrong, with the names of it and of its package."""
    entry = installed(group).get(name)
    package = "" if entry is None else " ({} {})".format(*distribution(entry))
    return BackendError(f"the {kind_of(group)} {name!r}{package} {what}")


def as_text(error: BaseException) -> str:
    """Return an exception as text, even if its own `__str__` fails."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 (an exception class of a plugin may do anything)
        return type(error).__name__


def build(group: str, spec: str) -> Any:
    """Make the plugin of `name:key=value,…`, or of `name:TEXT` if it `takes = "text"`; UsageError
    says what is wrong with it."""
    name, _, text = spec.partition(":")
    factory = load(group, name)
    takes = factory.takes if isinstance(factory, Taking) else ""
    if takes == "text":
        return make(group, name, spec, partial(factory, text), {})
    return make(group, name, spec, factory, parse_spec(spec)[1])


def make(
    group: str, name: str, spec: str, factory: Callable[..., Any], options: Mapping[str, Any]
) -> Any:
    """Make a plugin's object with its options; UsageError says what is wrong with them."""

    def act() -> Any:
        try:
            _check_names(name, factory, options)
            return factory(**options)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{spec}: {str(error).removeprefix(f'{name}: ')}") from error

    return guarded(group, name, "be made", act)


def _check_names(name: str, factory: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Refuse options that are not parameters of a factory. OptionError."""
    try:
        parameters = signature(factory).parameters.values()
    except (TypeError, ValueError):
        return  # not every callable has a signature; the call itself will fail then
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        read = OptionReader(name, options)
        read.accept(*(parameter.name for parameter in parameters))
        read.end()


def _needs(strategy: Any) -> list[str]:
    """Return what a strategy needs besides samples: capabilities, a scorer, a second model."""
    needs = sorted(strategy.needs) if isinstance(strategy, Needing) else []
    needs += ["a scorer"] if isinstance(strategy, Scoring) and strategy.scores else []
    return needs + (["a draft model"] if isinstance(strategy, Drafting) and strategy.drafts else [])


def _about(group: str, name: str) -> str:
    member = load(group, name)
    about = (member.__doc__ or "").strip().partition("\n")[0]
    if group == "strategies" and (needs := _needs(member)):
        about += f" Needs {', '.join(needs)}."
    if group == "verifiers" and isinstance(member, Referring) and member.reads_reference is True:
        about += " Reads the reference."
    return about


def survey(groups: Iterable[str]) -> list[dict[str, str]]:
    """Return one row per plugin: kind, name, package, and the first line of its docstring or why it
    cannot be imported."""
    found = []
    for group in groups:
        for name, entry in installed(group).items():
            package, version = distribution(entry)
            try:
                about = guarded(group, name, "be described", partial(_about, group, name))
            except TtcError as error:
                about = f"broken: {error}"
            row = {"kind": group, "name": name, "package": f"{package} {version}", "about": about}
            found.append(row)
    return found
