"""Functions that are computed where their arguments allow it; elsewhere they are unknown ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

__all__ = ["COMPLEX", "KNOWN"]


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of whole numbers, and None for others."""
    return lambda *values: function(*values) if all(value.is_Integer for value in values) else None


def _of_number(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*values) if len(values) == 1 else None


COMPLEX = frozenset({"Re", "Im", "bar", "conj", "arg"})
KNOWN: dict[str, Callable[..., Any]] = {
    "gcd": _whole(lambda *values: sympy.gcd(list(values))),
    "lcm": _whole(lambda *values: sympy.lcm(list(values))),
    "mod": lambda *values: sympy.Mod(*values) if len(values) == 2 else None,
    "!!": _whole(lambda value: sympy.factorial2(value) if value >= 0 else None),
    "sgn": _of_number(sympy.sign),
    "sign": _of_number(sympy.sign),
    "Re": _of_number(sympy.re),
    "Im": _of_number(sympy.im),
    "bar": _of_number(sympy.conjugate),
    "conj": _of_number(sympy.conjugate),
    "arg": _of_number(sympy.arg),
    "sech": _of_number(sympy.sech),
    "csch": _of_number(sympy.csch),
    "erf": _of_number(sympy.erf),
}
