"""Values and objects cross between two ends of a connection, here within one process."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
from array import array
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.verifiers.code import reference_tests
from ttc.verifiers.sandbox.inside import candidate, judging
from ttc.verifiers.sandbox.inside.objects.peer import Peer
from ttc.verifiers.sandbox.inside.objects.serving import Server
from ttc.verifiers.sandbox.inside.trust.peer import JudgePeer

# --- values


class Sender(Peer):
    """The candidate's end, which sends."""

    says_listed = True


def crossed(value: Any) -> Any:
    """Return a value as the judge's end gets it from the candidate's."""
    end = socket.socket.__new__(socket.socket)  # nothing is sent
    sent = Sender(end, Server()).encode(value)
    return JudgePeer(end, "").decode(json.loads(json.dumps(sent)))


def alike(one: Any, two: Any) -> bool:
    """Return whether two values are of the same types throughout, and equal, also where nan is."""
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        same = one == two or (math.isnan(one) and math.isnan(two))
        return (same and math.copysign(1, one) == math.copysign(1, two)) or math.isnan(one)
    if isinstance(one, complex):
        return alike(one.real, two.real) and alike(one.imag, two.imag)
    if isinstance(one, dict):
        return len(one) == len(two) and all(
            alike(*keys) and alike(*values)
            for keys, values in zip(
                zip(one, two, strict=True),
                zip(one.values(), two.values(), strict=True),
                strict=True,
            )
        )
    if isinstance(one, (list, tuple, deque)):
        return len(one) == len(two) and all(map(alike, one, two))
    if isinstance(one, ChainMap):
        return alike(one.maps, two.maps)
    if isinstance(one, Decimal):
        return str(one) == str(two)
    return bool(one == two)


NUMBERS = st.one_of(
    st.integers(),
    st.integers(min_value=-(1 << 200), max_value=1 << 200),
    st.floats(),
    st.complex_numbers(),
    st.decimals(),
    st.fractions(),
)
ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
TIMES = st.one_of(
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=ZONES),
    st.times(),
    st.timedeltas(),
    ZONES,
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(st.characters(codec=None)),
    st.binary(),
    TIMES,
    st.uuids(),
    st.builds(range, st.integers(-9, 9), st.integers(-99, 99), st.integers(1, 9)),
    st.builds(slice, st.none() | st.integers(), st.integers()),
    st.sampled_from([..., NotImplemented, int, dict, ValueError, len, math.sqrt, Counter]),
    st.binary().map(bytearray),
    st.lists(st.integers(-9, 9)).map(lambda items: array("i", items)),
    st.text("ab/.").map(PurePosixPath),
)
KEYS = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.tuples(st.integers()))


