r"""Which leaves of the answers to one problem are the same, and so which answers are.

Numbers are compared as exact rationals, words as texts; only formulas go to a worker, each once,
for its values (`ttc.verifiers.math.sympy_worker`); what has none is compared in pairs by
math-verify.
Being the same is closed transitively: whatever a chain of comparisons joins is one class.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

from ttc.cache import Memo
from ttc.verifiers.math.atoms import Leaf
from ttc.verifiers.math.structure import Shape
from ttc.verifiers.math.values import Values, apart, constant, decimal, proportional, same, told
from ttc.verifiers.workers.pool import Reply, Workers

# Different numbers and different words are different: only formulas can be something else too.
_COMPARED = {
    "number": ("formula",),
    "formula": ("number", "formula"),
    "relation": ("relation",),
}


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
        self._tolerance = decimal(tolerance)
        self._values: dict[Leaf, Values] = {}
        self._parent: dict[Leaf, Leaf] = {}
        self._kinds: dict[str, list[Leaf]] = defaultdict(list)
        self._targets: list[Leaf] = []

    def add(self, leaves: Iterable[Leaf], *, reference: bool = False) -> None:
        """Learn of leaves; those of the reference come first."""
        new = [leaf for leaf in dict.fromkeys(leaves) if leaf not in self._parent]
        asked = [leaf for leaf in new if leaf.kind in ("formula", "relation")]
        replies = self._oracle.ask([("values", leaf.text) for leaf in asked])
        known = dict(zip(asked, map(told, replies), strict=True))
        opaque: list[tuple[Leaf, Leaf]] = []
        for leaf in new:
            self._values[leaf] = known.get(leaf) or _known(leaf)
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
        for other in chain.from_iterable(
            self._kinds[kind] for kind in _COMPARED.get(leaf.kind, ())
        ):
            if self.of(other) == self.of(leaf):
                continue
            theirs = self._values[other]
            if _equal(leaf, mine, other, theirs):
                self._join(other, leaf)
            elif mine.opaque and theirs.opaque and leaf.sign == other.sign:
                open_pairs.append((other, leaf))
        self._kinds[leaf.kind].append(leaf)
        return open_pairs

    def _join(self, one: Leaf, other: Leaf) -> None:
        self._parent[self.of(other)] = self.of(one)

    def _approach(self, leaf: Leaf) -> None:
        """Join a number to the reference's number nearest to it, if that is within tolerance."""
        best: tuple[Decimal, Leaf] | None = None
        for target in self._targets:
            off = apart(self._values[leaf], self._values[target])
            near = off is not None and off[1] <= self._tolerance
            if off is not None and near and (best is None or off[0] < best[0]):
                best = off[0], target
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


def _known(leaf: Leaf) -> Values:
    return Values() if leaf.value is None else constant(leaf.value)


def _equal(one: Leaf, first: Values, other: Leaf, second: Values) -> bool:
    if one.kind == "relation":
        return one.sign == other.sign and proportional(first, second, either=one.sign in "=≠")
    return same(first, second)
