"""Facets: what draws and problems are filtered by, defined once for the page and for exports.

A draw is `correct`, `wrong` or `undecided` as the verifier that counts says, or `unjudged`; besides
it may be `truncated`, have `no-answer`, or verifiers may `disagree` on it. A problem has a facet of
draws if one of its draws has it; `cancelled` and `failed` are about attempts that were never
finished, `vote-right`, `vote-wrong` and `vote-tied` about what the vote of all its draws is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

import numpy as np

from ttc.errors import UsageError
from ttc.tags import natural
from ttc.view import votes
from ttc.view.table import NO_ANSWER, Mask, Table

OF_DRAWS: Mapping[str, Callable[[Table], Mask]] = {
    "correct": lambda table: table.draws.judged & (table.draws.correct == 1),
    "wrong": lambda table: table.draws.judged & (table.draws.correct == 0),
    "undecided": lambda table: table.draws.judged & (table.draws.correct == -1),
    "unjudged": lambda table: ~table.draws.judged,
    "truncated": lambda table: table.draws.truncated,
    "no-answer": lambda table: table.draws.judged & (table.draws.answer == NO_ANSWER),
    "disagree": lambda table: table.contested,
}
OF_ATTEMPTS = {"cancelled": "cancelled", "failed": "error"}  # facet: status of the attempt
OF_PROBLEMS: Mapping[str, Callable[[Table], Mask]] = {
    "vote-right": lambda table: votes.values(table) == 1,
    "vote-wrong": lambda table: votes.values(table) == 0,
    "vote-tied": lambda table: (votes.values(table) > 0) & (votes.values(table) < 1),
}
NAMES = (*OF_DRAWS, *OF_ATTEMPTS, *OF_PROBLEMS)


def parse(text: str) -> list[str]:
    """Return the facets of a filter: separated by commas, each percent-encoded."""
    return [unquote(part) for part in text.split(",") if part]


def written(facets: Sequence[str]) -> str:
    """Return a filter as `parse` reads it."""
    return ",".join(quote(facet, safe=":=") for facet in facets)


def draws_with(table: Table, facet: str) -> Mask:
    """Return which draws have a facet. UsageError for one that there is not."""
    return _kept(table, ("draws", facet), _draws_with)


def _kept(table: Table, key: tuple[str, str], compute: Callable[[Table, str], Mask]) -> Mask:
    """Return a mask that was computed before, else compute and keep it."""
    facet = key[1]
    if key not in table.kept:
        found = compute(table, facet)
        if facet.startswith("answer:"):  # of these there are too many to keep
            return found
        table.kept[key] = found
    kept: Mask = table.kept[key]
    return kept


def _draws_with(table: Table, facet: str) -> Mask:
    if facet in OF_DRAWS:
        return OF_DRAWS[facet](table)
    if facet in OF_ATTEMPTS:
        return np.zeros(len(table.draws), dtype=bool)  # attempts are no draws
    kind, colon, value = facet.partition(":")
    if kind == "answer" and colon:
        places = {answer: at for at, answer in enumerate(table.draws.answers)}
        given = places.get(value, -2) if value else NO_ANSWER
        found: Mask = table.draws.judged & (table.draws.answer == given)
        return found
    return problems_with(table, facet)[table.draws.problem]


def problems_with(table: Table, facet: str) -> Mask:
    """Return which problems have a facet. UsageError for one that there is not."""
    return _kept(table, ("problems", facet), _problems_with)


def _problems_with(table: Table, facet: str) -> Mask:
    if facet in OF_PROBLEMS:
        return OF_PROBLEMS[facet](table)
    if facet in OF_ATTEMPTS:
        status = OF_ATTEMPTS[facet]
        there = {row["problem"] for row in table.attempts if row["status"] == status}
        return np.isin(np.arange(len(table.names)), list(there))
    kind, colon, value = facet.partition(":")
    if kind == "group" and colon:
        name, _, wanted = value.partition("=")
        return np.array([tags.get(name) == wanted for tags in table.tags], dtype=bool)
    if facet in OF_DRAWS or (kind == "answer" and colon):
        return table.per_problem(draws_with(table, facet)) > 0
    listed = ", ".join((*NAMES, "group:NAME=VALUE", "answer:TEXT"))
    raise UsageError(f"filter: there is no {facet!r}; there are {listed}")


def of_one_draw(facet: str) -> bool:
    """Return whether a facet is about single draws: of several, one draw must have all."""
    return facet in OF_DRAWS or facet.startswith("answer:")


def groups(table: Table) -> dict[str, dict[str, int]]:
    """Return the groups of a pool: the number of draws by tag and value, in natural order."""
    key = "groups"
    if key not in table.kept:
        sizes = np.diff(table.starts)
        found: dict[str, dict[str, int]] = {}
        for tags, size in zip(table.tags, sizes.tolist(), strict=True):
            for name, value in tags.items():
                values = found.setdefault(name, {})
                values[value] = values.get(value, 0) + size
        table.kept[key] = {
            name: dict(sorted(found[name].items(), key=lambda pair: natural(pair[0])))
            for name in sorted(found)
        }
    shown: dict[str, dict[str, int]] = table.kept[key]
    return shown


def listed(table: Table, *, of_problems: bool = False, most: int = 50) -> Iterator[str]:
    """Yield the facets of a pool; of a tag with more than `most` values, none."""
    yield from OF_DRAWS
    if of_problems:
        yield from OF_ATTEMPTS
    yield from OF_PROBLEMS
    for name, values in groups(table).items():
        if len(values) <= most:
            yield from (f"group:{name}={value}" for value in values)
