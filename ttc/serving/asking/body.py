"""Reads the fields of a JSON object with their types; a wrong one is a 400 that names it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ttc.backends.asking.extra_fields import is_unicode
from ttc.messages.near import near
from ttc.serving.errors import INVALID, ApiError, invalid

_MOST = 1 << 53  # beyond, JSON numbers are not exact everywhere


def parsed(content: bytes) -> dict[str, Any]:
    """Return the JSON object of a request. ApiError."""
    try:
        found = json.loads(content, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        why = "it nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise ApiError(400, f"The body of the request is no valid JSON: {why}") from None
    if not isinstance(found, dict):
        raise ApiError(400, "The body of the request must be a JSON object")
    if b"\\u" in content and (place := _half_pair(found)) is not None:
        raise invalid(place, "it has half a surrogate pair, which is no text")
    return found


def _half_pair(value: Any, place: str = "") -> str | None:
    """Return where half a surrogate pair stands, which JSON can spell and nothing can hold; None
    if there is none."""
    if isinstance(value, str):
        return None if is_unicode(value) else place
    found: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        if not all(map(is_unicode, value)):
            return place or "a field's name"
        found = ((f"{place}.{name}" if place else name, each) for name, each in value.items())
    elif isinstance(value, list):
        found = ((f"{place}[{at}]", each) for at, each in enumerate(value))
    return next((wrong for at, each in found if (wrong := _half_pair(each, at)) is not None), None)


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


class Body:
    """The fields of an object. Each is read once; null counts as not given.

    `end` refuses what was not read. `unused` are fields that were given and have no effect.
    """

    def __init__(self, given: Mapping[str, Any], place: str = "") -> None:
        self._given = given
        self._place = place
        self._read: set[str] = set()
        self.unused: list[str] = []

    def name(self, field: str) -> str:
        """Return the whole name of a field."""
        return f"{self._place}.{field}" if self._place else field

    def get(self, field: str) -> Any:
        """Return a field as it is."""
        self._read.add(field)
        return self._given.get(field)

    def text(self, field: str) -> str | None:
        """Read a text."""
        found: str | None = self._typed(field, str, "a string")
        return found

    def flag(self, field: str) -> bool | None:
        """Read true or false."""
        found: bool | None = self._typed(field, bool, "true or false")
        return found

    def table(self, field: str) -> dict[str, Any] | None:
        """Read an object."""
        found: dict[str, Any] | None = self._typed(field, dict, "an object")
        return found

    def _typed(self, field: str, kind: type, need: str) -> Any:
        value = self.get(field)
        if value is not None and not isinstance(value, kind):
            raise invalid(self.name(field), f"it must be {need}")
        return value

    def number(self, field: str, least: float, most: float) -> float | None:
        """Read a number within bounds."""
        value = self.get(field)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise invalid(self.name(field), "it must be a number")
        if not least <= value <= most:
            raise invalid(self.name(field), f"it must be from {least:g} to {most:g}, not {value}")
        return value

    def whole(self, field: str, least: int = -_MOST, most: int = _MOST) -> int | None:
        """Read a whole number within bounds."""
        value = self.number(field, least, most)
        if isinstance(value, float):
            if not value.is_integer():
                raise invalid(self.name(field), f"it must be a whole number, not {value}")
            return int(value)
        return value

    def choice(self, field: str, known: Collection[str]) -> str | None:
        """Read one of a few texts."""
        value = self.text(field)
        if value is not None and value not in known:
            raise invalid(self.name(field), f"it must be one of {', '.join(known)}, not {value!r}")
        return value

    def refuse(self, field: str, why: str, neutral: Collection[Any] = ()) -> None:
        """Refuse a field unless it is absent, empty, or has a value that asks for nothing."""
        value = self.get(field)
        if value is None or value in ([], {}, *neutral):
            return
        name = self.name(field)
        raise ApiError(400, f"{name}: {why}", param=name, code="unsupported_parameter")

    def ignore(self, *names: str) -> None:
        """Note fields that change nothing here, if they are given."""
        self.unused += [self.name(field) for field in names if self.get(field) is not None]

    def end(self) -> None:
        """Refuse fields that were not read."""
        for field in self._given:
            if field not in self._read:
                meant = near(field, sorted(self._read))
                hint = f"; did you mean {meant}?" if meant else ""
                name = self.name(field)
                raise ApiError(
                    400,
                    f"Unrecognized request argument supplied: {name}{hint}",
                    kind=INVALID,
                    param=name,
                    code="unknown_parameter",
                )
