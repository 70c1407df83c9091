"""What `ttc plugins NAME` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ttc import plugins
from ttc.backends.asking.capabilities import MEANINGS, can_at_most
from ttc.cli.output import document
from ttc.errors import UsageError
from ttc.messages.near import did_you_mean
from ttc.messages.visible import report_line
from ttc.report.tables.columns import columns


def show_one(name: str, found: Sequence[dict[str, str]], as_json: bool) -> None:
    """Print the plugins of a name, and what models of a backend can do at most. UsageError for a
    name that no plugin has."""
    if not found:
        names = [each for group in plugins.GROUPS for each in plugins.installed(group)]
        raise UsageError(
            f"no plugin {name!r}; {did_you_mean(name, names, 'ttc plugins lists them')}"
        )
    rows: list[dict[str, Any]] = [dict(row) for row in found]
    for row in rows:
        if row["kind"] == "backends":
            able = can_at_most(name)
            row["capabilities"] = None if able is None else sorted(able)
    if as_json:
        document({"schema": 1, "plugins": rows})
        return
    for row in rows:
        able = row.pop("capabilities", ())
        columns([row])
        if able is None:
            print(report_line(f"{name} does not say what its models can do"))
        elif able:
            print("its models can do these at most (a model may lack some):")
            order = [*MEANINGS, *sorted(set(able) - MEANINGS.keys())]
            columns(
                [{"": "  " + each, "for": MEANINGS.get(each, "")} for each in order if each in able]
            )
