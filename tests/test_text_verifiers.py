"""The verifiers regex, schema and cmd: what they take as options, what they find, their limits."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import Ttc
from hypothesis import given, settings
from hypothesis import strategies as st
from test_worker_pool import children, descriptors
from tiers import need

from ttc import plugins
from ttc.errors import UsageError
from ttc.records import Sample, Verdict
from ttc.verifiers import Verifier
from ttc.verifiers.command import KEPT, Command
from ttc.verifiers.regex import Regex
from ttc.verifiers.sandbox import tiers
from ttc.verifiers.schema import Schema


def judge(verifier: Verifier, texts: Iterable[str], **reference: object) -> list[Verdict]:
    samples = [Sample("p", i, text, "stop", reference=reference) for i, text in enumerate(texts)]
    return list(verifier.verify(samples))


# --- what stands behind the colon


def test_a_verifier_may_take_all_behind_its_name() -> None:
    verifier = plugins.build("verifiers", r"regex:^a{1,2}=(?P<answer>b:c)$")
    assert verifier.config == {"pattern": r"^a{1,2}=(?P<answer>b:c)$"}
    assert plugins.build("verifiers", "exact:case=fold").config == {"case": "fold"}


@pytest.mark.parametrize("spec", ["exact:fold", "exact:=x", "numeric:tol"])
def test_the_others_still_take_options(spec: str) -> None:
    with pytest.raises(UsageError, match="write options as"):
        plugins.build("verifiers", spec)


def test_a_sweep_names_one_by_all_behind_its_name(ttc: Ttc, sums: Path) -> None:
    model = ("-m", "scripted:answers=1*1/2*1")
    assert ttc("sample", sums, "-n", 4, "--pool", "p", *model, "-o", "out.jsonl").code == 0
    for pattern in ("is 1$", "is [12]$"):
        assert ttc("verify", "p", "-V", f"regex:{pattern}", "-q", "-o", "out.jsonl").code == 0
    swept = ttc("sweep", "p", "-V", "regex:is [12]$", "-s", "coverage", "-k", "1", "--json")
    assert swept.code == 0, swept.err
    assert swept.document["curves"][0]["points"][0]["value"] == 1


# --- regex


@pytest.mark.parametrize(
    ("pattern", "text", "answer", "correct", "status"),
    [
        (r"^\s*42\b", " 42 apples", None, True, "ok"),
        (r"^\s*42\b", "421", None, False, "ok"),
        (r"(?i)yes", "YES", None, True, "ok"),
        (r"answer: (\d+)", "answer: 7", "7", True, "ok"),
        (r"(\d+) is (?P<answer>\w+)", "7 is prime", "prime", True, "ok"),
        (r"(\d+)", "none", None, False, "no_answer"),
        (r"(x)?b", "b", None, True, "ok"),
        (r"(\d+\.\d+)", "it is 0.50", "0.5", True, "ok"),
        ("42", "<think>42</think>43", None, False, "ok"),
        ("😀", "a 😀 b", None, True, "ok"),
        ("a\nb", "a\nb", None, True, "ok"),
    ],
)
def test_regex(pattern: str, text: str, answer: str | None, correct: bool, status: str) -> None:
    assert judge(Regex(pattern), [text]) == [Verdict(answer, correct, float(correct), status)]


def test_a_catastrophic_pattern_costs_the_texts_it_hangs_on() -> None:
    hangs = "a" * 60 + "!"
    began = time.perf_counter()
    verdicts = judge(Regex("^(a+)+$"), ["aaa", hangs, "b", "aaaa"])
    assert time.perf_counter() - began < 60
    assert [verdict.correct for verdict in verdicts] == [True, None, False, True]
    assert verdicts[1].status == "timeout"
    assert "1 s of processor time" in verdicts[1].detail


@pytest.mark.parametrize("early", [False, True])
def test_regex_leaves_nothing_behind(early: bool) -> None:
    before = children(), descriptors()
    given = Regex("a").verify(Sample("p", i, "a", "stop") for i in range(3))
    assert next(given).correct
    if early:
        given.close()  # type: ignore[attr-defined]
    else:
        list(given)
    del given
    assert (children(), descriptors()) == before


def test_regex_reads_no_further_than_it_judges() -> None:
    source = iter([Sample("p", i, "a", "stop") for i in range(3)])
    verdicts = Regex("a").verify(source)
    next(verdicts)
    assert len(list(source)) == 2


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("regex", "needs a pattern"),
        ("regex:", "needs a pattern"),
        ("regex:(", "unterminated subpattern"),
        ("regex:(?P<answer>a)(?P<answer>b)", "redefinition"),
    ],
)
def test_regex_refuses_what_is_no_pattern(spec: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        plugins.build("verifiers", spec)


def test_a_system_without_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("signal.setitimer")
    for spec in ("math", "regex:a"):
        with pytest.raises(UsageError, match=r"needs process limits \(Linux or macOS\)"):
            plugins.build("verifiers", spec)


@given(texts=st.lists(st.text(), max_size=5))
@settings(max_examples=10, deadline=None)
def test_regex_finds_what_python_finds(texts: list[str]) -> None:
    verdicts = judge(Regex(r"[a-z0-9]"), texts)
    assert [v.correct for v in verdicts] == [any(c in _PLAIN for c in text) for text in texts]


_PLAIN = set("abcdefghijklmnopqrstuvwxyz0123456789")


def test_regex_on_the_command_line(ttc: Ttc, sums: Path) -> None:
    ttc("sample", sums, "-n", 4, "-m", "scripted:answers=1*1/2*1", "--pool", "p", "-q")
    lines = ttc("verify", "p", "-V", r"regex:is (?P<answer>[12]{1,2})$", "-o", "-").lines
    assert {line["answer"] for line in lines} == {"1", "2"}
    assert all(line["correct"] for line in lines)


# --- schema

CITY = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]"},
        "people": {"type": "integer", "minimum": 1},
        "rivers": {"type": "array", "items": {"$ref": "#/$defs/river"}},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"river": {"type": "string"}},
}
PARIS = '{"name": "Paris", "people": 2000000}'
SPELT = '{"name":"Paris","people":2000000}'


@pytest.fixture
def city(tmp_path: Path) -> Path:
    path = tmp_path / "city=1,2.json"
    path.write_text(json.dumps(CITY))
    return path


@pytest.mark.parametrize(
    ("text", "answer", "detail"),
    [
        (PARIS, SPELT, ""),
        ('{"people": 2000000.0, "name": "Paris"}', SPELT, ""),
        (f"Here it is:\n```json\n{PARIS}\n```\nDone.", SPELT, ""),
        (f"```\n{PARIS}\n```", SPELT, ""),
        (f"```python\nx = 1\n```\n```JSON\n{PARIS}\n```", SPELT, ""),
        (f"<think>{{}}</think>{PARIS}", SPELT, ""),
        (f"~~~json\n{PARIS}\n~~~", SPELT, ""),
        (f"~~~~ JSON\n{PARIS}\n~~~~\nDone.", SPELT, ""),
        (f"```json lines\n{PARIS}\n```", SPELT, ""),
        (f"```json title=a.json\n{PARIS}\n```", SPELT, ""),
        (f"```{{.json}}\n{PARIS}\n```", SPELT, ""),
        (f"```json\r\n{PARIS}\r\n```\r\nDone.", SPELT, ""),
        (f"Here:\r\n\r\n~~~json\r\n{PARIS}\r\n~~~", SPELT, ""),
        (f"  ```json\n  {PARIS}\n  ```", SPELT, ""),
        (f"1. See\n   ```json\n   {PARIS}\n   ```\n2. Done", SPELT, ""),
        (f"````json\n{PARIS}\n````", SPELT, ""),
        (f"````markdown\n```json\n{PARIS}\n```\n````", SPELT, ""),
        (f"```markdown\n~~~json\n{PARIS}\n~~~\n```", SPELT, ""),
        (f"\ufeff{PARIS}", SPELT, ""),
        (f"\ufeff```json\n{PARIS}\n```", SPELT, ""),
        (f"```json\n\ufeff{PARIS}\n```", SPELT, ""),
        (f"```json\n{PARIS}", SPELT, ""),
        (f"```json\n{{}}\n```\nNo:\n```json\n{PARIS}\n```", SPELT, ""),
        (f"```json\n{PARIS}\n```\n```json\n{{name}}\n```", SPELT, ""),
        (f"```json\n{PARIS}\n```\n```bash\nls\n```", SPELT, ""),
        (f"```\n{PARIS}\n```\n```\nout of it\n```", SPELT, ""),
        (f"```jsonc\n{PARIS}\n```", SPELT, ""),
        ('```json\n{"name": "A ```b``` ~~~"}\n```', '{"name":"A ```b``` ~~~"}', ""),
        ("{}", "{}", "$: 'name' is a required property"),
        ('{"name": "paris"}', '{"name":"paris"}', "$.name: 'paris' does not match '^[A-Z]'"),
        ('{"name": "A", "x": 1}', '{"name":"A","x":1}', "'x' was unexpected"),
        ('{"name": "A", "rivers": ["B", 3]}', '{"name":"A","rivers":["B",3]}', "$.rivers[1]: 3"),
        ("3", "3", "$: 3 is not of type 'object'"),
    ],
)
def test_schema(city: Path, text: str, answer: str, detail: str) -> None:
    (verdict,) = judge(Schema(str(city)), [text])
    assert (verdict.answer, verdict.status) == (answer, "ok")
    assert verdict.correct is (detail == "")
    assert detail in verdict.detail
    assert bool(detail) == bool(verdict.detail)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Paris",
        f"{PARIS} and more",
        f"```bash\nls\n```\n\n{PARIS}",
        f"```json\n{PARIS} // a comment\n```",
        f"```json\nnothing\n```\n```\n{PARIS}\n```",
        f"```json lines\n{PARIS}\n{PARIS}\n```",
        "{'name': 'Paris'}",
        '{"name": "Paris",}',
        '{"name": "A", "people": NaN}',
        '{"name": "A", "people": 1e999}',
        '{"name": "A", "name": "B"}',
        "[" * 100_000,
        "9" * 5000,
    ],
)
def test_what_is_no_json_is_no_answer(city: Path, text: str) -> None:
    assert judge(Schema(str(city)), [text, PARIS]) == [
        Verdict(correct=False, score=0.0, status="no_answer", detail="it has no JSON"),
        Verdict(SPELT, True, 1.0),
    ]


def test_a_pattern_that_hangs_costs_its_text(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"pattern": "^(a+)+$"}')
    verdicts = judge(Schema(str(tmp_path / "s.json")), ['"aa"', f'"{"a" * 60}!"', '"b"'])
    assert [verdict.status for verdict in verdicts] == ["ok", "timeout", "ok"]
    assert [verdict.correct for verdict in verdicts] == [True, None, False]


def test_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"$ref": "http://127.0.0.1:9/schema.json"}')
    (verdict,) = judge(Schema(str(tmp_path / "s.json")), ["3"])
    assert (verdict.status, verdict.correct) == ("error", None)
    assert "Unresolvable" in verdict.detail


def test_the_config_is_what_the_file_holds(city: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other.json"
    elsewhere.write_text(json.dumps(CITY, indent=3))
    first = plugins.build("verifiers", f"schema:{city}").config
    assert first == Schema(str(elsewhere)).config
    assert str(tmp_path) not in json.dumps(dict(first))
    elsewhere.write_text("{}")
    assert Schema(str(elsewhere)).config != first


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "No such file or directory; give a file that holds a JSON Schema"),
        ("{", "is not a JSON Schema: Expecting property name"),
        ('{"type": "objekt"}', "is not a JSON Schema: at \\$.type: 'objekt' is not valid"),
        ('{"type": "object", "type": "array"}', "an object has a key twice"),
        ("3", "is not a JSON Schema"),
        (b"\xff", "can't decode byte"),
    ],
)
def test_a_bad_schema_file_is_named(
    tmp_path: Path, content: str | bytes | None, fault: str
) -> None:
    path = tmp_path / "s.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=fault) as raised:
        plugins.build("verifiers", f"schema:{path}")
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_schema_needs_a_file_and_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="schema needs a file"):
        plugins.build("verifiers", "schema:")
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    monkeypatch.delitem(sys.modules, "ttc.verifiers.workers.schema_check", raising=False)
    monkeypatch.delattr("ttc.verifiers.workers.schema_check", raising=False)
    with pytest.raises(UsageError, match=r"pip install .*\[schema\]'"):
        plugins.build("verifiers", "schema:s.json")


# --- cmd


def python(tmp_path: Path, code: str, extra: str = "") -> str:
    """Write a script and return the command that runs it."""
    script = tmp_path / "check it.py"
    script.write_text(textwrap.dedent(code))
    return f"{sys.executable} -S '{script}' {extra}"


def test_cmd_goes_by_the_exit_code(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import sys
        text = sys.stdin.read()
        print("seen")
        print("  " + text)
        sys.exit({"yes": 0, "no": 1}.get(text, 7))
    """,
    )
    verdicts = judge(Command(command), ["yes", "no", "huh", "<think>no</think>yes"])
    assert [verdict.correct for verdict in verdicts] == [True, False, False, True]
    assert [verdict.detail for verdict in verdicts] == ["yes", "no", "huh", "yes"]
    assert {verdict.status for verdict in verdicts} == {"ok"}
    assert {verdict.answer for verdict in verdicts} == {None}


