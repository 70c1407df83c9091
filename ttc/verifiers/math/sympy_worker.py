r"""The task of a math worker: parse LaTeX and evaluate it at a few points.

Two formulas are equal if they have the same values at the same few arbitrary points (Schwartz 1980,
Zippel 1979). With 60 digits at four points, different formulas do not agree by chance, and no
simplification is needed. Formulas without values (sets, statements) are compared by math-verify.
Nothing here runs outside a worker with limits.
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

# The parser takes an integer before a rational for a mixed number: 2(7) for 2 + 7. Only an integer
# before a proper fraction is one. Others are products, which are written out, or invalid (2 7).
_MIXED = re.compile(r"(?<![0-9.,^_A-Za-z])([0-9]+) ?\\frac ?\{([0-9]+)\}\{([0-9]+)\}")
_FACTOR = r"(?<![0-9.^_])[0-9]+(?:\.[0-9]+)?"
_PRODUCT = re.compile(
    rf"({_FACTOR}) ?(?=\(|\\(?:frac|binom|lfloor|lceil|max|min|gcd|lcm)(?![a-z]))"
    r"|([)!]) ?(?=[0-9(]|\\frac)"
)
_SIDE_BY_SIDE = re.compile(rf"{_FACTOR} +[0-9]")
_CONSTANTS = {"i": sympy.I, "e": sympy.E}

# Both libraries log each text that they cannot parse.
for _library in ("math_verify", "latex2sympy2_extended"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


def work(call: list[str]) -> Any:
    """Run the call ["values", LaTeX] or ["same", LaTeX, LaTeX]."""
    what, *formulas = call
    return same(*formulas) if what == "same" else values(*formulas)


def values(latex: str) -> dict[str, Any]:
    """Return {"points": […]}, {"opaque": true} for a formula without values, {} for invalid LaTeX.

    A point is [real, imaginary] as decimal texts, an infinity, or None if undefined.
    """
    read = _parse(latex)
    if read is None:
        return {}
    if not isinstance(read, sympy.Expr):
        return {"opaque": True}
    points = [_value(read, at) for at in range(POINTS)]
    return {"opaque": True} if all(point is None for point in points) else {"points": points}


def same(one: str, other: str) -> bool:
    """Return whether math-verify accepts either formula as the other."""
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
    except Exception:  # noqa: BLE001 - the parser raises errors of many kinds
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
    except Exception:  # noqa: BLE001 - sympy raises errors of many kinds
        return None


def _at_point(read: sympy.Expr, at: int) -> sympy.Expr:
    """Return the formula with exact numbers for its variables, and decimals as fractions."""
    exact = {number: sympy.Rational(str(number)) for number in read.atoms(sympy.Float)}
    named = read.xreplace(exact).replace(
        lambda part: isinstance(part, AppliedUndef),
        lambda part: sympy.Symbol(str(part)),
    )
    symbols = {symbol: _number(symbol.name, at) for symbol in named.free_symbols}
    return named.xreplace(symbols).doit().replace(_odd_root, _real_root)


def _odd_root(part: sympy.Basic) -> bool:
    """Return whether a power is an odd root of a negative number: in answers, the real root."""
    power = isinstance(part, sympy.Pow) and part.exp.is_Rational and part.base.is_negative
    return bool(power and part.exp.q > 1 and part.exp.q % 2)


def _real_root(part: sympy.Pow) -> sympy.Expr:
    return (-1) ** part.exp.p * (-part.base) ** part.exp


def _number(name: str, at: int) -> sympy.Expr:
    """Return the value of a variable at a point: of either sign, never near zero."""
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    digest = hashlib.sha256(f"{at} {name}".encode()).digest()
    size = sympy.Rational(1009 + int.from_bytes(digest[:2], "big"), 33_331)
    return size if at % 2 == 0 or digest[2] % 2 else -size


def _digits(value: sympy.Expr) -> str:
    if value.is_zero:
        return "0"
    if not isinstance(value, sympy.Float | sympy.Integer | sympy.Rational):
        raise ValueError(f"{value} is not a number")
    # After cancellation no significant digit is left.
    return "0" if getattr(value, "_prec", 2) == 1 else str(value)
