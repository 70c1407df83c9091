"""The program in a completion, wherever the model put it."""

from __future__ import annotations

import contextlib
import io
import textwrap
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc.verifiers.code.extraction import fenced, preamble, program_of
from ttc.verifiers.code.extraction.fences import blocks
from ttc.verifiers.code.extraction.prompts import _CODE, begins, code_in
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


# --- scripts: what is run, and what is not part of it

SCRIPTS = [
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n\nSummary:\n```\n"
        "Reads two integers. O(1).\n```\n",
        "a + b",
        "Reads",
    ),
    (
        "Here.\n```python\nprint(int(input()) * 2)\n```\nFor input\n```\n5\n```\n"
        "it prints\n```\n10\n```\n",
        "input",
        "10",
    ),
    (
        "```python\nprint(int(input()) * 2)\n```\nRun:\n```python\n>>> 2 * 2\n4\n```\n",
        "input()",
        ">>>",
    ),
    (
        "```python\nimport sys\n```\nThen\n```python\nn = int(sys.stdin.readline())\nprint(n)\n```",
        "import sys",
        "@@",
    ),
    (
        "```python\ndef solve():\n    n = int(input())\n    print(n)\n```\nand call it:\n"
        "```python\nsolve()\n```",
        "def solve",
        "@@",
    ),
    (
        "```python\ndef solve(n):\n    return n * 2\n```\nMain part:\n```python\n"
        "n = int(input())\nprint(solve(n))\n```",
        "def solve",
        "@@",
    ),
    (
        "```python\ndef solve(n):\n    return n*2\nprint(solve(int(input())))\n```\n"
        "Example usage:\n```python\nprint(solve(3))\n```",
        "int(input",
        "solve(3)",
    ),
    (
        "The key line is below.\n```python\nn = int(input())\nprint(n)\n```\nNote that\n"
        "```python\nn = int(input())\n```\nreads it.",
        "print(n)",
        "@@",
    ),
    (
        "print(int(input()))\n```\nThis prints it.",
        "input",
        "This",
    ),
    (
        "```\nn = int(input())\nprint(n)\n```\nOutput:\n```\n5\n```",
        "input",
        "@@",
    ),
    (
        "Let me think. First I read.\n\nn = int(input())\nprint(n)\n\nThat is all you need.",
        "n = int",
        "That is",
    ),
    (
        "[PYTHON]\nprint(input())\n[/PYTHON]\nok",
        "input",
        "ok",
    ),
    (
        "<answer>\nprint(input())\n</answer>",
        "input",
        "answer",
    ),
    (
        "<answer>\n```python\nprint(input())\n```\n</answer>",
        "input",
        "answer",
    ),
    (
        "````markdown\n# Title\n```python\nprint(input())\n```\n````",
        "input",
        "Title",
    ),
    (
        "1. Code:\n   ```python\n   x = input()\n   print(x)\n   ```\n2. done",
        "x = input()",
        "done",
    ),
    (
        "Solution: ```python\nprint(input())\n```",
        "input",
        "Solution",
    ),
    (
        "> ```python\n> print(input())\n> ```\n",
        "input",
        ">",
    ),
    (
        "```python\nprint(input())```\nDone",
        "input",
        "Done",
    ),
    (
        "```python\nprint(input())\n\nThis prints the input.",
        "input",
        "This",
    ),
    (
        "```python\n%matplotlib inline\nprint(input())\n```",
        "input",
        "%",
    ),
    (
        "```python\n!pip install numpy\nprint(input())\n```",
        "input",
        "pip",
    ),
    (
        "```Python 3\nprint(input())\n```",
        "input",
        "3",
    ),
    (
        "```{python}\nprint(input())\n```",
        "input",
        "{",
    ),
    (
        '```py title="a.py"\nprint(input())\n```',
        "input",
        "title",
    ),
    (
        "```python:main.py\nprint(input())\n```",
        "input",
        "main",
    ),
    (
        "~~~python\nprint(input())\n~~~",
        "input",
        "~",
    ),
    (
        "```python\r\nprint(input())\r\n```\r\n",
        "input",
        "\r",
    ),
    (
        "```python\nprint(input())\n```<|im_end|>\n<|im_start|>user\n```python\nprint(1)\n```",
        "input",
        "print(1)",
    ),
    (
        "print(input())<|endoftext|>import os",
        "input",
        "os",
    ),
    (
        "print(input())</s></s></s>",
        "input",
        "/s",
    ),
    (
        "```python\nprint(input() + '<|endoftext|>')\n```",
        "'<|endoftext|>'",
        "@@",
    ),
    (
        "<|start_header_id|>assistant<|end_header_id|>\n\n```python\nprint(input())\n```<|eot_id|>",
        "input",
        "eot",
    ),
    (
        "```python\nx = '''\n```\n'''\nprint(x)\n```",
        "print(x)",
        "@@",
    ),
    (
        '```python\ndef f():\n    """\n    ```python\n    f()\n    ```\n    """\n'
        "print(input())\n```\nText with ```code```.",
        "print(input())",
        "Text",
    ),
    (
        "```cpp\nint main(){}\n```\n```python\nprint(input())\n```",
        "input",
        "int main",
    ),
    (
        "```python\nprint(input())\n```\n```cpp\nint main(){}\n```",
        "input",
        "int main",
    ),
    (
        "```python\nimport sys\nsys.setrecursionlimit(10**6)\ndef main():\n"
        "    print(input())\nif __name__ == '__main__':\n    main()\n```\nTest:\n"
        "```python\nimport io\nsys.stdin = io.StringIO('2')\nmain()\n```",
        "print(input())",
        "StringIO",
    ),
    (
        "Naive:\n```python\nprint(int(input())+0)\n```\nCorrected:\n```python\n"
        "print(int(input())+1)\n```",
        "+1",
        "+0",
    ),
    (
        "<think>\n```python\nprint(0)\n```\n</think>\n```python\nprint(input())\n```",
        "input",
        "print(0)",
    ),
    (
        "In [1]: x = input()\nIn [2]: print(x)\n",
        "print(x)",
        "In [",
    ),
    (
        "```python\nprint(input())\n```\n\nSample session:\n```\n$ python a.py\n3\n```",
        "input",
        "$",
    ),
    (
        "```python\nprint(input())\n```\nOutput\n```python\n5\n```",
        "input",
        "@@",
    ),
    (
        '```python\nprint(input())\n```\n```json\n{"a": 1}\n```',
        "input",
        "json",
    ),
    (
        "```\nprint(input())\n```",
        "input",
        "`",
    ),
    (
        "### Solution\n\n```python3\nprint(input())\n```\n### Complexity\n- O(n)\n",
        "input",
        "O(n)",
    ),
    (
        "[BEGIN]\nprint(input())\n[DONE]\nNext\n[BEGIN]\nprint(2)\n[DONE]",
        "input",
        "print(2)",
    ),
    (
        "[BEGIN]\n'print(input())'\n[DONE]",
        "print(input())",
        "'",
    ),
    (
        "[BEGIN]\n```python\nprint(input())\n```\n[DONE]",
        "input",
        "DONE",
    ),
    (
        "print(input())\n[DONE]",
        "input",
        "DONE",
    ),
    (
        "```python\nprint(input())\n```\n**Time Complexity:** O(n)\n```\nO(n)\n```",
        "input",
        "O(n)",
    ),
    (
        "```python\nclass A:\n    def run(self):\n        print(input())\n```\n```python\n"
        "A().run()\n```",
        "class A",
        "@@",
    ),
]


