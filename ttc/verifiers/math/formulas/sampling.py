r"""The points at which formulas are compared: a value for every symbol at each of them.

A formula that is compared with another must not agree with it because of the points: |t| is t
where t is positive, √(t²) is t. So every symbol is positive and negative, small and large; there
are points where all symbols have one sign, for roots and logarithms of products; and at the others
two letters never have the same signs throughout (their signs are different subsets of one size).
Nothing else depends on the letter. Values are fractions with an odd denominator, so (−1)^n is ±1.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

_MIXED, _NEGATIVE = 9, 4  # points with signs of both kinds; at how many of them one is negative
_SAME_SIGN = ((1, 0), (1, 1), (1, 2), (-1, 0), (-1, 2))  # (sign, scale) of every symbol
POINTS = len(_SAME_SIGN) + _MIXED
# Enough for formulas that take long to evaluate at a point: sums, integrals and limits.
FEW_POINTS = (0, 1, 3, 6, 10)

_DENOMINATOR = 33_331
_SCALES = ((0.06, 0.6), (1.1, 9.0), (20.0, 900.0))
_SIGNS = tuple(combinations(range(_MIXED), _NEGATIVE))
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu", "nu", "xi", "rho"),
    *("sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda"),
    *("Sigma", "Phi", "Psi", "Omega", "zeta", "eta", "kappa", "varepsilon"),
)
_SIGNS_OF = dict(zip((*_LETTERS, *_GREEK), _SIGNS, strict=False))


@lru_cache(maxsize=4096)
def value(name: str, at: int) -> Fraction:
    """Return the value of the symbol `name` at the point `at`, from 0 to POINTS − 1."""
    digest = hashlib.sha256(f"{at} {name}".encode()).digest()
    if at < len(_SAME_SIGN):
        sign, scale = _SAME_SIGN[at]
    else:
        spread = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        negative = _SIGNS_OF.get(name) or _SIGNS[spread % len(_SIGNS)]
        at -= len(_SAME_SIGN)
        sign, scale = (-1 if at in negative else 1), (at + spread) % len(_SCALES)
    low, high = _SCALES[scale]
    # The logarithm would be uniform with more effort; a square is near enough to it.
    share = int.from_bytes(digest[:4], "big") / 2**32
    return sign * Fraction(round((low + (high - low) * share**2) * _DENOMINATOR), _DENOMINATOR)
