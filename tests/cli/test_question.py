"""The question of `ttc solve`: the argument, a file, standard input, and what joins them."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import TTC
from conftest import Ttc

from ttc.cli.asking import stdin
from ttc.cli.main import run
from ttc.errors import UsageError

MODEL = ("-m", "scripted:answers=25*8/24*1")
ASK = ("solve", "Summarise", *MODEL)


def asked(ttc: Ttc) -> list[str]:
    """Return the questions in the store, as they were asked."""
    sql = "select json_extract(content, '$.messages[0].content') as asked from prompts"
    return [line["asked"] for line in ttc("db", "query", sql, "--nl").lines]


def shell(line: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `ttc` is this one, as soon as its own end is there."""
    program = f'ttc() {{ "{sys.executable}" -m ttc.cli.main "$@"; }}; M="{MODEL[1]}"; '
    how = {"stdin": subprocess.DEVNULL, "capture_output": True, **how}
    return subprocess.run(["bash", "-c", program + line], text=True, timeout=60, check=False, **how)


@pytest.mark.parametrize(
    ("piped", "question"),
    [
        ("one\n\ntwo\n", "one\n\ntwo\n\nSummarise"),
        ("one\r\ntwo\r\n", "one\ntwo\n\nSummarise"),
        ("\ufeffone", "one\n\nSummarise"),
        ("", "Summarise"),
        ("\n\n", "Summarise"),
        ("naïve 日本\n", "naïve 日本\n\nSummarise"),
        (gzip.compress(b"packed\n", mtime=0), "packed\n\nSummarise"),
        ("one\n".encode("utf-16"), "one\n\nSummarise"),
        ("<html><body>page</body></html>", "<html><body>page</body></html>\n\nSummarise"),
    ],
)
def test_input_stands_in_front_of_the_question(ttc: Ttc, piped: str | bytes, question: str) -> None:
    ran = ttc(*ASK, stdin=piped)
    assert (ran.code, ran.out) == (0, "25\n")
    assert asked(ttc) == [question]
    count = len(question) - len("\n\nSummarise")
    line = f"read {count} characters of standard input in front of the question\n"
    assert (line in ran.err) == (count > 0)


def test_without_a_question_the_input_is_the_question(ttc: Ttc) -> None:
    text = "first paragraph\n\n  second"
    for argument in ((), ("-",), ("@-",)):
        assert ttc("solve", *argument, *MODEL, stdin=f"{text}\n").out == "25\n"
    assert asked(ttc) == [text]
    assert "the question is empty" in ttc("solve", *MODEL, stdin=" \n").err


def test_a_file_is_asked_and_what_begins_with_an_at_sign(ttc: Ttc, tmp_path: Path) -> None:
    file = tmp_path / "a question.txt"
    file.write_text("From a file?\n\nYes.\n", encoding="utf-8")
    assert ttc("solve", f"@{file}", *MODEL).out == "25\n"
    missing = ttc("solve", "@nobody", *MODEL)
    assert missing.code == 2
    assert "@nobody: No such file or directory" in missing.err
    assert "put a space before the @" in missing.err
    assert ttc("solve", " @nobody", *MODEL).out == "25\n"
    assert ttc("solve", "@nobody asks: why?", *MODEL).out == "25\n"
    assert "Is a directory" in ttc("solve", f"@{tmp_path}", *MODEL).err
    assert ttc("solve", f"@{file}", *MODEL, stdin="and input").out == "25\n"
    assert set(asked(ttc)) == {
        "From a file?\n\nYes.",
        " @nobody",
        "@nobody asks: why?",
        "and input\n\nFrom a file?\n\nYes.",
    }


def test_a_tilde_behind_the_at_sign(
    ttc: Ttc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "q.txt").write_text("At home?", encoding="utf-8")
    ttc("solve", "@~/q.txt", *MODEL)
    assert asked(ttc) == ["At home?"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "an image, which is no text"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "take its text with pdftotext"),
        (b"caf\xe9", "byte 0xe9 at offset 3 is not UTF-8; convert it with iconv"),
        (b"a\0b", "no text (it has bytes that are zero)"),
        (b"x" * ((1 << 24) + 1), "more than 16 MiB"),
    ],
)
def test_what_is_no_text_is_refused(ttc: Ttc, tmp_path: Path, data: bytes, why: str) -> None:
    file = tmp_path / "data"
    file.write_bytes(data)
    for ran in (
        ttc(*ASK, stdin=data),
        ttc("solve", "-", *MODEL, stdin=data),
        ttc("solve", f"@{file}", *MODEL),
    ):
        assert (ran.code, ran.out) == (2, "")
        assert why in ran.err
        assert len(ran.err.splitlines()) == 1