@pytest.mark.parametrize(("text", "part", "other"), SCRIPTS)
def test_the_script_is_found(text: str, part: str, other: str) -> None:
    program = program_of(text)
    assert program is not None
    assert parse(program).fault is None, program
    assert part in program
    assert other not in program


# Each adds two numbers of standard input.
SUMS = [
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n"
        "**Explanation**\n- `a`: first\n"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\nInput:\n```\n"
        "3 4\n```\nOutput:\n```\n7\n```"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\nSample Run\n"
        "```python\n3 4\n7\n```"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n```\n"
        "$ echo 3 4 | python3 sol.py\n7\n```"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n```bash\n"
        "echo 3 4 | python3 sol.py\n```"
    ),
    ("```\nInput: 3 4\n```\n```python\na, b = map(int, input().split())\nprint(a + b)\n```"),
    (
        "First attempt:\n```python\nprint(input())\n```\nThis is wrong. Final:\n"
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```"
    ),
    (
        "Final:\n```python\na, b = map(int, input().split())\nprint(a + b)\n```\n"
        "The brute force was:\n```python\ndef brute(a, b):\n"
        "    while b: a += 1; b -= 1\n    return a\n```"
    ),
    (
        "```python\nimport sys\ndef solve():\n"
        "    a, b = map(int, sys.stdin.read().split())\n    return a + b\n```\n\nThen\n"
        "\n```python\nif __name__ == '__main__':\n    print(solve())\n```"
    ),
    (
        "```python\ndef solve(a, b):\n    return a + b\n\nif __name__ == '__main__':\n"
        "    a, b = map(int, input().split())\n    print(solve(a, b))\n```\n\nTest:\n"
        "```python\nassert solve(1, 2) == 3\nprint('ok')\n```"
    ),
    (
        "```python\n# helper\ndef add(a, b):\n    return a + b\n```\n```python\n"
        "# main\na, b = map(int, input().split())\nprint(add(a, b))\n```\n```\n7\n```"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n"
        "Alternative without map:\n```python\nx = input().split()\n"
        "print(int(x[0]) + int(x[1]))\n```"
    ),
    ("```python\na, b = map(int, input().split())\nprint(a + b)\n```"),
    ("~~~\na, b = map(int, input().split())\nprint(a + b)\n~~~"),
    ("a, b = map(int, input().split())\nprint(a + b)\n"),
    ("a, b = map(int, input().split())\nprint(a + b)\n\n# Explanation: adds\n"),
    ("a, b = map(int, input().split())\nprint(a + b)\n\nExplanation: adds the two numbers.\n"),
    ("Here is my solution:\n\na, b = map(int, input().split())\nprint(a + b)\n\nIt runs in O(1)."),
    (
        "Here is my solution:\n\nimport sys\nfor line in sys.stdin:\n"
        "    a, b = map(int, line.split())\n    print(a + b)\n\nIt runs in O(1)."
    ),
    (
        "Solution in Python:\n\ndef main():\n    a, b = map(int, input().split())\n"
        "    print(a + b)\n\nmain()\n\nDone!"
    ),
    ("Here:\n\nif True:\n    a, b = map(int, input().split())\n    print(a + b)\n"),
    ("Answer:\n\nprint(sum(map(int, input().split())))\n\nThis sums."),
    ("The program reads two numbers.\nprint(sum(map(int, input().split())))"),
    (
        "<|im_start|>assistant\n```python\na, b = map(int, input().split())\n"
        "print(a + b)\n```<|im_end|>"
    ),
    (
        "[PYTHON]\na, b = map(int, input().split())\nprint(a + b)\n[/PYTHON]\n[TESTS]\n"
        "assert 1\n[/TESTS]"
    ),
    ("<answer>```python\na, b = map(int, input().split())\nprint(a + b)\n```</answer>"),
    ("<solution>\na, b = map(int, input().split())\nprint(a + b)\n</solution>"),
    ("```python\na, b = map(int, input().split())\nprint(a + b)\n"),
    ("```python\na, b = map(int, input().split())\nprint(a + b)\n```\n\n```python\n```"),
    ("```\n```\n```python\na, b = map(int, input().split())\nprint(a + b)\n```"),
    ("````python\na, b = map(int, input().split())\nprint(a + b)\n````"),
    (
        "```python\nfrom __future__ import print_function\n"
        "a, b = map(int, input().split())\nprint(a + b)\n```"
    ),
    (
        "```python\n'''\nProblem:\n```\n3 4\n```\n'''\n"
        "a, b = map(int, input().split())\nprint(a + b)\n```"
    ),
    (
        "```python\ntemplate = '''\n```python\nx\n```\n'''\n"
        "a, b = map(int, input().split())\nprint(a + b)\n```\nDone"
    ),
    ("```markdown\n## Answer\n```python\na, b = map(int, input().split())\nprint(a + b)\n```\n```"),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n"
        "# `Complexity`\n```\nTime: O(1)\nSpace: O(1)\n```"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n```python\n"
        "# Expected output: 7\n```"
    ),
    ("```python\na, b = map(int, input().split())\nprint(a + b)\n```\n```python\nprint('7')\n```"),
    ("```python\na, b = map(int, input().split())\nprint(a + b)\n```\n```\nprint('7')\n```"),
    ("```\na, b = map(int, input().split())\nprint(a + b)\n```\nand it prints\n```\n7\n```"),
    (
        "```\na, b = map(int, input().split())\nprint(a + b)\n```\nTest cases:\n```\n"
        "assert f(1) == 2\n```"
    ),
    (
        "```python\na, b = map(int, input().split())\nprint(a + b)\n```\n\n"
        "For reference, in C++:\n```cpp\n#include <iostream>\n"
        "int main() { int a, b; std::cin >> a >> b; std::cout << a + b; }\n```"
    ),
    (
        "```python3\na, b = map(int, input().split())\nprint(a + b)\n```\n"
        "In Python 2:\n```python2\na, b = map(int, raw_input().split())\nprint a + b\n"
        "```"
    ),
    (
        "Step 1: read\n```python\na, b = map(int, input().split())\n```\nStep 2: add\n"
        "```python\nc = a + b\n```\nStep 3: print\n```python\nprint(c)\n```\n"
        "Full program:\n```python\na, b = map(int, input().split())\nprint(a + b)\n```"
    ),
    (
        "Full program:\n```python\na, b = map(int, input().split())\nprint(a + b)\n"
        "```\nStep by step: read\n```python\na, b = map(int, input().split())\n```\n"
        "add\n```python\nc = a + b\n```\nprint\n```python\nprint(c)\n```"
    ),
    (
        "Step 1: read\n```python\na, b = map(int, input().split())\n```\nStep 2: add\n"
        "```python\nc = a + b\n```\nStep 3: print\n```python\nprint(c)\n```"
    ),
    (
        "Step 1:\n```python\ndef read():\n    return map(int, input().split())\n```\n"
        "Step 2:\n```python\ndef main():\n    a, b = read()\n    print(a + b)\n```\n"
        "Step 3:\n```python\nmain()\n```"
    ),
    (
        "Imports:\n```python\nimport sys\n```\nCode:\n```python\n"
        "data = sys.stdin.read().split()\nprint(sum(map(int, data)))\n```"
    ),
    (">>> a, b = map(int, input().split())\n>>> print(a + b)\n"),
    ("```python\na, b = map(int, input().split())\nprint(a + b)\nexit()\n```"),
    (
        "```python\nclass Solution:\n    def add(self, a, b):\n        return a + b\n\n"
        "a, b = map(int, input().split())\nprint(Solution().add(a, b))\n```"
    ),
    (
        "```python\ntry:\n    a, b = map(int, input().split())\n    print(a+b)\n"
        "except EOFError:\n    pass\n```"
    ),
    ("```python\nprint((lambda a, b: a + b)(*map(int, input().split())))\n```"),
    ("```python\nwith open(0) as f:\n    print(sum(map(int, f.read().split())))\n```"),
    ("```python\nimport os\nprint(sum(map(int, os.read(0, 100).split())))\n```"),
    (
        "```python\nfrom sys import stdin\n"
        "print(sum(map(int, stdin.readline().split())))\n```\nor run\n```python\n"
        "print(sum([3, 4]))\n```"
    ),
]


