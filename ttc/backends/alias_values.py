"""What the table of an alias holds: paths of this user, and no other alias."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc import paths
from ttc.errors import UsageError


def of_alias(name: str, aliases: Mapping[str, Mapping[str, Any]]) -> UsageError | None:
    """Return the error of an alias whose model is an alias; None if it is none."""
    inner = aliases[name]["model"]
    if inner not in aliases:
        return None
    itself = f"{inner} is {'this alias' if inner == name else 'an alias'} itself"
    meant = aliases[inner]["model"]
    way = "name a model" if meant in aliases else f"name its model, {meant}"
    return UsageError(f"[models.{name}]: {itself}, and an alias stands for no other; {way}")


def path(alias: str, value: Any) -> Any:
    """Return a value of an alias; one that begins as a path of this user is written out."""
    begins = isinstance(value, str) and re.match(r"~[/\\]|\$\w+[/\\]|\$\{\w+\}[/\\]", value)
    return paths.expanded(value, f"[models.{alias}]") if begins else value
