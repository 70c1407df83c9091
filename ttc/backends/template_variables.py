"""The variables that chat templates read, and those by which they are told how to reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ttc.backends import thinking_switch
from ttc.messages import notes
from ttc.records import EFFORTS

# The variable by which templates take an effort of reasoning.
EFFORT = "reasoning_effort"
# Variables that ttc, or the library that renders the template, sets itself.
_SET_ALREADY = frozenset(
    ("messages", "bos_token", "eos_token", "add_generation_prompt", "strftime_now", "tools")
)
_BLOCK = re.compile(r"\{[{%].*?[%}]\}", re.S)


@lru_cache(maxsize=8)
def read_by(template: str) -> frozenset[str]:
    """Return the variables that a chat template reads from outside."""
    if not template:
        return frozenset()
    from jinja2 import Environment, TemplateError, meta

    try:
        tree = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(template)
    except TemplateError:
        return frozenset(re.findall(r"[A-Za-z_]\w*", template)) - _SET_ALREADY
    # Variables that the template sets on some paths are read from outside on others.
    tested = set(re.findall(r"\b([A-Za-z_]\w*)\s+is\s+(?:not\s+)?defined", template))
    return frozenset(meta.find_undeclared_variables(tree) | tested) - _SET_ALREADY


def switches(template: str) -> frozenset[str]:
    """Return the variables by which a chat template lets reasoning be turned on or off."""
    code = " ".join(_BLOCK.findall(template))
    names = thinking_switch.NAMES
    found = {name for name in names if re.search(rf"(?<![\w.'\"]){name}(?![\w'\"])", code)}
    # Backends that render templates have jinja2; it is imported only if a name was found.
    return frozenset(found & read_by(template) if found else ())


def takes_effort(template: str) -> bool:
    """Return whether a chat template reads an effort of reasoning."""
    # Parsing takes long, and most templates do not have the name at all.
    return EFFORT in template and EFFORT in read_by(template)


def reasoning(thinking: str | None) -> dict[str, Any]:
    """Return the variables that tell a chat template how to reason, as --thinking has it."""
    if thinking is None:
        return {}
    if thinking in EFFORTS:
        return {EFFORT: thinking}
    # A limit on the tokens of thoughts is for a model that thinks.
    return dict(thinking_switch.arguments("off" if thinking == "off" else "on"))


def tell_unread(arguments: Mapping[str, Any], template: str, owner: str = "") -> None:
    """Tell which of the given arguments a chat template does not read; `owner` is its model."""
    if not arguments:
        return
    read = read_by(template)
    of = f" of {owner}" if owner else ""
    for name in sorted(set(arguments) - read):
        known = ", ".join(sorted(read)) or "none"
        notes.tell(
            f"--extra {name}: no effect, since the chat template{of} does not read it; variables "
            f"that it reads: {known}"
        )
