r"""The values of a parsed formula at the points of `sampling`, with 60 digits.

A point is [real, imaginary, branch]: decimal texts, and whether the formula is real there without
leaving the reals on the way. √a·√b at a = b = −1 is −1, but no real root is taken to get there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import sympy
from sympy.core.function import AppliedUndef

from ttc.verifiers.math.formulas import sampling
from ttc.verifiers.math.formulas.names import Name

_DIGITS, _MOST_DIGITS = 60, 500
_KEPT_DIGITS = 40  # of an argument of an unknown function
_CONSTANTS = {"i": sympy.I, "e": sympy.E}
_SYMBOLS = {sympy.Symbol(name) for name in _CONSTANTS}
_SLOW = (sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit)
_ENOUGH_SECONDS = 1.2  # of a worker's four
_ROUGH = 20

Point = list[Any] | str | None


class Parsed(NamedTuple):
    """A formula, and what its symbols with artificial names stand for."""

    expression: Any
    names: Mapping[str, Name]


Parser = Callable[[str], "Parsed | None"]


class _Power(sympy.Function):  # type: ignore[misc]  # sympy has no types
    """A power with a variable exponent. Sympy would look for roots of the numbers put into it."""

    nargs = 2

    def _eval_evalf(self, prec: int) -> Any:
        digits = int(prec / 3.3) + 10
        base = self.args[0].evalf(digits, maxn=2 * _MOST_DIGITS)
        exponent = self.args[1]
        if exponent.is_Rational and exponent.q % 2 and base.is_negative:
            return (-1) ** (exponent.p % 2) * (-base) ** exponent.evalf(digits)
        return base ** exponent.evalf(digits, maxn=2 * _MOST_DIGITS)


class _Formula:
    """A formula made ready for substitution."""

    def __init__(self, parsed: Parsed, parse: Parser) -> None:
        self.expression = _inert(_opaque(_exact(parsed.expression)))
        self._names, self._parse = parsed.names, parse
        self.symbols = self.expression.free_symbols
        self.slow = self.expression.has(*_SLOW)
        self._branches = [
            part for part in sympy.preorder_traversal(self.expression) if _branches(part)
        ]

    @property
    def constant(self) -> bool:
        """Whether the formula has the same value at all points."""
        if self.expression.atoms(AppliedUndef):
            return False
        for symbol in self.symbols - _SYMBOLS:
            name = self._names.get(symbol.name)
            if name is None or name.text not in _KNOWN:
                return False
            read = [self._argument(text) for text in name.arguments]
            if not read or not all(isinstance(each, _Formula) and each.constant for each in read):
                return False
        return True

    def at(self, at: int) -> Point:
        """Return the point, an infinity, or None if the formula has no value there."""
        numbers = {symbol: self._number(symbol.name, at) for symbol in self.symbols}
        found = _with_numbers(self.expression, numbers, at).evalf(_DIGITS, maxn=_MOST_DIGITS)
        if found in (sympy.oo, -sympy.oo):
            return str(found)
        real, imaginary = map(_digits, found.as_real_imag())
        branch = all(_real(_inner(part), part, numbers, at) for part in self._branches)
        return [real, imaginary, branch]

    def _number(self, symbol: str, at: int) -> sympy.Expr:
        if symbol in _CONSTANTS:
            return _CONSTANTS[symbol]
        name = self._names.get(symbol, Name(symbol))
        if not name.arguments:
            return _rational(name.text, at)
        read = [self._argument(text) for text in name.arguments]
        arguments = [each if isinstance(each, str) else each.number(at) for each in read]
        formulas = [each for each in read if not isinstance(each, str)]
        known = _KNOWN.get(name.text)
        # Symbols are sampled as real numbers, but z in the conjugate of z is not meant to be one.
        if name.text in _COMPLEX and not all(each.constant for each in formulas):
            known = None
        if known is not None and len(formulas) == len(read):
            value = known(*arguments)
            if value is not None:
                return value
        return _unknown(name.text, arguments, at)

    def number(self, at: int) -> Any:
        """Return the value at a point as an exact number of sympy."""
        numbers = {symbol: self._number(symbol.name, at) for symbol in self.symbols}
        return _with_numbers(self.expression, numbers, at)

    def _argument(self, latex: str) -> _Formula | str:
        """Return an argument as a formula, or its text if it is none."""
        parsed = self._parse(latex)
        if parsed is None or not isinstance(parsed.expression, sympy.Expr):
            return "".join(latex.split())
        return _Formula(parsed, self._parse)


def points(parsed: Parsed, parse: Parser) -> list[Point]:
    """Return the value at each point; a single one for a constant."""
    formula = _Formula(parsed, parse)
    if formula.constant:
        return [_attempt(formula, 0)]
    found: list[Point] = [None] * sampling.POINTS
    few, began = sampling.FEW_POINTS, time.process_time()
    others = () if formula.slow else [at for at in range(len(found)) if at not in few]
    for at in (*few, *others):
        found[at] = _attempt(formula, at)
        if at not in few and time.process_time() - began > _ENOUGH_SECONDS:
            break
    return found


def terms(parsed: Parsed, parse: Parser, parameter: str) -> list[list[Point]] | None:
    """Return the values of the first three members of a family; None without its parameter."""
    symbol = sympy.Symbol(parameter)
    if symbol not in parsed.expression.free_symbols:
        return None
    members = [parsed.expression.xreplace({symbol: sympy.Integer(at)}) for at in range(3)]
    return [points(Parsed(member, parsed.names), parse) for member in members]


def _attempt(formula: _Formula, at: int) -> Point:
    try:
        return formula.at(at)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - sympy raises errors of many kinds
        return None


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
        if left.has(sympy.Derivative, sympy.Subs, *_SLOW):
            return sympy.Symbol(str(left.as_dummy()))
        return left

    def unknown(part: Any) -> bool:
        return isinstance(part, (sympy.Derivative, *_SLOW)) and (
            isinstance(part, sympy.Derivative) or bool(part.atoms(AppliedUndef))
        )

    return expression.replace(unknown, symbol)


def _inert(expression: Any) -> Any:
    if expression.has(*_SLOW):
        return expression
    return expression.replace(
        lambda part: isinstance(part, sympy.Pow) and part.exp.free_symbols and part.base != sympy.E,
        lambda part: _Power(part.base, part.exp),
    )


def _with_numbers(expression: Any, numbers: Mapping[Any, Any], at: int) -> Any:
    found = expression.xreplace(dict(numbers)).doit().replace(_odd_root, _real_root)
    unknown = found.atoms(AppliedUndef)
    return found.xreplace(
        {part: _unknown(part.func.__name__, list(part.args), at) for part in unknown}
    )


def _odd_root(part: sympy.Basic) -> bool:
    """Return whether a power is an odd root of a negative number: in answers, the real root."""
    power = isinstance(part, sympy.Pow) and part.exp.is_Rational and part.base.is_negative
    return bool(power and part.exp.q > 1 and part.exp.q % 2)


def _real_root(part: sympy.Pow) -> sympy.Expr:
    return (-1) ** part.exp.p * (-part.base) ** part.exp


# --- real branches


def _branches(part: sympy.Basic) -> bool:
    """Return whether a function leaves the reals for some real arguments."""
    if isinstance(part, _Power):
        return not part.args[0].is_positive
    if isinstance(part, sympy.Pow):
        return not part.exp.is_Integer and not part.base.is_positive and part.base != sympy.E
    return isinstance(part, sympy.log | sympy.asin | sympy.acos | sympy.acosh | sympy.atanh)


def _inner(part: sympy.Basic) -> Any:
    return part.args[0]


def _real(inner: Any, part: Any, numbers: Mapping[Any, Any], at: int) -> bool:
    value = _with_numbers(inner, numbers, at).evalf(_ROUGH)
    if not value.is_real:
        return False
    if isinstance(part, sympy.log):
        return bool(value > 0)
    if isinstance(part, sympy.Pow | _Power):
        exponent = _with_numbers(part.args[1], numbers, at)
        return bool(value >= 0 or (exponent.is_Rational and exponent.q % 2))
    return bool(value >= 1 if isinstance(part, sympy.acosh) else abs(value) <= 1)


# --- names


def _rational(name: str, at: int) -> sympy.Expr:
    value = sampling.value(name, at)
    return sympy.Rational(value.numerator, value.denominator)


def _unknown(function: str, arguments: list[Any], at: int) -> sympy.Expr:
    """Return the value of an unknown function: any number, the same for equal arguments."""
    told = [each if isinstance(each, str) else _spelt(each) for each in arguments]
    return _rational(f"{function}({', '.join(told)})", at)


def _spelt(value: Any) -> str:
    found = value.evalf(_KEPT_DIGITS + 10, maxn=_MOST_DIGITS)
    return str(found.evalf(_KEPT_DIGITS)) if found.is_number else str(found)


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of whole numbers, and None for others."""
    return lambda *values: function(*values) if all(value.is_Integer for value in values) else None


def _of_number(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*values) if len(values) == 1 else None


_COMPLEX = frozenset({"Re", "Im", "bar", "conj", "arg"})
_KNOWN: dict[str, Callable[..., Any]] = {
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


def _digits(value: sympy.Expr) -> str:
    if value.is_zero:
        return "0"
    if not isinstance(value, sympy.Float | sympy.Integer | sympy.Rational):
        raise ValueError(f"{value} is not a number")
    # After cancellation no significant digit is left.
    return "0" if getattr(value, "_prec", 2) == 1 else str(value)
