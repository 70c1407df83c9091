"""References in the forms of the world, each with a right program and a wrong one.

A case is (reference, right, wrong). `raising` makes a third program of the right one, whose
functions all raise; whatever the form, only the right program is correct.
"""

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
