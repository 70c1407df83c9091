r"""Equations, inequalities and chains of them: `x = 2 \approx 2.0`, `a < x < b`, `3 = x`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ttc.answers.canonical import number
from ttc.verifiers.math.atoms import relation
from ttc.verifiers.math.shape import Structure, single, system

__all__ = ["NAME", "membership", "pair_or_interval", "related"]

Reader = Callable[[str], Structure]

_APPROX = r"\\(?:approx|approxeq|simeq|doteq|fallingdotseq|risingdotseq)(?![A-Za-z])"
_RELATION = re.compile(
    r"(?P<op>\\(?:leq?q?s?(?:lant)?|geq?q?s?(?:lant)?|neq?|lt|gt)(?![A-Za-z])"
    rf"|{_APPROX}|[<>]=|!=|:=|=<|==?|[<>])"
)
_MEMBER = re.compile(r"\\in(?![A-Za-z])")
_SIGNS = {r"\lt": "<", r"\gt": ">", "<=": "≤", ">=": "≥", "=<": "≤", "!=": "≠"}
_SIGNS |= {":=": "=", "==": "="}
_TURNED = {">": "<", "≥": "≤"}

# The name of a value: x, \theta, x_1, f(x), P(A), AB, \angle ABC, m\angle A. xy is a product.
NAME = re.compile(
    r"(?!(?:[a-z]{2,3}|.*\\(?:sin|cos|tan|cot|sec|csc|log|ln|exp|frac|sqrt|pi|infty|pm).*)$)"
    r"[A-Za-z]{0,5}(?:\\[A-Za-z]+(?: ?[A-Z]{1,4}|\{[A-Za-z]{1,4}\})?)?"
    r"(?:_(?:\w|\{[^{}]{1,8}\}))?(?:\^\{?-1\}?(?=\())?'*(?: ?\([A-Za-z](?:, ?[A-Za-z])*\))?"
)
# f(2), P(X > 1), E[X], |AB|, \lVert v \rVert: what is asked for, in the notation of a value.
_CALL = re.compile(
    r"(?!\\(?:sin|cos|tan|cot|sec|csc|log|ln|exp|frac|sqrt))(?:[A-Za-z]|\\[A-Za-z]+)'*"
    r"(?:_(?:\w|\{[^{}]{1,8}\}))?(?:\^\{?-1\}?)?'*(?:\([^()]{1,30}\)|\[[^\[\]]{1,30}\])"
    r"|\\frac ?\{ ?(?:d|\\partial)[^{}/+=]{0,12}\} ?\{ ?(?:d|\\partial) ?[^{}/+=]{1,12}\}"
    r"|(?:\\[lr]?[vV]ert ?|\|)[A-Z]{2}(?:\\[lr]?[vV]ert|\|)"
)
_PROSE_NAME = re.compile(r"(?=.{4,60}$)[A-Za-z][a-z]*(?: [A-Za-z]+)*(?: of [^=]{1,30})?")
_CONSTANTS = ("e", "i")  # e \\approx 2.718 gives e
_CUT = re.compile(r"[0-9] ?(?:\.{3}|\\[lc]?dots)$")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_NEXT = re.compile(r"(-?[0-9.]+|.*[})]) ([A-Za-z](?:_\w)?)")


def related(text: str, depth: list[int], read: Reader) -> Structure | None:
    """Return the structure of an equation or inequality; None if there is no relation sign."""
    found = [sign for sign in _RELATION.finditer(text) if depth[sign.start()] == 0]
    if not found:
        return None
    ends = [0, *(sign.end() for sign in found)]
    starts = [*(sign.start() for sign in found), len(text)]
    sides = [text[end:start].strip() for end, start in zip(ends, starts, strict=True)]
    signs = [_sign(sign["op"]) for sign in found]
    if not sides[0] and len(sides) > 1:  # "= 5", "≈ 5", "> 5"
        return read(sides[1]) if signs in (["="], ["≈"]) else _without_left(sides, signs, read)
    if "≈" in signs:
        return _approximated(text, sides, signs, found, read)
    if not all(sides):
        return None
    if set(signs) == {"="}:
        return _system(sides, read) or _equation(sides, read)
    if len(signs) == 1 and signs[0] == "≠":
        return single(relation(sides[0], sides[1], signs[0]))
    return _inequality(sides, signs, read)


def membership(text: str, depth: list[int], read: Reader) -> Structure | None:
    r"""Return the structure of `x \in (1, 2)` or `(x, y) \in \{…\}`: the set, named."""
    found = [sign for sign in _MEMBER.finditer(text) if depth[sign.start()] == 0]
    if len(found) != 1:
        return None
    name, members = text[: found[0].start()].strip(), text[found[0].end() :].strip()
    if members and NAME.fullmatch(name):
        return replace(read(members), name=_bare(name))
    return read(members) if members and _names(name) else None


def pair_or_interval(ends: tuple[Structure, ...], mark: str, name: str | None = None) -> Structure:
    """Return two ends in brackets: an open interval is a pair."""
    if mark == "()":
        return Structure("tuple", ends, name=name)
    return Structure("interval", ends, None, name, mark)


def _sign(sign: str) -> str:
    if re.fullmatch(_APPROX, sign):
        return "≈"
    if sign.startswith((r"\le", r"\ge", r"\ne")):
        return {"l": "≤", "g": "≥", "n": "≠"}[sign[1]]
    return _SIGNS.get(sign, sign)


def _bare(name: str) -> str:
    return name.replace(" ", "")


def _is_name(side: str) -> bool:
    return bool(NAME.fullmatch(side) or _CALL.fullmatch(side))


def _letters(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]", _COMMAND.sub("", text)))


def _without_left(sides: list[str], signs: list[str], read: Reader) -> Structure | None:
    return _inequality(["x", *sides[1:]], signs, read) if len(sides) == 2 else None


def _approximated(
    text: str, sides: list[str], signs: list[str], found: list[re.Match[str]], read: Reader
) -> Structure:
    """Return the exact side, left of ≈; the right side where the left only names the value."""
    first = signs.index("≈")
    exact = text[: found[first].start()].strip()
    if first or exact in _CONSTANTS or not (_is_name(exact) or _PROSE_NAME.fullmatch(exact)):
        return read(exact)
    named = replace(read(sides[1]), name=_bare(exact))
    return replace(named, name=None) if _PROSE_NAME.fullmatch(exact) else named


def _equation(sides: list[str], read: Reader) -> Structure | None:
    if len(sides) > 2 or not _letters(sides[0]):  # 1/7 = 0.142857… is 1/7
        sides = [side for side in sides if not _CUT.search(side) or number(side)] or sides
    if len(sides) == 1:
        return read(sides[0])
    first, last = sides[0], sides[-1]
    prose = _PROSE_NAME.fullmatch(first)
    if len(sides) == 2 and (pairs := _paired(first, last, read)) is not None:
        return pairs
    if _is_name(first) and not prose:
        return replace(read(last), name=_bare(first))
    if prose or not _letters(first):
        name = last if _is_name(last) and not _letters(first) else None
        return replace(read(first if name else last), name=name and _bare(name))
    if len(sides) != 2:
        return None
    names = not re.search(r"[0-9]", re.sub(r"_\w|_\{[^{}]*\}", "", first))
    value = last if names and not _letters(last) else ""
    return replace(single(relation(first, last, "=")), mark=value)


def _system(sides: list[str], read: Reader) -> Structure | None:
    """Return the equations of `x = 1 y = 2`, whose inner sides are a value and the next name."""
    inner = [_NEXT.fullmatch(side) for side in sides[1:-1]]
    if not inner or not _is_name(sides[0]) or _letters(sides[-1]):
        return None
    names, values = [_bare(sides[0])], []
    for found in inner:
        if found is None or found[2] in names:
            return None
        names.append(found[2])
        values.append(found[1])
    values.append(sides[-1])
    return system(
        replace(read(value), name=name) for name, value in zip(names, values, strict=True)
    )


def _names(text: str) -> list[str]:
    """Return the names of `(x, y)`, or none."""
    inside = re.fullmatch(r"\((.*)\)", text)
    names = [part.strip() for part in inside[1].split(",")] if inside else []
    return names if len(names) > 1 and all(map(NAME.fullmatch, names)) else []


def _paired(first: str, last: str, read: Reader) -> Structure | None:
    """Return the named values of `(x, y) = (1, 2)`."""
    names, values = _names(first), last
    if not names and _names(last):
        names, values = _names(last), first
    found = read(values) if names else None
    if found is None or found.kind == "atom":
        return None
    if found.kind != "tuple":  # several pairs
        return found
    if len(found.items) != len(names) or any(item.name for item in found.items):
        return None
    pairs = zip(found.items, map(_bare, names), strict=True)
    return system(replace(item, name=name) for item, name in pairs)


def _inequality(sides: list[str], signs: list[str], read: Reader) -> Structure | None:
    if signs[0] in _TURNED:
        sides, signs = sides[::-1], [_TURNED.get(sign, "") for sign in signs[::-1]]
    if not set(signs) <= {"<", "≤"}:
        return None
    named = [bool(NAME.fullmatch(side)) for side in sides]
    opening, closing = "(", ")"
    if len(named) == 3 and named[1]:
        low, name, high = sides
        opening, closing = "(["[signs[0] == "≤"], ")]"[signs[1] == "≤"]
    elif named == [True, False]:
        low, name, high = r"-\infty", *sides
        closing = ")]"[signs[0] == "≤"]
    elif named == [False, True]:
        low, name, high = *sides, r"\infty"
        opening = "(["[signs[0] == "≤"]
    elif len(sides) == 2:
        return single(relation(sides[0], sides[1], signs[0]))
    else:
        return Structure("chain", tuple(map(read, sides)), mark="".join(signs))
    return pair_or_interval((read(low), read(high)), opening + closing, _bare(name))
