"""What `ttc plugins NAME` prints."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from ttc import plugins
from ttc.backends.asking.capabilities import MEANINGS
from ttc.cli.output import document
from ttc.doctor.describing import describe
from ttc.errors import UsageError
from ttc.messages.near import did_you_mean
from ttc.messages.visible import report_line
from ttc.report.tables.columns import columns


def show_one(name: str, groups: Sequence[str], as_json: bool) -> None:
    """Print what the plugins of a name are. UsageError for a name that no plugin has."""
    rows = [describe(group, name) for group in groups if name in plugins.installed(group)]
    if not rows:
        raise UsageError(_unknown(name, groups))
    if as_json:
        document({"schema": 1, "plugins": rows})
        return
    for at, row in enumerate(rows):
        if at:
            print()
        _print(row)


def _unknown(name: str, groups: Sequence[str]) -> str:
    everywhere = [group for group in plugins.GROUPS if name in plugins.installed(group)]
    if everywhere:
        return f"{name!r} is in {', '.join(everywhere)}, not in {', '.join(groups)}"
    names = [each for group in groups for each in plugins.installed(group)]
    if name in plugins.KNOWN_BACKENDS and "backends" in groups:
        how = plugins.installing.install(plugins.KNOWN_BACKENDS[name])
        return f"the backend {name!r} is not installed; {how}"
    return f"no plugin {name!r}; {did_you_mean(name, names, 'ttc plugins lists them')}"


def _print(row: Mapping[str, Any]) -> None:
    _say(f"{row['name']}: a {plugins.kind_of(row['kind'])} of {row['package']} ({row['from']})")
    _say(row["about"])
    if "options" not in row:  # broken
        return
    for line in row["details"].splitlines():
        bare = line.lstrip()
        _say(bare, " " * (2 + len(line) - len(bare)) if bare else "")
    _say(f"use: {row['use']}")
    if row["needs"]:
        _say(f"needs: {', '.join(row['needs'])}")
    for line in _extra_lines(row["extras"]):
        _say(line)
    _print_options(row["options"])
    if row["kind"] == "backends":
        _print_capabilities(row["name"], row["capabilities"])


def _extra_lines(extras: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in extras:
        state = {True: "installed", False: f"not installed; {each['install']}"}
        told = state.get(each["installed"], f"not known to be installed; {each['install']}")
        yield f"extra {each['name']}: {told}"


def _print_options(options: Sequence[Mapping[str, Any]]) -> None:
    if not options:
        print("takes no options")
        return
    print("options:")
    for each in options:
        default = "" if each["default"] is None else f" [default: {each['default']}]"
        value = f" {each['value']}" if each["value"] else ""
        head = f"{each['name']}:{value}{default}" if value or default else each["name"]
        _say(head, "  ")
        if each["meaning"]:
            _say(each["meaning"], "      ")


def _print_capabilities(name: str, able: Sequence[str] | None) -> None:
    if able is None:
        _say(f"{name} does not say what its models can do")
    elif able:
        print("its models can do these at most (a model may lack some):")
        order = [*MEANINGS, *sorted(set(able) - MEANINGS.keys())]
        columns(
            [{"": "  " + each, "for": MEANINGS.get(each, "")} for each in order if each in able]
        )


def _say(text: str, margin: str = "") -> None:
    """Print a paragraph, folded on a terminal."""
    line = report_line(text)
    if not sys.stdout.isatty():
        print(margin + line)
        return
    width = max(shutil.get_terminal_size().columns, 20)
    deeper = margin + "  "
    for each in wrap(line, width, initial_indent=margin, subsequent_indent=deeper) or [""]:
        print(each)