def nested(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return containers of values."""
    pairs = st.dictionaries(KEYS, items, max_size=4)
    return st.one_of(
        st.lists(items, max_size=4),
        st.lists(items, max_size=4).map(tuple),
        st.lists(items, max_size=4).map(deque),
        pairs,
        pairs.map(OrderedDict),
        pairs.map(lambda found: defaultdict(list, found)),
        pairs.map(ChainMap),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(SCALARS, nested, max_leaves=12))
def test_values_come_back_with_their_exact_types(value: Any) -> None:
    assert alike(crossed(value), value)


@settings(max_examples=50, deadline=None)
@given(st.sets(KEYS), st.dictionaries(KEYS, st.integers()))
def test_sets_and_counters_come_back(items: set[Any], counts: dict[Any, int]) -> None:
    assert crossed(items) == items
    assert crossed(frozenset(items)) == frozenset(items)
    assert crossed(Counter(counts)) == Counter(counts)
    assert list(crossed(counts.items())) == list(counts.items())


def test_aliases_and_loops_are_kept() -> None:
    row: list[Any] = [0]
    grid: list[Any] = [row, row]
    grid.append(grid)
    found = crossed(grid)
    assert found[0] is found[1]
    assert found[2] is found
    held = crossed({"a": row, "b": (row,)})
    assert held["a"] is held["b"][0]


def test_properties_of_containers_come_back() -> None:
    assert crossed(deque([1], 3)).maxlen == 3
    assert crossed(defaultdict(list)).default_factory is list
    assert crossed(datetime(2024, 1, 1, fold=1)).fold == 1
    assert crossed(time(1, 2, tzinfo=timezone.utc)).tzinfo is not None
    assert crossed(UUID(int=5)).int == 5
    assert crossed(date(2024, 2, 29)).day == 29
    assert crossed(Fraction(1, 3)).denominator == 3


# --- objects


def given_to_judge(program: str, tests: str, setup: str = "") -> dict[str, Any]:
    """Return the tests as the judge's process gets them."""
    reference = reference_tests.tests_of({"tests": tests, "setup": setup})
    assert reference is not None
    return {**reference.job(program), "nonce": ""}


def judged(program: str, tests: str) -> dict[str, Any]:
    """Judge a program whose end of the channel is in a thread of this process."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=candidate.answer_calls, args=(program, theirs), daemon=True)
    thread.start()
    given = given_to_judge(program, tests)
    with theirs:
        with ours:
            verdict = judging.judge(given, partial(judging.Remote, ours, given))
        thread.join(10)
    return verdict


# A right program, a change that makes it wrong ("old => new"), and its tests.
KINDS: dict[str, tuple[str, str, str]] = {
    "changes in place, nested, by keyword": (
        "def f(grid, seen):\n    for row in grid: row.append(0)\n    seen.add(3); grid.append([])",
        "row.append(0) => row.append(1)",
        "a = [1]; g = [a, [2]]; s = {1}\nf(g, seen=s)\nassert g == [[1, 0], [2, 0], []]\n"
        "assert g[0] is a and s == {1, 3}",
    ),
    "the argument itself is returned": (
        "def f(xs):\n    xs.sort()\n    return xs",
        "return xs => return list(xs)",
        "a = [2, 1]\nassert f(a) is a and a == [1, 2]",
    ),
    "a list that the object keeps": (
        "class S:\n    def __init__(self, xs): self.xs = xs\n    def add(self, x): "
        "self.xs.append(x)",
        "self.xs = xs => self.xs = list(xs)",
        "a = [1]\ns = S(a)\ns.add(2)\nassert a == [1, 2]\ns.xs.append(3)\nassert s.xs == [1, 2, 3]",
    ),
    "callbacks that see and make changes": (
        "def f(xs, g):\n    xs.append(1)\n    g()\n    return xs[-1]",
        "xs.append(1) => xs.append(2)",
        "xs = []\ndef g():\n    assert xs == [1]\n    xs.append(7)\nassert f(xs, g) == 7",
    ),
    "exceptions with attributes, and their bases": (
        "class Low(ValueError):\n    def __init__(self, need):\n        super().__init__('low')\n"
        "        self.need = need\ndef f(x):\n    raise Low(x)",
        "self.need = need => self.need = 0",
        "try:\n    f(5)\n    assert 0\nexcept ValueError as e:\n    assert e.need == 5\n"
        "    assert isinstance(e, Low) and str(e) == 'low' and type(e).__name__ == 'Low'",
    ),
    "exceptions of the library": (
        "def f(): open('/no/such/file')\ndef g(): {}['k']",
        "{}['k'] => [][0]",
        "try: f()\nexcept FileNotFoundError as e: assert e.errno == 2 and e.filename\n"
        "try: g()\nexcept KeyError as e: assert e.args == ('k',)",
    ),
    "generators by next, send, close": (
        "def f():\n    got = 0\n    while True:\n        got = yield got + 1\n"
        "        if got is None: return 'end'",
        "yield got + 1 => yield got + 2",
        "g = f()\nassert next(g) == 1 and g.send(4) == 5\ntry: next(g)\n"
        "except StopIteration as s: assert s.value == 'end'\ng.close()",
    ),
    "generators without an end": (
        "def f(n):\n    while True:\n        yield n\n        n += 1",
        "n += 1 => n += 2",
        "import itertools\nassert list(itertools.islice(f(3), 300)) == list(range(3, 303))",
    ),
    "coroutines": (
        "import asyncio\nasync def f(x, g):\n    await asyncio.sleep(0)\n    return await g(x) * 2",
        "* 2 => * 3",
        "import asyncio, inspect\nasync def g(x):\n    await asyncio.sleep(0)\n    return x + 1\n"
        "async def main(): return await asyncio.gather(f(1, g), f(2, g))\n"
        "assert inspect.iscoroutinefunction(f) and asyncio.run(main()) == [4, 6]",
    ),
    "asynchronous generators": (
        "async def f(n):\n    for i in range(n): yield i",
        "yield i => yield i + 1",
        "import asyncio\nasync def main(): return [i async for i in f(3)]\n"
        "assert asyncio.run(main()) == [0, 1, 2]",
    ),
    "context managers": (
        "log = []\nclass T:\n    def __enter__(self): return 5\n"
        "    def __exit__(self, kind, *rest): return kind is ValueError",
        "kind is ValueError => False",
        "with T() as t: assert t == 5\nwith T(): raise ValueError",
    ),
    "operators of a class that the tests name": (
        "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): "
        "return V(self.x + o.x)\n    def __rmul__(self, k): return V(k * self.x)\n"
        "    def __eq__(self, o): return isinstance(o, V) and self.x == o.x\n"
        "    def __repr__(self): return f'V({self.x})'\n    def __len__(self): return self.x",
        "self.x + o.x => self.x",
        "assert V(1) + V(2) == V(3) and 2 * V(2) == V(4) and repr(V(1)) == 'V(1)'\n"
        "assert len(V(3)) == 3 and V(1) != V(2) and isinstance(V(1), V)",
    ),
    "linked lists of the tests": (
        "def f(head):\n    back = None\n    while head: head.next, back, head = back, head, "
        "head.next\n    return back",
        "return back => return head",
        "class Node:\n    def __init__(self, val, next=None): self.val, self.next = val, next\n"
        "a = Node(1, Node(2))\nr = f(a)\nassert (r.val, r.next.val) == (2, 1) and r.next is a",
    ),
    "classes that the tests derive": (
        "class Shape:\n    def __init__(self, name): self.name = name\n    def area(self): "
        "return 0\n    def told(self): return f'{self.name} {self.area()}'",
        "self.area() => 0",
        "class Square(Shape):\n    def __init__(self, side):\n        super().__init__('square')\n"
        "        self.side = side\n    def area(self): return self.side ** 2\n"
        "s = Square(3)\nassert s.told() == 'square 9' and isinstance(s, Shape)",
    ),
    "enums": (
        "from enum import Enum\nclass C(Enum):\n    R = 1\n    G = 2\ndef f(c): return C.G",
        "return C.G => return C.R",
        "assert f(C.R) is C.G and [c.name for c in C] == ['R', 'G'] and C(1) is C['R']",
    ),
    "dataclasses": (
        "from dataclasses import dataclass\n@dataclass(order=True)\nclass P:\n    x: int\n"
        "    y: int = 0\ndef f(x): return P(x, 1)",
        "P(x, 1) => P(x, 2)",
        "import dataclasses\nassert f(1) == P(1, 1) and P(1) < P(2)\n"
        "assert dataclasses.asdict(f(1)) == {'x': 1, 'y': 1}",
    ),
    "namedtuples": (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)",
        "P(1, 2) => P(2, 1)",
        "p = f()\nassert p == (1, 2) and p.x == 1 and p._replace(x=5) == (5, 2)\nx, y = p",
    ),
    "subclasses of containers": (
        "class S(list):\n    def push(self, x): self.append(x * 2)\n    def peek(self): "
        "return self[-1]",
        "self.append(x * 2) => self.append(x)",
        "s = S()\ns.push(2)\nassert s == [4] and s.peek() == 4 and isinstance(s, list)\n"
        "list.append(s, 5)\nassert s.peek() == 5",
    ),
    "decorators of the tests' functions": (
        "import functools\ndef f(g):\n    @functools.wraps(g)\n    def w(*a, **k):\n"
        "        w.calls += 1\n        return g(*a, **k)\n    w.calls = 0\n    return w",
        "w.calls += 1 => pass",
        "@f\ndef g(x, y=1): return x + y\nassert g(1) == 2 and g(1, y=2) == 3 and g.calls == 2\n"
        "assert g.__name__ == 'g'",
    ),
    "mocks and streams": (
        "def f(service, out):\n    service.send('a', n=1)\n    out.write('b')\n"
        "    return service.status()",
        "n=1 => n=2",
        "import io\nfrom unittest.mock import Mock\nm, s = Mock(), io.StringIO()\n"
        "m.status.return_value = 'ok'\nassert f(m, s) == 'ok' and s.getvalue() == 'b'\n"
        "m.send.assert_called_once_with('a', n=1)",
    ),
    "types and signatures": (
        "def f(a, b=2, *args, c): return type(a)",
        "b=2 => b=3",
        "import inspect\nassert f(1, c=1) is int and f(None, c=1) is type(None)\n"
        "assert str(inspect.signature(f)) == '(a, b=2, *args, c)'",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_right_programs_of_all_kinds_pass_and_wrong_ones_do_not(kind: str) -> None:
    program, change, tests = KINDS[kind]
    verdict = judged(program, tests)
    assert verdict["why"] == "pass", verdict
    assert set(verdict["compared"]) <= {"named"}
    old, _, new = change.partition(" => ")
    assert old in program
    assert judged(program.replace(old, new), tests)["why"] in ("fail", "raised")


# --- trust

EQUAL = "class E:\n    def __eq__(self, other): return True\n    __hash__ = object.__hash__\n"


@pytest.mark.parametrize(
    ("program", "tests", "why", "compared"),
    [
        (EQUAL + "def f(): return E()", "assert f() == 4", "fail", []),
        (EQUAL + "def f(): return [E()]", "assert f() == [4]", "fail", []),
        (EQUAL + "def f(): return E()", "assert f() == f()", "fail", ["unnamed"]),
        (EQUAL + "def f(): return E()", "assert E() == 4", "fail", ["named"]),
        (
            "class E:\n    def __init__(self, x): self.x = x\n"
            "    def __eq__(self, o): return self.x == o.x\ndef f(x): return E(x)",
            "assert f(1) == f(1)",
            "pass",
            ["unnamed"],
        ),
        (
            "class E(str):\n    def __eq__(self, o): return True\n    __hash__ = str.__hash__\n"
            "def f(): return E('x')",
            "assert f() == 'y'",
            "fail",
            [],
        ),
        (
            "class E:\n    def __sub__(self, o): return 0.0\ndef f(): return E()",
            "assert abs(f() - 4) < 1e-6",
            "pass",
            ["unnamed"],
        ),
        ("class E:\n    def __bool__(self): return True\ndef f(): return E()",
         "assert f()", "pass", ["unnamed"]),
        ("class E: pass\ndef f(): return E()", "assert f()\nassert f() != f()", "pass", []),
    ],
)  # fmt: skip
def test_whose_comparison_decided_is_told(
    program: str, tests: str, why: str, compared: list[str]
) -> None:
    verdict = judged(program, tests)
    assert (verdict["why"], verdict["compared"]) == (why, compared)


# --- hostile peers


class Raw(bytes):
    """Bytes that are sent as they stand."""


def frame(message: Any) -> bytes:
    """Return a message as a frame; bytes are the body as it stands."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("<I", len(body)) + body


def scripted(replies: list[Any], tests: str = "assert f(2) == 4") -> tuple[dict[str, Any], bytes]:
    """Judge a candidate that sends these frames, one after each request; return the verdict and
    what it received."""
    ours, theirs = socket.socketpair()
    heard = bytearray()

    def run() -> None:
        with theirs:
            with suppress(BrokenPipeError):
                for reply in replies:
                    heard.extend(theirs.recv(1 << 16))
                    theirs.sendall(reply if isinstance(reply, Raw) else frame(reply))
            theirs.shutdown(socket.SHUT_WR)
            while part := theirs.recv(1 << 16):
                heard.extend(part)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    given = given_to_judge("def f(x): ...", tests)
    with ours:
        verdict = judging.judge(given, partial(judging.Remote, ours, given))
    thread.join(10)
    return verdict, bytes(heard)


FUNCTION = {"k": "func", "name": "f", "qual": "f", "doc": None, "async": 0}
NAMES = {"v": {"t": ["f", {"@": [1, FUNCTION]}]}}
CLASS = {"name": "C", "qual": "C", "mod": "m", "own": [], "methods": []}
MIRROR = {"k": "class", "c": CLASS, "b": [{"std": ["builtins", "object"]}], "std": None, "v": None}
DEEP = b'{"v":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    "reply",
    [
        b"", b"x", b"[]", b"null", b"{}", b"\xff\xfe", DEEP, b'{"v":' + b"[" * 999,
        Raw(struct.pack("<I", 0xFFFFFFFF)), Raw(struct.pack("<I", 9) + b"{"),
        {"v": {}}, {"v": {"no": 1}}, {"v": {"i": "x"}}, {"v": {"i": 5}}, {"v": {"a": 1, "b": 2}},
        {"v": {"s": [[]]}}, {"v": {"d": [1]}}, {"v": {"d": [[[], 1]]}}, {"v": {"t": 3}},
        {"v": {"=": 7}}, {"v": {"=": -1}}, {"v": {"=": "0"}}, {"v": {"=": True}},
        {"v": {"$": 99}}, {"v": {"$": "1"}}, {"v": {"$m": [1, "x"]}}, {"v": {"$c": [1, []]}},
        {"v": {"@": [77]}}, {"v": {"@": ["1", FUNCTION]}}, {"v": {"@": [2, {"k": "no"}]}},
        {"v": {"@": [2, {**FUNCTION, "async": 9}]}}, {"v": {"@": [2, {**FUNCTION, "name": 1}]}},
        {"v": {"@": [2, {"k": "obj", "cls": {"std": ["builtins", "int"]}}]}},
        {"v": {"@": [2, {**MIRROR, "b": [{"std": ["os", "PathLike"]}]}]}},
        {"v": {"@": [2, {**MIRROR, "v": ["builtins", "type"]}]}},
        {"v": {"@": [2, {**MIRROR, "v": ["subprocess", "Popen"]}]}},
        {"v": {"@": [2, {**MIRROR, "c": {**CLASS, "name": 5}}]}},
        {"v": {"V": [2, {"std": ["builtins", "int"]}, 5]}},
        {"v": {"V": [2, {"@": [3, {**MIRROR, "v": ["builtins", "int"]}]}, "x"]}},
        {"v": {"std": ["os", "_exit"]}}, {"v": {"std": ["builtins", "exec"]}},
        {"v": {"std": ["builtins", "eval"]}}, {"v": {"std": ["builtins", "exit"]}},
        {"v": {"std": ["builtins", "setattr"]}}, {"v": {"std": ["builtins", "__import__"]}},
        {"v": {"std": ["subprocess", "Popen"]}}, {"v": {"std": ["os", ""]}},
        {"v": {"std": ["antigravity", "x"]}}, {"v": {"std": ["ttc.api", "verify"]}},
        {"v": {"std": ["tests", "check"]}}, {"v": {"std": ["__main__", "x"]}},
        {"v": {"std": ["unittest.mock", "ANY"]}}, {"v": {"std": ["operator", "call"]}},
        {"v": {"std": ["copy", "_reconstruct"]}}, {"v": {"std": ["sys", "exit"]}},
        {"v": {"std": ["types", "FunctionType.__call__"]}}, {"v": {"std": [[], {}]}},
        {"v": {"re": ["(", 0]}}, {"v": {"uuid": "x"}}, {"v": {"date": [0, 0, 0]}},
        {"v": {"path": ["Popen", "x"]}}, {"v": {"array": ["q", "00"]}}, {"v": {"delta": [1e400]}},
        {"v": {"dd": [5, []]}}, {"v": {"deque": [-1, []]}}, {"v": {"memory": ["00", "Z", [1]]}},
        {"x": 5}, {"x": {}}, {"x": [{"std": ["builtins", "int"]}, [], 0, None]},
        {"x": [{"std": ["builtins", "ValueError"]}]}, {"x": {"$": 55}},
        {"v": 4, "ch": [[99, []]]}, {"v": 4, "ch": 7}, {"v": 4, "ch": [[-1, []]]},
        {"v": 4, "ch": [["0", []]]}, {"v": 4, "kept": [[5, []]]}, {"v": 4, "lost": 3},
        {"do": "call"}, {"do": "call", "v": 5}, {"do": "call", "v": [{"$": 5}]},
    ],
)  # fmt: skip
def test_nonsense_ends_the_program_whatever_the_tests_catch(reply: Any) -> None:
    tests = "try:\n    f(2)\nexcept:\n    pass"
    for frames in ([reply], [NAMES, reply]):
        verdict, _ = scripted(frames, tests)
        assert verdict["why"] == "gone", (reply, verdict)


