"""Tables of the options that a plugin reads (`ttc.plugins.option_reading` finds them)."""

from __future__ import annotations

from collections.abc import Sequence

from generator.markdown import code, table
from ttc.doctor.describing import options
from ttc.plugins.option_reading import Read, shown


def option_table(group: str, name: str) -> str:
    """Return the table of the options of a plugin; a sentence if there are none."""
    return table_of(options(group, name))


def table_of(reads: Sequence[Read]) -> str:
    """Return a table of options; a sentence if there are none."""
    if not reads:
        return "It takes no options.\n"
    rows = [(code(each.name), code(shown(each.default)) or "none", each.need) for each in reads]
    return table(("option", "default", "value"), rows)
