"""The options of a plugin, with defaults, bounds and meanings: found by making it once."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from ttc.errors import TtcError
from ttc.options import OptionReader

# "- `n`: the most draws", or "; `variety`: that of the clusters" behind one.
_MEANING = re.compile(r"(?:^- |(?<=[.;:,]\s)|(?<=, or )|^)((?:`[a-z_]+`(?:, | and )?)+):\s", re.M)
_HIDDEN = frozenset({"self", "then", "given", "options", "text", "model"})


class Read(NamedTuple):
    """An option: its name, its default, what a value must be, whose it is, and the class of the
    code that reads it."""

    name: str
    default: Any
    need: str = ""
    owner: str = ""
    reader: Any = None


@contextlib.contextmanager
def recorded() -> Iterator[list[Read]]:
    """Record what every OptionReader is asked for in the block, each option once."""
    found: list[Read] = []

    def watch(owner: str, name: str, default: Any, need: str) -> None:
        if all(each.name != name for each in found):
            found.append(Read(name, default, need, owner, _reader()))

    OptionReader.watching.append(watch)
    try:
        yield found
    finally:
        OptionReader.watching.remove(watch)


def _reader() -> Any:
    """Return the class whose method called the reader; None for a function."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") == OptionReader.__module__:
        frame = frame.f_back
    names = frame.f_locals if frame is not None else {}
    return names.get("cls") or type(names.get("self"))


def options_of(make: Callable[[], object]) -> list[Read]:
    """Return the options that are read while `make` makes a plugin, also if it fails then."""
    with recorded() as found, contextlib.suppress(TtcError, TypeError, ValueError, LookupError):
        make()
    return found


def parameters_of(factory: Callable[..., Any]) -> list[Read]:
    """Return the keyword parameters of a factory that are options of its plugin."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        Read(each.name, None if each.default is each.empty else each.default)
        for each in parameters
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        and each.name not in _HIDDEN
        and not each.name.startswith("_")
    ]


def meanings(member: Any, reads: Iterable[Read]) -> dict[str, str]:
    """Return what docstrings say of options, "`n`: the most draws", by name: that of a plugin, and
    those of its base classes and of the classes that read its options."""
    found: dict[str, str] = {}
    members = [member, *(each.reader for each in reads if each.reader is not None)]
    for base in dict.fromkeys(base for each in members for base in _bases(each)):
        for name, text in _told(inspect.cleandoc(getattr(base, "__doc__", None) or "")).items():
            found.setdefault(name, text)
    return found


def _bases(member: Any) -> tuple[Any, ...]:
    return inspect.getmro(member) if inspect.isclass(member) else (member,)


def _told(doc: str) -> Mapping[str, str]:
    found = {}
    for paragraph in re.split(r"\n\s*\n|\n(?=- )", doc):
        marks = list(_MEANING.finditer(paragraph))
        for mark, following in zip(marks, [*marks[1:], None], strict=False):
            text = paragraph[mark.end() : following.start() if following else None]
            for name in re.findall(r"`([a-z_]+)`", mark[1]):
                found[name] = re.sub(r"(, or|[.;,])$", "", " ".join(text.split()))
    return found


def shown(default: Any) -> str:
    """Return a default as it would be written; nothing if there is none."""
    if default is None or default in ("", {}, [], ()):
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, (Fraction, float)):
        return f"{float(default):g}"
    if isinstance(default, (list, tuple)):
        return "/".join(map(str, default))
    return str(default).replace("\n", r"\n")
