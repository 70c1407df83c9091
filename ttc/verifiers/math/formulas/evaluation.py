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
from ttc.verifiers.math.formulas.functions import COMPLEX, KNOWN
from ttc.verifiers.math.formulas.substitution import (
    MOST_DIGITS,
    SLOW,
    branches,
    is_real,
    rational,
    ready,
    unknown_value,
    with_numbers,
)
from ttc.verifiers.math.formulas.symbols import Name

_DIGITS = 60
_CONSTANTS = {"i": sympy.I, "e": sympy.E}
_SYMBOLS = {sympy.Symbol(name) for name in _CONSTANTS}
_ENOUGH_SECONDS = 1.2  # of a worker's four

Point = list[Any] | str | None


class Parsed(NamedTuple):
    """A formula, and what its symbols with artificial names stand for."""

    expression: Any
    names: Mapping[str, Name]


Parser = Callable[[str], "Parsed | None"]


class _Formula:
    """A formula made ready for substitution."""

    def __init__(self, parsed: Parsed, parse: Parser) -> None:
        self.expression = ready(parsed.expression)
        self._names, self._parse = parsed.names, parse
        self.symbols = self.expression.free_symbols
        self.slow = self.expression.has(*SLOW)
        self._branches = [
            part for part in sympy.preorder_traversal(self.expression) if branches(part)
        ]

    @property
    def constant(self) -> bool:
        """Whether the formula has the same value at all points."""
        if self.expression.atoms(AppliedUndef):
            return False
        for symbol in self.symbols - _SYMBOLS:
            name = self._names.get(symbol.name)
            if name is None or name.text not in KNOWN:
                return False
            read = [self._argument(text) for text in name.arguments]
            if not read or not all(isinstance(each, _Formula) and each.constant for each in read):
                return False
        return True

    def at(self, at: int) -> Point:
        """Return the point, an infinity, or None if the formula has no value there."""
        numbers = {symbol: self._number(symbol.name, at) for symbol in self.symbols}
        found = with_numbers(self.expression, numbers, at).evalf(_DIGITS, maxn=MOST_DIGITS)
        if found in (sympy.oo, -sympy.oo):
            return str(found)
        real, imaginary = map(_digits, found.as_real_imag())
        branch = all(is_real(part, numbers, at) for part in self._branches)
        return [real, imaginary, branch]

    def _number(self, symbol: str, at: int) -> sympy.Expr:
        if symbol in _CONSTANTS:
            return _CONSTANTS[symbol]
        name = self._names.get(symbol, Name(symbol))
        if not name.arguments:
            return rational(name.text, at)
        read = [self._argument(text) for text in name.arguments]
        arguments = [each if isinstance(each, str) else each.number(at) for each in read]
        formulas = [each for each in read if not isinstance(each, str)]
        known = KNOWN.get(name.text)
        # Symbols are sampled as real numbers, but z in the conjugate of z is not meant to be one.
        if name.text in COMPLEX and not all(each.constant for each in formulas):
            known = None
        if known is not None and len(formulas) == len(read):
            value = known(*arguments)
            if value is not None:
                return value
        return unknown_value(name.text, arguments, at)

    def number(self, at: int) -> Any:
        """Return the value at a point as an exact number of sympy."""
        numbers = {symbol: self._number(symbol.name, at) for symbol in self.symbols}
        return with_numbers(self.expression, numbers, at)

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


def _digits(value: sympy.Expr) -> str:
    if value.is_zero:
        return "0"
    if not isinstance(value, sympy.Float | sympy.Integer | sympy.Rational):
        raise ValueError(f"{value} is not a number")
    # After cancellation no significant digit is left.
    return "0" if getattr(value, "_prec", 2) == 1 else str(value)
