"""The formats of logs and exports by name: entry points of `ttc.formats`, made when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from ttc import plugins
from ttc.errors import UsageError
from ttc.formats import ReadsDraws, WritesDraws
from ttc.messages.near import did_you_mean
from ttc.plugins import OWN_DISTRIBUTION, distribution

# Lines of ttc in kinds of files whose own entry points read records.
LINES = {
    "csv": "ttc.exchange.text_tables:Csv",
    "tsv": "ttc.exchange.text_tables:Tsv",
    "parquet": "ttc.exchange.arrow_tables:Parquet",
    "arrow": "ttc.exchange.arrow_tables:Arrow",
    # Last: it reads any file of records that has the fields.
    "jsonl": "ttc.exchange.lines:JsonLines",
}
# Where ttc's own readers and writers of logs are: others of its formats are not loaded for them.
_LOGS = ("ttc.formats.logs.", "ttc.exchange.")


def _made(name: str) -> Any:
    if name in LINES:
        module, _, member = LINES[name].partition(":")
        return getattr(import_module(module), member)()
    return plugins.guarded("formats", name, "be made", plugins.load("formats", name))


def _names() -> Iterator[str]:
    for name, entry in plugins.installed("formats").items():
        own = distribution(entry)[0] == OWN_DISTRIBUTION
        if name not in LINES and (not own or entry.value.startswith(_LOGS)):
            yield name
    # Last: a line of another tool may have the fields of ours.
    yield from LINES


def readers() -> list[ReadsDraws]:
    """Return the formats that read logs; those of ttc's own lines come last."""
    found = (_made(name) for name in _names())
    return [each for each in found if isinstance(each, ReadsDraws)]


def reader(name: str) -> ReadsDraws:
    """Return the format of this name. UsageError, with those there are, if it reads no logs."""
    if name in _names() and isinstance(found := _made(name), ReadsDraws):
        return found
    raise _unknown(name, "reads logs", [str(_name(each)) for each in readers()])


def writer(name: str) -> WritesDraws:
    """Return the format of this name. UsageError, with those there are, if it writes no draws."""
    if name in _names() and isinstance(found := _made(name), WritesDraws):
        return found
    there = [each for each in _names() if isinstance(_made(each), WritesDraws)]
    raise _unknown(name, "writes draws", there)


def _unknown(name: str, does: str, there: list[str]) -> UsageError:
    plain, colon, _ = name.partition(":")
    if colon and plain in there:
        way = ": ttc import has --option KEY=VALUE" if does == "reads logs" else ""
        return UsageError(f"--format {name}: {plain} takes no options here{way}")
    near = did_you_mean(name, there, f"there are {', '.join(there)}")
    return UsageError(f"--format {name}: no such format {does}; {near}")


def _name(made: Any) -> str:
    return str(made.name)


def recognised(path: Path, head: bytes, known: list[ReadsDraws]) -> ReadsDraws | None:
    """Return the format of a file or folder by its content, None if none knows it."""
    return next((each for each in known if each.holds_draws(path, head)), None)
