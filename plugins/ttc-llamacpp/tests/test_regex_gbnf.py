"""Patterns as grammars: the same texts as `re.fullmatch`, or a refusal by name."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.gbnf_check import check
from ttc_llamacpp.grammars.regex import language, regex_gbnf

PATTERNS = (
    "a|b",
    "(a|ab)(c|bcd)?",
    "[a-c]{2,4}x*",
    "(?:a|b|)+c",
    "(a*)*b",
    "x{0}",
    "",
    "a{2,}?b??",
    "^ab$",
    r"a$\n",
    "a$b",
    r"\Aa\Z",
    r"a$\Z",
    "(^a|b)c",
    r"a(\n$|b$)",
    "[^ab]",
    "a.c",
    "(?s)a.c",
    "(?i)straSSe",
    "(?i:k)s",
    "(?i)[k-s]",
    r"\d{1,2}[a-z]",
    r"\w\s\S\D\W",
    r"(?a)\w\d",
    "(?x) a b # c",
    r"\x41é[\u4e00-\u9fff😀-😎]",
    r"(?P<name>a)[\]\-^]",
)
REFUSED = {
    r"(a)\1": "back-reference",
    r"(?P<n>a)(?P=n)": "back-reference",
    "(a)?(?(1)b|c)": "condition on a group",
    "(?=a)b": "look-around",
    "(?!a)b": "negative look-around",
    "(?<!a)b": "negative look-around",
    r"a\b": "word boundary",
    "(?m)^a": "at each line",
    "(": "unterminated subpattern at position 0",
    "[z-a]": "bad character range z-a at position 1",
    "a$b": "no text matches it",
    "(a{1000}){1000}": "repeats too much",
    ".*a.{20}": "states",
}


def texts() -> list[str]:
    """Short texts over a few characters, and longer ones at random."""
    chance = random.Random(0)
    every = [
        "".join(each) for size in range(5) for each in itertools.product("abcx\n", repeat=size)
    ]
    mixed = "abcx1\n KſkS9sßA_é中😀٣]-^"
    return every + ["".join(chance.choices(mixed, k=chance.randint(1, 6))) for _ in range(1500)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_same_texts_as_fullmatch(pattern: str) -> None:
    found, expected = language(pattern), re.compile(pattern)
    cases = [*texts(), pattern, pattern.upper(), "straße", "STRASSE", "ab\n"]
    wrong = [text for text in cases if found.matches(text) != bool(expected.fullmatch(text))]
    assert wrong == []


@pytest.mark.parametrize("pattern", [each for each in PATTERNS if "$" not in each])
def test_a_search_is_that_of_re(pattern: str) -> None:
    found, expected = language(pattern, search=True), re.compile(pattern)
    wrong = [text for text in texts() if found.matches(text) != bool(expected.search(text))]
    assert wrong == []


def test_a_search_ends_where_json_schema_has_it() -> None:
    found = language("a$", search=True)
    assert found.matches("ba")
    assert not found.matches("a\n")


@pytest.mark.parametrize("pattern", [each for each in PATTERNS if language(each).moves])
def test_the_grammar_is_valid(pattern: str) -> None:
    check(regex_gbnf(pattern))


@pytest.mark.parametrize(("pattern", "why"), REFUSED.items(), ids=list(REFUSED))
def test_what_no_grammar_holds_is_refused_by_name(pattern: str, why: str) -> None:
    with pytest.raises(GrammarError, match=why):
        regex_gbnf(pattern)
