"""The options that a plugin reads, with their defaults and bounds: found by making it once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple
from unittest.mock import patch

from generator.markdown import code, table
from ttc.errors import TtcError
from ttc.options import OptionReader


class Read(NamedTuple):
    """An option that was read: its name, its default and what a value must be."""

    name: str
    default: Any
    need: str


@contextlib.contextmanager
def recorded() -> Iterator[list[Read]]:
    """Record what every OptionReader is asked for in the block, each option once."""
    found: list[Read] = []
    read_value = OptionReader.value

    def value(self: OptionReader, name: str, default: Any, parse: Any, need: str) -> Any:
        if all(each.name != name for each in found):
            given = self._given.get(name, default)
            found.append(Read(name, default if given in (None, "") else given, need))
        return read_value(self, name, default, parse, need)

    with patch.object(OptionReader, "value", value):
        yield found


def options_of(make: Callable[[], object]) -> list[Read]:
    """Return the options that are read while `make` makes a plugin."""
    with recorded() as found, contextlib.suppress(TtcError):
        make()
    return found


def option_table(options: list[Read]) -> str:
    """Return a table of options; a sentence if there are none."""
    if not options:
        return "It takes no options.\n"
    rows = [(code(each.name), shown(each.default), each.need) for each in options]
    return table(("option", "default", "value"), rows)


def shown(default: Any) -> str:
    """Return a default as it would be written."""
    if default is None or default == "":
        return "none"
    if isinstance(default, bool):
        return code("yes" if default else "no")
    if isinstance(default, Fraction):
        return code(f"{float(default):g}")
    if isinstance(default, (list, tuple)):
        return code("/".join(map(str, default)))
    return code(str(default).replace("\n", r"\n"))
