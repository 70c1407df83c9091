r"""Reads an answer in the form that the reference has.

The reference shows what the question asks for: whether names count (if it is `5`, then `x = 5`
is 5; if it is `x = 5`, then `5` is the value of x), whether "1, 2" is the pair `(1, 2)`, the base
of digits, whether a vector is a row or a column, and whether `y = 2x + 3` is an equation that may
be rearranged. Since only the reference decides this, equality of answers stays transitive.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ttc.verifiers.math.atoms import rebased, relation
from ttc.verifiers.math.measures.conversion import in_units_of
from ttc.verifiers.math.shape import atoms_of
from ttc.verifiers.math.structure import Structure, read, single
from ttc.verifiers.math.vectors import IN_SPACE, of_dimension
from ttc.verifiers.math.wording.domains import renamed

_PARAMETER = re.compile(r"(?<![A-Za-z\\])(?:\\[A-Za-z]+ ?)*[a-z]?k|k(?![A-Za-z])")
_SYMBOL = re.compile(r"[A-Za-z]|\\[A-Za-z]+")


def align(structure: Structure, reference: Structure | None) -> Structure:
    """Return an answer in the form of the reference; without a reference, names are dropped."""
    structure = in_units_of(structure, reference)
    if reference is None:
        given = structure.kind == "given"
        return _unnamed(_with_parameter(structure, structure.mark) if given else structure)
    structure = _valued(_as_option(_given(structure, reference), reference), reference)
    if _is_equation(reference):
        structure = _as_equation(structure)
    structure = _rearranged(_indexed(structure, reference), reference)
    structure = _named(structure, reference) if _has_names(reference) else _unnamed(structure)
    bases = {atom.sign if atom.kind == "based" else "" for atom in atoms_of(reference)}
    if len(bases) == 1 and (base := bases.pop()):
        structure = _in_base(structure, base)
    return _as_equation(structure) if _is_equation(reference) else structure


def _given(structure: Structure, reference: Structure) -> Structure:
    """Take over the domain of the reference: the answer need not say it, but not another one."""
    bare = structure.items[0] if structure.kind == "given" else structure
    if reference.kind != "given":
        return bare
    domain = structure.items[1] if structure.kind == "given" else reference.items[1]
    bare = _with_parameter(bare, structure.mark if structure.kind == "given" else reference.mark)
    asked = _as_family(_with_parameter(reference.items[0], reference.mark), domain)
    return Structure("given", (align(_as_family(bare, domain), asked), domain))


def _with_parameter(structure: Structure, letter: str) -> Structure:
    """Call the parameter of a family k, whatever its letter is."""
    atom, items = structure.atom, structure.items
    if atom is not None and atom.kind in ("formula", "relation"):
        atom = atom._replace(text=renamed(atom.text, letter))
    return replace(
        structure, atom=atom, items=tuple(_with_parameter(item, letter) for item in items)
    )


def _indexed(structure: Structure, reference: Structure) -> Structure:
    """Turn x_1 = 1, x_2 = 2 into two values of x where the reference is a list."""
    names = [(item.name or "").partition("_") for item in structure.items]
    indexed = structure.kind == "tuple" and len({name for name, _, _ in names}) == 1
    if indexed and all(index for _, _, index in names) and reference.kind in ("list", "set"):
        name = names[0][0] if _has_names(reference) else None
        return replace(_unnamed(structure), kind="list", name=name)
    return of_dimension(structure, reference)


def _as_family(structure: Structure, domain: Structure) -> Structure:
    """Mark the formulas with the parameter k, for all integers: a + bk is a + b(k + 1)."""
    if domain.atom is None or domain.atom.text != "Z":
        return structure
    items = tuple(_as_family(item, domain) for item in structure.items)
    atom = structure.atom
    if atom is not None and atom.kind == "formula" and _PARAMETER.search(atom.text):
        atom = atom._replace(kind="family")
    return replace(structure, atom=atom, items=items)


def _as_option(structure: Structure, reference: Structure) -> Structure:
    """Compare what the reference has of an option: its letter, its value, or what is there."""
    if reference.kind == "option":
        if structure.kind == "option":
            value = align(structure.items[1], reference.items[1])
            return replace(structure, items=(structure.items[0], value))
        at = 0 if _is_letter(structure) else 1
        pair = (structure, reference.items[1]) if at == 0 else (reference.items[0], structure)
        return Structure("option", (pair[0], align(pair[1], reference.items[1])))
    if structure.kind != "option":
        return structure
    return structure.items[0 if _is_letter(reference) else 1]


def _is_letter(structure: Structure) -> bool:
    return structure.atom is not None and bool(re.fullmatch(r"[A-J]", structure.atom.text))


def _valued(structure: Structure, reference: Structure) -> Structure:
    """Return the value of x + y = 7 where the reference is a value without a name."""
    named = _has_names(reference) or (reference.atom and reference.atom.kind == "relation")
    return read(structure.mark) if structure.mark and structure.atom and not named else structure


def _has_names(structure: Structure) -> bool:
    return structure.name is not None or any(map(_has_names, structure.items))


def _unnamed(structure: Structure) -> Structure:
    return replace(structure, name=None, items=tuple(map(_unnamed, structure.items)))


def _named(structure: Structure, reference: Structure) -> Structure:
    """Take over the names of the reference where the answer has none."""
    if structure.atom is not None and structure.atom.kind == "relation":
        return structure
    items = structure.items
    if structure.kind == reference.kind == "tuple" and len(items) == len(reference.items):
        pairs = zip(items, reference.items, strict=True)
        items = tuple(replace(item, name=item.name or theirs.name) for item, theirs in pairs)
    return replace(structure, name=structure.name or reference.name, items=items)


def _rearranged(structure: Structure, reference: Structure) -> Structure:
    """Turn a bare list into a tuple, a tuple into a vector, or a vector into a tuple."""
    count = len(structure.items)
    if count != len(reference.items) or count < 2:
        return structure
    if reference.mark == IN_SPACE:
        reference = replace(reference, mark="")
    kinds = structure.kind, reference.kind
    vector = {"matrix": structure, "tuple": reference}.get(structure.kind, structure)
    if kinds == ("list", "tuple") and all(item.atom for item in structure.items):
        return replace(structure, kind="tuple")
    if kinds in {("tuple", "matrix"), ("matrix", "tuple")} and vector.mark in ("1", str(count)):
        return replace(structure, kind=reference.kind, mark=reference.mark)
    return structure


def _in_base(structure: Structure, base: str) -> Structure:
    atom = rebased(structure.atom, base) if structure.atom else None
    items = tuple(_in_base(item, base) for item in structure.items)
    return replace(structure, atom=atom, items=items)


def _is_equation(reference: Structure) -> bool:
    """Return whether the reference is an equation that may be rearranged, such as y = 2x + 3, and
    not a value with a name, such as x = 3."""
    if reference.atom is None or reference.atom.kind in ("relation", "family"):
        return reference.atom is not None and reference.atom.sign == "="
    letters = re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", reference.atom.text))
    return bool(reference.name and _SYMBOL.fullmatch(reference.name) and letters)


def _as_equation(structure: Structure) -> Structure:
    if (
        structure.atom is None
        or structure.name is None
        or structure.atom.kind not in ("formula", "number")
    ):
        return structure
    return single(relation(structure.name, structure.atom.text, "="))
