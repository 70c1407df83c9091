"""HumanEval and what completes a function that unit tests call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import noting
from ttc.formats.shapes.fields import asked, has, text
from ttc.formats.shapes.shape import Asked, Shape, of

REQUEST = (
    "Complete this Python function. Reply with the whole function in one code block.\n\n{prompt}"
)


class HumanEval(Shape):
    """Read HumanEval: `prompt`, `entry_point` and `test`. Verifier: python."""

    name = "humaneval"
    fields = of("task_id", "prompt", "entry_point", "test")
    template = REQUEST
    leaves = of("instruction", "docstring", "text")  # HumanEvalPack's other ways to ask
    verifier = "python"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the beginning of the function, and its tests."""
        noting.role(record, "reference", "test")
        return Asked(asked(record, "prompt"), reference=self._reference(record, self._test(record)))

    def _test(self, record: Mapping[str, Any]) -> str:
        return text(record, "test")

    def _reference(self, record: Mapping[str, Any], tests: str) -> dict[str, Any]:
        entry, prompt = text(record, "entry_point"), text(record, "prompt")
        return {"tests": tests, "entry_point": entry, "prompt": prompt}


class EvalPlus(HumanEval):
    """Read EvalPlus's own file of HumanEval+: inputs and a solution. Verifier: python."""

    name = "evalplus"
    fields = of("task_id", "prompt", "entry_point", "canonical_solution", "base_input")

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether it has no script of tests."""
        return "test" not in record

    def _test(self, record: Mapping[str, Any]) -> str:
        from ttc.formats.shapes import evalplus_script

        noting.role(record, "reference", "base_input")
        return evalplus_script.script(record)


class HumanEvalX(Shape):
    """Read the Python part of HumanEval-X: its `test` names the function. Verifier: python."""

    name = "humaneval-x"
    fields = of("task_id", "prompt", "test")
    template = REQUEST
    leaves = of("instruction", "docstring", "text")
    verifier = "python"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the tests define a check in Python, and name its function."""
        return has(record, "test", str) and "def check(" in record["test"]

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the beginning of the function, and its tests."""
        prompt = text(record, "prompt")
        noting.role(record, "reference", "test")
        reference = {"tests": text(record, "test"), "prompt": prompt}
        return Asked(asked(record, "prompt"), reference=reference)


class BigCodeBench(Shape):
    """Read BigCodeBench: `instruct_prompt`, `entry_point` and `test`. Verifier: python.

    `--map prompt=complete_prompt` asks to complete the function instead.
    """

    name = "bigcodebench"
    fields = of("task_id", "instruct_prompt", "code_prompt", "entry_point", "test")
    verifier = "python"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the task, and its tests."""
        noting.role(record, "reference", "test")
        reference = {
            "tests": text(record, "test"),
            "entry_point": text(record, "entry_point"),
            "prompt": text(record, "code_prompt"),
        }
        other = has(record, "prompt", str)
        return Asked(asked(record, "prompt" if other else "instruct_prompt"), reference=reference)


class CruxEval(Shape):
    """Read CRUXEval: `code`, `input`, and the `output` that is asked for. Verifier: exact."""

    name = "cruxeval"
    fields = of("code", "input", "output")
    verifier = "exact"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the code is that of a function f."""
        return has(record, "code", str) and "def f(" in record["code"]

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question for what the function returns, and what it is."""
        code, given = text(record, "code").strip("\n"), record["input"]
        if not isinstance(given, str):
            raise ValueError("'input' must be a string")
        for name in ("code", "input"):
            noting.role(record, "question", name)
        noting.role(record, "reference", "output")
        whole = (
            f"```python\n{code}\n```\n\nWhat does f({given}) return? "
            'Answer with a Python literal after "The answer is".'
        )
        return Asked(whole, text(record, "output"))
