"""Parse the text of `--map`, from left to right."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from ttc.formats.mapping.grammar import MapSyntaxError, Test, Text, Value
from ttc.formats.paths import Path, Step

_OPERATORS = (">=", "<=", "==", "!=", ">", "<")
_WORDS = {"true": True, "false": False, "null": None}
_ENDS = ".,+:["


def parse_value(text: str) -> Value:
    """Parse the right side of one pair. MapSyntaxError."""
    scanner = _Scanner(text)
    value = scanner.value()
    if not scanner.ended:
        scanner.fail("a comma separates pairs; write \\, for one in a name")
    return value


def parse_pairs(text: str) -> Iterator[tuple[str, Value, str]]:
    """Yield the left side, the value and the text of each pair of a mapping. MapSyntaxError."""
    scanner = _Scanner(text)
    while True:
        scanner.skip(", \t\n")
        if scanner.ended:
            return
        begin = scanner.at
        ours = scanner.ours()
        value = scanner.value()
        yield ours, value, text[begin : scanner.at].strip()


class _Scanner:
    """Reads a mapping from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        raise MapSyntaxError(what, self.at if at is None else at)

    def skip(self, characters: str = " \t\n") -> None:
        while not self.ended and self.next in characters:
            self.at += 1

    def take(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def ours(self) -> str:
        begin = self.at
        end = re.compile(r"[=,]|$").search(self.text, begin)
        assert end is not None
        if end[0] != "=":
            self.fail("write OURS=THEIRS", begin)
        self.at = end.end()
        return self.text[begin : end.start()].strip()

    def value(self) -> Value:
        begin = self.at
        pieces = [self.piece()]
        while self.take("+"):
            pieces.append(self.piece())
        test = self.test() if self.next == ":" else None
        self.skip()
        if not self.ended and self.next != ",":
            self.fail(
                f"{self.text[self.at :]!r} does not belong here; write \\ before it in a name"
            )
        if len(pieces) == 1 and isinstance(pieces[0], Text):
            # A whole value in quotes is a field; texts stand beside fields.
            pieces = [Path((Step(pieces[0].text, "quoted"),))]
        if not any(isinstance(piece, Path) for piece in pieces):
            self.fail("name a field; these are texts only", begin)
        return Value(tuple(pieces), test, self.text[begin : self.at].strip())

    def piece(self) -> Path | Text:
        self.skip()
        begin = self.at
        steps: list[Step] = []
        if self.next in ('"', "'"):
            quoted = self.quoted()
            self.skip()
            if (following := self.more()) is None:
                return Text(quoted)
            steps += [Step(quoted, "quoted"), following]
        else:
            steps.append(self.bracket() if self.take("[") else self.step())
        while more := self.more():
            steps.append(more)
        return Path(tuple(steps), self.text[begin : self.at].strip())

    def more(self) -> Step | None:
        if self.take("."):
            return self.step()
        if self.take("["):
            return self.bracket()
        if re.compile(r":json(?=[.,+:\[\s]|$)").match(self.text, self.at):
            self.at += len(":json")
            return Step("", "json")
        if self.take(":after("):
            self.skip()
            if self.next not in ('"', "'"):
                self.fail('write after("TEXT")')
            mark = self.quoted()
            self.skip()
            if not mark or not self.take(")"):
                self.fail('write after("TEXT")')
            return Step(mark, "after")
        return None

    def bracket(self) -> Step:
        self.skip()
        if self.next in ('"', "'"):
            found = Step(self.quoted(), "quoted")
        else:
            end = self.text.find("]", self.at)
            inner = self.text[self.at : end if end >= 0 else None].strip()
            if inner != "*" and not re.fullmatch(r"-?[0-9]+", inner):
                self.fail('write [0], [*] or ["name"]')
            self.at += len(self.text[self.at : end])
            found = Step("*", "each") if inner == "*" else Step(inner)
        self.skip()
        if not self.take("]"):
            self.fail("a ] is missing")
        return found

    def step(self) -> Step:
        self.skip()
        if self.next in ('"', "'"):
            return Step(self.quoted(), "quoted")
        begin, text, escaped = self.at, "", False
        kept = 0  # characters up to here are no white space at the end
        while not self.ended and self.next not in _ENDS:
            if self.next == "\\" and self.at + 1 < len(self.text):
                self.at, escaped = self.at + 1, True
                text += self.next
                kept = len(text)
            else:
                text += self.next
                kept = len(text) if not self.next.isspace() else kept
            self.at += 1
        text = text[:kept]
        if not text:
            self.fail(self.expected(begin), begin)
        if text == "*" and not escaped:
            return Step("*", "each")
        # An escaped dot is in one name; the name may still join with its neighbours.
        return Step(text)

    def expected(self, at: int) -> str:
        before = self.text[:at].rstrip()[-1:]
        if before == ".":
            return "a name, a position or * is missing after the dot"
        if before == "+":
            return "a field or a text in quotes is missing after +; write \\+ for one in a name"
        return "the name of a field is missing"

    def quoted(self) -> str:
        mark, begin = self.next, self.at
        self.at += 1
        text = ""
        while not self.ended:
            if self.take(mark):
                return text
            if self.next == "\\" and self.at + 1 < len(self.text):
                text += self.escape()
            else:
                text += self.next
                self.at += 1
        return self.fail(f"the closing {mark} is missing", begin)

    def escape(self) -> str:
        following = self.text[self.at + 1]
        code = self.text[self.at + 2 : self.at + 6]
        if following == "u" and re.fullmatch("[0-9a-fA-F]{4}", code):
            self.at += 6
            return chr(int(code, 16))
        self.at += 2
        return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(following, following)

    def test(self) -> Test:
        begin = self.at
        self.at += 1
        self.skip()
        operator = next((each for each in _OPERATORS if self.take(each)), None)
        if operator is None:
            self.fail(
                'after : comes >, >=, <, <=, == or != with a value, json, or after("TEXT"); '
                "write \\: for one in a name",
                begin,
            )
        self.skip()
        return Test(operator, self.operand(operator))

    def operand(self, operator: str) -> Any:
        begin = self.at
        if self.next in ('"', "'"):
            operand: Any = self.quoted()
        else:
            found = re.compile(r"[^,]*").match(self.text, begin)
            word = found[0].strip() if found else ""
            self.at += len(found[0]) if found else 0
            operand = _number(word) if word not in _WORDS else _WORDS[word]
        number = isinstance(operand, (int, float)) and not isinstance(operand, bool)
        if operator not in ("==", "!=") and not number:
            self.fail(f"{operator} compares with a number", begin)
        if operand == "" and self.text[begin : begin + 1] not in ('"', "'"):
            self.fail(f"a value is missing after {operator}", begin)
        return operand


def _number(word: str) -> int | float | str:
    """Return a finite number, or the word itself."""
    try:
        return int(word) if re.fullmatch(r"[-+]?\d{1,18}", word) else _finite(float(word))
    except ValueError:
        return word


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError
    return number
