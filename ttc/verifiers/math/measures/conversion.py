r"""Puts an answer into the units of the reference.

If only one of the two has a unit, the question has fixed it: 5 m is 5. If both have one, it counts:
150 cm is 1.5 m, and 5 m is not 5 s. An angle without a unit is in radians if it is written with π
or as the value of an inverse function.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from ttc.verifiers.math.atoms import Atom, scaled
from ttc.verifiers.math.measures.units import ANGLES, DEGREE, RADIAN, Unit, ratio
from ttc.verifiers.math.shape import Structure, atoms_of

_RADIANS = re.compile(r"\\pi(?![A-Za-z])|\\arc(?:sin|cos|tan|cot)|\\(?:sin|cos|tan|cot)\^\{-1\}")
_NUMBERS = ("number", "formula")


def in_units_of(structure: Structure, reference: Structure | None) -> Structure:
    """Return an answer with the magnitudes that it has in the reference's units.

    A unit stays with an atom only if the reference has another kind of unit.
    """
    asked = [] if reference is None else list(atoms_of(reference))
    units = [atom.unit for atom in asked]
    known = [unit for unit in units if unit is not None]
    given = list(atoms_of(structure))
    if not known:
        radians = bool(asked) and all(_in_radians(atom) for atom in asked)
        targets: list[Unit | None] = [
            RADIAN if radians and atom.unit and atom.unit.dimension in ANGLES else None
            for atom in given
        ]
    elif all(ratio(unit, known[0]) is not None for unit in known):
        targets = [known[0]] * len(given)
    elif len(given) == len(units) and not any(atom.unit for atom in given):
        return _with_atoms(
            structure,
            [_in_base_units(a._replace(unit=b)) for a, b in zip(given, units, strict=True)],
        )
    else:
        return _with_atoms(structure, [_in_base_units(atom) for atom in given])
    return _with_atoms(
        structure, [_converted(a, unit) for a, unit in zip(given, targets, strict=True)]
    )


def _with_atoms(structure: Structure, atoms: list[Atom]) -> Structure:
    """Return a structure with other atoms, which are given from left to right."""
    left = iter(atoms)

    def rebuilt(part: Structure) -> Structure:
        atom = None if part.atom is None else next(left)
        return replace(part, atom=atom, items=tuple(map(rebuilt, part.items)))

    return rebuilt(structure)


def _in_radians(atom: Atom) -> bool:
    return atom.unit is None and atom.kind == "formula" and bool(_RADIANS.search(atom.text))


def _converted(atom: Atom, target: Unit | None) -> Atom:
    """Return an atom without its unit, as a multiple of the target."""
    if atom.kind not in _NUMBERS:
        return atom
    unit = atom.unit
    if target == DEGREE and _in_radians(atom):
        unit = RADIAN
    bare = atom._replace(unit=None)
    if unit is None or target is None:
        return bare
    if (unit.dimension, target.dimension) == (DEGREE.dimension, RADIAN.dimension):
        return scaled(scaled(bare, unit.factor), r"\frac{\pi}{180}")
    if (unit.dimension, target.dimension) == (RADIAN.dimension, DEGREE.dimension):
        return scaled(scaled(bare, r"\frac{180}{\pi}"), 1 / target.factor)
    factor = ratio(unit, target)
    if factor is None:
        return _in_base_units(atom)
    return scaled(bare, factor)


def _in_base_units(atom: Atom) -> Atom:
    if atom.unit is None or atom.kind not in _NUMBERS:
        return atom
    base = atom.unit._replace(factor=Fraction(1))
    return scaled(atom, atom.unit.factor)._replace(unit=base)
