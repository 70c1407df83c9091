"""How sure the model was of each token: kept, told again, and DeepConf's rules over it."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path

import pytest
from conftest import Ttc
from hypothesis import given
from hypothesis import strategies as st

from ttc.records import Sample
from ttc.verifiers.confidence import Confidence, groups, score

VALUES = st.lists(st.floats(0.5, 30, width=32), min_size=1, max_size=60)


def by_hand(values: list[float], window: int) -> list[float]:
    width = min(window, len(values))
    starts = range(len(values) - width + 1)
    return [statistics.fmean(values[start : start + width]) for start in starts]


@given(VALUES, st.integers(1, 70))
def test_groups_and_their_aggregates(values: list[float], window: int) -> None:
    means = by_hand(values, window)
    assert list(groups(values, window)) == pytest.approx(means, rel=1e-9)
    tenth = sorted(means)[: max(len(means) // 10, 1)]
    expected = {
        "lowest": min(means),
        "bottom": statistics.fmean(tenth),
        "tail": means[-1],
        "mean": statistics.fmean(values),
    }
    for aggregate, value in expected.items():
        assert score(values, aggregate, window) == pytest.approx(value, rel=1e-9)


def test_a_draw_shorter_than_the_window_is_one_group() -> None:
    values = [3.0, 1.0, 8.0]
    assert {score(values, a, 2048) for a in ("lowest", "bottom", "tail", "mean")} == {4.0}


@pytest.mark.parametrize(
    "options", [{"aggregate": "min"}, {"window": "0"}, {"window": "x"}, {"wide": "1"}]
)
def test_a_wrong_option_is_named(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"aggregate|window|wide"):
        Confidence(**options)


def test_without_confidences_there_is_no_score() -> None:
    bare, empty = Sample("p", 0, "x", "stop"), Sample("p", 1, "", "stop", confidences=[])
    first, second = Confidence().verify([bare, empty])
    assert (first.status, first.score, first.correct) == ("no_confidences", None, None)
    assert (second.status, second.score) == ("no_answer", None)


def draw(ttc: Ttc, sums: Path, *more: object, pool: str = "p") -> None:
    ran = ttc("sample", sums, "-m", "scripted:tokens=5-40", "-n", 6, "--pool", pool, *more)
    assert ran.code == 0, ran.err


def test_they_are_kept_told_again_and_replayed(ttc: Ttc, sums: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first.jsonl", "again.jsonl", "replayed.jsonl")]
    draw(ttc, sums, "--confidence", 20, "-o", files[0])
    draw(ttc, sums, "-o", files[1])
    assert files[0].read_text() == files[1].read_text()
    lines = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert all(len(line["confidences"]) == line["completion_tokens"] for line in lines)
    again = ("--confidence", 20, "-n", 6, "--pool", "r", "-o", files[2])
    assert ttc("sample", sums, "-m", f"replay:{files[0]}", *again).code == 0
    replayed = [json.loads(line) for line in files[2].read_text().splitlines()]
    told = [
        sorted((x["problem"], x["index"], x["confidences"]) for x in y) for y in (lines, replayed)
    ]
    assert told[0] == told[1]


def test_the_rules_of_deepconf(ttc: Ttc, sums: Path, tmp_path: Path) -> None:
    """`sweep` over the store equals `sweep` over a file with scores worked out here."""
    lines = tmp_path / "lines.jsonl"
    draw(ttc, sums, "--confidence", 20, "-o", lines)
    assert ttc("verify", "p", "-V", "numeric").code == 0
    scorer = "confidence:aggregate=lowest,window=8"
    rules = [
        f"keep=50%:score={scorer}>majority",
        f"keep=50%:score={scorer}>weighted:score={scorer}",
        f"best-of-n:score={scorer}",
    ]
    assert ttc("verify", "p", "-V", scorer).code == 0
    judged = tmp_path / "judged.jsonl"
    with judged.open("w") as file:
        for line in ttc("verify", lines, "-V", "numeric").lines:
            value = min(by_hand(line.pop("confidences"), 8))
            file.write(json.dumps({**line, "scores": {"s": value}}) + "\n")
    for rule in rules:
        stored = ttc("sweep", "p", "-V", "numeric", "-s", rule, "--json").document
        foreign = ttc("sweep", judged, "-s", rule.replace(scorer, "s"), "--json").document
        values = [
            [point["value"] for curve in document["curves"] for point in curve["points"]]
            for document in (stored, foreign)
        ]
        assert values[0] == pytest.approx(values[1], abs=2e-3)
        assert all(map(math.isfinite, values[0]))


def test_a_pool_without_them_says_how_to_have_them(ttc: Ttc, sums: Path) -> None:
    draw(ttc, sums)
    ran = ttc("verify", "p", "-V", "confidence")
    assert ran.code == 2
    assert "--confidence 20 into another --pool" in ran.err
    assert ttc("verify", "p", "-V", "numeric").code == 0
    ran = ttc("sweep", "p", "-V", "numeric", "-s", "keep=50%:score=confidence>majority")
    assert ran.code == 2
    assert "has a score for none of 36 draws" in ran.err


def test_a_backend_that_does_not_tell_is_refused(ttc: Ttc, sums: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    draw(ttc, sums, "-o", lines)
    ran = ttc("sample", sums, "-m", f"replay:{lines}", "-n", 2, "--confidence", 20)
    assert ran.code == 2
    assert "--confidence 20" in ran.err
    assert "llamacpp" in ran.err


def test_a_line_with_wrong_confidences_is_named(ttc: Ttc, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(json.dumps({"problem": "p", "text": "x", "confidences": [1, "y"]}) + "\n")
    ran = ttc("verify", path, "-V", "numeric")
    assert ran.code == 2
    assert "line 1" in ran.err or "bad.jsonl:1" in ran.err
