"""Values that a value could be mistaken for, to find out whether an object equals them all."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

_MOST = 6
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "


def near(value: Any, chance: random.Random) -> list[Any]:
    """Return values of the same kind as one and other than it; none for a kind that has no such."""
    make = _KINDS.get(type(value))
    if make is None:
        return []
    try:
        made = [make(value, chance) for _ in range(_MOST)]
        return [each for each in made if type(each) is type(value) and each != value]
    except (ArithmeticError, ValueError, TypeError, RecursionError):
        return []


def far(value: Any, chance: random.Random) -> list[Any]:
    """Return values of the same kind that a container hardly has; none for most kinds."""
    if type(value) in (int, float):
        return [type(value)(chance.choice((-1, 1)) * chance.randint(10**6, 10**9)) for _ in "abc"]
    if type(value) is str:
        return ["".join(chance.choices(_LETTERS, k=len(value) + 9)) for _ in "abc"]
    return []


def other(value: Any, chance: random.Random) -> Any:
    """Return a value of the same kind, or a number for a kind that has no other."""
    make = _KINDS.get(type(value))
    return chance.randint(-99, 99) if make is None else make(value, chance)


def _number(value: Any, chance: random.Random) -> Any:
    return value + type(value)(chance.choice([-1, 1]) * chance.randint(1, 9))


def _text(value: str, chance: random.Random) -> str:
    at, letter = chance.randint(0, len(value)), chance.choice(_LETTERS)
    return value[:at] + letter + value[at + chance.randint(0, 1) :]


def _bytes(value: Any, chance: random.Random) -> Any:
    at = chance.randint(0, len(value))
    return value[:at] + bytes([chance.randrange(256)]) + value[at + chance.randint(0, 1) :]


def _items(value: Any, chance: random.Random) -> Any:
    items = list(value)
    at = chance.randint(0, len(items))
    if at < len(items) and chance.random() < 0.7:
        items[at] = other(items[at], chance)
    else:
        items.insert(at, other(items[0], chance) if items else chance.randint(0, 9))
    return type(value)(items)


def _pairs(value: dict[Any, Any], chance: random.Random) -> dict[Any, Any]:
    made = dict(value)
    if made and chance.random() < 0.7:
        key = chance.choice(list(made))
        made[key] = other(made[key], chance)
    else:
        made[other(next(iter(made), "a"), chance)] = other(next(iter(made.values()), 1), chance)
    return made


_KINDS: dict[type, Callable[[Any, random.Random], Any]] = {
    bool: lambda value, _: not value,
    str: _text,
    bytes: _bytes,
    bytearray: _bytes,
    dict: _pairs,
    **dict.fromkeys((int, float, complex, Decimal, Fraction), _number),
    **dict.fromkeys((list, tuple, set, frozenset), _items),
    **dict.fromkeys(
        (date, datetime), lambda value, chance: value + timedelta(days=chance.randint(1, 9))
    ),
    timedelta: lambda value, chance: value + timedelta(seconds=chance.randint(1, 9)),
}
