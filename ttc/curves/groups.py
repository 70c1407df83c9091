"""Groups: the problems of a source by the values of their tags, each with curves of its own.

What a rule scores on a problem does not depend on the group, so a table is made once for all
problems and cut into groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from ttc.curves.table import Cell, Table
from ttc.errors import UsageError
from ttc.messages.counts import some
from ttc.records import Curve
from ttc.tags import listed, natural

if TYPE_CHECKING:
    from ttc.outcomes import Source

# The values of the tags of a group; None for a tag that its problems lack.
Values: TypeAlias = "tuple[str | None, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """The problems of one source with the same values of the tags `by`, joined by commas.

    `name` is the value, or the values joined by a comma and a space; `(no TAG)` stands for problems
    without the tag. Names are unique within `source` and `by`.
    """

    source: str
    by: str
    name: str
    problems: tuple[str, ...]

    @property
    def title(self) -> str:
        """The group as it is named in a heading."""
        return f"{self.by} = {self.name}"

    @property
    def size(self) -> str:
        """The number of its problems, in words."""
        return some(len(self.problems), "problem")

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON, with the number of its problems."""
        return {
            "source": self.source,
            "by": self.by,
            "group": self.name,
            "problems": len(self.problems),
        }


def groups_of(source: Source, by: str) -> list[Group]:
    """Return the groups of a source in the natural order of their values; problems without the tag
    come last.

    `by` is the name of a tag, or several with commas between them: a group for each combination of
    their values that occurs. UsageError if no problem has a tag of this name.
    """
    names = by.split(",")
    for name in names:
        if not any(name in source.tags.get(problem, ()) for problem in source.problems):
            raise _unknown(source, name)
    members: dict[Values, list[str]] = {}
    for problem in sorted(source.problems):
        tags = source.tags.get(problem, {})
        members.setdefault(tuple(tags.get(name) for name in names), []).append(problem)
    ordered = sorted(members, key=lambda values: [_order(value) for value in values])
    shown = _names(names, ordered)
    return [Group(source.name, by, shown[values], tuple(members[values])) for values in ordered]


def _order(value: str | None) -> tuple[Any, ...]:
    return (2,) if value is None else natural(value)


def _names(tags: Sequence[str], groups: Sequence[Values]) -> dict[Values, str]:
    """Return a name for each group. No two are equal, whatever the values are."""
    texts = [{values[at] for values in groups} for at in range(len(tags))]

    def text(at: int, value: str | None) -> str:
        if value is not None:
            return value
        none = f"(no {tags[at]})"
        while none in texts[at]:
            none = f"({none})"
        return none

    found = {
        values: ", ".join(text(at, value) for at, value in enumerate(values)) for values in groups
    }
    times = Counter(found.values())
    # Values with commas in them may join to the same text.
    return {
        values: name if times[name] == 1 else ", ".join(map(repr, values))
        for values, name in found.items()
    }


def _unknown(source: Source, name: str) -> UsageError:
    there = listed(source.tag_names)
    why = f"{source.name}: no problem has the tag {name!r}; there are {there}"
    if source.origin is None:
        remedy = "a file needs a field of this name, or an object tags, in its lines"
        return UsageError(f"{why}; {remedy}", python=f"{why}; {remedy}")
    return UsageError(
        f"{why}; the same ttc sample with --tag {name} adds it and draws nothing again",
        python=f"{why}; the same ttc.sample with tag={name!r} adds it and draws nothing again",
    )


def parts(table: Table, groups: Sequence[Group]) -> Iterator[Table]:
    """Yield the part of a table that is about the problems of each group."""
    at = {problem: place for place, problem in enumerate(table.problems)}
    aligned = [_aligned(cell) for cell in table.cells]
    for group in groups:
        places = [at[problem] for problem in group.problems]
        yield replace(
            table,
            problems=group.problems,
            pools=[table.pools[place] for place in places],
            cells=[
                _part(cell, costs, places) for cell, costs in zip(table.cells, aligned, strict=True)
            ],
        )


def _aligned(cell: Cell) -> list[Mapping[str, float | None] | None]:
    """Return the cost of each problem; None for those with too few draws, of which a cell has no
    cost."""
    costs = iter(cell.costs)
    return [None if found is None else next(costs, None) for found in cell.estimates]


def _part(
    cell: Cell, costs: Sequence[Mapping[str, float | None] | None], places: Sequence[int]
) -> Cell:
    return replace(
        cell,
        estimates=[cell.estimates[place] for place in places],
        costs=[cost for place in places if (cost := costs[place]) is not None],
    )


def curves_by(
    table: Table, groups: Sequence[Group], draw: Callable[[Table], Sequence[Curve]]
) -> list[Curve]:
    """Return the curves of each group; `draw` makes them of a table."""
    return [
        replace(curve, by=group.by, group=group.name)
        for group, part in zip(groups, parts(table, groups), strict=True)
        for curve in draw(part)
    ]


def notes(source: Source, groups: Sequence[Group]) -> list[str]:
    """Return a line for each tag that some problems of a source lack."""
    lines = []
    for name in dict.fromkeys(name for group in groups for name in group.by.split(",")):
        lacking = sum(name not in source.tags.get(problem, ()) for problem in source.problems)
        if lacking:
            lines.append(
                f"{source.name}: {lacking} of {len(source.problems)} problems have no {name} and "
                "are a group of their own"
            )
    return lines
