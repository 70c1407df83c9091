"""Ways to write a reference in LaTeX differently, with the same value."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

# A way to rewrite a reference; None where it does not apply.
Rewrite = Callable[[str, random.Random], str | None]


INTEGER = re.compile(r"(?<![\w.\\^_{/])(?<!\d,)(\d+)(?![\w.\\^/]|,\d)")
WHOLE = re.compile(r"-?\d+")
FRACTION = re.compile(r"\\d?frac\{(\d+)\}\{(\d+)\}")
ATOM = r"(?:\d+|[a-z]|\\pi|\\d?frac\{\d+\}\{\d+\}|\\sqrt\{\d+\})"
SUM = re.compile(rf"(\d*{ATOM}(?:\^\{{?\d\}}?)?) ?\+ ?(\d*{ATOM})")
TUPLE = re.compile(r"(?:\\left)?\(([^()\[\]]+)(?:\\right)?\)")
NAMES = re.compile(r"\\text\{([A-Za-z ]+)\}")


def swap(pattern: str, by: str) -> Rewrite:
    """Return the way that puts `by` for each match of a pattern."""

    def way(gold: str, _: random.Random) -> str | None:
        return re.sub(pattern, by, gold) if re.search(pattern, gold) else None

    return way


def around(form: str) -> Rewrite:
    """Return the way that writes the whole reference in a form."""
    return lambda gold, _: form.replace("X", gold)


def number(change: Callable[[int, random.Random], str | None]) -> Rewrite:
    """Return the way that writes a reference that is an integer in another way."""

    def way(gold: str, chance: random.Random) -> str | None:
        return change(int(gold), chance) if WHOLE.fullmatch(gold) else None

    return way


def fraction(change: Callable[[int, int, random.Random], str | None]) -> Rewrite:
    """Return the way that writes a fraction of integers in another way."""

    def way(gold: str, chance: random.Random) -> str | None:
        found = FRACTION.search(gold)
        if not found:
            return None
        new = change(int(found[1]), int(found[2]), chance)
        return None if new is None else gold[: found.start()] + new + gold[found.end() :]

    return way


def _decimal(a: int, b: int, _: random.Random) -> str | None:
    exact = next((d for d in range(6) if 10**d * a % b == 0), None)
    return None if exact is None else f"{a / b:.{exact}f}"


def _expanded(a: int, b: int, chance: random.Random) -> str:
    by = chance.randint(2, 9)
    return rf"\frac{{{a * by}}}{{{b * by}}}"


def alone(change: Rewrite) -> Rewrite:
    """Restrict a way to references that are one fraction of integers, with or without a sign."""
    return lambda gold, chance: (
        change(gold, chance) if re.fullmatch(rf"-?{FRACTION.pattern}", gold) else None
    )


def _sum(gold: str, _: random.Random) -> str | None:
    found = SUM.fullmatch(gold)
    return f"{found[2]} + {found[1]}" if found else None


def answers_in(gold: str) -> list[str] | None:
    """Return the parts of a plain list of answers, without brackets around or in them."""
    parts = [part.strip() for part in gold.split(",")]
    plain = all(
        part and not re.search(r"[()\[\]=]|\\text|\\begin|\\in|\\!|\\[{}]", part) for part in parts
    )
    return parts if plain and len(parts) > 1 and not re.search(r"\d,\d{3}\b", gold) else None


def _list_order(gold: str, chance: random.Random) -> str | None:
    if (parts := answers_in(gold)) is None:
        return None
    chance.shuffle(parts)
    return chance.choice([", ", ",", " and "] if len(parts) == 2 else [", ", ","]).join(parts)


def _union_order(gold: str, _: random.Random) -> str | None:
    parts = gold.split(r"\cup")
    return r" \cup ".join(part.strip() for part in reversed(parts)) if len(parts) > 1 else None


SAME: dict[str, Rewrite] = {
    "dollars": around("$X$"),
    "boxed": around(r"\boxed{X}"),
    "a point behind": around("X."),
    "display style": around(r"\displaystyle X"),
    "spaces around": around("  X "),
    "thin space before": around(r"\,X"),
    "braces": around("{X}"),
    "dfrac": swap(r"\\frac(?=\{)", r"\\dfrac"),
    "tfrac": swap(r"\\frac(?=\{)", r"\\tfrac"),
    "frac without braces": swap(r"\\frac\{(\d)\}\{(\d)\}", r"\\frac\1\2"),
    "a slash": alone(swap(FRACTION.pattern, r"\1/\2")),
    "root without braces": swap(r"\\sqrt\{(\d)\}", r"\\sqrt\1"),
    "left and right": swap(r"(?<!\\left)\(([^()]*)(?<!\\right)\)", r"\\left(\1\\right)"),
    "no left and right": swap(r"\\(?:left|right)\s*(?=[()\[\]])", ""),
    "unicode minus": swap("-", "−"),
    "no spaces": swap(r"(?<![a-zA-Z]) (?![a-zA-Z])", ""),
    "spaces at signs": swap(r"(?<=[\w)}])\s?([+-])\s?(?=[\w\\(])", r" \1 "),
    "thin spaces": lambda gold, _: r",\; ".join(answers_in(gold) or [gold]),
    "pi as a character": swap(r"\\pi(?![a-z])", "π"),
    "degree sign": swap(r"\^\{?\\circ\}?", "°"),
    "no text": swap(r"^\\text\{([A-Za-z]+)\}$", r"\1"),
    "textbf": swap(r"\\text\{([A-Za-z]+)\}", r"\\textbf{\1}"),
    "mathrm": swap(r"\\text\{([A-Za-z]+)\}", r"\\mathrm{\1}"),
    "another matrix": swap(r"\{pmatrix\}", "{bmatrix}"),
    "plus infinity": swap(r"(?<![-+])\\infty", r"+\\infty"),
    "root as a power": swap(r"(?<!\d)(?<!\d )\\sqrt\{(\d+)\}", r"\1^{1/2}"),
    "a dot for a product": swap(r"(?<=\d) ?(?=\\sqrt|\\pi)", r" \\cdot "),
    "power in braces": swap(r"\^(\d)(?!\d)", r"^{\1}"),
    "power without": swap(r"\^\{(\d)\}", r"^\1"),
    "decimal": alone(fraction(_decimal)),
    "not lowest terms": fraction(_expanded),
    "trailing zeros": number(lambda n, chance: f"{n}." + "0" * chance.randint(1, 3)),
    "thousands": number(lambda n, _: f"{n:,}" if abs(n) >= 1000 else None),
    "thousands in TeX": number(
        lambda n, _: f"{n:,}".replace(",", "{,}") if abs(n) >= 1000 else None
    ),
    "over one": number(lambda n, _: rf"\frac{{{n}}}{{1}}"),
    "a sum": number(lambda n, chance: f"{n - (k := chance.randint(1, 9))} + {k}"),
    "a quotient": number(lambda n, chance: rf"\frac{{{n * (k := chance.randint(2, 9))}}}{{{k}}}"),
    "x is": number(lambda n, chance: f"{chance.choice('xnkN')} = {n}"),
    "a sum turned round": _sum,
    "a list in another order": _list_order,
    "a union in another order": _union_order,
}
