"""Records that note which of their fields are read, so that the others can be told.

The functions take any record, and note nothing of one that is a plain dictionary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any


class Notes:
    """What reading the records of a dataset has noted.

    `read` are the fields that were read (`body.messages` for one inside another), `entered` those
    whose inner fields are noted. `roles` says what a field was read as: `question`, `choices`,
    `reference`. `remarks` counts what the user is told of single records.
    """

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.entered: set[str] = set()
        self.roles: dict[str, dict[str, None]] = {}
        self.remarks: Counter[str] = Counter()

    def role(self, role: str, field: str) -> None:
        """Note what a field is read as."""
        self.roles.setdefault(role, {})[field] = None

    def unused(self, present: Mapping[str, Collection[str]]) -> list[str]:
        """Return the fields that hold something and were not read. `present` maps each field of
        the records to its inner ones, or to nothing."""
        found = []
        for name, inner in present.items():
            if name in self.entered:
                found += [
                    each for each in (f"{name}.{part}" for part in inner) if each not in self.read
                ]
            elif name not in self.read:
                found.append(name)
        return found


class Noting(Mapping[str, Any]):
    """A record whose reading is noted; see `Notes`. To ask whether it has a field is none."""

    def __init__(self, record: Mapping[str, Any], notes: Notes, path: str = "") -> None:
        self.plain = record
        self.notes = notes
        self.path = path

    def __getitem__(self, name: str) -> Any:
        value = self.plain[name]
        self.notes.read.add(self.path + name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, or the default."""
        # Mapping's own asks by KeyError, which is slow for fields that few records have.
        return self[name] if name in self.plain else default

    def __contains__(self, name: object) -> bool:
        return name in self.plain

    def __iter__(self) -> Iterator[str]:
        return iter(self.plain)

    def __len__(self) -> int:
        return len(self.plain)


def plain(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record whose reading is not noted."""
    if type(record) is dict:  # most are, and the check against an abstract class is slow
        return record
    return record.plain if isinstance(record, Noting) else record


def inside(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object in a field, its fields noted one by one. KeyError if the field is not
    there, ValueError if it is no object."""
    inner = plain(record)[name]
    if not isinstance(inner, Mapping):
        raise ValueError(f"{name!r} must be an object")
    if not isinstance(record, Noting):
        return inner
    path = record.path + name
    record.notes.entered.add(path)
    record.notes.read.add(path)
    return Noting(inner, record.notes, f"{path}.")


def role(record: Mapping[str, Any], role: str, field: str) -> None:
    """Note what a field was read as: `question`, `choices` or `reference`."""
    if isinstance(record, Noting):
        record.notes.role(role, record.path + field)


def remark(record: Mapping[str, Any], text: str) -> None:
    """Note what the user is told, with the number of records."""
    if isinstance(record, Noting):
        record.notes.remarks[text] += 1


def used(record: Mapping[str, Any], field: str) -> None:
    """Note that a field was read by other means."""
    if isinstance(record, Noting):
        record.notes.read.add(record.path + field)
