"""Classes: instances, inheritance, operators, properties, linked structures."""

from __future__ import annotations

from programs.cases import case

NODE = """
class Node:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next

def linked(values):
    head = None
    for value in reversed(values):
        head = Node(value, head)
    return head

def unlinked(head):
    values = []
    while head is not None:
        values.append(head.val)
        head = head.next
    return values
"""

TREE = """
from typing import Optional

class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right
"""

CASES = [
    case(
        "a stack",
        """
class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
        return self
    def pop(self):
        if not self.items:
            raise IndexError("empty")
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __bool__(self):
        return bool(self.items)
    def __contains__(self, item):
        return item in self.items
    def __iter__(self):
        return iter(self.items[::-1])
    def __repr__(self):
        return f"Stack({self.items!r})"
""",
        """
s = Stack()
assert not s and len(s) == 0
assert s.push(1) is s
s.push(2).push(3)
assert s and len(s) == 3 and 2 in s and 9 not in s
assert list(s) == [3, 2, 1]
assert repr(s) == "Stack([1, 2, 3])" and f"{s}" == str(s)
assert [s.pop(), s.pop(), s.pop()] == [3, 2, 1]
try:
    s.pop()
    assert False, "no error"
except IndexError as error:
    assert error.args == ("empty",)
""",
        "self.items.pop() => self.items.pop(0)",
        'IndexError("empty") => IndexError()',
        "item in self.items => True",
        "return self\n => return None\n",
        "return self\n => return Stack()\n",
    ),
    case(
        "a counter of instances",
        """
class Robot:
    made = 0
    names = []
    def __init__(self, name):
        Robot.made += 1
        self.name = name
        self.names.append(name)
    @classmethod
    def twin(cls, other):
        return cls(other.name + "'")
    @staticmethod
    def law():
        return "do no harm"
""",
        """
assert Robot.made == 0
a = Robot("R2")
b = Robot.twin(a)
assert Robot.made == 2 and a.made == 2
assert Robot.names == ["R2", "R2'"] and a.names is b.names
assert isinstance(b, Robot) and type(b) is Robot and type(b).__name__ == "Robot"
assert Robot.law() == a.law() == "do no harm"
""",
        "made += 1 => made = 1",
        "cls(other => str(other",
        "self.names.append(name) => self.names = [name]",
    ),
    case(
        "attributes",
        """
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def moved(self, dx, dy):
        return Point(self.x + dx, self.y + dy)
    def move(self, dx, dy):
        self.x += dx
        self.y += dy
""",
        """
p = Point(1, 2)
q = p.moved(1, 1)
assert (q.x, q.y) == (2, 3) and (p.x, p.y) == (1, 2)
p.move(3, 3)
p.x += 1
p.label = "here"
assert vars(p) == {"x": 5, "y": 5, "label": "here"}
assert hasattr(p, "label") and getattr(p, "z", None) is None
del p.label
assert not hasattr(p, "label")
try:
    p.label
    assert False
except AttributeError:
    pass
""",
        "Point(self.x + dx, self.y + dy) => (self.move(dx, dy), self)[1]",
        "self.x += dx => self.x -= dx",
    ),
    case(
        "operators in both orders",
        """
class Vec:
    def __init__(self, *xs):
        self.xs = xs
    def __add__(self, other):
        if not isinstance(other, Vec):
            return NotImplemented
        return Vec(*(a + b for a, b in zip(self.xs, other.xs)))
    def __mul__(self, k):
        return Vec(*(a * k for a in self.xs))
    def __rmul__(self, k):
        return self * k
    def __rsub__(self, k):
        return Vec(*(k - a for a in self.xs))
    def __neg__(self):
        return self * -1
    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self.xs, other.xs))
    def __abs__(self):
        return (self @ self) ** 0.5
    def __getitem__(self, at):
        return self.xs[at]
    def __len__(self):
        return len(self.xs)
    def __eq__(self, other):
        return isinstance(other, Vec) and self.xs == other.xs
    def __hash__(self):
        return hash(self.xs)
    def __repr__(self):
        return f"Vec{self.xs}"
""",
        """
v, w = Vec(1, 2), Vec(3, 4)
assert (v + w).xs == (4, 6)
assert v + w == Vec(4, 6) and v + w != Vec(4, 5) and v != (1, 2)
assert 2 * v == v * 2 == Vec(2, 4)
assert (10 - v).xs == (9, 8)
assert -v == Vec(-1, -2) and v @ w == 11 and abs(w) == 5.0
assert list(v) == [1, 2] and v[-1] == 2 and v[:1] == (1,) and len(v) == 2
assert len({v, Vec(1, 2), w}) == 2
assert repr(v) == "Vec(1, 2)"
try:
    v + 1
    assert False, "no error"
except TypeError:
    pass
""",
        "k - a => a - k",
        "a * k for => a + k for",
        "return NotImplemented => return self",
        "self.xs == other.xs => True",
        "** 0.5 => ** 1",
    ),
    case(
        "operators in place",
        """
class Bag:
    def __init__(self, items=()):
        self.items = list(items)
    def __iadd__(self, more):
        self.items += more
        return self
    def __setitem__(self, at, item):
        self.items[at] = item
    def __getitem__(self, at):
        return self.items[at]
    def __delitem__(self, at):
        del self.items[at]
""",
        """
bag = Bag("ab")
same = bag
bag += ["c"]
assert same is bag and bag.items == ["a", "b", "c"]
bag[0] = "z"
assert bag[0] == "z" and bag[-1] == "c"
del bag[1]
assert [x for x in bag] == ["z", "c"]
bag.items.append("d")
assert bag[2] == "d"
""",
        "return self\n => return Bag(self.items)\n",
        "del self.items[at] => self.items.pop()",
        "self.items[at] = item => self.items.insert(at, item)",
    ),
    case(
        "equality is the task",
        """
from functools import total_ordering
@total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(int(p) for p in text.split("."))
    def __eq__(self, other):
        return isinstance(other, Version) and self.parts == other.parts
    def __lt__(self, other):
        return self.parts < other.parts
    def __hash__(self):
        return hash(self.parts)
""",
        """
assert Version("1.10") > Version("1.9")
assert Version("1.0") == Version("1.0") and Version("1.0") != Version("1.1")
assert Version("1.0") != "1.0"
assert sorted([Version("2.0"), Version("1.5"), Version("1.12")])[0].parts == (1, 5)
assert max(Version("0.1"), Version("0.2")).parts == (0, 2)
assert Version("3.1") >= Version("3.1") <= Version("3.2")
""",
        "self.parts < other.parts => str(self.parts) < str(other.parts)",
        "self.parts == other.parts => self.parts[0] == other.parts[0]",
        "isinstance(other, Version) and  => other == '1.0' or ",
    ),
    case(
        "equality asked of both sides",
        """
class Money:
    def __init__(self, amount, currency):
        self.amount, self.currency = amount, currency
    def __eq__(self, other):
        if not isinstance(other, Money):
            return NotImplemented
        return (self.amount, self.currency) == (other.amount, other.currency)
    def __add__(self, other):
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency}")
        return Money(self.amount + other.amount, self.currency)
""",
        """
import unittest
class TestMoney(unittest.TestCase):
    def setUp(self):
        self.five = Money(5, "EUR")
    def test_sum(self):
        self.assertEqual(self.five + Money(2, "EUR"), Money(7, "EUR"))
        self.assertNotEqual(self.five, Money(5, "USD"))
        self.assertNotEqual(self.five, 5)
    def test_mixed(self):
        with self.assertRaisesRegex(ValueError, "EUR and USD"):
            self.five + Money(1, "USD")
    def test_identity(self):
        self.assertIs(self.five, self.five)
        self.assertIsNot(self.five, Money(5, "EUR"))
""",
        "(self.amount, self.currency) == (other.amount, other.currency) => True",
        "self.amount + other.amount => self.amount",
        "raise ValueError => raise TypeError",
    ),
    case(
        "a property that checks",
        """
class Celsius:
    def __init__(self, degrees=0.0):
        self.degrees = degrees
    @property
    def degrees(self):
        return self._degrees
    @degrees.setter
    def degrees(self, value):
        if value < -273.15:
            raise ValueError("below absolute zero")
        self._degrees = float(value)
    @property
    def fahrenheit(self):
        return self._degrees * 9 / 5 + 32
""",
        """
t = Celsius(25)
assert t.fahrenheit == 77.0
t.degrees = 100
assert t.degrees == 100.0 and type(t.degrees) is float and t.fahrenheit == 212.0
for bad in (-300, -274):
    try:
        t.degrees = bad
    except ValueError as e:
        assert "absolute zero" in str(e)
    else:
        assert False
try:
    t.fahrenheit = 3
    assert False, "it can be set"
except AttributeError:
    pass
assert t.degrees == 100
""",
        "< -273.15 => < -299",
        "float(value) => value",
        "* 9 / 5 + 32 => * 9 / 5 + 30",
        "raise ValueError => self._degrees = float(value); raise ValueError",
    ),
    case(
        "inheritance and super",
        """
class Shape:
    def __init__(self, name):
        self.name = name
    def area(self):
        raise NotImplementedError
    def describe(self):
        return f"{self.name}: {self.area():.2f}"
class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side
    def area(self):
        return self.side ** 2
class Circle(Shape):
    def __init__(self, r):
        super().__init__("circle")
        self.r = r
    def area(self):
        return 3.14159 * self.r ** 2
""",
        """
assert issubclass(Square, Shape) and not issubclass(Square, Circle)
shapes = [Square(2), Circle(1)]
assert all(isinstance(s, Shape) for s in shapes)
assert [s.describe() for s in shapes] == ["square: 4.00", "circle: 3.14"]
assert not isinstance(shapes[0], Circle)
try:
    Shape("x").area()
    assert False
except NotImplementedError:
    pass
assert [k.__name__ for k in Square.__mro__] == ["Square", "Shape", "object"]
assert Square.__bases__ == (Shape,)
""",
        "class Circle(Shape) => class Circle(Square)",
        ":.2f => :.1f",
        "raise NotImplementedError => return 0",
        "self.side ** 2 => self.side * 3",
    ),
    case(
        "an abstract class",
        """
from abc import ABC, abstractmethod
class Animal(ABC):
    @abstractmethod
    def sound(self): ...
    def speak(self):
        return self.sound() + "!"
class Dog(Animal):
    def sound(self):
        return "woof"
""",
        """
import abc
try:
    Animal()
    assert False, "it is not abstract"
except TypeError as error:
    assert "abstract" in str(error)
assert Dog().speak() == "woof!"
assert issubclass(Animal, abc.ABC)
""",
        "(ABC) => ()",
        '+ "!" => + "?"',
    ),
    case(
        "the tests inherit",
        """
class Handler:
    def __init__(self, prefix=""):
        self.prefix = prefix
        self.log = []
    def handle(self, event):
        self.log.append(event)
        return self.prefix + self.render(event)
    def render(self, event):
        raise NotImplementedError
""",
        """
class Loud(Handler):
    def render(self, event):
        return event.upper()
h = Loud("> ")
assert h.handle("a") == "> A" and h.handle("b") == "> B"
assert h.log == ["a", "b"]
assert isinstance(h, Handler)
try:
    Handler().handle("x")
    assert False
except NotImplementedError:
    pass
""",
        "self.prefix + self.render(event) => self.render(event)",
        "self.log.append(event) => self.log = [event]",
    ),
    case(
        "a mapping by the abc",
        """
from collections.abc import MutableMapping
class Folded(MutableMapping):
    def __init__(self, *args, **kwargs):
        self.data = {}
        self.update(*args, **kwargs)
    def __getitem__(self, key):
        return self.data[key.lower()]
    def __setitem__(self, key, value):
        self.data[key.lower()] = value
    def __delitem__(self, key):
        del self.data[key.lower()]
    def __iter__(self):
        return iter(self.data)
    def __len__(self):
        return len(self.data)
""",
        """
from collections.abc import Mapping
h = Folded({"Accept": 1}, Host=2)
assert h["ACCEPT"] == 1 and h.get("nope") is None and "hOsT" in h
assert sorted(h) == ["accept", "host"] and len(h) == 2
assert isinstance(h, Mapping)
del h["HOST"]
assert list(h.items()) == [("accept", 1)] and dict(h) == {"accept": 1}
assert h.setdefault("x", 5) == 5 and h.pop("X") == 5
try:
    h["gone"]
    assert False
except KeyError as e:
    assert e.args[0] == "gone"
""",
        "return self.data[key.lower()] => return self.data.get(key.lower())",
        "self.data[key.lower()] = value => self.data[key] = value",
        "return len(self.data) => return len(self.data) + 1",
    ),
    case(
        "a sequence by the abc",
        """
from collections.abc import Sequence
class Evens(Sequence):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, at):
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self.n))]
        if not -self.n <= at < self.n:
            raise IndexError(at)
        return 2 * (at % self.n)
""",
        """
e = Evens(5)
assert list(e) == [0, 2, 4, 6, 8] and e[-1] == 8 and e[1:3] == [2, 4]
assert list(reversed(e)) == [8, 6, 4, 2, 0]
assert e.index(6) == 3 and e.count(4) == 1 and 3 not in e and 4 in e
assert max(e) == 8 and sum(e) == 20
try:
    e[5]
    assert False
except IndexError:
    pass
""",
        "2 * (at % self.n) => 2 * at",
        "-self.n <= at < self.n => -self.n <= at <= self.n",
        "return self.n\n => return self.n - 1\n",
    ),
    case(
        "a dict of one's own",
        """
class Tally(dict):
    def __missing__(self, key):
        return 0
    def add(self, *keys):
        for key in keys:
            self[key] += 1
        return self
""",
        """
t = Tally()
t.add("a", "b", "a")
assert t["a"] == 2 and t["nothing"] == 0 and len(t) == 2
assert t == {"a": 2, "b": 1} and isinstance(t, dict)
assert Tally(x=1).add("x")["x"] == 2
""",
        "return 0 => return 1",
        "self[key] += 1 => self.update({key: 1})",
    ),
    case(
        "a list of one's own",
        """
class Sorted(list):
    def append(self, item):
        super().append(item)
        self.sort()
    @property
    def median(self):
        return self[len(self) // 2]
""",
        """
s = Sorted()
for x in (3, 1, 2):
    s.append(x)
assert list(s) == [1, 2, 3] and s.median == 2 and s == [1, 2, 3]
assert isinstance(s, list) and len(s) == 3
""",
        "self.sort() => pass",
        "len(self) // 2 => 0",
    ),
    case(
        "dataclasses",
        """
from dataclasses import dataclass, field
@dataclass
class Item:
    name: str
    price: float = 0.0
    tags: list = field(default_factory=list)
@dataclass(frozen=True, order=True)
class Card:
    rank: int
    suit: str = "s"
def cheapest(items):
    return min(items, key=lambda i: i.price)
def hand(*ranks):
    return sorted(Card(r) for r in ranks)
""",
        """
import dataclasses
a, b = Item("tea", 2.5), Item("milk", 1.0, ["cold"])
assert a == Item("tea", 2.5) and a != b
assert cheapest([a, b]) is b
assert dataclasses.asdict(b) == {"name": "milk", "price": 1.0, "tags": ["cold"]}
a.tags.append("x")
assert Item("z").tags == []
assert repr(Card(3)) == "Card(rank=3, suit='s')"
assert hand(3, 1) == [Card(1), Card(3)] and Card(2) < Card(3) and Card(2, "z") > Card(2)
assert len({Card(1), Card(1)}) == 1
try:
    Card(1).rank = 5
    assert False, "not frozen"
except dataclasses.FrozenInstanceError:
    pass
""",
        "field(default_factory=list) => field(default_factory=lambda shared=[]: shared)",
        "frozen=True, order=True => unsafe_hash=True, order=True",
        "return min( => return max(",
        "rank: int => rank: int = field(compare=False)",
        "sorted(Card(r) for r in ranks) => [Card(r) for r in ranks]",
    ),
    case(
        "dataclasses that the tests never name",
        """
from dataclasses import dataclass
@dataclass
class _Pair:
    low: int
    high: int
def spread(xs):
    return _Pair(min(xs), max(xs))
""",
        """
p = spread([3, 1, 2])
assert (p.low, p.high) == (1, 3)
assert spread([1, 3]) == p and spread([1, 4]) != p
assert type(p).__name__ == "_Pair"
""",
        "max(xs) => max(xs) + 1",
        "min(xs), max(xs) => 1, 3",
    ),
    case(
        "an enum",
        """
from enum import Enum, IntEnum, Flag, auto
class Color(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3
    @property
    def warm(self):
        return self is Color.RED
class Level(IntEnum):
    LOW = 1
    HIGH = 10
class Perm(Flag):
    R = auto()
    W = auto()
def mix(a, b):
    rest = [c for c in Color if c not in (a, b)]
    return rest[0]
""",
        """
assert mix(Color.RED, Color.GREEN) is Color.BLUE
assert Color(2) is Color.GREEN and Color["RED"].value == 1 and Color.RED.name == "RED"
assert [c.name for c in Color] == ["RED", "GREEN", "BLUE"] and len(Color) == 3
assert Color.RED.warm and not Color.BLUE.warm
assert Color.RED != 1 and Level.HIGH > Level.LOW and Level.HIGH == 10
assert Perm.R | Perm.W != Perm.R and Perm.R in (Perm.R | Perm.W)
assert isinstance(Color.RED, Color)
try:
    Color(7)
    assert False
except ValueError:
    pass
""",
        "GREEN = 2 => GREEN = 4",
        "return rest[0] => return rest[0].value",
        "self is Color.RED => True",
        "class Level(IntEnum) => class Level(Enum)",
    ),
    case(
        "an enum as a result only",
        """
from enum import Enum
class State(Enum):
    OPEN = "open"
    SHUT = "shut"
class Door:
    def __init__(self):
        self.state = State.SHUT
    def toggle(self):
        self.state = State.OPEN if self.state is State.SHUT else State.SHUT
        return self.state
""",
        """
d = Door()
assert d.state.value == "shut" and d.toggle().name == "OPEN"
assert d.state is State.OPEN and d.toggle() == State.SHUT
assert {State.OPEN: 1}[State.OPEN] == 1
""",
        "return self.state => return State.OPEN",
        "self.state = State.SHUT => self.state = State.OPEN",
    ),
    case(
        "namedtuples",
        """
from collections import namedtuple
from typing import NamedTuple
Point = namedtuple("Point", "x y")
class Segment(NamedTuple):
    start: Point
    end: Point = Point(0, 0)
    @property
    def length(self):
        return abs(self.start.x - self.end.x) + abs(self.start.y - self.end.y)
def middle(s):
    return Point((s.start.x + s.end.x) / 2, (s.start.y + s.end.y) / 2)
""",
        """
s = Segment(Point(2, 4))
assert s.length == 6 and s.end == Point(0, 0) == (0, 0)
m = middle(s)
assert m == (1.0, 2.0) and m.x == 1.0 and m._asdict() == {"x": 1.0, "y": 2.0}
assert m._replace(x=9) == Point(9, 2.0) and isinstance(m, tuple) and isinstance(m, Point)
x, y = m
assert (x, y) == (1, 2) and Point._fields == ("x", "y")
assert repr(Point(1, 2)) == "Point(x=1, y=2)"
""",
        "return Point( => return tuple(",
        "abs(self.start.x - self.end.x) + => ",
        "/ 2, ( => // 2, (1 + ",
    ),
    case(
        "slots",
        """
class Pixel:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
""",
        """
p = Pixel(1, 2)
p.x = 5
assert (p.x, p.y) == (5, 2)
try:
    p.color = "red"
    assert False, "no slots"
except AttributeError:
    pass
assert not hasattr(p, "__dict__")
""",
        '__slots__ = ("x", "y") => kind = 0',
        "= x, y => = y, x",
    ),
    case(
        "a descriptor",
        """
class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name
    def __get__(self, instance, owner):
        if instance is None:
            return self
        return getattr(instance, self.name, 0)
    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(self.name[1:] + " must be positive")
        setattr(instance, self.name, value)
class Box:
    width = Positive()
    height = Positive()
    def __init__(self, width, height):
        self.width, self.height = width, height
    def area(self):
        return self.width * self.height
""",
        """
b = Box(2, 3)
assert b.area() == 6
b.width = 5
assert b.area() == 15
for name in ("width", "height"):
    try:
        setattr(b, name, 0)
        assert False
    except ValueError as e:
        assert str(e) == name + " must be positive"
assert isinstance(Box.width, Positive)
""",
        "value <= 0 => value < 0",
        'self.name[1:] => "width"',
        "return self\n => return None\n",
    ),
    case(
        "a metaclass that registers",
        """
class Registry(type):
    known = {}
    def __new__(mcls, name, bases, body):
        cls = super().__new__(mcls, name, bases, body)
        if bases:
            mcls.known[name.lower()] = cls
        return cls
class Plugin(metaclass=Registry):
    pass
class Csv(Plugin):
    ext = ".csv"
class Json(Plugin):
    ext = ".json"
def find(name):
    return Registry.known[name]
""",
        """
assert find("csv") is Csv and find("json").ext == ".json"
assert sorted(Registry.known) == ["csv", "json"]
assert isinstance(find("csv")(), Plugin)
""",
        "if bases: => if True:",
        "name.lower() => name",
    ),
    case(
        "a singleton",
        """
class Config:
    _one = None
    def __new__(cls):
        if cls._one is None:
            cls._one = super().__new__(cls)
            cls._one.values = {}
        return cls._one
""",
        """
a, b = Config(), Config()
assert a is b
a.values["k"] = 1
assert b.values == {"k": 1}
""",
        "if cls._one is None: => if True:",
        "return cls._one => return super().__new__(cls)",
    ),
    case(
        "getattr, setattr and call",
        """
class Record:
    def __init__(self, **fields):
        object.__setattr__(self, "fields", fields)
    def __getattr__(self, name):
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None
    def __setattr__(self, name, value):
        self.fields[name] = value
    def __call__(self, template):
        return template.format(**self.fields)
""",
        """
r = Record(a=1)
r.b = 2
assert r.a + r.b == 3 and r.fields == {"a": 1, "b": 2}
assert r("{a}-{b}") == "1-2" and callable(r)
assert not hasattr(r, "c") and getattr(r, "c", 7) == 7
""",
        "self.fields[name] = value => pass",
        "raise AttributeError(name) from None => return None",
    ),
    case(
        "two classes that know each other",
        """
class Account:
    def __init__(self, owner, balance=0):
        self.owner, self.balance, self.history = owner, balance, []
    def pay(self, other, amount):
        if amount > self.balance:
            raise Bank.Refused(self, amount)
        self.balance -= amount
        other.balance += amount
        self.history.append((other, -amount))
        other.history.append((self, amount))
class Bank:
    class Refused(Exception):
        def __init__(self, account, amount):
            super().__init__(f"{account.owner} lacks {amount - account.balance}")
            self.account = account
    def __init__(self):
        self.accounts = {}
    def open(self, owner, balance=0):
        return self.accounts.setdefault(owner, Account(owner, balance))
    def __getitem__(self, owner):
        return self.accounts[owner]
""",
        """
bank = Bank()
ann, bob = bank.open("ann", 10), bank.open("bob")
ann.pay(bob, 4)
assert (ann.balance, bob.balance) == (6, 4)
assert bank["ann"] is ann and bank.open("ann") is ann
assert bob.history == [(ann, 4)] and ann.history[0][0] is bob
try:
    bob.pay(ann, 5)
    assert False
except Bank.Refused as error:
    assert str(error) == "bob lacks 1" and error.account is bob
assert (ann.balance, bob.balance) == (6, 4)
""",
        "other.balance += amount => pass",
        "amount > self.balance => amount > self.balance + 1",
        "(self, amount) => (other, amount)",
        "setdefault(owner, Account(owner, balance)) => setdefault(owner + 'x', Account(owner, balance))",
        "self.account = account => self.account = Account(account.owner)",
    ),
    case(
        "a linked list of the tests' own nodes, reversed",
        """
def reverse(head):
    back = None
    while head:
        head.next, back, head = back, head, head.next
    return back
""",
        """
head = linked([1, 2, 3])
last = head.next.next
assert reverse(head) is last
assert unlinked(last) == [3, 2, 1] and head.next is None
assert reverse(None) is None
""",
        "return back => return head",
        "back = None => back = head",
        "while head: => while head and head.next:",
        setup=NODE,
    ),
    case(
        "a linked list built by the program",
        """
class Solution:
    def mergeTwoLists(self, a, b):
        head = tail = Node()
        while a and b:
            if a.val <= b.val:
                tail.next, a = a, a.next
            else:
                tail.next, b = b, b.next
            tail = tail.next
        tail.next = a or b
        return head.next
""",
        """
merged = Solution().mergeTwoLists(linked([1, 2, 4]), linked([1, 3, 4]))
assert unlinked(merged) == [1, 1, 2, 3, 4, 4]
assert isinstance(merged, Node)
assert Solution().mergeTwoLists(None, None) is None
""",
        "a or b => a",
        "a.val <= b.val => a.val >= b.val",
        setup=NODE,
    ),
    case(
        "a cycle in a linked list",
        """
def has_cycle(head):
    slow = fast = head
    while fast and fast.next:
        slow, fast = slow.next, fast.next.next
        if slow is fast:
            return True
    return False
""",
        """
a = linked([1, 2, 3, 4])
assert has_cycle(a) is False
a.next.next.next.next = a.next
assert has_cycle(a) is True
assert has_cycle(linked([5])) is False and has_cycle(None) is False
""",
        "slow is fast => slow.val == 2",
        "return False => return None",
        setup=NODE,
    ),
    case(
        "a linked list of the program's own",
        """
class LinkedList:
    class Node:
        def __init__(self, value):
            self.value, self.next = value, None
    def __init__(self, values=()):
        self.head = self.tail = None
        self.size = 0
        for value in values:
            self.append(value)
    def append(self, value):
        node = self.Node(value)
        if self.tail is None:
            self.head = node
        else:
            self.tail.next = node
        self.tail = node
        self.size += 1
    def remove(self, value):
        before, node = None, self.head
        while node and node.value != value:
            before, node = node, node.next
        if node is None:
            raise ValueError(value)
        if before is None:
            self.head = node.next
        else:
            before.next = node.next
        if node is self.tail:
            self.tail = before
        self.size -= 1
    def __iter__(self):
        node = self.head
        while node:
            yield node.value
            node = node.next
""",
        """
l = LinkedList("abc")
assert list(l) == ["a", "b", "c"] and l.size == 3
assert l.head.next.value == "b" and l.tail.value == "c" and l.tail.next is None
assert l.head.next.next is l.tail
l.remove("c")
assert l.tail is l.head.next and "".join(l) == "ab"
l.append("d")
assert "".join(l) == "abd"
l.remove("a")
assert [*l] == ["b", "d"] and l.size == 2
""",
        "self.tail = before => pass",
        "self.size -= 1 => pass",
        "self.head = node.next => self.head = node",
    ),
    case(
        "a tree of the tests' own nodes",
        """
def depth(root: Optional[TreeNode]) -> int:
    return 0 if root is None else 1 + max(depth(root.left), depth(root.right))
def invert(root: Optional[TreeNode]) -> Optional[TreeNode]:
    if root:
        root.left, root.right = invert(root.right), invert(root.left)
    return root
def inorder(root):
    return inorder(root.left) + [root.val] + inorder(root.right) if root else []
""",
        """
t = TreeNode(4, TreeNode(2, TreeNode(1), TreeNode(3)), TreeNode(7))
assert depth(t) == 3 and depth(None) == 0
assert inorder(t) == [1, 2, 3, 4, 7]
left = t.left
assert invert(t) is t and t.right is left and left.left.val == 3
assert inorder(t) == [7, 4, 3, 2, 1]
""",
        "1 + max( => 1 + min(",
        "invert(root.right), invert(root.left) => root.right, root.left",
        "return root\ndef => return TreeNode(root.val, root.left, root.right) if root else root\ndef",
        setup=TREE,
    ),
    case(
        "a tree that the program makes",
        """
class Solution:
    def sortedArrayToBST(self, nums):
        if not nums:
            return None
        mid = len(nums) // 2
        return TreeNode(nums[mid], self.sortedArrayToBST(nums[:mid]),
                        self.sortedArrayToBST(nums[mid + 1:]))
    def levels(self, root):
        rows, row = [], [root] if root else []
        while row:
            rows.append([n.val for n in row])
            row = [c for n in row for c in (n.left, n.right) if c]
        return rows
""",
        """
s = Solution()
t = s.sortedArrayToBST([-10, -3, 0, 5, 9])
assert t.val == 0 and t.left.val == -3 and t.right.left.val == 5 and t.left.right is None
assert s.levels(t) == [[0], [-3, 9], [-10, 5]]
assert isinstance(t.left, TreeNode) and s.levels(None) == []
""",
        "nums[mid + 1:] => nums[mid:][1:][::-1]",
        "rows.append([n.val for n in row]) => rows.append(row)",
        setup=TREE,
    ),
    case(
        "a search tree of the program's own",
        """
class BST:
    def __init__(self, key=None):
        self.key, self.left, self.right = key, None, None
    def insert(self, key):
        if self.key is None:
            self.key = key
        elif key < self.key:
            self.left = self.left or BST()
            self.left.insert(key)
        elif key > self.key:
            self.right = self.right or BST()
            self.right.insert(key)
        return self
    def __contains__(self, key):
        if self.key is None:
            return False
        if key == self.key:
            return True
        side = self.left if key < self.key else self.right
        return side is not None and key in side
    def __iter__(self):
        if self.key is not None:
            if self.left:
                yield from self.left
            yield self.key
            if self.right:
                yield from self.right
    def height(self):
        return 1 + max((s.height() for s in (self.left, self.right) if s), default=0)
""",
        """
t = BST()
for k in (5, 2, 8, 1, 9, 2):
    assert t.insert(k) is t
assert list(t) == [1, 2, 5, 8, 9] and t.height() == 3
assert 8 in t and 7 not in t and 3 not in BST()
assert t.left.left.key == 1 and t.right.left is None
""",
        "elif key > self.key => else",
        "elif key < self.key => elif key <= self.key",
        "default=0 => default=1",
        "if self.right:\n                yield from self.right => pass",
    ),
    case(
        "a graph of nodes with cycles",
        """
class Vertex:
    def __init__(self, name):
        self.name, self.edges = name, {}
    def connect(self, other, cost=1):
        self.edges[other] = cost
        other.edges[self] = cost
class Graph:
    def __init__(self):
        self.vertices = {}
    def __getitem__(self, name):
        return self.vertices.setdefault(name, Vertex(name))
    def distance(self, a, b):
        import heapq
        best, heap = {}, [(0, a)]
        while heap:
            d, name = heapq.heappop(heap)
            if name in best:
                continue
            best[name] = d
            for other, cost in self[name].edges.items():
                heapq.heappush(heap, (d + cost, other.name))
        return best.get(b)
def clone(vertex, seen=None):
    seen = {} if seen is None else seen
    if vertex not in seen:
        seen[vertex] = Vertex(vertex.name)
        for other, cost in vertex.edges.items():
            seen[vertex].edges[clone(other, seen)] = cost
    return seen[vertex]
""",
        """
g = Graph()
g["a"].connect(g["b"], 4)
g["a"].connect(g["c"], 1)
g["c"].connect(g["b"], 2)
assert g["a"] is g["a"] and g.distance("a", "b") == 3 and g.distance("a", "z") is None
assert {v.name: c for v, c in g["c"].edges.items()} == {"a": 1, "b": 2}
twin = clone(g["a"])
assert twin is not g["a"] and twin.name == "a" and len(twin.edges) == 2
b = next(v for v in twin.edges if v.name == "b")
assert twin in b.edges and b is not g["b"] and g["b"] not in twin.edges
""",
        "other.edges[self] = cost => pass",
        "(d + cost, other.name) => (cost, other.name)",
        "if vertex not in seen: => if vertex in seen:\n        return vertex\n    else:",
    ),
    case(
        "an LRU cache, several calls with state",
        """
from collections import OrderedDict
class LRUCache:
    def __init__(self, capacity: int):
        self.capacity, self.data = capacity, OrderedDict()
    def get(self, key):
        if key not in self.data:
            return -1
        self.data.move_to_end(key)
        return self.data[key]
    def put(self, key, value):
        self.data[key] = value
        self.data.move_to_end(key)
        if len(self.data) > self.capacity:
            self.data.popitem(last=False)
""",
        """
def check(candidate):
    c = candidate(2)
    assert c.put(1, 1) is None
    c.put(2, 2)
    assert c.get(1) == 1
    c.put(3, 3)
    assert c.get(2) == -1
    c.put(4, 4)
    assert [c.get(k) for k in (1, 3, 4)] == [-1, 3, 4]
""",
        "popitem(last=False) => popitem()",
        "self.data.move_to_end(key)\n        return => return",
        "return -1 => return None",
        entry_point="LRUCache",
    ),
    case(
        "instances as keys and members",
        """
class Coord:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __eq__(self, other):
        return isinstance(other, Coord) and (self.x, self.y) == (other.x, other.y)
    def __hash__(self):
        return hash((self.x, self.y))
def near(cells):
    return {Coord(c.x + dx, c.y) for c in cells for dx in (-1, 1)}
""",
        """
cells = near([Coord(0, 0), Coord(2, 0)])
assert len(cells) == 3 and Coord(1, 0) in cells and Coord(0, 0) not in cells
assert cells == {Coord(-1, 0), Coord(1, 0), Coord(3, 0)}
d = {Coord(0, 0): "origin"}
assert d[Coord(0, 0)] == "origin" and d.get(Coord(0, 1)) is None
""",
        "hash((self.x, self.y)) => id(self)",
        "c.x + dx, c.y => c.x, c.y + dx",
    ),
    case(
        "a mixin and several bases",
        """
class Jsonable:
    def to_json(self):
        import json
        return json.dumps(vars(self), sort_keys=True)
class Named:
    def __init__(self, name, **rest):
        super().__init__(**rest)
        self.name = name
class Aged:
    def __init__(self, age, **rest):
        super().__init__(**rest)
        self.age = age
class Person(Named, Aged, Jsonable):
    pass
""",
        """
p = Person(name="Bo", age=4)
assert p.to_json() == '{"age": 4, "name": "Bo"}'
assert isinstance(p, Named) and isinstance(p, Jsonable)
assert Person.__mro__[1] is Named
""",
        "sort_keys=True => indent=1",
        "self.age = age => self.age = str(age)",
    ),
    case(
        "class methods of time and copies",
        """
import copy
class Grid:
    def __init__(self, rows):
        self.rows = rows
    def copy(self):
        return copy.deepcopy(self)
    def set(self, r, c, value):
        self.rows[r][c] = value
        return self
    def __eq__(self, other):
        return self.rows == other.rows
""",
        """
import copy
g = Grid([[0, 0], [0, 0]])
h = g.copy().set(0, 1, 5)
assert g.rows == [[0, 0], [0, 0]] and h.rows == [[0, 5], [0, 0]] and g != h
assert h.copy() == h and h.copy() is not h
""",
        "copy.deepcopy(self) => copy.copy(self)",
        "self.rows[r][c] => self.rows[c][r]",
    ),
    case(
        "a generic class",
        """
from typing import Generic, TypeVar
T = TypeVar("T")
class Queue(Generic[T]):
    def __init__(self) -> None:
        self._in: list[T] = []
        self._out: list[T] = []
    def put(self, item: T) -> None:
        self._in.append(item)
    def get(self) -> T:
        if not self._out:
            while self._in:
                self._out.append(self._in.pop())
        return self._out.pop()
""",
        """
q = Queue[int]()
for i in range(4):
    q.put(i)
assert [q.get(), q.get()] == [0, 1]
q.put(9)
assert [q.get() for _ in range(3)] == [2, 3, 9]
""",
        "if not self._out: => if True:",
        "return self._out.pop() => return self._out.pop(0)",
    ),
    case(
        "an object with a len and an index",
        """
class Roman(int):
    def __str__(self):
        text, n = "", int(self)
        for value, mark in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
            while n >= value:
                text, n = text + mark, n - value
        return text
    def __add__(self, other):
        return Roman(int(self) + int(other))
""",
        """
r = Roman(4) + Roman(5)
assert str(r) == "IX" and r == 9 and isinstance(r, Roman) and isinstance(r, int)
assert f"{Roman(14)!s}" == "XIV" and [1, 2, 3][Roman(1)] == 2
assert (Roman(1) + 2) * 2 == 6
""",
        '(4, "IV"),  => ',
        "return Roman( => return int(",
    ),
    case(
        "static registry through __init_subclass__",
        """
class Event:
    kinds = []
    def __init_subclass__(cls, kind=None, **rest):
        super().__init_subclass__(**rest)
        cls.kind = kind or cls.__name__.lower()
        Event.kinds.append(cls.kind)
class Click(Event): pass
class Key(Event, kind="keyboard"): pass
def make(kind):
    return next(c for c in Event.__subclasses__() if c.kind == kind)()
""",
        """
assert Event.kinds == ["click", "keyboard"]
assert isinstance(make("keyboard"), Key) and type(make("click")) is Click
""",
        "kind or cls.__name__.lower() => cls.__name__.lower()",
        "if c.kind == kind => if True",
    ),
]