def test_programs_that_add_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in SUMS:
        program, printed = program_of(text), io.StringIO()
        assert program is not None
        with monkeypatch.context() as patch, contextlib.redirect_stdout(printed):
            patch.setattr("sys.stdin", io.StringIO("3 4\n"))
            patch.setattr("os.read", lambda *_: b"3 4\n")
            space = {"__name__": "__main__", "open": lambda _: io.StringIO("3 4\n")}
            with contextlib.suppress(SystemExit):
                exec(program, space)
        assert printed.getvalue() == "7\n", text


# --- functions: each is half of a number

FUNCTIONS = [
    ("    return n / 2\n```\nThis."),
    ("    return n / 2\n<|endoftext|>\n\ndef half(n):\n    return 0"),
    ("return n / 2"),
    ("return n / 2\n\nThis works."),
    ("m = n / 2\n    return m"),
    ("m = n\n    if m:\n        m = m / 2\n    return m"),
    ("m = n / 2\nreturn m"),
    ("```python\nm = n / 2\nreturn m\n```"),
    ("```python\nif n:\n    return n / 2\nreturn 0\n```"),
    ("  return n / 2"),
    ("\treturn n / 2"),
    ("        return n / 2\n"),
    (" return n / 2\n"),
    ("    return other(n)\n\ndef other(n):\n    return n / 2\n\nprint(input())"),
    (
        "    return other(n)\n\n\ndef other(n):\n    return deep(n)\n\nimport sys\n\n"
        "def deep(n):\n    return n / 2\n\nThis is it."
    ),
    (
        "```python\nfrom __future__ import annotations\nimport math\ndef half(n):\n"
        "    return n / 2\n```"
    ),
    ("from __future__ import annotations\ndef half(n):\n    return n / 2\n"),
    ("    def half(n):\n        return n / 2\n"),
    ("```python\ndef half(n):\n    return n / 2\n```\n```python\ndef half(n):\n    pass\n```"),
    (
        '```python\ndef half(n):\n    """doc"""\n    ...\n```\n```python\ndef half(n):\n'
        "    return n / 2\n```"
    ),
    (
        "```python\ndef two():\n    return 2\n```\nthen\n```python\ndef half(n):\n"
        "    return n / two()\n```"
    ),
    (
        "```python\ndef half(n):\n    return n / two()\n```\nwith\n```python\ndef two():\n"
        "    return 2\nprint(input())\n```"
    ),
    (">>> def half(n):\n...     return n / 2\n...\n>>> half(3)\n1.5\n"),
    ("```pycon\n>>> def half(n):\n...     return n / 2\n>>> half(3)\n1.5\n```"),
    ("```python\ndef half(n):\n    return n / 2\n```\n```python\n>>> half(4)\n2.0\n```"),
    ("```text\ndef half(n):\n    return n / 2\n```"),
    ("[BEGIN]\ndef half(n):\n    return n / 2\n[DONE]"),
    ("[BEGIN]\n'def half(n):\n    return n / 2\n'\n[DONE]"),
    ("[PYTHON]\ndef half(n):\n    return n / 2\n[/PYTHON]"),
    ("<code>\ndef half(n):\n    return n / 2\n</code>"),
    ("Sure!\n\ndef half(n):\n    return n / 2\n\nThis divides by two, it's simple."),
    (
        "```python\ndef half(n):\n    return n / 2\n\nif __name__ == '__main__':\n"
        "    print(half(2))\n```"
    ),
    (
        "```python\ndef half(n):\n    return n / 2\n```\nTests:\n```python\n"
        "def test_half():\n    assert half(2) == 1\n```"
    ),
    ("    return n / 2\n\n# Test\nprint(half(3))"),
    ("    return n / 2</s>"),
    ("    return n / 2\n\nif __name__ == '__main__':\n    import sys\n"),
    ("    # comment\n\n    return n / 2\n"),
    ("\n    return n / 2\n"),
    ("```python\n    return n / 2\n```"),
    ('    """More doc."""\n    return n / 2\n'),
    ("    return (\n        n\n        / 2\n    )\n\nThe answer is above."),
    ("```\n    return n / 2\n```\nHope this helps"),
    ("half = lambda n: n / 2"),
    ("```python\nhalf: object = lambda n: n / 2\n```"),
    ("```python\nclass X:\n    pass\n@staticmethod\ndef half(n):\n    return n / 2\n```"),
    ("```python\n%%time\ndef half(n):\n    return n / 2\n```"),
    ("```python\ndef half(n):\n    return n / 2\n```\n\n```python\nhalf(3)\n```"),
    ("```python\ndef half(n):\r\n    return n / 2\r\n```"),
    ("```python\ndef\u00a0half(n):\n\u00a0\u00a0\u00a0\u00a0return\u00a0n / 2\n```"),
    ("\ufeffdef half(n):\n    return n / 2\n"),
    ("def half(n):\n    return n / 2\n```"),
    (
        "def half(n):\n    return n / 2\n\n```\nExplanation: it's `n/2`.\n```python\n"
        "assert half(2) == 1\n```"
    ),
    ("    result = n / 2\n    return result\n\n\nclass Foo:\n    pass\n\nfoo("),
    (
        "Step 1:\n```python\nimport math\n```\nStep 2:\n```python\ndef half(n):\n"
        "    return n / 2\n```"
    ),
    ("- First\n  ```python\n  def half(n):\n      return n / 2\n  \n  ```\n- Second"),
    (
        "Here's the solution:\n\n```\ndef half(n):\n    return n / 2\n\n```\n\n"
        "Explanation:\n```\nhalf(4) = 2\n```"
    ),
    ("```python\n# Solution\ndef half(n):\n    return n / 2\n\n# Example\nprint(half(4))\n```"),
    ("```python\ndef half(n):\n    return n / 2\n```\n\n**Output**\n```\n2.0\n```"),
    (
        "```diff\n- def half(n):\n+ def half(n):\n```\n```python\ndef half(n):\n"
        "    return n / 2\n```"
    ),
    ("<code>def half(n):\n    return n / 2\n</code>"),
    (
        "Answer:\ndef half(n):\n    return n / 2\n\nTime complexity is O(1).\n\n"
        "def is used to define."
    ),
    ("def half(n):\n    return n / 2\n\n\n# Explanation: it's half\n"),
    ('"""\nExplanation\n"""\ndef half(n):\n    return n / 2\n'),
    ("    # Write your code here\n    return n / 2\n# End"),
    (
        "```python\nimport math\n\ndef half(n):\n    '''Return half.\n\n    ```python\n"
        "    half(4)\n    ```\n    '''\n    return n / 2\n```\n\n```python\n"
        "assert half(4) == 2\n```"
    ),
    (
        "```python\ndef half(n):\n    return n / 2\n\n# Test cases\nassert half(4) == 2\n"
        "print('ok')\n```"
    ),
    (
        "### Python\n```py\ndef half(n):\n    return n / 2\n```\n### JavaScript\n```js\n"
        "function half(n) { return n / 3 }\n```"
    ),
    ("<|im_start|>assistant\ndef half(n):\n    return n / 2\n<|im_end|>"),
    (
        "def half(n):\n    return n / 2\n"
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nThanks"
    ),
    ("def half(n):\n    return n / 2\n<｜end▁of▁sentence｜>"),
    ("def half(n):\n    return n / 2\n<end_of_turn>\n<start_of_turn>user\nhi"),
    ("def half(n):\n    return n / 2\n[/INST] more text"),
    ("def half(n):\n    return n / 2\n\n\n\n<|fim_middle|>garbage("),
    ("def half(n):\n    return n / 2\n<|file_separator|>x = ("),
    ("def half(n):\n    return n / 2\n<file_sep>x = ("),
    ("def half(n):\n    return n / 2\n<extra_id_0>"),
    ("<|begin_of_text|>def half(n):\n    return n / 2\n"),
    ("<s>def half(n):\n    return n / 2\n</s>"),
    ("```python\ndef half(n):\n    return n / 2\n```</s>"),
    ("```python\ndef half(n):\n    return n / 2\n</s>"),
    ("```python\ndef half(n):\n    return n / 2\n<|endoftext|>"),
    ("[BEGIN]\ndef half(n):\n    return n / 2\n"),
    ("def half(n):\n    return n / 2\n[DONE]"),
    (
        "def half(n):\n    return n / 2\n\n[DONE]\n\nProblem 2: [BEGIN]\ndef half(n):\n"
        "    return 0\n[DONE]"
    ),
    ("[BEGIN]\n```python\ndef half(n):\n    return n / 2\n```\n[DONE]"),
    ("BEGIN SOLUTION\n<code>\ndef half(n):\n    return n / 2\n</code>\nEND SOLUTION"),
    ("[ANSWER]\ndef half(n):\n    return n / 2\n[/ANSWER]"),
    ("<answer>```python\ndef half(n):\n    return n / 2\n```</answer>"),
    ("<tool_call>\ndef half(n):\n    return n / 2\n</tool_call>"),
    ("\\begin{lstlisting}[language=Python]\ndef half(n):\n    return n / 2\n\\end{lstlisting}"),
    ("\\begin{minted}{python}\ndef half(n):\n    return n / 2\n\\end{minted}"),
    ("In [1]: def half(n):\n   ...:     return n / 2\n   ...:\n\nIn [2]: half(4)\nOut[2]: 2.0\n"),
    ("```\n>>> def half(n):\n...     x = n\n...\n...     return x / 2\n...\n>>> half(4)\n2.0\n```"),
    ("```python\n%load_ext autoreload\n%autoreload 2\ndef half(n):\n    return n / 2\n!ls\n```"),
    ("```python\ndef half(n):\n    return n / 2\n%timeit half(3)\n```"),
    ("```python\ndef half(n):\n    return n / 2\n    \n\n```"),
    ("``\ndef half(n):\n    return n / 2\n``"),
    ("```python\n\n\n    def half(n):\n        return n / 2\n    \n```"),
    ("\tdef half(n):\n\t    return n / 2\n\t"),
    (
        "```python\nclass Solution:\n    def half(self, n):\n        return n / 2\n"
        "half = Solution().half\n```"
    ),
    ("```python\nfrom functools import partial\nhalf = partial(lambda d, n: n / d, 2)\n```"),
    ("```python\nif True:\n    def half(n):\n        return n / 2\n```"),
    (
        "```python\ntry:\n    import numpy\nexcept ImportError:\n    numpy = None\n"
        "def half(n):\n    return n / 2\n```"
    ),
    ("```python\n@lambda f: f\ndef half(n):\n    return n / 2\n```"),
    ("```python\nasync def x(): pass\ndef half (n):\n    return n / 2\n```"),
    (
        "```python\ndef helper(n):\n    return n / 2\n```\n\nNow:\n\n```python\n"
        "def half(n):\n    return helper(n)\n```\n\nUsage:\n\n```python\nn = input()\n"
        "print(half(n))\n```"
    ),
    (
        "```python\nhalf_cache = {}\n```\n```python\ndef half(n):\n"
        "    half_cache[n] = n / 2\n    return half_cache[n]\n```"
    ),
    (
        "```python\nfrom typing import List\n```\n\n```python\n"
        "def half(n: List) -> float:\n    return n / 2\n```"
    ),
    (
        "Wrong:\n```python\ndef half(n):\n    return n\n```\nThis fails. Fixed version:\n"
        "```python\ndef half(n):\n    return n / 2\n```\nThe earlier one returned n."
    ),
    (
        "```python\ndef half(n):\n    return n / 2\n```\nThe signature is:\n```python\n"
        "def half(n: int) -> float:\n```"
    ),
    (
        "```python\ndef half(n):\n    return n / 2\n```\nPseudo code:\n```\ndef half(n):\n"
        "    divide n by two\n```"
    ),
    ("```python\ndef half(n):\n    return n / 2\n```\nTypes:\n```python\ndef half(n): ...\n```"),
    (
        "```python\ndef half(n):\n    return n / 2\n```\nunit tests\n```python\n"
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(half(2), 1)\nunittest.main()\n```"
    ),
    ("# Solution\n\ndef half(n):\n    return n / 2\n"),
    ("Solution\n========\n\ndef half(n):\n    return n / 2\n"),
    ("1. First, define it.\n\ndef half(n):\n    return n / 2\n\n2. Then use it.\n"),
    ("def half(n):\n    return n / 2  # ```not a fence```\n"),
    ("def half(n):\n    s = '```'\n    return n / 2\n"),
    ("```python\ndef half(n):\n    s = '```'\n    return n / 2\n```"),
    ("```python\ndef half(n):\n    s = '''```\n```'''\n    return n / 2\n```"),
    ("~~~~python\ndef half(n):\n    return n / 2\n~~~~"),
    ("```python3.12\ndef half(n):\n    return n / 2\n```"),
    ("```PYTHON\ndef half(n):\n    return n / 2\n```"),
    ("``` {.python}\ndef half(n):\n    return n / 2\n```"),
    ("```code\ndef half(n):\n    return n / 2\n```"),
    ("```\n\ndef half(n):\n    return n / 2\n\n```\n"),
    ("```python\ndef half(n):\n    return n / 2\n```python\n"),
    ("```python\ndef half(n):\n    return n / 2\n\n``` \n\nok"),
    ("```python\ndef half(n):\n    return n / 2\n\n```.\n\nok"),
    ("```python\ndef half(n):\n    return n / 2\n\n``````python\n"),
    ("Here is code ```python\ndef half(n):\n    return n / 2\n```"),
    ("Here is code: ```\ndef half(n):\n    return n / 2\n```"),
    ("**Code:**```python\ndef half(n):\n    return n / 2\n```"),
    ("\n\n\n    return n / 2\n\n\n"),
    ("    return n / 2 # half\n\n\n\n\n    # unused\n"),
    ("    if n:\n        return n / 2\n    else:\n        return 0\n\nExample:\n>>> half(4)\n"),
    ('    return n / 2\n\n"""\nexplanation\n"""\n'),
    ("    return n / 2\n---\nThis is half."),
    ("    return n / 2\n\n### Explanation\nit's `half`"),
    ("    return n / 2\n```\n\n```python\nhalf(3)\n```"),
    ("    return n / 2\n\n```python\nhalf(3)\n```\n"),
    ("```python\n    return n / 2\n```\nThis completes it."),
    ("return n / 2\n```\n"),
    (" return n / 2\n```"),
    ("   x = n\n    return x / 2"),
    ("x = n\n    y = x / 2\n    return y\n\ndef main():\n    pass"),
]


@pytest.mark.parametrize("text", FUNCTIONS)
def test_the_function_is_found(text: str) -> None:
    assert run(program_of(text, PROMPT, ["half"])) == 3.0


@pytest.mark.parametrize("text", ["Yes", "```\nno\n```", "The answer = 5 is", "```text\n3\n```"])
def test_what_is_no_function(text: str) -> None:
    assert program_of(text, PROMPT, ["half"]) is None


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ('def half(n):\n    """d"""', "\n    return n / 2"),
        ('def half(n):\n    """d"""', "    return n / 2"),
        ('def half(n):\n    """d"""\n    ', "return n / 2\n"),
        ('def half(n):\n    """d"""\n    ', "m = n / 2\n    return m"),
        ("def half(n):\n    return", " n / 2"),
        ("def half(n):\n", "  return n / 2"),
        ("def half(n):", "\n  return n / 2"),
        ("def half(n):\n  '''d'''\n", "    return n / 2"),
        ("def half(n):\n\t'''d'''\n", "    return n / 2"),
        ("from __future__ import annotations\n\ndef half(n):\n", "    return n / 2"),
        ("def half(n):\n    '''d'''\n", "```python\nfrom __future__ import annotations\n"
         "def half(n: N) -> N:\n    return n / 2\n```"),
        ("import math\n", "def half(n):\n    return math.fsum([n]) / 2\n"),
    ],
)  # fmt: skip
def test_prompts_are_continued_wherever_they_end(prompt: str, text: str) -> None:
    assert run(program_of(text, prompt, ["half"])) == 3.0


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("print(input())", "acts reads writes"),
        ("def f():\n    print(input())", "reads writes"),
        ("def f():\n    return 1\nf()", "acts"),
        ("import sys\nsys.setrecursionlimit(9)", ""),
        ("import sys\nsys.stdout.write(sys.stdin.read())", "acts reads writes"),
        ("print(open(0).read())", "acts reads writes"),
        ("import os\nos.write(1, os.read(0, 9))", "acts reads writes"),
        ("solve()", "acts"),
        ("5", ""),
        ("YES", ""),
        ("x = 5", ""),
        ("print(" + " + ".join("1" * 500) + ")", "acts writes"),
    ],
)
def test_facts_of_programs(code: str, facts: str) -> None:
    parsed = parse(code)
    found = [name for name in ("acts", "reads", "writes") if getattr(parsed, name)]
    assert " ".join(found) == facts


