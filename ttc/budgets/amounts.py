"""Amounts as people write them: `2M`, `1.5k`, `$5`, `10m`; and limits such as `tokens=2M,usd=5`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ttc.errors import wrong_option

_COUNTS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9}
_TIMES = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_WRITTEN = re.compile(r"(\d[\d_]*\.?\d*(?:[eE]\+?\d+)?|\.\d+)\s*([A-Za-z]*)")

COUNT, MONEY, TIME = "count", "money", "time"
# What each kind of amount looks like, for errors.
_AS_IN = {COUNT: "a number above 0, as in 4000, 1.5k or 2M", MONEY: "a number above 0, as in 2.50",
          TIME: "a time above 0: 90s, 30m or 2h"}  # fmt: skip


def read_count(value: Any) -> float:
    """Return a count, `4000`, `1.5k` or `2M`. ValueError for anything else."""
    found = _amount(value, _COUNTS)
    if not found.is_integer():
        raise ValueError(f"{value} is not a whole number")
    return found


def read_time(value: Any) -> float:
    """Return a time in seconds, of `90`, `90s`, `30m`, `2h` or `1d`. ValueError for anything
    else."""
    return _amount(value, _TIMES)


def read_money(value: Any) -> float:
    """Return an amount of money, `2.50`, `$5` or `1k`. ValueError for anything else."""
    return _amount(value.strip().removeprefix("$") if isinstance(value, str) else value, _COUNTS)


_READERS: Mapping[str, Callable[[Any], float]] = {
    COUNT: read_count,
    MONEY: read_money,
    TIME: read_time,
}


def _amount(value: Any, units: Mapping[str, int], *, least: float | None = None) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number, unit = float(value), ""
    else:
        found = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None or found[2] not in units:
            raise ValueError(f"{value!r} is no amount")
        number, unit = float(found[1]), found[2]
    # A product of decimal fractions is not exact in binary: 1.1k is 1100.
    amount = round(number * units[unit], 9)
    if not (0 < amount < math.inf) and amount != least:
        raise ValueError(f"{value!r} is not above 0 and finite")
    return amount


def read_limits(
    given: str | Mapping[str, Any] | None,
    kinds: Mapping[str, str],
    example: str,
    option: str = "budget",
) -> dict[str, float]:
    """Return limits by name, of `tokens=2M,seconds=10m` or of a mapping.

    `kinds` has the kind of each name that there is: COUNT, MONEY or TIME (in seconds). UsageError
    names the part that is wrong, and gives `example`.
    """
    if given is None or isinstance(given, str):
        parts = [part.strip() for part in (given or "").split(",")]
        pairs = [(part, *map(str.strip, part.partition("=")[::2])) for part in parts if part]
    elif isinstance(given, Mapping):
        pairs = [(f"{name}={value}", str(name), value) for name, value in given.items()]
    else:
        raise wrong_option(option, given, f"write limits, as in {example}")
    limits: dict[str, float] = {}
    for part, name, value in pairs:
        if name not in kinds:
            known = ", ".join(kinds)
            raise wrong_option(option, part, f"write one of {known}, as in {example}")
        if name in limits:
            raise wrong_option(option, part, f"{name} is given twice; write it once")
        try:
            limits[name] = _READERS[kinds[name]](value)
        except ValueError:
            raise wrong_option(option, part, _wrong(name, kinds[name], value)) from None
    return limits


def _wrong(name: str, kind: str, value: Any) -> str:
    written = f"{name} takes {_AS_IN[kind]}"
    if kind == COUNT and isinstance(value, str) and value.strip().endswith("m"):
        return f"{written} (a million is M)"
    return written


def seconds_of(limit: str | float | None, option: str = "max_time") -> float | None:
    """Return a time limit in seconds, from 0; None stays None. UsageError if it is no time."""
    if limit is None:
        return None
    try:
        return _amount(limit, _TIMES, least=0)
    except ValueError:
        raise wrong_option(option, limit, "write 90s, 30m or 2h") from None
