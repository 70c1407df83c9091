"""Extracts the program from a completion: a fenced block, bare code, or the rest of a prompt."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterator
from functools import lru_cache

from ttc.answers.thinking import said
from ttc.verifiers.code.parsing import parse

_OPENING = re.compile(r"[ \t]*(?P<mark>```+|~~~+)[ \t]*(?P<language>[\w+-]*)")
_FENCE_LINE = re.compile(r"^[ \t]*(?:```+|~~~+)[^\n]*$", re.M)
_MOST_CUTS = 16  # at the first syntax error, then at earlier lines until the code parses
_PYTHON = {"", "py", "python", "python3", "py3"}
_STOP = re.compile(r"\n(?=def|class|#|if|print)")
_CODE = re.compile(r"(?:async def|def|class|import|from|@)\b|@\w|[A-Za-z_]\w*\s*(?::[^=\n]+)?=[^=]")


def program_of(text: str, prompt: str = "", names: Collection[str] = ()) -> str | None:
    """Return the program of a completion, or None if it has no code.

    `names` are the functions that tests will call, `prompt` the code that the completion may
    continue. Of several fenced blocks, the last that defines one of the names is used, else the
    last. If only the text outside of blocks defines one, the program starts at its first line of
    code. Any other text is taken as the rest of the prompt, cut as for HumanEval's figures (Chen
    et al. 2021): before the first line that begins with def, class, #, if or print. A program that
    does not continue the prompt still gets its imports and helpers.
    """
    text = text.replace("\r\n", "\n")
    if (apart := said(text)) != text:
        text = apart.lstrip("\n")  # not spaces: the first indentation is part of the code
    blocks = fenced(text, _PYTHON)
    if not names:
        return (blocks[-1] if blocks else text) if (blocks or text.strip()) else None
    defining = [block for block in blocks if defines(block, names)]
    if defining:
        return _with_prompt(defining[-1], prompt)
    # A fence may be missing: a model may only close a block that the question opened.
    between = [part for part in _FENCE_LINE.split(text) if defines(part, names)]
    if between:
        return _with_prompt(_code_in(between[-1]), prompt)
    body = blocks[-1] if blocks else text
    return _completed(prompt, body, fenced=bool(blocks))


def fenced(text: str, languages: Collection[str]) -> list[str]:
    """Return the fenced blocks of a text in one of the languages (lower case; "" is unmarked)."""
    return [
        textwrap.dedent(body)
        for language, body in _blocks(text)
        if language.lower() in languages and body.strip()
    ]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and body of each fenced block; the last may lack its closing fence."""
    lines = text.split("\n")
    opened: re.Match[str] | None = None
    body: list[str] = []
    for line in lines[:-1]:  # an opening line ends with a newline
        if opened is None:
            opened, body = _OPENING.match(line), []
        elif line.strip(" \t") == opened["mark"]:
            yield opened["language"], "".join(body)
            opened = None
        else:
            body.append(line + "\n")
    if opened is not None:
        closed = lines[-1].strip(" \t") == opened["mark"]
        yield opened["language"], "".join(body) + ("" if closed else lines[-1])


def defines(code: str, names: Collection[str]) -> bool:
    """Return whether a line of code defines one of the names, outside of any block."""
    either = "|".join(map(re.escape, names))
    return bool(
        re.search(rf"^(?:(?:async )?def|class)\s+(?:{either})\b|^(?:{either})\s*=", code, re.M)
    )


def parses(code: str) -> bool:
    """Return whether a text is valid Python."""
    return parse(code).fault is None


@lru_cache(256)
def preamble(prompt: str) -> str:
    """Return a code prompt as valid Python: completed with `pass`, or else only its imports."""
    for whole in (prompt, f"{prompt.rstrip()}\n    pass\n"):
        if parses(whole):
            return whole
    imports = (
        line for line in prompt.split("\n") if re.match(r"import\s|from\s.*\simport\s", line)
    )
    return "\n".join(imports)


def _with_prompt(code: str, prompt: str) -> str:
    return f"{preamble(prompt)}\n{code}" if prompt else code


def _code_in(text: str) -> str:
    """Return the code in a text without the prose around it: from the first line of code to the
    last line with which it parses."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if _CODE.match(line)), 0)
    end = len(lines)
    for _ in range(_MOST_CUTS):
        code = "\n".join(lines[start:end])
        if (fault := parse(code).fault) is None:
            return code
        # Lines after the error cannot repair it. A statement can only end before a line that
        # starts in the first column.
        last = min(end - 1, start + fault - 1) if fault else end - 1
        before = (at for at in range(last, start, -1) if _begins(lines[at]))
        if (end := next(before, start)) == start:
            break
    return "\n".join(lines[start:])


def _begins(line: str) -> bool:
    return bool(line.strip()) and not line[0].isspace() and line[0] not in ")]}"


def _completed(prompt: str, text: str, *, fenced: bool) -> str | None:
    """Return prompt and text as one program, cut at the first of Codex's stop strings; None if the
    text is not code."""
    lines = text.split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return None
    if _begins(lines[first]):
        # A block may contain an unindented function body; bare prose is not code.
        if not fenced or not parses(text):
            return None
        return prompt + textwrap.indent(text, "    ") if prompt else text
    stop = _STOP.search(text)
    return prompt + (text[: stop.start()] if stop else text).rstrip("\n") + "\n"
