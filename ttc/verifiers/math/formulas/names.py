r"""Finds the names in a formula, so that a parser of arithmetic neither drops nor multiplies them.

x', \hat{x}, A^T, \frac{dy}{dx} and f(x+1) are not x, A, a quotient of products or a product. Each
is replaced by one symbol, whose name is a digest of the original; a `Name` says what it stands for.
"""

from __future__ import annotations

import re

from ttc.verifiers.math.formulas.brackets import argument, closing, pieces
from ttc.verifiers.math.formulas.derivatives import derivative
from ttc.verifiers.math.formulas.symbols import (
    ACCENTS,
    ADJOINT,
    BINDER,
    CONSTANTS,
    DIFFERENCE,
    FUNCTIONS,
    INDEX,
    INVERSE,
    LETTER,
    LONE,
    MATRIX,
    ORDER,
    PRIMES,
    RAISED,
    STATEMENT,
    TOKEN,
    TRANSPOSED,
    UNIT_VECTORS,
    WRAPPED,
    Name,
    plain_vectors,
)


def replaced(latex: str) -> tuple[str, dict[str, Name]]:
    """Return a formula with symbols for its names, and what each of the symbols stands for."""
    reader = _Reader(latex)
    return reader.text(), reader.names


class _Reader:
    """One pass over a formula, from left to right."""

    def __init__(self, latex: str) -> None:
        self._latex, self._at = latex, 0
        self._binds = bool(BINDER.search(latex))
        self._indices = set(INDEX.findall(latex))
        self._plain_vectors = plain_vectors(latex)
        self.names: dict[str, Name] = {}

    def text(self) -> str:
        written = ""
        while self._at < len(self._latex):
            piece = self._next()
            if piece.startswith("K_{z") and re.search(r"[A-Za-z^]$", written):
                piece = f"{{{piece}}}" if written.endswith("^") else f" {piece}"
            written += piece
        return written

    def _next(self) -> str:
        found = TOKEN.match(self._latex, self._at)
        assert found is not None  # `skip` matches everything
        start, self._at = self._at, found.end()
        if found["letter"]:
            return self._named(found[0])
        for kind, attempt in (
            ("derivative", self._derivative),
            ("accent", self._accented),
            ("function", self._function),
            ("norm", self._norm),
        ):
            if found[kind]:
                name = attempt(found[kind])
                if name is not None:
                    return name
                self._at = found.end()
        skipped = found[0] in ("_", r"\begin", r"\end")  # what is in a subscript is no formula
        if skipped and (content := argument(self._latex, self._at)) is not None:
            self._at = content[1]
        factor = found[0] == r"\pi" and self._before("(")
        return self._latex[start : self._at] + (r"\cdot " if factor else "")

    def _symbol(self, name: Name, power: str = "") -> str:
        self.names[name.symbol] = name
        # Behind it, a bracket is a factor.
        return name.symbol + power + (r"\cdot " if self._before("(") else "")

    def _before(self, text: str) -> bool:
        return self._latex[self._at :].lstrip(" ").startswith(text)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        if (found := pattern.match(self._latex, self._at)) is not None:
            self._at = found.end()
        return found

    def _named(self, letter: str, accents: str = "") -> str:
        """Return what to write for a letter and all that belongs to it."""
        if self._plain_vectors and letter in UNIT_VECTORS and not accents:
            accents = "vec "
        base = letter
        if letter == r"\Delta" and (changed := self._take(DIFFERENCE)):
            base = f"Delta {changed[1]}"  # no product
        if accents.startswith(("vec", "hat")) and letter in UNIT_VECTORS:
            accents, base = "unit ", UNIT_VECTORS[letter]
        subscript = self._subscript()
        marks = self._marks(letter, accents)
        subscript = subscript or self._subscript()
        whole = accents + base + (f"_{subscript}" if subscript else "") + marks
        inner = self._arguments(letter)
        if inner is not None and self._applied(letter, marks, inner):
            return self._application(whole, inner)
        if subscript and self._indices & set(subscript):
            return self._bound(accents + base + "_" + marks, subscript)
        simple = not accents and not marks
        if (simple and len(subscript) < 3 and subscript.isalnum()) or whole == letter:
            written = letter + (f"_{{{subscript}}}" if subscript else "")
            pad = " " if letter.startswith("\\") and not subscript else ""
            return written + pad + (r"\cdot " if inner is not None else "")
        return self._symbol(Name(whole))

    def _subscript(self) -> str:
        rest = self._latex[self._at :].lstrip(" ")
        if not rest.startswith("_"):
            return ""
        at = len(self._latex) - len(rest) + 1
        if (found := argument(self._latex, at)) is None:
            return ""
        self._at = found[1]
        return WRAPPED.sub("", found[0])

    def _marks(self, letter: str, accents: str) -> str:
        """Read the primes, transposes and the like behind a name."""
        marks = ""
        while True:
            if primes := self._take(PRIMES):
                marks += "'" * (len(primes[1] or "") or len(re.findall(r"\\prime|'", primes[2])))
            elif order := self._take(ORDER):
                marks += "'" * int(order[1]) if order[1].isdigit() else f"({order[1]})"
            elif (MATRIX.fullmatch(letter) or accents) and self._take(TRANSPOSED):
                marks += "^T"
            elif adjoint := self._take(ADJOINT):
                marks += "^" + {r"\dag": r"\dagger", "*": r"\ast"}.get(adjoint[1], adjoint[1])
            elif self._take(INVERSE):
                marks += "^{-1}"
            else:
                return marks

    def _arguments(self, letter: str = "") -> str | None:
        """Return what is in the round brackets that follow (or the square ones, of an expectation
        E[X]), or None; reading stays before them."""
        at = self._at
        while self._latex[at : at + 1] == " ":
            at += 1
        if self._latex[at : at + 1] != "(" and (letter, self._latex[at : at + 1]) != ("E", "["):
            return None
        end = closing(self._latex, at)
        return None if end is None else self._latex[at + 1 : end].strip()

    def _applied(self, letter: str, marks: str, inner: str) -> bool:
        if letter in CONSTANTS:
            return False
        return bool(
            letter in FUNCTIONS
            or self._before("[")
            or "'" in marks
            or marks == "^{-1}"
            or LONE.fullmatch(inner)
            or STATEMENT.search(inner)
        )

    def _application(self, function: str, inner: str) -> str:
        at = min(self._latex.find(bracket, self._at) % 10_000 for bracket in "([")
        self._at = (closing(self._latex, at) or at) + 1
        parts = pieces(inner)
        if function == "C" and len(parts) == 2:
            return rf"\binom{{{parts[0]}}}{{{parts[1]}}}"
        name = Name(function, parts)
        return self._bound(function, inner) if self._binds else self._symbol(name)

    def _bound(self, function: str, inner: str) -> str:
        """Return a function of the letters in its argument, which a sum or an integral may bind."""
        compact = re.sub(r"\s", "", inner)
        letters = list(dict.fromkeys(re.findall(r"(?<![\\A-Za-z])[A-Za-z]", compact)))
        name = Name(function if [compact] == letters else f"{function} of {compact}")
        if not letters:
            return self._symbol(Name(function, pieces(inner)))
        self.names[name.symbol] = name
        return f"{name.symbol}({','.join(letters)})"

    def _accented(self, accent: str) -> str | None:
        mark = ACCENTS[accent]
        found = argument(self._latex, self._at)
        if found is None:
            return None
        content, self._at = found
        while inner := re.fullmatch(
            rf"\\({'|'.join(ACCENTS)})(?![A-Za-z]) ?(?:\{{(.*)\}}|(\w))", content
        ):
            content = inner[2] or inner[3] or ""
            mark = ACCENTS[inner[1]] if mark == "vec" else mark
        if re.fullmatch(LETTER, content):
            return self._named(content, f"{mark} ")
        compact = re.sub(r"\s", "", content)
        if mark == "bar" and not re.fullmatch(r"[A-Z]{2}", compact):
            return self._symbol(Name("bar", (content,)))
        if mark == "vec" and compact.isdigit():
            return content
        return self._symbol(Name(f"{mark} {compact}"))

    def _function(self, command: str) -> str | None:
        name = command.lstrip("\\")
        if name.startswith("operatorname"):
            found = argument(self._latex, self._at)
            if found is None:
                return None
            name, self._at = WRAPPED.sub("", found[0]), found[1]
        raised = self._take(RAISED)
        power = "" if raised is None else f"^{{{raised[1] or raised[2]}}}"
        inner = self._arguments()
        if inner is not None:
            at = self._latex.index("(", self._at)
            self._at = (closing(self._latex, at) or at) + 1
            return self._symbol(Name(name, pieces(inner)), power)
        found = argument(self._latex, self._at)
        if found is None or not found[0]:
            return None
        content, self._at = found
        if re.fullmatch(r"\\[A-Za-z]+", content) and content[1:] in ACCENTS:
            inside = argument(self._latex, self._at)
            if inside is None:
                return None
            content, self._at = f"{content}{{{inside[0]}}}", inside[1]
        return self._symbol(Name(name, (content,)), power)

    def _norm(self, _: str) -> str | None:
        end = self._latex.find(r"\|", self._at)
        if end < 0:
            return None
        content, self._at = self._latex[self._at : end].strip(), end + 2
        return self._symbol(Name("norm", (content,)))

    def _derivative(self, _: str) -> str | None:
        found = derivative(self._latex, self._at)
        if found is None:
            return None
        name, self._at = found
        return self._symbol(name)
