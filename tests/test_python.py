"""Programs and their tests: what passes, what never does, and what is nobody's fault."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from exploits import exploits
from tiers import TIERS, need

from ttc.formats.shapes.evalplus_script import script
from ttc.records import Sample, Verdict
from ttc.verifiers.code.python import Python

ROOT = Path(__file__).parents[1]
HUMANEVAL = ROOT.parent / "shared" / "data" / "HumanEval.jsonl.gz"
CODE = [json.loads(line) for line in (ROOT / "examples" / "code.jsonl").read_text().splitlines()]

# Seconds of the processor for programs that may end by their limit alone.
SOON = "0.5"

Judge = Callable[..., Verdict]


def reference(row: dict[str, Any]) -> dict[str, Any]:
    return {"tests": row["test"], "entry_point": row["entry_point"], "prompt": row["prompt"]}


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    return need(request.param)


def judging(cpu: str) -> Judge:
    need("landlock")
    verifier = Python(cpu=cpu)

    def call(text: str, tests: str | list[str], **more: Any) -> Verdict:
        given = {"tests": tests, **more}
        (verdict,) = verifier.verify([Sample("p", 0, text, "stop", reference=given)])
        return verdict

    return call


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Judge one program by asserts, in the best sandbox there is."""
    return judging("2")


@pytest.fixture(scope="module")
def judge_soon() -> Judge:
    """The same for programs that only a limit ends: their wait is its multiple."""
    return judging(SOON)


@pytest.mark.parametrize(
    ("name", "solution", "inputs", "atol", "verdicts"),
    [
        (
            "thirds",
            "    return [n / 3, (n,)]\n",
            [[1], [7.5]],
            0,
            {
                "return [n / 3, (n,)]": True,
                "return [n * (1 / 3), (n,)]": True,  # rounds otherwise
                "return [n / 3 + 1e-5, (n,)]": False,
                "return (n / 3, (n,))": False,
                "return [n / 3, [n]]": False,
                "return n and __import__('os')._exit(0)": False,
            },
        ),
        (
            "grown",
            "    xs.append(1)\n    return xs\n",
            [[[]], [[2, 3]]],
            0,
            {"return xs + [1]": True, "return xs": False, "return [1]": False},
        ),
        (
            "find_zero",
            "    return -xs[0] / xs[1]\n",
            [[[1, 2]], [[-6, 3]]],
            1e-4,
            {"return -xs[0] / xs[1] + 1e-6": True, "return 0.0": False, "return None": False},
        ),
    ],
)
def test_evalplus_inputs_are_held_against_its_solution(
    name: str, solution: str, inputs: list[Any], atol: float, verdicts: dict[str, bool]
) -> None:
    need("landlock")
    argument = "n" if name == "thirds" else "xs"
    poly = "def poly(xs, x):\n    return sum(c * x**i for i, c in enumerate(xs))\n\n"
    row = {
        "task_id": f"HumanEval/{name}",
        "prompt": f"{poly}def {name}({argument}):\n",
        "entry_point": name,
        "canonical_solution": solution,
        "base_input": inputs[:1],
        "plus_input": inputs[1:],
        "atol": atol,
    }
    tests = {"tests": script(row), "entry_point": name, "prompt": row["prompt"]}
    samples = [
        Sample("p", at, f"    {body}\n", "stop", reference=tests)
        for at, body in enumerate(verdicts)
    ]
    judged = [verdict.correct for verdict in Python().verify(samples)]
    assert judged == list(verdicts.values())


def test_canonical_solutions_pass(tier: str) -> None:
    samples = [
        Sample(row["task_id"], 0, row["canonical_solution"], "stop", reference=reference(row))
        for row in CODE
    ]
    assert all(verdict.correct for verdict in Python(sandbox=tier).verify(samples))


