"""Make problems.jsonl and draws.jsonl: ten functions to write, and programs with seeded faults.

The draws are no model's: each is the right body with the probability that its problem has, else one
of three faulty bodies. Of these, one or two pass the single example of the docstring.
"""

import json
import random
from pathlib import Path

DRAWS = 24
# Name, arguments, what it returns, an example and its value, the right body, three faulty ones
# and further tests: arguments and value.
FUNCTIONS = [
    ("larger", "a, b", "the larger of two numbers", "3, 8", "8", "max(a, b)",
     ["b", "a + b", "min(a, b)"], [("9, 2", "9"), ("-1, -5", "-1"), ("4, 4", "4")]),
    ("is_even", "n", "True if n is even, else False", "4", "True", "n % 2 == 0",
     ["n % 4 == 0", "n > 0", "n % 2"], [("7", "False"), ("2", "True"), ("-3", "False")]),
    ("absolute", "x", "the absolute value of x", "-5", "5", "abs(x)",
     ["-x", "5", "x"], [("5", "5"), ("0", "0"), ("-2", "2")]),
    ("last", "items", "the last item of a list", "[1, 2, 3]", "3", "items[-1]",
     ["items[2]", "max(items)", "items[0]"], [("[7]", "7"), ("[5, 1]", "1")]),
    ("square", "x", "the square of x", "2", "4", "x * x",
     ["2 * x", "x + 2", "x ** 3"], [("3", "9"), ("0", "0"), ("-4", "16")]),
    ("initial", "word", "the first letter of a word, upper case", "'ann'", "'A'",
     "word[0].upper()", ["word[:1].upper() if len(word) == 3 else word", "'A'", "word[0]"],
     [("'bo'", "'B'"), ("'X'", "'X'")]),
    ("total", "numbers", "the sum of a list of numbers", "[1, 2, 3]", "6", "sum(numbers)",
     ["len(numbers) * 2", "max(numbers) * 2", "len(numbers)"], [("[]", "0"), ("[4]", "4")]),
    ("mirror", "text", "the text in reverse", "'aba'", "'aba'", "text[::-1]",
     ["text", "text[2:] + text[1] + text[:1]", "sorted(text)"], [("'abc'", "'cba'"), ("''", "''")]),
    ("count_a", "text", "how often the letter a is in a text", "'banana'", "3", "text.count('a')",
     ["len(text) // 2", "len(set(text))", "len(text)"], [("''", "0"), ("'xyz'", "0")]),
    ("smallest", "numbers", "the smallest number of a list", "[1, 2, 3]", "1", "min(numbers)",
     ["numbers[0]", "1", "max(numbers)"], [("[3, 1, 2]", "1"), ("[5]", "5"), ("[0, -2]", "-2")]),
]  # fmt: skip


def chance(number: int) -> float:
    """Return the probability that a draw for a problem has the right body."""
    return 0.05 + 0.05 * number


def passing(function: tuple) -> float:
    """Return the share of the faulty bodies of a function that pass its example."""
    _, arguments, _, example, value, _, wrong, _ = function
    passes = [
        eval(f"lambda {arguments}: {body}")(*eval(f"({example},)")) == eval(value) for body in wrong
    ]
    return sum(passes) / len(wrong)


def problem(name: str, arguments: str, told: str, example: str, value: str, tests: list) -> dict:
    """Return a problem in the shape of HumanEval, with all its tests."""
    checks = [(example, value), *tests]
    return {
        "task_id": name,
        "prompt": f'def {name}({arguments}):\n    """Return {told}.\n\n'
        f'    >>> {name}({example})\n    {value}\n    """\n',
        "entry_point": name,
        "test": "def check(candidate):\n"
        + "".join(f"    assert candidate({given}) == {wanted}\n" for given, wanted in checks),
    }


def main() -> None:
    """Write the files beside this one."""
    rng = random.Random(3)
    problems, draws = [], []
    for number, (name, arguments, told, example, value, right, wrong, tests) in enumerate(
        FUNCTIONS
    ):
        problems.append(problem(name, arguments, told, example, value, tests))
        for index in range(DRAWS):
            correct = rng.random() < chance(number)
            body = right if correct else rng.choice(wrong)
            text = f"def {name}({arguments}):\n    return {body}\n"
            draws.append({"problem": name, "index": index, "text": text})
    for file, rows in (("problems", problems), ("draws", draws)):
        path = Path(__file__).parent / f"{file}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