def test_cmd_tells_problem_index_and_reference(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import json, os, sys
        found = json.loads(os.environ["TTC_REFERENCE"])["answer"]
        print(os.environ["TTC_PROBLEM"], os.environ["TTC_INDEX"], found)
    """,
    )
    verdicts = judge(Command(command), ["a", "b"], answer="π")
    assert [verdict.detail for verdict in verdicts] == ["p 0 π", "p 1 π"]


def test_cmd_gives_a_file_where_it_is_asked_for(tmp_path: Path) -> None:
    command = python(
        tmp_path, "import sys; print(open(sys.argv[1][2:]).read(), sys.stdin.read())", "f={file}"
    )
    before = set(Path(tempfile.gettempdir()).glob("ttc-*"))
    assert judge(Command(command), ["text"])[0].detail == "text"
    assert set(Path(tempfile.gettempdir()).glob("ttc-*")) <= before


def test_cmd_uses_no_shell(tmp_path: Path) -> None:
    (verdict,) = judge(Command("echo $HOME ; touch pwned | cat"), ["x"])
    assert verdict.detail == "$HOME ; touch pwned | cat"
    assert not Path("pwned").exists()


def test_cmd_that_takes_too_long_is_killed_with_all_it_started(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import subprocess, sys, time
        text = sys.stdin.read()
        if text == "quick":
            sys.exit(0)
        child = subprocess.Popen(["sleep", "300"])
        open("pid", "w").write(str(child.pid))
        time.sleep(300)
    """,
    )
    began = time.perf_counter()
    verdicts = judge(Command(f"timeout=2 {command}"), ["slow", "quick"])
    assert time.perf_counter() - began < 60
    assert [verdict.status for verdict in verdicts] == ["timeout", "ok"]
    assert [verdict.correct for verdict in verdicts] == [None, True]
    assert verdicts[0].detail == "not done within 2 s"
    assert gone(int(Path("pid").read_text()))


