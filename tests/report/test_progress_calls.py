"""Who calls the library from Python sees how far a call is if he asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ttc
from ttc.errors import UsageError
from ttc.messages.progress import SILENT, Stage

MODEL = "scripted:answers=1/2,tokens=40-80,slots=4,tick=0.002"


@pytest.fixture
def data(own_home: Path) -> Path:
    path = own_home / "d.jsonl"
    rows = [{"id": f"s{i}", "question": f"{i}?", "answer": "1"} for i in range(4)]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_a_function_is_told_each_stage(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[Stage] = []
    pool = ttc.sample(data, 4, model=MODEL, pool="p", progress=seen.append)
    drawing = [stage for stage in seen if stage.what == "p"]
    assert (drawing[-1].done, drawing[-1].total, drawing[-1].unit) == (16, 16, "draws")
    assert [each.done for each in drawing] == sorted(each.done for each in drawing)
    assert any(stage.done < 16 for stage in drawing)
    seen.clear()
    pool.verify("numeric", progress=seen.append)
    assert (seen[-1].what, seen[-1].done, seen[-1].total) == ("p: verify by numeric", 16, 16)
    seen.clear()
    ttc.sweep(pool, progress=seen.append)
    ends = {stage.what: (stage.done, stage.total) for stage in seen}
    assert ends["reading p"] == (16, 16)
    assert ends["computing"] == (4, 4)
    assert capfd.readouterr() == ("", "")


def test_a_search_counts_draws_and_tokens(own_home: Path) -> None:
    seen: list[Stage] = []
    solved = ttc.solve("2?", model=MODEL, method="adaptive:n=8", progress=seen.append)
    assert seen[-1].done == solved.drawn + solved.cancelled
    assert seen[-1].tokens == solved.tokens


def test_what_is_no_function_is_refused(data: Path) -> None:
    with pytest.raises(UsageError, match="progress must be True, False or a function"):
        ttc.sample(data, 1, model=MODEL, progress="yes")  # type: ignore[arg-type]


def test_a_function_that_fails_ends_no_run(data: Path) -> None:
    def fails(stage: Stage) -> None:
        raise ValueError(stage.what)

    assert len(ttc.sample(data, 4, model=MODEL, pool="p", progress=fails)) == 16


def test_nothing_is_shown_by_default_below() -> None:
    with SILENT.stage("work", "draws", 3) as stage:
        assert list(stage.each("abc")) == ["a", "b", "c"]
    assert stage.done == 3
