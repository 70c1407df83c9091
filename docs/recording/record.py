"""Record a newcomer's path as docs/assets/first-steps.cast and first-steps.gif.

    python docs/recording/record.py

Five commands run for real in a terminal, in a clone of this repository and a virtual environment
that starts without ttc; its dependencies are those of this interpreter. The last opens the page in
a headless Chromium, whose pictures come behind those of the terminal. Waits are cut to a second;
nothing else is. Needs the extra `dev`, git and Chromium.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from browsing import pictures
from rendering import as_frames, write_gif
from terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "docs" / "assets"
COLUMNS, LINES = 104, 30
COMMANDS = (
    "git clone -q ttc.git && cd ttc",
    "pip install -q '.[plot,view]' './plugins/ttc-llamacpp[smollm2]' &&\n"
    'ttc solve "How many days are in a week?"',
    "ttc sample examples/facts.jsonl --limit 12 -n 8 --max-tokens 64 --pool facts &&\n"
    "ttc verify facts -V numeric",
    "ttc sweep facts -s coverage,majority -k 1,2,4,8",
    "ttc view facts",
)


def prepared(folder: Path) -> dict[str, str]:
    """Lay out the folder: a repository to clone, an environment; return the variables."""
    subprocess.run(["git", "clone", "-q", "--bare", str(ROOT), folder / "ttc.git"], check=True)
    environment = folder / ".venv"
    venv.create(environment, with_pip=True, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    others = [path for path in sys.path if path.endswith("-packages")]
    (packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in others))
    note = folder / "open"
    note.write_text(f'#!/bin/sh\necho "$1" > {folder}/address\n')
    note.chmod(0o755)
    return {
        **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
        "PATH": f"{environment}/bin:{os.environ['PATH']}",
        "HOME": str(folder),
        "TTC_HOME": str(folder / ".ttc"),
        "BROWSER": f"{note} %s",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }


def main() -> None:
    """Record, and write both files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        terminal = Terminal(folder, prepared(folder), COLUMNS, LINES)
        for command in COMMANDS[:-1]:
            terminal.run(command)
        terminal.run(COMMANDS[-1], until=folder / "address")
        try:
            seen = pictures((folder / "address").read_text().strip())
        finally:
            terminal.end()
    head = {"version": 2, "width": COLUMNS, "height": LINES, "env": {"TERM": "xterm-256color"}}
    lines = [head, *([at, "o", text] for at, text in terminal.events)]
    cast = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (ASSETS / "first-steps.cast").write_text(cast, encoding="utf-8")
    write_gif(ASSETS / "first-steps.gif", as_frames(terminal.events, COLUMNS, LINES), seen)


if __name__ == "__main__":
    main()