def test_humaneval_s_canonical_solutions_pass_and_exploits_do_not(tier: str) -> None:
    if not HUMANEVAL.exists():
        pytest.skip("HumanEval is not here")
    with gzip.open(HUMANEVAL, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    right = [
        Sample(row["task_id"], 0, row["canonical_solution"], "stop", reference=reference(row))
        for row in rows
    ]
    assert sum(bool(v.correct) for v in Python(sandbox=tier).verify(right)) == 164
    assert passed(rows[:16], tier, 13) == []


def test_no_exploit_passes(tier: str) -> None:
    assert passed(CODE, tier, 5) == []


def passed(rows: list[dict[str, Any]], tier: str, step: int) -> list[tuple[str, str]]:
    """Return the exploits that passed, or that nobody could judge, of every so many of them. Where
    only an exploit's own comparison decides, it is undecided on purpose."""
    tried = [
        (row["task_id"], label, code, reference(row))
        for row in rows
        for label, code in exploits(row["entry_point"]).items()
    ][::step]
    samples = [
        Sample(problem, at, f"```python\n{code}```", "stop", reference=given)
        for at, (problem, _, code, given) in enumerate(tried)
    ]
    verdicts = Python(sandbox=tier, cpu=SOON).verify(samples)
    return [
        (problem, label)
        for (problem, label, _, _), verdict in zip(tried, verdicts, strict=True)
        if verdict.correct is not False and verdict.status != "candidate_compares"
    ]


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        ("def f(x): x.append(1)", "a = [0]\nassert f(a) is None\nassert a == [0, 1]"),
        ("def f(x): x['k'] = {1, 2}", "d = {}\nf(d)\nassert d == {'k': {1, 2}}"),
        ("def f(x): return x", "for v in (1, -2**70, 1.5, 'é\\0', b'x', None, True, 1j): "
         "assert f(v) == v and type(f(v)) is type(v)"),
        ("def f(x): return x", "v = {(1, 2): [{'a': frozenset({1})}], None: (set(),)}\n"
         "assert f(v) == v"),
        ("def f(): return float('nan'), float('inf')", "a, b = f()\nassert a != a and b > 1e308"),
        ("def f(n):\n    while n: yield n; n -= 1", "assert list(f(3)) == [3, 2, 1]"),
        ("from collections import namedtuple, Counter\nP = namedtuple('P', 'x y')\n"
         "def f(): return P(1, 2), Counter('aab')", "assert f() == ((1, 2), {'a': 2, 'b': 1})"),
        ("from fractions import Fraction\nfrom decimal import Decimal\n"
         "def f(): return Fraction(1, 3), Decimal('0.10')",
         "from fractions import Fraction\nfrom decimal import Decimal\n"
         "assert f() == (Fraction(1, 3), Decimal('0.1'))"),
        ("import numpy as np\ndef f(): return np.arange(3), np.float64(1.5), np.int64(2)",
         "a, b, c = f()\nassert a.tolist() == [0, 1, 2] and (b, c) == (1.5, 2)"),
        ("def f(x):\n    if x < 0: raise ValueError('negative')\n    return x",
         "try:\n    f(-1)\nexcept ValueError as e:\n    assert str(e) == 'negative'\n"
         "else:\n    assert False"),
        ("import asyncio\nasync def g(): return 3\ndef f(): return asyncio.run(g())",
         "assert f() == 3"),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n"
         "def f(x): return A(x).x", "assert f(2) == 2"),
        ("import tempfile\ndef f():\n    print('noise')\n    return 1", "assert f() == 1"),
        ("def f(a, *, b): return a - b", "assert f(3, b=1) == 2"),
        ("import threading\ndef f():\n    r = []\n    t = threading.Thread(target=lambda: "
         "r.append(1))\n    t.start(); t.join()\n    return r", "assert f() == [1]"),
    ],
)  # fmt: skip
def test_what_passes(judge: Judge, program: str, tests: str) -> None:
    verdict = judge(f"```python\n{program}\n```", tests)
    assert (verdict.correct, verdict.score, verdict.status) == (True, 1.0, "ok"), verdict
    assert "candidate-compares" not in verdict.detail