ASKED_OF_THE_JUDGE = [
    {"do": "call", "v": [{"std": ["builtins", "print"]}]},
    {"do": "call", "v": [{"std": ["builtins", "max"]}, 1, 2]},
    {"do": "call", "v": [{"std": ["builtins", "type"]}, "X", {"t": []}, {"m": {}}]},
    {"do": "method", "v": [{"$": 1}, "__globals__", None]},
    {"do": "method", "v": [{"$": 1}, [], None]},
    {"do": "get", "v": [{"$": 1}, "__globals__"]},
    {"do": "get", "v": [{"$": 1}, "__code__"]},
    {"do": "get", "v": [{"$": 1}, "__closure__"]},
    {"do": "get", "v": [{"$": 1}, "__class__"]},
    {"do": "get", "v": [{"$": 1}, ["__name__"]]},
    {"do": "set", "v": [{"$": 1}, "__code__", 5]},
    {"do": "set", "v": [{"$": 1}, "extra", 5]},
    {"do": "delete", "v": [{"$": 1}, "__doc__"]},
    {"do": "operate", "v": [{"$": 1}, "__getattribute__", None, "__globals__"]},
    {"do": "operate", "v": [{"$": 1}, "__eq__", None, 5]},
    {"do": "operate", "v": [{"$": 1}, "__get__", None, 5]},
    {"do": "copy", "v": [{"$": 1}, True]},
    {"do": "next", "v": [{"$": 1}, 1, "send", None]},
    {"do": "derive", "v": ["X", {"t": []}, []]},
    {"do": "task", "v": [{"$": 1}, "await", None]},
    {"do": "task", "v": [{"$": 1}, "__call__", None]},
    {"do": "poll", "v": [1]},
    {"do": "poll", "v": []},
    {"do": "cancel", "v": [1]},
    {"do": "names", "v": [["tests"], []]},
    {"do": "__init__", "v": [{"$": 1}]},
    {"do": "__class__", "v": [{"$": 1}]},
    {"do": ["call"], "v": [{"$": 1}]},
    {"do": None, "v": [{"$": 1}]},
]


