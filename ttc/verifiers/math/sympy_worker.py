r"""The task of a math worker: parse LaTeX and evaluate it at a few points.

Two formulas are equal if they have the same values at the same few arbitrary points (Schwartz 1980,
Zippel 1979). With 60 digits, different formulas do not agree by chance, and no simplification is
needed. Formulas without values (sets, statements) are compared by math-verify.
Nothing here runs outside a worker with limits.
"""

from __future__ import annotations

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

from ttc.verifiers.math.formulas.evaluation import Parsed, points, terms
from ttc.verifiers.math.formulas.names import replaced
from ttc.verifiers.math.formulas.operators import operators

PARAMETER = "k"  # of a family of solutions, such as 2kπ
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

# Both libraries log each text that they cannot parse.
for _library in ("math_verify", "latex2sympy2_extended"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


def work(call: list[str]) -> Any:
    """Run the call ["values", LaTeX], ["family", LaTeX] or ["same", LaTeX, LaTeX]."""
    what, *formulas = call
    if what == "same":
        return same(*formulas)
    return family(*formulas) if what == "family" else values(*formulas)


def values(latex: str) -> dict[str, Any]:
    """Return {"points": […]}, {"opaque": true} for a formula without values, {} for invalid LaTeX.

    There is a point for each of `sampling`, or a single one for a constant. A point is [real,
    imaginary, branch] as in `evaluation`, an infinity, or None if undefined.
    """
    read = _parse(latex)
    if read is None:
        return {}
    if not isinstance(read.expression, sympy.Expr):
        return {"opaque": True}
    found = points(read, _parse)
    return {"opaque": True} if all(point is None for point in found) else {"points": found}


def family(latex: str) -> dict[str, Any]:
    """Return `values` and, as "terms", the points of the members with k = 0, 1, 2."""
    found, read = values(latex), _parse(latex)
    if "points" not in found or read is None:
        return found
    return found | {"terms": terms(read, _parse, PARAMETER)}


def same(one: str, other: str) -> bool:
    """Return whether math-verify accepts either formula as the other."""
    first, second = _parse(one), _parse(other)
    if first is None or second is None:
        return False
    return any(
        math_verify.verify(gold.expression, target.expression, timeout_seconds=None)
        for gold, target in ((first, second), (second, first))
    )


@lru_cache(maxsize=200)
def _parse(latex: str) -> Parsed | None:
    try:
        named, names = replaced(operators(latex))
        named = _PRODUCT.sub(lambda found: rf"{found[0]}\cdot ", _MIXED.sub(_mixed, named))
        if _SIDE_BY_SIDE.search(named):
            return None
        read = latex2sympy(named, normalization_config=_NORMAL, conversion_config=_READ)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the parser raises errors of many kinds
        return None
    return None if read is None else Parsed(read, names)


def _mixed(found: re.Match[str]) -> str:
    whole, top, bottom = found.groups()
    proper = 0 < int(top) < int(bottom)
    return rf"({whole}+\frac{{{top}}}{{{bottom}}})" if proper else found[0]
