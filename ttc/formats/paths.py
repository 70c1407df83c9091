"""Paths into records: `response.body.choices.0.message.content`, `samples.*`.

A step is the name of a field, a position in a list (`-1` is the last), `*` for each item of a list,
or `json`, which reads a text as JSON. Names that are written next to each other may be one field
with dots in its name: the longest such field wins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["name", "quoted", "each", "json", "after"]

_INDEX = re.compile(r"-?[0-9]+")
_SPECIAL = re.compile(r"[\\.,+:\[\]*]|^[\"'\s]|\s$")
LISTED = 12  # names that an error lists at most


class Missing:
    """What a path leads to in a record that has no such field."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Many(list[Any]):
    """What a path with `*` leads to: a value for each item, MISSING where an item lacks it."""


class Step(NamedTuple):
    """A step of a path. Only a `name` may join with its neighbours or be a position; `after` is a
    mark, and keeps the text after the last one."""

    text: str
    kind: Kind = "name"

    def __str__(self) -> str:
        if self.kind == "each":
            return "*"
        if self.kind == "json":
            return ":json"
        if self.kind == "after":
            return f":after({json.dumps(self.text, ensure_ascii=False)})"
        if self.kind == "quoted":
            return f"[{json.dumps(self.text, ensure_ascii=False)}]"
        return _SPECIAL.sub(lambda found: f"\\{found[0]}", self.text)


@dataclass(frozen=True, slots=True)
class Path:
    """The steps to a value. `raw` is the path as it was typed: a field of this name wins."""

    steps: tuple[Step, ...]
    raw: str = field(default="", compare=False)

    def __str__(self) -> str:
        return written(self.steps)

    @property
    def name(self) -> str:
        """The path as it was typed, or as it would be."""
        return self.raw or str(self)

    def find(self, record: Mapping[str, Any]) -> Any:
        """Return the value that the path leads to: MISSING if there is none, Many for a path with
        `*`. ValueError for a value that cannot be what a step asks for."""
        if self.raw in record:
            return record[self.raw]
        return _find(record, self.steps, "")


def written(steps: Iterable[Step]) -> str:
    """Return steps as they are typed."""
    text = ""
    for step in steps:
        dot = "." * bool(text) if step.kind in ("name", "each") else ""
        text += f"{dot}{step}"
    return text


def _find(value: Any, steps: Sequence[Step], place: str) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step.kind == "each":
        return _each(value, rest, place)
    if step.kind == "json":
        return _find(_parsed(value, place), rest, f"{place}:json")
    if step.kind == "after":
        return _find(_after(value, step.text, place), rest, place)
    if isinstance(value, Mapping):
        return _inside(value, steps, place)
    if isinstance(value, list) and step.kind == "name" and _INDEX.fullmatch(step.text):
        at = int(step.text)
        if -len(value) <= at < len(value):
            return _find(value[at], rest, _joined(place, step.text))
    return MISSING


def _inside(value: Mapping[str, Any], steps: Sequence[Step], place: str) -> Any:
    """Search an object for the longest field that the next names make."""
    names = 1
    if steps[0].kind == "name":
        while names < len(steps) and steps[names].kind == "name":
            names += 1
    for taken in range(names, 0, -1):
        name = ".".join(step.text for step in steps[:taken])
        if name in value:
            found = _find(value[name], steps[taken:], _joined(place, name))
            if found is not MISSING:
                return found
    return MISSING


def _each(value: Any, rest: Sequence[Step], place: str) -> Any:
    if value is None:
        return MISSING
    if not isinstance(value, list):
        raise ValueError(
            f"{place or 'the record'!r} is {kind_of(value)}, not a list, so * is wrong"
        )
    found = Many()
    for at, item in enumerate(value):
        inner = _find(item, rest, _joined(place, str(at)))
        # Lists in lists are one list of draws.
        found.extend(inner if isinstance(inner, Many) else [inner])
    return found


def _parsed(value: Any, place: str) -> Any:
    if value is None or isinstance(value, (dict, list)):
        return value
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{place!r} holds no JSON: {_short(value)}") from None


def _after(value: Any, mark: str, place: str) -> Any:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{place!r} is {kind_of(value)}, not text, so after({mark!r}) is wrong")
    _, found, text = value.rpartition(mark)
    if not found:
        raise ValueError(f"{place!r} has no {mark!r} in it")
    return text.strip()


def why_missing(record: Mapping[str, Any], path: Path) -> str:
    """Return why a path leads nowhere in a record: how far it gets, and what is there."""
    for taken in range(len(path.steps) - 1, 0, -1):
        try:
            value = _find(record, path.steps[:taken], "")
        except ValueError:
            continue
        if value is MISSING or isinstance(value, Many):
            continue
        return _lacks(value, path.steps[taken:], written(path.steps[:taken]))
    name = path.steps[0].text
    return f"no field {name!r}{nearest(name, record)}"


def _lacks(value: Any, rest: Sequence[Step], place: str) -> str:
    step = rest[0]
    if isinstance(value, Mapping):
        return f"no field {step.text!r} in {place}{nearest(step.text, value)}"
    if isinstance(value, list):
        if step.kind == "name" and _INDEX.fullmatch(step.text):
            return f"{place} is a list of {len(value)}, without a place {step.text}"
        inner = written(rest)
        return f"{place} is a list: write {place}.0.{inner}, or {place}.*.{inner} for each"
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return f"{place} is a text with JSON in it: write {place}:json.{written(rest)}"
    return f"{place} is {kind_of(value)}, with nothing inside"


def nearest(name: str, there: Iterable[str]) -> str:
    """Return the end of an error about a field that is not there: the near one, and the others."""
    names = [each for each in there if isinstance(each, str)]
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    low = [each for each in names if each.casefold() == name.casefold()]
    hint = f"; did you mean {(low or near)[0]!r}?" if low or near else ""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (
        f"{hint} among {', '.join(names[:LISTED]) or '(none)'}{more}"
        if not hint
        else (f"{hint} There are {', '.join(names[:LISTED])}{more}")
    )


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a number"


def _short(value: Any) -> str:
    return repr(value if len(repr(value)) < 40 else str(value)[:36] + "…")


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
