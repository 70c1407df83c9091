"""Wrong commands and wrong input: told before anything is drawn."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Refused = Callable[..., str]
Problems = Callable[..., Path]
Samples = Callable[..., list[dict[str, Any]]]

MODEL = "scripted:answers=18*3/20*1,tokens=5-9"
GOOD = b'{"id":"a","question":"One?","answer":"18"}\n'
SECOND = b'{"id":"b","question":"Two?","answer":"20"}\n'


@pytest.fixture
def terminal() -> Iterator[int]:
    """The slave side of a pseudo-terminal, for stdin."""
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def open_pipe() -> Iterator[tuple[int, int]]:
    """A pipe whose writer stays open and that holds a line."""
    reading, writing = os.pipe()
    os.write(writing, b"left alone\n")
    yield reading, writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(end)


# 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("solve", "-m", MODEL), ("question", "--help")),
        (("sample", "-", "-m", MODEL), ("terminal",)),
        (("verify", "-", "-V", "exact"), ("terminal",)),
        (("sweep", "-"), ("terminal",)),
        (("solve", "--each", "-m", MODEL), ("terminal",)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_no_input_on_a_terminal(
    ttc_process: Ttc, refused: Refused, terminal: int, args: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Case 1: nothing to read but a terminal is a line, at once."""
    refused(ttc_process(*args, stdin=terminal), 2, *words)


def test_no_arguments_at_all(ttc_process: Ttc, terminal: int) -> None:
    """Case 1: plain `ttc` shows its help and exits with 2."""
    done = ttc_process(stdin=terminal)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    shown = done.stdout + done.stderr
    assert "Usage" in shown
    assert len(shown.splitlines()) > 10, "the help lost its lines"


# 2


def test_open_stdin_is_not_touched(
    ttc_process: Ttc, problems: Problems, open_pipe: tuple[int, int]
) -> None:
    """Case 2: with a file, an open pipe on stdin is neither waited for nor read."""
    done = ttc_process("sample", problems(1), "-m", MODEL, "-n", "2", stdin=open_pipe[0])
    assert done.returncode == 0, done.stderr
    assert os.read(open_pipe[0], 100) == b"left alone\n"


def test_open_stdin_without_input(ttc_process: Ttc, open_pipe: tuple[int, int]) -> None:
    """Case 2: beside a question, an open pipe into which nobody writes is not waited for."""
    assert os.read(open_pipe[0], 100) == b"left alone\n"
    done = ttc_process("solve", "How many?", "-m", MODEL, "-n", "2", stdin=open_pipe[0])
    assert done.returncode == 0, done.stderr
    assert "it is left out" in done.stderr


def test_loop_over_a_file_reaches_every_line(
    shell: Callable[[str], subprocess.CompletedProcess[str]],
) -> None:
    """Case 2: `while read q; do ttc solve "$q"; done < f` runs once a line."""
    Path("f").write_text("q1\nq2\nq3\n", encoding="utf-8")
    done = shell(f'while read q; do ttc solve "$q" -q -n 1 -m "{MODEL}"; done < f')
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 3


# 3


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("smaple", "data.jsonl", "-m", MODEL), "did you mean ttc sample?"),
        (("frobnicate",), "ttc --help"),
        (("sample", "data.jsonl", "-m", MODEL, "--temprature", "1"), "--temperature"),
        (("sample", "data.jsonl", "-m", MODEL, "-n", "many"), "-n"),
        (("sample", "data.jsonl", "-m", "scirpted:tokens=5"), "did you mean scripted:tokens=5?"),
        (("sample", "data.jsonl", "-m", "scripted:tokns=5"), "tokns"),
        (("sample", "data.jsonl", "-m", MODEL, "--format", "gsm9k"), "gsm8k"),
        (("sample", "data.jsonl", "-m", MODEL, "--max-time", "soon"), "90s, 30m or 2h"),
        (("sample", "data.jsonl", "-m", MODEL, "--temperature", "-1"), "temperature"),
        (("sample", "data.jsonl", "-m", MODEL, "-o", "no/such/folder.jsonl"), "folder.jsonl"),
        (("verify", "data.jsonl", "-V", "exactt"), "did you mean exact?"),
        (("sweep", "data.jsonl", "-s", "majorty"), "did you mean majority?"),
        (("solve", "x", "-m", MODEL, "--method", "majorty"), "did you mean majority?"),
    ],
    ids=lambda value: "-".join(value[-2:])[-30:] if isinstance(value, tuple) else None,
)
def test_mistyped(
    ttc: Ttc,
    refused: Refused,
    problems: Problems,
    database: Path,
    samples: Samples,
    args: tuple[str, ...],
    word: str,
) -> None:
    """Case 3: a wrong command, flag or value is told with what is right; nothing is drawn."""
    problems()
    quiet = ("-q",) if args[0] not in ("smaple", "frobnicate") else ()
    refused(ttc(*args, *quiet), 2, word)
    assert not database.exists() or samples() == []