RECORDS = """
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

class Side(Enum):
    LEFT = 1
    RIGHT = 2

class Point(NamedTuple):
    x: int
    y: int = 0

@dataclass
class Order:
    name: str
    lines: list = field(default_factory=list)
    total: float = 0.0

class Refused(Exception):
    def __init__(self, order, why="no"):
        super().__init__(f"{order.name}: {why}")
        self.order = order
"""

CASES += [
    case(
        "records, enumerations and exceptions of the setup",
        """
def turn(side):
    return Side.RIGHT if side is Side.LEFT else Side.LEFT
def mirror(p):
    return Point(p.y, p.x)
def place(name, *prices):
    order = Order(name)
    for price in prices:
        order.lines.append(price)
        order.total += price
    if not prices:
        raise Refused(order, "empty")
    return order
def double(order):
    if isinstance(order, Order):
        order.lines *= 2
        order.total *= 2
    return order
""",
        """
assert turn(Side.LEFT) is Side.RIGHT and turn(turn(Side.LEFT)) == Side.LEFT
assert mirror(Point(1, 2)) == Point(2, 1) and mirror(Point(3)).y == 3
assert isinstance(mirror(Point(1, 2)), Point)
assert place("a", 1, 2) == Order("a", [1, 2], 3) and place("a", 1) != Order("b", [1], 1)
assert repr(place("a", 1.5)) == "Order(name='a', lines=[1.5], total=1.5)"
mine = Order("m", [1], 1.0)
assert double(mine) is mine and mine == Order("m", [1, 1], 2.0)
try:
    place("x")
    assert False
except Refused as error:
    assert str(error) == "x: empty" and error.order.name == "x" and isinstance(error.order, Order)
""",
        "Side.RIGHT if side is => Side.RIGHT if side is not",
        "Point(p.y, p.x) => (p.y, p.x + 1)",
        "order.total += price => order.total = price",
        'raise Refused(order, "empty") => raise ValueError("x: empty")',
        "order.lines *= 2 => order.lines = 2 * order.lines + [0]",
        setup=RECORDS,
    ),
]
