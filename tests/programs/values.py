"""Values of the standard library and of numpy, changes in place, identity and aliases."""

from __future__ import annotations

from programs.cases import case

CASES = [
    case(
        "numbers at the edges",
        """
def same(x):
    return x
def special():
    return float("nan"), float("inf"), -0.0, 2 ** 200, 1e-320, complex(1, -2)
def flag(x):
    return x > 0
""",
        """
import math
nan, inf, zero, big, tiny, z = special()
assert math.isnan(nan) and nan != nan and inf == float("inf") and -inf < 0
assert math.copysign(1, zero) == -1.0 and big == 1 << 200 and 0 < tiny < 1e-300
assert z.conjugate() == 1 + 2j and z.imag == -2
assert flag(1) is True and flag(0) is False and type(flag(1)) is bool
assert same(True) is True and same(1) == 1 and type(same(1.0)) is float
assert same(-2 ** 70) == -1180591620717411303424
""",
        "-0.0, => 0.0,",
        "return x > 0 => return int(x > 0)",
        'float("nan"), => None,',
        "2 ** 200 => 2 ** 200 + 1",
    ),
    case(
        "big integers",
        """
def fact(n):
    return n * fact(n - 1) if n else 1
def digits(n):
    return sum(map(int, str(n)))
def fib(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
""",
        """
import math
assert fact(200) == math.factorial(200) and digits(fact(100)) == 648
assert fib(1000) % 10 ** 10 == 6849228875 and fib(300) == fib(299) + fib(298)
assert pow(fact(30), -1, 10 ** 9 + 7) * fact(30) % (10 ** 9 + 7) == 1
""",
        "n * fact(n - 1) if n else 1 => n * fact(n - 1) % 10 ** 300 if n else 1",
        "a, b = b, a + b => a, b = b, (a + b) % 10 ** 9",
    ),
    case(
        "text of every alphabet",
        r"""
import unicodedata
def initials(text):
    return "".join(w[0].upper() for w in text.split())
def plain(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
def odd():
    return "\ud800", "a\x00b", "\U0001f600", "é", "ß".upper()
""",
        r"""
assert initials("élan über straße") == "ÉÜS" and plain("Crème brûlée") == "Creme brulee"
lone, zero, face, e, s = odd()
assert lone == "\ud800" and zero == "a\x00b" and len(face) == 1 and face == "😀"
assert e.encode() == b"\xc3\xa9" and s == "SS" and initials("").isupper() is False
""",
        "w[0].upper() => w[0]",
        '"NFD" => "NFC"',
        r'"\U0001f600" => "\\U0001f600"',
    ),
    case(
        "bytes and buffers",
        """
import struct
def pack(*numbers):
    return struct.pack(">%dH" % len(numbers), *numbers)
def scramble(buffer, key):
    for at, byte in enumerate(buffer):
        buffer[at] = byte ^ key
def view(raw):
    return memoryview(raw)[1:3]
def text(raw):
    return raw.decode("latin-1")
""",
        r"""
assert pack(1, 258) == b"\x00\x01\x01\x02" and pack() == b"" and pack(7).hex() == "0007"
b = bytearray(b"abc")
assert scramble(b, 1) is None and b == bytearray(b"`cb") and isinstance(b, bytearray)
scramble(b, 1)
assert bytes(b) == b"abc"
assert view(b"hello").tobytes() == b"el" and len(view(b"hello")) == 2 and view(b"abc")[0] == 98
assert text(b"\xe9") == "é"
""",
        '">%dH" => "<%dH"',
        "byte ^ key => byte + key",
        "[1:3] => [1:4]",
    ),
    case(
        "dict views",
        """
def keys(d):
    return d.keys()
def values(d):
    return d.values()
def items(d):
    return d.items()
""",
        """
d = {"b": 1, "a": 2}
assert sorted(keys(d)) == ["a", "b"] and list(keys(d)) == ["b", "a"] and "b" in keys(d)
assert sum(values(d)) == 3 and len(values(d)) == 2 and max(values(d)) == 2
assert dict(items(d)) == d and items(d) == {("b", 1), ("a", 2)} and keys(d) & {"a"} == {"a"}
assert keys(d) == {"a", "b"} and ("a", 2) in items(d)
""",
        "return d.keys() => return sorted(d)",
        "return d.values() => return set(d.values()) | {3}",
        "return d.items() => return zip(d, d)",
    ),
    case(
        "collections",
        """
from collections import Counter, OrderedDict, defaultdict, deque, ChainMap
def letters(s):
    return Counter(s)
def groups(words):
    found = defaultdict(list)
    for w in words:
        found[len(w)].append(w)
    return found
def tail(xs, n):
    return deque(xs, maxlen=n)
def ordered(d):
    return OrderedDict(sorted(d.items()))
def layered(*maps):
    return ChainMap(*maps)
""",
        """
from collections import Counter, OrderedDict, defaultdict, deque
c = letters("abca")
assert c.most_common(1) == [("a", 2)] and c["z"] == 0 and c + Counter("b") == Counter("aabbc")
assert c == {"a": 2, "b": 1, "c": 1} and isinstance(c, Counter) and c.total() == 4
g = groups(["a", "bc", "d"])
assert g == {1: ["a", "d"], 2: ["bc"]} and g[7] == [] and g.default_factory is list
t = tail([1, 2, 3], 2)
assert t == deque([2, 3]) and t.maxlen == 2 and list(t) == [2, 3]
t.appendleft(0)
assert t[0] == 0 and t.pop() == 2 and isinstance(t, deque)
o = ordered({"b": 1, "a": 2})
assert list(o) == ["a", "b"] and o == OrderedDict([("a", 2), ("b", 1)])
o.move_to_end("a")
assert list(o) == ["b", "a"]
m = layered({"x": 1}, {"x": 2, "y": 3})
assert m["x"] == 1 and m["y"] == 3 and len(m.maps) == 2 and dict(m) == {"x": 1, "y": 3}
""",
        "return Counter(s) => return dict(Counter(s))",
        "defaultdict(list) => defaultdict(tuple, {1: [], 2: []})",
        "deque(xs, maxlen=n) => deque(xs[-n:])",
        "OrderedDict(sorted(d.items())) => OrderedDict(d)",
        "ChainMap(*maps) => ChainMap(*maps[::-1])",
    ),
    case(
        "collections that go in",
        """
def missing(c):
    return c["zzz"]
def rotate(d, n):
    d.rotate(n)
    return d
def bump(c, key):
    c[key] += 1
    c.subtract({"gone": 1})
def fill(d):
    d["new"].add(1)
    return len(d)
""",
        """
from collections import Counter, defaultdict, deque
assert missing(Counter("abc")) == 0 and missing(defaultdict(lambda: "made")) == "made"
d = deque([1, 2, 3], maxlen=5)
assert rotate(d, 1) is d and list(d) == [3, 1, 2] and d.maxlen == 5
c = Counter("a")
bump(c, "a")
assert c == Counter({"a": 2, "gone": -1}) and c["a"] == 2
s = defaultdict(set)
assert fill(s) == 1 and s == {"new": {1}}
""",
        "d.rotate(n) => d.rotate(-n)",
        "return d\n => return d.copy()\n",
        "c[key] += 1 => c[key] = 1",
    ),
    case(
        "decimals and fractions",
        """
from decimal import Decimal, ROUND_HALF_UP
from fractions import Fraction
def cents(x):
    return Decimal(x).quantize(Decimal("0.01"), ROUND_HALF_UP)
def harmonic(n):
    return sum((Fraction(1, k) for k in range(1, n + 1)), Fraction())
""",
        """
from decimal import Decimal
from fractions import Fraction
assert cents("2.675") == Decimal("2.68") and str(cents("1")) == "1.00" and cents("1").as_tuple().exponent == -2
assert harmonic(4) == Fraction(25, 12) and harmonic(4).denominator == 12 and harmonic(0) == 0
assert isinstance(harmonic(2), Fraction) and abs(float(harmonic(3)) - 1.8333) < 1e-3
""",
        "ROUND_HALF_UP) => 'ROUND_DOWN')",
        "return Decimal(x).quantize => return float(x) and Decimal(float(x)).quantize",
        "Fraction(1, k) => Fraction(1 / k)",
    ),
    case(
        "dates and times",
        """
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo
def tomorrow(y, m, d):
    return date(y, m, d) + timedelta(days=1)
def weekend(day):
    return day.weekday() >= 5
def span(a, b):
    return datetime.fromisoformat(b) - datetime.fromisoformat(a)
def stamp(seconds, hours=0):
    return datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
def utc(when):
    return when.astimezone(timezone.utc)
""",
        """
from datetime import date, datetime, timedelta, timezone
assert tomorrow(2024, 2, 28) == date(2024, 2, 29) and tomorrow(2023, 12, 31).year == 2024
assert weekend(date(2024, 6, 1)) is True and not weekend(datetime(2024, 6, 3, 9))
assert span("2024-01-01", "2024-01-02T01:00:00") == timedelta(days=1, hours=1)
assert span("2024-01-01", "2024-01-02").total_seconds() == 86400.0
s = stamp(0, 2)
assert s.isoformat() == "1970-01-01T02:00:00+02:00" and s.utcoffset() == timedelta(hours=2)
assert utc(s) == datetime(1970, 1, 1, tzinfo=timezone.utc) and utc(s).hour == 0
assert type(tomorrow(2024, 1, 1)) is date
""",
        "days=1 => days=2",
        ">= 5 => > 5",
        "timedelta(hours=hours) => timedelta(hours=-hours)",
        "when.astimezone(timezone.utc) => when.replace(tzinfo=timezone.utc)",
    ),
    case(
        "matches of regular expressions",
        r"""
import re
WORD = re.compile(r"(?P<first>\w)(?P<rest>\w*)")
def find(text):
    return WORD.search(text)
def pattern():
    return WORD
def swap(text):
    return WORD.sub(lambda m: m["rest"] + m["first"], text)
""",
        r"""
import re
m = find("  hello you")
assert m.group() == "hello" and m["first"] == "h" and m.groups() == ("h", "ello")
assert m.span() == (2, 7) and m.groupdict() == {"first": "h", "rest": "ello"} and m
assert find("...") is None and bool(find("a")) is True
assert pattern().pattern.startswith("(?P") and pattern().findall("ab c") == [("a", "b"), ("c", "")]
assert swap("abc de") == "bca ed" and [x.start() for x in pattern().finditer("ab cd")] == [0, 3]
""",
        "WORD.search(text) => WORD.match(text)",
        'm["rest"] + m["first"] => m["first"] + m["rest"]',
    ),
    case(
        "json, csv and files in memory",
        r"""
import csv, io, json
def to_json(rows):
    return json.dumps(rows, sort_keys=True, ensure_ascii=False)
def read(text):
    return list(csv.DictReader(io.StringIO(text)))
def write(rows, out):
    w = csv.writer(out, lineterminator="\n")
    w.writerows(rows)
    return out
def count(file):
    return {line.split()[0]: len(line.split()) for line in file if line.strip()}
def stream(text):
    return io.StringIO(text)
""",
        r"""
import io, json
assert to_json([{"b": 1, "a": "é"}]) == '[{"a": "é", "b": 1}]' and json.loads(to_json({"1": None})) == {"1": None}
assert read("a,b\n1,\"x,y\"\n") == [{"a": "1", "b": "x,y"}]
out = io.StringIO()
assert write([[1, "a b"], ["q,", None]], out) is out and out.getvalue() == '1,a b\n"q,",\n'
assert count(io.StringIO("x y\n\nz\n")) == {"x": 2, "z": 1}
s = stream("ab\ncd")
assert s.readline() == "ab\n" and s.read() == "cd" and s.seek(0) == 0 and list(s) == ["ab\n", "cd"]
""",
        "ensure_ascii=False => ensure_ascii=True",
        "csv.DictReader(io.StringIO(text)) => csv.reader(io.StringIO(text))",
        r'lineterminator="\n" => delimiter=";", lineterminator="\n"',
        "if line.strip() => if True",
    ),
    case(
        "types and modules",
        """
import math
import collections.abc
def kind(x):
    return type(x)
def common(*xs):
    kinds = {type(x) for x in xs}
    return kinds.pop() if len(kinds) == 1 else object
def tool(name):
    return {"sqrt": math.sqrt, "len": len, "upper": str.upper, "callable": collections.abc.Callable}[name]
""",
        """
import math
assert kind(3) is int and kind("x") == str and kind(None) is type(None) and kind(kind(1)) is type
assert common(1, 2) is int and common(1, "a") is object
assert tool("sqrt")(9) == 3 and tool("len") is len and tool("upper")("a") == "A" and tool("sqrt") is math.sqrt
assert isinstance(len, tool("callable")) and issubclass(kind(True), int)
""",
        "return type(x) => return type(x).__name__",
        "else object => else None",
        "math.sqrt, => lambda x: x // 3,",
    ),
    case(
        "changes of arguments in place",
        """
def sort_it(xs, *, key=None, out=None):
    xs.sort(key=key)
    if out is not None:
        out["sorted"] = True
        out.setdefault("n", []).append(len(xs))
def zero(matrix):
    for row in matrix:
        row[:] = [0] * len(row)
def drain(s):
    while s:
        yield s.pop()
def rename(record, old, new):
    record[new] = record.pop(old)
    return record
""",
        """
a, info = [3, 1, 2], {}
assert sort_it(xs=a, out=info) is None
assert a == [1, 2, 3] and info == {"sorted": True, "n": [3]}
sort_it(a, key=lambda x: -x, out=info)
assert a == [3, 2, 1] and info["n"] == [3, 3]
m = [[1, 2], [3]]
row = m[0]
zero(m)
assert m == [[0, 0], [0]] and m[0] is row and row == [0, 0]
s = {5}
assert list(drain(s)) == [5] and s == set()
r = {"a": 1, "b": 2}
assert rename(r, "a", "c") is r and list(r.items()) == [("b", 2), ("c", 1)]
""",
        "xs.sort(key=key) => xs = sorted(xs, key=key)",
        "row[:] = [0] * len(row) => row = [0] * len(row)",
        "yield s.pop() => yield s.copy().pop(); break",
        "return record => return dict(record)",
        '.append(len(xs)) => .extend([3])\n        out["n"] = [3]',
    ),
    case(
        "changes that an instance keeps",
        """
class Basket:
    def __init__(self, items):
        self.items = items
    def add(self, item):
        self.items.append(item)
class Safe:
    def __init__(self, items):
        self.items = list(items)
    add = Basket.add
""",
        """
mine = ["a"]
b = Basket(mine)
b.add("b")
assert mine == ["a", "b"] and b.items == ["a", "b"]
mine.append("c")
assert list(b.items) == ["a", "b", "c"]
kept = ["a"]
s = Safe(kept)
s.add("b")
assert kept == ["a"] and s.items == ["a", "b"]
""",
        "self.items = items => self.items = items[:]",
        "self.items = list(items) => self.items = items",
    ),
    case(
        "identity",
        """
def same(x):
    return x
def pick(xs, at):
    return xs[at]
def both(a, b):
    return [a, b, a]
class Cell:
    pass
def cell(x, cells={}):
    return cells.setdefault(x, Cell())
""",
        """
a, b = [1], [1]
assert same(a) is a and same(b) is not a and pick([a, b], 1) is b
x, y, z = both(a, b)
assert x is a and z is x and y is b and y is not x
x.append(2)
assert a == [1, 2] and b == [1]
assert cell(1) is cell(1) and cell(1) is not cell(2) and cell(1) != cell(2) and cell(1) == cell(1)
class Own: pass
o = Own()
assert same(o) is o and pick([None, o], 1) is o and same(Own) is Own
f = lambda: 3
assert same(f) is f and same(None) is None and same(...) is ...
""",
        "def same(x):\n    return x => def same(x):\n    return x[:] if isinstance(x, list) else x",
        "[a, b, a] => [a, b, a[:]]",
        "cells.setdefault(x, Cell()) => Cell()",
        "return xs[at] => return type(xs[at])(xs[at]) if xs[at] is not None and type(xs[at]) is list else xs[at]",
    ),
    case(
        "aliases inside containers",
        """
def board(n, shared=False):
    row = [0] * n
    return [row if shared else row[:] for _ in range(n)]
def loop():
    xs = [1]
    xs.append(xs)
    return xs
def twin():
    inner = {"k": 1}
    return {"a": inner, "b": inner}
""",
        """
b = board(2)
b[0][0] = 1
assert b == [[1, 0], [0, 0]]
b = board(2, shared=True)
b[0][0] = 1
assert b == [[1, 0], [1, 0]] and b[0] is b[1]
x = loop()
assert x[1] is x and x[0] == 1 and len(x) == 2 and x[1][1][0] == 1
t = twin()
t["a"]["k"] = 2
assert t["b"] == {"k": 2} and t["a"] is t["b"]
""",
        "else row[:] => else row",
        "xs.append(xs) => xs.append(xs[:])",
        '"b": inner => "b": dict(inner)',
    ),
    case(
        "nested containers of every kind",
        """
def flip(d):
    return {v: k for k, v in d.items()}
def index(pairs):
    out = {}
    for key, value in pairs:
        out.setdefault(key, set()).add(value)
    return out
def frozen(xs):
    return frozenset(map(frozenset, xs))
def echo(*args, **kwargs):
    return args, kwargs
""",
        """
assert flip({1: (2, "a"), None: 3.5}) == {(2, "a"): 1, 3.5: None}
assert index([((1, 2), "x"), ((1, 2), "y")]) == {(1, 2): {"x", "y"}}
assert frozen([[1, 2], [2, 1], []]) == {frozenset({1, 2}), frozenset()}
deep = {(1, (2, 3)): [{"a": frozenset({1}), "b": (set(), {})}], None: ([...], range(3), slice(1, 2))}
(got,), more = echo(deep, x=deep)
assert got == deep and more == {"x": deep} and type(got[None]) is tuple and got[None][1] == range(3)
d = [1]
for _ in range(60):
    d = [d]
assert echo(d) == ((d,), {})
""",
        "add(value) => update(value, 'z')",
        "map(frozenset, xs) => map(tuple, xs)",
        "return args, kwargs => return list(args), kwargs",
    ),
    case(
        "paths and identifiers",
        """
import uuid
from pathlib import Path, PurePosixPath
def sibling(path, name):
    return Path(path).with_name(name)
def parts(path):
    return PurePosixPath(path).parts
def ident(name):
    return uuid.uuid5(uuid.NAMESPACE_DNS, name)
""",
        """
import uuid
from pathlib import Path
p = sibling("/a/b.txt", "c.md")
assert p == Path("/a/c.md") and p.suffix == ".md" and p.parent.name == "a" and str(p) == "/a/c.md"
assert parts("/x/y") == ("/", "x", "y")
assert ident("python.org") == uuid.UUID("886313e1-3b8a-5372-9b90-0c9aee199e5d") and ident("a").version == 5
""",
        "with_name(name) => with_suffix(name[-3:])",
        "uuid5 => uuid3",
    ),
    case(
        "files that the program writes and the tests read",
        r"""
import os, tempfile
from pathlib import Path
def save(path, lines):
    with open(path, "w") as file:
        file.writelines(line + "\n" for line in lines)
    return os.path.getsize(path)
def words(path):
    return Path(path).read_text().split()
def listing(folder):
    return sorted(p.name for p in Path(folder).iterdir() if p.is_file())
""",
        r"""
import os, tempfile
from pathlib import Path
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "a.txt")
    assert save(path, ["x y", "z"]) == 6
    assert open(path).read() == "x y\nz\n"
    (Path(folder) / "b.txt").write_text("one two")
    os.mkdir(os.path.join(folder, "sub"))
    assert words(Path(folder) / "b.txt") == ["one", "two"]
    assert listing(folder) == ["a.txt", "b.txt"]
assert not os.path.exists(folder)
""",
        r'line + "\n" => line + " \n"',
        "if p.is_file() => if True",
        ".split() => .split(' ', 0)",
    ),
    case(
        "a database in memory",
        """
import sqlite3
class Store:
    def __init__(self):
        self.db = sqlite3.connect(":memory:")
        self.db.row_factory = sqlite3.Row
        self.db.execute("create table items (name text primary key, n int)")
    def put(self, name, n):
        with self.db:
            self.db.execute("insert into items values (?, ?)", (name, n))
    def total(self):
        return self.db.execute("select sum(n) from items").fetchone()[0]
    def rows(self):
        return [dict(r) for r in self.db.execute("select * from items order by name")]
""",
        """
import sqlite3
s = Store()
s.put("b", 2)
s.put("a", 5)
assert s.total() == 7 and s.rows() == [{"name": "a", "n": 5}, {"name": "b", "n": 2}]
try:
    s.put("a", 1)
    assert False
except sqlite3.IntegrityError as e:
    assert "UNIQUE" in str(e)
assert s.total() == 7
assert [tuple(r) for r in s.db.execute("select n from items order by n desc").fetchall()] == [(5,), (2,)]
""",
        "order by name => order by n",
        "insert into => insert or replace into",
        "sum(n) => max(n)",
    ),
    case(
        "threads and locks",
        """
import threading, queue
from concurrent.futures import ThreadPoolExecutor
class Tally:
    def __init__(self):
        self.n, self.lock = 0, threading.Lock()
    def add(self, times):
        for _ in range(times):
            with self.lock:
                self.n += 1
def parallel(f, xs):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(f, xs))
def produce(n):
    q = queue.Queue()
    t = threading.Thread(target=lambda: [q.put(i * i) for i in range(n)])
    t.start()
    t.join()
    return [q.get() for _ in range(n)]
""",
        """
import threading
c = Tally()
threads = [threading.Thread(target=c.add, args=(50,)) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
assert c.n == 200 and not c.lock.locked()
assert parallel(lambda x: x * 2, [1, 2, 3]) == [2, 4, 6]
assert parallel(abs, [-1]) == [1] and produce(4) == [0, 1, 4, 9]
""",
        "self.n += 1 => self.n = times",
        "pool.map(f, xs) => pool.map(f, xs[::-1])",
        "i * i => i + i",
    ),
    case(
        "numpy arrays that come back",
        """
import numpy as np
def eye(n):
    return np.eye(n)
def scale(a):
    return (a - a.min()) / (a.max() - a.min())
def stats(a):
    return a.mean(), a.std(), a.sum(axis=0)
def mask(a):
    return np.ma.masked_less(a, 0)
def gaps(a):
    return np.where(a > 1, a, np.nan)
def labels():
    return np.array(["a", "bc"]), np.array([1, None, "x"], dtype=object)
""",
        """
import numpy as np
assert eye(3).shape == (3, 3) and eye(2).dtype == np.float64 and (eye(2) == [[1, 0], [0, 1]]).all()
np.testing.assert_allclose(scale(np.array([1, 2, 5])), [0, 0.25, 1])
m, s, t = stats(np.array([[1, 2], [3, 4]]))
assert m == 2.5 and abs(s - 1.118) < 1e-3 and t.tolist() == [4, 6] and isinstance(m, np.floating)
assert np.isnan(gaps(np.array([0., 2.]))[0]) and gaps(np.array([0., 2.]))[1] == 2
assert mask(np.array([-1, 2, 3])).sum() == 5 and mask(np.array([-1, 2])).mask.tolist() == [True, False]
a, b = labels()
assert a.dtype.kind == "U" and b[1] is None and b.dtype == object and list(b) == [1, None, "x"]
np.testing.assert_array_equal(eye(2) @ np.array([3, 4]), [3, 4])
assert np.array_equal(eye(2)[:, 0], [1, 0]) and eye(3).T.diagonal().sum() == 3
""",
        "np.eye(n) => np.ones((n, n))",
        "(a.max() - a.min()) => a.max()",
        "masked_less(a, 0) => masked_less(a, -5)",
        "a, np.nan) => a, 0)",
        "sum(axis=0) => sum(axis=1)",
        needs="numpy",
    ),
    case(
        "numpy arrays that go in and are changed",
        """
import numpy as np
def normalize(a):
    a -= a.mean()
def fill(a, rows, value):
    a[rows, :] = value
    return a
def first(a):
    return a[0]
def kinds(*xs):
    return [type(x).__name__ for x in xs]
""",
        """
import numpy as np
a = np.array([1., 2., 3.])
assert normalize(a) is None and a.tolist() == [-1, 0, 1]
m = np.zeros((3, 2), dtype=np.int16)
assert fill(m, [0, 2], 7) is m and m.sum() == 28 and m.dtype == np.int16
assert first(np.array([5, 6])) == 5 and first(np.array([[1, 2]])).shape == (2,)
assert kinds(np.float32(1), np.arange(2), np.bool_(True)) in (["float32", "ndarray", "bool"], ["float32", "ndarray", "bool_"])
""",
        "a -= a.mean() => a = a - a.mean()",
        "a[rows, :] = value => a[rows, 0] = value",
        "return a\n => return a.copy()\n",
        needs="numpy",
    ),
    case(
        "a class that keeps an array",
        """
import numpy as np
class Linear:
    def __init__(self):
        self.coef_ = None
    def fit(self, X, y):
        A = np.c_[X, np.ones(len(X))]
        self.coef_ = np.linalg.lstsq(A, y, rcond=None)[0]
        return self
    def predict(self, X):
        return np.c_[X, np.ones(len(X))] @ self.coef_
    def score(self, X, y):
        return 1 - ((y - self.predict(X)) ** 2).sum() / ((y - y.mean()) ** 2).sum()
""",
        """
import numpy as np
X = np.array([[0.], [1.], [2.]])
y = np.array([1., 3., 5.])
m = Linear()
assert m.coef_ is None and m.fit(X, y) is m
assert np.allclose(m.coef_, [2, 1]) and np.allclose(m.predict(np.array([[10.]])), 21)
assert abs(m.score(X, y) - 1) < 1e-9 and m.predict(X).shape == (3,)
""",
        "np.ones(len(X))] @ => np.zeros(len(X))] @",
        "return 1 - => return 2 - ",
        needs="numpy",
    ),
    case(
        "type hints and their runtime",
        """
from __future__ import annotations
from typing import Any, Callable, Literal, Optional, Protocol, TypedDict, Union, get_type_hints
class Movie(TypedDict, total=False):
    title: str
    year: int
class Scorer(Protocol):
    def __call__(self, text: str) -> float: ...
Mode = Literal["fast", "slow"]
def best(texts: list[str], score: Scorer, mode: Mode = "fast") -> Optional[str]:
    return max(texts, key=score, default=None) if mode == "fast" else sorted(texts, key=score)[-1]
def movie(title: str, year: Union[int, None] = None) -> Movie:
    return Movie(title=title) if year is None else {"title": title, "year": year}
""",
        """
assert best(["a", "ccc", "bb"], len) == "ccc" and best([], len) is None
assert best(["a", "b"], lambda t: -ord(t), mode="slow") == "a"
assert movie("Heat", 1995) == {"title": "Heat", "year": 1995} and movie("X") == {"title": "X"}
assert best.__annotations__["texts"] == "list[str]" and movie.__annotations__["return"] == "Movie"
""",
        "return max( => return min(",
        "Movie(title=title) => Movie(title=title, year=None)",
        "[-1] => [0]",
    ),
    case(
        "heaps, bisection and arrays",
        """
import heapq, bisect
from array import array
class MedianFinder:
    def __init__(self):
        self.low, self.high = [], []
    def add(self, n):
        heapq.heappush(self.high, -heapq.heappushpop(self.low, -n))
        if len(self.high) > len(self.low):
            heapq.heappush(self.low, -heapq.heappop(self.high))
    def median(self):
        if len(self.low) > len(self.high):
            return -self.low[0]
        return (self.high[0] - self.low[0]) / 2
def insert(xs, x):
    bisect.insort(xs, x)
def squares(n):
    return array("i", (k * k for k in range(n)))
""",
        """
from array import array
m = MedianFinder()
for n, want in ((1, 1), (2, 1.5), (3, 2), (10, 2.5)):
    m.add(n)
    assert m.median() == want
xs = [1, 5]
insert(xs, 3)
assert xs == [1, 3, 5]
a = squares(4)
assert a == array("i", [0, 1, 4, 9]) and a.typecode == "i" and a[3] == 9 and list(a) == [0, 1, 4, 9]
""",
        "(self.high[0] - self.low[0]) / 2 => (self.high[0] - self.low[0]) // 2",
        "bisect.insort(xs, x) => xs.append(x)",
        'array("i" => array("d"',
    ),
    case(
        "sets and orders",
        """
def parts(a, b):
    return a & b, a | b, a - b, a ^ b
def unique(xs):
    return list(dict.fromkeys(xs))
def closed(pairs):
    found = set(pairs)
    while True:
        more = {(a, d) for a, b in found for c, d in found if b == c} - found
        if not more:
            return found
        found |= more
""",
        """
i, u, d, x = parts({1, 2}, {2, 3})
assert (i, u, d, x) == ({2}, {1, 2, 3}, {1}, {1, 3}) and i < u and u >= d and i.issubset(u)
assert unique("abcab") == ["a", "b", "c"] and unique([]) == []
assert closed({(1, 2), (2, 3), (3, 4)}) == {(1, 2), (2, 3), (3, 4), (1, 3), (2, 4), (1, 4)}
assert isinstance(parts(frozenset({1}), {1})[0], frozenset) and not parts(set(), {1})[0]
""",
        "a - b, a ^ b => b - a, a ^ b",
        "dict.fromkeys(xs) => dict.fromkeys(reversed(xs))",
        "if b == c => if b == c and a + 2 == d",
    ),
]
