r"""What a worker does with a formula: it reads LaTeX and says what values it takes.

Two formulas are one if they take the same values at the same few arbitrary points (Schwartz 1980,
Zippel 1979): with 60 digits at four of them, chance does not make two answers equal, and no
simplification has to find the one form of both. What has no values (sets, statements) is left to
math-verify. Nothing here runs outside a limited worker.
"""

from __future__ import annotations

import hashlib
import logging
import re
from functools import lru_cache
from typing import Any

import math_verify
import sympy
from latex2sympy2_extended.latex2sympy2 import (
    ConversionConfig,
    NormalizationConfig,
    latex2sympy,
)
from sympy.core.function import AppliedUndef

POINTS = 4
_DIGITS, _MOST_DIGITS = 60, 500
_NORMAL = NormalizationConfig(
    basic_latex=True,
    units=False,  # m, s and t are variables
    malformed_operators=True,
    nits=False,
    boxed="none",
    equations=False,
)
_READ = ConversionConfig(lowercase_symbols=False)  # r and R are two variables

# The parser reads a whole number beside a rational as mixed with it: 2(7) as 2 + 7. Only where a
# proper fraction follows it is; else a product, which is written out, or nothing at all (2 7).
_MIXED = re.compile(r"(?<![0-9.,^_A-Za-z])([0-9]+) ?\\frac ?\{([0-9]+)\}\{([0-9]+)\}")
_FACTOR = r"(?<![0-9.^_])[0-9]+(?:\.[0-9]+)?"
_PRODUCT = re.compile(
    rf"({_FACTOR}) ?(?=\(|\\(?:frac|binom|lfloor|lceil|max|min|gcd|lcm)(?![a-z]))"
    r"|([)!]) ?(?=[0-9(]|\\frac)"
)
_SIDE_BY_SIDE = re.compile(rf"{_FACTOR} +[0-9]")
_CONSTANTS = {"i": sympy.I, "e": sympy.E}

# Both log what they cannot parse, which is no news.
for _library in ("math_verify", "latex2sympy2_extended"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


def work(call: list[str]) -> Any:
    """Answer ["values", LaTeX] and ["same", LaTeX, LaTeX]."""
    what, *formulas = call
    return same(*formulas) if what == "same" else values(*formulas)


def values(latex: str) -> dict[str, Any]:
    """Return {"points": […]}, {"opaque": true} for what has no values, {} for what is no LaTeX.

    A point is [real, imaginary] as decimal texts, an infinity, or None where it is undefined.
    """
    read = _parse(latex)
    if read is None:
        return {}
    if not isinstance(read, sympy.Expr):
        return {"opaque": True}
    points = [_value(read, at) for at in range(POINTS)]
    return {"opaque": True} if all(point is None for point in points) else {"points": points}


def same(one: str, other: str) -> bool:
    """Say whether math-verify takes either for the other."""
    first, second = _parse(one), _parse(other)
    if first is None or second is None:
        return False
    return any(
        math_verify.verify(gold, target, timeout_seconds=None)
        for gold, target in ((first, second), (second, first))
    )


@lru_cache(maxsize=200)
def _parse(latex: str) -> Any:
    latex = _PRODUCT.sub(lambda found: rf"{found[0]}\cdot ", _MIXED.sub(_mixed, latex))
    if _SIDE_BY_SIDE.search(latex):
        return None
    try:
        return latex2sympy(latex, normalization_config=_NORMAL, conversion_config=_READ)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the parser raises whatever its grammar runs into
        return None


def _mixed(found: re.Match[str]) -> str:
    whole, top, bottom = found.groups()
    proper = 0 < int(top) < int(bottom)
    return rf"({whole}+\frac{{{top}}}{{{bottom}}})" if proper else found[0]


def _value(read: sympy.Expr, at: int) -> list[str] | str | None:
    try:
        found = _at_point(read, at).evalf(_DIGITS, maxn=_MOST_DIGITS)
        if found in (sympy.oo, -sympy.oo):
            return str(found)
        real, imaginary = found.as_real_imag()
        return [_digits(real), _digits(imaginary)]
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - as sympy does
        return None


def _at_point(read: sympy.Expr, at: int) -> sympy.Expr:
    """Put numbers for variables: exact ones, and decimals as the fractions they are."""
    exact = {number: sympy.Rational(str(number)) for number in read.atoms(sympy.Float)}
    named = read.xreplace(exact).replace(
        lambda part: isinstance(part, AppliedUndef),
        lambda part: sympy.Symbol(str(part)),
    )
    symbols = {symbol: _number(symbol.name, at) for symbol in named.free_symbols}
    return named.xreplace(symbols).doit().replace(_odd_root, _real_root)


def _odd_root(part: sympy.Basic) -> bool:
    """Tell a cube root of a negative number, which is a real one where answers are written."""
    power = isinstance(part, sympy.Pow) and part.exp.is_Rational and part.base.is_negative
    return bool(power and part.exp.q > 1 and part.exp.q % 2)


def _real_root(part: sympy.Pow) -> sympy.Expr:
    return (-1) ** part.exp.p * (-part.base) ** part.exp


def _number(name: str, at: int) -> sympy.Expr:
    """Return the number that a variable is at a point: of either sign, and never a small one."""
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    digest = hashlib.sha256(f"{at} {name}".encode()).digest()
    size = sympy.Rational(1009 + int.from_bytes(digest[:2], "big"), 33_331)
    return size if at % 2 == 0 or digest[2] % 2 else -size


def _digits(value: sympy.Expr) -> str:
    if value.is_zero:
        return "0"
    if not isinstance(value, sympy.Float | sympy.Integer | sympy.Rational):
        raise ValueError(f"{value} is no number")
    # A sum that cancels has no digit left that means anything.
    return "0" if getattr(value, "_prec", 2) == 1 else str(value)
