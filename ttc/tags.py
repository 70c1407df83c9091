"""Tags: what a problem is about (its level, its subject), as texts by name.

They come from fields of records and serve to group problems. They are in no key: tags can be added
or changed later, and the samples stay the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ttc.errors import UsageError, wrong_option

# Name of a tag → the fields that hold it in datasets of the field; the first that is there counts.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "level": ("level",),
    "subject": ("subject",),
    "category": ("category",),
    "difficulty": ("difficulty",),
    "domain": ("domain", "High-level domain"),
    "subdomain": ("subdomain", "Subdomain"),
}
_DIGITS = re.compile("([0-9]+)")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
NAMED = 20  # names that an error lists at most


def at(record: Mapping[str, Any], field: str) -> Any:
    """Return the value of a field; None if the record lacks it. A dotted name that is no field
    itself leads into nested objects: `metadata.level`."""
    if field in record:
        return record[field]
    value: Any = record
    for part in field.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def text_of(value: Any) -> str | None:
    """Return a value as the text of a tag: numbers and booleans as JSON writes them; None for null
    and blank text. ValueError for a list, an object and half a surrogate pair."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("holds half a surrogate pair, which is not valid Unicode")
        return value if value.strip() else None
    if isinstance(value, (list, tuple)):
        raise ValueError("is a list; a problem has one value of a tag, so that groups do not mix")
    if isinstance(value, Mapping):
        inner = next(iter(value), "FIELD")
        raise ValueError(f"is an object; name one of its fields, as in NAME.{inner}")
    return None if value is None else json.dumps(value)


def own(tags: Any) -> dict[str, str]:
    """Return the object `tags` of a record as tags. A foreign record may mean something else by
    the name: lists and objects in it are left alone, and so is a `tags` that is no object."""
    if not isinstance(tags, Mapping):
        return {}
    plain = {name: value for name, value in tags.items() if not isinstance(value, (list, dict))}
    return checked(plain)


def checked(tags: Mapping[Any, Any]) -> dict[str, str]:
    """Return the tags of a Problem as texts. ValueError for a value that cannot be one."""
    found = {}
    for name, value in tags.items():
        try:
            text = text_of(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the tag {name!r} {error}") from None
        if text is not None:
            found[str(name)] = text
    return found


def parse(given: Iterable[Any] | Mapping[str, str]) -> dict[str, str]:
    """Return the tags to read, name → field, of `FIELD` and `NAME=FIELD`. UsageError for a name
    that is blank, has a comma in it, or stands for two fields."""
    pairs = given.items() if isinstance(given, Mapping) else map(_pair, given)
    wanted: dict[str, str] = {}
    for name, field in pairs:
        if not (isinstance(name, str) and isinstance(field, str)):
            raise wrong_option("tag", field, "a field has a text for its name")
        shown = field if name == field else f"{name}={field}"
        if not name.strip() or not field:
            raise wrong_option("tag", shown, "write FIELD or NAME=FIELD")
        if "," in name:
            raise wrong_option("tag", shown, "a comma joins tags in --by; give a NAME without one")
        if wanted.setdefault(name, field) != field:
            raise wrong_option("tag", shown, f"{name} is {wanted[name]} already; give another NAME")
    return wanted


def _pair(text: Any) -> tuple[Any, Any]:
    if not isinstance(text, str):
        return text, text
    name, equals, field = text.partition("=")
    return (name, field) if equals else (text, text)


def natural(text: str) -> tuple[Any, ...]:
    """Return the key of the natural order: numbers by size, and Level 2 before Level 10."""
    if _NUMBER.fullmatch(text):
        return 0, float(text), text
    parts = _DIGITS.split(text.casefold())
    # Digits stand at odd places. Their count comes first, so no text is turned into a number.
    return 1, [_digits(part) if at % 2 else part for at, part in enumerate(parts)], text


def _digits(text: str) -> tuple[int, str]:
    plain = text.lstrip("0")
    return len(plain), plain


def listed(names: Iterable[str]) -> str:
    """Return names for an error, the first NAMED of them."""
    ordered = sorted(set(names), key=natural)
    more = ", …" if len(ordered) > NAMED else ""
    return ", ".join(ordered[:NAMED]) + more or "none"


class Collected:
    """Collects some tags of problems from the lines of their draws.

    A tag is in the object `tags` of a line or in a field of its name. `found` has the tags by
    problem, `names` all tags and fields that there are.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = tuple(wanted)
        self._places: dict[tuple[str, str], str] = {}
        self.found: dict[str, dict[str, str]] = {}
        self.names: set[str] = set()

    def add(self, place: str, problem: str, record: Mapping[str, Any]) -> None:
        """Read a line. UsageError if it contradicts another line of its problem."""
        tags = record.get("tags")
        tags = tags if isinstance(tags, Mapping) else {}
        self.names.update(record, tags)
        known = self.found.setdefault(problem, {})
        for name in self._wanted:
            try:
                value = text_of(tags[name] if name in tags else at(record, name))
            except ValueError as error:
                raise UsageError(f"{place}: {name!r} {error}") from None
            if value is None:
                continue
            if known.setdefault(name, value) != value:
                raise UsageError(
                    f"{place}: {problem!r} has the {name} {value!r} here and {known[name]!r} at "
                    f"{self._places[problem, name]}; groups need a field of the problem, which is "
                    "the same in all its lines"
                )
            self._places.setdefault((problem, name), place)
