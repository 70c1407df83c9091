r"""Which leaves of the answers to one problem are the same, and so which answers are.

Numbers are compared as exact rationals, words as texts; only formulas go to a worker, each once,
for its values (`ttc.verifiers.formulas`), and what has none is compared in pairs by math-verify.
Being the same is closed transitively: whatever a chain of comparisons joins is one class.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, NamedTuple

from ttc.cache import Memo
from ttc.verifiers.leaves import Leaf
from ttc.verifiers.limited import Reply, Workers
from ttc.verifiers.shapes import Shape

_EXACT = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_NEAR = Decimal("1e-50")  # relative; the values have 60 digits
_FEWEST = 2  # points that both formulas must have a value at

Complex = tuple[Decimal, Decimal]


class Values(NamedTuple):
    """What is known of a leaf: its value at each point, or why it has none."""

    points: tuple[Complex | None, ...] = ()
    infinity: str = ""
    opaque: bool = False
    status: str = "ok"
    detail: str = ""


class Oracle:
    """Asks workers what they were not asked before, on this machine."""

    def __init__(self, workers: Workers, memo: Memo) -> None:
        self._workers, self._memo = workers, memo

    def ask(self, calls: Sequence[tuple[str, ...]]) -> list[Reply]:
        """Return the replies to the calls. What depends on how busy the machine was is not kept."""
        keys = [json.dumps(call) for call in calls]
        found = [_kept(self._memo.get(key)) for key in keys]
        missing = [at for at, reply in enumerate(found) if reply is None]
        if missing:
            fresh = self._workers.map([calls[at] for at in missing])
            for at, reply in zip(missing, fresh, strict=True):
                found[at] = reply
            replies = zip(missing, fresh, strict=True)
            self._memo.keep((keys[at], reply) for at, reply in replies if reply.status != "error")
        return [reply or Reply() for reply in found]


def _kept(value: Any) -> Reply | None:
    """Read what a cache folder holds, which may be anything."""
    if isinstance(value, list) and len(value) == len(Reply._fields):
        return Reply(value[0], str(value[1]), str(value[2]))
    return None


class Classes:
    """The classes of the leaves of one problem. `tolerance` is relative to the reference's."""

    def __init__(self, oracle: Oracle, tolerance: Fraction) -> None:
        self._oracle = oracle
        self._tolerance = _decimal(tolerance)
        self._values: dict[Leaf, Values] = {}
        self._parent: dict[Leaf, Leaf] = {}
        self._targets: list[Leaf] = []

    def add(self, leaves: Iterable[Leaf], *, reference: bool = False) -> None:
        """Learn of leaves; those of the reference come first."""
        new = [leaf for leaf in dict.fromkeys(leaves) if leaf not in self._parent]
        asked = [leaf for leaf in new if leaf.kind in ("formula", "relation")]
        replies = self._oracle.ask([("values", leaf.text) for leaf in asked])
        known = dict(zip(asked, map(_values, replies), strict=True))
        opaque: list[tuple[Leaf, Leaf]] = []
        for leaf in new:
            self._values[leaf] = known.get(leaf) or _constant(leaf)
            opaque += self._place(leaf)
        for pair, reply in zip(opaque, self._oracle.ask([_pair(*p) for p in opaque]), strict=True):
            if reply.value is True:
                self._join(*pair)
        if reference:
            self._targets += new
        elif self._tolerance:
            for leaf in new:
                self._approach(leaf)

    def of(self, leaf: Leaf) -> Leaf:
        """Return the leaf that stands for the class of a leaf."""
        while (parent := self._parent[leaf]) != leaf:
            leaf = parent
        return leaf

    def trouble(self, leaf: Leaf) -> tuple[str, str]:
        """Return the status and detail of a leaf that could not be worked out, else ("ok", "")."""
        values = self._values[leaf]
        return values.status, values.detail

    def _place(self, leaf: Leaf) -> list[tuple[Leaf, Leaf]]:
        """Put a leaf in its class by its values; return the pairs that these leave open."""
        mine, open_pairs = self._values[leaf], []
        self._parent[leaf] = leaf
        for other in list(self._parent):
            if other == leaf or self.of(other) == self.of(leaf):
                continue
            theirs = self._values[other]
            if _equal(leaf, mine, other, theirs):
                self._join(other, leaf)
            elif mine.opaque and theirs.opaque and leaf.sign == other.sign:
                open_pairs.append((other, leaf))
        return open_pairs

    def _join(self, one: Leaf, other: Leaf) -> None:
        self._parent[self.of(other)] = self.of(one)

    def _approach(self, leaf: Leaf) -> None:
        """Join a number to the reference's number nearest to it, if that is within tolerance."""
        mine = _real(self._values[leaf])
        best: tuple[Decimal, Leaf] | None = None
        for target in self._targets:
            theirs = _real(self._values[target])
            if mine is None or theirs is None:
                continue
            off = _EXACT.subtract(mine, theirs).copy_abs()
            within = off <= _EXACT.multiply(self._tolerance, theirs.copy_abs())
            if within and (best is None or off < best[0]):
                best = off, target
        if best is not None:
            self._join(best[1], leaf)

    def key(self, shape: Shape) -> Hashable:
        """Return what is equal for equal answers, and for no others."""
        inner = self._inner(shape)
        return ("=", shape.name, inner) if shape.name else inner

    def _inner(self, shape: Shape) -> Hashable:
        if shape.leaf is not None:
            return self.of(shape.leaf)
        items = [self.key(item) for item in shape.items]
        if shape.kind in ("list", "set"):
            items = sorted(set(items) if shape.kind == "set" else items, key=repr)
            return items[0] if len(items) == 1 else ("list", *items)
        return (shape.kind, shape.mark, *items)


