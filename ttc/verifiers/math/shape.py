"""The type of an answer's structure, and lists of several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ttc.verifiers.math.atoms import Atom

__all__ = ["Structure", "atoms_of", "listed", "single"]


@dataclass(frozen=True, slots=True)
class Structure:
    """A part of an answer.

    `kind` is `atom`, `list` (the order does not matter), `set` (nor do repeats), `tuple`,
    `interval` (`mark` is its brackets), `matrix` (`mark` is its number of columns), `given` (a
    value and its domain, such as the integers; `mark` is its parameter), `option` (a letter and a
    value), `builder` (the elements of a set and their condition) or `chain` (`mark` is its signs,
    as in a < b < c). An open interval is written like a pair and treated as one.

    `name` is the name of the value, such as x in x = 3. The `mark` of an atom that is an equation
    is its right-hand side, if that is a value and the other side only names it: x + y = 7.
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


def listed(structures: Iterable[Structure], kind: str) -> Structure:
    """Return a list or set; nested lists are flattened, and a single common name is moved to it.

    Values with different names are one system: the pair (1, 2) for x = 1, y = 2, in whatever order
    they are given.
    """
    given = list(structures)
    systems = [each for each in given if kind == "list" and _is_system(each)]
    told = [each.name for each in given if each.name] + [
        item.name for system in systems for item in system.items
    ]
    # (x = 1, y = 2), (x = 3, y = 4) are two pairs; x = 1, y = 2; z = 3 is one triple.
    apart = len(set(told)) < len(told)
    items: list[Structure] = []
    for structure in given:
        flat = structure.kind == "list" or (structure in systems and not apart)
        inner = structure.items if flat else (structure,)
        items += [replace(item, name=item.name or structure.name) for item in inner]
    names = [item.name for item in items]
    if names and names[0] and all(name in (None, names[0]) for name in names):
        bare = tuple(replace(item, name=None) for item in items)
        return Structure(kind, bare, name=names[0])
    if kind == "list" and len(set(names)) == len(names) > 1 and all(names):
        return system(items)
    return Structure(kind, tuple(items))


def system(items: Iterable[Structure]) -> Structure:
    """Return the tuple of named values, sorted by name."""
    return Structure("tuple", tuple(sorted(items, key=lambda item: item.name or "")))


def _is_system(structure: Structure) -> bool:
    return structure.kind == "tuple" and any(item.name for item in structure.items)
