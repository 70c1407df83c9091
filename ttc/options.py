"""Options of plugins: split `NAME:key=value,…`, and read each value with its type and range.

Selectors, verifiers, strategies and backends read what they are given with an `OptionReader`, one
call for each option, so errors have the same form everywhere and list the options that exist:

    read = OptionReader("beam", {"n": "4"})
    n = read.whole("n", 16)
    pick = read.choice("pick", ("best", "majority"), "best")
    read.end()
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ttc import paths
from ttc.errors import UsageError

T = TypeVar("T")
D = TypeVar("D")
N = TypeVar("N", int, float)

_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
# Values that may hold commas end at the comma before the next `key=`.
_NEXT = re.compile(r",(?=[a-z_]+=)")
_KEY = re.compile(r"[a-z_]+=")


class OptionError(UsageError, ValueError):
    """An option that does not exist, or a value that it cannot have.

    Constructors of verifiers, selectors and strategies raise ValueError, backends UsageError; this
    is both.
    """


def parse_spec(spec: str) -> tuple[str, dict[str, str]]:
    """Split `name:key=value,key=value`; UsageError if an option is malformed or given twice."""
    name, _, rest = spec.partition(":")
    try:
        return name, pairs(filter(None, rest.split(",")), f"{name}:key=value,key=value")
    except OptionError as error:
        raise UsageError(f"{spec}: {error}") from None


def split_specs(text: str) -> tuple[str, ...]:
    """Split specs separated by commas, `judge:n=2,as=verdict,math`: a `key=value` after a comma
    belongs to the spec before it."""
    found: list[str] = []
    for part in filter(None, map(str.strip, text.split(","))):
        if found and ":" in found[-1] and _KEY.match(part):
            found[-1] += f",{part}"
        else:
            found.append(part)
    return tuple(found)


def parse_text(text: str, form: str) -> tuple[str, dict[str, str]]:
    """Split `TEXT,key=value,…`, in which the text and the values may hold commas. OptionError."""
    head, *parts = _NEXT.split(text)
    return head, pairs(parts, form)


def pairs(parts: Iterable[str], form: str) -> dict[str, str]:
    """Split each `key=value`; OptionError, which shows `form`, if one is malformed or repeated."""
    found: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise OptionError(f"write options as {form}")
        if key in found:
            raise OptionError(f"{key} is given twice")
        found[key] = value
    return found


class OptionReader:
    """Reads the options of one plugin, then refuses what is left; `watching` are told each read.

    Values are text or, from a settings file, numbers and booleans. Each method takes the name and
    the default, which is returned for no value, and if it is None for an empty one. A value that
    cannot be is an OptionError.
    """

    watching: ClassVar[list[Callable[..., None]]] = []

    def __init__(self, owner: str, given: Mapping[str, Any]) -> None:
        self._owner = owner
        self._given = given
        self._listed: dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Return whether an option is given."""
        return name in self._given

    def value(self, name: str, default: D, parse: Callable[[Any], T], need: str) -> T | D:
        """Read a value with `parse`, whose ValueError or TypeError becomes "NAME must be NEED"."""
        self._listed.setdefault(name, name)
        given = self._given.get(name)
        for watch in self.watching:
            watch(self._owner, name, default if given in (None, "") else given, need)
        if given is None or (default is None and given == ""):
            return default
        try:
            return parse(given)
        except (TypeError, ValueError, ArithmeticError):
            raise self.error(f"{name} must be {need}, not {given!r}") from None

    def text(self, name: str, default: D) -> str | D:
        """Read a text; a number of a settings file is one too."""
        return self.value(name, default, _text, "text")

    def whole(
        self, name: str, default: D, least: int | None = 1, most: int | None = None
    ) -> int | D:
        """Read a whole number from `least` to `most`."""

        def parse(given: Any) -> int:
            return _within(_whole(given), least, most)

        need = f"a whole number {_bounds(least, None, most, None)}".rstrip()
        return self.value(name, default, parse, need)

    def number(
        self,
        name: str,
        default: D,
        *,
        least: float | None = None,
        above: float | None = None,
        most: float | None = None,
        below: float | None = None,
    ) -> float | D:
        """Read a finite number within bounds; `above` and `below` exclude theirs."""

        def parse(given: Any) -> float:
            found = _within(_number(given), least, most)
            if (above is not None and found <= above) or (below is not None and found >= below):
                raise ValueError
            return found

        need = f"a number {_bounds(least, above, most, below)}".rstrip()
        return self.value(name, default, parse, need)

    def switch(self, name: str, default: D) -> bool | D:
        """Read `yes` or `no`; `true`, `false`, `1`, `0` and booleans are taken too."""
        self._listed[name] = f"{name}=yes|no"
        return self.value(name, default, _switch, "yes or no")

    def choice(self, name: str, known: Sequence[str], default: D) -> str | D:
        """Read one of a few words."""
        self._listed[name] = f"{name}={'|'.join(known)}"
        need = " or ".join(known) if len(known) == 2 else f"one of {', '.join(known)}"
        return self.value(name, default, lambda given: known[known.index(given)], need)

    def wholes(self, name: str, default: D, separator: str, need: str) -> list[int] | D:
        """Read whole numbers from 1 with `separator` between them."""

        def parse(given: Any) -> list[int]:
            return [_within(_whole(part), 1, None) for part in str(given).split(separator)]

        return self.value(name, default, parse, need)

    def file(self, name: str) -> str | None:
        """Read the text of the file that the option names; None if it names none."""
        if (path := self.text(name, None)) is None:
            return None
        try:
            return Path(paths.expanded(path)).read_text(encoding="utf-8")
        except (OSError, ValueError, UsageError) as error:
            raise self.error(f"{name}={path}: {getattr(error, 'strerror', '') or error}") from None

    def accept(self, *names: str) -> None:
        """Take options that are read elsewhere for known."""
        for name in names:
            self._listed.setdefault(name, name)

    def refuse(self, name: str, why: str) -> None:
        """Refuse an option that does not exist with more than the list of those that do."""
        if name in self._given:
            raise self.error(why)

    def end(self) -> None:
        """Refuse the options that were not read: OptionError, with near names and the list."""
        unknown = [name for name in self._given if name not in self._listed]
        if not unknown:
            return
        near = [match for name in unknown for match in get_close_matches(name, self._listed, n=1)]
        hint = f"did you mean {near[0]}? " if near else ""
        several = "s" if len(unknown) > 1 else ""
        named = ", ".join(map(repr, unknown))
        takes = f": {', '.join(self._listed.values())}" if self._listed else " none"
        raise self.error(f"unknown option{several} {named}; {hint}it takes{takes}")

    def error(self, what: str) -> OptionError:
        """Return the error to raise, with the plugin's name before it."""
        return OptionError(f"{self._owner}: {what}")


def _text(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ValueError
    return str(given)


def _switch(given: Any) -> bool:
    return (*_YES, *_NO).index(str(given).lower()) < len(_YES)


def _whole(given: Any) -> int:
    if isinstance(given, bool):
        raise ValueError
    try:
        return int(given) if isinstance(given, (int, str)) else int(str(given))
    except ValueError:
        found = float(given)
        if not found.is_integer():
            raise
        return int(found)


def _number(given: Any) -> float:
    found = float(given)
    if isinstance(given, bool) or not math.isfinite(found):
        raise ValueError
    return found


def _within(found: N, least: float | None, most: float | None) -> N:
    if (least is not None and found < least) or (most is not None and found > most):
        raise ValueError
    return found


def _bounds(
    least: float | None, above: float | None, most: float | None, below: float | None
) -> str:
    """Return an interval in words: `from 0 to below 1`, `above 0 and at most 1`."""
    low = f"above {above}" if above is not None else ""
    upto, until, between = "at most", "below", " and "
    if least is not None:
        low, upto, until, between = f"from {least}", "to", "to below", " "
    high = f"{upto} {most}" if most is not None else ""
    high = f"{until} {below}" if below is not None else high
    return between.join(filter(None, (low, high)))
