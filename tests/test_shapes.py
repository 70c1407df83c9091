"""Shapes of datasets: each is known by its fields, asked whole, and told in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shape_cases import CASES, Case

from ttc import problems


def write(path: Path, *records: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{c.shape}" for at, c in enumerate(CASES)])
def test_each_shape_is_read_whole(tmp_path: Path, case: Case) -> None:
    read = problems.read(write(tmp_path / "data.jsonl", case.record))
    (problem,) = read.problems
    assert read.format == case.shape
    assert problem.messages[-1].content == case.asked
    assert tuple(turn.role for turn in problem.messages) == case.turns
    assert problem.reference == case.reference
    assert (problem.id, problem.tags) == (case.id, case.tags)
    assert set(case.unused) <= set(read.unused)
    assert case.said in read.describe()


def test_the_table_has_sixty_shapes() -> None:
    assert len({case.shape for case in CASES}) >= 60
