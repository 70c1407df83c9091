r"""Reads derivatives of unknown functions: \frac{d^2y}{dx^2}, \frac{\partial f}{\partial x}."""

from __future__ import annotations

import re

from ttc.verifiers.math.formulas.brackets import argument, pieces
from ttc.verifiers.math.formulas.symbols import LETTER, Name

_SIGN = r"(d|\\partial(?![A-Za-z]))"
_POWER = r"(?: ?\^ ?\{? ?([0-9]) ?\}?)?"
_SUB = r"(?: ?_ ?(?:\w|\{\w+\}))?"
_TOP = re.compile(rf"{_SIGN}{_POWER} ?({LETTER}{_SUB})? ?(?:\(([^()]*)\))?")
_BELOW = re.compile(rf"{_SIGN} ?({LETTER}{_SUB}){_POWER} ?")
_BEHIND = re.compile(rf" ?({LETTER}{_SUB}) ?(?:\(([^()]*)\))?(?! ?[A-Za-z0-9^(\\])")


def derivative(latex: str, at: int) -> tuple[Name, int] | None:
    r"""Return the name of a derivative whose `\frac` ends at `at`, and where it ends itself.

    None if it is something else, such as the derivative of a formula, which can be computed.
    """
    top = argument(latex, at)
    below = None if top is None else argument(latex, top[1])
    if top is None or below is None:
        return None
    above = _TOP.fullmatch(top[0])
    variables = _variables(below[0])
    if above is None or not variables:
        return None
    end, function, inner = below[1], above[3], above[4]
    if function is None:
        behind = _BEHIND.match(latex, end)
        if behind is None or (behind[1] in variables and behind[2] is None):
            return None
        end, function, inner = behind.end(), behind[1], behind[2]
    order = int(above[2] or 1)
    if order != len(variables):
        return None
    arguments = pieces(inner) if inner else ()
    only = set(variables)
    if above[1] == "d" and len(only) == 1 and (not arguments or arguments == (variables[0],)):
        return Name(_bare(function) + "'" * order, (variables[0],)), end
    return Name(f"d {_bare(function)} / {' '.join(sorted(variables))}", arguments), end


def _variables(below: str) -> list[str]:
    """Return the variables of a denominator, as often as each occurs; [] if it has others."""
    found, at = list[str](), 0
    while (part := _BELOW.match(below, at)) is not None:
        found += [_bare(part[2])] * int(part[3] or 1)
        at = part.end()
    return found if at == len(below) else []


def _bare(name: str) -> str:
    return re.sub(r"[{}\s]", "", name)