@pytest.mark.parametrize("code", ["return 1", "x = (yield)", "if x:\n    return", "await f()"])
def test_what_only_functions_may_have(code: str) -> None:
    assert parse(code).fault is not None
    assert parse(f"async def f():\n{textwrap.indent(code, '    ')}").fault is None


def test_languages_of_blocks() -> None:
    marks = ["python", "py", "Python", "python3", "py3", "python3.11", "{.python}", "{python}",
             " python", 'python title="a.py"', "python:a.py", "{.python .numberLines}", "ipython",
             "{code-cell} ipython3", "pycon", "python-repl", "Python 3", "py {1,2}"]  # fmt: skip
    for mark in marks:
        assert [each.language for each in blocks(f"```{mark}\nx\n```")] == ["python"], mark
    for mark in ["text", "c++", "output", "json", "pyspark", "bash", "{r}", "console"]:
        assert [each.language for each in blocks(f"~~~{mark}\nx\n~~~")] != ["python"], mark
    assert fenced("```MiniZinc\nvar 1..3: x;\n```", ("minizinc",)) == ["var 1..3: x;\n"]


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("````python\n```\n````\n", ["```\n"]),
        ("```python\na\n````\nb", ["a\n"]),
        ("```python\na\n~~~\n```\n", ["a\n~~~\n"]),
        ("```python\na\n```python\nb\n```\n", ["a\n", "b\n"]),
        ("```python\na = '''\n```\n'''\n```\n", ["a = '''\n```\n'''\n"]),
        ("```python\na = '''\n```\nprose\n```python\nb\n```\n", ["a = '''\n", "b\n"]),
        ("```python\n# it's '''\na\n```\nb", ["# it's '''\na\n"]),
        ("```python\na = '\\'''\n```\nb", ["a = '\\'''\n"]),
        ("```text\n'''\n```\nb\n", ["'''\n"]),
        ("text ```code``` text\n", []),
        ("```code``` text\n", []),
        ("> ```python\n> a\n>\n> b\n> ```\n", ["a\n\nb\n"]),
        ("- ```python\n  a\n  ```\n", ["  a\n"]),
        ("```python\na", ["a"]),
        ("```python", []),
    ],
)
def test_blocks(text: str, bodies: list[str]) -> None:
    assert [each.body for each in blocks(text)] == bodies


