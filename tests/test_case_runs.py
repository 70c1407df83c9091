"""Programs tested by inputs and outputs: the shapes of datasets, comparisons, checkers."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tiers import TIERS, need

from ttc.records import Sample, Verdict
from ttc.verifiers.code.cases.encoded import decoded
from ttc.verifiers.code.cases.outputs import comparison_of, difference
from ttc.verifiers.code.cases.shapes import cases_of
from ttc.verifiers.code.python import Python

Row = tuple[str, str, Mapping[str, Any], "bool | str | None"]


def judged(rows: Sequence[Row], **options: Any) -> list[Verdict]:
    need("landlock")
    samples = [
        Sample(f"p{at}", 0, text, "stop", reference=reference)
        for at, (_, text, reference, _) in enumerate(rows)
    ]
    return list(Python(**options).verify(samples))


def wrong_ones(rows: Sequence[Row], **options: Any) -> list[tuple[str, Verdict]]:
    """Return the rows whose verdict (or status, for a string) is another than the row's last."""
    return [
        (label, verdict)
        for (label, _, _, wanted), verdict in zip(rows, judged(rows, **options), strict=True)
        if (verdict.status if isinstance(wanted, str) else verdict.correct) != wanted
    ]


DOUBLE = "print(int(input()) * 2)"
ADD = "a, b = map(int, input().split())\nprint(a + b)"
PAIRS: dict[str, Any] = {"inputs": ["2\n", "5\n"], "outputs": ["4\n", "10\n"]}
METHOD = (
    "class Solution:\n    def add(self, xs: List[int], y: int) -> int:\n        return sum(xs) + y"
)
PLAIN = "def add(xs, y):\n    return sum(xs) + y"
LESS = "def add(xs, y):\n    return sum(xs)"


def packed(cases: Any, *, pickled: bool = True) -> str:
    text = json.dumps(cases)
    data = pickle.dumps(text) if pickled else text.encode()
    return base64.b64encode(zlib.compress(data)).decode()


def stdin(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"input": i, "output": o, "testtype": "stdin"} for i, o in pairs]


FUNCTIONAL = [
    {"input": "[1, 2]\n3", "output": "6", "testtype": "functional"},
    {"input": "[]\n0\n", "output": "0", "testtype": "functional"},
]
OLD = {"inputs": ["1\n"], "outputs": ["3\n"]}

