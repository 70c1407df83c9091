"""The blocks of code in the README, the pages and the studies, and how each kind is run.

- `console` has commands behind `$ ` (`> ` continues one) and what they print on a terminal. `…`
  stands for any text, a line of it alone for any lines.
- `sh`, `bash`: every line is a command that ends with exit code 0; a backslash continues it.
- `python`: a script; a `text` block right behind it is what it prints.
- `file=NAME` behind a language: the block is this file.

A comment above a block says how it is read: `<!-- varies: WHY -->` compares the words alone, since
numbers depend on the machine, save for a line that is one number, an answer; `<!-- exit: N -->`
gives the code with which the last command ends; `<!-- not run: WHY -->` leaves the block out, for a
reason of REASONS. `<!-- setup: COMMAND -->` runs a command that the page does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
)

# Why a block may be left out; nothing else is a reason.
REASONS = (
    "needs a GPU",
    "needs a server",
    "needs the network",
    "needs a cluster",
    "needs a browser",
    "needs a keyring",
    "installs packages",
    "takes minutes",
    "takes seconds, and depends on them",
    "is run by tests of its own",
)
RUN = ("console", "sh", "bash", "python")
SHOWN = ("text", "json", "jsonl", "toml", "yaml", "sql", "ini", "dockerfile", "csv")
_BLOCK = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]+ -->\n)*)"
    r"^(?P<fence>`{3,})(?P<language>\w*)(?: (?P<info>[^\n]*))?\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_SETUP = re.compile(r"^<!-- setup: (?P<command>.+) -->$", re.MULTILINE)
_MARK = re.compile(r"<!-- (not run|varies|exit|setup): (.+) -->")


@dataclass(frozen=True)
class Block:
    """A block of a page: its line, its language, and what the marks above it say."""

    line: int
    language: str
    text: str
    file: str = ""
    not_run: str = ""
    varies: str = ""
    exit: int | None = None
    setup: tuple[str, ...] = ()
    printed: str | None = None


@dataclass(frozen=True)
class Command:
    """A command of a block, and what it prints there; None if the block does not say."""

    line: str
    shown: str | None


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    found = list(_BLOCK.finditer(text))
    for each, following in zip(found, [*found[1:], None][: len(found)], strict=True):
        marks = _MARK.findall(each["marks"])
        told = dict(marks)
        behind = following is not None and not text[each.end() : following.start()].strip()
        shows = behind and following is not None and following["language"] == "text"
        yield Block(
            line=text.count("\n", 0, each.start("fence")) + 1,
            language=each["language"],
            text=each["text"],
            file=(re.findall(r"file=(\S+)", each["info"] or "") or [""])[0],
            not_run=told.get("not run", ""),
            varies=told.get("varies", ""),
            exit=int(told["exit"]) if "exit" in told else None,
            setup=tuple(value for name, value in marks if name == "setup"),
            printed=following["text"] if shows and following is not None else None,
        )


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a block of a shell."""
    if block.language == "console":
        yield from _typed(block.text)
        return
    joined = re.sub(r"\\\n\s*", "", block.text)
    if block.exit is not None or re.search(r"^(set|for|if|while) ", joined, re.MULTILINE):
        yield Command(block.text, None)
        return
    for line in joined.splitlines():
        if line.strip() and not line.startswith("#"):
            yield Command(line, None)


def _typed(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        ends = next((at for at, line in enumerate(lines) if at and line[:2] != "> "), len(lines))
        line = "\n".join([lines[0], *(each[2:] for each in lines[1:ends])])
        yield Command(line, "\n".join(each.rstrip() for each in lines[ends:]).rstrip())


def pattern(shown: str, varies: bool = False) -> str:
    """Return what matches a text in which `…` stands for any text, and if it `varies`, a number for
    any number and blanks for any blanks; a line that is one number stays as it is."""
    lines = []
    for line in shown.splitlines():
        if line == "…":
            lines.append("(?:.*\n)*")
            continue
        told = ".*".join(map(re.escape, line.split("…")))
        if varies and not re.fullmatch(r"[\d.]+", line):
            told = re.sub(r"\d[\d,]*(?:\\\.\d+)?", r"[\\d,.]+", told)
            told = re.sub(r"(?:\\ )+", r" +", told)
        lines.append(told + "\n")
    return "".join(lines)
