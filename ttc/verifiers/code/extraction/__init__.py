"""Extracts the program from a completion: a fenced block, bare code, or the rest of a prompt."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Sequence

from ttc.verifiers.code.extraction.cleaning import between_tags, cleaned, repaired
from ttc.verifiers.code.extraction.fences import before_first_fence, blocks
from ttc.verifiers.code.extraction.prompts import (
    behind,
    code_in,
    completed,
    needed,
    preamble,
    script_in,
)
from ttc.verifiers.code.parsing import Parsed, parse, valid

__all__ = ["behind", "defines", "fenced", "preamble", "program_of"]

_FENCE_LINE = re.compile(r"^[ \t]*(?:```+|~~~+)[^\n]*$", re.M)
_MOST_BLOCKS = 64  # of which the facts are asked


def program_of(text: str, prompt: str = "", names: Collection[str] = ()) -> str | None:
    """Return the program of a completion, or None if it has no code.

    `names` are the functions and classes that tests will use, `prompt` the code that the completion
    may continue. With names, it is the last block that defines one of them, and is more than a
    stub, with what it needs from other blocks. Without, it is a script: the last block in Python
    that reads and prints by itself; blocks without a language only count if there is no other
    program. If only the text outside of blocks is code, the program starts at its first line of
    code. Any other text is taken as the rest of the prompt.
    """
    text = cleaned(text)
    found = [(each.language, _body(each.body)) for each in blocks(text)]
    python = [(language, body) for language, body in found if language in ("", "python")]
    python = [(language, body) for language, body in python if body.strip()]
    if not found:
        text = repaired(text)
    if not python and not names and (tagged := between_tags(text)) is not None:
        return tagged
    if not names:
        return _script(text, python)
    bodies = [body for _, body in python]
    if any(defines(body, names) for body in bodies):
        return _with_prompt(_function(bodies, names), prompt)
    if inner := [body for body in bodies[-_MOST_BLOCKS:] if parse(body).defined & set(names)]:
        return _with_prompt(inner[-1], prompt)  # defined in an if or a try
    # A fence may be missing: a model may only close a block that the question opened.
    parts = [*_FENCE_LINE.split(text), *(body for _, body in found)]
    if tagged := between_tags(text):
        parts.append(tagged)
    between = [part for part in map(_dedented, parts) if defines(part, names)]
    if between:
        return _with_prompt(code_in(repaired(between[-1])), prompt)
    return _rest(text, bodies, prompt)


def fenced(text: str, languages: Collection[str]) -> list[str]:
    """Return the fenced blocks of a text in one of the languages (lower case; "" is unmarked)."""
    return [
        textwrap.dedent(each.body)
        for each in blocks(text)
        if each.language in languages and each.body.strip()
    ]


def _body(code: str) -> str:
    return repaired(textwrap.dedent(code))


def _dedented(part: str) -> str:
    """Return a text with the indentation of a function that is its first line removed."""
    start = part.lstrip("\n")
    indented = re.match(r"[ \t]+(?:@|(?:async )?def\b|class\b)", start)
    return textwrap.dedent(start) if indented is not None else part


def defines(code: str, names: Collection[str]) -> bool:
    """Return whether a line of code defines one of the names, outside of any block."""
    either = "|".join(map(re.escape, names))
    assigned = rf"(?:{either})\s*(?::[^=\n]+)?=(?!=)"
    return bool(re.search(rf"^(?:(?:async )?def|class)\s+(?:{either})\b|^{assigned}", code, re.M))


def _with_prompt(code: str, prompt: str) -> str:
    return behind(preamble(prompt), code) if prompt else code


def _function(bodies: Sequence[str], names: Collection[str]) -> str:
    """Return the program for tests that use names: the last block that defines one of them, with
    the definitions that it needs from other blocks."""
    defining = [at for at, body in enumerate(bodies) if defines(body, names)][-_MOST_BLOCKS:]
    if len(bodies) == 1:
        return bodies[0] if valid(bodies[0]) else code_in(bodies[0])
    facts = {at: parse(bodies[at]) for at in defining}
    whole = [at for at in defining if facts[at].fault is None]
    full = [at for at in whole if not facts[at].stubs & set(names)]
    chosen = (full or whole or defining)[-1]
    if chosen not in whole:
        return code_in(bodies[chosen])
    missing = (facts[chosen].free | set(names)) - facts[chosen].defined
    return _joined(bodies, chosen, frozenset(missing))


def _joined(bodies: Sequence[str], chosen: int, missing: frozenset[str]) -> str:
    """Return a block with the definitions of some names that other blocks have before it."""
    others = [at for at in range(len(bodies)) if at != chosen]
    before: list[str] = []
    # The nearest first: earlier blocks, then later ones.
    for at in sorted(others, key=lambda at: (at > chosen, abs(at - chosen)))[:_MOST_BLOCKS]:
        if missing and (parsed := parse(bodies[at])).fault is None and parsed.defined & missing:
            before.insert(0, "".join(needed(bodies[at], missing)))
            missing = (missing | parsed.free) - parsed.defined
    return behind("\n".join(before), bodies[chosen]) if before else bodies[chosen]


def _script(text: str, python: Sequence[tuple[str, str]]) -> str | None:
    """Return the program for tests that give standard input, from the blocks of a text."""
    start = before_first_fence(text)
    # A model may only close a block that the question opened.
    if start is not None and start[1] and start[0].strip():
        opened = parse(start[0])
        if opened.fault is None and (opened.acts or opened.writes):
            return start[0]
    if not python:
        return (text if valid(text) else script_in(text)) if text.strip() else None
    for wanted in ("python", ""):
        bodies = [body for language, body in python if language == wanted][-_MOST_BLOCKS:]
        facts = [parse(body) for body in bodies]
        acting = [at for at, each in enumerate(facts) if each.fault is None and each.acts]
        acting = [at for at in acting if wanted or facts[at].writes or facts[at].free]
        if acting:
            itself = [at for at in acting if facts[at].writes and not facts[at].free]
            reading = [at for at in itself if facts[at].reads]
            chosen = (reading or (acting if _reads_apart(facts, acting) else itself) or acting)[-1]
            return _joined(bodies, chosen, facts[chosen].free)
    marked = [body for language, body in python if language] or [body for _, body in python]
    return marked[-1] if valid(marked[-1]) else script_in(marked[-1])


def _reads_apart(facts: Sequence[Parsed], acting: Sequence[int]) -> bool:
    """Return whether what the last acting block calls is defined, and reads, in another one."""
    last = facts[acting[-1]]
    others = [each for at, each in enumerate(facts) if at != acting[-1]]
    return any(each.reads and each.defined & last.free for each in others)


def _rest(text: str, bodies: Sequence[str], prompt: str) -> str | None:
    """Return the program of a text that goes on with a prompt."""
    start = before_first_fence(text)
    if start is not None and prompt and start[0].strip() and (start[1] or _is_body(start[0])):
        # The fence only closes the block that the prompt opened, if what is before it is code.
        program = completed(prompt, start[0], fenced=False)
        if program is not None and valid(program):
            return program
    body = bodies[-1] if bodies else text
    return completed(prompt, body, fenced=bool(bodies))


def _is_body(text: str) -> bool:
    """Return whether a text begins with an indented line."""
    return text.lstrip("\n")[:1] in (" ", "\t")
