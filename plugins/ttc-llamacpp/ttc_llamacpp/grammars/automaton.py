"""Regular languages as automata over characters: built, combined, and written as GBNF.

An `Nfa` is built from a pattern; `determine` makes a `Dfa` of it. As GBNF each state of a DFA is a
rule with disjoint alternatives, so that llama.cpp follows one path where the pattern itself would
branch into many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ttc_llamacpp.grammars.charset import EVERY, Ranges, holds, of, ranges
from ttc_llamacpp.grammars.errors import GrammarError

MOST_NODES = 200_000
MOST_STATES = 4000

# What an edge without a character asks for: nothing, or a place in the text.
FREE, BEGIN, END, LAST_LINE = range(4)
# What may still follow: anything, one newline, nothing.
_ANY, _NEWLINE, _NONE = range(3)
_LF = ord("\n")

_Place = tuple[int, bool, int]  # a node, whether nothing came before, what may follow


@dataclass(slots=True)
class Nfa:
    """Nodes with edges on characters and edges that consume none."""

    moves: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    jumps: list[list[tuple[int, int]]] = field(default_factory=list)

    def node(self) -> int:
        """Add a node. Raises GrammarError if there are too many."""
        if len(self.moves) >= MOST_NODES:
            raise GrammarError("it repeats too much; lower the counts")
        self.moves.append([])
        self.jumps.append([])
        return len(self.moves) - 1

    def jump(self, source: int, target: int, kind: int = FREE) -> None:
        """Add an edge without a character."""
        self.jumps[source].append((kind, target))

    def on(self, source: int, among: Ranges, target: int) -> None:
        """Add an edge on a set of characters."""
        if among:
            self.moves[source].append((among, target))

    def _closure(self, places: Iterable[_Place]) -> frozenset[_Place]:
        found, todo = set(places), list(places)
        while todo:
            node, first, after = todo.pop()
            for kind, target in self.jumps[node]:
                for rest in _allowed(kind, first=first, after=after):
                    if (place := (target, first, rest)) not in found:
                        found.add(place)
                        todo.append(place)
        return frozenset(found)

    def determine(self, start: int, end: int) -> Dfa:
        """Return the DFA of the texts that lead from `start` to `end`."""
        first = self._closure([(start, True, _ANY)])
        known, made = {first: 0}, Dfa()
        made.add(accepts=_ends(first, end))
        todo = [first]
        while todo:
            state = todo.pop()
            row: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for low, high, places in _sweep(self._edges(state)):
                target = self._closure(places)
                if target not in known:
                    known[target] = made.add(accepts=_ends(target, end))
                    todo.append(target)
                row[known[target]].append((low, high))
            made.moves[known[state]] = [(ranges(parts), to) for to, parts in row.items()]
        return made.trimmed()

    def _edges(self, state: Iterable[_Place]) -> Iterator[tuple[Ranges, _Place]]:
        for node, _, after in state:
            for among, target in self.moves[node]:
                if after == _ANY:
                    yield among, (target, False, _ANY)
                elif after == _NEWLINE and holds(among, _LF):
                    yield of("\n"), (target, False, _NONE)


def _allowed(kind: int, *, first: bool, after: int) -> tuple[int, ...]:
    """Return what may follow an edge without a character; nothing if it cannot be taken."""
    if kind == FREE or (kind == BEGIN and first):
        return (after,)
    if kind == END and after != _NEWLINE:
        return (_NONE,)
    if kind == LAST_LINE:
        # A final newline may follow it.
        return (_NEWLINE, _NONE) if after == _ANY else (after,)
    return ()


def _ends(state: Iterable[_Place], end: int) -> bool:
    return any(node == end and after != _NEWLINE for node, _, after in state)


def _sweep(
    edges: Iterable[tuple[Ranges, _Place]],
) -> Iterator[tuple[int, int, frozenset[_Place]]]:
    """Split edges on sets that overlap into disjoint ranges with all places that each leads to."""
    events: dict[int, list[tuple[int, _Place]]] = defaultdict(list)
    for among, place in edges:
        for low, high in among:
            events[low].append((1, place))
            events[high + 1].append((-1, place))
    active: dict[_Place, int] = defaultdict(int)
    points = sorted(events)
    for point, following in pairwise(points):
        for change, place in events[point]:
            active[place] += change
            if not active[place]:
                del active[place]
        if active:
            yield point, following - 1, frozenset(active)


@dataclass(slots=True)
class Dfa:
    """States with disjoint moves; state 0 is the start. Nothing accepted: no states."""

    moves: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    accepts: list[bool] = field(default_factory=list)

    def add(self, *, accepts: bool) -> int:
        """Add a state. Raises GrammarError if there are too many."""
        if len(self.moves) >= MOST_STATES:
            raise GrammarError(
                f"it needs more than {MOST_STATES} states; lower the counts or simplify it"
            )
        self.moves.append([])
        self.accepts.append(accepts)
        return len(self.moves) - 1

    def trimmed(self) -> Dfa:
        """Return it without the states from which nothing is accepted."""
        into: dict[int, list[int]] = defaultdict(list)
        for source, row in enumerate(self.moves):
            for _, target in row:
                into[target].append(source)
        todo = [state for state, accepts in enumerate(self.accepts) if accepts]
        alive = set(todo)
        while todo:
            for source in into[todo.pop()]:
                if source not in alive:
                    alive.add(source)
                    todo.append(source)
        if 0 not in alive:
            return Dfa()
        number = {old: new for new, old in enumerate(sorted(alive))}
        rows = [
            [(among, number[to]) for among, to in self.moves[old] if to in number] for old in number
        ]
        return Dfa(rows, [self.accepts[old] for old in number])

    def matches(self, text: str) -> bool:
        """Return whether a text is in the language."""
        state = 0 if self.moves else None
        for char in text:
            row = [] if state is None else self.moves[state]
            state = next((to for among, to in row if holds(among, ord(char))), None)
        return state is not None and self.accepts[state]


def combined(first: Dfa, second: Dfa, accepts: Callable[[bool, bool], bool]) -> Dfa:
    """Return the DFA of the texts for which `accepts` holds of the verdicts of both: `and` for the
    intersection, `a and not b` for the difference."""
    rows, ends = [*first.moves, []], [*first.accepts, False]
    others, other_ends = [*second.moves, []], [*second.accepts, False]
    dead = len(first.moves), len(second.moves)
    start = (0, 0)  # of a language without states, 0 is the dead state
    known, made = {start: 0}, Dfa()
    made.add(accepts=accepts(ends[0], other_ends[0]))
    todo = [start]
    while todo:
        pair = todo.pop()
        row: dict[int, list[tuple[int, int]]] = defaultdict(list)
        edges = [(among, (to, True, 0)) for among, to in rows[pair[0]]]
        edges += [(among, (to, False, 0)) for among, to in others[pair[1]]]
        for low, high, places in _sweep([*edges, (EVERY, (-1, True, 0))]):
            one = next((to for to, mine, _ in places if mine and to >= 0), dead[0])
            two = next((to for to, mine, _ in places if not mine), dead[1])
            target = (one, two)
            if target == dead:
                continue
            if target not in known:
                known[target] = made.add(accepts=accepts(ends[one], other_ends[two]))
                todo.append(target)
            row[known[target]].append((low, high))
        made.moves[known[pair]] = [(ranges(parts), to) for to, parts in row.items()]
    return made.trimmed()


def both(first: Dfa, second: Dfa) -> Dfa:
    """Return the intersection of two languages."""
    return combined(first, second, lambda one, two: one and two)


def difference(first: Dfa, second: Dfa) -> Dfa:
    """Return what is in the first language and not in the second."""
    return combined(first, second, lambda one, two: one and not two)


def rules(dfa: Dfa, name: str, write: Callable[[Ranges], str]) -> Mapping[str, str]:
    """Return the GBNF rules of a language that is not empty; `name` is that of the first.

    `write` gives a set of characters as GBNF.
    """
    last = [not row and end for row, end in zip(dfa.moves, dfa.accepts, strict=True)]
    names = [name if not state else f"{name}-{state}" for state in range(len(dfa.moves))]
    found = {}
    for state, row in enumerate(dfa.moves):
        ways = [write(among) + ("" if last[to] else f" {names[to]}") for among, to in row]
        if dfa.accepts[state]:
            ways.append('""')
        if not last[state] or not state:
            found[names[state]] = " | ".join(ways)
    return found


def text_rules(rows: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """Return rules as a text of GBNF."""
    return "".join(f"{name} ::= {rule}\n" for name, rule in dict(rows).items())
