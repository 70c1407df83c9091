"""Ten short problems of each kind, as beginners' books have them, tested by asserts alone."""

from __future__ import annotations

from programs.cases import case

# fmt: off
_KINDS: dict[str, list[tuple[str, ...]]] = {
    # each: the program, what is asserted, separated by " ;; ", and its wrong twins
    "lists": [
        ("def second(xs): return sorted(set(xs))[-2]", "second([1, 5, 5, 3]) == 3 ;; second([2, 1]) == 1", "set(xs) => list(xs)"),
        ("def chunk(xs, n): return [xs[i:i + n] for i in range(0, len(xs), n)]", "chunk([1, 2, 3], 2) == [[1, 2], [3]] ;; chunk([], 4) == []", "xs[i:i + n] => tuple(xs[i:i + n])", "0, len(xs), n => 0, len(xs) - 1, n"),
        ("def flatten(xs): return [y for x in xs for y in (flatten(x) if isinstance(x, list) else [x])]", "flatten([1, [2, [3, [4]]]]) == [1, 2, 3, 4] ;; flatten([[], ()]) == [()]", "isinstance(x, list) => isinstance(x, (list, tuple))"),
        ("def rotate(xs, k):\n    k %= len(xs) or 1\n    return xs[-k:] + xs[:-k] if k else xs[:]", "rotate([1, 2, 3], 1) == [3, 1, 2] ;; rotate([], 5) == [] ;; rotate([1, 2], 2) == [1, 2]", "xs[-k:] + xs[:-k] => xs[k:] + xs[:k]"),
        ("def pairs(xs, t): return [(a, b) for i, a in enumerate(xs) for b in xs[i + 1:] if a + b == t]", "pairs([1, 2, 3, 4], 5) == [(1, 4), (2, 3)] ;; pairs([2, 2], 4) == [(2, 2)]", "xs[i + 1:] => xs"),
        ("def running(xs):\n    out, t = [], 0\n    for x in xs:\n        t += x\n        out.append(t)\n    return out", "running([1, 2, 3]) == [1, 3, 6] ;; running([]) == []", "t += x => t = x + 1"),
        ("def transpose(m): return [list(r) for r in zip(*m)]", "transpose([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]", "list(r) => tuple(r)", "zip(*m) => m"),
        ("def split_at(xs, n): return xs[:n], xs[n:]", "split_at([1, 2, 3], 1) == ([1], [2, 3])", "return xs[:n], xs[n:] => return [xs[:n], xs[n:]]"),
        ("def dedupe(xs):\n    for i in range(len(xs) - 1, 0, -1):\n        if xs[i] in xs[:i]:\n            del xs[i]", "(lambda a: (dedupe(a), a))([1, 2, 1, 1]) == (None, [1, 2])", "del xs[i] => xs[i] = None"),
        ("def largest(xs, n): return __import__('heapq').nlargest(n, xs)", "largest([3, 9, 4, 7], 2) == [9, 7] ;; largest([], 1) == []", "nlargest(n, xs) => nsmallest(n, xs)"),
    ],
    "strings": [
        ("def palindrome(s):\n    s = [c.lower() for c in s if c.isalnum()]\n    return s == s[::-1]", "palindrome('A man, a plan, a canal: Panama') is True ;; palindrome('ab') is False", "c.lower() => c"),
        ("def caesar(s, k): return ''.join(chr((ord(c) - 97 + k) % 26 + 97) if c.islower() else c for c in s)", "caesar('xyz!', 3) == 'abc!' ;; caesar('b', -1) == 'a'", "% 26 => % 25"),
        ("def vowels(s): return sum(c in 'aeiouAEIOU' for c in s)", "vowels('Education') == 5 ;; vowels('') == 0", "aeiouAEIOU => aeiou"),
        ("def camel(s):\n    h, *t = s.split('_')\n    return h + ''.join(w.title() for w in t)", "camel('to_snake_case') == 'toSnakeCase' ;; camel('a') == 'a'", "h + => h.title() +"),
        ("def compress(s):\n    from itertools import groupby\n    return ''.join(k + str(len(list(g))) for k, g in groupby(s))", "compress('aabc') == 'a2b1c1' ;; compress('') == ''", "str(len(list(g))) => str(len(list(g))).strip('1')"),
        ("def anagram(a, b): return sorted(a) == sorted(b)", "anagram('listen', 'silent') ;; not anagram('aab', 'abb')", "sorted(a) == sorted(b) => set(a) == set(b)"),
        ("def longest(s): return max(s.split(), key=len)", "longest('to be or not') == 'not' ;; longest('ab cd') == 'ab'", "key=len => key=lambda w: (len(w), w)"),
        ("def center(s, n): return s.center(n, '*')", "center('ab', 6) == '**ab**' ;; center('abc', 2) == 'abc'", "center(n, '*') => ljust(n, '*')"),
        ("def reverse_words(s): return ' '.join(reversed(s.split()))", "reverse_words('a b  c') == 'c b a'", "s.split() => s.split(' ')"),
        ("def mask(s): return '*' * (len(s) - 4) + s[-4:]", "mask('12345678') == '****5678' ;; mask('123') == '123'", "s[-4:] => s[4:]"),
    ],
    "numbers": [
        ("def is_prime(n): return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))", "is_prime(97) and not is_prime(1) and not is_prime(49)", "int(n ** 0.5) + 1 => int(n ** 0.5)"),
        ("def digits(n): return sum(map(int, str(abs(n))))", "digits(-123) == 6 ;; digits(0) == 0", "str(abs(n)) => oct(abs(n))[2:]"),
        ("def lcm(a, b):\n    import math\n    return a * b // math.gcd(a, b)", "lcm(4, 6) == 12 ;; type(lcm(2, 3)) is int", "// math.gcd => / math.gcd"),
        ("def mean(xs): return sum(xs) / len(xs)", "abs(mean([1, 2, 4]) - 7 / 3) < 1e-12 ;; mean([2]) == 2.0", "/ len(xs) => // len(xs)"),
        ("def to_base(n, b):\n    out = ''\n    while n:\n        n, r = divmod(n, b)\n        out = '0123456789abcdef'[r] + out\n    return out or '0'", "to_base(255, 16) == 'ff' ;; to_base(0, 2) == '0'", "out or '0' => out"),
        ("def collatz(n):\n    k = 0\n    while n != 1:\n        n = n // 2 if n % 2 == 0 else 3 * n + 1\n        k += 1\n    return k", "collatz(6) == 8 ;; collatz(1) == 0", "k = 0 => k = 1"),
        ("def is_square(n):\n    import math\n    return n >= 0 and math.isqrt(n) ** 2 == n", "is_square(10 ** 40) and not is_square(10 ** 40 + 1) and not is_square(-4)", "math.isqrt(n) ** 2 == n => math.sqrt(n) ** 2 == n"),
        ("def rounded(x): return round(x, 2)", "rounded(2.71828) == 2.72 ;; rounded(-1.005) == -1.0", "x, 2 => x, 1"),
        ("def perfect(n): return n > 1 and sum(d for d in range(1, n) if n % d == 0) == n", "[n for n in range(500) if perfect(n)] == [6, 28, 496]", "range(1, n) => range(2, n)"),
        ("def clamp(x, lo, hi): return max(lo, min(x, hi))", "clamp(5, 0, 3) == 3 ;; clamp(-1, 0, 3) == 0 ;; clamp(2, 0, 3) == 2", "max(lo, => min(lo,"),
    ],
    "tuples": [
        ("def swap(t): return t[::-1]", "swap((1, 'a')) == ('a', 1) ;; swap(()) == ()", "t[::-1] => list(t)[::-1]"),
        ("def add(a, b): return tuple(x + y for x, y in zip(a, b))", "add((1, 2), (3, 4)) == (4, 6)", "tuple(x + y => tuple(x * y"),
        ("def stats(xs): return min(xs), max(xs), len(xs)", "stats([3, 1]) == (1, 3, 2)", "len(xs) => len(set(xs)) - 1"),
        ("def remove(ts, k): return [t[:k] + t[k + 1:] for t in ts]", "remove([(1, 2, 3)], 1) == [(1, 3)]", "t[k + 1:] => t[k:]"),
        ("def to_dict(ts): return {k: v for k, *v in ts}", "to_dict([('a', 1, 2), ('b',)]) == {'a': [1, 2], 'b': []}", "k: v for => k: tuple(v) for"),
        ("def by_last(ts): return sorted(ts, key=lambda t: t[-1])", "by_last([(1, 3), (5, 2)]) == [(5, 2), (1, 3)]", "t[-1] => t[0]"),
        ("def unzip(ts): return tuple(zip(*ts))", "unzip([(1, 'a'), (2, 'b')]) == ((1, 2), ('a', 'b'))", "tuple(zip(*ts)) => list(zip(*ts))"),
        ("def count(t, x): return t.count(x)", "count((1, 2, 1), 1) == 2 ;; count((), 1) == 0", "t.count(x) => int(x in t)"),
        ("def nest(*xs):\n    out = ()\n    for x in reversed(xs):\n        out = (x, out) if out else (x,)\n    return out", "nest(1, 2, 3) == (1, (2, (3,))) ;; nest() == ()", "reversed(xs) => xs"),
        ("def closest(ts, p): return min(ts, key=lambda t: (t[0] - p[0]) ** 2 + (t[1] - p[1]) ** 2)", "closest([(0, 0), (5, 5), (2, 1)], (3, 1)) == (2, 1)", "min(ts => max(ts"),
    ],
    "dicts": [
        ("def invert(d): return {v: k for k, v in d.items()}", "invert({'a': 1}) == {1: 'a'} ;; invert({}) == {}", "v: k for => k: v for"),
        ("def merge(a, b): return {k: a.get(k, 0) + b.get(k, 0) for k in a.keys() | b.keys()}", "merge({'x': 1}, {'x': 2, 'y': 3}) == {'x': 3, 'y': 3}", "a.keys() | b.keys() => a.keys() & b.keys()"),
        ("def group(ws):\n    out = {}\n    for w in ws:\n        out.setdefault(w[0], []).append(w)\n    return out", "group(['ab', 'ac', 'b']) == {'a': ['ab', 'ac'], 'b': ['b']}", "w[0] => w[-1]"),
        ("def top(d): return max(d, key=d.get)", "top({'a': 3, 'b': 9}) == 'b'", "max(d => min(d"),
        ("def by_value(d): return dict(sorted(d.items(), key=lambda p: -p[1]))", "list(by_value({'a': 1, 'b': 2})) == ['b', 'a']", "-p[1] => p[1]"),
        ("def deep(d, path, default=None):\n    for k in path.split('.'):\n        if not isinstance(d, dict) or k not in d:\n            return default\n        d = d[k]\n    return d", "deep({'a': {'b': None}}, 'a.b', 1) is None ;; deep({}, 'x', 7) == 7", "return d => return d or default"),
        ("def pick(d, ks): return {k: d[k] for k in ks if k in d}", "pick({'a': 1, 'b': 2}, ['b', 'z']) == {'b': 2}", "d[k] for k in ks if k in d => d.get(k) for k in ks"),
        ("def frequency(xs):\n    d = {}\n    for x in xs:\n        d[x] = d.get(x, 0) + 1\n    return d", "frequency('abca') == {'a': 2, 'b': 1, 'c': 1}", "d.get(x, 0) => d.get(x, 1)"),
        ("def drop_none(d):\n    for k in [k for k, v in d.items() if v is None]:\n        del d[k]\n    return d", "(lambda d: drop_none(d) is d and d == {'a': 0})({'a': 0, 'b': None})", "v is None => not v"),
        ("def flat(d, p=''): return {q: w for k, v in d.items() for q, w in (flat(v, p + k + '.').items() if isinstance(v, dict) else [(p + k, v)])}", "flat({'a': {'b': 1}, 'c': 2}) == {'a.b': 1, 'c': 2}", "p + k + '.' => k + '/'"),
    ],
    "sets": [
        ("def common(*xs): return set.intersection(*map(set, xs))", "common([1, 2], [2, 3], (2,)) == {2}", "intersection => union"),
        ("def distinct(s): return len(set(s.lower()))", "distinct('Aab') == 2", "s.lower() => s"),
        ("def powerset(s):\n    out = [frozenset()]\n    for x in s:\n        out += [p | {x} for p in out]\n    return set(out)", "powerset({1, 2}) == {frozenset(), frozenset({1}), frozenset({2}), frozenset({1, 2})}", "set(out) => set(out[1:])"),
        ("def missing(xs, n): return set(range(1, n + 1)) - set(xs)", "missing([1, 3], 4) == {2, 4} ;; missing([1], 1) == set()", "n + 1 => n"),
        ("def jaccard(a, b): return len(a & b) / len(a | b) if a | b else 1.0", "jaccard({1, 2}, {2, 3}) == 1 / 3 ;; jaccard(set(), set()) == 1.0", "/ len(a | b) => / len(a)"),
        ("def toggle(s, x):\n    s ^= {x}\n    return s", "(lambda s: toggle(s, 1) is s and s == {2} and toggle(s, 3) == {2, 3})({1, 2})", "s ^= {x} => s |= {x}"),
        ("def pangram(s): return set('abcdefghijklmnopqrstuvwxyz') <= set(s.lower())", "pangram('The quick brown fox jumps over the lazy dog') is True ;; pangram('abc') is False", "<= set => >= set"),
        ("def unique_pairs(xs): return {frozenset((a, b)) for a in xs for b in xs if a != b}", "len(unique_pairs([1, 2, 3])) == 3", "frozenset((a, b)) => (a, b)"),
        ("def is_partition(parts, whole): return set().union(*parts) == whole and sum(map(len, parts)) == len(whole)", "is_partition([{1}, {2}], {1, 2}) and not is_partition([{1}, {1, 2}], {1, 2})", "== whole and => == whole or"),
        ("def symmetric(pairs): return {(a, b) for a, b in pairs if (b, a) in pairs}", "symmetric({(1, 2), (2, 1), (3, 4)}) == {(1, 2), (2, 1)}", "(b, a) in => (a, b) in"),
    ],
    "patterns": [
        ("import re\ndef emails(s): return re.findall(r'[\\w.]+@[\\w.]+\\.\\w+', s)", "emails('a.b@c.de, x@y') == ['a.b@c.de']", "\\.\\w+' => '"),
        ("import re\ndef snake(s): return re.sub(r'(?<!^)(?=[A-Z])', '_', s).lower()", "snake('camelCaseWord') == 'camel_case_word'", "(?<!^)(?=[A-Z]) => (?<!^)[A-Z]"),
        ("import re\ndef valid(s): return bool(re.fullmatch(r'\\d{3}-\\d{4}', s))", "valid('555-1234') is True ;; valid('555-12345') is False", "fullmatch => match"),
        ("import re\ndef squeeze(s): return re.sub(r'(.)\\1+', r'\\1', s)", "squeeze('aabbbc') == 'abc'", "(.)\\1+ => (.)\\1"),
        ("import re\ndef tokens(s): return re.findall(r'\\d+|[+*/()-]', s)", "tokens('12+(3*4)') == ['12', '+', '(', '3', '*', '4', ')']", "\\d+ => \\d"),
        ("import re\ndef swap(s): return re.sub(r'(\\w+) (\\w+)', r'\\2 \\1', s)", "swap('ab cd') == 'cd ab'", "\\2 \\1 => \\1 \\2"),
        ("import re\ndef numbers(s): return [float(x) for x in re.findall(r'-?\\d+(?:\\.\\d+)?', s)]", "numbers('a -1.5 b 2') == [-1.5, 2.0]", "-?\\d+ => \\d+"),
        ("import re\ndef hidden(s): return re.sub(r'\\d(?=\\d{4})', '*', s)", "hidden('12345678') == '****5678'", "{4} => {3}"),
        ("import re\ndef lines(s): return [m.start() for m in re.finditer(r'^a', s, re.M)]", "lines('ab\\nac\\nb') == [0, 3]", ", re.M) => )"),
        ("import re\ndef clean(s): return re.sub(r'<[^>]*>', '', s)", "clean('<b>x</b> y') == 'x y'", "<[^>]*> => <.*>"),
    ],
    "classes": [
        ("class Dog:\n    def __init__(self, name): self.name = name\n    def bark(self): return self.name + ' barks'", "Dog('Rex').bark() == 'Rex barks' ;; Dog('A').name == 'A'", "self.name = name => self.name = name.lower()"),
        ("class Acc:\n    def __init__(self): self.total = 0\n    def __call__(self, n):\n        self.total += n\n        return self.total", "(lambda a: (a(2), a(3), a.total))(Acc()) == (2, 5, 5)", "self.total += n => self.total = n"),
        ("class Rect:\n    def __init__(self, w, h): self.w, self.h = w, h\n    @property\n    def area(self): return self.w * self.h", "Rect(2, 3).area == 6", "@property => @staticmethod", "self.w * self.h => self.w + self.h"),
        ("class Temp:\n    @staticmethod\n    def f(c): return c * 9 / 5 + 32\n    @classmethod\n    def name(cls): return cls.__name__", "Temp.f(100) == 212 ;; Temp().name() == 'Temp'", "cls.__name__ => cls.__name__.lower()"),
        ("class Base:\n    def hi(self): return 'base'\nclass Child(Base):\n    def hi(self): return 'child of ' + super().hi()", "Child().hi() == 'child of base' ;; isinstance(Child(), Base)", "super().hi() => 'Base'"),
        ("class Words:\n    def __init__(self, s): self.ws = s.split()\n    def __len__(self): return len(self.ws)\n    def __getitem__(self, i): return self.ws[i]", "list(Words('a b')) == ['a', 'b'] ;; len(Words('')) == 0 ;; Words('x y')[-1] == 'y'", "len(self.ws) => len(self.ws) or 1"),
        ("class Min:\n    def __init__(self): self.s = []\n    def push(self, x): self.s.append((x, min(x, self.s[-1][1]) if self.s else x))\n    def pop(self): return self.s.pop()[0]\n    def low(self): return self.s[-1][1]", "(lambda m: (m.push(2), m.push(1), m.low(), m.pop(), m.low()))(Min()) == (None, None, 1, 1, 2)", "min(x, => max(x,"),
        ("class Frac:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def __repr__(self): return f'{self.a}/{self.b}'\n    def __float__(self): return self.a / self.b\n    def __lt__(self, o): return float(self) < float(o)", "repr(Frac(1, 2)) == '1/2' ;; float(Frac(1, 4)) == 0.25 ;; Frac(1, 3) < Frac(1, 2)", "float(self) < float(o) => self.a < o.a", "{self.a}/{self.b} => {self.b}/{self.a}"),
        ("class Ids:\n    n = 0\n    def __init__(self):\n        Ids.n += 1\n        self.id = Ids.n", "[Ids().id for _ in range(3)] == [1, 2, 3] ;; Ids.n == 3", "Ids.n += 1 => self.n += 1"),
        ("class Matrix:\n    def __init__(self, r): self.r = r\n    def __matmul__(self, o): return Matrix([[sum(a * b for a, b in zip(x, y)) for y in zip(*o.r)] for x in self.r])", "(Matrix([[1, 2]]) @ Matrix([[3], [4]])).r == [[11]]", "a * b for => a + b for"),
    ],
    "sorting": [
        ("def bubble(xs):\n    xs = xs[:]\n    for i in range(len(xs)):\n        for j in range(len(xs) - 1 - i):\n            if xs[j] > xs[j + 1]:\n                xs[j], xs[j + 1] = xs[j + 1], xs[j]\n    return xs", "bubble([3, 1, 2]) == [1, 2, 3] ;; bubble([]) == []", "- 1 - i => - 2 - i"),
        ("def merge_sort(xs):\n    if len(xs) < 2: return xs[:]\n    m = len(xs) // 2\n    a, b, out = merge_sort(xs[:m]), merge_sort(xs[m:]), []\n    while a and b: out.append(a.pop(0) if a[0] <= b[0] else b.pop(0))\n    return out + a + b", "merge_sort([5, 2, 9, 1]) == [1, 2, 5, 9]", "out + a + b => out + a"),
        ("def by_age(ps): return sorted(ps, key=lambda p: (-p['age'], p['name']))", "by_age([{'name': 'b', 'age': 1}, {'name': 'a', 'age': 1}, {'name': 'c', 'age': 2}])[0]['name'] == 'c' ;; by_age([{'name': 'b', 'age': 1}, {'name': 'a', 'age': 1}])[0]['name'] == 'a'", "-p['age'], p['name'] => -p['age'],"),
        ("def top(xs, k): return sorted(xs, reverse=True)[:k]", "top([1, 3, 2], 2) == [3, 2]", "reverse=True => reverse=False"),
        ("def is_sorted(xs): return all(a <= b for a, b in zip(xs, xs[1:]))", "is_sorted([1, 1, 2]) is True ;; is_sorted([2, 1]) is False", "a <= b => a < b"),
        ("def natural(xs):\n    import re\n    return sorted(xs, key=lambda s: [int(t) if t.isdigit() else t for t in re.split(r'(\\d+)', s)])", "natural(['f10', 'f9']) == ['f9', 'f10']", "int(t) if => t if"),
        ("def dutch(xs): return [x for p in (0, 1, 2) for x in xs if x == p]", "dutch([2, 0, 1, 0]) == [0, 0, 1, 2]", "(0, 1, 2) => (2, 1, 0)"),
        ("def insertion(xs):\n    for i in range(1, len(xs)):\n        while i and xs[i - 1] > xs[i]:\n            xs[i - 1], xs[i] = xs[i], xs[i - 1]\n            i -= 1", "(lambda a: (insertion(a), a))([3, 2, 1]) == (None, [1, 2, 3])", "range(1, len(xs)) => range(2, len(xs))"),
        ("def ranks(xs):\n    order = sorted(set(xs), reverse=True)\n    return [order.index(x) + 1 for x in xs]", "ranks([10, 30, 10]) == [2, 1, 2]", "set(xs), reverse=True => xs, reverse=False"),
        ("def topo(g):\n    out, seen = [], set()\n    def visit(n):\n        if n not in seen:\n            seen.add(n)\n            for m in g.get(n, ()): visit(m)\n            out.append(n)\n    for n in g: visit(n)\n    return out", "topo({'a': ['b'], 'b': ['c']}) == ['c', 'b', 'a']", "out.append(n) => out.insert(0, n)"),
    ],
    "recursion": [
        ("def fact(n): return 1 if n < 2 else n * fact(n - 1)", "fact(5) == 120 ;; fact(0) == 1", "n < 2 => n < 3"),
        ("def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)", "[fib(n) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]", "n if n < 2 => 1 if n < 2"),
        ("def power(b, n): return 1 if n == 0 else power(b * b, n // 2) * (b if n % 2 else 1)", "power(2, 10) == 1024 ;; power(3, 3) == 27 ;; power(5, 0) == 1", "(b if n % 2 else 1) => (b if n % 2 else 2)"),
        ("def perms(s): return {s} if len(s) < 2 else {c + p for i, c in enumerate(s) for p in perms(s[:i] + s[i + 1:])}", "perms('abc') == {'abc', 'acb', 'bac', 'bca', 'cab', 'cba'}", "s[i + 1:] => s[i + 2:]"),
        ("def change(n, coins): return 1 if n == 0 else 0 if n < 0 or not coins else change(n - coins[0], coins) + change(n, coins[1:])", "change(5, [1, 2, 5]) == 4", "change(n - coins[0], coins) => change(n - coins[0], coins[1:])"),
        ("def depth(x): return 1 + max(map(depth, x), default=0) if isinstance(x, list) else 0", "depth([1, [2, [3]]]) == 3 ;; depth([]) == 1", "default=0 => default=1"),
        ("def binary(xs, t, lo=0, hi=None):\n    hi = len(xs) if hi is None else hi\n    if lo >= hi: return -1\n    m = (lo + hi) // 2\n    if xs[m] == t: return m\n    return binary(xs, t, lo, m) if xs[m] > t else binary(xs, t, m + 1, hi)", "binary([1, 3, 5, 7], 7) == 3 ;; binary([1, 3], 2) == -1", "return -1 => return None"),
        ("def subsets(xs): return [[]] if not xs else [s + r for s in ([], [xs[0]]) for r in subsets(xs[1:])]", "sorted(subsets([1, 2])) == [[], [1], [1, 2], [2]]", "([], [xs[0]]) => ([xs[0]], [])[:1]"),
        ("def reverse(s): return s and reverse(s[1:]) + s[0]", "reverse('abc') == 'cba' ;; reverse('') == ''", "reverse(s[1:]) + s[0] => s[0] + reverse(s[1:])"),
        ("def queens(n, row=0, cols=()): return 1 if row == n else sum(queens(n, row + 1, cols + (c,)) for c in range(n) if all(c != d and abs(c - d) != row - r for r, d in enumerate(cols)))", "queens(4) == 2 ;; queens(5) == 10", "abs(c - d) != row - r => True"),
    ],
}
# fmt: on

CASES = [
    case(
        f"{kind} {at}",
        program,
        "\n".join(f"assert {each}" for each in asserted.split(" ;; ")),
        *twins,
    )
    for kind, problems in _KINDS.items()
    for at, (program, asserted, *twins) in enumerate(problems, 1)
]