SHAPES: list[Row] = [
    ("plain", DOUBLE, PAIRS, True),
    ("plain, wrong", "print(4)", PAIRS, False),
    ("one pair", DOUBLE, {"input": "2\n", "output": "4\n"}, True),
    ("one pair as strings", DOUBLE, {"inputs": "2\n", "outputs": "4\n"}, True),
    ("JSON text", DOUBLE, {"input_output": json.dumps(PAIRS)}, True),
    ("an object", DOUBLE, {"input_output": PAIRS}, True),
    ("APPS: lists of lines", ADD, {"inputs": [["1 2", ""]], "outputs": [["3"]]}, True),
    ("TACO: rows of tokens", "print(1, 2)\nprint(3)",
     {"input_output": {"inputs": [""], "outputs": [[["1", "2"], ["3"]]]}}, True),
    ("numbers", DOUBLE, {"inputs": [2], "outputs": [4]}, True),
    ("CodeContests", ADD, {"public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
     "private_tests": {"input": [], "output": []},
     "generated_tests": {"input": ["4 5\n"], "output": ["9\n"]}}, True),
    ("CodeContests, generated", "input()\nprint(3)", {
     "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
     "generated_tests": {"input": ["4 5\n"], "output": ["9\n"]}}, False),
    ("CodeContests, tokens", "print('Yes')\nprint(0.3333333)",
     {"public_tests": {"input": [""], "output": ["YES 0.333333333\n"]}}, True),
    ("CodeContests, integers", "print(100000001)",
     {"public_tests": {"input": [""], "output": ["100000000\n"]}}, False),
    ("LiveCodeBench", DOUBLE, {"public_test_cases": json.dumps(stdin(("2", "4"))),
     "private_test_cases": json.dumps(stdin(("5", "10")))}, True),
    ("LiveCodeBench, private", "input()\nprint(4)", {
     "public_test_cases": json.dumps(stdin(("2", "4"))),
     "private_test_cases": packed(stdin(("5", "10")))}, False),
    ("LiveCodeBench, packed", DOUBLE, {"public_test_cases": json.dumps(stdin(("2", "4"))),
     "private_test_cases": packed(stdin(("5", "10")))}, True),
    ("LiveCodeBench, not pickled", DOUBLE,
     {"private_test_cases": packed(stdin(("5", "10")), pickled=False)}, True),
    ("LiveCodeBench, lists", DOUBLE, {"public_test_cases": stdin(("2", "4"))}, True),
    ("LiveCodeBench, imports", "print(gcd(*map(int, input().split())))",
     {"public_test_cases": stdin(("4 6", "2"))}, True),
    ("LiveCodeBench, a decimal", "print('1.50')", {"public_test_cases": stdin(("", "1.5"))}, True),
    ("LiveCodeBench, metadata of standard input", DOUBLE,
     {"public_test_cases": stdin(("2", "4")), "metadata": '{"func_name": null}'}, True),
    ("LiveCodeBench, functional", f"```python\n{METHOD}\n```", {
     "public_test_cases": json.dumps(FUNCTIONAL), "metadata": '{"func_name": "add"}'}, True),
    ("LiveCodeBench, functional, packed", METHOD, {"public_test_cases": json.dumps(FUNCTIONAL),
     "private_test_cases": packed(FUNCTIONAL), "metadata": {"func_name": "add"}}, True),
    ("LiveCodeBench, functional, wrong", LESS,
     {"public_test_cases": FUNCTIONAL, "metadata": {"func_name": "add"}}, False),
    ("LiveCodeBench, name from the starter", METHOD, {"public_test_cases": FUNCTIONAL,
     "starter_code": "class Solution:\n    def add(self, xs, y):\n        "}, True),
    ("no pickle is loaded", DOUBLE, {"private_test_cases": base64.b64encode(zlib.compress(
     pickle.dumps(print))).decode()}, "bad_reference"),
    ("what is not decodable", DOUBLE, {"public_test_cases": stdin(("2", "4")),
     "private_test_cases": "not base64!"}, "bad_reference"),
    ("input_output that is no JSON", DOUBLE, {"input_output": "{"}, "bad_reference"),
    ("fn_name in input_output", METHOD, {"input_output": json.dumps(
     {"fn_name": "add", "inputs": ["[1, 2]\n3"], "outputs": ["6"]})}, True),
    ("fn_name on top", PLAIN, {"fn_name": "add", "inputs": ["[1, 2]\n3"], "outputs": ["6"]}, True),
    ("fn_name beside input_output", PLAIN, {"fn_name": "add", "input_output": {
     "inputs": [[[1, 2], 3]], "outputs": [6]}}, True),
    ("APPS, functional", METHOD, {"input_output": json.dumps(
     {"fn_name": "add", "inputs": [[[1, 2], 3]], "outputs": [[6]]})}, True),
    ("APPS, functional, wrong", LESS, {"input_output": json.dumps(
     {"fn_name": "add", "inputs": [[[1, 2], 3]], "outputs": [[6]]})}, False),
    ("APPS, a list of one is the value", "def f(x): return [x]",
     {"fn_name": "f", "inputs": [[3]], "outputs": [[3]]}, True),
    ("APPS, a list of two is not", "def f(x): return x",
     {"fn_name": "f", "inputs": [[3]], "outputs": [[3, 4]]}, False),
    ("arguments by name", PLAIN,
     {"fn_name": "add", "inputs": [{"y": 3, "xs": [1]}], "outputs": [4]}, True),
    ("entry_point and lists", PLAIN,
     {"entry_point": "add", "inputs": [[[1], 2]], "outputs": [3]}, True),
    ("DeepCoder", DOUBLE, {"tests": json.dumps(stdin(("2\n", "4\n")))}, True),
    ("test_cases with outputs", DOUBLE,
     {"test_cases": [{"input": "2\n", "expected_output": "4"}]}, True),
    ("test_cases with functions", PLAIN,
     {"test_cases": [{"fn_name": "add", "input": [[1], 2], "output": 3, "type": "function_call"}]},
     True),
    ("verification_info", DOUBLE, {"verification_info": {"language": "python", "test_cases": [
     {"type": "stdin_stdout", "input": "2\n", "output": "4\n"}]}}, True),
    ("ground_truth", DOUBLE, {"ground_truth": json.dumps(PAIRS)}, True),
    ("official_tests", DOUBLE, {"official_tests": [{"input": "2\n", "output": "4\n"}]}, True),
    ("fewer outputs", DOUBLE, {"inputs": ["1", "2"], "outputs": ["2"]}, "no_reference"),
    ("no inputs", DOUBLE, {"inputs": [], "outputs": []}, "no_reference"),
    ("lists without a function", DOUBLE, {"inputs": [[1, 2]], "outputs": [3]}, "no_reference"),
    ("no output", DOUBLE, {"inputs": ["1"], "outputs": [None]}, "no_reference"),
    ("a function that is none", DOUBLE,
     {"fn_name": "a b", "inputs": [[1]], "outputs": [3]}, "no_reference"),
    ("arguments that are no JSON", PLAIN,
     {"fn_name": "add", "inputs": ["[1, 2"], "outputs": ["6"]}, "bad_reference"),
]  # fmt: skip


