"""The line that says what was read of a source, and what was not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ttc.formats.mapping import FieldMap
from ttc.formats.shapes.fields import ASK
from ttc.formats.shapes.noting import Notes
from ttc.messages.counts import some
from ttc.records import Problem

SKIP = "; leave such records out with --skip-bad"
# The number of a line or of an item in the place of an error.
_PLACE = re.compile(r"[:\[](\d+)[:\]]")
_LISTED = 6  # unused fields that are named
# What a reference holds besides what an answer is compared with.
BESIDE = ("choices", "prompt", "entry_point", "setup", "starter_code", "fn_name", "metadata",
           "model", "variables")  # fmt: skip


def in_their_words(
    roles: Mapping[str, Iterable[str]], mapped: FieldMap | None
) -> dict[str, list[str]]:
    """Return what fields were read as, under the names that the data has where --map renamed."""
    theirs = {} if mapped is None else mapped.mapping
    return {role: [theirs.get(name, name) for name in names] for role, names in roles.items()}


def referenced(problems: Sequence[Problem], roles: Mapping[str, Iterable[str]]) -> str:
    """Return how many problems have a reference, and in which fields it is."""
    count = sum(any(name not in BESIDE for name in each.reference) for each in problems)
    if not count:
        return "none with a reference"
    kept = (name for each in problems[:100] for name in each.reference if name not in BESIDE)
    fields = list(roles.get("reference", ())) or list(dict.fromkeys(kept))
    without = len(problems) - count
    rest = f", {without:,} without" if without else ""
    return f"{count:,} with a reference ({shortened(fields)}){rest}"


def roles(found: Mapping[str, Iterable[str]]) -> list[str]:
    """Return which fields are the question, where that is not plain, and which the choices."""
    asked, listed = list(found.get("question", ())), list(found.get("choices", ()))
    told = []
    if len(asked) > 1 or (asked and asked[0] not in (*ASK, "messages")):
        told.append(f"question from {quoted(asked, ' + ')}")
    if listed:
        told.append(f"choices from {quoted(listed, ', ')}")
    return told


def remarks(notes: Notes, problems: int, always: str) -> list[str]:
    """Return what is told of the records, with the number of them where it is not all."""
    told = [always] if always else []
    for text, count in notes.remarks.items():
        told.append(text if count == problems else f"{text} ({count:,} of {problems:,})")
    return told


def skipped(errors: Sequence[str]) -> str:
    """Return how many lines were skipped, and why the first of the source was: what its place says,
    for lines are refused in several passes."""

    def number(error: str) -> int:
        found = _PLACE.search(error)
        return int(found[1]) if found else 0

    first = min(errors, key=number).removesuffix(SKIP)
    return f"{some(len(errors), 'bad line', grouped=True)} skipped, first {first}"


def quoted(names: Sequence[str], between: str) -> str:
    """Return names in back quotes, the first ones and a count if they are many."""
    shown = between.join(f"`{name}`" for name in names[:_LISTED])
    more = len(names) - _LISTED
    return shown if more <= 0 else f"{shown}{between}… ({more} more)"


def shortened(names: Sequence[str]) -> str:
    """Return names, the first ones and a count if they are many."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f", … ({more} more)" if more > 0 else "")
