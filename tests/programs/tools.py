"""What tests do to objects with the language's own tools: inspection, copies, patches, protocols."""

from __future__ import annotations

from programs.cases import case

CASES = [
    case(
        "causes of errors",
        """
class Broken(Exception):
    pass
def read(table, key):
    try:
        return table[key]
    except KeyError as error:
        raise Broken(f"no {key}") from error
def number(text):
    try:
        return int(text)
    except ValueError as error:
        raise TypeError("no number") from error
""",
        """
try:
    read({}, "a")
    assert False
except Broken as error:
    assert isinstance(error.__cause__, KeyError) and error.__cause__.args == ("a",)
    assert repr(error) == "Broken('no a')"
try:
    number("x")
    assert False
except TypeError as error:
    assert isinstance(error.__cause__, ValueError) and "invalid literal" in str(error.__cause__)
""",
        'raise Broken(f"no {key}") from error => raise Broken(f"no {key}") from None',
        'raise TypeError("no number") from error => raise TypeError("no number")',
    ),
    case(
        "signatures and names",
        """
from typing import List
def f(a: int, b: List[str] = (), *rest, deep=False, **more) -> bool:
    'Say so.'
    return True
""",
        """
import inspect, typing
assert f.__name__ == "f" and f.__doc__ == "Say so." and f.__code__.co_argcount == 2
assert list(inspect.signature(f).parameters) == ["a", "b", "rest", "deep", "more"]
assert inspect.signature(f).parameters["deep"].default is False and f.__defaults__ == ((),)
assert typing.get_type_hints(f)["return"] is bool
""",
        "deep=False => deep=True",
        "-> bool => -> int",
        "Say so. => Say.",
    ),
    case(
        "looks of classes",
        """
class A:
    "Doc A"
    k = 3
    def m(self):
        return self.k
class B(A):
    class Inner:
        z = 1
    def make(self):
        return self.Inner()
""",
        """
b = B()
assert b.__class__ is B and type(b) is B and b.__class__.__name__ == "B" and B.__base__ is A
assert A.__doc__ == "Doc A" and hasattr(A, "m") and not hasattr(A, "zz") and A.m(b) == 3
assert "m" in dir(b) and callable(A) and A.k == 3 and B.Inner().z == 1
assert isinstance(b.make(), B.Inner)
A.k = 4
assert b.k == 4 and b.m() == 4
""",
        "return self.k => return 3",
        "self.Inner() => self.Inner",
        "k = 3 => k = 4",
    ),
    case(
        "copies and tools of dataclasses",
        """
from dataclasses import dataclass, field
@dataclass
class P:
    x: int
    tags: list = field(default_factory=list)
    def __post_init__(self):
        self.x = abs(self.x)
""",
        """
import copy, dataclasses
p = P(-1, ["a"])
assert dataclasses.astuple(p) == (1, ["a"]) and dataclasses.replace(p, x=5).x == 5 and p.x == 1
assert [f.name for f in dataclasses.fields(P)] == ["x", "tags"] and dataclasses.is_dataclass(p)
q, r = copy.copy(p), copy.deepcopy(p)
q.x = 9
q.tags.append("b")
assert p.x == 1 and p.tags == ["a", "b"] and r.tags == ["a"] and r == P(1, ["a"])
""",
        "abs(self.x) => self.x",
        "x: int => x: int = 0\n    y: int = 0",
    ),
    case(
        "objects in heaps, sets and searches",
        """
import functools
@functools.total_ordering
class V:
    def __init__(self, x):
        self.x = x
    def __eq__(self, other):
        return self.x == other.x
    def __lt__(self, other):
        return self.x < other.x
    def __hash__(self):
        return hash(self.x)
""",
        """
import bisect, heapq
vs = [V(3), V(1), V(2)]
assert [v.x for v in sorted(vs)] == [1, 2, 3] and max(vs).x == 3 and min(vs) == V(1)
heap = []
for v in vs:
    heapq.heappush(heap, v)
assert [heapq.heappop(heap).x for _ in vs] == [1, 2, 3]
row = [V(1), V(5)]
bisect.insort(row, V(3))
assert [v.x for v in row] == [1, 3, 5] and vs.index(V(2)) == 2 and V(3) in vs and V(7) not in vs
assert {V(1): "a"}[V(1)] == "a" and len({V(1), V(1), V(2)}) == 2
""",
        "self.x < other.x => self.x > other.x",
        "hash(self.x) => id(self)",
        "self.x == other.x => self is other",
    ),
    case(
        "mappings, sums and unpacking by protocol",
        """
class Settings:
    def __init__(self, **values):
        self.values = values
    def keys(self):
        return self.values.keys()
    def __getitem__(self, key):
        return self.values[key]
    def __iter__(self):
        return iter(self.values)
class Coins:
    def __init__(self, n):
        self.n = n
    def __add__(self, other):
        return Coins(self.n + (other.n if isinstance(other, Coins) else other))
    __radd__ = __add__
""",
        """
s = Settings(a=1, b=2)
def named(**given):
    return given
assert dict(s) == {"a": 1, "b": 2} and {**s, "c": 3} == {"a": 1, "b": 2, "c": 3}
assert named(**s) == {"a": 1, "b": 2} and [*s] == ["a", "b"] and list(map(s.__getitem__, s)) == [1, 2]
assert sum([Coins(1), Coins(2)]).n == 3 and sum([Coins(1)], Coins(5)).n == 6 and (1 + Coins(2)).n == 3
""",
        "return iter(self.values) => return iter(sorted(self.values, reverse=True))",
        "__radd__ = __add__ => __radd__ = lambda self, other: self",
        "return self.values[key] => return key",
    ),
    case(
        "patched methods of the program's classes",
        """
class Service:
    def fetch(self):
        return 1
    def total(self):
        return self.fetch() + 1
def helper(x):
    return x
def main(x):
    return helper(x) + 1
""",
        """
from unittest.mock import patch
with patch.object(Service, "fetch", return_value=9) as fetch:
    assert Service().total() == 10
fetch.assert_called_once_with()
assert Service().total() == 2
s = Service()
s.fetch = lambda: 5
assert s.total() == 6 and Service().total() == 2
with patch("__main__.helper", return_value=7) as replaced:
    assert main(1) == 8
replaced.assert_called_once_with(1)
assert main(1) == 2
""",
        "return self.fetch() + 1 => return 2",
        "return helper(x) + 1 => return x + 1",
    ),
    case(
        "threads of the tests",
        """
import threading
class Count:
    def __init__(self):
        self.n, self.lock = 0, threading.Lock()
    def up(self, by=1):
        with self.lock:
            self.n += by
            return self.n
""",
        """
from concurrent.futures import ThreadPoolExecutor
c = Count()
with ThreadPoolExecutor(4) as pool:
    seen = list(pool.map(lambda _: c.up(), range(40)))
assert c.n == 40 and sorted(seen) == list(range(1, 41))
""",
        "return self.n => return 1",
    ),
    case(
        "callbacks and queues of asyncio",
        """
import asyncio
async def each(xs, f):
    return [await f(x) for x in xs]
async def produce(queue, n):
    for i in range(n):
        await queue.put(i * i)
async def slow(n):
    await asyncio.sleep(n)
    return n
""",
        """
import asyncio
async def double(x):
    await asyncio.sleep(0)
    return 2 * x
async def main():
    assert await each([1, 2], double) == [2, 4]
    queue = asyncio.Queue()
    await produce(queue, 3)
    assert [queue.get_nowait() for _ in range(3)] == [0, 1, 4] and queue.empty()
    try:
        await asyncio.wait_for(slow(5), timeout=0.02)
        assert False
    except asyncio.TimeoutError:
        pass
    task = asyncio.create_task(slow(0.01))
    assert not task.done() and await task == 0.01
asyncio.run(main())
""",
        "i * i => i",
        "await f(x) for => (await f(x)) + 1 for",
        "asyncio.sleep(n) => asyncio.sleep(0)",
    ),
    case(
        "decorators of the tests' classes",
        """
def singleton(cls):
    made = {}
    def get(*args, **kwargs):
        if cls not in made:
            made[cls] = cls(*args, **kwargs)
        return made[cls]
    return get
def register(table):
    def decorate(cls):
        table[cls.__name__] = cls
        return cls
    return decorate
def add_repr(cls):
    def __repr__(self):
        return f"{cls.__name__}({vars(self)})"
    cls.__repr__ = __repr__
    cls.tagged = True
    return cls
""",
        """
@singleton
class A:
    def __init__(self, x):
        self.x = x
assert A(1) is A(2) and A(3).x == 1
table = {}
@register(table)
class B: pass
assert table == {"B": B} and isinstance(B(), B)
@add_repr
class C:
    def __init__(self):
        self.x = 1
assert repr(C()) == "C({'x': 1})" and C.tagged
""",
        "if cls not in made: => if True:",
        "cls.tagged = True => pass",
        "table[cls.__name__] = cls => table[cls] = cls",
        'return f"{cls.__name__}({vars(self)})" => return cls.__name__',
    ),
    case(
        "the tests' own objects, looked into",
        """
def to_dict(thing):
    return dict(vars(thing))
def fields(thing):
    return sorted(thing.__dict__)
def update(thing, **changes):
    for name, value in changes.items():
        setattr(thing, name, value)
    return thing
def call(thing, name, *args):
    return getattr(thing, name)(*args)
def total(items):
    return sum(item.price * item.qty for item in items)
def oldest(people):
    return max(people, key=lambda p: p.age)
""",
        """
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
class A:
    def __init__(self):
        self.x, self.y = 1, [2]
    def twice(self, n):
        return 2 * n
@dataclass
class Item:
    price: float
    qty: int
Person = namedtuple("Person", "name age")
a = A()
assert to_dict(a) == {"x": 1, "y": [2]} and fields(a) == ["x", "y"]
assert update(a, z=3) is a and a.z == 3 and call(a, "twice", 4) == 8 and call("ab", "upper") == "AB"
assert total([Item(2, 3), Item(1, 1)]) == 7 and oldest([SimpleNamespace(age=3)]).age == 3
assert oldest([Person("a", 1), Person("b", 2)]) == Person("b", 2)
""",
        "return thing\n => return None\n",
        "return max( => return min(",
        "item.price * item.qty => item.price",
        "sorted(thing.__dict__) => sorted(thing.__dict__, reverse=True)",
    ),
    case(
        "output of the tests' functions, captured by the program",
        """
import contextlib, io
def output_of(f, *args):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        f(*args)
        print("end")
    return out.getvalue()
""",
        """
def hello(name):
    print("hello", name)
assert output_of(hello, "Al") == "hello Al\\nend\\n"
assert output_of(lambda: None) == "end\\n"
""",
        'print("end") => print("end", end="")',
        "f(*args)\n => f(*args) or f(*args)\n",
    ),
    case(
        "containers of objects that tests change",
        """
class Tree:
    def __init__(self, value, kids=()):
        self.value, self.kids = value, list(kids)
    def __iter__(self):
        yield self.value
        for kid in self.kids:
            yield from kid
    def depth(self):
        return 1 + max((kid.depth() for kid in self.kids), default=0)
class Op:
    table = {"+": lambda a, b: a + b}
    def run(self, sign, a, b):
        return self.table[sign](a, b)
""",
        """
t = Tree(1, [Tree(2), Tree(3, [Tree(4)])])
assert list(t) == [1, 2, 3, 4] and t.depth() == 3
t.kids.append(Tree(9))
assert list(t)[-1] == 9
t.kids[0].value = 7
assert list(t)[1] == 7
t.kids[1].kids.clear()
assert t.depth() == 2 and len(t.kids) == 3
assert Op().run("+", 1, 2) == 3 and Op.table["+"](2, 3) == 5
Op.table["-"] = lambda a, b: a - b
assert Op().run("-", 5, 3) == 2
""",
        "default=0 => default=1",
        "self.value, self.kids = value, list(kids) => self.value, self.kids = value, tuple(kids)",
        "yield from kid => yield kid.value",
        "self.table[sign] => {'+': lambda a, b: a + b}[sign]",
    ),
]
