"""References rewritten in ways that leave their value, and in ways that change it: the first are
accepted, the second are not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MATH_500 = Path(__file__).parents[1] / ".." / "shared" / "data" / "math500.jsonl"


@pytest.fixture(scope="module")
def rewritings() -> ModuleType:
    """The benchmark, which makes them."""
    if str(BENCHMARKS) not in sys.path:
        sys.path.append(str(BENCHMARKS))
    found = importlib.util.spec_from_file_location("rewritings", BENCHMARKS / "rewritings.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules["rewritings"] = module  # its tuples with types look for it there
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("path", "each"), [(None, 4), (MATH_500, 2)])
def test_rewritings_are_told_apart(
    rewritings: ModuleType, own_home: Path, path: Path | None, each: int
) -> None:
    if path is not None and not path.exists():
        pytest.skip("MATH-500 is not here")
    golds = rewritings.references(path)
    found = rewritings.all_of(golds, each, seed=11)
    wrong = [
        (one.way, one.gold, one.answer, said)
        for one, said in zip(found, rewritings.accepted(found), strict=True)
        if said is not one.equal
    ]
    harmless, harmful = (sum(one.equal is equal for one in found) for equal in (True, False))
    assert min(harmless, harmful) > 0.9 * each * len(golds)
    assert len([one for one in wrong if one[3] is not True]) <= 0.01 * harmless, wrong
    assert len([one for one in wrong if one[3] is True]) <= 0.002 * harmful, wrong
