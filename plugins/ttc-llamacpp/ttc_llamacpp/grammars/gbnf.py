"""Read GBNF, the grammars of llama.cpp, and say where one is wrong.

llama.cpp prints its complaints to stderr without a place, takes an upper bound above 2,000 for
none, and never returns from an upper bound below the lower one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ttc_llamacpp.grammars.errors import GrammarError

# llama.cpp's MAX_REPETITION_THRESHOLD.
MOST_REPEATS = 1999
_DEEPEST = 100
_MOST_WRITTEN = 1_000_000

_HEX = {"x": 2, "u": 4, "U": 8}
_ESCAPES = 'trn\\"[]-'


class Item(NamedTuple):
    """A part of an alternative: the rule it refers to ("" for characters and tokens), whether it
    may be left out, how often llama.cpp writes it out, and where it is."""

    rule: str
    at: int
    optional: bool = False
    times: int = 1


Alternative = list[Item]


@dataclass(slots=True)
class Reader:
    """A scan over the text of a grammar, from left to right."""

    text: str
    at: int = 0
    rules: dict[str, list[Alternative]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    tokens: list[tuple[str, int]] = field(default_factory=list)

    def read(self) -> None:
        self.space(lines=True)
        while self.at < len(self.text):
            self.rule()

    def error(self, what: str, at: int | None = None) -> GrammarError:
        return GrammarError(f"{_place(self.text, self.at if at is None else at)}: {what}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def space(self, *, lines: bool) -> None:
        while (char := self.peek()) and char in (" \t\r\n#" if lines else " \t#"):
            if char == "#":
                ends = [self.text.find(end, self.at) for end in "\r\n"]
                self.at = min((end for end in ends if end >= 0), default=len(self.text))
            else:
                self.at += 1

    def name(self) -> str:
        start = self.at
        while (char := self.peek()) and (char == "-" or (char.isascii() and char.isalnum())):
            self.at += 1
        return self.text[start : self.at]

    def rule(self) -> None:
        start = self.at
        if not (name := self.name()):
            if self.peek() == "|":
                raise self.error("'|' belongs at the end of the line before, or in a group")
            raise self.error("a rule begins with its name, of letters, digits and -")
        self.space(lines=False)
        if not self.text.startswith("::=", self.at):
            hint = "; names have no underscores" if self.peek() == "_" else ""
            raise self.error(f"::= is missing after {name!r}{hint}")
        if name in self.rules:
            raise self.error(f"the rule {name!r} is defined twice", start)
        self.at += 3
        self.space(lines=True)
        self.starts[name] = start
        self.rules[name] = self.alternatives(0)
        if (end := self.peek()) and end not in "\r\n":
            what = "the group is not opened" if end == ")" else "a rule ends with its line"
            raise self.error(f"{end!r} is not expected here; {what}")
        self.space(lines=True)

    def alternatives(self, depth: int) -> list[Alternative]:
        found = [self.sequence(depth)]
        while self.peek() == "|":
            self.at += 1
            self.space(lines=True)
            found.append(self.sequence(depth))
        return found

    def sequence(self, depth: int) -> Alternative:
        found: Alternative = []
        while (char := self.peek()) and char not in "|)\r\n":
            start, begins = self.at, len(found)
            found += self.item(char, depth)
            self.space(lines=depth > 0)
            while (char := self.peek()) and char in "*+?{":
                least, most = self.repeat(char, nothing=begins == len(found))
                self.space(lines=depth > 0)
                self.limit(least, most, start)
                found[begins:] = [
                    item._replace(
                        optional=item.optional or not least,
                        times=item.times * max(least, most or 1, 1),
                    )
                    for item in found[begins:]
                ]
        return found

    def item(self, char: str, depth: int) -> Alternative:
        start = self.at
        if char == '"':
            return [Item("", start)] if self.literal() else []
        if char == "[":
            self.characters()
            return [Item("", start)]
        if char == "(":
            return self.group(depth)
        if char == ".":
            self.at += 1
            return [Item("", start)]
        if char in "<!":
            self.token()
            return [Item("", start)]
        if char in "*+?{":
            raise self.error(f"nothing stands before {char!r} to repeat")
        if not (name := self.name()):
            hint = "; names have no underscores" if char == "_" else ""
            raise self.error(f"{char!r} is not expected here{hint}")
        return [Item(name, start)]

    def group(self, depth: int) -> Alternative:
        start = self.at
        if depth >= _DEEPEST:
            raise self.error(f"groups are nested more than {_DEEPEST} deep")
        self.at += 1
        self.space(lines=True)
        inner = self.alternatives(depth + 1)
        if self.peek() != ")":
            raise self.error("the group that opens here is not closed", start)
        self.at += 1
        self.groups += 1
        name = f"({self.groups}"
        self.rules[name], self.starts[name] = inner, start
        return [Item(name, start)]

    def literal(self) -> bool:
        """Skip a literal; return whether it has a character."""
        start = self.at
        self.at += 1
        while (char := self.peek()) and char != '"':
            self.character()
        if not char:
            raise self.error("the literal that begins here is not closed", start)
        self.at += 1
        return self.at > start + 2

    def characters(self) -> None:
        start = self.at
        self.at += 2 if self.text.startswith("^", self.at + 1) else 1
        empty = True
        while (char := self.peek()) and char != "]":
            low = self.character()
            empty = False
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                if self.character() < low:
                    raise self.error("a range begins after its end", start)
        if not char:
            raise self.error("the class that begins here is not closed", start)
        if empty:
            raise self.error("a class without characters", start)
        self.at += 1

    def character(self) -> int:
        char = self.peek()
        if char == "\0":
            raise self.error("NUL cannot stand in a grammar")
        if char != "\\":
            self.at += 1
            return ord(char)
        kind = self.text[self.at + 1 : self.at + 2]
        if size := _HEX.get(kind):
            digits = self.text[self.at + 2 : self.at + 2 + size]
            if len(digits) < size or any(each not in "0123456789abcdefABCDEF" for each in digits):
                raise self.error(f"\\{kind} needs {size} hexadecimal digits")
            self.at += 2 + size
            return int(digits, 16)
        if not kind or kind not in _ESCAPES:
            known = r"\x \u \U \t \r \n \\ \" \[ \] \-"
            raise self.error(f"\\{kind} is no escape of GBNF; it has {known}")
        self.at += 2
        return ord(kind)

    def token(self) -> None:
        start = self.at
        self.at += 1 if self.peek() == "!" else 0
        end = self.text.find(">", self.at)
        if self.peek() != "<" or end < 0 or "\n" in self.text[self.at : end]:
            raise self.error("a token is written <name> or <[id]>", start)
        self.tokens.append((self.text[self.at : end + 1], start))
        self.at = end + 1

    def repeat(self, char: str, *, nothing: bool) -> tuple[int, int | None]:
        if nothing:
            raise self.error(f"nothing stands before {char!r} to repeat")
        start = self.at
        self.at += 1
        if char != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        end = self.text.find("}", self.at)
        first, comma, last = self.text[self.at : max(end, self.at)].partition(",")
        parts = [part.strip(" \t\r\n") for part in (first, last)]
        if end < 0 or not _whole(parts[0]) or not (_whole(parts[1]) or not parts[1]):
            raise self.error("a repetition is written {m}, {m,} or {m,n}", start)
        self.at = end + 1
        least = int(parts[0])
        most = (int(parts[1]) if parts[1] else None) if comma else least
        return least, most

    def limit(self, least: int, most: int | None, start: int) -> None:
        if most is not None and most < least:
            raise self.error(f"a repetition from {least} to {most} is none", start)
        if max(least, most or 0) > MOST_REPEATS:
            raise self.error(f"llama.cpp repeats at most {MOST_REPEATS} times", start)
        if max(least, most or 0) * (self.at - start) > _MOST_WRITTEN:
            raise self.error("a repetition of so long a part is too large", start)


def _whole(text: str) -> bool:
    return len(text) <= 9 and text.isascii() and text.isdigit()


def _place(text: str, at: int) -> str:
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
