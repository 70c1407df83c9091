"""Ways to write something else in place of a reference in LaTeX: each always has another value."""

from __future__ import annotations

import random
import re

from rewriting_ways import (
    ATOM,
    INTEGER,
    NAMES,
    TUPLE,
    Rewrite,
    alone,
    answers_in,
    fraction,
    number,
    swap,
)

WORDS = (
    "yes",
    "no",
    "red",
    "Monday",
    "ellipse",
    "north",
    "Anna",
    "seven",
    "odd",
    "prime",
    "square",
    "a circle",
    "a line",
    "a parabola",
    "June",
    "left",
    "Paris",
    "both",
    "neither",
    "copper",
)


def _other_number(gold: str, chance: random.Random) -> str | None:
    if re.search(r"\^\{?\\circ|_|\\text|\\frac \d", gold) or re.fullmatch(
        r"[^a-zA-Z]*=[^a-zA-Z]*", gold
    ):
        return None
    found = list(INTEGER.finditer(gold))
    if not found:
        return None
    at = chance.choice(found)
    return gold[: at.start()] + str(int(at[1]) + chance.randint(1, 60)) + gold[at.end() :]


def _negated(gold: str, _: random.Random) -> str | None:
    if not re.fullmatch(rf"-?(?:{ATOM}|\d+\\sqrt\{{\d+\}}|\d+\.\d+)", gold) or gold == "0":
        return None
    return gold[1:] if gold[0] == "-" else f"-{gold}"


def _turned(a: int, b: int, _: random.Random) -> str | None:
    return None if a in (0, b) else rf"\frac{{{b}}}{{{a}}}"


def _digit(value: int, chance: random.Random) -> str | None:
    digits = str(abs(value))
    if len(digits) < 2:
        return None
    at = chance.randrange(len(digits))
    left = int(digits[:at] + digits[at + 1 :])
    return None if left == value else str(left)


def _less(gold: str, chance: random.Random) -> str | None:
    parts = answers_in(gold)
    if parts is None or len({*parts}) < len(parts):
        return None
    parts.pop(chance.randrange(len(parts)))
    return ", ".join(parts)


def _more(gold: str, chance: random.Random) -> str | None:
    parts = answers_in(gold)
    return None if parts is None else ", ".join([*parts, str(chance.randint(1000, 9999))])


def _tuple_order(gold: str, _: random.Random) -> str | None:
    found = TUPLE.fullmatch(gold)
    if not found or r"\infty" in gold or "{" in re.sub(r"\\\w+(\{\w+\})+", "", found[1]):
        return None
    parts = [part.strip() for part in found[1].split(",")]
    turned = parts[::-1]
    return f"({', '.join(turned)})" if len(parts) > 1 and turned != parts else None


def _interval(gold: str, _: random.Random) -> str | None:
    found = re.fullmatch(r"([(\[])([^()\[\]]+,[^()\[\]]*)([)\]])", gold)
    if not found or gold.count(",") != 1:
        return None
    if r"\infty" not in gold and found[1] == "(" and found[3] == ")":
        return None  # may be a point
    if r"\infty" not in found[2].split(",")[0]:
        return {"(": "[", "[": "("}[found[1]] + found[2] + found[3]
    return None


def _letter(gold: str, chance: random.Random) -> str | None:
    letters = re.findall(r"(?<![\\a-zA-Z])[a-z](?![a-zA-Z])", gold)
    if not letters or re.search(r"\\text|=", gold):
        return None
    old = chance.choice(letters)
    new = chance.choice([each for each in "abcmnpqrtuvwxyz" if each not in letters])
    return re.sub(rf"(?<![\\a-zA-Z]){old}(?![a-zA-Z])", new, gold)


def _word(gold: str, chance: random.Random) -> str | None:
    found = NAMES.fullmatch(gold)
    word = chance.choice(WORDS)
    return rf"\text{{{word}}}" if found and found[1].casefold() != word.casefold() else None


def _denied(gold: str, _: random.Random) -> str | None:
    found = NAMES.fullmatch(gold)
    return rf"\text{{not {found[1]}}}" if found else None


def _rounded(a: int, b: int, _: random.Random) -> str | None:
    return None if 10**6 * a % b == 0 else f"{a / b:.4f}"


