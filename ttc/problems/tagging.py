"""The tags of problems: which fields of a record they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ttc import tags
from ttc.formats.shapes.noting import plain
from ttc.formats.shapes.noting import used as noted
from ttc.records import Problem


def tags_of(
    record: Mapping[str, Any], form: str, wanted: Mapping[str, str], used: Collection[str]
) -> dict[str, str]:
    """Return the tags of a record: those of the fields that are known, those of its object `tags`,
    and the `wanted` ones (name → field); later ones hold.

    `form` is the format of the record; fields in `used` are mapped to something else, so they are
    no tags. What is a tag is noted as read. ValueError for a wanted field that is a list or an
    object.
    """
    found: dict[str, str] = {}
    there = plain(record)
    for name, field in _known(frozenset(there), form):
        value = there[field]
        # A list or an object may be anything here: nobody said that it is a tag.
        if field in used or isinstance(value, (list, dict)):
            continue
        if (text := tags.text_of(value)) is not None:
            found.setdefault(name, text)
            noted(record, field)
    if own := tags.own(there.get("tags")):
        found |= own
        noted(record, "tags")
    for name, field in wanted.items():
        noted(record, field)
        noted(record, field.partition(".")[0])
        try:
            text = tags.text_of(tags.at(there, field))
        except ValueError as error:
            raise ValueError(f"{field!r} {error}") from None
        if text is not None:
            found[name] = text
    return found


@lru_cache(maxsize=256)
def _known(there: frozenset[str], form: str) -> tuple[tuple[str, str], ...]:
    """Return the tags whose fields are there, each with its field, in the order that holds."""
    found = []
    for name, fields in tags.KNOWN.items():
        # Hendrycks' MATH calls the subject its type.
        more = ("type",) if form == "math" and name == "subject" else ()
        found += [(name, field) for field in (*fields, *more) if field in there]
    return tuple(found)


def described(problems: Sequence[Problem]) -> str:
    """Return the names of the tags of problems, each with its number of values; "" without tags."""
    values: dict[str, set[str]] = {}
    for problem in problems:
        for name, value in problem.tags.items():
            values.setdefault(name, set()).add(value)
    return ", ".join(f"{name} ({len(values[name])})" for name in values)
