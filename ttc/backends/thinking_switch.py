"""The variables by which chat templates turn reasoning on or off."""

from __future__ import annotations

import re

NAMES = ("enable_thinking", "thinking", "reasoning")
_BLOCK = re.compile(r"\{[{%].*?[%}]\}", re.S)


def arguments(thinking: str) -> dict[str, bool]:
    """Return the variables that turn reasoning `on` or `off` in a chat template."""
    return dict.fromkeys(NAMES, thinking == "on")


def read_by(template: str) -> frozenset[str]:
    """Return which of these variables a chat template reads."""
    code = " ".join(_BLOCK.findall(template))
    found = {name for name in NAMES if re.search(rf"(?<![\w.'\"]){name}(?![\w'\"])", code)}
    if not found:
        return frozenset()
    tested = {name for name in found if re.search(rf"\b{name}\s+is\s+(?:not\s+)?defined", code)}
    # Backends that render templates have jinja2; it is imported only if a name was found.
    from jinja2 import Environment, TemplateError, meta

    try:
        tree = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(template)
    except TemplateError:
        return frozenset(found)
    return frozenset(found & meta.find_undeclared_variables(tree) | tested)


def without_effect(wanted: str | None, thinking: int, draws: int, overlong: int = 0) -> str | None:
    """Return a line if --thinking had no visible effect, else None; `thinking` of `draws` draws
    have a thought, `overlong` one of more tokens than it allows."""
    if overlong:
        return f"--thinking {wanted}: {overlong} of {draws} draws have a thought of more tokens"
    if wanted == "off" and thinking:
        return f"--thinking off had no effect: {thinking} of {draws} draws have a thought"
    if wanted is None or thinking or not draws:
        return None
    if wanted == "on":
        return f"--thinking on had no visible effect: none of {draws} draws has a thought"
    if wanted.isdigit() and wanted != "0":
        return (
            f"--thinking {wanted} had no visible effect: none of {draws} draws has a thought to end"
        )
    return None
