"""The program in a completion, wherever the model put it."""

from __future__ import annotations

import pytest

from ttc.verifiers.programs import called_names, preamble, program_of

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
    assert sorted(called_names(setup, tests)) == ["E", "area", "f", "parts"]
    with pytest.raises(SyntaxError):
        called_names("assert (")
