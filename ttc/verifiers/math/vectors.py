r"""Vectors as sums of unit vectors, 2\mathbf{i} + 3\mathbf{j}, and with a number before them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from ttc.verifiers.math.atoms import Atom
from ttc.verifiers.math.formulas.symbols import plain_vectors
from ttc.verifiers.math.shape import Structure

__all__ = ["IN_SPACE", "of_dimension", "vector"]

IN_SPACE = "ijk"  # the mark of a vector whose dimension its text does not say
_AXES = "ijk"
_TERM = re.compile(r"(.*?)(?:\\cdot|\\,|\*)? ?\\(?:vec|hat) ?\{ ?([ijk]) ?\} ?", re.S)
_PLAIN_TERM = re.compile(r"(.*?)(?:\\cdot|\*)? ?([ijk]) ?", re.S)
_FACTOR = re.compile(r"-|-?(?=.*[0-9p])(?:\\(?:frac|sqrt|pi)(?![A-Za-z])|[0-9./{} ])+")
_TIMES = re.compile(r" ?(?:\\cdot(?![A-Za-z])|\*)? ?$")


def vector(text: str, depth: list[int], read: Callable[[str], Structure]) -> Structure | None:
    """Return the components of a vector, or None; of a sum of unit vectors, three."""
    start = text.find("(")
    factor = _TIMES.sub("", text[: max(start, 0)])
    if text.endswith(")") and "," in text and _FACTOR.fullmatch(factor):
        inner = read(text[start:])
        if inner.kind == "tuple" and not inner.mark and 0 not in depth[start + 1 : -1]:
            parts = _parts(text[start + 1 : -1], depth[start + 1 : -1])
            scale = "-" if factor == "-" else rf"{factor}\cdot "
            return replace(inner, items=tuple(read(f"{scale}({part})") for part in parts))
    pattern = _PLAIN_TERM if plain_vectors(text) else _TERM
    terms = _terms(text, depth)
    found_terms = [pattern.fullmatch(term) for _, term in terms]
    if not terms or not all(found_terms):
        return None
    components: dict[str, str] = {}
    for (sign, _), term in zip(terms, found_terms, strict=True):
        assert term is not None
        components[term[2]] = components.get(term[2], "") + f"{sign}{term[1].strip() or '1'}"
    spelt = [components.get(axis, "0").removeprefix("+") for axis in _AXES]
    return Structure("tuple", tuple(map(read, spelt)), mark=IN_SPACE)


def of_dimension(structure: Structure, reference: Structure) -> Structure:
    """Return a vector with as many components as the reference, if those left out are zero."""
    if structure.mark != IN_SPACE:
        flat = structure.kind == "tuple" or structure.mark in ("1", "2")
        if reference.mark != IN_SPACE or len(structure.items) != 2 or not flat:
            return structure
        zero = Structure("atom", atom=Atom("number", "0", Fraction(0)))
        return Structure("tuple", (*structure.items, zero), name=structure.name)
    size = 3 if reference.mark == IN_SPACE else len(reference.items)
    items = structure.items
    if size == 2 and items[2].atom is not None and items[2].atom.value == 0:
        items = items[:2]
    return replace(structure, items=items, mark="")


def _terms(text: str, depth: list[int]) -> list[tuple[str, str]]:
    """Return the terms of a sum, each with its sign; none if it has no unit vectors."""
    if not re.search(r"\\(?:vec|hat) ?\{ ?[ijk]", text) and not plain_vectors(text):
        return []
    found, start, sign = [], 0, "+"
    for at, character in enumerate(text):
        if character in "+-" and depth[at] == 0 and not text[:at].endswith("^"):
            if text[start:at].strip():
                found.append((sign, text[start:at].strip()))
            sign, start = character, at + 1
    return [*found, (sign, text[start:].strip())]


def _parts(text: str, depth: list[int]) -> list[str]:
    found, start = [], 0
    for at, character in enumerate(text):
        if character == "," and depth[at] == min(depth):
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()]
