"""Run the blocks of a page in one folder, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pages.blocks import RUN, Block, Command, blocks, commands, pattern

TIMEOUT = 180
# On a terminal these print no samples; here they would.
QUIET = re.compile(r"(?:ttc (?:sample|verify|import) )")
SAYS_WHERE = re.compile(r"\| |> | -o |--dry-run|--explain|--json")
# Told once where kernels of llama.cpp do not work.
OF_THIS_MACHINE = ("llama.cpp crashes (", "llama.cpp's ")
# A line every 30 s, which a slow or busy machine prints: `demo: 19/96 draws, 45 tokens/s, 30 s`.
PROGRESS = re.compile(r"[^\s:]+: [\d,]+(/[\d,]+)? [a-z]+, .*\d( s|:\d\d)( left)?")
SETS = re.compile(r"export (\w+)=(?:'([^']*)'|\"([^\"]*)\"|(\S*))")


@dataclass
class Run:
    """The folder and the environment of a page, and what was wrong with it so far."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    wrong: list[str] = field(default_factory=list)

    def page(self, text: str) -> list[str]:
        """Run the blocks of a page; return what is wrong, a text for each fault."""
        for block in blocks(text):
            for line in block.setup:
                if not self._sets(line):
                    self._shell(line)
            if block.file:
                path = self.folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            if block.not_run or block.language not in RUN:
                continue
            if block.language == "python":
                self._python(block)
            else:
                self._commands(block)
        return self.wrong

    def _commands(self, block: Block) -> None:
        found = list(commands(block))
        for command in found:
            if self._sets(command.line):
                continue
            code, printed = self._shell(command.line)
            wanted = None if command.shown is not None else 0
            if block.exit is not None and command is found[-1]:
                wanted = block.exit
            self._check(block, command, code, printed, wanted)

    def _sets(self, line: str) -> bool:
        """Return whether a line sets a variable, which it then does for what follows."""
        if (setting := SETS.fullmatch(line)) is None:
            return False
        self.environment[setting[1]] = setting[2] or setting[3] or setting[4] or ""
        return True

    def _check(
        self, block: Block, command: Command, code: int, printed: str, wanted: int | None
    ) -> None:
        """Compare the exit code, if one is `wanted`, and what was printed."""
        place = f"line {block.line}: $ {command.line}"
        # `head` ends a pipe early, which is no failure.
        ends_well = wanted is None or code == wanted or (code == 141 and wanted == 0)
        if code == 70 or "Traceback (most recent call last)" in printed:
            self.wrong.append(f"{place}\n{printed}")
        elif not ends_well:
            self.wrong.append(f"{place}\nexit code {code}, not {wanted}\n{printed}")
        elif command.shown is not None:
            self._compare(place, command.shown, printed, block)

    def _compare(self, place: str, shown: str, printed: str, block: Block) -> None:
        if not re.fullmatch(pattern(shown, bool(block.varies)), printed):
            self.wrong.append(f"{place}\n{printed}--- shown:\n{shown}\n")

    def _python(self, block: Block) -> None:
        done = subprocess.run(
            [sys.executable, "-c", block.text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        place = f"line {block.line}: python"
        if done.returncode:
            self.wrong.append(f"{place}\n{done.stderr}")
        elif block.printed is not None:
            self._compare(place, block.printed.rstrip(), stripped(done.stdout), block)

    def _shell(self, line: str) -> tuple[int, str]:
        """Run a command as on a terminal, where samples are not printed; return code and output."""
        parts = (
            part + " > /dev/null" * bool(QUIET.match(part) and not SAYS_WHERE.search(part))
            for part in line.split(" && ")
        )
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"exec 2>&1; {' && '.join(parts)}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
        return done.returncode, stripped(done.stdout)


def stripped(text: str) -> str:
    """Return the lines without blanks at their ends, and without what only some machines print."""
    lines = [each.rstrip() for each in text.rstrip().splitlines()]
    return "".join(
        f"{each}\n"
        for each in lines
        if not each.startswith(OF_THIS_MACHINE) and not PROGRESS.fullmatch(each)
    )