@pytest.mark.parametrize(
    "code",
    [
        "print('<|endoftext|>' + input())",
        'EOS = "</s>"\nprint(input() + EOS)',
        "print(f'<|{input()}|>')",
        "print(input())  # ends with <|im_end|>",
        "print('[DONE]')\nprint(input())",
        "print('''\n<|im_end|>\n''')\nprint(input())",
    ],
)
def test_tokens_and_marks_in_strings_are_code(code: str) -> None:
    assert program_of(f"```python\n{code}\n```") == f"{code}\n"
    assert program_of(code) == code


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
    "quoted tokens": lambda n: "'<|x|>' " * n,
    "lines of quoted tokens": lambda n: "'<|x|>'\n" * n,
    "leading tokens": lambda n: "<|x|>" * n,
    "strings over fences": lambda n: "```python\n'''\n```\n" * n,
    "quotations": lambda n: "> " * n + "```python\nx\n",
    "lists": lambda n: "- 1. " * n + "```python\nx\n",
    "a session": lambda n: ">>> def f(): pass\n" * n,
    "magics": lambda n: "def f(): pass\n" + "%x\n" * n,
    "programs": lambda n: "```python\ndef f(): return g()\n```\n" * n,
    "statements that need each other": lambda n: (
        "```python\ndef f(): return a0\n```\n```python\n"
        + "".join(f"a{at} = lambda: a{at + 1}\n" for at in range(n))
        + "```\n"
    ),
    "scripts": lambda n: "```python\nprint(input())\n```\n" * n,
    "begins": lambda n: "[BEGIN]\n" * n,
    "ends": lambda n: "x [DONE] y\n" * n,
    "tags": lambda n: "<code>" * n + "</code>" * n,
    "Markdown": lambda n: "```markdown\n" * n,
    "quotation marks": lambda n: "```python\n" + "'\"" * n,
    "backslashes": lambda n: "```python\n'''" + "\\" * n,
    "imports from the future": lambda n: "def f(): pass\nfrom __future__ import (\n" * n,
    "bodies": lambda n: "    return x\n\nfoo bar\n" * n,
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


SLOW = ("statements that need each other", "a session", "magics", "scripts", "programs", "begins")


@pytest.mark.parametrize(
    "kind",
    [pytest.param(each, marks=pytest.mark.slow if each in SLOW else ()) for each in HOSTILE],
)
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
    ends = [len(lines), *(at for at in range(len(lines) - 1, 0, -1) if begins(lines[at]))]
    start = next((at for at, line in enumerate(lines) if _CODE.match(line)), 0)
    tried = ("\n".join(lines[start:end]) for end in ends if end > start)
    wanted = next((code for code in tried if examine(code)[0] is None), "\n".join(lines[start:]))
    assert code_in(text) == wanted
