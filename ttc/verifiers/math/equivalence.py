r"""Finds which atoms of the answers to one problem are equal, and so which answers are.

Numbers are compared as exact rationals, words as texts. Each formula goes to a worker once, for its
values (`ttc.verifiers.math.sympy_worker`); formulas without values are compared in pairs by
math-verify. An atom joins the first class whose first member it equals; the reference comes first.
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
from ttc.verifiers.math.atoms import Atom
from ttc.verifiers.math.structure import Structure
from ttc.verifiers.math.values import (
    Values,
    apart,
    constant,
    decimal,
    from_reply,
    proportional,
    same,
    same_family,
)
from ttc.verifiers.workers.pool import Reply, Workers

# Different numbers are unequal, and so are different words; only formulas can equal other kinds.
_COMPARED = {
    "number": ("formula",),
    "formula": ("number", "formula"),
    "relation": ("relation",),
    "family": ("family",),
}
_CALLS = {"formula": "values", "relation": "values", "family": "family"}


class Oracle:
    """Calls workers, and memoises their replies on this machine."""

    def __init__(self, workers: Workers, memo: Memo) -> None:
        self._workers, self._memo = workers, memo

    def ask(self, calls: Sequence[tuple[str, ...]]) -> list[Reply]:
        """Return the replies to the calls. Replies with status `error`, which can depend on the
        load of the machine, are not memoised."""
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
    """Return a cached reply, or None if the cache has something else."""
    if isinstance(value, list) and len(value) == len(Reply._fields):
        return Reply(value[0], str(value[1]), str(value[2]))
    return None


class Classes:
    """The classes of equal atoms of one problem; `tolerance` is relative to the reference."""

    def __init__(self, oracle: Oracle, tolerance: Fraction) -> None:
        self._oracle = oracle
        self._tolerance = decimal(tolerance)
        self._values: dict[Atom, Values] = {}
        self._parent: dict[Atom, Atom] = {}
        self._kinds: dict[str, list[Atom]] = defaultdict(list)
        self._targets: list[Atom] = []

    def add(self, atoms: Iterable[Atom], *, reference: bool = False) -> None:
        """Add atoms to the classes; those of the reference must be added first."""
        new = [atom for atom in dict.fromkeys(atoms) if atom not in self._parent]
        asked = [atom for atom in new if atom.kind in _CALLS]
        replies = self._oracle.ask([(_CALLS[atom.kind], atom.text) for atom in asked])
        known = dict(zip(asked, map(from_reply, replies), strict=True))
        opaque: list[tuple[Atom, Atom]] = []
        for atom in new:
            self._values[atom] = known.get(atom) or _known(atom)
            opaque += self._place(atom)
        for pair, reply in zip(opaque, self._oracle.ask([_pair(*p) for p in opaque]), strict=True):
            if reply.value is True:
                self._join(*pair)
        if reference:
            self._targets += new
        elif self._tolerance:
            for atom in new:
                self._approach(atom)

    def of(self, atom: Atom) -> Atom:
        """Return the representative of an atom's class."""
        while (parent := self._parent[atom]) != atom:
            atom = parent
        return atom

    def trouble(self, atom: Atom) -> tuple[str, str]:
        """Return the status and detail of an atom that could not be evaluated, else ("ok", "")."""
        values = self._values[atom]
        return values.status, values.detail

    def _place(self, atom: Atom) -> list[tuple[Atom, Atom]]:
        """Put an atom into its class by its values; return the pairs that values cannot decide."""
        mine, open_pairs = self._values[atom], []
        self._parent[atom] = atom
        for other in self._candidates(atom):
            theirs = self._values[other]
            if _equal(atom, mine, other, theirs):
                self._join(other, atom)
                break
            if mine.opaque and theirs.opaque and atom.sign == other.sign:
                open_pairs.append((other, atom))
        self._kinds[atom.kind].append(atom)
        return open_pairs

    def _candidates(self, atom: Atom) -> list[Atom]:
        """Return the atoms to compare one with: the first of each class, the reference's first.

        √x·|x| is x√x where both are real, and may be |x|·√x + 0·ln x, and so on: a chain of such
        comparisons must not lead from the reference to another answer.
        """
        kinds = (self._kinds[kind] for kind in _COMPARED.get(atom.kind, ()))
        first = [
            other
            for other in chain.from_iterable(kinds)
            if self._parent[other] == other and other.unit == atom.unit
        ]
        return sorted(first, key=lambda other: other not in self._targets)

    def _join(self, one: Atom, other: Atom) -> None:
        self._parent[self.of(other)] = self.of(one)

    def _approach(self, atom: Atom) -> None:
        """Join a number to the nearest number of the reference, if that is within tolerance."""
        best: tuple[Decimal, Atom] | None = None
        for target in self._targets:
            off = apart(self._values[atom], self._values[target])
            near = off is not None and off[1] <= self._tolerance
            if off is not None and near and (best is None or off[0] < best[0]):
                best = off[0], target
        if best is not None:
            self._join(best[1], atom)

    def key(self, structure: Structure) -> Hashable:
        """Return a value that is equal for equal answers and only for these."""
        inner = self._inner(structure)
        return ("=", structure.name, inner) if structure.name else inner

    def _inner(self, structure: Structure) -> Hashable:
        if structure.atom is not None:
            return self.of(structure.atom)
        items = [self.key(item) for item in structure.items]
        if structure.kind in ("list", "set"):
            items = sorted(set(items) if structure.kind == "set" else items, key=repr)
            return items[0] if len(items) == 1 else ("list", *items)
        return (structure.kind, structure.mark, *items)


def _pair(one: Atom, other: Atom) -> tuple[str, ...]:
    return ("same", *sorted((one.text, other.text)))


def _known(atom: Atom) -> Values:
    return Values() if atom.value is None else constant(atom.value)


def _equal(one: Atom, first: Values, other: Atom, second: Values) -> bool:
    if one.kind == "relation":
        return one.sign == other.sign and proportional(first, second, either=one.sign in "=≠")
    return same_family(first, second) if one.kind == "family" else same(first, second)
