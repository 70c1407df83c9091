"""Programs of datasets: the references that the shapes make are those that `python` runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ttc import plugins, problems
from ttc.records import Sample, Verdict

DOUBLE = "def double(n):\n    return 2 * n\n"
TRIPLE = DOUBLE.replace("2 * n", "3 * n")
ADD = "a, b = map(int, input().split())\nprint(a + b)\n"
SUBTRACT = ADD.replace("a + b", "a - b")
STUB = 'def double(n):\n    """Return twice n."""\n'
CHECK = "def check(candidate):\n    assert candidate(2) == 4\n"
CASES = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
HELPED = (
    'def half(n):\n    """Halve."""\n    return n / 2\n\n\n'
    'def root(n):\n    """Return the number whose half is n."""\n'
)
UNITTEST = """
import unittest
class TestCases(unittest.TestCase):
    def test_two(self):
        self.assertEqual(double(2), 4)
"""

PROGRAMS: list[tuple[str, dict[str, Any], str, str]] = [
    ("humaneval", {"task_id": "H/0", "prompt": STUB, "entry_point": "double", "test": CHECK,
                   "canonical_solution": "    return 2 * n\n"}, DOUBLE, TRIPLE),
    ("humaneval-x", {"task_id": "Python/0", "prompt": STUB, "test": f"{CHECK}\ncheck(double)\n"},
     DOUBLE, TRIPLE),
    ("humaneval-x", {"task_id": "Python/32", "prompt": HELPED,
                     "test": "def check(root):\n    assert half(root(4)) == 4\n\ncheck(root)\n"},
     "def root(n):\n    return 2 * n\n", "def root(n):\n    return n\n"),
    ("evalplus", {"task_id": "HumanEval/0", "prompt": STUB, "entry_point": "double",
                  "canonical_solution": "    return 2 * n\n", "base_input": [[1]],
                  "plus_input": [[2.5]], "atol": 0}, DOUBLE, TRIPLE),
    ("mbpp", {"task_id": 1, "text": "Double.", "code": DOUBLE,
              "test_list": ["assert double(2) == 4"], "test_setup_code": ""}, DOUBLE, TRIPLE),
    ("bigcodebench", {"task_id": "B/0", "complete_prompt": STUB, "instruct_prompt": "Double it.",
                      "code_prompt": STUB, "entry_point": "double", "test": UNITTEST,
                      "canonical_solution": "    return 2 * n"}, DOUBLE, TRIPLE),
    ("apps", {"question": "Add.", "solutions": "[]", "starter_code": "", "difficulty": "x",
              "input_output": json.dumps({"inputs": ["1 2\n"], "outputs": ["3\n"]})},
     ADD, SUBTRACT),
    ("apps", {"question": "Double.", "solutions": "[]", "starter_code": STUB, "difficulty": "x",
              "input_output": json.dumps({"fn_name": "double", "inputs": [[2]], "outputs": [4]})},
     DOUBLE, TRIPLE),
    ("livecodebench", {"question_id": "l1", "question_content": "Add.", "starter_code": "",
                       "public_test_cases": json.dumps(CASES), "metadata": "{}"}, ADD, SUBTRACT),
    ("codecontests", {"name": "A", "description": "Add.",
                      "public_tests": {"input": ["1 2\n"], "output": ["3\n"]}}, ADD, SUBTRACT),
    ("verl", {"data_source": "taco", "prompt": [{"role": "user", "content": "Add."}],
              "reward_model": {"ground_truth": json.dumps({"inputs": ["1 2\n"],
                                                           "outputs": ["3\n"]})}},
     ADD, SUBTRACT),
]  # fmt: skip


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """Judge a right and a wrong program of each, all at once."""
    samples = []
    for _, record, right, wrong in PROGRAMS:
        (problem,) = problems.read([record]).problems
        for at, program in enumerate((right, wrong)):
            text = f"```python\n{program}```"
            samples.append(Sample(problem.id, at, text, "stop", reference=problem.reference))
    return list(plugins.build("verifiers", "python").verify(samples))


@pytest.mark.parametrize("at", range(len(PROGRAMS)), ids=[name for name, *_ in PROGRAMS])
def test_programs_are_judged_by_the_reference(verdicts: list[Verdict], at: int) -> None:
    name, record, *_ = PROGRAMS[at]
    assert problems.read([record]).format == name
    assert [verdict.correct for verdict in verdicts[2 * at : 2 * at + 2]] == [True, False]
