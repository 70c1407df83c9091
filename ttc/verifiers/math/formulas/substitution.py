"""Puts numbers into a parsed formula, with real roots and opaque derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from ttc.verifiers.math.formulas import sampling

MOST_DIGITS = 500
SLOW = (sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit)
_KEPT_DIGITS = 40  # of an argument of an unknown function
_ROUGH = 20
_SYMMETRIC = frozenset({"gcd", "lcm", "Cov"})


def ready(expression: Any) -> Any:
    """Return a formula that numbers can be put into."""
    return _inert(_opaque(_exact(expression)))


class Power(sympy.Function):  # type: ignore[misc]  # sympy has no types
    """A power with a variable exponent. Sympy would look for roots of the numbers put into it."""

    nargs = 2

    def _eval_evalf(self, prec: int) -> Any:
        digits = int(prec / 3.3) + 10
        base = self.args[0].evalf(digits, maxn=2 * MOST_DIGITS)
        exponent = self.args[1]
        if exponent.is_Rational and exponent.q % 2 and base.is_negative:
            return (-1) ** (exponent.p % 2) * (-base) ** exponent.evalf(digits)
        return base ** exponent.evalf(digits, maxn=2 * MOST_DIGITS)


def _exact(expression: Any) -> Any:
    """Return a formula with fractions for its decimals."""
    decimals = expression.atoms(sympy.Float)
    return expression.xreplace({number: sympy.Rational(str(number)) for number in decimals})


def _opaque(expression: Any) -> Any:
    """Compute derivatives; those of unknown functions, and their sums, become symbols."""

    def symbol(part: Any) -> Any:
        done = part.doit()
        if isinstance(part, sympy.Derivative):
            missing = not set(part.variables) <= part.expr.free_symbols and part.expr.free_symbols
            left = part if missing else done
        else:
            left = done
        if left.has(sympy.Derivative, sympy.Subs, *SLOW):
            return sympy.Symbol(str(left.as_dummy()))
        return left

    def is_unknown(part: Any) -> bool:
        return isinstance(part, (sympy.Derivative, *SLOW)) and (
            isinstance(part, sympy.Derivative) or bool(part.atoms(AppliedUndef))
        )

    return expression.replace(is_unknown, symbol)


def _inert(expression: Any) -> Any:
    if expression.has(*SLOW):
        return expression
    return expression.replace(
        lambda part: isinstance(part, sympy.Pow) and part.exp.free_symbols and part.base != sympy.E,
        lambda part: Power(part.base, part.exp),
    )


def with_numbers(expression: Any, numbers: Mapping[Any, Any], at: int) -> Any:
    found = expression.xreplace(dict(numbers)).doit().replace(_odd_root, _real_root)
    unknown = found.atoms(AppliedUndef)
    return found.xreplace(
        {part: unknown_value(part.func.__name__, list(part.args), at) for part in unknown}
    )


def _odd_root(part: sympy.Basic) -> bool:
    """Return whether a power is an odd root of a negative number: in answers, the real root."""
    power = isinstance(part, sympy.Pow) and part.exp.is_Rational and part.base.is_negative
    return bool(power and part.exp.q > 1 and part.exp.q % 2)


def _real_root(part: sympy.Pow) -> sympy.Expr:
    return (-1) ** part.exp.p * (-part.base) ** part.exp


def rational(name: str, at: int) -> sympy.Expr:
    value = sampling.value(name, at)
    return sympy.Rational(value.numerator, value.denominator)


def unknown_value(function: str, arguments: list[Any], at: int) -> sympy.Expr:
    """Return the value of an unknown function: any number, the same for equal arguments."""
    told = [each if isinstance(each, str) else _spelt(each) for each in arguments]
    if function in _SYMMETRIC:
        told.sort()
    return rational(f"{function}({', '.join(told)})", at)


def _spelt(value: Any) -> str:
    found = value.evalf(_KEPT_DIGITS + 10, maxn=MOST_DIGITS)
    return str(found.evalf(_KEPT_DIGITS)) if found.is_number else str(found)


def branches(part: sympy.Basic) -> bool:
    """Return whether a function leaves the reals for some real arguments."""
    if isinstance(part, Power):
        return not part.args[0].is_positive
    if isinstance(part, sympy.Pow):
        return not part.exp.is_Integer and not part.base.is_positive and part.base != sympy.E
    return isinstance(part, sympy.log | sympy.asin | sympy.acos | sympy.acosh | sympy.atanh)


def is_real(part: Any, numbers: Mapping[Any, Any], at: int) -> bool:
    """Return whether such a function has a real value for these numbers."""
    value = with_numbers(part.args[0], numbers, at).evalf(_ROUGH)
    if not value.is_real:
        return False
    if isinstance(part, sympy.log):
        return bool(value > 0)
    if isinstance(part, sympy.Pow | Power):
        exponent = with_numbers(part.args[1], numbers, at)
        return bool(value >= 0 or (exponent.is_Rational and exponent.q % 2))
    return bool(value >= 1 if isinstance(part, sympy.acosh) else abs(value) <= 1)
