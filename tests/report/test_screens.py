"""What stands on a real terminal while commands run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from terminals import TTC, Terminal, scripted_data

from ttc.backends.resolve import bundled_installed

SLOW = "scripted:answers=1/2,tokens=40-80,slots=4,tick=0.004"  # 24 draws: about 2 s
LATE = "scripted:answers=1/2,tokens=400-400,slots=8,tick=0.005"  # 2 s to the first draw


def drawn(folder: Path, *more: object, model: str = SLOW, n: int = 4) -> list[object]:
    return ["sample", scripted_data(folder), "-m", model, "-n", n, "--pool", "p", *more]


@pytest.mark.skipif(not bundled_installed(), reason="the bundled model is not here")
def test_loading_and_the_first_draw_are_seen(tmp_path: Path) -> None:
    """With the real model: never a line of 0/n."""
    args = ["sample", scripted_data(tmp_path), "-n", 2, "--max-tokens", 60, "--pool", "p"]
    with Terminal(*args, columns=100) as terminal:
        terminal.until(lambda text: re.search(r"loading SmolLM2\S* \(\d+\.\d MB\)", text))
        terminal.until(lambda text: re.search(r"12 draws, \d+ tokens so far", text))
        terminal.until(lambda text: re.search(r"[1-9]\d*/12 draws", text))
        assert terminal.wait() == 0
        assert "0/12" not in "\n".join("\n".join(screen) for _, screen in terminal.frames)
        assert "12 samples, 12 new" in terminal.text
        assert "tokens/s ·" not in terminal.text


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_line_takes_one_row_and_is_gone_at_the_end(tmp_path: Path, columns: int) -> None:
    with Terminal(*drawn(tmp_path), columns=columns) as terminal:
        text = terminal.until(lambda text: re.search(r"[1-9]\d*/24 draws", text))
        (line,) = [each for each in text.splitlines() if "/24 draws" in each]
        assert len(line) < columns
        assert terminal.wait() == 0
        assert "/24 draws" not in terminal.text
        rows = [sum("/24 draws" in row for row in screen) for _, screen in terminal.frames]
        assert max(rows) == 1
        assert b"\x1b[?25l" not in terminal.raw  # the cursor of a run that is killed stays


def test_notes_stand_above_the_line(tmp_path: Path) -> None:
    """A note in the middle of a run neither breaks the line nor is broken by it."""
    program = """
import sys, time
from ttc.report.progress import Display
display = Display()
with display.stage("work", "draws", 40) as stage:
    for at in range(40):
        time.sleep(0.05)
        stage.done = at + 1
        if at == 20:
            print("note: " + "long " * 30 + "end", file=sys.stderr)
        if at == 30:
            with display.paused():
                print("an answer")
"""
    with Terminal(columns=60, program=[sys.executable, "-c", program]) as terminal:
        terminal.until(lambda text: "note: long" in text and "/40 draws" in text)
        assert terminal.screen[-1].lstrip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ").startswith("work")
        assert terminal.wait() == 0
        assert "".join(terminal.screen[:3]).count("long") == 30
        assert terminal.screen[-1] == "an answer"


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_terminal_that_cannot_draw_gets_no_line(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with Terminal(*drawn(tmp_path), env=environment) as terminal:
        assert terminal.wait() == 0
        assert b"\x1b[" not in terminal.raw
        assert "/24 draws" not in terminal.text


def test_without_colour_and_beyond_unicode(tmp_path: Path) -> None:
    plain = {"NO_COLOR": "1", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with Terminal(*drawn(tmp_path), env=plain) as terminal:
        terminal.until(lambda text: re.search(r"[1-9]\d*/24 draws", text))
        assert terminal.wait() == 0
        assert not re.search(rb"\x1b\[[\d;]*(3\d|4\d|9\d)m", terminal.raw)
        assert terminal.raw.isascii()


def test_quiet_is_quiet(tmp_path: Path) -> None:
    with Terminal(*drawn(tmp_path, "-q")) as terminal:
        assert terminal.wait() == 0
        assert terminal.raw == b""


def test_ctrl_c_clears_the_line(tmp_path: Path) -> None:
    with Terminal(*drawn(tmp_path, model=LATE)) as terminal:
        terminal.until(lambda text: "tokens so far" in text)
        terminal.interrupt()
        assert terminal.wait() == 130
        assert "tokens so far" not in terminal.text
        assert "to resume: ttc sample" in terminal.text.replace("\n", " ")


def test_what_is_quick_shows_nothing(tmp_path: Path) -> None:
    quick = "scripted:answers=1/2"
    with Terminal(*drawn(tmp_path, model=quick)) as terminal:
        assert terminal.wait() == 0
        assert "/24 draws" not in terminal.raw.decode()


def test_solve_search_and_verify_have_a_line(tmp_path: Path) -> None:
    with Terminal("solve", "2 + 2?", "-m", LATE, "-n", 8) as terminal:
        terminal.until(lambda text: "8 draws, " in text and "tokens so far" in text)
        assert terminal.wait() == 0
    with Terminal("solve", "3 + 3?", "-m", LATE, "--method", "adaptive:n=16") as terminal:
        terminal.until(lambda text: re.search(r"adaptive.* tokens so far", text))
        assert terminal.wait() in (0, 1)
    with Terminal(*drawn(tmp_path, model="scripted:answers=1/2")) as terminal:
        assert terminal.wait() == 0
    slow = f"cmd:{sys.executable} -c 'import time; time.sleep(0.2); print(1)'"
    with Terminal("verify", "p", "-V", slow) as terminal:
        terminal.until(lambda text: re.search(r"p: verify by cmd .*[1-9]\d*/24 draws", text))
        assert terminal.wait() == 0


def test_lines_where_stderr_is_no_terminal(tmp_path: Path) -> None:
    """A line every so often, also before the first draw; none of a run that is shorter."""
    program = (
        "import ttc.report.progress as p; p.EVERY = 0.6; from ttc.cli.main import main; main()"
    )
    args = list(map(str, drawn(tmp_path, model=LATE, n=2)))
    done = subprocess.run(
        [sys.executable, "-c", program, *args], capture_output=True, text=True, timeout=60
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("p: 12 draws, ")]
    assert 2 <= len(lines) <= 6
    assert all("tokens so far" in line for line in lines)
    assert "\x1b" not in done.stderr
    done = subprocess.run([*TTC, *args, "--new-pool"], capture_output=True, text=True, timeout=60)
    assert "so far" not in done.stderr