def test_shapes() -> None:
    assert wrong_ones(SHAPES) == []


def calls(wanted: Any, **more: Any) -> dict[str, Any]:
    return {"fn_name": "f", "inputs": ["1"], "outputs": [json.dumps(wanted)], **more}


def gives(value: str) -> str:
    return f"def f(x):\n    return {value}"


RESULTS: list[Row] = [
    ("a tuple is a list", gives("(1, (2,))"), calls([1, [2]]), True),
    ("a list", gives("[1, [2]]"), calls([1, [2]]), True),
    ("another order", gives("[2, 1]"), calls([1, 2]), False),
    ("longer", gives("[1, 2, 3]"), calls([1, 2]), False),
    ("a set is none", gives("{1, 2}"), calls([1, 2]), False),
    ("text is no number", gives("'1'"), calls(1), False),
    ("a number is no text", gives("1"), calls("1"), False),
    ("text", gives("'a\\n\"é'"), calls('a\n"é'), True),
    ("null", gives("None"), calls(None), True),
    ("nothing where something is due", gives("None"), calls(0), False),
    ("true", gives("True"), calls(True), True),
    ("false", gives("False"), calls(True), False),
    ("numpy's number", "import numpy\n" + gives("numpy.int64(3)"), calls(3), True),
    ("numpy's array", "import numpy\n" + gives("numpy.arange(3)"), calls([0, 1, 2]), True),
    ("keys become text", gives("{1: 2}"), calls({"1": 2}), True),
    ("a key more", gives("{'a': 1, 'b': 2}"), calls({"a": 1}), False),
    ("an integer for a float", gives("2"), calls(2.0), True),
    ("a float for an integer", gives("2.0"), calls(2), True),
    ("not quite an integer", gives("2.0000001"), calls(2), False),
    ("rounding", gives("0.1 + 0.2"), calls(0.3), True),
    ("more than rounding", gives("0.301"), calls(0.3), False),
    ("a stated tolerance", gives("0.301"), calls(0.3, tolerance=0.01), True),
    ("too far for it", gives("0.32"), calls(0.3, tolerance=0.01), False),
    ("not a number", gives("float('nan')"), calls(1.0), False),
    ("infinity", gives("float('inf')"), calls(1.0), False),
    ("an object", gives("object()"), calls(1), False),
    ("an object that equals all", "class E(int):\n    def __eq__(self, o): return True\n"
     + gives("E(2)"), calls(1), False),
    ("text that equals all", "class E(str):\n    def __eq__(self, o): return True\n"
     "    def __str__(self): return '1'\n" + gives("E('b')"), calls("a"), False),
    ("a huge integer", gives("10 ** 400"), calls(1.5), False),
    ("raises", gives("1 // 0"), calls(1), "raised"),
    ("another name", "```python\ndef g(x): return 1\n```", calls(1), "raised"),
    ("it exits", "import os\n" + gives("os._exit(0)"), calls(1), "raised"),
    ("no code", "I cannot.", calls(1), False),
    ("a function beside a class", "class Helper:\n    pass\n" + gives("1"), calls(1), True),
    ("a static method", "class Solution:\n    @staticmethod\n    def f(x): return x", calls(1),
     True),
    ("state of an instance", "class Solution:\n    def __init__(self): self.n = 1\n"
     "    def f(self, x): return self.n", calls(1), True),
    ("a helper outside", "def g(x): return x\nclass Solution:\n    def f(self, x): return g(x)",
     calls(1), True),
    ("its own json", "json = None\n" + gives("1"), calls(1), True),
    ("pow is Python's", gives("pow(2, 3, 5)"), calls(3), True),
    ("open is Python's", gives("open is __import__('builtins').open"), calls(True), True),
    ("imports that LeetCode has", gives("Counter('aab').most_common(1)[0][1] - gcd(3, 2)"),
     calls(1), True),
    ("the future first", "from __future__ import annotations\n" + gives("1"), calls(1), True),
    ("deep recursion", "def f(x):\n    def g(n): return 0 if n == 0 else 1 + g(n - 1)\n"
     "    return g(5000)", calls(5000), True),
    ("a main part", gives("1") + "\nif __name__ == '__main__':\n    print(f(input()))", calls(1),
     True),
    ("what it prints", "def f(x):\n    print('noise')\n    return 1", calls(1), True),
]  # fmt: skip