# 4 to 8: what can be wrong with the lines of a dataset

BAD_LINES = {
    "not-json": (GOOD + b'{"id":"b",\n', "data.jsonl:2: not valid JSON"),
    "cut-off": (GOOD + b'{"id":"b","question":"Tw', "data.jsonl:2: not valid JSON"),
    "text": (GOOD + b"hello\n", "data.jsonl:2: not valid JSON"),
    "a-number": (GOOD + b"12\n", "data.jsonl:2: a JSON object is needed"),
    "not-utf-8": (GOOD + b'{"id":"b","question":"caf\xe9"}\n', "data.jsonl:2: byte 0xe9 at offset"),
    "nan": (GOOD + b'{"id":"b","question":"Two?","answer":NaN}\n', "data.jsonl:2: NaN"),
    "too-large": (
        GOOD + b'{"id":"b","question":"Two?","answer":1e999}\n',
        "data.jsonl:2: ",
    ),
    "key-twice": (GOOD + b'{"id":"b","question":"x","question":"y"}\n', "data.jsonl:2: the key"),
    "deep": (GOOD + b'{"id":' + b"[" * 100_000 + b"\n", "data.jsonl:2: "),
    "no-question": (GOOD + b'{"id":"b","answer":"1"}\n', "data.jsonl:2: no field"),
    "empty-question": (GOOD + b'{"id":"b","question":" "}\n', "data.jsonl:2: 'question'"),
    "number-as-question": (GOOD + b'{"id":"b","question":7}\n', "data.jsonl:2: 'question'"),
    "list-as-id": (GOOD + b'{"id":[1],"question":"Two?"}\n', "data.jsonl:2: 'id'"),
    "number-as-reference": (
        GOOD + b'{"id":"b","question":"Two?","reference":5}\n',
        "data.jsonl:2: 'reference'",
    ),
    "text-as-reference": (
        GOOD + b'{"id":"b","question":"Two?","reference":"18"}\n',
        "data.jsonl:2: 'reference'",
    ),
    "text-as-choices": (
        GOOD + b'{"id":"b","question":"Two?","choices":"xy"}\n',
        "data.jsonl:2: 'choices'",
    ),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_bad_line(ttc: Ttc, refused: Refused, database: Path, case: str) -> None:
    """Cases 4, 5, 7: file, line and reason, before the store is even made."""
    data, words = BAD_LINES[case]
    Path("data.jsonl").write_bytes(data)
    refused(ttc("sample", "data.jsonl", "-q", "-n", "2", "-m", MODEL), 2, words)
    assert not database.exists()


@pytest.mark.parametrize("case", BAD_LINES)
def test_bad_line_skipped(ttc: Ttc, samples: Samples, case: str) -> None:
    """Case 4: --skip-bad passes over it, counts it and names the first."""
    Path("data.jsonl").write_bytes(BAD_LINES[case][0].rstrip(b"\n") + b"\n" + GOOD[:-1])
    done = ttc("sample", "data.jsonl", "--skip-bad", "-n", "2", "-m", MODEL)
    assert done.returncode == 0, done.stderr
    assert "1 bad line skipped" in done.stderr
    assert "data.jsonl:2" in done.stderr
    assert len(samples()) == 2


def test_bad_line_on_stdin(ttc: Ttc, refused: Refused, database: Path) -> None:
    """Case 4: standard input has line numbers too."""
    done = ttc("sample", "-", "-q", "-m", MODEL, stdin=GOOD + b"{\n")
    refused(done, 2, "<stdin>:2: not valid JSON")
    assert not database.exists()


@pytest.mark.parametrize("command", ["verify", "sweep"])
def test_bad_line_of_samples(ttc: Ttc, refused: Refused, command: str) -> None:
    """Case 4: the later stages name file and line as well."""
    good = json.dumps({"problem": "a", "text": "18", "correct": True, "answer": "18"})
    Path("s.jsonl").write_text(f"{good}\n{{\n", encoding="utf-8")
    option = ("-V", "exact", "-o", "out.jsonl") if command == "verify" else ()
    Path("out.jsonl").write_text("as it was", encoding="utf-8")
    refused(ttc(command, "s.jsonl", "-q", *option), 2, "s.jsonl:2: not valid JSON")
    assert Path("out.jsonl").read_text(encoding="utf-8") == "as it was"
    assert not Path("out.jsonl.part").exists()


# 5

ACCEPTED = {
    "bom": b"\xef\xbb\xbf" + GOOD + SECOND,
    "an-array": b"[" + GOOD.strip() + b"," + SECOND + b"]",
    "utf-16": (GOOD + SECOND).decode().encode("utf-16"),
    "crlf": (GOOD + SECOND).replace(b"\n", b"\r\n"),
    "blank-lines": b"\n" + GOOD + b"\n  \n" + SECOND + b"\n\n",
    "no-last-newline": GOOD + SECOND[:-1],
    "gz": gzip.compress(GOOD + SECOND),
    "gz-in-two-parts": gzip.compress(GOOD) + gzip.compress(SECOND),
    "gz-bom-crlf": gzip.compress(b"\xef\xbb\xbf" + (GOOD + SECOND).replace(b"\n", b"\r\n")),
}


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("source", ["file", "stdin"])
def test_accepted_bytes(ttc: Ttc, samples: Samples, case: str, source: str) -> None:
    """Case 5: a byte order mark, CRLF, gzip and blank lines change nothing."""
    Path("data").write_bytes(ACCEPTED[case])
    how = {"stdin": ACCEPTED[case]} if source == "stdin" else {}
    done = ttc("sample", "-" if how else "data", "-n", "1", "-m", MODEL, **how)
    assert done.returncode == 0, done.stderr
    assert [row["problem"] for row in samples()] == ["a", "b"]
    assert [json.loads(row["prompt"])["messages"][0]["content"] for row in samples()] == [
        "One?",
        "Two?",
    ]


def test_offset_of_a_bad_byte(ttc: Ttc, refused: Refused) -> None:
    """Case 5: the offset is that of the file, marks and line ends included."""
    head = b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + b'{"id":"'
    Path("data.jsonl").write_bytes(head + b'\xff","question":"x"}')
    done = ttc("sample", "data.jsonl", "-q", "-m", MODEL)
    refused(done, 2, f"data.jsonl:2: byte 0xff at offset {len(head)} is not UTF-8", "iconv")


@pytest.mark.parametrize("how", ["cut", "flipped", "trailing"])
def test_damaged_gzip(ttc_process: Ttc, refused: Refused, database: Path, how: str) -> None:
    """Case 5: a .gz that cannot be unpacked is told like any other bad input."""
    lines = b"".join(GOOD.replace(b'"a"', b'"%d"' % at) for at in range(200))
    packed = bytearray(gzip.compress(lines))
    if how == "cut":
        del packed[len(packed) // 2 :]
    elif how == "flipped":
        for at in range(20, 60):
            packed[at] ^= 0xFF
    else:
        packed += b"trailing rubbish"
    Path("data.jsonl.gz").write_bytes(bytes(packed))
    refused(ttc_process("sample", "data.jsonl.gz", "-q", "-m", MODEL), 2, "data.jsonl.gz:")
    assert not database.exists()


# 6


def test_unknown_fields(ttc: Ttc, refused: Refused, samples: Samples) -> None:
    """Case 6: the fields found and the flag that names them; with it, the file is read."""
    Path("data.jsonl").write_text('{"aufgabe":"Wie viel?","loesung":"18"}\n', encoding="utf-8")
    done = ttc("sample", "data.jsonl", "-q", "-m", MODEL)
    refused(done, 2, "data.jsonl:1", "aufgabe, loesung", "--map prompt=FIELD,answer=FIELD")
    mapped = ("--map", "prompt=aufgabe,answer=loesung")
    done = ttc("sample", "data.jsonl", "-n", "1", "-m", MODEL, *mapped)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reference"] == {"answer": "18"}
    assert "Wie viel?" in samples()[0]["prompt"]


def test_map_of_an_unknown_name(ttc: Ttc, refused: Refused, problems: Problems) -> None:
    """Case 6: --map tells the names it knows."""
    done = ttc("sample", problems(), "-q", "-m", MODEL, "--map", "frage=question")
    refused(done, 2, "--map frage=question", "prompt")


def test_unknown_fields_of_samples(ttc: Ttc, refused: Refused) -> None:
    """Case 6: sweep names what it lacks; with --map, it reads foreign files."""
    lines = ({"task": "a", "ok": bool(at % 2)} for at in range(4))
    Path("s.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    refused(ttc("sweep", "s.jsonl", "-q"), 2, "s.jsonl:1", "task, ok", "--map problem=FIELD")
    mapped = ("--map", "problem=task,correct=ok")
    done = ttc("sweep", "s.jsonl", "-s", "coverage", "-k", "1,4", "--json", *mapped)
    assert done.returncode == 0, done.stderr
    points = json.loads(done.stdout)["curves"][0]["points"]
    assert [point["value"] for point in points] == [0.5, 1.0]


def test_map_into_a_reference_that_is_text(ttc: Ttc) -> None:
    """Case 6: a foreign `reference` that is no object is an error of its line, or makes way."""
    record = {"problem": "a", "text": "18", "reference": "18", "gold": "18"}
    Path("s.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    done = ttc("verify", "s.jsonl", "-q", "-V", "exact", "--map", "reference.answer=gold")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)


# 7


def test_same_id_of_another_problem(ttc: Ttc, refused: Refused, database: Path) -> None:
    """Case 7: both lines are named."""
    Path("data.jsonl").write_bytes(GOOD + SECOND + GOOD.replace(b"One?", b"Another?"))
    done = ttc("sample", "data.jsonl", "-q", "-m", MODEL)
    refused(done, 2, "data.jsonl:3", "'a'", "data.jsonl:1")
    assert not database.exists()


def test_same_line_twice(ttc: Ttc, samples: Samples) -> None:
    """Case 7: the very same problem twice is one problem, and it is said."""
    Path("data.jsonl").write_bytes(GOOD + SECOND + GOOD)
    done = ttc("sample", "data.jsonl", "-n", "2", "-m", MODEL)
    assert done.returncode == 0, done.stderr
    assert "1 identical lines dropped" in done.stderr
    assert len(samples()) == 4


def test_same_id_in_two_files(ttc: Ttc, refused: Refused, database: Path) -> None:
    """Case 7: across files too."""
    Path("one.jsonl").write_bytes(GOOD)
    Path("two.jsonl").write_bytes(GOOD.replace(b"One?", b"Another?"))
    refused(ttc("sample", "one.jsonl", "two.jsonl", "-q", "-m", MODEL), 2, "two", "'a'")
    assert not database.exists()


def test_same_draw_twice(ttc: Ttc, refused: Refused) -> None:
    """Case 7: a sample that is there twice would count twice."""
    line = json.dumps({"problem": "a", "index": 0, "correct": True, "answer": "1"}) + "\n"
    Path("s.jsonl").write_text(line + line, encoding="utf-8")
    refused(ttc("sweep", "s.jsonl", "-q"), 2, "s.jsonl:2", "s.jsonl:1")


def test_half_a_surrogate(ttc: Ttc, samples: Samples) -> None:
    r"""Case 7: "\ud83d" alone is JSON but no text: replaced or refused, never a crash."""
    Path("data.jsonl").write_bytes(b'{"id":"a\\ud83d","question":"x \\ud83d","answer":"\\ud83d"}\n')
    done = ttc("sample", "data.jsonl", "-n", "1", "-m", MODEL)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)
    assert done.returncode == 2 or len(samples()) == 1


# 8


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
@pytest.mark.parametrize("command", ["sample", "verify", "sweep", "solve"])
def test_empty_input(
    ttc: Ttc, refused: Refused, samples: Samples, database: Path, command: str, data: bytes
) -> None:
    """Case 8: nothing in, never a green 0."""
    Path("data.jsonl").write_bytes(data)
    rest = {"sample": ("-m", MODEL), "verify": ("-V", "exact"), "solve": ("--each", "-m", MODEL)}
    done = ttc(command, "data.jsonl", "-q", *rest.get(command, ()))
    refused(done, 2, "data.jsonl" if command != "solve" else "no problems")
    assert not database.exists()


def test_empty_stdin(ttc: Ttc, refused: Refused, database: Path) -> None:
    """Case 8: a pipe that brought nothing."""
    refused(ttc("sample", "-", "-q", "-m", MODEL), 2, "standard input")
    refused(ttc("solve", "-q", "-m", MODEL), 2, "empty")
    assert not database.exists()


def test_limit_that_leaves_nothing(ttc: Ttc, refused: Refused, problems: Problems) -> None:
    """Case 8: --limit 0 is refused."""
    refused(ttc("sample", problems(), "-q", "--limit", "0", "-m", MODEL), 2, "--limit")


@pytest.mark.parametrize("ks", ["1,x", "0", "-1", ""])
def test_budgets_that_are_none(ttc: Ttc, refused: Refused, ks: str) -> None:
    """Case 3: -k takes whole numbers from 1."""
    line = json.dumps({"problem": "a", "correct": True, "answer": "1"})
    Path("s.jsonl").write_text(f"{line}\n", encoding="utf-8")
    refused(ttc("sweep", "s.jsonl", "-q", "-k", ks), 2, "-k")


def test_pool_without_verdicts(ttc: Ttc, refused: Refused, problems: Problems) -> None:
    """Case 8: a sweep over nothing judged names the step that is missing."""
    assert ttc("sample", problems(), "--pool", "p", "-n", "2", "-m", MODEL).returncode == 0
    refused(ttc("sweep", "p", "-q"), 2, "p: no samples have a verdict", "ttc verify p")
    refused(ttc("sweep", "nope", "-q"), 2, "nope", "ttc ls")
    refused(ttc("verify", "nope", "-q", "-V", "exact"), 2, "nope", "ttc ls")
    refused(ttc("show", "pp", "-q"), 2, "did you mean p?")


def test_missing_file(ttc: Ttc, refused: Refused, database: Path) -> None:
    """Case 8: a file that is not there, and a folder."""
    refused(ttc("sample", "nope.jsonl", "-q", "-m", MODEL), 2, "nope.jsonl: No such file")
    Path("folder").mkdir()
    refused(
        ttc("sample", "folder", "-q", "-m", MODEL), 2, "folder: a folder without files of records"
    )
    assert not database.exists()


# 14


def test_truncated_draws_are_told(ttc: Ttc, problems: Problems, samples: Samples) -> None:
    """Case 14: stored as truncated; sweep says how many, on stderr and in the document."""
    model = "scripted:answers=0*1,tokens=5-14"
    args = ("--pool", "p", "-n", "16", "--max-tokens", "9", "-m", model)
    drawn = ttc("sample", problems(), *args)
    assert drawn.returncode == 0, drawn.stderr
    cut = sum(row["finish_reason"] == "length" for row in samples())
    assert 0 < cut < 64
    assert f"{cut} truncated" in drawn.stderr
    assert all(row["completion_tokens"] == 9 for row in samples() if row["finish_reason"] != "stop")
    assert ttc("verify", "p", "-V", "numeric", "--json").returncode == 0
    swept = ttc("sweep", "p", "--json")
    assert swept.returncode == 0, swept.stderr
    warnings = json.loads(swept.stdout)["warnings"]
    told = [line for line in warnings if "truncated" in line]
    assert len(told) == 1, warnings
    share = f"{100 * cut / 64:.0f}"
    assert str(cut) in told[0] or share in told[0]
    assert told[0] in swept.stderr