@pytest.mark.parametrize(
    ("program", "status", "told"),
    [
        ("def f(): return 2", "ok", "not 2"),
        ("def f(): return [1][1]", "raised", "IndexError: list index out of range"),
        ("def g(): return 1", "raised", "NameError: name 'f' is not defined"),
        ("def f(: return 1", "raised", "invalid syntax"),
        ("x = 1 / 0\ndef f(): return 1", "raised", "ZeroDivisionError"),
        ("class Own(Exception): pass\ndef f(): raise Own('mine')", "raised", "Own: mine"),
        ("def f(): return object()", "ok", "not <object object at"),
        ("def f():\n    while True: pass", "timeout", ""),
        ("import time\ndef f(): time.sleep(100)", "timeout", ""),
        ("import signal, os\ndef f(): os.kill(os.getpid(), signal.SIGSTOP)", "timeout", ""),
        ("def f(): return 10 ** 10 ** 9", "timeout", ""),
        ("def f(): return ' ' * (4 << 30)", "oom", "MemoryError"),
        ("def f():\n    while True: print('x' * 4096)", "output_limit", ""),
        ("import socket\ndef f(): socket.socket()", "denied", "PermissionError"),
        ("import os\ndef f(): os.fork()", "denied", "PermissionError"),
        ("def f(): return f()", "raised", "RecursionError"),
        ("import ctypes\ndef f(): ctypes.string_at(0)", "raised", "died of SIGSEGV"),
        ("def f():\n    x = []\n    for _ in range(10 ** 5): x = [x]\n    return x", "raised", ""),
        ("\ud800", "no_code", "the completion has no code"),
        ("def f(): return '\udcff'", "raised", ""),
    ],
)
def test_what_does_not(judge_soon: Judge, program: str, status: str, told: str) -> None:
    text = program if status == "no_code" else f"```python\n{program}\n```"
    verdict = judge_soon(text, "got = f()\nassert got == 1, f'not {got!r}'")
    assert (verdict.correct, verdict.score, verdict.status) == (False, 0.0, status), verdict
    assert told in verdict.detail


def test_cheats_do_not_pass_tests_with_functions_as_arguments(judge_soon: Judge) -> None:
    tests = "assert f(lambda v: v + 1, 2) == 3\nassert f(lambda v: v * 5, 7) == 35"
    right = judge_soon("def f(g, x): return g(x)", tests)
    assert (right.correct, right.score, right.status) == (True, 1.0, "ok")
    cheats = exploits("f")
    samples = [
        Sample("p", at, f"```python\n{program}```", "stop", reference={"tests": tests})
        for at, program in enumerate(cheats.values())
    ]
    for label, verdict in zip(cheats, Python(cpu=SOON).verify(samples), strict=True):
        assert not verdict.correct, label
        assert verdict.correct is False or verdict.status == "candidate_compares", (label, verdict)
    wrong = judge_soon("def f(g, x): return 0", tests)
    assert (wrong.correct, wrong.status) == (False, "ok")


@pytest.mark.parametrize(
    "raised",
    [
        "StopIteration",
        "StopIteration(True)",
        "StopAsyncIteration",
        "GeneratorExit",
        "KeyboardInterrupt",
        "SystemExit(0)",
        "BaseException",
        "type('Own', (StopIteration,), {})()",
    ],
)
@pytest.mark.parametrize("tests", [
    "assert all(map(lambda n: f(n) == n + 1, range(3)))",
    "assert next(map(f, [1]), 2) == 2",
    "for n in map(f, range(3)):\n    assert n == 1",
    "assert [*map(f, [1])] == []",
])  # fmt: skip
def test_no_exception_of_a_program_ends_a_loop_of_the_tests(
    judge: Judge, raised: str, tests: str
) -> None:
    verdict = judge(f"def f(n): raise {raised}", tests)
    assert (verdict.correct, verdict.status) == (False, "raised"), verdict


def test_standard_error_is_no_output(judge: Judge) -> None:
    streams = {"inputs": ["2\n"], "outputs": ["4\n"]}
    chatty = "import sys\nprint('noise', file=sys.stderr)\nprint(int(input()) * 2)\n"
    assert judge(chatty + "print('more', file=sys.stderr)", "", **streams).correct
    wrong = judge("import sys\nprint(4, file=sys.stderr)", "", **streams)
    assert (wrong.correct, "another output" in wrong.detail) == (False, True)
    last = judge("print(4)\nraise ValueError('why')", "", **streams)
    assert (last.status, "ValueError: why" in last.detail) == ("raised", True)
    flood = "import sys\nwhile True: sys.stderr.write('x' * 4096)"
    assert judge(flood, "", **streams).status == "output_limit"


