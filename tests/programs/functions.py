"""Functions as values: closures, decorators, iterators, contexts, coroutines, exceptions."""

from __future__ import annotations

from programs.cases import case

CASES = [
    case(
        "closures that count",
        """
def counter(start=0):
    count = start
    def step(by=1):
        nonlocal count
        count += by
        return count
    return step
""",
        """
a, b = counter(), counter(10)
assert a() == 1 and a() == 2 and b() == 11 and a(by=5) == 7 and b() == 12
assert callable(a) and a is not b and a.__name__ == "step"
""",
        "count += by => count += 1",
        "count = start => count = 0",
        "def step( => def next_step(",
    ),
    case(
        "compose and partial",
        """
from functools import partial, reduce
def compose(*fs):
    return reduce(lambda f, g: lambda x: f(g(x)), fs, lambda x: x)
def power_of(n):
    return partial(pow, exp=n) if n > 2 else partial(lambda e, x: x ** e, n)
""",
        """
assert compose(lambda x: x + 1, lambda x: x * 2)(5) == 11
assert compose()(7) == 7 and compose(str, abs)(-3) == "3"
assert list(map(power_of(2), [1, 2, 3])) == [1, 4, 9]
assert power_of(3)(2) == 8 and power_of(3).keywords == {"exp": 3}
""",
        "f(g(x)) => g(f(x))",
        "x ** e => e ** x",
    ),
    case(
        "callbacks from the tests",
        """
def apply_all(fs, x):
    return [f(x) for f in fs]
def fold(f, xs, start):
    for x in xs:
        start = f(start, x)
    return start
def first(xs, wanted=bool):
    return next((x for x in xs if wanted(x)), None)
""",
        """
assert apply_all([str, len, lambda v: v * 2], "ab") == ["ab", 2, "abab"]
assert apply_all([lambda v: v + 1, lambda v: v * 5], 7) == [8, 35]
assert fold(lambda a, b: a * 10 + b, [1, 2, 3], 0) == 123
seen = []
def watched(x):
    seen.append(x)
    return x > 2
assert first([1, 3, 5], watched) == 3 and seen == [1, 3]
assert first([0, "", 4]) == 4 and first([], watched) is None
""",
        "f(start, x) => f(x, start)",
        "next((x for x in xs if wanted(x)), None) => ([x for x in xs if wanted(x)] or [None])[0]",
    ),
    case(
        "callbacks that raise",
        """
def attempt(f, times):
    errors = []
    for _ in range(times):
        try:
            return f(), errors
        except ValueError as error:
            errors.append(str(error))
    raise RuntimeError("gave up") from None
""",
        """
calls = []
def flaky():
    calls.append(1)
    if len(calls) < 3:
        raise ValueError(f"no {len(calls)}")
    return "yes"
assert attempt(flaky, 5) == ("yes", ["no 1", "no 2"])
try:
    attempt(lambda: int("x"), 2)
    assert False
except RuntimeError as e:
    assert str(e) == "gave up"
class Own(Exception): pass
def own(): raise Own("mine")
try:
    attempt(own, 2)
    assert False
except Own as e:
    assert e.args == ("mine",)
""",
        "except ValueError => except Exception",
        "str(error) => repr(error)",
        'raise RuntimeError("gave up") => raise ValueError("gave up")',
    ),
    case(
        "a decorator with state",
        """
import functools
def counted(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return f(*args, **kwargs)
    wrapper.calls = 0
    return wrapper
def memoize(f):
    cache = {}
    @functools.wraps(f)
    def wrapper(*args):
        if args not in cache:
            cache[args] = f(*args)
        return cache[args]
    wrapper.cache = cache
    return wrapper
""",
        '''
@counted
def add(a, b=1):
    """Add."""
    return a + b
assert add(1) == 2 and add(2, b=5) == 7 and add.calls == 2
assert add.__name__ == "add" and add.__doc__ == "Add."
ran = []
@memoize
def square(x):
    ran.append(x)
    return x * x
assert [square(3), square(3), square(4)] == [9, 9, 16]
assert ran == [3, 4] and square.cache == {(3,): 9, (4,): 16}
''',
        "if args not in cache: => if True:",
        "wrapper.calls += 1 => wrapper.calls = 1",
        "@functools.wraps(f)\n    def wrapper(*args, **kwargs) => def wrapper(*args, **kwargs)",
        "f(*args, **kwargs) => f(*args)",
    ),
    case(
        "a decorator with arguments",
        """
def repeat(times, join=list):
    def decorate(f):
        def run(*args, **kwargs):
            return join(f(*args, **kwargs) for _ in range(times))
        return run
    return decorate
class retry:
    def __init__(self, times):
        self.times = times
    def __call__(self, f):
        def run(*args):
            for left in reversed(range(self.times)):
                try:
                    return f(*args)
                except Exception:
                    if not left:
                        raise
        return run
""",
        """
@repeat(3)
def hi(name):
    return "hi " + name
assert hi("Al") == ["hi Al"] * 3
assert repeat(2, join=tuple)(lambda: 1)() == (1, 1)
tries = []
@retry(3)
def divide(a):
    tries.append(a)
    return 1 / a
assert divide(2) == 0.5 and tries == [2]
try:
    divide(0)
    assert False
except ZeroDivisionError:
    assert tries == [2, 0, 0, 0]
""",
        "range(times) => range(times - 1)",
        "if not left: => if left:",
        "reversed(range(self.times)) => reversed(range(self.times + 1))",
    ),
    case(
        "lru_cache and its statistics",
        """
from functools import lru_cache
@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
""",
        """
assert fib(80) == 23416728348467685
assert fib.cache_info().misses == 81 and fib.cache_info().currsize == 81
fib.cache_clear()
assert fib.cache_info().hits == 0
assert fib(10) == fib.__wrapped__(10) == 55
""",
        "maxsize=None => maxsize=64",
        "fib(n - 2) => fib(n - 2) * (n < 80)",
    ),
    case(
        "singledispatch",
        """
from functools import singledispatch
@singledispatch
def show(value):
    raise TypeError(type(value).__name__)
@show.register
def _(value: int):
    return f"int {value}"
@show.register(list)
def _(value):
    return "[" + ", ".join(map(show, value)) + "]"
""",
        """
assert show(3) == "int 3" and show([1, [2]]) == "[int 1, [int 2]]"
@show.register
def _(value: str):
    return repr(value)
assert show(["a", 1]) == "['a', int 1]"
try:
    show(1.5)
    assert False
except TypeError as e:
    assert str(e) == "float"
""",
        "raise TypeError(type(value).__name__) => return str(value)",
        "map(show, value) => map(str, value)",
    ),
    case(
        "a generator",
        """
def primes():
    found = []
    n = 2
    while True:
        if all(n % p for p in found):
            found.append(n)
            yield n
        n += 1
def chunks(xs, size):
    for at in range(0, len(xs), size):
        yield xs[at:at + size]
""",
        """
import itertools, types, inspect
g = primes()
assert next(g) == 2 and next(g) == 3 and list(itertools.islice(g, 3)) == [5, 7, 11]
assert iter(g) is g
assert [p for p, _ in zip(primes(), range(200))][-1] == 1223
assert list(itertools.takewhile(lambda p: p < 12, primes())) == [2, 3, 5, 7, 11]
c = chunks([1, 2, 3, 4, 5], 2)
assert isinstance(c, types.GeneratorType) and inspect.isgenerator(c)
assert list(c) == [[1, 2], [3, 4], [5]] and list(c) == []
assert next(c, "end") == "end"
""",
        "all(n % p for p in found) => all(n % p for p in found[:9])",
        "xs[at:at + size] => tuple(xs[at:at + size])",
        "while True: => while n < 1000:",
    ),
    case(
        "a generator that is lazy",
        """
def pipeline(source):
    for item in source:
        if item % 2:
            yield item * 10
""",
        """
pulled = []
def source():
    for n in range(10 ** 9):
        pulled.append(n)
        yield n
p = pipeline(source())
assert pulled == []
assert next(p) == 10 and next(p) == 30
assert max(pulled) < 100
log = []
def noisy():
    try:
        yield from (1, 2, 3)
    finally:
        log.append("closed")
assert list(pipeline(noisy())) == [10, 30] and log == ["closed"]
""",
        "item * 10 => item * 11",
        "for item in source: => for item in list(__import__('itertools').islice(source, 300)):",
    ),
    case(
        "a generator that is sent to, thrown into and closed",
        """
def averager():
    total, count, mean = 0, 0, None
    try:
        while True:
            try:
                value = yield mean
            except ValueError:
                total, count = 0, 0
                mean = "reset"
                continue
            total, count = total + value, count + 1
            mean = total / count
    finally:
        averager.closed = True
averager.closed = False
""",
        """
a = averager()
assert next(a) is None
assert a.send(10) == 10 and a.send(20) == 15
assert a.throw(ValueError) == "reset"
assert a.send(3) == 3
assert averager.closed is False
a.close()
assert averager.closed is True
try:
    a.send(1)
    assert False
except StopIteration:
    pass
""",
        "total, count = 0, 0\n                mean => mean",
        "averager.closed = True => averager.closed = False",
        "total / count => total // (count + 1)",
    ),
    case(
        "a generator's return value",
        """
def collect(n):
    got = []
    while len(got) < n:
        got.append((yield len(got)))
    return got
def outer(n):
    result = yield from collect(n)
    yield ("done", result)
""",
        """
g = collect(2)
assert next(g) == 0 and g.send("a") == 1
try:
    g.send("b")
    assert False
except StopIteration as stop:
    assert stop.value == ["a", "b"]
o = outer(1)
next(o)
assert o.send("x") == ("done", ["x"])
assert list(o) == []
""",
        "return got => return tuple(got)",
        "yield len(got) => yield got",
    ),
    case(
        "an iterator class",
        """
class Countdown:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return self
    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1
class Reusable:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        return Countdown(self.n)
    def __reversed__(self):
        return iter(range(1, self.n + 1))
""",
        """
c = Countdown(3)
assert iter(c) is c and next(c) == 3 and list(c) == [2, 1] and list(c) == []
try:
    next(c)
    assert False
except StopIteration:
    pass
r = Reusable(3)
assert list(r) == [3, 2, 1] == [*r] and list(reversed(r)) == [1, 2, 3]
a, *rest = r
assert a == 3 and rest == [2, 1] and sum(r) == 6 and dict(zip(r, "xyz")) == {3: "x", 2: "y", 1: "z"}
total = 0
for i in r:
    for j in r:
        total += i * j
assert total == 36
""",
        "self.n <= 0 => self.n <= 1",
        "return Countdown(self.n) => self.one = getattr(self, 'one', None) or Countdown(self.n); return self.one",
        "range(1, self.n + 1) => range(self.n)",
    ),
    case(
        "iterators of itertools",
        """
import itertools
def windows(xs, n):
    its = itertools.tee(xs, n)
    for k, it in enumerate(its):
        for _ in range(k):
            next(it, None)
    return zip(*its)
def runs(text):
    return ((k, len(list(g))) for k, g in itertools.groupby(text))
def odd_even(xs):
    return filter(lambda x: x % 2, xs), map(str, xs)
def table(n):
    return itertools.product(range(n), repeat=2)
""",
        """
assert list(windows([1, 2, 3, 4], 2)) == [(1, 2), (2, 3), (3, 4)]
assert list(runs("aabccc")) == [("a", 2), ("b", 1), ("c", 3)]
odd, text = odd_even([1, 2, 3])
assert list(odd) == [1, 3] and next(text) == "1" and list(text) == ["2", "3"]
assert len(list(table(3))) == 9 and list(table(1)) == [(0, 0)]
w = windows(iter(range(10)), 3)
assert next(w) == (0, 1, 2) and sum(1 for _ in w) == 7
""",
        "range(k): => range(k - 1):",
        "groupby(text) => groupby(sorted(text, reverse=True))",
        "x % 2, xs => x % 2 == 0, xs",
    ),
    case(
        "a context manager class",
        """
class Tracker:
    def __init__(self, swallow=()):
        self.swallow, self.events = swallow, []
    def __enter__(self):
        self.events.append("enter")
        return self
    def __exit__(self, kind, error, trace):
        self.events.append("exit" if kind is None else kind.__name__)
        return kind is not None and issubclass(kind, self.swallow)
""",
        """
t = Tracker((KeyError,))
with t as same:
    assert same is t
    t.events.append("body")
assert t.events == ["enter", "body", "exit"]
with t:
    {}["x"]
    t.events.append("never")
assert t.events[-1] == "KeyError" and "never" not in t.events
try:
    with t:
        raise RuntimeError("out")
    assert False
except RuntimeError as e:
    assert str(e) == "out"
assert t.events[-1] == "RuntimeError"
class Mine(KeyError): pass
with t:
    raise Mine("own")
assert t.events[-1] == "Mine"
""",
        "kind is not None and issubclass(kind, self.swallow) => True",
        "return self\n => return None\n",
        'self.events.append("exit" if kind is None else kind.__name__)\n        => ',
    ),
    case(
        "contextmanager and ExitStack",
        """
from contextlib import contextmanager, ExitStack, suppress
log = []
@contextmanager
def step(name):
    log.append("+" + name)
    try:
        yield name.upper()
    except ZeroDivisionError:
        log.append("!" + name)
    finally:
        log.append("-" + name)
def nested(*names):
    with ExitStack() as stack:
        got = [stack.enter_context(step(n)) for n in names]
        return got
""",
        """
with step("a") as upper:
    assert upper == "A" and log == ["+a"]
    1 / 0
assert log == ["+a", "!a", "-a"]
del log[:]
assert nested("x", "y") == ["X", "Y"] and log == ["+x", "+y", "-y", "-x"]
try:
    with step("b"):
        raise KeyError("k")
    assert False
except KeyError:
    pass
assert log[-1] == "-b"
""",
        "except ZeroDivisionError: => except Exception:",
        'log.append("-" + name) => pass',
        "for n in names] => for n in names[::-1]][::-1]",
    ),
    case(
        "coroutines",
        """
import asyncio
async def double(x, wait=0):
    await asyncio.sleep(wait)
    return 2 * x
async def all_of(xs):
    return await asyncio.gather(*(double(x) for x in xs))
async def quickest(*waits):
    tasks = [asyncio.create_task(double(w, w / 100)) for w in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    return done.pop().result()
""",
        """
import asyncio, inspect
assert inspect.iscoroutinefunction(double) and asyncio.iscoroutinefunction(all_of)
assert asyncio.run(double(4)) == 8
assert asyncio.run(all_of([1, 2, 3])) == [2, 4, 6]
assert asyncio.run(quickest(9, 1, 5)) == 2
async def main():
    c = double(5)
    assert inspect.isawaitable(c)
    a, b = await asyncio.gather(double(1), double(2))
    return await c + a + b
assert asyncio.run(main()) == 16
""",
        "return 2 * x => return x + 2",
        "double(x) for x in xs => double(x) for x in xs[:-1]",
        "double(w, w / 100) => double(w, 0.1 - w / 100)",
        "async def double => def double",
    ),
    case(
        "coroutines that the tests give",
        """
import asyncio
async def limited(jobs, limit):
    gate, running, most = asyncio.Semaphore(limit), 0, 0
    async def one(job):
        nonlocal running, most
        async with gate:
            running += 1
            most = max(most, running)
            try:
                return await job()
            finally:
                running -= 1
    results = await asyncio.gather(*map(one, jobs), return_exceptions=True)
    return results, most
""",
        """
import asyncio
async def ok():
    await asyncio.sleep(0.001)
    return "ok"
async def bad():
    raise ValueError("bad")
results, most = asyncio.run(limited([ok, bad, ok, ok], 2))
assert [r if isinstance(r, str) else type(r) for r in results] == ["ok", ValueError, "ok", "ok"]
assert most == 2
""",
        "Semaphore(limit) => Semaphore(limit + 1)",
        "return_exceptions=True => return_exceptions=False",
        "finally:\n                running => except KeyError:\n                running",
    ),
    case(
        "asynchronous generators and contexts",
        """
import asyncio
from contextlib import asynccontextmanager
async def ticker(n):
    try:
        for i in range(n):
            await asyncio.sleep(0)
            yield i
    finally:
        ticker.closed += 1
ticker.closed = 0
@asynccontextmanager
async def session(name):
    session.open = name
    yield name.upper()
    session.open = None
class Pages:
    def __init__(self, pages):
        self.pages = list(pages)
    def __aiter__(self):
        return self
    async def __anext__(self):
        if not self.pages:
            raise StopAsyncIteration
        return self.pages.pop(0)
""",
        """
import asyncio
async def main():
    got = [i async for i in ticker(3)]
    assert got == [0, 1, 2] and ticker.closed == 1
    async with session("db") as s:
        assert s == "DB" and session.open == "db"
    assert session.open is None
    pages = []
    async for page in Pages("ab"):
        pages.append(page)
    assert pages == ["a", "b"]
    return True
assert asyncio.run(main())
""",
        "ticker.closed += 1 => pass",
        "session.open = None => pass",
        "pages.pop(0) => pages.pop()",
    ),
    case(
        "own exceptions and their family",
        """
class AppError(Exception):
    code = 500
    def __init__(self, message, **details):
        super().__init__(message)
        self.details = details
class NotFound(AppError, KeyError):
    code = 404
class Denied(AppError):
    code = 403
    def __str__(self):
        return "denied: " + super().__str__()
def fetch(key, store):
    if key.startswith("_"):
        raise Denied(key, key=key)
    if key not in store:
        raise NotFound("no " + key, key=key, known=len(store))
    return store[key]
""",
        """
assert fetch("a", {"a": 1}) == 1
try:
    fetch("b", {"a": 1})
    assert False
except NotFound as e:
    assert e.code == 404 and e.details == {"key": "b", "known": 1} and e.args == ("no b",)
for error in (NotFound, KeyError, LookupError, AppError):
    try:
        fetch("b", {})
        assert False
    except error:
        pass
try:
    fetch("_x", {})
    assert False
except (ValueError, AppError) as e:
    assert str(e) == "denied: _x" and isinstance(e, Denied) and not isinstance(e, KeyError)
    assert type(e).__mro__[1] is AppError
assert issubclass(NotFound, KeyError) and Denied.code == 403
""",
        "class NotFound(AppError, KeyError) => class NotFound(AppError)",
        "raise Denied(key, key=key) => raise NotFound(key, key=key)",
        "self.details = details => self.details = {}",
        "code = 404 => code = 405",
    ),
    case(
        "errors of the standard library",
        """
import json
def load(text):
    return json.loads(text)
def decode(raw):
    return raw.decode("utf-8")
def lookup(d, *path):
    for key in path:
        d = d[key]
    return d
def ratio(a, b):
    return a / b
def read(path):
    with open(path) as file:
        return file.read()
""",
        """
import json
try:
    load("{")
    assert False
except json.JSONDecodeError as e:
    assert e.pos == 1 and e.lineno == 1 and isinstance(e, ValueError)
try:
    decode(b"a\\xff")
    assert False
except UnicodeDecodeError as e:
    assert e.start == 1 and e.encoding == "utf-8"
for bad, error in (((["a"], 5), IndexError), (({}, "k"), KeyError), ((None, 1), TypeError)):
    try:
        lookup(*bad)
        assert False
    except error:
        pass
try:
    ratio(1, 0)
    assert False
except ArithmeticError as e:
    assert type(e) is ZeroDivisionError
try:
    read("no such file")
    assert False
except FileNotFoundError as e:
    assert e.errno == 2 and e.filename == "no such file"
""",
        "return json.loads(text) => return json.loads(text + '}')",
        "raw.decode(\"utf-8\") => raw.decode('utf-8', 'replace')",
        "return a / b => return a / b if b else float('inf')",
        "with open(path) => with open('other')",
    ),
    case(
        "an error with a cause, and a code of exit",
        """
import sys
class ConfigError(Exception):
    pass
def port(text):
    try:
        return int(text)
    except ValueError as error:
        raise ConfigError(f"bad port {text!r}") from error
def main(args):
    if "--help" in args:
        print("usage")
        sys.exit(0)
    if not args:
        sys.exit("no arguments")
    return len(args)
""",
        """
assert port("80") == 80
try:
    port("x")
    assert False
except ConfigError as e:
    assert "bad port 'x'" in str(e)
codes = []
for args in (["--help"], []):
    try:
        main(args)
        assert False
    except SystemExit as e:
        codes.append(e.code)
assert codes == [0, "no arguments"] and main(["a"]) == 1
""",
        "sys.exit(0) => sys.exit(2)",
        "raise ConfigError => raise ValueError",
        'sys.exit("no arguments") => return 0',
    ),
    case(
        "StopIteration by next() alone",
        """
def first(xs):
    return next(iter(xs))
def pairs(xs):
    it = iter(xs)
    return list(zip(it, it))
""",
        """
assert first([3, 4]) == 3 and pairs("abcd") == [("a", "b"), ("c", "d")]
try:
    first([])
    assert False, "no error"
except StopIteration:
    pass
assert [first(x) for x in ("ab", "cd")] == ["a", "c"]
""",
        "next(iter(xs)) => next(iter(xs), None)",
        "zip(it, it) => zip(xs, xs)",
    ),
    case(
        "recursion and mutual recursion",
        """
def ackermann(m, n):
    if m == 0:
        return n + 1
    return ackermann(m - 1, 1 if n == 0 else ackermann(m, n - 1))
def even(n):
    return n == 0 or odd(n - 1)
def odd(n):
    return n != 0 and even(n - 1)
def hanoi(n, a="A", b="B", c="C"):
    return hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c) if n else []
""",
        """
assert ackermann(2, 3) == 9 and even(300) is True and odd(300) is False
assert hanoi(2) == [("A", "B"), ("A", "C"), ("B", "C")] and len(hanoi(6)) == 63
""",
        "hanoi(n - 1, a, c, b) => hanoi(n - 1, a, b, c)",
        "n != 0 and => n == 1 or",
        "1 if n == 0 => 0 if n == 0",
    ),
    case(
        "a function's own attributes and defaults",
        """
def tagged(x, *, seen=[]):
    seen.append(x)
    tagged.last = x
    return len(seen)
tagged.last = None
LIMIT = 3
VERSION = (1, 2)
def over(n):
    return n > LIMIT
""",
        """
assert tagged.last is None and tagged(1) == 1 and tagged(5) == 2 and tagged.last == 5
assert tagged(9, seen=[]) == 1
assert LIMIT == 3 and VERSION >= (1, 1) and over(4) and not over(3)
""",
        "seen=[] => seen=()",
        "tagged.last = x => tagged.last = len(seen)",
        "n > LIMIT => n >= LIMIT",
    ),
    case(
        "keyword, positional and collected arguments",
        """
def call(a, /, b, *rest, c=3, **more):
    return a, b, rest, c, more
def merge(*dicts, **extra):
    out = {}
    for d in dicts:
        out.update(d)
    return {**out, **extra}
""",
        """
import inspect
assert call(1, 2) == (1, 2, (), 3, {})
assert call(1, b=5, c=6, a=7) == (1, 5, (), 6, {"a": 7})
assert call(1, 2, 3, 4, d=5) == (1, 2, (3, 4), 3, {"d": 5})
for bad in (lambda: call(), lambda: call(1)):
    try:
        bad()
        assert False
    except TypeError as e:
        assert "missing" in str(e)
assert merge({"a": 1}, {"a": 2, "b": 3}, c=4) == {"a": 2, "b": 3, "c": 4}
assert list(inspect.signature(merge).parameters) == ["dicts", "extra"]
""",
        "a, /, b => a, b=None",
        "{**out, **extra} => {**extra, **out, **({'a': 1} if 'a' in out else {})}",
    ),
    case(
        "a trampoline and currying",
        """
def curry(f, n):
    def step(*got):
        return f(*got) if len(got) >= n else lambda x: step(*got, x)
    return step
def sum_to(n, total=0):
    return (lambda: sum_to(n - 1, total + n)) if n else total
def run(f, *args):
    value = f(*args)
    while callable(value):
        value = value()
    return value
""",
        """
assert curry(lambda a, b, c: a + b * c, 3)(1)(2)(3) == 7
assert curry(max, 2)(4)(9) == 9
assert run(sum_to, 100) == 5050 and callable(sum_to(1)) and sum_to(0, 5) == 5
""",
        "total + n => total + 1",
        "step(*got, x) => step(x, *got)",
    ),
    case(
        "an event emitter with the tests' listeners",
        """
class Emitter:
    def __init__(self):
        self.listeners = {}
    def on(self, name, listener=None):
        if listener is None:
            return lambda f: self.on(name, f)
        self.listeners.setdefault(name, []).append(listener)
        return listener
    def off(self, name, listener):
        self.listeners[name].remove(listener)
    def emit(self, name, *args):
        return [listener(*args) for listener in list(self.listeners.get(name, ()))]
""",
        """
e = Emitter()
got = []
@e.on("x")
def keep(value):
    got.append(value)
    return value * 2
def once(value):
    e.off("x", once)
    return "once"
e.on("x", once)
assert e.emit("x", 4) == [8, "once"] and e.emit("x", 5) == [10] and got == [4, 5]
assert e.on("y", keep) is keep and e.listeners["y"] == [keep] and e.emit("z") == []
""",
        "self.listeners[name].remove(listener) => pass",
        "(name, []).append(listener) => (name, []).insert(0, listener)",
        "[listener(*args) => [listener(4)",
        "return listener\n => return None\n",
    ),
    case(
        "a fluent pipeline that keeps the tests' functions",
        """
class Query:
    def __init__(self, rows):
        self._rows, self._steps = rows, []
    def where(self, test):
        self._steps.append(lambda rows: [r for r in rows if test(r)])
        return self
    def order_by(self, key, reverse=False):
        self._steps.append(lambda rows: sorted(rows, key=key, reverse=reverse))
        return self
    def select(self, *names):
        self._steps.append(lambda rows: [tuple(r[n] for n in names) for r in rows])
        return self
    def run(self):
        rows = self._rows
        for step in self._steps:
            rows = step(rows)
        return rows
""",
        """
people = [{"name": "Al", "age": 30}, {"name": "Bo", "age": 20}, {"name": "Cy", "age": 40}]
q = Query(people).where(lambda r: r["age"] > 25).order_by(lambda r: r["name"], reverse=True)
assert q.select("name", "age").run() == [("Cy", 40), ("Al", 30)]
assert people[0] == {"name": "Al", "age": 30} and len(people) == 3
assert Query(people).run() == people
""",
        "reverse=reverse => reverse=False",
        "if test(r) => if not test(r)",
        "r[n] for n in names => r[n] for n in sorted(names)",
    ),
]
