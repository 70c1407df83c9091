"""A gate cannot pass by looking at yesterday's samples."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ttc as library
from ttc.errors import UsageError

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
Ttc = Callable[..., Any]

GOOD = ("-m", "scripted:answers=7")
WORSE = ("-m", "scripted:answers=8")
RULES = ("-s", "coverage,majority", "-k", "1,4")


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """Twelve problems whose answer is 7, so that a drop is no chance."""
    path = tmp_path / "sevens.jsonl"
    rows = ({"id": f"s{i}", "question": f"{i} + {7 - i}?", "answer": "7"} for i in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def yesterday(ttc: Ttc, sums: Path) -> Ttc:
    """The first commit: a good model, judged, and its baseline."""
    assert ttc("sample", sums, *GOOD, "-n", 4, "--pool", "ci").code == 0
    assert ttc("verify", "ci", "-V", "numeric").code == 0
    assert ttc("sweep", "ci", *RULES, "--save-baseline", "base.json").code == 0
    return ttc


def stored(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as found:
        tables = ("pools", "problems", "samples", "runs", "requests")
        return [row for table in tables for row in found.execute(f"SELECT * FROM {table}")]


def database(ttc: Ttc) -> Path:
    return Path(ttc("db", "path").out.strip())


def test_another_model_under_the_same_name_is_refused(yesterday: Ttc, sums: Path) -> None:
    before = stored(database(yesterday))
    for extra in ((), ("--dry-run",), ("--explain",), ("--json",)):
        ran = yesterday("sample", sums, *WORSE, "-n", 4, "--pool", "ci", *extra)
        assert ran.code == 2
        told = ran.err.splitlines()[-1]
        assert told.startswith("ttc: the pool ci has other settings (model scripted")
        assert told.endswith(
            "name another pool with --pool OTHER, or add --new-pool to draw into ci.2"
        )
    assert stored(database(yesterday)) == before


def test_the_fields_are_named_with_both_values(yesterday: Ttc, sums: Path) -> None:
    long = ("--system", "x" * 200 + "\x1b[31mred")
    ran = yesterday("sample", sums, *GOOD, "-n", 4, "--pool", "ci", "-t", 0.3, *long)
    assert ran.code == 2
    assert "temperature 0.8 → 0.3" in ran.err
    assert "system none → 'xxx" in ran.err
    assert "\x1b" not in ran.err
    assert len(ran.err.splitlines()[-1]) < 400


def test_a_new_pool_is_told_and_found_again(yesterday: Ttc, sums: Path) -> None:
    args = ("sample", sums, *WORSE, "-n", 4, "--pool", "ci", "--new-pool", "--json")
    first = yesterday(*args)
    assert first.code == 0
    assert first.document["pool"] == "ci.2"
    assert "drawing into ci.2" in first.err
    second = yesterday(*args)
    assert (second.document["pool"], second.document["drawn"]) == ("ci.2", 0)
    # The name itself is refused still, and the one that was taken goes on.
    refused = yesterday("sample", sums, *WORSE, "-n", 4, "--pool", "ci")
    assert refused.code == 2
    assert (
        "samples with yours are in the pool ci.2: add to it with --pool ci.2 or --new-pool"
        in refused.err
    )
    assert yesterday("sample", sums, *WORSE, "-n", 5, "--pool", "ci.2").code == 0
    assert len(yesterday("ls").out.splitlines()) == 2


def test_yesterday_s_samples_are_told_and_pass_no_gate(yesterday: Ttc, sums: Path) -> None:
    yesterday("sample", sums, *WORSE, "-n", 4, "--pool", "ci", "--new-pool")
    told = "ci does not have the latest samples: the last ttc sample of ci"
    plain = yesterday("verify", "ci", "-V", "numeric", "--json")
    assert plain.code == 0
    assert told in plain.err
    assert told in plain.document["warnings"][0]
    assert yesterday("verify", "ci", "-V", "numeric", "--fail-under", 0.5).code == 1
    swept = yesterday("sweep", "ci", *RULES, "--json")
    assert swept.code == 0
    assert told in swept.document["warnings"][0]
    for gate in (("--baseline", "base.json"), ("--assert", "coverage@1>=0")):
        ran = yesterday("sweep", "ci", *RULES, *gate)
        assert ran.code == 1
        assert told in ran.err
    yesterday("verify", "ci.2", "-V", "numeric")
    assert "latest samples" not in yesterday("sweep", "ci", "ci.2", *RULES, "--compare").err
    # Sampling as yesterday makes ci the last again, and draws nothing.
    again = yesterday("sample", sums, *GOOD, "-n", 4, "--pool", "ci", "--json")
    assert again.document["drawn"] == 0
    assert yesterday("sweep", "ci", *RULES, "--baseline", "base.json").code == 0


def test_an_unfinished_sampling_is_told(ttc: Ttc, sums: Path) -> None:
    some = ttc("sample", sums, "-m", "scripted:answers=7,fail=0.7", "-n", 2, "--pool", "p")
    assert some.code == 4
    ttc("verify", "p", "-V", "numeric")
    ran = ttc("sweep", "p", "-s", "coverage", "-k", "1")
    assert re.search(r"the last ttc sample of p ended with \d+ of 24 draws missing", ran.err)


def test_a_baseline_made_otherwise_is_told(yesterday: Ttc, sums: Path) -> None:
    yesterday("sample", sums, *GOOD, "-n", 2, "--pool", "new", "-t", 0.3)
    yesterday("verify", "new", "-V", "exact:case=fold")
    ran = yesterday("sweep", "new", "-s", "coverage", "--ties", "first", "--baseline", "base.json")
    assert "base.json was judged by numeric 2 (tol=0.0), and new by exact" in ran.err
    assert "base.json was computed with other conventions (ties split → first)" in ran.err
    assert "base.json has coverage@4" in ran.err
    same = yesterday("sweep", "ci", *RULES, "--baseline", "base.json")
    assert "compared with themselves" in same.err


SCRIPT = """
set -e
ttc() { "$PYTHON" -m ttc.cli.main "$@"; }
commit() {
  ttc sample sevens.jsonl -m "scripted:answers=$1" -n 4 --pool "$2" -q > /dev/null
  ttc verify "$2" -V numeric -q > /dev/null
  ttc sweep "$2" -s coverage,majority -k 1,4 "$3" base.json > /dev/null
}
commit 7 "$FIRST" --save-baseline
echo second
commit 8 "$SECOND" --baseline
echo passed
"""


@pytest.mark.parametrize(("second", "code"), [("ci", 2), ("ci-two", 1)])
@pytest.mark.usefixtures("sums")
def test_the_script_of_two_commits_ends_red(second: str, code: int) -> None:
    env = {**os.environ, "PYTHON": sys.executable, "FIRST": "ci", "SECOND": second}
    done = subprocess.run(
        ["bash", "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (code, "second\n"), done.stderr


def test_the_recipe_of_the_page(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "guide" / "gates.md").read_text(encoding="utf-8")
    recipe = next(part for part in text.split("```") if "ci-$SHA" in part).partition("\n")[2]
    examples = tmp_path / "examples"
    examples.mkdir()
    lines = (ROOT / "examples" / "arithmetic.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [{**json.loads(line), "answer": "7"} for line in lines]
    (examples / "arithmetic.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(sha: str, answer: str, script: str = recipe) -> int:
        env = {**os.environ, "PYTHON": sys.executable, "SHA": sha}
        env["TTC_MODEL"] = f"scripted:answers={answer}"
        define = 'ttc() { "$PYTHON" -m ttc.cli.main "$@"; }\n'
        return subprocess.run(
            ["bash", "-c", define + script], env=env, capture_output=True, timeout=120, check=False
        ).returncode

    first = recipe.replace("--baseline ci.json --max-drop 0.02", "--save-baseline ci.json")
    assert run("a", "7", first) == 0
    assert run("b", "7") == 0
    assert run("c", "8") == 1


def test_python_refuses_too(sums: Path) -> None:
    pool = library.sample(str(sums), 2, model=GOOD[1], pool="ci")
    with pytest.raises(UsageError, match=r"pool='OTHER', or add new_pool=True to draw into ci\.2"):
        library.sample(str(sums), 2, model=WORSE[1], pool="ci")
    other = library.sample(str(sums), 2, model=WORSE[1], pool="ci", new_pool=True)
    assert (pool.name, other.name) == ("ci", "ci.2")
    # A name that ttc made may get a suffix; it is that of the command line.
    names = [library.sample(str(sums), 1, model=model[1]).name for model in (GOOD, WORSE)]
    assert names == ["sevens-scripted", "sevens-scripted.2"]