def test_pipes_files_and_what_is_only_inherited(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("text\n", encoding="utf-8")
    joined = "text\n\nSummarise"
    for line, question in [
        ("cat f | ttc solve Summarise -m $M", joined),
        ("ttc solve Summarise -m $M < f", joined),
        ("(sleep 0.5; cat f) | ttc solve Summarise -m $M", joined),
        ("ttc solve Summarise -m $M < /dev/null", "Summarise"),
        ("ttc solve Summarise -m $M <&-", "Summarise"),
        ("ttc solve Summarise -m $M 0> out", "Summarise"),  # as nohup leaves it
        ("yes text | head -n 1 | ttc solve Summarise -m $M", joined),
    ]:
        ran = shell(line)
        assert (ran.returncode, ran.stdout) == (0, "25\n"), (line, ran.stderr)
        assert asked(ttc) == [question], line
        Path(os.environ["TTC_HOME"], "ttc.db").unlink(missing_ok=True)
        for each in Path(os.environ["TTC_HOME"]).glob("*.db*"):
            each.unlink()


def test_a_loop_over_a_file_keeps_its_lines(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "qs").write_text("first?\nsecond?\nthird?\n", encoding="utf-8")
    ran = shell('while read -r q; do ttc solve "$q" -m $M; done < qs')
    assert ran.stdout == "25\n" * 3
    assert sorted(asked(ttc)) == ["first?", "second?", "third?"]
    assert "has read up to byte 7: it is left out" in ran.stderr


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="only /proc tells of shells")
@pytest.mark.parametrize("start", ["bash", "bash -s a b", "sh -e"])
def test_the_rest_of_a_script_is_no_input(ttc: Ttc, tmp_path: Path, start: str) -> None:
    """As a cell of a notebook under %%bash, or `curl … | sh`."""
    script = f'"{sys.executable}" -m ttc.cli.main solve "why?" -m "{MODEL[1]}"\necho the rest\n'
    ran = subprocess.run(
        start.split(), input=script, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout == "25\nthe rest\n"
    assert "standard input is the script of this shell: it is left out" in ran.stderr
    assert asked(ttc) == ["why?"]


def test_what_is_piped_into_a_script_or_a_subshell_is_input(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "ask.sh").write_text(
        f'"{sys.executable}" -m ttc.cli.main solve why -m "{MODEL[1]}"\n', encoding="utf-8"
    )
    assert shell("echo one | sh ask.sh").stdout == "25\n"
    assert shell("echo two | (ttc solve why -m $M)").stdout == "25\n"
    assert sorted(asked(ttc)) == ["one\n\nwhy", "two\n\nwhy"]


@pytest.mark.parametrize("kind", ["pipe", pytest.param("socket", marks=pytest.mark.slow)])
def test_an_open_end_that_nobody_writes_into_is_left_out(ttc: Ttc, kind: str) -> None:
    """As ssh, editors and agents start programs: the question is asked all the same."""
    ours, theirs = socket.socketpair()
    start = time.monotonic()
    end = subprocess.PIPE if kind == "pipe" else theirs
    with subprocess.Popen([*TTC, *ASK], stdin=end, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.read() == "25\n"
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert "open, but nothing came in 3 s, so it is left out" in process.stderr.read()
        ours.close(), theirs.close()
    assert time.monotonic() - start < 15
    assert asked(ttc) == ["Summarise"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="only /proc tells of writers")
def test_the_program_before_it_in_a_pipeline_is_waited_for(ttc: Ttc) -> None:
    ran = shell("(sleep 7; echo late) | ttc solve Summarise -m $M")
    assert (ran.returncode, ran.stdout) == (0, "25\n")
    assert "waiting for standard input to end (0 bytes so far)" in ran.stderr
    assert asked(ttc) == ["late\n\nSummarise"]


def test_an_input_that_stalls_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came may be half of it: it is neither answered nor waited for without end."""
    monkeypatch.setattr(stdin, "STALLED", 0.3)
    read, write = os.pipe()
    os.write(write, b"half of it")
    with open(read, encoding="utf-8") as stream, open(write, "w", encoding="utf-8"):
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(UsageError, match="gave 10 bytes, then nothing for 0 s"):
            stdin.beside(print, 1000)


def test_an_endless_input_is_refused() -> None:
    for line in ("yes | ttc solve Summarise -m $M", "ttc solve Summarise -m $M < /dev/zero"):
        ran = shell(line)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "more than 16 MiB" in ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_on_a_terminal_it_says_what_to_do() -> None:
    import pty

    for args, line in [
        (("solve",), 'no question; ttc solve "…", ttc solve @FILE, or pipe it in'),
        (("solve", "-"), "standard input is a terminal"),
        (("solve", "--each"), "standard input is a terminal"),
    ]:
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [*TTC, *args, *MODEL],
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        os.close(ours), os.close(theirs)
        assert (done.returncode, done.stdout) == (2, "")
        assert line in done.stderr


@pytest.mark.parametrize(
    ("name", "lines", "told"),
    [
        ("q.jsonl", ['{"question": "a?"}'], "q.jsonl: generic, 1 problem\n"),
        (
            "q.jsonl",
            ['{"question": "a?", "answer": "1", "foo": "x"}', '{"question": "b?"}'],
            "q.jsonl: generic, 2 problems, 1 with a reference (answer); not used: `foo`\n",
        ),
        ("q.txt", ["a?", "b?", "c?"], "q.txt: text, 3 problems\n"),
        (
            "q.txt",
            ["a?", '{"question": "b?"}', "c?"],
            "q.txt: text (2), generic (1), 3 problems\n",
        ),
    ],
)
def test_each_says_what_was_read(
    ttc: Ttc, tmp_path: Path, name: str, lines: list[str], told: str
) -> None:
    (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    ran = ttc("solve", "--each", name, *MODEL)
    assert ran.err.startswith(told)
    assert told not in ttc("solve", "--each", name, *MODEL, "-q").err
    piped = ttc("solve", "--each", *MODEL, stdin="".join(f"{line}\n" for line in lines))
    assert piped.err.endswith(told.replace(name, "stdin"))


def test_a_bad_line_of_a_file_is_told_before_anything_is_asked(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text('{"question": "a?"}\n{"no": 1}\n', encoding="utf-8")
    ran = ttc("solve", "--each", "q.jsonl", *MODEL)
    assert (ran.code, ran.out) == (2, "")
    assert "q.jsonl:2: no question in the fields no" in ran.err


def test_a_stand_in_for_stdin_that_cannot_be_read_holds_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # pytest's own: it has no descriptor, and reading it raises OSError.
    assert run(["solve", "q", "-m", "scripted:answers=7"]) == 0
    assert capsys.readouterr().out == "7\n"
