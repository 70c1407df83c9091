r"""The structure of an answer: a list, tuple, interval, matrix or equation of formulas.

The text alone decides the structure, before any algebra: "1, -2" is a list, whose order does not
matter, `(1, -2)` a tuple, whose order does, `[1, 2)` an interval, `1 \pm \sqrt{2}` two answers,
`x > 3` and `x \in (3, \infty)` the interval (3, ∞) of x. The parts without structure (formulas,
words and numbers) are its atoms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ttc.answers.canonical import number, tidy
from ttc.verifiers.math.atoms import Atom, atom, relation
from ttc.verifiers.math.marks import marked
from ttc.verifiers.math.notation import LONGEST, depths, plain

__all__ = ["Structure", "atoms_of", "read", "single"]

_DEEPEST = 12

# A comma before three digits is part of a number ("1,000, 2,000"), unless it is in brackets.
_LISTED = re.compile(
    r"\s*(?:;|,(?!(?<=\d,)\d{3}(?!\d)))\s*(?:(?:and|or)\b)?|\s(?:and|or)\s|\s&\s", re.I
)
_COMMA = re.compile(r"\s*[,;]\s*")
_UNION = re.compile(r"\\cup(?![A-Za-z])")
_MEMBER = re.compile(r"\\in(?![A-Za-z])")
_RELATION = re.compile(
    r"(?P<op>\\(?:leq?s?(?:lant)?|geq?s?(?:lant)?|neq?|lt|gt|approx)(?![A-Za-z])|[<>]=|!=|[<>=])"
)
_SIGNS = {r"\lt": "<", r"\gt": ">", "<=": "≤", ">=": "≥", "!=": "≠", r"\approx": "="}
_MATRIX = re.compile(r"\\begin\{([pbB]?|small)matrix\}(.*)\\end\{\1matrix\}", re.S)
_ARRAY = re.compile(r"\\?[(\[]?\s*\\begin\{array\}\{[^{}]*\}(.*)\\end\{array\}\s*\\?[)\]]?", re.S)
_EMPTY = re.compile(r"\\(?:emptyset|varnothing)|\\\{\s*\\\}")

# The name of a value: x, \theta, x_1, f(x), P(A), AB, \angle ABC, m\angle A. xy is a product.
_NAME = re.compile(
    r"(?!(?:[a-z]{2,3}|.*\\(?:sin|cos|tan|log|ln|frac|sqrt).*)$)"
    r"[A-Za-z]{0,5}(?:\\[A-Za-z]+(?: ?[A-Z]{1,4}|\{[A-Za-z]{1,4}\})?)?"
    r"(?:_(?:\w|\{\w{1,6}\}))?'*(?: ?\([A-Za-z](?:, ?[A-Za-z])*\))?"
)
_PROSE_NAME = re.compile(r"(?=.{4,60}$)[A-Za-z][a-z]*(?: [A-Za-z]+)*")


@dataclass(frozen=True, slots=True)
class Structure:
    """A part of an answer.

    `kind` is `atom`, `list` (the order does not matter), `set` (nor do repeats), `tuple`,
    `interval` (`mark` is its brackets) or `matrix` (`mark` is its number of columns). An open
    interval is written like a pair and treated as one. `name` is the name of the value, such as x
    in x = 3.
    """

    kind: str
    items: tuple[Structure, ...] = ()
    atom: Atom | None = None
    name: str | None = None
    mark: str = ""


def single(content: Atom, name: str | None = None) -> Structure:
    """Return the structure of a single atom."""
    return Structure("atom", (), content, name)


def atoms_of(structure: Structure) -> Iterator[Atom]:
    """Yield the atoms of a structure, from left to right."""
    if structure.atom is not None:
        yield structure.atom
    for item in structure.items:
        yield from atoms_of(item)


def read(answer: str) -> Structure:
    """Return the structure of an answer; a text without structure is one atom."""
    if len(answer) > LONGEST:
        return single(Atom("word", " ".join(answer.split())))
    return _read(tidy(plain(marked(answer))), 0)


def _read(text: str, level: int) -> Structure:
    text = text.strip()
    if number(text) is not None and "=" not in text:
        return single(atom(text))
    depth = depths(text)
    if depth is None or level > _DEEPEST:
        return single(atom(text))
    pieces = _split(text, _LISTED, depth)
    if len(pieces) > 1:
        return _listed((_read(piece, level + 1) for piece in pieces), "list")
    for attempt in (_membership, _related, _united, _bracketed, _matrix):
        if (found := attempt(text, depth, level)) is not None:
            return found
    if r"\pm" in text or r"\mp" in text:
        both = [_signed(text, *signs) for signs in ("+-", "-+")]
        return _listed((_read(one, level + 1) for one in both), "list")
    return single(atom(text))


def _split(text: str, separator: re.Pattern[str], depth: list[int]) -> list[str]:
    pieces, start = [], 0
    for found in separator.finditer(text):
        if depth[found.start()] == 0 and depth[found.end() - 1] == 0:
            pieces.append(text[start : found.start()].strip())
            start = found.end()
    return [piece for piece in (*pieces, text[start:].strip()) if piece]


def _listed(structures: Iterable[Structure], kind: str) -> Structure:
    """Return a list or set; nested lists are flattened, and a single common name is moved to it."""
    items: list[Structure] = []
    for structure in structures:
        inner = structure.items if structure.kind == "list" else (structure,)
        items += [replace(item, name=item.name or structure.name) for item in inner]
    names = [item.name for item in items]
    if names and names[0] and all(name in (None, names[0]) for name in names):
        bare = tuple(replace(item, name=None) for item in items)
        return Structure(kind, bare, name=names[0])
    if kind == "list" and len(set(names)) == len(names) > 1 and all(names):
        # x = 1, y = 2 is the pair (1, 2), in whatever order they are given.
        return Structure("tuple", tuple(sorted(items, key=lambda item: item.name or "")))
    return Structure(kind, tuple(items))


def _membership(text: str, depth: list[int], level: int) -> Structure | None:
    sides = _split(text, _MEMBER, depth)
    if len(sides) != 2 or not _NAME.fullmatch(sides[0]):
        return None
    return replace(_read(sides[1], level + 1), name=sides[0])


def _related(text: str, depth: list[int], level: int) -> Structure | None:
    sides = _split(text, _RELATION, depth)
    found = [sign["op"] for sign in _RELATION.finditer(text) if depth[sign.start()] == 0]
    signs = [_sign(sign) for sign in found]
    if not signs or len(sides) != len(signs) + 1:
        return _read(sides[0], level + 1) if signs == ["="] and len(sides) == 1 else None
    if set(signs) == {"="}:
        return _equation(sides, level)
    if len(signs) == 1 and signs[0] == "≠":
        return single(relation(sides[0], sides[1], "≠"))
    return _inequality(sides, signs, level)


def _sign(sign: str) -> str:
    if sign.startswith((r"\le", r"\ge", r"\ne")):
        return {"l": "≤", "g": "≥", "n": "≠"}[sign[1]]
    return _SIGNS.get(sign, sign)


def _equation(sides: list[str], level: int) -> Structure | None:
    first, last = sides[0], sides[-1]
    prose = _PROSE_NAME.fullmatch(first)
    if _NAME.fullmatch(first) and not prose:
        return replace(_read(last, level + 1), name=first.replace(" ", ""))
    letters = re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", first))
    if prose or not letters:
        name = last if _NAME.fullmatch(last) and not letters else None
        return replace(_read(first if name else last, level + 1), name=name)
    return single(relation(first, last, "=")) if len(sides) == 2 else None


def _inequality(sides: list[str], signs: list[str], level: int) -> Structure | None:
    if signs[0] in (">", "≥"):
        sides, signs = sides[::-1], [{">": "<", "≥": "≤"}.get(sign, "") for sign in signs[::-1]]
    if not set(signs) <= {"<", "≤"}:
        return None
    named = [bool(_NAME.fullmatch(side)) for side in sides]
    opening, closing = "(", ")"
    if named == [False, True, False]:
        low, name, high = sides
        opening, closing = "(["[signs[0] == "≤"], ")]"[signs[1] == "≤"]
    elif named == [True, False]:
        low, name, high = r"-\infty", *sides
        closing = ")]"[signs[0] == "≤"]
    elif named == [False, True]:
        low, name, high = *sides, r"\infty"
        opening = "(["[signs[0] == "≤"]
    else:
        return single(relation(sides[0], sides[1], signs[0])) if len(sides) == 2 else None
    ends = (_read(low, level + 1), _read(high, level + 1))
    return _range(ends, opening + closing, name)


def _range(ends: tuple[Structure, ...], mark: str, name: str | None = None) -> Structure:
    return (
        Structure("tuple", ends, name=name)
        if mark == "()"
        else Structure("interval", ends, None, name, mark)
    )


def _united(text: str, depth: list[int], level: int) -> Structure | None:
    parts = _split(text, _UNION, depth)
    return _listed((_read(part, level + 1) for part in parts), "list") if len(parts) > 1 else None


def _bracketed(text: str, depth: list[int], level: int) -> Structure | None:
    if _EMPTY.fullmatch(text):
        return Structure("set")
    opening = 2 if text.startswith(r"\{") else 1
    around = text[:opening] + text[-opening:]
    if around not in (r"\{\}", "()", "[]", "(]", "[)") or 0 in depth[opening:-opening]:
        return None
    inside = text[opening:-opening].strip()
    inner = depths(inside)
    if inner is None or (around == r"\{\}" and re.search(r"\\mid|(?<!\\)[|:]", inside)):
        return None
    pieces = _split(inside, _COMMA, inner)
    items = tuple(_read(piece, level + 1) for piece in pieces)
    if around == r"\{\}":
        return _listed(items, "set")
    if len(items) == 2:
        return _range(items, around)
    if len(items) > 2:
        return Structure("tuple", items)
    # Brackets around a single formula belong to the formula.
    return items[0] if items and items[0].kind != "atom" else None


def _matrix(text: str, depth: list[int], level: int) -> Structure | None:
    found = _MATRIX.fullmatch(text) or _ARRAY.fullmatch(text)
    if found is None:
        return None
    body = found[found.lastindex or 0]
    rows = [row.split("&") for row in re.split(r"\\\\(?:\[[^\]]*\])?", body) if row.strip()]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        return None
    items = tuple(_read(cell, level + 1) for row in rows for cell in row)
    return Structure("matrix", items, mark=str(len(rows[0])))


def _signed(text: str, plus: str, minus: str) -> str:
    return re.sub(r"\\mp(?![A-Za-z])", minus, re.sub(r"\\pm(?![A-Za-z])", plus, text)).lstrip("+")