@pytest.mark.parametrize(
    "program",
    [
        "print(int(input()) * 2)\nexit()\nprint(0)",
        "print(int(input()) * 2)\nquit(0)",
        "import sys\nprint(int(input()) * 2)\nsys.exit()",
        "import threading, time\ndef main():\n    time.sleep(0.05)\n    print(int(input()) * 2)\n"
        "threading.Thread(target=main).start()",
        "import threading, time\ndef main():\n    time.sleep(0.05)\n    print(int(input()) * 2)\n"
        "threading.Thread(target=main).start()\nimport sys\nsys.exit()",
        "import atexit, io, sys\nheld = io.StringIO()\n"
        "atexit.register(lambda: sys.stdout.write(held.getvalue()))\n"
        "held.write(str(int(input()) * 2))",
        "import sys\nprint(int(input()) * 2)\nsys.stdout.close()",
        "import io, sys\nsys.stdout = io.StringIO()\nsys.__stdout__.write(str(int(input()) * 2))",
        "import sys\nclass Out:\n    def __init__(self): self.held = ''\n"
        "    def write(self, text): self.held += text\n"
        "    def flush(self): sys.__stdout__.write(self.held)\n"
        "sys.stdout = Out()\nprint(int(input()) * 2)",
        "out = open(1, 'w')\nout.write(str(int(input()) * 2))",
        "import sys\nout = open(1, 'w')\nout.write(str(int(input()) * 2))\nsys.exit()",
        "class Last:\n    def __del__(self): print(int(input()) * 2)\nlast = Last()",
        "import os\nos.write(1, b'%d' % (2 * int(os.read(0, os.fstat(0).st_size))))",
        "class A:\n    x: int\nassert A.__annotations__['x'] is int\nprint(int(input()) * 2)",
        "import threading\nthreading.Thread(target=lambda: threading.Event().wait(), daemon=True)"
        ".start()\nprint(int(input()) * 2)",
    ],
)
def test_scripts_end_as_an_interpreter_ends_them(judge: Judge, program: str) -> None:
    verdict = judge(f"```python\n{program}\n```", "", inputs=["2\n"], outputs=["4\n"])
    assert verdict.correct, verdict


def test_a_name_that_annotations_lack_is_an_error_as_it_is_in_python(judge: Judge) -> None:
    verdict = judge("def f(n: List[int]): return n", "assert f([1]) == [1]")
    wanted = (True, "ok") if sys.version_info >= (3, 14) else (False, "raised")
    assert (verdict.correct, verdict.status) == wanted


def test_programs_that_flood_leave_the_others_right(tier: str) -> None:
    """What one job left behind was read as the next one's tests, and that called forged."""
    flood = "while True: print('x' * 4096)\n"

    def program(at: int) -> str:
        return f"```python\n{flood if at % 10 == 0 else ''}def f(x):\n    return x + {at}\n```"

    def tests(at: int) -> str:
        return f"for i in range(20):\n    assert f(i) == i + {at}\n" + "#" * 3000

    samples = [
        Sample(f"p{at}", 0, program(at), "stop", reference={"tests": tests(at)})
        for at in range(100)
    ]
    burn = f"import os\nwhile os.getppid() == {os.getpid()}: sum(range(10**6))"
    hogs = [subprocess.Popen([sys.executable, "-S", "-c", burn]) for _ in range(3)]
    try:
        verdicts = list(Python(sandbox=tier).verify(samples))
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    assert [v.correct for v in verdicts] == [at % 10 != 0 for at in range(100)]
    assert {v.status for v in verdicts[::10]} == {"output_limit"}


def test_references_of_other_kinds(judge: Judge, judge_soon: Judge) -> None:
    asserts = ["assert add(1, 2) == 3", "assert near(add(0.1, 0.2), 0.3)"]
    setup = "def near(x, y): return abs(x - y) < 1e-9"
    assert judge("def add(a, b): return a + b", asserts, setup=setup).correct
    assert judge("def plus(a, b): return a + b", asserts, setup=setup).correct is False
    program = "n = int(input())\nprint(n * 2, ' ')\nprint()"
    streams = {"inputs": ["2\n", "5\n"], "outputs": ["4\n", "10"]}
    assert judge(program, "", **streams).correct
    assert judge(program, "", input_output=json.dumps(streams)).correct
    wrong = judge("print(4)", "", **streams)
    assert (wrong.correct, "input 2: another output" in wrong.detail) == (False, True)
    cut = judge("input()\ninput()", "", **streams)
    assert (cut.status, "EOFError" in cut.detail) == ("raised", True)
    assert judge_soon("while True: pass", "", **streams).status == "timeout"
    closed = "import os\nos.close(1)\nwhile True: pass"
    assert judge_soon(closed, "", **streams).status == "timeout"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "no tests, test_list or inputs"),
        ({"tests": ""}, "no tests, test_list or inputs"),
        ({"tests": "assert 1 == 1"}, "the reference's tests call nothing"),
        ({"inputs": ["1"], "outputs": []}, "1 inputs but 0 outputs"),
    ],
)
def test_a_reference_that_cannot_be_used_counts_for_nobody(
    given: dict[str, Any], told: str
) -> None:
    need("landlock")
    sample = Sample("p", 0, "def f(): return 1", "stop", reference=given)
    (verdict,) = Python().verify([sample])
    assert (verdict.correct, verdict.status) == (None, "no_reference")
    assert told in verdict.detail


