"""Regular expressions to GBNF, exactly as `re.fullmatch` reads them.

Python's own parser reads the pattern, so flags, escapes, classes and Unicode are those of `re`.
What no regular language has (back-references, look-around, atomic groups) is refused by name.
"""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ttc_llamacpp.grammars import charset
from ttc_llamacpp.grammars.automaton import BEGIN, END, LAST_LINE, Dfa, Nfa, rules, text_rules
from ttc_llamacpp.grammars.charset import EVERY, LAST, Ranges
from ttc_llamacpp.grammars.errors import GrammarError

parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

_REFUSED = {
    "ASSERT": "look-around, (?=…) or (?<=…)",
    "ASSERT_NOT": "negative look-around, (?!…) or (?<!…)",
    "FAILURE": "negative look-around, (?!…) or (?<!…)",
    "GROUPREF": "a back-reference to a group",
    "GROUPREF_EXISTS": "a condition on a group, (?(1)…)",
    "ATOMIC_GROUP": "an atomic group, (?>…)",
    "POSSESSIVE_REPEAT": "a possessive quantifier, as in a*+",
    "AT_BOUNDARY": r"a word boundary, \b",
    "AT_NON_BOUNDARY": r"a word boundary, \B",
}
_PLACES = {
    "AT_BEGINNING": BEGIN,
    "AT_BEGINNING_STRING": BEGIN,
    "AT_END_STRING": END,
}
_LINES = ("AT_BEGINNING", "AT_END")
_CATEGORIES = {
    "DIGIT": (str.isdecimal, "0123456789"),
    "SPACE": (str.isspace, " \t\n\r\f\v"),
    "WORD": (
        lambda char: char.isalnum() or char == "_",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
    ),
}


def regex_gbnf(pattern: str) -> str:
    """Return the grammar of the texts that a pattern matches from beginning to end.

    Raises GrammarError if it is no pattern, or none that a grammar can hold.
    """
    dfa = language(pattern)
    if not dfa.moves:
        raise GrammarError("no text matches it")
    return text_rules(rules(dfa, "root", charset.gbnf))


def language(pattern: str, *, search: bool = False, flags: int = 0) -> Dfa:
    """Return the texts that a pattern matches; with `search`, those that it matches somewhere, and
    with `$` only at their end, as JSON Schema has it.

    Raises GrammarError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's next versions
            tree = parser.parse(pattern, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise GrammarError(f"not a regular expression: {error}") from None
    builder = _Builder(END if search else LAST_LINE)
    begin, end = builder.nfa.node(), builder.nfa.node()
    if search:
        for node in (begin, end):
            builder.nfa.on(node, EVERY, node)
    inner = builder.nfa.node()
    builder.nfa.jump(begin, inner)
    try:
        last = builder.sequence(tree, inner, tree.state.flags)
    except RecursionError:
        raise GrammarError("its groups are nested too deeply") from None
    builder.nfa.jump(last, end)
    return builder.nfa.determine(begin, end)


class _Builder:
    """Adds the parts of a parsed pattern to an automaton. Each method returns the node after it."""

    def __init__(self, dollar: int) -> None:
        self.nfa, self._places = Nfa(), {**_PLACES, "AT_END": dollar}

    def sequence(self, items: Any, at: int, flags: int) -> int:
        for operator, argument in items:
            at = self.item(str(operator), argument, at, flags)
        return at

    def item(self, operator: str, argument: Any, at: int, flags: int) -> int:
        if operator in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            after = self.nfa.node()
            self.nfa.on(at, _characters(operator, argument, flags), after)
            return after
        if operator == "BRANCH":
            return self.branches(argument[1], at, flags)
        if operator == "SUBPATTERN":
            _, more, less, inner = argument
            return self.sequence(inner, at, (flags | more) & ~less)
        if operator in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, inner = argument
            return self.repeat((least, most), inner, at, flags)
        if operator == "AT":
            return self.place(str(argument), at, flags)
        raise GrammarError(f"{_REFUSED.get(operator, operator.lower())}: no grammar can hold to it")

    def branches(self, ways: Sequence[Any], at: int, flags: int) -> int:
        after = self.nfa.node()
        for way in ways:
            begin = self.nfa.node()
            self.nfa.jump(at, begin)
            self.nfa.jump(self.sequence(way, begin, flags), after)
        return after

    def repeat(self, counts: tuple[int, Any], inner: Any, at: int, flags: int) -> int:
        least, most = counts
        for _ in range(least):
            at = self.sequence(inner, at, flags)
        after = self.nfa.node()
        self.nfa.jump(at, after)
        if most is parser.MAXREPEAT:
            begin = self.nfa.node()
            self.nfa.jump(after, begin)
            self.nfa.jump(self.sequence(inner, begin, flags), after)
            return after
        for _ in range(int(most) - least):
            at = self.sequence(inner, at, flags)
            self.nfa.jump(at, after)
        return after

    def place(self, name: str, at: int, flags: int) -> int:
        if name in _LINES and flags & re.MULTILINE:
            raise GrammarError("^ or $ at each line, (?m): no grammar can hold to it")
        if name not in self._places:
            raise GrammarError(f"{_REFUSED.get(name, name.lower())}: no grammar can hold to it")
        after = self.nfa.node()
        self.nfa.jump(at, after, self._places[name])
        return after


def _characters(operator: str, argument: Any, flags: int) -> Ranges:
    """Return the characters that an item of a pattern matches."""
    if operator == "ANY":
        return EVERY if flags & re.DOTALL else charset.without(EVERY, charset.of("\n"))
    items = argument if operator == "IN" else [(parser.LITERAL, argument)]
    negated = operator == "NOT_LITERAL"
    found = list[Ranges]()
    for kind, value in items:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "CATEGORY":
            found.append(_category(str(value).removeprefix("CATEGORY_"), flags))
        else:
            span = (value, value) if name == "LITERAL" else value
            found.append(_folded(*span, flags) if flags & re.IGNORECASE else _span(*span))
    among = charset.union(found)
    return charset.without(EVERY, among) if negated else among


def _span(low: int, high: int) -> Ranges:
    return charset.ranges([(low, high)])


@lru_cache(maxsize=16)
def _category(name: str, flags: int) -> Ranges:
    word = name.removeprefix("NOT_")
    holds, ascii_only = _CATEGORIES[word]
    if flags & re.ASCII:
        among = charset.of(ascii_only)
    else:
        codes = (code for code in range(LAST + 1) if holds(chr(code)))
        among = charset.ranges((code, code) for code in codes)
    return charset.without(EVERY, among) if name != word else among


@lru_cache(maxsize=256)
def _folded(low: int, high: int, flags: int) -> Ranges:
    """Return a range and the characters that `re` takes for one of it without regard to case."""
    one = f"[\\U{low:08x}-\\U{high:08x}]"
    matches = re.compile(one, flags & (re.IGNORECASE | re.ASCII)).fullmatch
    others = [(ord(char), ord(char)) for char in _cased() if matches(char)]
    return charset.ranges([(low, high), *others])


@lru_cache(maxsize=1)
def _cased() -> tuple[str, ...]:
    """Return the characters that have an upper or a lower case other than themselves."""
    every = map(chr, range(LAST + 1))
    return tuple(char for char in every if char.lower() != char or char.upper() != char)
