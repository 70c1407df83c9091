"""Joins a completion with the code prompt that it continues."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

from ttc.verifiers.code.parsing import parse, valid

_STATEMENT = re.compile(
    r"@|[\"']|(?:assert|import|from|for|while|with|try|return|raise|async)\b(?!\s(?:this|the|a)\b)"
    r"|[A-Za-z_][\w.]*(?:\[[^\]]*\])?\s*(?:[(=]|:\s*\w+\s*=|[-+*/|&^%]=)"
)
_STOP = re.compile(r"def|class|#|if|print")
_MOST_CUTS = 16  # at the first syntax error, then at earlier lines until the code parses
_CODE = re.compile(
    r"(?:async def|def|class|import|from|@)\b|@\w|[A-Za-z_][\w.,\[\] ]*(?::[^=\n]+)?=[^=]"
)
_FUTURE = re.compile(
    r"^from[ \t]+__future__[ \t]+import[ \t]+(?:\([^)]{0,2000}\)|[^\n;#]*)[ \t]*;?[^\n]*$", re.M
)
_ACTS = re.compile(r"(?:if|for|while|with|try)\b.*:\s*(?:#.*)?$|[A-Za-z_][\w.]*\(")
_NAME = re.compile(r"[^\W\d]\w*")
_DOES = re.compile(
    r"[=(]|^\s*(?:return|yield|raise|pass|for|while|with|if|try|import|from|del|assert)\b", re.M
)

Change = Callable[[str], str]


@lru_cache(256)
def preamble(prompt: str) -> str:
    """Return a code prompt as valid Python: completed with `pass`, or else only its imports."""
    for whole in (prompt, f"{prompt.rstrip()}\n    pass\n"):
        if valid(whole):
            return whole
    imports = (
        line for line in prompt.split("\n") if re.match(r"import\s|from\s.*\simport\s", line)
    )
    return "\n".join(imports)


def behind(first: str, code: str) -> str:
    """Return code behind other code, with its imports from `__future__` before both."""
    future = _FUTURE.findall(code) if "__future__" in code else []
    if future:
        code = _FUTURE.sub("", code)
    return "\n".join([*future, first, code])


def code_in(text: str) -> str:
    """Return the code in a text without the prose around it: from the first line of code to the
    last line with which it parses."""
    lines = text.split("\n")
    start = next((at for at, line in enumerate(lines) if _CODE.match(line)), 0)
    code = _longest(lines, start, lambda code: code)
    return "\n".join(lines[start:]) if code is None else code


def script_in(text: str) -> str:
    """Return the script in a text without the prose around it: the first code that acts."""
    lines = text.split("\n")
    starts = (at for at, line in enumerate(lines) if _CODE.match(line) or _ACTS.match(line))
    for start in islice(starts, _MOST_CUTS):
        code = _longest(lines, start, lambda code: code)
        if code is not None and parse(code).acts:
            return code
    return code_in(text)


def _longest(lines: list[str], start: int, whole: Callable[[str], str]) -> str | None:
    """Return the longest code from the first of some lines that is valid, or None. `whole` makes a
    program of it, without more lines before it."""
    end = len(lines)
    for _ in range(_MOST_CUTS):
        code = whole("\n".join(lines[start:end]))
        if (fault := parse(code).fault) is None:
            return code
        # Lines after the error cannot repair it. A statement can only end before a line that
        # starts in the first column.
        last = min(end - 1, start + fault - 1) if fault else end - 1
        before = (at for at in range(last, start, -1) if begins(lines[at]))
        if (end := next(before, start)) == start:
            break
    return None


def begins(line: str) -> bool:
    """Return whether a statement can begin on a line, in the first column."""
    return bool(line.strip()) and not line[0].isspace() and line[0] not in ")]}"


def completed(prompt: str, text: str, *, fenced: bool) -> str | None:
    """Return prompt and text as one program; None if the text is not code.

    The text is cut as for HumanEval's figures (Chen et al. 2021): before the first line that begins
    with def, class, #, if or print. Of what follows, definitions that the rest needs are kept. If
    that is no valid program, it ends before the first line of prose, or fence, in the first column
    with which it is valid; if the indentation of the text was lost, or is another than the
    prompt's, it is restored.
    """
    lines = text.split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return None
    unindented = begins(lines[first])
    if not prompt:
        return text if (fenced and valid(text)) or not unindented else None
    if unindented and not _DOES.search(lines[first]):
        return None  # bare prose is not code
    for form, whole in _forms(prompt, lines, first):
        if whole:
            if (longest := _longest(lines, first, form)) is not None:
                return longest.rstrip("\n") + "\n"
        elif (program := _cut(form, lines, first)) is not None:
            return program
    return None if unindented else f"{prompt}{text.rstrip()}\n"


def _forms(prompt: str, lines: list[str], first: int) -> Iterator[tuple[Change, bool]]:
    """Yield the ways to put a body behind a prompt, the most likely first, and whether the body is
    all lines, since they are not indented."""
    indent, last = _indentation(prompt)
    apart = prompt if prompt.endswith("\n") else f"{prompt}\n"
    as_it_is: Change = lambda body: prompt + body  # noqa: E731
    on_its_own: Change = lambda body: apart + body  # noqa: E731
    first_line: Change = lambda body: apart + indent + body.lstrip()  # noqa: E731
    shifted: Change = lambda body: apart + textwrap.indent(textwrap.dedent(body), indent)  # noqa: E731
    if not begins(lines[first]):
        yield as_it_is, False
        if apart != prompt:
            yield on_its_own, False
        yield shifted, False
        yield first_line, False
        return
    if last and (not last.strip() or not first):  # the prompt ends within a line
        yield as_it_is, False
    following = next((line for line in lines[first + 1 :] if line.strip()), "")
    if following and not begins(following):
        yield first_line, False
    yield shifted, True
    yield first_line, False


def _cut(form: Change, lines: list[str], first: int) -> str | None:
    """Return the program of the body that ends before the first line of prose, or fence, in the
    first column with which it is valid, or None."""
    starts = [at for at in range(first + 1, len(lines)) if begins(lines[at])]
    stop = next((at for at in starts if _STOP.match(lines[at])), len(lines))
    # Further code of the model's is part of what it wrote, as in HumanEval's figures: a statement
    # that breaks off makes the program wrong. Prose and fences are not.
    prose = [at for at in starts[:_MOST_CUTS] if not _STATEMENT.match(lines[at])]
    for end in dict.fromkeys((stop, *prose, len(lines))):
        program = form("\n".join(lines[:end]).rstrip() + "\n")
        if not any(map(str.strip, lines[end:])):
            if valid(program):
                return program
        elif (parsed := parse(program)).fault is None:
            rest = code_in("\n".join(lines[end:])) if parsed.free and end < len(lines) else ""
            helpers = needed(rest, parsed.free) if rest and valid(rest) else []
            return program + "".join(helpers)
    return None


def _indentation(prompt: str) -> tuple[str, str]:
    """Return the indentation of what follows a prompt, and the prompt's last line."""
    lines = prompt.split("\n")
    full = [line for line in lines if line.strip()]
    if not full:
        return "", lines[-1]
    own = full[-1][: len(full[-1]) - len(full[-1].lstrip())]
    opens = full[-1].rstrip().endswith(":")
    return (own + "    " if opens or not own else own), lines[-1]


def needed(code: str, names: frozenset[str]) -> list[str]:
    """Return the definitions, imports and plain assignments in valid code that bind some names, and
    those that these need."""
    statements, lines = parse(code).statements, code.split("\n")
    binding: dict[str, list[int]] = {}
    for at, each in enumerate(statements):
        if each.inert:
            for name in each.names:
                binding.setdefault(name, []).append(at)
    wanted: dict[int, str] = {}
    queue = set(names)
    while queue:
        for at in binding.pop(queue.pop(), ()):
            if at not in wanted:
                wanted[at] = "\n".join(lines[statements[at].first - 1 : statements[at].last]) + "\n"
                queue |= binding.keys() & set(_NAME.findall(wanted[at]))
    return [wanted[at] for at in sorted(wanted)]
