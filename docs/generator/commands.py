"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from generator.markdown import code, escaped, table
from ttc.cli.main import build


def reference() -> str:
    """Return a section for each command, and for the commands of commands."""
    return "\n" + "\n".join(_sections("ttc", build(), 2)) + "\n"


def _sections(path: str, group: Any, level: int) -> Iterator[str]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield _section(f"{path} {name}", command, level)
        if hasattr(command, "list_commands"):
            yield from _sections(f"{path} {name}", command, level + 1)


def _section(path: str, command: Any, level: int) -> str:
    parts = [f"{'#' * level} {path}\n", f"{_prose(command.help or '')}\n"]
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option"]
    context = command.context_class(command, info_name=path)
    if arguments:
        rows = [(code(_metavar(each)), escaped(each.help or "")) for each in arguments]
        parts.append(table(("argument", "meaning"), rows))
    if options:
        records = [each.get_help_record(context) for each in options]
        rows = [(code(spelling), escaped(meaning)) for spelling, meaning in records]
        parts.append(table(("option", "meaning"), rows))
    return "\n".join(parts)


def _prose(text: str) -> str:
    """Return the help of a command; lines that are commands become a block."""
    parts = [part.strip() for part in inspect.cleandoc(text).replace("\b", "").split("\n\n")]
    return "\n\n".join(_paragraph(part) for part in parts if part)


def _paragraph(text: str) -> str:
    if re.match(r"ttc [a-z]", text):
        return f"```text\n{text}\n```"
    return escaped(" ".join(text.split()))


def _metavar(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    several = "…" if parameter.nargs == -1 and not name.endswith("…") else ""
    return f"{name}{several}" if parameter.required else f"[{name}{several}]"