def _sum_of(form: str) -> Rewrite:
    """Return the way that writes a reference that is one expression in a form."""
    one = rf"-?(?:\d+\.?\d*|{ATOM}|\d+{ATOM})(?: ?[+-] ?\d*{ATOM})*"
    return lambda gold, _: form.replace("X", gold) if re.fullmatch(one, gold) else None


def _beside(gold: str, chance: random.Random) -> str | None:
    # A letter and a number may be an option and its value.
    option = re.fullmatch(r"\\text\{\(?[A-J]\)?\}", gold)
    return None if option else f"{gold}, {chance.randint(1000, 9999)}"


def _absolute(gold: str, _: random.Random) -> str | None:
    linear = r"-?\d*[a-z](?: ?[+-] ?\d*[a-z]?)+"
    one = re.fullmatch(rf"-(?:{ATOM})|{linear}", gold)
    return rf"\left|{gold}\right|" if one else None


def _transposed(gold: str, _: random.Random) -> str | None:
    return f"{gold}^T" if "matrix" in gold and gold.count("\\\\") == 2 else None


def _no_point(gold: str, _: random.Random) -> str | None:
    return gold.replace(".", "") if re.fullmatch(r"-?\d+\.\d+", gold) else None


OTHER: dict[str, Rewrite] = {
    "its absolute value": _absolute,
    "transposed": _transposed,
    "no decimal point": _no_point,
    "another number": _other_number,
    "the other sign": _negated,
    "numerator and denominator swapped": alone(fraction(_turned)),
    "one more": number(lambda n, chance: str(n + chance.choice([-1, 1]))),
    "ten times": number(lambda n, _: f"{n}0" if n else None),
    "a digit less": number(_digit),
    "a tenth more": number(lambda n, _: f"{n}.1"),
    "a half more": number(lambda n, _: rf"{n}\frac{{1}}{{2}}"),
    "its square root": number(lambda n, _: rf"\sqrt{{{n}}}" if n > 1 else None),
    "its square": number(lambda n, _: f"{n}^2" if n > 1 else None),
    "times pi": number(lambda n, _: rf"{n}\pi" if n else None),
    "times i": number(lambda n, _: f"{n}i" if n else None),
    "times x": number(lambda n, _: f"{n}x" if n else None),
    "a factorial": number(lambda n, _: f"{n}!" if 2 < n < 1000 else None),
    "one over it": number(lambda n, _: rf"\frac{{1}}{{{n}}}" if n > 1 else None),
    "a bound": number(lambda n, _: rf"x \ge {n}"),
    "an interval": number(lambda n, _: f"[{n}, {n + 5})"),
    "plus or minus": number(lambda n, _: rf"\pm {n}" if n else None),
    "a pair": number(lambda n, _: f"({n}, {n})"),
    "no root": swap(r"\\sqrt\{(\d+)\}", r"\1"),
    "no pi": swap(r"\\pi", ""),
    "a rounded decimal": alone(fraction(_rounded)),
    "an answer less": _less,
    "an answer more": _more,
    "a tuple in another order": _tuple_order,
    "the other bracket": _interval,
    "another letter": _letter,
    "another word": _word,
    "its denial": _denied,
    "an answer beside it": _beside,
    "another number instead": lambda _, chance: str(chance.randint(10**6, 10**7)),
    "another function": lambda _, chance: rf"\sin({chance.randint(2, 99)}x)",
    "a dozen": number(lambda n, _: f"{n} dozen" if n else None),
    "an answer more than one": number(lambda n, _: f"{n}, {n + 7}"),
    "one of two": number(lambda n, _: rf"{n} \text{{ or }} {n + 7}"),
    "one more than it": _sum_of(r"1 + \left(X\right)"),
    "more than its square": _sum_of(r"\left(X\right)^2 + 1"),
    "an approximation": number(lambda n, _: rf"\approx {n}.4"),
    "a modulus": number(lambda n, _: rf"{n} \pmod{{{abs(n) + 7}}}"),
    "a percent of it": number(lambda n, _: rf"\frac{{{n}}}{{100}}" if n else None),
    "a sum with a letter": number(lambda n, _: f"{n} + x"),
}
