"""Tests as people write them: unittest, pytest, check; output, input, seeds, patches, mocks."""

from __future__ import annotations

from programs.cases import case

CASES = [
    case(
        "a TestCase",
        """
def slug(text):
    import re
    if not isinstance(text, str):
        raise TypeError("text")
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
""",
        """
import unittest

class TestCases(unittest.TestCase):
    def test_words(self):
        self.assertEqual(slug("Hello, World!"), "hello-world")
    def test_edges(self):
        self.assertEqual(slug("--a--"), "a")
        self.assertEqual(slug(""), "")
    def test_type(self):
        self.assertRaises(TypeError, slug, 5)
        with self.assertRaises(TypeError) as caught:
            slug(None)
        self.assertEqual(str(caught.exception), "text")
""",
        '.strip("-") => ',
        "raise TypeError => raise ValueError",
        '"-", text.lower() => "", text.lower()',
        '"text") => "a text")',
    ),
    case(
        "a TestCase with unittest.main",
        """
def median(xs):
    if not xs:
        raise ValueError("empty")
    xs = sorted(xs)
    mid = len(xs) // 2
    return xs[mid] if len(xs) % 2 else (xs[mid - 1] + xs[mid]) / 2
""",
        """
import unittest

class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = [5, 3, 1]
    def setUp(self):
        self.more = list(self.data)
    def test_odd(self):
        self.assertEqual(median(self.more), 3)
        self.assertListEqual(self.more, [5, 3, 1])
    def test_even(self):
        self.assertAlmostEqual(median([0.1, 0.2]), 0.15)
    def test_many(self):
        for xs, want in (([1], 1), ([2, 1], 1.5), ([9, 9, 9], 9)):
            with self.subTest(xs=xs):
                self.assertEqual(median(xs), want)
    def test_empty(self):
        with self.assertRaisesRegex(ValueError, "emp"):
            median([])

if __name__ == "__main__":
    unittest.main()
""",
        "xs = sorted(xs) => xs.sort()",
        "+ xs[mid]) / 2 => + xs[mid]) // 2",
        "xs[mid - 1] => xs[mid - 2]",
        '"empty" => "none"',
    ),
    case(
        "a TestCase that is run at module level",
        """
def gcd(a, b):
    while b:
        a, b = b, a % b
    return abs(a)
""",
        """
import unittest
class T(unittest.TestCase):
    def test_gcd(self):
        self.assertEqual(gcd(12, 18), 6)
        self.assertEqual(gcd(-4, 6), 2)
        self.assertIn(gcd(7, 0), {7})
unittest.main(argv=[""], exit=False)
""",
        "while b: => if b:",
        "abs(a) => max(a, 3)",
        "a % b => int(a / b)",
    ),
    case(
        "an asynchronous TestCase",
        """
import asyncio
class Cache:
    def __init__(self, load):
        self.load, self.data = load, {}
    async def get(self, key):
        if key not in self.data:
            self.data[key] = await self.load(key)
        return self.data[key]
""",
        """
import unittest
from unittest.mock import AsyncMock
class TestCache(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.load = AsyncMock(return_value=5)
        self.cache = Cache(self.load)
    async def test_once(self):
        self.assertEqual(await self.cache.get("k"), 5)
        self.assertEqual(await self.cache.get("k"), 5)
        self.load.assert_awaited_once_with("k")
    async def test_fails(self):
        self.load.side_effect = KeyError("k")
        with self.assertRaises(KeyError):
            await self.cache.get("k")
        self.assertEqual(self.cache.data, {})
""",
        "if key not in self.data: => if True:",
        "await self.load(key) => await self.load(key + ' ')",
        "self.data[key] = await => self.data[key] = None; self.data[key] = await",
    ),
    case(
        "pytest's functions",
        """
def parse(text):
    name, _, value = text.partition("=")
    if not name.strip():
        raise ValueError(f"no name in {text!r}")
    return name.strip(), float(value)
""",
        """
import pytest

def test_parse():
    assert parse("a = 1.5") == ("a", 1.5)

@pytest.mark.parametrize("text, value", [("x=1", 1.0), ("x=-2e3", -2000.0), pytest.param("x=.1", 0.1, id="point")])
def test_values(text, value):
    assert parse(text)[1] == pytest.approx(value)

@pytest.mark.parametrize("text", ["=1", " =2"])
def test_no_name(text):
    with pytest.raises(ValueError, match=r"no name in '\\s*=\\d'") as info:
        parse(text)
    assert info.type is ValueError and text in str(info.value)

class TestMore:
    def setup_method(self):
        self.line = "k=7"
    def test_it(self):
        assert parse(self.line) == ("k", 7.0)

@pytest.mark.skip(reason="not now")
def test_skipped():
    assert False
""",
        "if not name.strip() => if not name",
        "float(value) => round(float(value))",
        "return name.strip() => return name",
        "raise ValueError(f => raise KeyError(f",
        '"no name in {text!r}" => "bad {text!r}"',
    ),
    case(
        "pytest's fixtures",
        """
import json, os, sys
from pathlib import Path
class Notes:
    def __init__(self, folder):
        self.path = Path(folder) / "notes.json"
    def add(self, text):
        notes = self.all() + [text]
        self.path.write_text(json.dumps(notes))
        print(f"{len(notes)} notes")
        print("saved", file=sys.stderr)
    def all(self):
        return json.loads(self.path.read_text()) if self.path.exists() else []
def home():
    return os.environ.get("NOTES_HOME", "none")
""",
        """
import json
import pytest

@pytest.fixture
def notes(tmp_path):
    notes = Notes(tmp_path)
    notes.add("first")
    yield notes
    assert notes.path.exists()

def test_all(notes, tmp_path):
    assert notes.all() == ["first"]
    assert json.loads((tmp_path / "notes.json").read_text()) == ["first"]

def test_print(notes, capsys):
    notes.add("b")
    out, err = capsys.readouterr()
    assert out.endswith("2 notes\\n") and "saved" in err
    notes.add("c")
    assert capsys.readouterr().out == "3 notes\\n"

def test_home(monkeypatch):
    assert home() == "none"
    monkeypatch.setenv("NOTES_HOME", "/x")
    assert home() == "/x"
    monkeypatch.delenv("NOTES_HOME")
    assert home() == "none"
""",
        "self.all() + [text] => [text]",
        '"notes.json" => "note.json"',
        'print("saved", file=sys.stderr) => print("saved")',
        'print(f"{len(notes)} notes") => print(len(notes), "notes:")',
        'os.environ.get("NOTES_HOME", "none") => "none"',
    ),
    case(
        "check with a blank",
        """
def below_zero(ops):
    total = 0
    for op in ops:
        total += op
        if total < 0:
            return True
    return False
""",
        """
def check (candidate):
    assert candidate([]) == False
    assert candidate([1, 2, -4]) == True
    assert candidate([5, -5]) == False
""",
        "total < 0 => total <= 0",
        "return True => return None",
        "return False => return True",
        entry_point="below_zero",
    ),
    case(
        "test_check",
        """
def truncate(x):
    return x % 1.0
""",
        """
METADATA = {"author": "x"}
def test_check(candidate):
    assert candidate(3.5) == 0.5
    assert abs(candidate(1.33) - 0.33) < 1e-6
""",
        "x % 1.0 => x % 2.0",
        "return x % 1.0 => return 0.5",
        entry_point="truncate",
    ),
    case(
        "check is called by the tests and counts",
        """
def add(a, b):
    add.calls = getattr(add, "calls", 0) + 1
    return a + b
""",
        """
def check(candidate):
    assert candidate(1, 2) == 3
    assert add.calls == 1, "called twice"

check(add)
""",
        "a + b => a - b",
        " + 1\n =>  + 2\n",
        entry_point="add",
    ),
    case(
        "what is printed",
        """
import sys
def greet(name, times=1):
    for _ in range(times):
        print(f"Hello, {name}!")
def table(rows):
    for row in rows:
        print(*row, sep=" | ", end=";")
    sys.stdout.write("done")
def warn(text):
    print(text, file=sys.stderr)
    return len(text)
""",
        """
import io, contextlib, sys
out = io.StringIO()
with contextlib.redirect_stdout(out):
    greet("Mia")
    print("between")
    greet("Bo", times=2)
assert out.getvalue() == "Hello, Mia!\\nbetween\\nHello, Bo!\\nHello, Bo!\\n"
before, sys.stdout = sys.stdout, io.StringIO()
try:
    table([(1, 2), ("a",)])
    got = sys.stdout.getvalue()
finally:
    sys.stdout = before
assert got == "1 | 2;a;done"
err = io.StringIO()
with contextlib.redirect_stderr(err):
    assert warn("careful") == 7
assert err.getvalue().strip() == "careful"
""",
        "Hello, {name}! => Hello {name}!",
        "range(times) => range(1)",
        'end=";" => end=""',
        "file=sys.stderr => file=sys.stdout",
    ),
    case(
        "output between callbacks, in order",
        """
def each(xs, f):
    print("start")
    for x in xs:
        print("before", x)
        f(x)
    print("end")
""",
        """
def test_order(capsys):
    each([1, 2], lambda x: print("call", x))
    assert capsys.readouterr().out.splitlines() == [
        "start", "before 1", "call 1", "before 2", "call 2", "end"]
""",
        'print("before", x)\n        f(x) => f(x)\n        print("before", x)',
        'print("end") => pass',
    ),
    case(
        "what is asked for",
        """
def ask():
    name = input("Name? ")
    age = int(input("Age? "))
    print(f"{name} is {age}")
    return age
def total():
    import sys
    return sum(int(line) for line in sys.stdin)
""",
        """
import io
from unittest.mock import patch
with patch("builtins.input", side_effect=["Al", "7"]) as asked:
    assert ask() == 7
assert asked.call_count == 2 and asked.call_args_list[0].args == ("Name? ",)
with patch("sys.stdin", io.StringIO("1\\n2\\n3\\n")):
    assert total() == 6
with patch("builtins.input", lambda prompt="": {"Name? ": "Bo", "Age? ": "3"}[prompt]):
    assert ask() == 3
with patch("builtins.input", side_effect=["x", "y"]):
    try:
        ask()
        assert False
    except ValueError:
        pass
""",
        'input("Age? ") => input("age? ")',
        "return age => return 7",
        "int(line) for => 1 for",
    ),
    case(
        "seeds",
        """
import random
def roll(n):
    return [random.randint(1, 6) for _ in range(n)]
def shuffled(xs):
    xs = list(xs)
    random.shuffle(xs)
    return xs
""",
        """
import random
random.seed(3)
want = [random.randint(1, 6) for _ in range(5)]
random.seed(3)
assert roll(5) == want
random.seed(0)
a = shuffled(range(20))
random.seed(0)
assert shuffled(range(20)) == a and sorted(a) == list(range(20))
random.seed(0)
b = list(range(20))
random.shuffle(b)
assert a == b
""",
        "random.randint(1, 6) => random.randint(0, 5)",
        "random.shuffle(xs) => xs.reverse()",
    ),
    case(
        "patched parts of the standard library",
        """
import os, random, subprocess, time
from datetime import datetime
def draw():
    return random.choice(["a", "b"]) + str(random.randint(1, 9))
def slow():
    time.sleep(30)
    return time.time()
def read(path):
    with open(path) as file:
        return file.read().upper()
def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()
def user():
    return os.environ["APP_USER"]
""",
        """
import os
from unittest.mock import patch, mock_open, MagicMock
with patch("random.choice", return_value="z"), patch("random.randint", return_value=4) as randint:
    assert draw() == "z4"
randint.assert_called_once_with(1, 9)
with patch("time.sleep") as sleep, patch("time.time", return_value=12.5):
    assert slow() == 12.5
sleep.assert_called_once_with(30)
with patch("builtins.open", mock_open(read_data="abc")) as opened:
    assert read("f.txt") == "ABC"
opened.assert_called_once_with("f.txt")
with patch("subprocess.run") as run_:
    run_.return_value = MagicMock(returncode=0, stdout=" hi \\n")
    assert run(["echo"]) == "hi"
    run_.return_value = MagicMock(returncode=1, stderr="bad")
    try:
        run(["x"])
        assert False
    except RuntimeError as e:
        assert str(e) == "bad"
assert run_.call_args_list[0].args == (["echo"],)
with patch.dict(os.environ, {"APP_USER": "me"}):
    assert user() == "me"
""",
        'str(random.randint(1, 9)) => "4"',
        "time.sleep(30) => time.sleep(3)",
        ".upper() => .lower()",
        "if done.returncode: => if not done.returncode:",
        'os.environ["APP_USER"] => "you"',
    ),
    case(
        "mocks that go in",
        """
class Service:
    def __init__(self, client, clock=None):
        self.client, self.clock = client, clock
    def price(self, name):
        answer = self.client.get(f"/price/{name}", timeout=5)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json()["price"]
    def notify(self, users):
        for user in users:
            self.client.post("/mail", json={"to": user.email})
        self.client.close()
""",
        """
import unittest
from unittest.mock import Mock, MagicMock, call
class TestService(unittest.TestCase):
    def setUp(self):
        self.client = Mock()
        self.service = Service(self.client)
    def test_price(self):
        self.client.get.return_value = MagicMock(status_code=200)
        self.client.get.return_value.json.return_value = {"price": 9.5}
        self.assertEqual(self.service.price("tea"), 9.5)
        self.client.get.assert_called_once_with("/price/tea", timeout=5)
        self.client.get.return_value.raise_for_status.assert_called_once()
    def test_gone(self):
        self.client.get.return_value.status_code = 404
        self.assertIsNone(self.service.price("x"))
    def test_error(self):
        self.client.get.side_effect = ConnectionError("down")
        with self.assertRaises(ConnectionError):
            self.service.price("x")
    def test_notify(self):
        self.service.notify([Mock(email="a@b"), Mock(email="c@d")])
        self.assertEqual(self.client.post.mock_calls,
                         [call("/mail", json={"to": "a@b"}), call("/mail", json={"to": "c@d"})])
        self.client.close.assert_called_with()
""",
        "timeout=5 => timeout=3",
        "answer.raise_for_status()\n => ",
        "self.client.close() => pass",
        "user.email} => str(user)}",
        "return None => return 0",
    ),
    case(
        "monkeypatched functions",
        """
import math, os, time
def area(r):
    return math.pi * math.pow(r, 2)
def stamp():
    return f"{int(time.time())}:{os.getcwd()}"
""",
        """
import math
def test_patch(monkeypatch):
    monkeypatch.setattr(math, "pow", lambda a, b: 100.0)
    assert area(1) == math.pi * 100
    monkeypatch.setattr("time.time", lambda: 77.9)
    monkeypatch.setattr("os.getcwd", lambda: "/here")
    assert stamp() == "77:/here"
def test_plain():
    assert area(2) == math.pi * 4
def test_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert stamp().endswith(str(tmp_path))
""",
        "math.pow(r, 2) => r * r",
        "int(time.time()) => time.time()",
        "os.getcwd() => '/here'",
    ),
    case(
        "arguments of a command line",
        """
import argparse, sys
def main(argv=None):
    parser = argparse.ArgumentParser(prog="add")
    parser.add_argument("numbers", nargs="+", type=float)
    parser.add_argument("--round", type=int, default=None)
    options = parser.parse_args(argv)
    total = sum(options.numbers)
    print(total if options.round is None else round(total, options.round))
    return 0
""",
        """
import contextlib, io, sys
import pytest
from unittest.mock import patch
def run(*argv):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(list(argv)) == 0
    return out.getvalue()
def test_main(capsys):
    assert run("1", "2.5") == "3.5\\n" and run("1.234", "--round", "1") == "1.2\\n"
    with pytest.raises(SystemExit) as info:
        main(["x"])
    assert info.value.code == 2
    assert "invalid float value: 'x'" in capsys.readouterr().err
def test_argv():
    with patch.object(sys, "argv", ["add", "4", "5"]), contextlib.redirect_stdout(io.StringIO()) as out:
        main()
    assert out.getvalue() == "9.0\\n"
""",
        "type=float => type=int",
        "round(total, options.round) => total",
        "return 0 => return 1",
    ),
    case(
        "nothing but a module import",
        """
RATE = 0.2
def net(gross):
    return gross / (1 + RATE)
class Invoice:
    def __init__(self, gross):
        self.gross = gross
    def tax(self):
        return self.gross - net(self.gross)
""",
        """
import unittest
from solution import Invoice, net
import solution
class TestInvoice(unittest.TestCase):
    def test_net(self):
        self.assertAlmostEqual(net(120), 100)
        self.assertAlmostEqual(Invoice(120).tax(), 20, places=5)
        self.assertEqual(solution.RATE, 0.2)
""",
        "gross / (1 + RATE) => gross * (1 - RATE)",
        "RATE = 0.2 => RATE = 0.19",
        "self.gross - net(self.gross) => net(self.gross)",
    ),
    case(
        "warnings",
        """
import warnings
def old(x):
    warnings.warn("use new()", DeprecationWarning, stacklevel=2)
    return x * 2
def new(x):
    return x * 2
""",
        """
import warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    assert old(2) == 4
assert len(seen) == 1 and issubclass(seen[0].category, DeprecationWarning) and "new()" in str(seen[0].message)
import pytest
def test_warns():
    with pytest.warns(DeprecationWarning, match="use new"):
        old(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert new(3) == 6
""",
        "DeprecationWarning => UserWarning",
        'warnings.warn("use new()", DeprecationWarning, stacklevel=2)\n => ',
        '"use new()" => "old"',
    ),
    case(
        "logging",
        """
import logging
log = logging.getLogger("app.orders")
def order(n):
    if n <= 0:
        log.error("bad order: %d", n)
        return False
    log.info("ordered %d", n)
    return True
""",
        """
import unittest
class TestLog(unittest.TestCase):
    def test_error(self):
        with self.assertLogs("app.orders", level="INFO") as logs:
            self.assertFalse(order(0))
            self.assertTrue(order(2))
        self.assertEqual(logs.output, ["ERROR:app.orders:bad order: 0", "INFO:app.orders:ordered 2"])
""",
        "log.error => log.warning",
        "ordered %d => order %d",
        "n <= 0 => n < 0",
    ),
    case(
        "doctests in the tests",
        '''
def double(x):
    """Double.

    >>> double(2)
    4
    """
    return 2 * x
''',
        """
assert double(2) == 4 and double("ab") == "abab"
assert double.__doc__.startswith("Double.") and double.__name__ == "double"
import doctest
doctest.testmod()
""",
        "2 * x => x + 2",
        "Double. => Twice.",
    ),
    case(
        "asserts in loops and helpers",
        """
def roman(n):
    out = ""
    for value, mark in ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
                        (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        out += mark * (n // value)
        n %= value
    return out
""",
        """
CASES = {1: "I", 4: "IV", 9: "IX", 58: "LVIII", 1994: "MCMXCIV"}
def verify(n, want):
    got = roman(n)
    assert got == want, f"{n}: {got} != {want}"
for n, want in CASES.items():
    verify(n, want)
assert all(roman(n).count("I") <= 3 for n in range(1, 300))
""",
        '(4, "IV"),  => ',
        '(900, "CM") => (900, "DCD")',
    ),
]

CASES += [
    case(
        "an enumeration that both prompt and program have",
        """
from enum import Enum
class Color(Enum):
    RED = 1
    BLUE = 2
def pick(warm):
    return Color.RED if warm else Color.BLUE
""",
        """
def check(candidate):
    assert candidate(True) is Color.RED
    assert candidate(False) == Color.BLUE
""",
        "Color.RED if warm => Color.BLUE if warm",
        "else Color.BLUE => else 2",
        setup="from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\n",
        entry_point="pick",
    ),
]