def test_results_are_compared_as_json() -> None:
    assert wrong_ones(RESULTS, cpu="2") == []


PRINTED: list[tuple[str, str, dict[str, Any], bool]] = [
    ("1 2\n", "1 2\n", {}, True),
    ("1 2 \n\n", "1 2\n", {}, True),
    ("1 2", "1 2\r\n", {}, True),
    ("1\r\n2\r\n", "1\n2\n", {}, True),
    ("1\n2\n", "1 2\n", {}, False),
    ("1 2\n", "1\n2\n", {}, False),
    ("1  2\n", "1 2\n", {}, False),
    (" *\n***\n", " *\n***\n", {}, True),
    ("*\n***\n", " *\n***\n", {}, False),
    ("\n1\n", "1\n", {}, False),
    ("1\n\n2\n", "1\n2\n", {}, False),
    ("", "", {}, True),
    ("\n", "", {}, True),
    ("", "1", {}, False),
    ("Yes", "YES", {}, False),
    ("0.30000000000000004", "0.3", {}, False),
    ("1.50", "1.5", {}, False),
    ("1\n2\n", "1 2\n", {"checker": "tokens"}, True),
    ("1 2 3\n", "1 2\n", {"checker": "tokens"}, False),
    ("12\n", "1 2\n", {"checker": "tokens"}, False),
    ("1.0\n", "1\n", {"checker": "tokens"}, False),
    ("yes\n", "YES\n", {"checker": "yesno"}, True),
    ("no\n", "YES\n", {"checker": "yesno"}, False),
    ("yes\n", "YES\n", {"compare": "tokens"}, False),
    ("0.333333", "0.3333333333", {"tolerance": 1e-6}, True),
    ("0.333", "0.3333333333", {"tolerance": 1e-6}, False),
    ("0.333", "0.3333333333", {"tolerance": "1e-2"}, True),
    ("0.333333", "0.3333333333", {"eps": 1e-6}, True),
    ("0.333333", "0.3333333333", {"checker": "float"}, True),
    ("0.3333", "0.3333333333", {"checker": "float"}, False),
    ("0.3333", "0.3333333333", {"checker": "float", "tolerance": 1e-3}, True),
    ("0.3333", "0.3333333333", {"checker": {"name": "float", "eps": 1e-3}}, True),
    ("0.3333", "0.3333333333", {"checker": "rcmp4"}, True),
    ("1000000.5", "1000000.0", {"rtol": 1e-6}, True),
    ("1000000.5", "1000000.0", {"atol": 1e-6}, False),
    ("1000000.5", "1000000.0", {"tolerance": 1e-6}, True),
    ("2", "2.0", {"tolerance": 1e-6}, True),
    ("2.0", "2", {"tolerance": 1e-6}, True),
    ("1e-7", "0.0", {"tolerance": 1e-6}, True),
    ("100000001", "100000000", {"tolerance": 1e-6}, False),
    ("x = 0.3333331", "x = 0.3333333", {"tolerance": 1e-6}, True),
    ("y = 0.3333333", "x = 0.3333333", {"tolerance": 1e-6}, False),
    ("0.5\n0.25", "0.5 0.25", {"tolerance": 1e-6}, False),
    ("0.5\n0.25", "0.5 0.25", {"checker": "float"}, True),
    ("0.5 0.25 1", "0.5 0.25", {"tolerance": 1e-6}, False),
    ("nan", "0.5", {"tolerance": 1e-6}, False),
    ("inf", "1e9", {"tolerance": 1e-6}, False),
    ("1e999", "1.0", {"tolerance": 1e-6}, False),
    ("1e9999999999", "1.0", {"tolerance": 1e-6}, False),
    ("٣.0", "3.0", {"tolerance": 1e-6}, False),
    ("1_0.0", "10.0", {"tolerance": 1e-6}, False),
    ("0.5", "0.5000001", {"tolerance": 0}, False),
    ("0.50", "0.5", {"tolerance": 0}, True),
]


