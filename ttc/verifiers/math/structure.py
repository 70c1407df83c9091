r"""The structure of an answer: a list, tuple, interval, matrix or equation of formulas.

The text alone decides the structure, before any algebra: "1, -2" is a list, whose order does not
matter, `(1, -2)` a tuple, whose order does, `[1, 2)` an interval, `1 \pm \sqrt{2}` two answers,
`x > 3` and `x \in (3, \infty)` the interval (3, ∞) of x. The parts without structure (formulas,
words and numbers) are its atoms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ttc.answers.canonical import number, tidy
from ttc.answers.numbers import STRICT, Style, with_points
from ttc.verifiers.math.atoms import Atom, atom, is_quantity
from ttc.verifiers.math.marks import marked
from ttc.verifiers.math.matrices import matrix
from ttc.verifiers.math.notation import LONGEST, depths, plain
from ttc.verifiers.math.relations import membership, pair_or_interval, related
from ttc.verifiers.math.shape import Structure, listed, single, system
from ttc.verifiers.math.vectors import vector
from ttc.verifiers.math.wording.comparisons import in_signs
from ttc.verifiers.math.wording.domains import parameter, without_domain
from ttc.verifiers.math.wording.remarks import option, without_remarks
from ttc.verifiers.math.wording.systems import pieces, separated

__all__ = ["Structure", "read", "single"]

_DEEPEST = 12

# "Or" binds weaker than a semicolon, and that weaker than a comma: x = 1, y = 2 or x = 3, y = 4.
_EITHER = re.compile(
    r",?\s+(?:(?:or )?equivalently|or|i\.e\.|that is),?(?:\s+|(?=\\))|,\s*or\b\s*|\\(?:lor|vee)\b",
    re.I,
)
_PARTS = re.compile(r"\s*;\s*(?:(?:and|or)\b)?", re.I)
# A comma before three digits is part of a number ("1,000, 2,000"), unless it is in brackets.
_LISTED = re.compile(
    r"\s*,(?!(?<=\d,)\d{3}(?!\d))\s*(?:and\b)?|\s+and\s+|\s&\s|\\(?:land|wedge)(?![A-Za-z])", re.I
)
_COMMA = re.compile(r"\s*[,;]\s*")
_UNION = re.compile(r"\\cup(?![A-Za-z])|\s(?:union|U)\s")
_EMPTY = re.compile(r"\\(?:emptyset|varnothing)|\\\{\s*\\\}")
_BAR = re.compile(r"\\(?:mid|vert|colon|big\|)(?![A-Za-z])|(?<!\\)[|:]")
_NAMED = re.compile(r"=|\\(?:approx|approxeq|simeq|doteq)(?![A-Za-z])")
_EVERYTHING = re.compile(r"\\mathbb ?\{? ?R ?\}?|(?:the set of )?all real(?: number)?s", re.I)
_PLUS_MINUS = re.compile(r"\\(?:pm|mp)(?![A-Za-z])")

Reader = Callable[[str], Structure]


def read(answer: str, style: Style = STRICT) -> Structure:
    """Return the structure of an answer; a text without structure is one atom.

    `style` says how ambiguous numbers are read, such as 0,5 and 70k.
    """
    if len(answer) > LONGEST:
        return single(Atom("word", " ".join(answer.split())))
    return _sentence(tidy(separated(plain(marked(answer)))), style, 0)


def _sentence(text: str, style: Style, level: int) -> Structure:
    """Return the structure of a whole answer, with the words around it."""
    if (found := _numeral(text, style)) is not None:
        return found
    text = without_remarks(in_signs(text))
    if (parted := option(text)) is not None and level == 0:
        letter, rest = parted
        return Structure("option", (single(atom(letter)), _sentence(rest, style, 1)))
    formula, domain = without_domain(text)
    if domain is None:
        return _read(with_points(text, style), style, 1)
    value = _read(with_points(formula, style), style, 1)
    if not domain.over:
        return value
    over = single(Atom("word", domain.over))
    return Structure("given", (value, over), mark=parameter(domain))


def _numeral(text: str, style: Style) -> Structure | None:
    value = None if is_quantity(text) else number(text, style)
    if value is None or _NAMED.search(text):
        return None
    return single(Atom("number", str(value), value))


def _read(text: str, style: Style, level: int) -> Structure:
    text = text.strip()
    if (found := _numeral(text, style._replace(letters=False))) is not None:
        return found
    depth = depths(text)
    if depth is None or level > _DEEPEST:
        return single(atom(text))

    def inner(part: str) -> Structure:
        return _read(part, style, level + 1)

    if _EVERYTHING.fullmatch(text):
        return pair_or_interval((inner(r"-\infty"), inner(r"\infty")), "()")
    for separator, kind in ((_EITHER, "set"), (_PARTS, "list"), (_LISTED, "list")):
        parts = _split(text, separator, depth)
        if kind == "set" and len(parts) > 1 == len(set(parts)):
            return inner(parts[0])
        if len(parts) > 1:
            return _several([inner(part) for part in parts], kind)
    for attempt in (membership, related, _united, _bracketed, matrix, vector, _in_pieces):
        if (structure := attempt(text, depth, inner)) is not None:
            return structure
    return _both(text, inner) if _PLUS_MINUS.search(text) else single(atom(text))


def _split(text: str, separator: re.Pattern[str], depth: list[int]) -> list[str]:
    parts, start = [], 0
    for found in separator.finditer(text):
        if depth[found.start()] == 0 and depth[found.end() - 1] == 0:
            parts.append(text[start : found.start()].strip())
            start = found.end()
    return [part for part in (*parts, text[start:].strip()) if part]


def _several(parts: list[Structure], kind: str) -> Structure:
    """Return several answers; two bounds of one variable are an interval if they meet."""
    if kind == "list" and len(parts) == 2 and (between := _intersected(*parts)) is not None:
        return between
    return listed(parts, kind)


def _intersected(one: Structure, other: Structure) -> Structure | None:
    """Return the interval of `x > 2, x < 5`, or None; x < 2, x > 5 are two half-lines."""
    for low, high in ((one, other), (other, one)):
        ends = [each.items for each in (low, high) if each.kind in ("tuple", "interval")]
        if not low.name or low.name != high.name or [len(end) for end in ends] != [2, 2]:
            return None
        (start, above), (below, end) = ends
        if _is_infinite(above, r"\infty") and _is_infinite(below, r"-\infty"):
            lowest = start.atom.value if start.atom else None
            highest = end.atom.value if end.atom else None
            if lowest is not None and highest is not None and lowest < highest:
                mark = (low.mark or "()")[0] + (high.mark or "()")[1]
                return pair_or_interval((start, end), mark, low.name)
    return None


def _is_infinite(end: Structure, sign: str) -> bool:
    return end.atom is not None and end.atom.text == sign


def _united(text: str, depth: list[int], read_part: Reader) -> Structure | None:
    texts = _split(text, _UNION, depth)
    if len(texts) < 2:
        return None
    parts = [read_part(part) for part in texts]
    # The union of two sets is the set of the elements of both.
    items = [item for part in parts for item in (part.items if part.kind == "set" else (part,))]
    return listed(items, "set" if len(items) > len(parts) else "list")


def _bracketed(text: str, depth: list[int], read_part: Reader) -> Structure | None:
    if _EMPTY.fullmatch(text):
        return Structure("set")
    opening = 2 if text.startswith(r"\{") else 1
    around = text[:opening] + text[-opening:]
    if around not in (r"\{\}", "()", "[]", "(]", "[)") or 0 in depth[opening:-opening]:
        return None
    inside = text[opening:-opening].strip()
    inner = depths(inside)
    if inner is None:
        return None
    if around == r"\{\}" and (bar := _BAR.search(inside)):
        return _builder(inside[: bar.start()], inside[bar.end() :], read_part)
    parts = _split(inside, _COMMA, inner)
    if around != r"\{\}" and len(parts) > 1 and _PLUS_MINUS.search(inside):
        return _both(text, read_part)
    items = tuple(read_part(part) for part in parts)
    if around == r"\{\}":
        nested = len(items) == 1 and items[0].kind == "set"  # a set of a set
        return Structure("tuple", items, mark="{}") if nested else listed(items, "set")
    names = [item.name for item in items]
    if around == "()" and len(set(names)) == len(names) > 1 and all(names):
        return system(items)
    if len(items) == 2:
        return pair_or_interval(items, around)
    if len(items) > 2:
        return Structure("tuple", items)
    # Brackets around a single formula belong to the formula.
    return items[0] if items and items[0].kind != "atom" else None


def _builder(element: str, condition: str, read_part: Reader) -> Structure:
    r"""Return the structure of `\{x \mid x > 3\}`: the interval that the condition is, if so."""
    name = re.sub(r"\\in(?![A-Za-z]).*", "", element).strip()
    met = read_part(condition)
    if met.name == name and met.kind in ("tuple", "interval", "list", "set"):
        return replace(met, name=None)  # the name is bound: x or y
    return Structure("builder", (read_part(name), met))


def _in_pieces(text: str, _depth: list[int], read_part: Reader) -> Structure | None:
    """Return the pieces of a function, in any order, each a value and its condition."""
    found = pieces(text)
    if found is None:
        return None
    pairs = [(read_part(value), read_part(given)) for value, given in found]
    return Structure("set", tuple(Structure("tuple", pair, mark="if") for pair in pairs))


def _both(text: str, read_part: Reader) -> Structure:
    """Return the two answers of a plus-minus sign."""
    return listed((read_part(_signed(text, *signs)) for signs in ("+-", "-+")), "list")


def _signed(text: str, plus: str, minus: str) -> str:
    signed = re.sub(r"\\mp(?![A-Za-z])", minus, re.sub(r"\\pm(?![A-Za-z])", plus, text))
    return re.sub(r"(^|[(\[,]) ?\+", r"\1", signed)
