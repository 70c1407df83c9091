"""What a reference's tests define is run, counted, and told from the program's own faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from reference_cases import ADD, CASES, SUB, raising
from tiers import need

from ttc.records import Sample, Verdict
from ttc.verifiers.code.python import Python

Told = tuple[str, str, dict[str, Any]]


def judged(samples: list[Sample], cpu: str = "3") -> Iterator[Verdict]:
    need("landlock")
    return iter(list(Python(cpu=cpu).verify(samples)))


def sample(name: str, at: int, program: str, reference: dict[str, Any]) -> Sample:
    text = program if program.startswith("    ") else f"```python\n{program}```"
    return Sample(name, at, text, "stop", reference=reference)


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[Verdict]]:
    """Judge all cases at once: a right program, a wrong one, and one that raises."""
    samples = [
        sample(name, at, program, reference)
        for name, (reference, right, wrong) in CASES.items()
        for at, program in enumerate((right, wrong, raising(right)))
    ]
    found = judged(samples)
    return {name: [next(found) for _ in range(3)] for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_right_programs_pass_and_their_twins_do_not(
    verdicts: dict[str, list[Verdict]], name: str
) -> None:
    if name in ("assertions of numpy", "seed of numpy"):
        pytest.importorskip("numpy")
    right, wrong, raises = verdicts[name]
    assert (right.correct, right.status) == (True, "ok"), right
    assert "assertions: " in right.detail
    assert (wrong.correct, raises.correct) == (False, False), (wrong, raises)


COUNTED = {
    "asserts": "assertions: 2;",
    "list of asserts": "assertions: 2;",
    "check": "assertions: 1;",
    "check that the tests call": "assertions: 1;",
    "check in a loop": "assertions: 25;",
    "check with helpers": "assertions: 2;",
    "check that returns a truth value": "assertions: 1;",
    "check that raises": "assertions: 1;",
    "two functions": "assertions: 2; tests: 2;",
    "parametrize": "assertions: 3; tests: 3;",
    "parametrize twice": "assertions: 4; tests: 4;",
    "fixture with parameters": "assertions: 3; tests: 3;",
    "skipped and expected failures": "assertions: 1; tests: 2;",
    "only raises": "assertions: 1;",
    "try and fail": "assertions: 1;",
    "test case": "assertions: 2; tests: 2;",
    "test case with subtests": "assertions: 4; tests: 1;",
    "class of tests": "assertions: 2; tests: 2;",
}


def test_assertions_and_tests_are_counted(verdicts: dict[str, list[Verdict]]) -> None:
    found = {name: verdicts[name][0].detail for name in COUNTED}
    assert {name: found[name][: len(told)] for name, told in COUNTED.items()} == COUNTED


NOTHING: dict[str, dict[str, Any]] = {
    "pass": {"tests": "pass"},
    "imports": {"tests": "import math\nx = 1"},
    "a comment": {"tests": "# later", "entry_point": "add"},
    "a check of nothing": {"tests": "def check(candidate):\n    pass", "entry_point": "add"},
    "a check that only calls": {
        "tests": "def check(candidate):\n    got = candidate(1, 2) == 3",
        "entry_point": "add",
    },
    "a comparison": {"tests": "add(1, 2) == 3"},
    "a call": {"tests": "print(add(1, 2))"},
    "a test of nothing": {"tests": "def test_add():\n    pass"},
    "a helper": {"tests": "def helper():\n    assert add(1, 2) == 3"},
    "a loop over nothing": {"tests": "for x in []:\n    assert add(x, x) == 2 * x"},
    "a skipped test": {
        "tests": "import pytest\n@pytest.mark.skip\ndef test_add():\n    assert add(1, 2) == 3"
    },
    "a test case without tests": {
        "tests": "import unittest\nclass T(unittest.TestCase):\n    pass",
        "entry_point": "add",
    },
    "a test case of nothing": {
        "tests": "import unittest\nclass T(unittest.TestCase):\n    def test_it(self): pass",
        "entry_point": "add",
    },
    "a class that is no test": {
        "tests": "class Helper:\n    def test_it(self):\n        assert add(1, 2) == 3"
    },
}

BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "syntax": ("cannot be parsed", {"tests": "assert add(1, 2) = 3"}),
    "syntax of a check": (
        "cannot be parsed",
        {"tests": "def check(candidate):\nassert (", "entry_point": "add"},
    ),
    "syntax of the setup": (
        "setup cannot be parsed",
        {"tests": "assert add(1, 2) == 3", "setup": "x = = 1"},
    ),
    "return outside of a function": (
        "'return' outside function",
        {"tests": "assert add(1, 2) == 3\nreturn"},
    ),
    "Python 2": ("cannot be parsed", {"tests": "assert add(1, 2) == 3\nprint 'ok'"}),
    "entry point": ("is no function", {"tests": "def check(c): pass", "entry_point": "add("}),
    "package": (
        "import no_such_package, which is not installed",
        {"tests": "import no_such_package\nassert add(1, 2) == 3"},
    ),
    "package in a function": (
        "import no_such_package",
        {"tests": "def test_add():\n    from no_such_package.a import b\n    assert add(1, b)"},
    ),
    "package whose function a program may have": (
        "import no_such_package",
        {"tests": "from no_such_package import add as close\nassert close(plus(1, 2), 3)"},
    ),
    "two packages": (
        "import no_such",
        {"tests": "from no_such_a import add\nfrom no_such_b import near\nnear(add(1, 2))"},
    ),
    "package of the setup": (
        "import no_such_package",
        {"tests": "assert add(1, 2) == 3", "setup": "import no_such_package as p"},
    ),
    "name of a module": (
        "cannot import name",
        {"tests": "from collections import NoSuch\nassert add(1, 2) == 3"},
    ),
    "package by name": (
        "No module named 'no_such_package'",
        {"tests": "import importlib\nimportlib.import_module('no_such_package')\nadd(1, 2)"},
    ),
    "setup that raises": (
        "setup raises ZeroDivisionError",
        {"tests": "assert add(1, 2) == 3", "setup": "x = 1 / 0"},
    ),
    "helper that nobody defines": (
        "name 'near' is not defined",
        {"tests": "def check(c):\n    assert near(c(1, 2), 3)", "entry_point": "add"},
    ),
    "fixture that nobody defines": (
        "fixture 'database' not found",
        {"tests": "def test_add(database):\n    assert add(1, 2) == 3"},
    ),
    "no end": ("never end", {"tests": "while True: pass\nassert add(1, 2) == 3"}),
    "no end behind an assertion": ("never end", {"tests": "assert add(1, 2) == 3\nwhile 1: pass"}),
    "no end of a check": (
        "never end",
        {
            "tests": "def check(c):\n    while True:\n        assert c(1, 2) == 3",
            "entry_point": "add",
        },
    ),
    "sleep": ("never end", {"tests": "import time\ntime.sleep(1000)\nassert add(1, 2) == 3"}),
    "no end with the canonical solution": (
        "never end",
        {"tests": "x = 0\nwhile add(x, 1) != 0: x += 1", "canonical_solution": ADD},
    ),
}

PLUS = "def plus(a, b):\n    return a + b\n"
ENDLESS = "def add(a, b):\n    while True: pass\n"
OWN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "lacks a name": (PLUS, "raised", {"tests": "assert add(1, 2) == 3"}),
    "lacks the entry point": (
        PLUS,
        "raised",
        {"tests": "def check(c):\n    assert c(1, 2) == 3", "entry_point": "add"},
    ),
    "lacks an imported name": (
        PLUS,
        "raised",
        {"tests": "from solution import add\nassert add(1, 2) == 3"},
    ),
    "does not end": (ENDLESS, "timeout", {"tests": "assert add(1, 2) == 3\nwhile True: pass"}),
    "makes the tests endless": (
        "def add(a, b):\n    return 0\n",
        "timeout",
        {"tests": "x = 0\nwhile x < 3: x = add(x, 1)", "canonical_solution": ADD},
    ),
    "exits under a bare except": (
        "import os\ndef add(a, b):\n    os._exit(0)\n",
        "raised",
        {
            "tests": "for bad in (-1, -2):\n    try:\n        add(bad, 1)\n    except:\n"
            "        pass\n    else:\n        raise AssertionError('no error')"
        },
    ),
    "exits in a test case": (
        "import os\ndef add(a, b):\n    os._exit(0)\n",
        "raised",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)"
        },
    ),
    "skips the tests": (
        "import unittest\ndef add(a, b):\n    raise unittest.SkipTest('no')\n",
        "raised",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)\n    def test_true(self):\n"
            "        self.assertTrue(True)"
        },
    ),
    "has a library's name": (
        "class math:\n    isclose = staticmethod(lambda *a: 1)\ndef add(a, b):\n    return 0\n",
        "ok",
        {"tests": "assert math.isclose(add(1, 2), 3)"},
    ),
    "has a class of a library": (
        "class Counter:\n    def __init__(self, xs): pass\n    def __eq__(self, other):\n"
        "        return type(other) is Counter\ndef add(a, b):\n    return []\n",
        "ok",
        {"tests": "assert Counter(add(1, 2)) == Counter([3])"},
    ),
    "pickles a call": (
        "import pickle\nclass X:\n    def __reduce__(self): return exec, ('raise SystemExit(0)',)\n"
        "def add(path, _):\n    with open(path, 'wb') as file: pickle.dump(X(), file)\n",
        "ok",
        {
            "tests": "import pickle\ndef test_it(tmp_path):\n    path = str(tmp_path / 'p')\n"
            "    add(path, 1)\n    with open(path, 'rb') as file:\n"
            "        assert pickle.load(file) == [1]"
        },
    ),
    "raises an error of imports, then another": (
        "def add(a, b):\n    raise [ImportError, KeyError][a]('no')\n",
        "raised",
        {
            "tests": "import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(0, 2), 3)\n    def tearDown(self):\n        add(1, 1)"
        },
    ),
    "says that a name is not defined": (
        "def add(a, b):\n    raise NameError('no', name='add')\n",
        "raised",
        {"tests": "assert add(1, 2) == 3"},
    ),
    "ends the process": (
        "import sys\ndef add(a, b):\n    sys.exit(0)\n",
        "raised",
        {"tests": "def test_add():\n    assert add(1, 2) == 3"},
    ),
    "ends a loop": (
        "def add(a, b):\n    raise StopIteration\n",
        "raised",
        {"tests": "def test_add():\n    assert all(map(lambda n: add(n, n) == 2 * n, range(3)))"},
    ),
}


def test_references_that_test_nothing_are_no_evidence() -> None:
    found = judged([sample(name, 0, ADD, reference) for name, reference in NOTHING.items()])
    assert {
        name: (verdict.correct, verdict.status)
        for name, verdict in zip(NOTHING, found, strict=True)
    } == dict.fromkeys(NOTHING, (None, "no_tests"))


def test_faults_of_the_tests_are_never_the_program_s() -> None:
    samples = [
        sample(name, at, program, reference)
        for name, (_, reference) in BAD.items()
        for at, program in enumerate((ADD, SUB))
    ]
    found = judged(samples, cpu="0.5")
    for name, (told, _) in BAD.items():
        right, wrong = next(found), next(found)
        assert (right.correct, right.status) == (None, "bad_reference"), (name, right)
        assert told in right.detail, (name, right)
        assert wrong.correct is not True  # it may fail before the tests' fault shows


def test_faults_of_the_program_are_not_the_tests() -> None:
    samples = [sample(name, 0, program, given) for name, (program, _, given) in OWN.items()]
    found = judged(samples, cpu="0.5")
    told = {
        name: (verdict.correct, verdict.status) for name, verdict in zip(OWN, found, strict=True)
    }
    assert told == {name: (False, status) for name, (_, status, _) in OWN.items()}


EVENS = "def evens(xs):\n    return [x for x in xs if x % 2 == 0]\n"
ZIPPED = {
    "tests": "def check(candidate):\n    for x, y in zip(candidate([1, 2, 3, 4]), [2, 4]):\n"
    "        assert x == y\n",
    "entry_point": "evens",
}


def test_a_program_runs_no_fewer_assertions_than_the_canonical_solution() -> None:
    body = {"canonical_solution": EVENS.partition("\n")[2], "prompt": "def evens(xs):\n"}
    cases: list[tuple[str, dict[str, Any], bool | None, str]] = [
        (EVENS, {"canonical_solution": EVENS}, True, "assertions: 2"),
        ("def evens(xs):\n    return []\n", {"canonical_solution": EVENS}, False, "only 0 of 2"),
        ("def evens(xs):\n    return [2]\n", body, False, "only 1 of 2 assertions ran"),
        ("def evens(xs):\n    return []\n", {"code": EVENS}, False, "only 0 of 2"),
        ("def evens(xs):\n    return []\n", {}, None, "ran no assertion"),
        (
            EVENS,
            {"canonical_solution": "def evens(xs):\n    return 1 / 0\n"},
            True,
            "fails its tests",
        ),
    ]
    found = judged([sample(f"p{at}", 0, program, {**ZIPPED, **more})
                    for at, (program, more, _, _) in enumerate(cases)])  # fmt: skip
    for _, _, correct, told in cases:
        verdict = next(found)
        assert (verdict.correct, told in verdict.detail) == (correct, True), verdict


def test_twins_share_setup_and_entry_point() -> None:
    setups = [{"setup": f"want = {n}", "tests": "assert add(1, 2) == want"} for n in (3, 4, 3)]
    entries = [{"entry_point": e, "tests": "def check(c):\n    assert c(1, 2) == 3"}
               for e in ("add", "sub")]  # fmt: skip
    both = f"{ADD}def sub(a, b):\n    return a - b\n"
    references: list[dict[str, Any]] = [*setups, *entries]
    found = judged([sample("p", at, both, given) for at, given in enumerate(references)])
    assert [verdict.correct for verdict in found] == [True, False, True, True, False]
