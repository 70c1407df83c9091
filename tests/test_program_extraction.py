"""The program in a completion, wherever the model put it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.verifiers.code.extraction import (
    _CODE,
    _begins,
    _code_in,
    fenced,
    preamble,
    program_of,
)
from ttc.verifiers.code.parsing import examine, parse
from ttc.verifiers.code.suites.shape import shape_of

PROMPT = (
    'import math\n\ndef helper(x):\n    return x\n\ndef half(n):\n    """Return half of n."""\n'
)
BODY = "    return helper(n) / 2\n"
WHOLE = "def half(n):\n    return n / 2\n"


def run(program: str | None, n: int = 6) -> float:
    assert program is not None
    namespace: dict[str, object] = {"__name__": "candidate"}
    exec(program, namespace)
    half = namespace["half"]
    assert callable(half)
    return float(half(n))


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        BODY + "\n\ndef other():\n    return 1\n",
        BODY + "\nprint(half(3))\ninput()\n",
        BODY + "\n# Test\nassert False\n",
        BODY + "\nif __name__ == '__main__':\n    broken(",
        BODY + "\nfrom math import pi\n",
        BODY.replace("\n", "\r\n"),
        "    x = '''\nnot a new statement\n'''\n    return n / 2\n",
        "    return sum([\n  n / 4,\n] * 2)\nprint('done')",
        WHOLE,
        "Here it is:\n\n" + WHOLE + "\nThis divides by two, as asked.",
        f"```python\n{WHOLE}```",
        f"```\n{WHOLE}```",
        f"Sure!\n~~~py\n{WHOLE}~~~\nIt works.",
        f"```python\n{WHOLE}",
        f"{WHOLE}```\n\nThis divides by two.",
        f"{WHOLE}```\nUse it:\n```python\nprint(half(4))\n```\n",
        f"```python\n{BODY}```",
        "```python\nreturn n / 2\n```",
        f"```python\ndef half(n):\n    return 0\n```\nThat is wrong:\n```python\n{WHOLE}```",
        f"```python\n{WHOLE}```\nUse it like this:\n```python\nprint(half(4))\n```",
        f"```bash\npip install x\n```\n```python\n{WHOLE}```\n```text\n3.0\n```",
        f"1. Define it:\n   ```python\n   {WHOLE.replace(chr(10), chr(10) + '   ')}\n   ```\n",
        f"<think>```python\ndef half(n): return 0\n```</think>```python\n{WHOLE}```",
        "half = lambda n: n / 2",
        "```python\nfrom math import fsum\nhalf = lambda n: fsum([n]) / 2\n```",
    ],
)
def test_the_program_is_found(text: str) -> None:
    assert run(program_of(text, PROMPT, ["half"])) == 3.0


@pytest.mark.parametrize("text", ["", " \n\n", "I cannot do that.", "```python\n```", "<think>def"])
def test_there_is_none(text: str) -> None:
    assert program_of(text, PROMPT, ["half"]) is None


def test_code_that_does_not_parse_is_still_what_was_written() -> None:
    assert program_of("    return n /\n", PROMPT, ["half"]) == PROMPT + "    return n /\n"
    program = program_of("```python\ndef half(n:\n```", PROMPT, ["half"])
    assert program is not None
    assert program.endswith("def half(n:\n")


def test_a_script_is_the_last_block_or_all() -> None:
    assert program_of("print(1)") == "print(1)"
    assert program_of("First\n```python\nprint(1)\n```\nthen\n```python\nprint(2)\n```") == (
        "print(2)\n"
    )
    assert program_of("  ") is None


def test_a_prompt_stands_by_itself() -> None:
    assert preamble(PROMPT) == PROMPT
    assert preamble("import re\n\ndef half(n):\n").endswith("pass\n")
    assert preamble("import re\nfrom a import b\nwhile x = (\n") == "import re\nfrom a import b"


def test_names_that_tests_call() -> None:
    setup = "import math as m\nfrom a.b import c\nlimit = 3\ndef near(x, y): return x < limit\n"
    tests = "assert near(area(m.pi), c) and [v for v in parts(2)]\ntry: f()\nexcept E as e: e\n"
    assert sorted(shape_of(setup, tests).names) == ["E", "area", "f", "parts"]
    with pytest.raises(SyntaxError):
        shape_of("", "assert (")


# --- hostile texts: the time grows as the length does

HOSTILE: dict[str, Callable[[int], str]] = {
    "backticks": lambda n: "`" * n,
    "backtick lines": lambda n: "```\n" * n,
    "open fences": lambda n: "```python\n" * n,
    "mixed fences": lambda n: "```python\n~~~\n" * n,
    "long fences": lambda n: "".join("`" * (3 + at % 50) + "\n" for at in range(n)),
    "blanks behind a fence": lambda n: "```" + " " * n,
    "lines of blanks": lambda n: (" " * 50 + "\n") * n,
    "unclosed list": lambda n: "def f(): pass\nx = [\n" + "1,\n" * n,
    "unclosed call": lambda n: "def f():\n x = g(\n" + "1,\n" * n,
    "broken at the end": lambda n: "def f(): pass\n" + "x = 1\n" * n + "(",
    "headers": lambda n: "def f\n" * n,
    "decorators": lambda n: "def f(): pass\n" + "@a\n" * n,
    "prose": lambda n: "def f(): pass\n" + "It's what you asked for, isn't it\n" * n,
    "annotation": lambda n: "def f(): pass\na: " + "b" * n,
    "boxes": lambda n: r"\boxed{" * n,
    "parentheses": lambda n: "def f(): return " + "(" * n,
    "minus signs": lambda n: "def f(): return " + "-" * n + "1",
    "NULs": lambda n: "def f(): pass\n" + "\0" * n,
    "surrogates": lambda n: "def f(): pass\n" + "\ud800" * n,
    "thoughts": lambda n: "<think>" * n,
    "ends of thoughts": lambda n: "</think>" * n,
}


def seconds(text: str) -> float:
    best = 1e9
    for _ in range(3):
        began = time.perf_counter()
        program_of(text, "def g():\n    '''x'''\n", ["f"])
        program_of(text)
        fenced(text, ("minizinc",))
        best = min(best, time.perf_counter() - began)
    return best


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_text_of_four_times_the_length_takes_no_sixteen_times_as_long(kind: str) -> None:
    """Once in three times is enough: a busy machine may be slow at any, a square is at each."""
    short = 2000
    while (few := seconds(HOSTILE[kind](short))) < 0.02 and short < 10**5:
        short *= 4
    tried = []
    while not tried or tried[-1][1] >= 9 * tried[-1][0] + 0.02:
        assert len(tried) < 3, (kind, short, tried)
        few = seconds(HOSTILE[kind](short)) if tried else few
        tried.append((few, seconds(HOSTILE[kind](4 * short))))


def test_a_parser_that_does_not_end_or_dies_is_no_program() -> None:
    assert parse("-" * 500_000 + "1").fault is not None  # deeper than the C stack is safe for
    assert parse("x = 1").fault is None
    assert parse("x = 1\ny = (").fault == 2
    assert (parse("print(7)").literal, parse("print(3 + 4)").literal) == (True, False)


@given(st.lists(st.sampled_from(
    ["def f(x):", "    return x", "", "Here's the code:", "x = [1,", "  2]", "@dec", "class A:",
     "'''doc", "'''", "print(f(1))", "if x:", "    pass", "else:", "try:", "It's fine", "```",
     "```python", "~~~", "````", "  ```", "for i in y:", "\\", ")", "f'''{", "1 +"]
), max_size=12))  # fmt: skip
def test_cuts_at_faults_find_what_trying_every_end_finds(lines: list[str]) -> None:
    text = "\n".join(lines)
    ends = [len(lines), *(at for at in range(len(lines) - 1, 0, -1) if _begins(lines[at]))]
    start = next((at for at, line in enumerate(lines) if _CODE.match(line)), 0)
    tried = ("\n".join(lines[start:end]) for end in ends if end > start)
    wanted = next((code for code in tried if examine(code)[0] is None), "\n".join(lines[start:]))
    assert _code_in(text) == wanted
