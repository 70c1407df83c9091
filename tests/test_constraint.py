"""Solutions of constraint models: every key, type and constraint, and the best objective."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from tiers import need

from ttc.records import Sample, Verdict

pytest.importorskip("cpmpy")
pytest.importorskip("ortools")

from ttc.verifiers.code.constraint import Constraint, last_object

EXAMPLES = Path(__file__).parents[1] / "examples" / "constraint.jsonl"
MODELS = {
    row["id"]: row["model"] for row in map(json.loads, EXAMPLES.read_text("utf-8").splitlines())
}
TABLE = """
import cpmpy as cp
x = cp.intvar(0, 9, shape=(2, 2), name="x")
b = cp.boolvar(name="b")
model = cp.Model(cp.AllDifferent(x), b == (x[0, 0] > x[1, 1]))
"""


def judge(*texts: str, cpu: str = "60", **reference: Any) -> list[Verdict]:
    need("landlock")
    samples = [Sample("p", at, text, "stop", reference=reference) for at, text in enumerate(texts)]
    return list(Constraint(cpu=cpu).verify(samples))


@pytest.mark.parametrize(
    ("problem", "right", "wrong"),
    [
        ("shelves", {"shelf": [0, 0, 0, 1, 1]}, {"shelf": [0, 0, 0, 0, 1]}),
        ("stalls", {"ada": 3, "ben": 1, "cem": 2}, {"ada": 1, "ben": 2, "cem": 3}),
        ("coins", {"ones": 2, "fives": 1, "tens": 2}, {"ones": 27, "fives": 0, "tens": 0}),
    ],
)
def test_right_solutions_pass_and_mutated_ones_fail(
    problem: str, right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    mutated = [wrong, {}, dict(list(right.items())[1:]), {**right, "more": 1}]
    mutated += [{**right, key: None} for key in right]
    mutated += [{**right, key: str(value)} for key, value in right.items()]
    mutated += [{**right, key: [value]} for key, value in right.items()]
    texts = [f"So the answer is\n{json.dumps(each)}" for each in (right, *mutated)]
    good, *bad = judge(*texts, model=MODELS[problem])
    assert (good.correct, good.status) == (True, "ok")
    assert good.answer == json.dumps(right, sort_keys=True, separators=(",", ":"))
    assert [verdict.correct for verdict in bad] == [False] * len(mutated)


def test_shapes_and_booleans() -> None:
    need("landlock")
    rows = {
        '{"x": [[1, 2], [3, 0]], "b": true}': True,
        '{"x": [[1, 2], [3, 0]], "b": 1}': True,
        '{"x": [[1, 2], [3, 0]], "b": 2}': False,
        '{"x": [1, 2, 3, 0], "b": true}': False,
        '{"x": [[true, 2], [3, 0]], "b": true}': False,
        '{"x": [[1.0, 2], [3, 0]], "b": true}': False,
        '{"x": [[1, 2], [3, 0]], "b": false}': False,
        '{"x": [[99999999999999999999, 2], [3, 0]], "b": true}': False,
    }
    found = judge(*rows, model=TABLE, variables=["x", "b"])
    assert [verdict.correct for verdict in found] == list(rows.values()), found


def test_a_program_prints_its_solution() -> None:
    program = """```python
import cpmpy as cp, json
shelf = cp.intvar(0, 1, shape=5)
m = cp.Model([cp.sum([w * (s == k) for w, s in zip([3, 5, 2, 7, 4], shelf)]) <= 11
              for k in (0, 1)])
assert m.solve()
print(json.dumps({"shelf": shelf.value().tolist()}))
```"""
    broken = program.replace("assert m.solve()", "raise ValueError('no')")
    other = """```python
from ortools.sat.python import cp_model
m = cp_model.CpModel()
shelf = [m.new_bool_var(f"s{i}") for i in range(5)]
m.add(sum(w * s for w, s in zip([3, 5, 2, 7, 4], shelf)) <= 11)
m.add(sum(w * (1 - s) for w, s in zip([3, 5, 2, 7, 4], shelf)) <= 11)
solver = cp_model.CpSolver()
solver.parameters.num_workers = 1
solver.solve(m)
print({"shelf": [solver.value(s) for s in shelf]}.__repr__().replace("'", '"'))
```"""
    shown = f"{program}\n\nIt prints one of these:\n\n```\nshelf 0\n```"
    right, wrong, through_or_tools, with_output = judge(
        program, broken, other, shown, model=MODELS["shelves"]
    )
    assert right.correct
    assert with_output.correct, with_output
    assert through_or_tools.correct, through_or_tools
    assert (wrong.correct, wrong.status) == (False, "raised")
    assert "ValueError: no" in wrong.detail


def test_a_minizinc_model_is_solved() -> None:
    if shutil.which("minizinc") is None:
        pytest.skip("MiniZinc is not here")
    need("bwrap")
    model = """```minizinc
array[1..5] of int: weight = [3, 5, 2, 7, 4];
array[1..5] of var 0..1: shelf;
constraint forall(k in 0..1)(sum(i in 1..5)(weight[i] * bool2int(shelf[i] = k)) <= 11);
solve satisfy;
```"""
    told = model.replace("satisfy;", 'satisfy; output ["So ", "{\\"shelf\\": ", show(shelf), "}"];')
    broken, unsound = model.replace("satisfy", "please"), model.replace("<= 11", "<= 21")
    endless = """```mzn
array[1..15] of var 0..13: q;
constraint forall(i, j in 1..15 where i < j)(q[i] != q[j]);
solve satisfy;
```"""
    right, also, wrong, other, late = judge(
        f"Thus\n{model}", told, broken, unsound, endless, model=MODELS["shelves"], cpu="1"
    )
    assert right.correct, right
    assert also.correct, also
    assert (wrong.correct, wrong.status) == (False, "raised")
    assert other.correct in (True, False)
    assert (late.correct, late.status) == (False, "timeout")


def test_without_minizinc_its_models_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (verdict,) = judge("```mzn\nvar 0..1: x;\n```", model=MODELS["shelves"])
    assert (verdict.correct, verdict.status) == (None, "infra_error")
    assert "needs MiniZinc" in verdict.detail


def test_what_is_nobody_s_fault() -> None:
    (none,) = judge('{"a": 1}', model="import cpmpy as cp\nmodel = cp.Model()")
    assert (none.correct, none.status) == (None, "no_reference")
    (absent,) = judge('{"a": 1}')
    assert (absent.correct, absent.status) == (None, "no_reference")
    (broken,) = judge('{"a": 1}', model="decision = 1 / 0")
    assert (broken.status, "ZeroDivisionError" in broken.detail) == ("no_reference", True)
    (silent,) = judge("I do not know.", model=MODELS["coins"])
    assert (silent.correct, silent.status) == (False, "no_answer")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1} and then {"b": {"c": 2}} .', {"b": {"c": 2}}),
        ('{"a": 1} {broken', {"a": 1}),
        ('{"a": NaN} {"a": 1, "a": 2}', None),
        ("{" * 5000, None),
        ("", None),
    ],
)
def test_the_last_object(text: str, found: dict[str, Any] | None) -> None:
    assert last_object(text) == found


def test_the_examples_are_problems(ttc: Ttc) -> None:
    need("landlock")
    said = json.dumps({"ada": 3, "ben": 1, "cem": 2})
    model = ("-m", "scripted:answers=1*1")
    assert ttc("sample", EXAMPLES, "-n", 1, "--pool", "c", *model).code == 0
    ran = ttc("verify", "c", "-V", "constraint", "-o", "-")
    assert (ran.code, [line["status"] for line in ran.lines]) == (0, ["no_answer"] * 3)
    with pytest.raises(
        ValueError, match="unknown option 'zeal'; it takes: cpu, memory, sandbox=auto"
    ):
        Constraint(zeal="1")
    assert judge(said, model=MODELS["stalls"])[0].correct
