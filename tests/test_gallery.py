"""The studies of `examples/`: small data, a figure, a finding with its interval, a notebook."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from math import comb, factorial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
STUDIES = sorted(path.parent for path in (ROOT / "examples").glob("*/README.md"))
NAMES = [path.name for path in STUDIES]


def test_there_are_at_least_five_and_all_are_listed() -> None:
    assert len(STUDIES) >= 5
    listed = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    for name in NAMES:
        assert f"examples/{name}/README.md" in listed
        assert f"examples/{name}/README.md" in nav


@pytest.mark.parametrize("folder", STUDIES, ids=NAMES)
def test_a_study_is_small_and_ends_in_a_finding_with_an_interval(folder: Path) -> None:
    text = (folder / "README.md").read_text("utf-8")
    finding = text.partition("\n## Finding\n")[2]
    assert re.search(r"\([^)]*[\d.]+ %? ?to [^)]*[\d.]+", finding), "no interval"
    assert "](curve.svg)" in text
    assert (folder / "curve.svg").read_text("utf-8").startswith("<?xml")
    sizes = [path.stat().st_size for path in folder.iterdir() if path.is_file()]
    assert max(sizes) <= 300_000


def test_all_studies_together_are_small() -> None:
    files = (path for folder in STUDIES for path in folder.iterdir() if path.is_file())
    assert sum(path.stat().st_size for path in files) <= 1_000_000


@pytest.mark.parametrize(("name", "files"), [("stopping", ["draws"]), ("few-tests", ["draws"])])
def test_data_are_what_their_maker_makes(tmp_path: Path, name: str, files: list[str]) -> None:
    made = ROOT / "examples" / name
    shutil.copy(made / "make.py", tmp_path)
    subprocess.run([sys.executable, tmp_path / "make.py"], check=True, timeout=60)
    for each in files:
        assert (tmp_path / f"{each}.jsonl").read_bytes() == (made / f"{each}.jsonl").read_bytes()


def exact_vote(right: float, wrong: float, draws: int) -> float:
    """Return the value of a vote of draws; four wrong answers, the rest abstains, ties split."""
    silent = [(1 - right - 4 * wrong) ** count / factorial(count) for count in range(draws + 1)]
    value = 0.0
    for top in range(1, draws + 1):
        below = [wrong**count / factorial(count) for count in range(top)]
        for tied in range(5):
            others = silent
            for _ in range(4 - tied):
                others = convolved(others, below, draws)
            if (left := draws - top * (tied + 1)) >= 0:
                same = (wrong**top / factorial(top)) ** tied * comb(4, tied) / (tied + 1)
                value += right**top / factorial(top) * same * others[left]
    return value * factorial(draws)


def convolved(one: list[float], other: list[float], most: int) -> list[float]:
    """Return the product of two power series, up to a power."""
    found = [0.0] * (most + 1)
    for i, a in enumerate(one):
        for j, b in enumerate(other[: most + 1 - i]):
            found[i + j] += a * b
    return found


def exact_first(right: float, rights: range, wrongs: range, draws: int) -> float:
    """Return the probability that the shortest of some draws is right; ties split."""
    value, longer = 0.0, 1.0
    for length in sorted({*rights, *wrongs}):
        good = right * (length in rights) / len(rights)
        bad = (1 - right) * (length in wrongs) / len(wrongs)
        value += (longer**draws - (longer - good - bad) ** draws) * good / (good + bad)
        longer = max(longer - good - bad, 0.0)
    return value


def test_the_truth_of_stopping_is_exact() -> None:
    """Its simulation against closed forms, for the three rules that have one."""
    folder = ROOT / "examples" / "stopping"
    world: Any = runpy.run_path(str(folder / "make.py"))
    rights, wrongs, draws = world["RIGHT"], world["WRONG"], world["DRAWS"]
    exact: Counter[str] = Counter()
    short, long = (sum(each <= 2000 for each in told) / len(told) for told in (rights, wrongs))
    for problem in range(world["PROBLEMS"]):
        p = world["probability"](problem)
        exact["majority"] += exact_vote(p, (1 - p) / 4, draws)
        exact["majority, cut at 2000"] += exact_vote(p * short, (1 - p) * long / 4, draws)
        exact["first-finish"] += exact_first(p, rights, wrongs, draws)
    lines = re.findall(
        r"^(.{22}) (0\.\d{3}) ± (0\.\d{3})$",
        (folder / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    told = {name.strip(): (float(mean), float(error)) for name, mean, error in lines}
    assert told.keys() > exact.keys()
    for name, total in exact.items():
        mean, error = told[name]
        assert abs(mean - total / world["PROBLEMS"]) < 3.5 * error + 0.0005


def test_the_notebook_runs(own_home: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs nbclient: pip install -e '.[dev]'")
    nbclient = pytest.importorskip("nbclient", reason="pip install -e '.[dev]'")
    for needed in ("ipykernel", "pandas", "matplotlib"):
        pytest.importorskip(needed)
    shutil.copytree(ROOT / "examples", own_home / "examples")
    notebook = nbformat.read(own_home / "examples" / "scaling" / "scaling.ipynb", 4)
    stored = [printed(cell) for cell in notebook.cells]
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(own_home)}}
    )
    client.execute()
    assert [printed(cell) for cell in notebook.cells] == stored
    assert any("beta-binomial: 0.934" in text for text in stored)


def printed(cell: Any) -> str:
    """Return what a cell prints on stdout."""
    outputs = cell.get("outputs", ())
    return "".join(each["text"] for each in outputs if each.get("name") == "stdout")