@pytest.mark.parametrize(("found", "wanted", "reference", "same"), PRINTED)
def test_printed(found: str, wanted: str, reference: dict[str, Any], same: bool) -> None:
    compare, source = comparison_of(reference)
    assert source is None
    assert (difference(compare, found, wanted) is None) == same


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ({"checker": "magic"}, "'magic' is not known"),
        ({"checker": 3}, "a name or a program"),
        ({"tolerance": -1}, "'tolerance' must be a number of 0 or more"),
        ({"tolerance": True}, "'tolerance' must be"),
        ({"eps": "small"}, "'eps' must be"),
        ({"rtol": float("nan")}, "'rtol' must be"),
    ],
)
def test_comparisons_that_are_not_known(reference: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        comparison_of(reference)


ANY_SUM = """
def check(input, output, expected):
    a, b = map(int, output.split())
    return a + b == int(input)
"""
TESTLIB = """
import sys
inp, out, ans = (open(path).read().split() for path in sys.argv[1:4])
if len(out) != 2:
    print("two numbers are due", file=sys.stderr)
    sys.exit(2)
sys.exit(0 if sum(map(int, out)) == int(inp[0]) else 1)
"""
PRINTING = """
import sys
def main():
    inp, ans, out = (open(path).read() for path in sys.argv[1:4])
    assert ans.split() == ["3", "4"]
    print(1 if sum(map(int, out.split())) == int(inp) else 0)
if __name__ == "__main__":
    main()
"""


def checked(source: Any, name: str = "checker", outputs: Any = ("3 4\n",)) -> dict[str, Any]:
    return {"inputs": ["7\n"], "outputs": outputs and list(outputs), name: source}


CHECKED: list[Row] = [
    ("a function", "print(1, 6)", checked(ANY_SUM), True),
    ("a function, wrong", "print(1, 7)", checked(ANY_SUM), False),
    ("what makes it raise", "print('x')", checked(ANY_SUM), False),
    ("nothing printed", "pass", checked(ANY_SUM), False),
    ("without outputs", "print(1, 6)", checked(ANY_SUM, outputs=None), True),
    ("other order of names", "print(1, 6)", checked(
     "def check(expected, actual, inp): return sum(map(int, actual.split())) == int(inp)"), True),
    ("two parameters", "print(3)", checked(
     "def check(output, expected):\n    return output.split()[0] == expected.split()[0]"), True),
    ("its own names", "print(1, 6)", checked(
     "def check(a, b, c):\n    return sum(map(int, b.split())) == int(a) and c == '3 4\\n'"), True),
    ("a tuple", "print(1, 6)", checked("def check(i, o, e):\n    return False, 'bad'"), False),
    ("a right tuple", "print(1, 6)", checked("def check(i, o, e):\n    return True, 'ok'"), True),
    ("an assertion", "print(1, 6)", checked("def check(i, o, e):\n    assert o == e"), False),
    ("a score", "print(1, 6)", checked("def check(i, o, e):\n    return 0.5"), False),
    ("None is no decision", "print(1, 6)", checked("def check(i, o, e):\n    pass"),
     "bad_reference"),
    ("it prints", "print(1, 6)", checked("def check(i, o, e):\n    print(0)\n    return 1"), True),
    ("testlib", "print(1, 6)", checked(TESTLIB), True),
    ("testlib, wrong", "print(1, 7)", checked(TESTLIB), False),
    ("testlib, presentation", "print(1)", checked(TESTLIB), False),
    ("testlib, a crash", "print('a', 'b')", checked(TESTLIB), False),
    ("DOMjudge", "print(1)", checked("import sys\nsys.argv\nsys.exit(42)"), True),
    ("DOMjudge, wrong", "print(1)", checked("import sys\nsys.argv\nsys.exit(43)"), False),
    ("printed", "print(1, 6)", checked(PRINTING, "generated_checker"), True),
    ("printed, wrong", "print(1, 7)", checked(PRINTING, "generated_checker"), False),
    ("with pathlib", "print(1, 6)", checked(
     "import sys\nfrom pathlib import Path\nout = Path(sys.argv[2]).read_text().split()\n"
     "sys.exit(out != ['1', '6'])"), True),
    ("with readlines", "print(1, 6)", checked(
     "import sys\nwith open(sys.argv[2], 'rb') as out:\n    assert out.readlines() == [b'1 6\\n']"),
     True),
    ("only asserts", "print(1, 6)", checked(
     "def check(i, o, e):\n    assert sum(map(int, o.split())) == int(i)"), True),
    ("only asserts, wrong", "print(1, 7)", checked(
     "def check(i, o, e):\n    assert sum(map(int, o.split())) == int(i)"), False),
    ("one function of another name", "print(1, 6)", checked(
     "def valid(inp, out):\n    return sum(map(int, out.split())) == int(inp)"), True),
    ("one parameter", "print(1, 6)", checked("def check(x):\n    return x == '1 6\\n'"), True),
    ("a word, exit code 0", "print(1, 6)", checked("import sys\nsys.argv\nprint('WA')"), False),
    ("another word", "print(1, 6)", checked("import sys\nsys.argv\nprint('Accepted')"), True),
    ("a text is no decision", "print(1, 6)", checked("def check(i, o, e):\n    return 'AC'"),
     "bad_reference"),
    ("no function at all", "print(1, 6)", checked("import math\nx = 1"), "bad_reference"),
    ("two functions", "print(1, 6)", checked(
     "def a(x, y):\n    return True\ndef b(x, y):\n    return True"), "bad_reference"),
    ("in an object", "print(1, 6)", checked({"type": "python", "source": ANY_SUM}), True),
    ("a checker that fails", "print(1, 6)", checked("def check(i, o, e):\n    return 1 // 0"),
     "bad_reference"),
    ("a checker that says so", "print(1, 6)", checked("import sys\nsys.argv\nsys.exit(3)"),
     "bad_reference"),
    ("a checker that does not parse", "print(1)", checked("def check(:\n"), "bad_reference"),
    ("a checker without an end", "print(1)", checked("def check(i, o, e):\n    while True: pass"),
     "bad_reference"),
    ("an output without an end for it", "print('x')", checked(
     "def check(i, o, e):\n    while o != e: pass\n    return True"), False),
    ("C++", "print(1)", checked("#include <testlib.h>\nint main() { return 0; }"), "no_reference"),
    ("an output that pleads", "print('1'); print('True')", checked(PRINTING, "generated_checker"),
     False),
    ("the program fails", "print(1, 6)\n1 // 0", checked(ANY_SUM), "raised"),
    ("the program exits", "print(1, 6)\nexit(0)", checked(ANY_SUM), True),
]  # fmt: skip


@pytest.mark.parametrize("tier", TIERS)
def test_checker_programs(tier: str) -> None:
    rows = CHECKED if tier == "bwrap" else [row for row in CHECKED if "testlib" in row[0]]
    assert wrong_ones(rows, cpu="0.5", sandbox=need(tier)) == []


def test_a_checker_runs_for_each_input() -> None:
    reference = {"inputs": ["7\n", "9\n"], "checker": ANY_SUM}
    (verdict,) = judged([("", "n = int(input())\nprint(1, 6)", reference, False)])
    assert (verdict.correct, verdict.status) == (False, "ok")
    assert "input 2: the checker refuses the output" in verdict.detail


def test_functional_tests_have_the_time_limit_each() -> None:
    slow = (
        "import time\ndef f(x):\n    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n    return %s"
    )
    reference = {"fn_name": "f", "inputs": ["1"] * 3, "outputs": ["1"] * 3}
    rows: list[Row] = [
        ("right", slow % "x", reference, True),
        ("wrong", slow % "2", reference, False),
        ("wrong at last", "n = 0\n" + slow % "2", {**reference, "outputs": ["2", "2", "1"]}, False),
        ("no end", "def f(x):\n    while x: pass", reference, "timeout"),
    ]
    assert wrong_ones(rows, cpu="0.6") == []


def test_equal_programs_with_other_cases_are_run_again() -> None:
    rows = [
        {"inputs": ["5\n"], "outputs": ["5\n"]},
        {"inputs": ["6\n"], "outputs": ["5\n"]},
        {"inputs": ["5\n"], "outputs": ["5.0000001\n"]},
        {"inputs": ["5\n"], "outputs": ["5.0000001\n"], "tolerance": 1e-3},
        {"inputs": ["5\n"], "outputs": ["5\n"], "checker": "def check(i, o, e):\n    return False"},
    ]
    samples = [Sample("p", at, "print(input())", "stop", reference=row)
               for at, row in enumerate(rows)]  # fmt: skip
    need("landlock")
    found = [verdict.correct for verdict in Python().verify(samples)]
    assert found == [True, False, False, True, False]


TWICE = "print(input()); print(input())"
READS = [
    "print(open(0).read().strip())",
    "import sys; print(sys.stdin.buffer.read().decode().strip())",
    "import os; print(os.read(0, 99).decode().strip())",
    "print(*open('/dev/stdin'), sep='', end='')",
    "import sys; print(*(line.rstrip() for line in sys.stdin), sep='\\n')",
    "import fileinput; print(*(line.rstrip() for line in fileinput.input()), sep='\\n')",
    "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())",
    "import sys; input = sys.stdin.readline; print(input().strip()); print(input().strip())",
    "import sys; sys.stdout.write(sys.stdin.read())",
    "import os; os.write(1, os.read(0, 99))",
    "import sys; print(sys.stdin.readlines()[0].strip()); print('b 2', file=sys.stdout)",
    "try:\n    while True: print(input())\nexcept EOFError: pass",
    "import sys; data = iter(sys.stdin.read().splitlines()); print(next(data)); print(next(data))",
    TWICE + "; exit()",
    TWICE + "; quit()",
    TWICE + "; exit(0)\nprint('more')",
    TWICE + "; raise SystemExit",
    "import sys; " + TWICE + "; print('noise', file=sys.stderr)",
    "import sys; " + TWICE + "; sys.stderr.buffer.write(b'noise')",
    "import warnings; warnings.warn('noise'); " + TWICE,
    "import logging; logging.warning('noise'); " + TWICE,
    "import sys; " + TWICE + "; sys.exit(0)",
    "if 'a' is 'b': pass\n" + TWICE,
    "open('/dev/stdout', 'w').write(open(0).read())",
    "import sys; sys.stdin.reconfigure(encoding='utf-8'); print(sys.stdin.read())",
    "from sys import stdin, stdout; stdout.write(''.join(stdin))",
    "import sys; sys.stdin = open(0); " + TWICE,
    "import io, os; read = io.BytesIO(os.read(0, os.fstat(0).st_size)).readline\n"
    "print(read().decode(), end=''); print(read().decode())",
    "import codecs, sys; print(codecs.getreader('utf-8')(sys.stdin.buffer).read())",
    "import threading, sys\n"
    "threading.Thread(target=lambda: sys.stdout.write(sys.stdin.read())).start()",
    f"def main():\n    {TWICE}\nif __name__ == '__main__':\n    main()",
    "import mmap; print(mmap.mmap(0, 0, prot=mmap.PROT_READ)[:].decode())",
    "import sys; print(''.join(iter(sys.stdin.readline, '')))",
    "import sys; print(sys.stdin.buffer.raw.readall().decode())",
    "import sys; print(sys.stdin.fileno(), file=sys.stderr); " + TWICE,
    "import builtins; print(builtins.input()); print(builtins.input())",
    "import sys; sys.stdout = open(1, 'w', buffering=1 << 16); " + TWICE,
    "import sys; sys.setrecursionlimit(10 ** 6); " + TWICE,
    "print(input('')); print(input())",
]


def test_ways_to_read_and_print() -> None:
    reference = {"inputs": ["é 1\nb 2\n"], "outputs": ["é 1\nb 2\n"]}
    rows: list[Row] = [(each, f"```python\n{each}\n```", reference, True) for each in READS]
    assert wrong_ones(rows) == []


def test_a_string_in_a_pickle_is_read_without_loading_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.verifiers.code.cases.encoded._MOST_BYTES", 1 << 20)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        text = json.dumps([{"input": "é" * 300}])
        data = base64.b64encode(zlib.compress(pickle.dumps(text, protocol))).decode()
        if protocol >= 2:
            assert decoded(data) == json.loads(text)
    bomb = base64.b64encode(zlib.compress(bytes(2 << 20))).decode()
    for given, told in (
        (bomb, "more than 1 MiB"),
        (base64.b64encode(b"abc").decode(), "not of zlib"),
        (base64.b64encode(zlib.compress(pickle.dumps(["a"]))).decode(), "not that of a string"),
        (
            base64.b64encode(zlib.compress(pickle.dumps("[1")[:-2])).decode(),
            "exhausted|broken|not that",
        ),
        ("[" * 100_000, "nested too deeply"),
    ):
        with pytest.raises(ValueError, match=told):
            decoded(given)


def test_references_of_other_verifiers_have_no_cases() -> None:
    for reference in (
        {},
        {"answer": "5"},
        {"tests": "assert f() == 1"},
        {"tests": ["assert f() == 1"]},
        {"ground_truth": "42"},
        {"ground_truth": "abc"},
        {"input": "a question"},
        {"tests": "def check(candidate):\n    pass", "entry_point": "f", "prompt": "def f():\n"},
        {"private_test_cases": "", "public_test_cases": []},
        {"input_output": ""},
    ):
        assert cases_of(reference) is None, reference
