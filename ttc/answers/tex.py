r"""TeX's own reading of arguments: `\frac12`, `\frac a b`, `\sqrt2x`, `{a \over b}` get braces."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"\\(?:frac|binom|sqrt)(?![A-Za-z])")
_ARGUMENTS = {"frac": 2, "binom": 2, "sqrt": 1}
_WORD = re.compile(r"\\[A-Za-z]+")
_INFIX = re.compile(r"\\(over|choose)(?![A-Za-z])")
_INFIXES = {"over": "frac", "choose": "binom"}
_RAISED = re.compile(r"([_^]) ?(?=\\(?:frac|sqrt|pi|infty|alpha|beta|theta|circ)(?![A-Za-z]))")


def braced(text: str) -> str:
    r"""Return a formula with braces around the arguments of `\frac`, `\binom` and `\sqrt`."""
    if r"\over" in text or r"\choose" in text:
        text = _prefixed(text)
    for command in reversed(list(_COMMAND.finditer(text))):
        text = _with_braces(text, command)
    for mark in reversed(list(_RAISED.finditer(text))):
        if (found := _argument(text, mark.end())) is not None:
            content, end = found
            text = f"{text[: mark.start()]}{mark[1]}{{{content}}}{text[end:]}"
    return text


def unwrapped(text: str, command: re.Pattern[str]) -> str:
    r"""Return a text without the commands that a pattern finds, each `\name{`, and their braces.

    Braces around all of a text go too. Content with an operator keeps its braces, unless it is
    the whole text: `\underline{x+1}^2` is a square.
    """
    for found in reversed(list(command.finditer(text))):
        if (end := group_end(text, found.end() - 1)) is not None:
            content = text[found.end() : end - 1]
            whole = not text[: found.start()].strip() and not text[end:].strip()
            kept = not whole and re.search(r"[-+{]", content)
            inside = f"{{{content}}}" if kept else f" {content} "
            text = f"{text[: found.start()]}{inside}{text[end:]}"
    stripped = text.strip()
    whole = stripped.startswith("{") and group_end(stripped, 0) == len(stripped)
    return stripped[1:-1] if whole else text


def group_end(text: str, start: int) -> int | None:
    """Return the offset behind the brace that closes the one at `start`, or None."""
    depth = 0
    escaped = False
    for at in range(start, len(text)):
        if escaped:
            escaped = False
        elif text[at] == "\\":
            escaped = True
        elif text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at + 1
    return None


def _with_braces(text: str, command: re.Match[str]) -> str:
    name, at = command[0][1:], command.end()
    option = ""
    if name == "sqrt" and (root := re.compile(r" ?\[([^\[\]]*)\]").match(text, at)):
        option, at = f"[{root[1].strip()}]", root.end()
    contents = []
    for _ in range(_ARGUMENTS[name]):
        if (found := _argument(text, at)) is None:
            return text
        content, at = found
        contents.append(f"{{{content}}}")
    return f"{text[: command.start()]}\\{name}{option}{''.join(contents)}{text[at:]}"


def _argument(text: str, at: int) -> tuple[str, int] | None:
    """Return the content of the argument at an offset, without braces, and where it ends."""
    while at < len(text) and text[at] == " ":
        at += 1
    if at == len(text):
        return None
    if text[at] == "{":
        end = group_end(text, at)
        return None if end is None else (text[at + 1 : end - 1], end)
    if word := _WORD.match(text, at):
        end = word.end()
        # The arguments of this command have their braces already: calls are read from the right.
        for _ in range(_ARGUMENTS.get(word[0][1:], 0)):
            if end < len(text) and text[end] == "[":
                end = text.find("]", end) + 1 or end
            closed = group_end(text, end) if text[end : end + 1] == "{" else None
            if closed is None:
                return None
            end = closed
        return text[at:end], end
    return (text[at], at + 1) if text[at].isalnum() else None


def _prefixed(text: str) -> str:
    r"""Turn `{a \over b}` into `\frac{a}{b}`, the innermost first."""
    for infix in reversed(list(_INFIX.finditer(text))):
        start, end = _group_around(text, infix.start())
        top, bottom = text[start : infix.start()].strip(), text[infix.end() : end].strip()
        around = 1 if start and end < len(text) else 0
        text = (
            f"{text[: start - around]}\\{_INFIXES[infix[1]]}{{{top}}}{{{bottom}}}"
            f"{text[end + around :]}"
        )
    return text


def _group_around(text: str, at: int) -> tuple[int, int]:
    """Return the offsets of the content of the group around an offset, or of the whole text."""
    depth, start = 0, 0
    for before in range(at - 1, -1, -1):
        if text[before] in "{}" and text[before - 1 : before] != "\\":
            depth += 1 if text[before] == "}" else -1
            if depth < 0:
                start = before + 1
                break
    closed = group_end(text, start - 1) if start else None
    return (start, closed - 1) if closed else (0, len(text))
