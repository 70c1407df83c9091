"""A count of one is told in the singular."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ttc.messages.counts import some

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for package in (ROOT / "ttc", *ROOT.glob("plugins/*/ttc_*"))
    for path in package.rglob("*.py")
)
NOUNS = (
    "problems|samples|draws|verdicts|lines|logs|pools|rules|rows|runs|conflicts|batches|attempts"
    "|groups|verifiers|votes|files|questions|budgets|comparisons|traces|records|replicas|models"
)
WORD = re.compile(rf"^ (?:(?:bad|new|more|open|other|further|stored) )?(?:{NOUNS})\b")


def counts_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each count in an f-string that is always in the plural.

    A constant is known to be more than one. Of "3 of 5 draws" the second number is the whole.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for at, part in enumerate(node.values[:-1]):
            after = node.values[at + 1]
            before = node.values[at - 1] if at else None
            if not isinstance(part, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            if not WORD.match(str(after.value)):
                continue
            whole = isinstance(before, ast.Constant) and re.search(
                r"\b(?:of|none of|all)(?: the)? $", str(before.value)
            )
            value = ast.unparse(part.value)
            # A constant, or a name before a verb: "numeric runs no code".
            if not whole and not value.isupper() and not re.search(r"(\bname|\blog|_has)$", value):
                yield part.lineno, value + str(after.value)


def test_no_count_is_always_in_the_plural() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}; say some(count, 'draw')"
        for path in FILES
        for line, text in counts_in(path)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("f'{n} draws are new'", 1),
        ("f'{len(x):,} bad lines skipped'", 1),
        ("f'{a} of {b} draws'", 0),
        ("f'{MOST} draws'", 0),
        ("f'{some(n, \"draw\")} new'", 0),
        ("f'{speed} tokens/s'", 0),
    ],
)
def test_the_search_finds_the_kind(source: str, found: int, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(source, encoding="utf-8")
    assert len(list(counts_in(path))) == found


@pytest.mark.parametrize(
    ("count", "words", "text"),
    [
        (0, ("draw",), "0 draws"),
        (1, ("draw",), "1 draw"),
        (1200, ("draw",), "1200 draws"),
        (1, ("batch", "batches"), "1 batch"),
        (2, ("batch", "batches"), "2 batches"),
        (1, ("draw has", "draws have"), "1 draw has"),
        (2, ("draw has", "draws have"), "2 draws have"),
    ],
)
def test_some(count: int, words: tuple[str, ...], text: str) -> None:
    assert some(count, *words) == text


def test_large_numbers_are_grouped_where_asked() -> None:
    assert some(1_200, "draw", grouped=True) == "1,200 draws"