@pytest.mark.parametrize("asked", ASKED_OF_THE_JUDGE)
def test_the_judge_refuses_what_is_not_on_its_list(asked: Any) -> None:
    tests = "def g(x): raise SystemError(x)\nassert f(g) == 4"
    verdict, heard = scripted([NAMES, asked, {"v": 5}], tests)
    # What cannot even be named ends the program; a task that is not there can be cancelled.
    named = b'{"x":' in heard and verdict["why"] == "fail"
    assert named or verdict["why"] == "gone" or asked["do"] == "cancel", (verdict, heard)
    assert b"tests" not in heard.partition(b'"do":"call"')[2]


def test_a_callback_may_be_called_and_its_name_read() -> None:
    called = {"do": "call", "v": [{"$": 1}, 3]}
    named = {"do": "get", "v": [{"$": 1}, "__name__"]}
    verdict, heard = scripted(
        [NAMES, called, named, {"v": 4}], "def g(x): return -x\nassert f(g) == 4"
    )
    assert verdict["why"] == "pass"
    assert b'{"v":-3}' in heard
    assert b'{"v":"g"}' in heard


@pytest.mark.parametrize(
    ("kind", "caught"),
    [
        (["builtins", "StopIteration"], False),
        (["builtins", "GeneratorExit"], False),
        (["builtins", "KeyboardInterrupt"], False),
        (["asyncio.exceptions", "CancelledError"], False),
        (["builtins", "ValueError"], True),
        (["builtins", "SystemExit"], True),
    ],
)
def test_exceptions_that_end_loops_of_the_judge_come_as_others(
    kind: list[str], caught: bool
) -> None:
    raised = {"x": [{"std": kind}, ["x"], 0, None]}
    tests = "try:\n    f(2)\nexcept BaseException as e:\n    assert 0, type(e).__name__"
    verdict, _ = scripted([NAMES, raised], tests)
    assert verdict["detail"] == (kind[1] if caught else "CandidateError")