def _pair(one: Leaf, other: Leaf) -> tuple[str, ...]:
    return ("same", *sorted((one.text, other.text)))


def _values(reply: Reply) -> Values:
    """Read a worker's reply, of which nothing is taken for granted."""
    if reply.status != "ok":
        return Values(status=reply.status, detail=reply.detail)
    said = reply.value if isinstance(reply.value, dict) else {}
    points = said.get("points")
    if not isinstance(points, list):
        return Values(opaque=said.get("opaque") is True)
    if points and points[0] in ("oo", "-oo"):
        return Values(infinity=points[0])
    return Values(tuple(map(_point, points)))


def _point(said: Any) -> Complex | None:
    try:
        real, imaginary = map(Decimal, said)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return (real, imaginary) if real.is_finite() and imaginary.is_finite() else None


def _constant(leaf: Leaf) -> Values:
    if leaf.value is None:
        return Values()
    return Values(((_decimal(leaf.value), Decimal(0)),) * 4)


def _decimal(value: Fraction) -> Decimal:
    return _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _equal(one: Leaf, first: Values, other: Leaf, second: Values) -> bool:
    if first.infinity or second.infinity:
        return first.infinity == second.infinity
    if "relation" in (one.kind, other.kind):
        alike = one.kind == other.kind and one.sign == other.sign
        return alike and _proportional(first, second, either=one.sign in "=≠")
    if one.kind == other.kind != "formula":
        return False  # different numbers, different words
    common = _common(first, second)
    return len(common) >= _FEWEST and all(_near(a, b) for a, b in common)


def _common(first: Values, second: Values) -> list[tuple[Complex, Complex]]:
    pairs = zip(first.points, second.points, strict=False)
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def _near(one: Complex, other: Complex) -> bool:
    return all(_close(a, b, max(_size(one), _size(other))) for a, b in zip(one, other, strict=True))


def _close(a: Decimal, b: Decimal, size: Decimal) -> bool:
    return _EXACT.subtract(a, b).copy_abs() <= _EXACT.multiply(_NEAR, size)


def _size(value: Complex) -> Decimal:
    return max(value[0].copy_abs(), value[1].copy_abs())


def _proportional(first: Values, second: Values, *, either: bool) -> bool:
    """Say whether one side is the other times a constant: of either sign, or a positive one.

    2x = 6 is x = 3, and −x < −3 is x > 3 by the way it is written down.
    """
    common = _common(first, second)
    if len(common) < _FEWEST or not _size(common[0][0]) or not _size(common[0][1]):
        return False
    (a, _), (b, _) = common[0]
    positive = (a > 0) == (b > 0)
    cross = all(
        _near(_product(one, common[0][1]), _product(other, common[0][0])) for one, other in common
    )
    return cross and (either or positive)


def _product(one: Complex, other: Complex) -> Complex:
    (a, b), (c, d) = one, other
    times, plus, minus = _EXACT.multiply, _EXACT.add, _EXACT.subtract
    return minus(times(a, c), times(b, d)), plus(times(a, d), times(b, c))


def _real(values: Values) -> Decimal | None:
    """Return the value of a constant, or None."""
    if not values.points or values.points[0] is None or values.points[0][1]:
        return None
    first = values.points[0]
    same = all(point is not None and _near(point, first) for point in values.points)
    return first[0] if same else None
