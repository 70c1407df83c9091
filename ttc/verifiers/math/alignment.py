r"""What the reference settles about how an answer is read.

The question says what is asked for, and the reference shows it: whether names count (against `5`,
`x = 5` is 5; against `x = 5`, `5` is what x is), whether "1, 2" means the pair `(1, 2)`, in which
base digits are, whether the components of a vector stand in a row or a column, and whether
`y = 2x + 3` is an equation that may be rearranged. Settled by the reference alone, being the same
stays transitive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ttc.verifiers.math.atoms import Leaf, rebased, relation
from ttc.verifiers.math.structure import Shape, single

_SYMBOL = re.compile(r"[A-Za-z]|\\[A-Za-z]+")


def leaves(shape: Shape) -> Iterator[Leaf]:
    """Yield the leaves of a shape."""
    if shape.leaf is not None:
        yield shape.leaf
    for item in shape.items:
        yield from leaves(item)


def align(shape: Shape, reference: Shape | None) -> Shape:
    """Return an answer read as the reference reads; without one, names do not count."""
    if reference is None:
        return _unnamed(shape)
    shape = _rearranged(shape, reference)
    shape = _named(shape, reference) if _has_names(reference) else _unnamed(shape)
    bases = {leaf.sign if leaf.kind == "based" else "" for leaf in leaves(reference)}
    if len(bases) == 1 and (base := bases.pop()):
        shape = _in_base(shape, base)
    return _as_equation(shape) if _is_equation(reference) else shape


def _has_names(shape: Shape) -> bool:
    return shape.name is not None or any(map(_has_names, shape.items))


def _unnamed(shape: Shape) -> Shape:
    return replace(shape, name=None, items=tuple(map(_unnamed, shape.items)))


def _named(shape: Shape, reference: Shape) -> Shape:
    """Name what the reference names and the answer does not."""
    if shape.leaf is not None and shape.leaf.kind == "relation":
        return shape
    items = shape.items
    if shape.kind == reference.kind == "tuple" and len(items) == len(reference.items):
        pairs = zip(items, reference.items, strict=True)
        items = tuple(replace(item, name=item.name or theirs.name) for item, theirs in pairs)
    return replace(shape, name=shape.name or reference.name, items=items)


def _rearranged(shape: Shape, reference: Shape) -> Shape:
    """Turn a bare list into a pair, a pair into a vector, a vector into a pair."""
    count = len(shape.items)
    if count != len(reference.items) or count < 2:
        return shape
    kinds = shape.kind, reference.kind
    vector = {"matrix": shape, "tuple": reference}.get(shape.kind, shape)
    if kinds == ("list", "tuple") and all(item.leaf for item in shape.items):
        return replace(shape, kind="tuple")
    if kinds in {("tuple", "matrix"), ("matrix", "tuple")} and vector.mark in ("1", str(count)):
        return replace(shape, kind=reference.kind, mark=reference.mark)
    return shape


def _in_base(shape: Shape, base: str) -> Shape:
    leaf = rebased(shape.leaf, base) if shape.leaf else None
    items = tuple(_in_base(item, base) for item in shape.items)
    return replace(shape, leaf=leaf, items=items)


def _is_equation(reference: Shape) -> bool:
    """Tell y = 2x + 3, which may be rearranged, from x = 3, which is the answer 3."""
    if reference.leaf is None or reference.leaf.kind == "relation":
        return reference.leaf is not None and reference.leaf.sign == "="
    letters = re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", reference.leaf.text))
    return bool(reference.name and _SYMBOL.fullmatch(reference.name) and letters)


def _as_equation(shape: Shape) -> Shape:
    if shape.leaf is None or shape.name is None or shape.leaf.kind not in ("formula", "number"):
        return shape
    return single(relation(shape.name, shape.leaf.text, "="))
