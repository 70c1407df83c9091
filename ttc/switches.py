"""The switch of a chat template that turns reasoning on or off, under the names that it has."""

from __future__ import annotations

import re

NAMES = ("enable_thinking", "thinking", "reasoning")
_BLOCK = re.compile(r"\{[{%].*?[%}]\}", re.S)


def arguments(thinking: str) -> dict[str, bool]:
    """Return what a chat template is given to turn reasoning `on` or `off`."""
    return dict.fromkeys(NAMES, thinking == "on")


def read_by(template: str) -> frozenset[str]:
    """Return which of the names a chat template reads as a variable from outside."""
    code = " ".join(_BLOCK.findall(template))
    found = {name for name in NAMES if re.search(rf"(?<![\w.'\"]){name}(?![\w'\"])", code)}
    if not found:
        return frozenset()
    tested = {name for name in found if re.search(rf"\b{name}\s+is\s+(?:not\s+)?defined", code)}
    # Whoever renders templates has it; it is imported only where there is something to tell.
    from jinja2 import Environment, TemplateError, meta

    try:
        tree = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(template)
    except TemplateError:
        return frozenset(found)
    return frozenset(found & meta.find_undeclared_variables(tree) | tested)


def without_effect(wanted: str | None, thinking: int, draws: int) -> str | None:
    """Return the line that tells that turning reasoning on or off did nothing that is seen, given
    how many of some draws think; None if there is nothing to tell."""
    if wanted == "off" and thinking:
        return f"--thinking off had no effect: {thinking} of {draws} draws think all the same"
    if wanted == "on" and draws and not thinking:
        return f"--thinking on had no visible effect: none of {draws} draws shows a thought"
    return None
