"""Check a grammar before llama.cpp gets it: its syntax, its names, and that its texts have an end.

llama.cpp finds only part of the left recursions; it expands the others until memory is full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.gbnf import Alternative, Item, Reader

MOST_BYTES = 1 << 20
# Rules that llama.cpp's own search for left recursion may visit: it takes every path again.
_MOST_VISITS = 1_000_000
_DEEPEST = 2000

Rules = Mapping[str, list[Alternative]]


def check(text: str) -> None:
    """Raise GrammarError if llama.cpp cannot use a grammar, with the line and the column."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise GrammarError(f"it is larger than {MOST_BYTES >> 20} MiB")
    reader = Reader(text)
    reader.read()
    rules = reader.rules
    if "root" not in rules:
        first = next(iter(rules), None)
        hint = f"; the first one is {first!r}" if first else ""
        raise GrammarError(f"no rule is named 'root', with which every text begins{hint}")
    for item in _items(rules):
        if item.rule and item.rule not in rules:
            raise reader.error(f"no rule is named {item.rule!r}", item.at)
    _check_first_rules(reader)
    if "root" not in _closed(rules, empty=False):
        what = "no text ever ends: root always comes back to itself"
        raise reader.error(what, reader.starts["root"])


def _items(rules: Rules) -> Iterator[Item]:
    for alternatives in rules.values():
        for alternative in alternatives:
            yield from alternative


def _closed(rules: Rules, *, empty: bool) -> set[str]:
    """Return the rules that some text completes; with `empty`, those that the empty text does."""
    users: dict[str, set[str]] = {name: set() for name in rules}
    for name, alternatives in rules.items():
        for item in (each for alternative in alternatives for each in alternative):
            if item.rule:
                users[item.rule].add(name)
    found, todo = set[str](), list(rules)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        for alternative in rules[name]:
            if all(_may_end(item, found, empty=empty) for item in alternative):
                found.add(name)
                todo += users[name]
                break
    return found


def _may_end(item: Item, found: set[str], *, empty: bool) -> bool:
    return item.optional or (item.rule in found if item.rule else not empty)


def _check_first_rules(reader: Reader) -> None:
    """Follow the rules that may come first in each rule; refuse one that comes to itself."""
    first = _first_rules(reader.rules)
    visits, depths = dict[str, int](), dict[str, int]()
    for start in reader.rules:
        path, todo = dict[str, None](), [(start, iter(first[start]))]
        path[start] = None
        while todo:
            name, rest = todo[-1]
            step = next(rest, None)
            if step is None:
                todo.pop()
                path.pop(name)
                visits[name] = 1 + sum(visits[item.rule] * item.times for item in first[name])
                depths[name] = 1 + max((depths[item.rule] for item in first[name]), default=0)
                continue
            if step.rule in path:
                raise _recursion(reader, list(path), step)
            if step.rule not in visits:
                path[step.rule] = None
                todo.append((step.rule, iter(first[step.rule])))
    if max(visits.values()) > _MOST_VISITS or max(depths.values()) > _DEEPEST:
        raise GrammarError("its rules branch too often before the first character; simplify it")


def _first_rules(rules: Rules) -> dict[str, list[Item]]:
    nullable = _closed(rules, empty=True)
    found: dict[str, list[Item]] = {name: [] for name in rules}
    for name, alternatives in rules.items():
        for alternative in alternatives:
            for item in alternative:
                if item.rule:
                    found[name].append(item)
                if not _may_end(item, nullable, empty=True):
                    break
    return found


def _recursion(reader: Reader, path: list[str], step: Item) -> GrammarError:
    cycle = [*path[path.index(step.rule) :], step.rule]
    named = " → ".join(name for name in cycle if not name.startswith("("))
    return reader.error(
        f"left recursion ({named or 'a group'}), which llama.cpp does not have; "
        "write the repetition with * or +",
        step.at,
    )
