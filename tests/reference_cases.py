"""References in the forms of the world, each with a right program and a wrong one.

A case is (reference, right, wrong). `raising` makes a third program of the right one, whose
functions all raise; whatever the form, only the right program is correct.
"""

# ruff: noqa: E501 (sources of tests stay on the line of their string)
from __future__ import annotations

import re
import textwrap
from typing import Any

Case = tuple[dict[str, Any], str, str]
ADD, SUB = "def add(a, b):\n    return a + b\n", "def add(a, b):\n    return a - b\n"


def raising(program: str) -> str:
    """Return a program with the same names, whose functions and methods raise."""
    if not program.startswith(("def", "class", "import", "from", "async", "@")):
        return "    raise RuntimeError('no')\n"
    lines = []
    for line in program.split("\n"):
        lines.append(line)
        if found := re.match(r"(\s*)(?:async )?def .*:$", line):
            lines.append(f"{found[1]}    raise RuntimeError('no')")
    return "\n".join(lines)


def _tests(text: str, **more: Any) -> dict[str, Any]:
    return {"tests": textwrap.dedent(text).strip("\n") + "\n", **more}


# Plain data only: no class of the program, nothing printed.
CASES: dict[str, Case] = {
    "asserts": (_tests("assert add(1, 2) == 3\nassert add(2, 2) == 4"), ADD, SUB),
    "list of asserts": (
        {"test_list": ["assert add(1, 2) == 3", "assert add(5, 5) == 10"]},
        ADD,
        SUB,
    ),
    "list named tests": ({"tests": ["assert add(1, 2) == 3"]}, ADD, SUB),
    "imports of tests": (
        {"tests": ["assert math.isclose(add(.1, .2), .3)"], "test_imports": ["import math"]},
        ADD,
        SUB,
    ),
    "module of the standard library without an import": (
        {"tests": ["assert math.isclose(add(.1, .2), .3)"]},
        f"import math\n{ADD}",
        SUB,
    ),
    "setup": (
        _tests("assert near(add(.1, .2), .3)", setup="def near(x, y): return abs(x - y) < 1e-9"),
        ADD,
        SUB,
    ),
    "check": (
        _tests("def check(candidate):\n    assert candidate(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "check with a blank": (
        _tests("def check (candidate):\n    assert candidate(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "check of another argument": (
        _tests("def check(f: object) -> None:\n    assert f(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "test_check": (
        _tests("def test_check(candidate):\n    assert candidate(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "check that the tests call": (
        _tests("def check(candidate):\n    assert candidate(1, 2) == 3\n\ncheck(add)"),
        ADD,
        SUB,
    ),
    "check that the tests call, with an entry point": (
        _tests(
            "calls = []\ndef check(candidate):\n    calls.append(1)\n    assert len(calls) == 1\n"
            "    assert candidate(1, 2) == 3\n\ncheck(add)",
            entry_point="add",
        ),
        ADD,
        SUB,
    ),
    "check that returns a truth value": (
        _tests("def check(candidate):\n    return candidate(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "check that raises": (
        _tests(
            "def check(candidate):\n    if candidate(1, 2) != 3:\n        raise ValueError('wrong')",
            entry_point="add",
        ),
        ADD,
        SUB,
    ),
    "check in a loop": (
        _tests(
            "def check(candidate):\n    for a in range(5):\n        for b in range(5):\n"
            "            assert candidate(a, b) == a + b",
            entry_point="add",
        ),
        ADD,
        SUB,
    ),
    "check without an entry point, by the prompt": (
        _tests(
            "def check(candidate):\n    assert candidate(1, 2) == 3",
            prompt="def add(a, b):\n    '''Add.'''\n",
        ),
        "    return a + b\n",
        "    return a - b\n",
    ),
    "check without an entry point, by the program": (
        _tests("def check(candidate):\n    assert candidate(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "check with helpers": (
        _tests(
            "def check_one(candidate, a, b):\n    assert candidate(a, b) == a + b\n"
            "def check(candidate):\n    check_one(candidate, 1, 2)\n    check_one(candidate, 2, 3)",
            entry_point="add",
        ),
        ADD,
        SUB,
    ),
    "check of two functions": (
        _tests(
            "def check(candidate):\n    assert undo(candidate(1, 2), 2) == 1",
            entry_point="add",
            prompt="def undo(a, b):\n    return a - b\n\ndef add(a, b):\n",
        ),
        ADD,
        SUB,
    ),
    "async check": (
        _tests("async def check(candidate):\n    assert candidate(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "function of tests": (_tests("def test_add():\n    assert add(1, 2) == 3"), ADD, SUB),
    "two functions": (
        _tests(
            "def test_a():\n    assert add(1, -1) in (0, 2)\ndef test_b():\n    assert add(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
    "function that takes the candidate": (
        _tests("def test_add(candidate):\n    assert candidate(1, 2) == 3", entry_point="add"),
        ADD,
        SUB,
    ),
    "async function": (_tests("async def test_add():\n    assert add(1, 2) == 3"), ADD, SUB),
    "main block that calls the functions": (
        _tests(
            "def test_add():\n    assert add(1, 2) == 3\n\nif __name__ == '__main__':\n"
            "    test_add()\n    print('ok')"
        ),
        ADD,
        SUB,
    ),
    "main block with the asserts": (
        _tests("if __name__ == '__main__':\n    assert add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "functions that are called": (
        _tests("def run():\n    assert add(1, 2) == 3\nrun()"),
        ADD,
        SUB,
    ),
    "pytest.main at the end": (
        _tests(
            "import pytest\ndef test_add():\n    assert add(1, 2) == 3\npytest.main([__file__])"
        ),
        ADD,
        SUB,
    ),
    "sys.exit at the end": (
        _tests(
            "import pytest, sys\ndef test_add():\n    assert add(1, 2) == 3\n"
            "sys.exit(pytest.main(['-q']))"
        ),
        ADD,
        SUB,
    ),
    "class of tests": (
        _tests(
            "class TestAdd:\n    def test_small(self):\n        assert add(1, 2) == 3\n"
            "    def test_zero(self):\n        assert add(0, 0) == 0"
        ),
        ADD,
        SUB,
    ),
    "class with setup_method": (
        _tests(
            "class TestAdd:\n    def setup_method(self, method):\n        self.two = 2\n"
            "    def teardown_method(self):\n        del self.two\n"
            "    def test_small(self):\n        assert add(1, self.two) == 3"
        ),
        ADD,
        SUB,
    ),
    "class with setup_class": (
        _tests(
            "class TestAdd:\n    @classmethod\n    def setup_class(cls):\n        cls.two = 2\n"
            "    def test_small(self):\n        assert add(1, self.two) == 3"
        ),
        ADD,
        SUB,
    ),
    "inherited tests": (
        _tests(
            "class Base:\n    two = 1\n    def test_small(self):\n"
            "        assert add(1, self.two) == 1 + self.two\nclass TestAdd(Base):\n    two = 2"
        ),
        ADD,
        SUB,
    ),
    "nested class": (
        _tests(
            "class TestOuter:\n    class TestInner:\n        def test_small(self):\n"
            "            assert add(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
    "setup_function and setup_module": (
        _tests(
            "seen = []\ndef setup_module(module):\n    seen.append(2)\n"
            "def setup_function(function):\n    seen.append(3)\n"
            "def test_add():\n    assert add(*seen) == 5"
        ),
        ADD,
        SUB,
    ),
    "fixture": (
        _tests(
            "import pytest\n@pytest.fixture\ndef two():\n    return 2\n"
            "def test_add(two):\n    assert add(1, two) == 3"
        ),
        ADD,
        SUB,
    ),
    "fixture that yields": (
        _tests(
            "import pytest\nends = []\n@pytest.fixture()\ndef two():\n    yield 2\n    ends.append(1)\n"
            "def test_add(two):\n    assert add(1, two) == 3\ndef test_ended():\n"
            "    assert ends == [1] and add(1, 1) == 2"
        ),
        ADD,
        SUB,
    ),
    "fixtures of fixtures": (
        _tests(
            "import pytest\n@pytest.fixture\ndef one():\n    return 1\n"
            "@pytest.fixture(scope='module')\ndef base():\n    return []\n"
            "@pytest.fixture(autouse=True)\ndef grown(base, one):\n    base.append(one)\n"
            "def test_a(base):\n    assert add(*base, 2) == 3\n"
            "def test_b(base):\n    assert base == [1, 1] and add(*base) == 2"
        ),
        ADD,
        SUB,
    ),
    "fixture with parameters": (
        _tests(
            "import pytest\n@pytest.fixture(params=[1, 2, 3])\ndef n(request):\n"
            "    return request.param\ndef test_add(n):\n    assert add(n, n) == 2 * n"
        ),
        ADD,
        SUB,
    ),
    "fixture of a class": (
        _tests(
            "import pytest\nclass TestAdd:\n    @pytest.fixture\n    def two(self):\n        return 2\n"
            "    @pytest.fixture(autouse=True)\n    def kept(self, two):\n        self.four = two * 2\n"
            "    def test_add(self, two):\n        assert add(two, self.four) == 6"
        ),
        ADD,
        SUB,
    ),
    "fixture that is asked for": (
        _tests(
            "import pytest\n@pytest.fixture\ndef two():\n    return 2\n"
            "@pytest.mark.usefixtures('two')\ndef test_add(request):\n"
            "    assert add(1, request.getfixturevalue('two')) == 3"
        ),
        ADD,
        SUB,
    ),
    "fixture of the function": (
        _tests(
            "import pytest\n@pytest.fixture\ndef function():\n    return add\n"
            "def test_add(function):\n    assert function(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
    "async fixture": (
        _tests(
            "import pytest\n@pytest.fixture\nasync def two():\n    yield 2\n"
            "@pytest.mark.asyncio\nasync def test_add(two):\n    assert add(1, two) == 3"
        ),
        ADD,
        SUB,
    ),
    "parametrize": (
        _tests(
            "import pytest\n@pytest.mark.parametrize('a, b, want', [(1, 2, 3), (0, 0, 0), "
            "pytest.param(4, 5, 9, id='large')])\n"
            "def test_add(a, b, want):\n    assert add(a, b) == want"
        ),
        ADD,
        SUB,
    ),
    "parametrize twice": (
        _tests(
            "import pytest\n@pytest.mark.parametrize('a', [1, 2])\n"
            "@pytest.mark.parametrize(('b',), [(1,), (2,)])\n"
            "def test_add(a, b):\n    assert add(a, b) == a + b"
        ),
        ADD,
        SUB,
    ),
    "parametrize a class": (
        _tests(
            "import pytest\n@pytest.mark.parametrize(argnames=['n'], argvalues=[[1], [2]])\n"
            "class TestAdd:\n    def test_add(self, n):\n        assert add(n, n) == 2 * n"
        ),
        ADD,
        SUB,
    ),
    "parametrize through a fixture": (
        _tests(
            "import pytest\n@pytest.fixture\ndef n(request):\n    return request.param * 2\n"
            "@pytest.mark.parametrize('n', [1, 2], indirect=True)\n"
            "def test_add(n):\n    assert n % 2 == 0 and add(n, n) == 2 * n"
        ),
        ADD,
        SUB,
    ),
    "skipped and expected failures": (
        _tests(
            "import pytest, sys\n@pytest.mark.skip(reason='later')\ndef test_a():\n    assert False\n"
            "@pytest.mark.skipif(sys.version_info > (3, 0), reason='new')\n"
            "def test_b():\n    assert False\n"
            "@pytest.mark.xfail\ndef test_c():\n    assert add(1, 1) == 3\n"
            "def test_d():\n    pytest.skip('no')\n"
            "def test_e():\n    assert add(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
    "raises": (
        _tests(
            "import pytest\ndef test_add():\n    with pytest.raises(TypeError, match='NoneType') as e:\n"
            "        add(None, 1)\n    assert isinstance(e.value, TypeError)\n"
            "    pytest.raises(TypeError, add, 'a', 1)\n    assert add(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
    "only raises": (
        _tests("import pytest\nwith pytest.raises(ValueError):\n    add(-1, 2)"),
        "def add(a, b):\n    if a < 0:\n        raise ValueError('negative')\n    return a + b\n",
        ADD,
    ),
    "raises that nothing raises": (
        _tests(
            "from pytest import raises\ndef test_add():\n    with raises((ValueError, KeyError)):\n"
            "        add(-1, 2)"
        ),
        "def add(a, b):\n    raise KeyError(a)\n",
        ADD,
    ),
    "try and fail": (
        _tests("try:\n    add(-1, 2)\n    assert False\nexcept ValueError:\n    pass"),
        "def add(a, b):\n    if a < 0:\n        raise ValueError('negative')\n    return a + b\n",
        ADD,
    ),
    "try and else": (
        _tests(
            "def test_add():\n    try:\n        add(-1, 2)\n    except ValueError as e:\n"
            "        assert str(e) == 'negative'\n    else:\n        raise AssertionError('no error')"
        ),
        "def add(a, b):\n    if a < 0:\n        raise ValueError('negative')\n    return a + b\n",
        ADD,
    ),
    "approx": (
        _tests(
            "from pytest import approx\ndef test_add():\n    assert add(.1, .2) == approx(.3)\n"
            "    assert [add(.1, .2)] == approx([.3])\n    assert {'k': add(.1, .2)} == approx({'k': .3})\n"
            "    assert add(1, 2) == approx(3.01, abs=.1)\n    assert add(1, 2) != approx(3.01)"
        ),
        ADD,
        SUB,
    ),
    "fail": (
        _tests(
            "import pytest\ndef test_add():\n    got = add(1, 2)\n    if got != 3:\n"
            "        pytest.fail('wrong')"
        ),
        ADD,
        SUB,
    ),
    "tmp_path and monkeypatch": (
        _tests(
            "def test_add(tmp_path, monkeypatch):\n    (tmp_path / 'n').write_text('2')\n"
            "    monkeypatch.setattr('math.pi', 3)\n    import math\n"
            "    assert add(int((tmp_path / 'n').read_text()), math.pi) == 5"
        ),
        ADD,
        SUB,
    ),
    "file of tmp_path": (
        _tests(
            "def test_total(tmp_path):\n    file = tmp_path / 'n'\n    file.write_text('2 3')\n"
            "    assert total(str(file)) == 5"
        ),
        "def total(path):\n    with open(path) as file:\n        return sum(map(int, file.read().split()))\n",
        "def total(path):\n    return len(path)\n",
    ),
    "file of tmpdir": (
        _tests(
            "def test_total(tmpdir):\n    file = tmpdir.join('n')\n    file.write('2 3')\n"
            "    assert total(str(file)) == 5"
        ),
        "def total(path):\n    with open(path) as file:\n        return sum(map(int, file.read().split()))\n",
        "def total(path):\n    return len(path)\n",
    ),
    "test case": (
        _tests(
            "import unittest\nclass TestCases(unittest.TestCase):\n    def test_case_1(self):\n"
            "        self.assertEqual(add(1, 2), 3)\n    def test_case_2(self):\n"
            "        self.assertTrue(add(0, 0) == 0)"
        ),
        ADD,
        SUB,
    ),
    "test case with main": (
        _tests(
            "import unittest\nclass Adding(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)\nunittest.main()"
        ),
        ADD,
        SUB,
    ),
    "test case with main behind a guard": (
        _tests(
            "from unittest import TestCase, main\nclass Adding(TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)\nif __name__ == '__main__':\n    main()"
        ),
        ADD,
        SUB,
    ),
    "test case with main and exit": (
        _tests(
            "import sys, unittest\nclass Adding(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)\n"
            "ran = unittest.main(argv=[''], exit=False)\nsys.exit(not ran.result.wasSuccessful())"
        ),
        ADD,
        SUB,
    ),
    "test case with a runner": (
        _tests(
            "import unittest\nclass Adding(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)\n"
            "suite = unittest.TestLoader().loadTestsFromTestCase(Adding)\n"
            "unittest.TextTestRunner(verbosity=2).run(suite)"
        ),
        ADD,
        SUB,
    ),
    "test case without an import": (
        _tests(
            "class TestCases(unittest.TestCase):\n    def test_it(self):\n"
            "        self.assertEqual(add(1, 2), 3)",
            entry_point="add",
        ),
        ADD,
        SUB,
    ),
    "test case with setUp": (
        _tests(
            "import unittest\ndef setUpModule():\n    global three\n    three = 3\n"
            "class Adding(unittest.TestCase):\n    @classmethod\n"
            "    def setUpClass(cls):\n        cls.two = 2\n    def setUp(self):\n        self.one = 1\n"
            "    def tearDown(self):\n        self.one = None\n    def test_it(self):\n"
            "        self.assertEqual(add(self.one, self.two), three)"
        ),
        ADD,
        SUB,
    ),
    "test case with subtests": (
        _tests(
            "import unittest\nclass Adding(unittest.TestCase):\n    def test_it(self):\n"
            "        for n in range(4):\n            with self.subTest(n=n):\n"
            "                self.assertEqual(add(n, 1), n + 1)"
        ),
        ADD,
        SUB,
    ),
    "test case with skips": (
        _tests(
            "import unittest\nclass Adding(unittest.TestCase):\n    @unittest.skip('later')\n"
            "    def test_a(self):\n        self.fail()\n    @unittest.expectedFailure\n"
            "    def test_b(self):\n        self.assertEqual(add(1, 1), 3)\n    def test_c(self):\n"
            "        self.skipTest('no')\n    def test_d(self):\n        self.assertEqual(add(1, 2), 3)"
        ),
        ADD,
        SUB,
    ),
    "test case that expects an error": (
        _tests(
            "import unittest\nclass Adding(unittest.TestCase):\n    def test_it(self):\n"
            "        with self.assertRaises(TypeError) as caught:\n            add(None, 1)\n"
            "        self.assertIn('NoneType', str(caught.exception))\n"
            "        self.assertRaises(TypeError, add, None, 1)\n"
            "        self.assertAlmostEqual(add(.1, .2), .3)"
        ),
        ADD,
        SUB,
    ),
    "async test case": (
        _tests(
            "import unittest\nclass Adding(unittest.IsolatedAsyncioTestCase):\n"
            "    async def asyncSetUp(self):\n        self.two = 2\n    async def test_it(self):\n"
            "        self.assertEqual(add(1, self.two), 3)"
        ),
        ADD,
        SUB,
    ),
    "test case that derives from another": (
        _tests(
            "import unittest\nclass Base(unittest.TestCase):\n    def eq(self, a, b):\n"
            "        self.assertEqual(a, b)\nclass Adding(Base):\n    def test_it(self):\n"
            "        self.eq(add(1, 2), 3)"
        ),
        ADD,
        SUB,
    ),
    "assertions of numpy": (
        _tests(
            "import numpy as np\ndef test_add():\n    np.testing.assert_allclose(add(.1, .2), .3)"
        ),
        ADD,
        SUB,
    ),
    "function with the name of a builtin": (
        _tests(
            "def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert sum([4]) == 4",
            entry_point="sum",
        ),
        "def sum(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n",
        "def sum(xs):\n    return 0\n",
    ),
    "local variable of the same name": (
        _tests(
            "def test_a():\n    count = 2\n    assert count == 2\ndef test_b():\n"
            "    assert count([1, 1, 2], 1) == 2"
        ),
        "def count(xs, x):\n    return xs.count(x)\n",
        "def count(xs, x):\n    return 0\n",
    ),
    "parameter of the same name": (
        _tests(
            "def holds(add, want):\n    return add == want\ndef test_b():\n"
            "    assert holds(add(1, 2), 3)"
        ),
        ADD,
        SUB,
    ),
    "import of the program": (
        _tests("from solution import add\ndef test_add():\n    assert add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "import of a module with its own name": (
        _tests("from calculator import add\nassert add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "module of the program": (
        _tests("import your_module\nassert your_module.add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "module of the program by another name": (
        _tests("import arithmetic as a\ndef test_add():\n    assert a.add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "everything of the program": (
        _tests("from main import *\nassert add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "relative import": (_tests("from .adding import add\nassert add(1, 2) == 3"), ADD, SUB),
    "dotted module": (
        _tests("from src.adding import add as plus\nassert plus(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "module like one of the standard library": (
        _tests(
            "from code import add\ndef test_add():\n    assert add(1, 2) == 3", entry_point="add"
        ),
        ADD,
        SUB,
    ),
    "import that may fail": (
        _tests(
            "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None\n"
            "assert add(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
    "entry point of a method's form": (
        _tests("def check(candidate):\n    assert candidate(a=1, b=2) == 3", entry_point=" add "),
        ADD,
        SUB,
    ),
    "await at module level": (
        _tests("import asyncio\nawait asyncio.sleep(0)\nassert add(1, 2) == 3"),
        ADD,
        SUB,
    ),
    "tests that swallow nothing": (
        _tests(
            "results = []\nfor a, b in ((1, 2), (3, 4)):\n    results.append(add(a, b) == a + b)\n"
            "assert all(results)"
        ),
        ADD,
        SUB,
    ),
}

HELLO = "def greet(name):\n    print(f'Hello, {name}!')\n"
BYE = "def greet(name):\n    print(f'Bye, {name}!')\n"
ASK = "def ask():\n    return int(input('n? ')) + int(input())\n"
ASK_ONE = "def ask():\n    return int(input())\n"
ROLL = "import random\ndef roll():\n    return [random.randint(1, 10**9), random.random()]\n"
FIXED = "def roll():\n    return [4, 0.5]\n"
STACK = (
    "class Stack:\n    def __init__(self):\n        self.items = []\n"
    "    def push(self, x):\n        self.items.append(x)\n"
    "    def pop(self):\n        return self.items.pop()\n"
)
QUEUE = STACK.replace("pop()\n", "pop(0)\n")

# Objects of the program, and what is around its calls.
CASES |= {
    "capsys": (
        _tests(
            "def test_greet(capsys):\n    greet('Mia')\n"
            "    assert capsys.readouterr().out == 'Hello, Mia!\\n'\n    greet('Ann')\n"
            "    out, err = capsys.readouterr()\n    assert (out, err) == ('Hello, Ann!\\n', '')"
        ),
        HELLO,
        BYE,
    ),
    "redirect_stdout": (
        _tests(
            "import io\nfrom contextlib import redirect_stdout\nout = io.StringIO()\n"
            "with redirect_stdout(out):\n    print('before')\n    greet('Mia')\n    print('behind')\n"
            "greet('nobody')\nassert out.getvalue() == 'before\\nHello, Mia!\\nbehind\\n'"
        ),
        HELLO,
        BYE,
    ),
    "patch of stdout": (
        _tests(
            "import io, unittest\nfrom unittest.mock import patch\n"
            "class T(unittest.TestCase):\n    @patch('sys.stdout', new_callable=io.StringIO)\n"
            "    def test_greet(self, out):\n        greet('Mia')\n"
            "        self.assertEqual(out.getvalue(), 'Hello, Mia!\\n')"
        ),
        HELLO,
        BYE,
    ),
    "assignment of stdout": (
        _tests(
            "import io, sys\nold, sys.stdout = sys.stdout, io.StringIO()\ngreet('Mia')\n"
            "got = sys.stdout.getvalue()\nsys.stdout = old\nassert got == 'Hello, Mia!\\n'"
        ),
        HELLO,
        BYE,
    ),
    "patch of print": (
        _tests(
            "from unittest.mock import patch\n@patch('builtins.print')\ndef test_greet(printed):\n"
            "    greet('Mia')\n    printed.assert_called_once_with('Hello, Mia!')"
        ),
        HELLO,
        BYE,
    ),
    "standard error": (
        _tests(
            "def test_warn(capsys):\n    warn_of('fire')\n"
            "    assert capsys.readouterr().err.strip() == 'fire!'"
        ),
        "import sys\ndef warn_of(what):\n    print(what + '!', file=sys.stderr)\n",
        "import sys\ndef warn_of(what):\n    print(what + '!')\n",
    ),
    "patch of input": (
        _tests(
            "from unittest.mock import patch\ndef test_ask():\n"
            "    with patch('builtins.input', side_effect=['3', '4']) as asked:\n"
            "        assert ask() == 7\n    assert asked.call_count == 2"
        ),
        ASK,
        ASK_ONE,
    ),
    "monkeypatch of input": (
        _tests(
            "def test_ask(monkeypatch):\n    given = iter(['3', '4'])\n"
            "    monkeypatch.setattr('builtins.input', lambda prompt='': next(given))\n"
            "    assert ask() == 7"
        ),
        ASK,
        ASK_ONE,
    ),
    "assignment of input": (
        _tests("import builtins\nbuiltins.input = lambda *_: '4'\nassert ask() == 8"),
        ASK,
        ASK_ONE,
    ),
    "assignment of stdin": (
        _tests("import io, sys\nsys.stdin = io.StringIO('3\\n4\\n')\nassert ask() == 7"),
        ASK,
        ASK_ONE,
    ),
    "monkeypatch of stdin": (
        _tests(
            "import io\ndef test_total(monkeypatch):\n"
            "    monkeypatch.setattr('sys.stdin', io.StringIO('3 4\\n5'))\n    assert total() == 12"
        ),
        "import sys\ndef total():\n    return sum(map(int, sys.stdin.read().split()))\n",
        "import sys\ndef total():\n    return sum(map(int, sys.stdin.readline().split()))\n",
    ),
    "lines of stdin": (
        _tests("import io, sys\nsys.stdin = io.StringIO('3\\n4\\n')\nassert total() == 7"),
        "import sys\ndef total():\n    return sum(int(line) for line in sys.stdin)\n",
        "import sys\ndef total():\n    return sum(len(line) for line in sys.stdin)\n",
    ),
    "arguments of the command line": (
        _tests("import sys\nsys.argv = ['p', '3', '4']\nassert total() == 7"),
        "import sys\ndef total():\n    return sum(map(int, sys.argv[1:]))\n",
        "import sys\ndef total():\n    return len(sys.argv)\n",
    ),
    "environment": (
        _tests(
            "import os\nfrom unittest.mock import patch\ndef test_home(monkeypatch):\n"
            "    with patch.dict(os.environ, {'PLACE': 'here'}):\n        assert place() == 'here'\n"
            "    assert place() == 'none'\n    monkeypatch.setenv('PLACE', 'there')\n"
            "    assert place() == 'there'"
        ),
        "import os\ndef place():\n    return os.environ.get('PLACE', 'none')\n",
        "def place():\n    return 'none'\n",
    ),
    "environment that the program sets": (
        _tests("import os\nset_place('here')\nassert os.environ['PLACE'] == 'here'"),
        "import os\ndef set_place(x):\n    os.environ['PLACE'] = x\n",
        "def set_place(x):\n    pass\n",
    ),
    "working folder": (
        _tests(
            "def test_total(tmp_path, monkeypatch):\n    (tmp_path / 'n').write_text('3 4')\n"
            "    monkeypatch.chdir(tmp_path)\n    assert total() == 7"
        ),
        "def total():\n    with open('n') as file:\n        return sum(map(int, file.read().split()))\n",
        "def total():\n    return 4\n",
    ),
    "seed": (
        _tests(
            "import random\nrandom.seed(5)\nwant = [random.randint(1, 10**9), random.random()]\n"
            "random.seed(5)\nassert roll() == want"
        ),
        ROLL,
        FIXED,
    ),
    "seed of numpy": (
        _tests(
            "import numpy as np\nnp.random.seed(5)\nwant = np.random.rand(3).tolist()\n"
            "np.random.seed(5)\nassert rolls(3) == want"
        ),
        "import numpy as np\ndef rolls(n):\n    return np.random.rand(n).tolist()\n",
        "def rolls(n):\n    return [.5] * n\n",
    ),
    "patch of random": (
        _tests(
            "from unittest.mock import patch\n@patch('random.randint', return_value=3)\n"
            "@patch('random.random', return_value=.25)\n"
            "def test_roll(_, __):\n    assert roll() == [3, .25]"
        ),
        ROLL,
        FIXED,
    ),
    "patch of sleep": (
        _tests(
            "from unittest import mock\ndef test_wait():\n    with mock.patch('time.sleep') as sleep:\n"
            "        assert wait(100) == 'done'\n    sleep.assert_called_once_with(100)"
        ),
        "import time\ndef wait(n):\n    time.sleep(n)\n    return 'done'\n",
        "def wait(n):\n    return 'done'\n",
    ),
    "patch of open": (
        _tests(
            "import unittest\nfrom unittest.mock import mock_open, patch\n"
            "class T(unittest.TestCase):\n    def test_total(self):\n"
            "        with patch('builtins.open', mock_open(read_data='3 4')) as opened:\n"
            "            self.assertEqual(total('f.txt'), 7)\n"
            "        self.assertEqual(opened.call_args[0][0], 'f.txt')"
        ),
        "def total(path):\n    with open(path) as file:\n        return sum(map(int, file.read().split()))\n",
        "def total(path):\n    return 7\n",
    ),
    "patch of a method of a library": (
        _tests(
            "from pathlib import Path\nfrom unittest.mock import patch\ndef test_there():\n"
            "    with patch.object(Path, 'exists', return_value=True):\n"
            "        assert there('/no/such/file') is True\n"
            "    assert there('/no/such/file') is False"
        ),
        "from pathlib import Path\ndef there(p):\n    return Path(p).exists()\n",
        "def there(p):\n    return False\n",
    ),
    "patch of a helper of the program": (
        _tests(
            "from unittest.mock import patch\ndef test_double():\n"
            "    with patch('solution.fetch', return_value=4):\n        assert double() == 8\n"
            "from solution import double"
        ),
        "def fetch():\n    raise OSError('no net')\ndef double():\n    return 2 * fetch()\n",
        "def fetch():\n    raise OSError('no net')\ndef double():\n    return 2\n",
    ),
    "mocker": (
        _tests(
            "def test_roll(mocker):\n    mocker.patch('random.randint', return_value=3)\n"
            "    mocker.patch('random.random', return_value=.5)\n    assert roll() == [3, .5]"
        ),
        ROLL,
        FIXED,
    ),
    "warnings": (
        _tests(
            "import pytest, warnings\ndef test_old():\n"
            "    with pytest.warns(DeprecationWarning, match='old'):\n        assert old() == 1\n"
            "    with warnings.catch_warnings(record=True) as seen:\n"
            "        warnings.simplefilter('always')\n        old()\n    assert len(seen) == 1"
        ),
        "import warnings\ndef old():\n    warnings.warn('it is old', DeprecationWarning)\n    return 1\n",
        "def old():\n    return 1\n",
    ),
    "logs": (
        _tests(
            "import unittest\nclass T(unittest.TestCase):\n    def test_log(self):\n"
            "        with self.assertLogs('app', level='INFO') as seen:\n            work()\n"
            "        self.assertEqual(seen.output, ['INFO:app:started'])\n"
            "def test_log(caplog):\n    caplog.set_level('INFO')\n    work()\n"
            "    assert 'started' in caplog.text"
        ),
        "import logging\ndef work():\n    logging.getLogger('app').info('%s', 'started')\n",
        "def work():\n    pass\n",
    ),
    "mock as an argument": (
        _tests(
            "from unittest.mock import Mock\ndef test_send():\n    mail = Mock()\n"
            "    mail.send.return_value = 'sent'\n    assert notify(mail, 'Mia') == 'sent'\n"
            "    mail.send.assert_called_once_with(to='Mia')"
        ),
        "def notify(mail, name):\n    return mail.send(to=name)\n",
        "def notify(mail, name):\n    return 'sent'\n",
    ),
    "class": (_tests("s = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2"), STACK, QUEUE),
    "class in a test case": (
        _tests(
            "import unittest\nclass StackTest(unittest.TestCase):\n    def setUp(self):\n"
            "        self.stack = Stack()\n    def test_pop(self):\n        self.stack.push(1)\n"
            "        self.stack.push(2)\n        self.assertEqual(self.stack.pop(), 2)\n"
            "        self.assertEqual(self.stack.items, [1])\n"
            "    def test_empty(self):\n        with self.assertRaises(IndexError):\n"
            "            self.stack.pop()"
        ),
        STACK,
        QUEUE,
    ),
    "class as a fixture": (
        _tests(
            "import pytest\n@pytest.fixture\ndef stack():\n    made = Stack()\n    made.push(1)\n"
            "    return made\ndef test_pop(stack):\n    stack.push(2)\n    assert stack.pop() == 2\n"
            "def test_fresh(stack):\n    assert stack.items == [1]"
        ),
        STACK,
        QUEUE,
    ),
    "class that the tests import": (
        _tests("from stack import Stack\ns = Stack()\ns.push(1)\ns.push(2)\nassert s.pop() == 2"),
        STACK,
        QUEUE,
    ),
    "class whose name the variable takes": (
        _tests("stack = stack()\nstack.push(1)\nstack.push(2)\nassert stack.pop() == 2"),
        STACK.replace("Stack", "stack"),
        QUEUE.replace("Stack", "stack"),
    ),
    "method as the entry point": (
        _tests(
            "def check(candidate):\n    assert candidate(nums=[2, 7, 11], target=9) == [0, 1]",
            entry_point="Solution().twoSum",
            prompt="from typing import List\n\nclass ListNode:\n    def __init__(self, val=0):\n"
            "        self.val = val\n",
        ),
        "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n"
        "        at = {}\n        for i, n in enumerate(nums):\n            if target - n in at:\n"
        "                return [at[target - n], i]\n            at[n] = i\n",
        "class Solution:\n    def twoSum(self, nums: List[int], target: int) -> List[int]:\n"
        "        return [1, 0]\n",
    ),
    "own exception": (
        _tests(
            "import pytest\ndef test_first():\n    with pytest.raises(Empty, match='nothing'):\n"
            "        first([])\n    assert first([1]) == 1"
        ),
        "class Empty(Exception):\n    pass\ndef first(xs):\n    if not xs:\n"
        "        raise Empty('nothing')\n    return xs[0]\n",
        "class Empty(Exception):\n    pass\ndef first(xs):\n    return xs[0]\n",
    ),
    "async function": (
        _tests(
            "import asyncio, pytest\n@pytest.mark.asyncio\nasync def test_twice():\n"
            "    assert await twice(2) == 4\ndef test_gather():\n    async def both():\n"
            "        return await asyncio.gather(twice(1), twice(2))\n"
            "    assert asyncio.run(both()) == [2, 4]"
        ),
        "import asyncio\nasync def twice(x):\n    await asyncio.sleep(0)\n    return 2 * x\n",
        "async def twice(x):\n    return x\n",
    ),
    "doctest": (
        _tests("import doctest\nassert add(1, 2) == 3\ndoctest.testmod()"),
        ADD,
        SUB,
    ),
    "class with a name of the standard library": (
        _tests("c = Counter()\nc.push(3)\nassert c.total_of(twice) == 6"),
        "class Counter:\n    def __init__(self):\n        self.xs = []\n"
        "    def push(self, x):\n        self.xs.append(x)\n"
        "    def total_of(self, f):\n        return sum(map(f, self.xs))\n"
        "def twice(x):\n    return 2 * x\n",
        "class Counter:\n    def push(self, x):\n        pass\n"
        "    def total_of(self, f):\n        return 0\ndef twice(x):\n    return 2 * x\n",
    ),
    "helpers of a class": (
        _tests(
            "class Helper:\n    def run(self, a, b):\n        return add(a, b)\n"
            "def test_add():\n    assert Helper().run(1, 2) == 3"
        ),
        ADD,
        SUB,
    ),
}