def gone(pid: int) -> bool:
    """Wait until a process that is not ours has ended (init may take a moment to reap it)."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_what_a_command_leaves_behind_is_killed_and_not_waited_for(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import subprocess
        child = subprocess.Popen(["sleep", "300"])
        open("pid", "w").write(str(child.pid))
        print("done")
    """,
    )
    began = time.perf_counter()
    (verdict,) = judge(Command(command), ["x"])
    assert (verdict.correct, verdict.detail) == (True, "done")
    assert time.perf_counter() - began < 60
    assert gone(int(Path("pid").read_text()))


def test_output_without_end_is_not_kept(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import sys
        for _ in range(3000):
            sys.stdout.write("x" * 10_000)
        sys.stdout.write("\\nlast line")
    """,
    )
    (verdict,) = judge(Command(command), ["x"])
    assert (verdict.correct, verdict.detail) == (True, "last line")
    (long,) = judge(Command(python(tmp_path, "print('y' * 100_000)")), ["x"])
    assert long.detail == "y" * 500


def test_a_command_that_does_not_read_is_no_dead_reader() -> None:
    raised: list[int] = []
    handler = signal.signal(signal.SIGPIPE, lambda signum, frame: raised.append(signum))
    try:
        verdicts = judge(Command("true"), ["x" * 1_000_000] * 3)
    finally:
        signal.signal(signal.SIGPIPE, handler)
    assert [verdict.correct for verdict in verdicts] == [True] * 3
    assert not raised


@pytest.mark.parametrize(("code", "says"), [(126, "cannot be executed"), (127, "is not there")])
def test_a_command_that_did_not_run_is_an_error(code: int, says: str) -> None:
    (verdict,) = judge(Command(f"sh -c 'exit {code}'"), ["x"])
    assert (verdict.status, verdict.correct) == ("error", None)
    assert f"exit {code}" in verdict.detail
    assert says in verdict.detail


def test_a_command_that_vanishes_is_an_error(tmp_path: Path) -> None:
    script = tmp_path / "check"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    verifier = Command(str(script))
    assert judge(verifier, ["x"])[0].correct is True
    script.unlink()
    (verdict,) = judge(verifier, ["x"])
    assert verdict.status == "error"
    assert str(script) in verdict.detail


def test_what_an_environment_cannot_hold_is_an_error() -> None:
    given = [Sample("p\0q", 0, "x", "stop"), Sample("p", 1, "x", "stop")]
    assert [verdict.status for verdict in Command("true").verify(given)] == ["error", "ok"]


def test_cmd_runs_several_at_a_time_and_keeps_the_order(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import sys, time
        wait = float(sys.stdin.read())
        time.sleep(wait)
        print(wait)
    """,
    )
    waits = ["0.6", "0.0", "0.3", "0.1", "0.2", "0.0"]
    assert [verdict.detail for verdict in judge(Command(command), waits)] == waits