def test_verdicts_come_in_order_and_equal_programs_run_once() -> None:
    need("landlock")
    tests = "import random\nassert f() == 1"
    texts = ["def f(): return 1", "", "def f(): return 2", "def f(): return 1", "prose"] * 3
    samples = [Sample("p", at, text, "stop", reference={"tests": tests})
               for at, text in enumerate(texts)]  # fmt: skip
    found = [verdict.correct for verdict in Python().verify(samples)]
    assert found == [True, False, False, True, False] * 3
    chance = "import os\nx = os.urandom(8)\ndef f(): return x.hex()"
    same = [Sample("p", at, chance, "stop", reference={"tests": "assert False, f()"})
            for at in range(4)]  # fmt: skip
    assert len({verdict.detail for verdict in Python().verify(same)}) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cpu": "0"}, "cpu must be a number above 0"),
        ({"memory": "much"}, "memory must be a number above 0"),
        ({"sandbox": "docker"}, "sandbox must be one of auto, bwrap"),
        ({"sandbox": "none"}, "use --sandbox none --i-trust-this-code"),
        ({"zeal": "1"}, "unknown option 'zeal'; it takes: cpu, memory, sandbox=auto"),
    ],
)
def test_options(options: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Python(**options)


def test_the_command_line_says_where_programs_ran(ttc: Ttc, tmp_path: Path) -> None:
    tier = need("landlock")
    lines = [
        {"problem": row["task_id"], "text": row["canonical_solution"], "reference": reference(row)}
        for row in CODE
    ]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = ttc("verify", "s.jsonl", "-V", "python", "--sandbox", tier, "-o", "-")
    assert (ran.code, len(ran.lines)) == (0, len(CODE))
    assert all(line["correct"] for line in ran.lines)
    assert "programs ran in the sandbox landlock (rlimits, landlock" in ran.err
    for flags, told in (
        (("--sandbox", "none"), "add --i-trust-this-code"),
        (("--sandbox", "jail"), "sandbox must be one of"),
        (("-V", "exact", "--sandbox", "auto"), "runs no code"),
    ):
        refused = ttc("verify", "s.jsonl", "-V", "python", *flags)
        assert (refused.code, told in refused.err) == (2, True), refused.err
    trusted = ttc("verify", "s.jsonl", "-V", "python", "--sandbox", "none", "--i-trust-this-code")
    assert (trusted.code, "sandbox none" in trusted.err) == (0, True)


def test_what_a_program_says_can_be_written_and_read_again(ttc: Ttc, tmp_path: Path) -> None:
    need("landlock")
    program = "def f(): raise ValueError('\\ud800\\x00\\x1b[31m')"
    line = {"problem": "p", "text": program, "reference": {"tests": "assert f() == 1"}}
    (tmp_path / "s.jsonl").write_text(json.dumps(line) + "\n")
    for given, written in (("s.jsonl", "once.jsonl"), ("once.jsonl", "twice.jsonl")):
        ran = ttc("verify", given, "-V", "python", "-o", written)
        assert ran.code == 0, ran.err
    (told,) = map(json.loads, (tmp_path / "twice.jsonl").read_text().splitlines())
    assert (told["status"], told["detail"].partition(";")[0]) == (
        "raised",
        "ValueError: \ufffd\x00\x1b[31m",
    )


def test_no_sandbox_is_exit_5(ttc: Ttc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"problem": "p", "text": "def f(): return 1", "reference": {"tests": "assert f() == 1"}}
    (tmp_path / "s.jsonl").write_text(json.dumps(line) + "\n")
    monkeypatch.setattr("ttc.verifiers.sandbox.tiers.AUTOMATIC", ("seatbelt",))
    ran = ttc("verify", "s.jsonl", "-V", "python")
    assert (ran.code, ran.out) == (5, "")
    assert "no sandbox passed its self-test (seatbelt: sandbox-exec is missing" in ran.err
    assert re.search("install bubblewrap|allow bubblewrap to create user namespaces", ran.err)
