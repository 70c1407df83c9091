"""The pages in docs/ say what is true: their commands print what is shown, tables are the code's.

A block of the language `console` has commands behind `$ ` and what they print on a terminal; `…`
stands for any text, a line of it alone for any lines. `file=NAME` behind the language of a block
says that it is this file. `<!-- not run: WHY -->` above a block leaves it out.

`python tests/test_docs.py` writes the table of shapes anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ttc import plugins
from ttc.formats.shapes.known import shapes

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("data.md", "logs.md", "requests.md", "store.md")
BLOCK = re.compile(
    r"(?P<skip><!-- not run: .+? -->\n)?^```(?P<language>\w+)(?: file=(?P<file>\S+))?\n"
    r"(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MARKS = ("<!-- shapes -->", "<!-- end of shapes -->")


@dataclass(frozen=True)
class Command:
    """A command of a page, and what it prints there."""

    line: str
    shown: str


def commands(text: str) -> Iterator[Command]:
    """Yield the commands of a block; a line that begins with `> ` continues one."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        ends = next((at for at, line in enumerate(lines) if at and line[:2] != "> "), len(lines))
        line = "\n".join([lines[0], *(each[2:] for each in lines[1:ends])])
        yield Command(line, "\n".join(each.rstrip() for each in lines[ends:]).rstrip())


def pattern(shown: str) -> str:
    """Return what matches a text in which `…` stands for any text."""
    lines = [
        "(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n"
        for line in shown.splitlines()
    ]
    return "".join(lines)


def printed(line: str, folder: Path) -> str:
    """Run a command as on a terminal, where samples are not printed, and return its output."""
    last = line.rpartition("&& ")[2]
    quiet = re.match(r"ttc (?:sample|verify) ", last) and not re.search(
        r"\| |> | -o |--dry-run|--explain", last
    )
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1; {line}" + (" > /dev/null" if quiet else "")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode != 70, (line, done.stdout)
    return "".join(f"{each.rstrip()}\n" for each in done.stdout.rstrip().splitlines())


@pytest.fixture
def folder(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, and the commands of this interpreter."""
    if not Path(sys.executable).with_name("ttc").exists():
        pytest.skip("the ttc script is not installed beside this interpreter")
    shutil.copytree(ROOT / "examples", own_home / "examples")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TTC_DB", str(own_home / "ttc.db"))
    return own_home


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_commands_print_what_is_shown(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = []
    for block in BLOCK.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")):
        if block["skip"]:
            continue
        if block["file"]:
            (folder / block["file"]).write_text(block["text"], encoding="utf-8")
        for command in commands(block["text"]) if block["language"] == "console" else ():
            if setting := re.fullmatch(r"export (\w+)='?(.*?)'?", command.line):
                monkeypatch.setenv(setting[1], setting[2])
                continue
            found = printed(command.line, folder)
            if not re.fullmatch(pattern(command.shown), found):
                wrong.append(f"$ {command.line}\n{found}\n--- shown:\n{command.shown}\n")
    assert wrong == [], "\n".join(wrong)


def shape_rows() -> Iterator[str]:
    """Yield the rows of the table of shapes, from the docstrings of their classes."""
    yield "| `--format` | what is read | `-V` |\n|---|---|---|\n"
    for name, entry in sorted(plugins.installed("formats").items()):
        if not entry.value.startswith("ttc.formats.shapes."):
            continue
        told = " ".join((type(shapes()[name]).__doc__ or "").partition("\n\n")[0].split())
        what, _, verifier = told.removeprefix("Read ").partition(" Verifier: ")
        verifier = re.sub(r"[\w-]+(?::\S+\w)?", r"`\g<0>`", verifier.removesuffix("."), count=1)
        yield f"| `{name}` | {what.removesuffix('.').replace('|', chr(92) + '|')} | {verifier} |\n"


def test_the_table_of_shapes_is_that_of_the_code() -> None:
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    shown = text.partition(MARKS[0] + "\n")[2].partition(MARKS[1])[0]
    assert shown == "".join(shape_rows()), "python tests/test_docs.py writes it"


def test_links_between_pages_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (path.parent / target).exists(), (path.name, target)


if __name__ == "__main__":
    path = ROOT / "docs" / "data.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    path.write_text(f"{before}{MARKS[0]}\n{''.join(shape_rows())}{MARKS[1]}{after}", "utf-8")