@pytest.mark.parametrize("early", [False, True])
def test_cmd_leaves_nothing_behind(early: bool) -> None:
    before = children(), descriptors()
    waits = ["0.1"] + (["100"] if early else ["0.1"]) * 49
    given = Command("xargs sleep").verify(
        Sample("p", i, wait, "stop") for i, wait in enumerate(waits)
    )
    assert next(given).correct
    began = time.perf_counter()
    if early:
        given.close()  # type: ignore[attr-defined]
        assert time.perf_counter() - began < 60
    else:
        list(given)
    del given
    assert (children(), descriptors()) == before


def test_interrupting_kills_what_runs(tmp_path: Path) -> None:
    command = python(
        tmp_path,
        """
        import os, time
        open(f"pid-{os.environ['TTC_PROBLEM']}", "w").write(str(os.getpid()))
        time.sleep(300)
    """,
    )
    rows = [{"problem": str(i), "index": 0, "text": "x"} for i in range(8)]
    Path("s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tool = subprocess.Popen(
        [sys.executable, "-m", "ttc.cli.main", "verify", "s.jsonl", "-V", f"cmd:{command}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 30
    while not list(tmp_path.glob("pid-*")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    tool.send_signal(signal.SIGINT)
    _, err = tool.communicate(timeout=30)
    assert (tool.returncode, "Traceback" in err) == (130, False)
    pids = [int(path.read_text()) for path in tmp_path.glob("pid-*")]
    assert pids
    assert all(map(gone, pids))


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("cmd:", "cmd needs a command"),
        ("cmd:timeout=3", "cmd needs a command"),
        ("cmd:no-such-command-here x", "no command 'no-such-command-here'"),
        ("cmd:./missing", "give its path"),
        ("cmd:echo 'x", "No closing quotation"),
    ],
)
def test_cmd_refuses_what_cannot_run(spec: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        plugins.build("verifiers", spec)


def test_cmd_options() -> None:
    verifier = plugins.build("verifiers", "cmd:timeout=1.5 echo a=b,c=d")
    assert verifier.config == {"command": ["echo", "a=b,c=d"], "timeout": 1.5}
    assert Command("true").config == {"command": ["true"], "timeout": 30.0}


def test_a_command_comes_from_the_command_line_alone(
    ttc: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / "s.jsonl").write_text('{"problem": "p", "index": 0, "text": "x"}\n')
    (own_home / "ttc.toml").write_text('verifier = "cmd:touch pwned"\n')
    ran = ttc("verify", "s.jsonl")
    assert ran.code == 2
    told = "ttc.toml: 'cmd:touch pwned' would run a command; to allow it, name it with -V"
    assert told in ran.err
    monkeypatch.setenv("TTC_VERIFIER", "cmd:touch pwned")
    assert "TTC_VERIFIER: 'cmd:touch pwned' would run" in ttc("verify", "s.jsonl").err
    assert not (own_home / "pwned").exists()
    assert ttc("verify", "s.jsonl", "-V", "cmd:touch made").code == 0
    assert (own_home / "made").exists()


# --- cmd: its environment and its sandbox

SECRETS = [
    "TTC_API_KEY",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "GITHUB_TOKEN",
    "DATABASE_URL",
    "SSH_AUTH_SOCK",
    "PYTHONPATH",
    "LD_PRELOAD",
]
TELL = "import json, os; print(json.dumps(sorted(os.environ)))"


def names_in(verdict: Verdict) -> set[str]:
    return set(json.loads(verdict.detail))


def test_cmd_passes_on_what_is_named_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*SECRETS, "TZ"):
        monkeypatch.setenv(name, "")
    command = python(tmp_path, TELL)
    (verdict,) = judge(Command(command), ["x"])
    ours = {"TTC_PROBLEM", "TTC_INDEX", "TTC_REFERENCE"}
    assert {"PATH", "TZ", *ours} <= names_in(verdict) <= {*KEPT, *ours, "LC_CTYPE", "PWD"}
    verifier = plugins.build("verifiers", f"cmd:env=HF_TOKEN,AWS_SESSION_TOKEN {command}")
    (verdict,) = judge(verifier, ["x"])
    assert names_in(verdict) & set(SECRETS) == {"HF_TOKEN", "AWS_SESSION_TOKEN"}
    assert verifier.config["env"] == ["AWS_SESSION_TOKEN", "HF_TOKEN"]


def test_cmd_env_by_a_flag(ttc: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_home / "s.jsonl").write_text('{"problem": "p", "index": 0, "text": "x"}\n')
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("CI_URL", "here")
    command = "cmd:sh -c 'echo $CI_URL-$OPENAI_API_KEY'"
    found = ttc("verify", "s.jsonl", "-V", command, "--env", "CI_URL")
    assert json.loads(found.out)["detail"] == "here-"
    for more, fault in (
        (("-V", "cmd:true", "--env", "NOT_SET"), "env: NOT_SET is not set here"),
        (("-V", "cmd:true", "--env", "A=b"), "env takes the name of a variable, not 'A=b'"),
        (("-V", "exact", "--env", "HOME"), "--env: the verifier exact runs no command"),
        (("-V", "cmd:sandboxed=maybe true"), "sandboxed must be yes or no"),
        (("-V", "cmd:true", "--sandbox", "landlock"), "landlock cannot run a command"),
    ):
        ran = ttc("verify", "s.jsonl", *more)
        assert (ran.code, fault in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("code", ["1", "raise SystemExit(3)"])
def test_cmd_gives_a_file_the_ending_that_is_asked_for(code: str) -> None:
    (verdict,) = judge(Command(f"{sys.executable} {{file.py}}"), [code])
    assert verdict.correct == (code == "1")
    (verdict,) = judge(Command("echo {file.py}"), ["x"])
    assert re.fullmatch(r".*/ttc-\w+\.py", verdict.detail)


BOXED = """
import json, os, socket, subprocess, sys
def tried(act):
    try:
        return repr(act())
    except Exception as error:
        return type(error).__name__
home, listener, pid = json.loads(os.environ["TARGETS"])
libc = __import__("ctypes").CDLL(None, use_errno=True)
print(json.dumps([
    tried(lambda: open(home + "/secret").read()),
    tried(lambda: open(home + "/written", "w")),
    tried(lambda: open(sys.argv[1], "w")),
    tried(lambda: open(__file__, "w")),
    tried(lambda: os.listdir(os.path.expanduser("~root"))),
    tried(lambda: socket.socket(socket.AF_UNIX).connect(listener)),
    tried(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
    tried(lambda: os.kill(pid, 0)),
    tried(lambda: open("/proc/%d/environ" % pid).read()),
    tried(lambda: 1 / (1 + libc.unshare(0x10000000))),
    tried(lambda: 1 / (1 + libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))),
    tried(lambda: 1 / (1 + libc.syscall(425, 1, b"x" * 120))),
    [name for name in os.environ if "KEY" in name],
    open(sys.argv[1]).read(),
    subprocess.check_output(["sh", "-c", "echo started; touch /tmp/own"]).decode(),
]))
"""


def test_cmd_sandboxed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("bwrap")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "secret").write_text("open sesame")
    (tmp_path / "check.py").write_text(BOXED)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "listener"))
        listener.listen()
        # By the environment, for what a word names is bound.
        targets = [str(tmp_path / "home"), str(tmp_path / "listener"), os.getpid()]
        monkeypatch.setenv("TARGETS", json.dumps(targets))
        verifier = Command(f"sandboxed=yes env=TARGETS {sys.executable} check.py {{file}}")
        (verdict,) = judge(verifier, ["the text"])
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert verdict.correct, verdict
    *refused, keys, text, started = json.loads(verdict.detail)
    errors = {"FileNotFoundError", "PermissionError", "OSError", "NotADirectoryError"}
    assert set(refused) <= {*errors, "ConnectionRefusedError", "ZeroDivisionError",
                            "ProcessLookupError"}, refused  # fmt: skip
    assert (keys, text, started) == ([], "the text", "started\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["check.py", "home", "listener"]
    assert not Path("/tmp/own").exists()
    assert verifier.config["sandboxed"] is True


def test_cmd_sandboxed_where_that_cannot_be(
    ttc: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / "s.jsonl").write_text('{"problem": "p", "index": 0, "text": "x"}\n')
    monkeypatch.setattr(tiers, "bubblewrap", lambda: None)
    flag = ("--sandbox", "auto")
    for more in (("-V", "cmd:sandboxed=yes touch made"), ("-V", "cmd:touch made", *flag)):
        ran = ttc("verify", "s.jsonl", *more)
        assert ran.code == 5
        assert "bubblewrap is not installed" in ran.err
        assert "leave out sandboxed=yes" in ran.err
    assert not (own_home / "made").exists()
