"""Tables fit the terminal, and their numbers are what they look like."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import Ttc
from terminals import TTC, Terminal

from ttc.records import Curve, Point
from ttc.report.intervals import Digits, value_text
from ttc.report.tables.columns import Aligned
from ttc.report.tables.decimals import alike, decimals_for, fixed
from ttc.report.tables.tex import as_tex, in_tex
from ttc.report.tables.width import cells

RULES = "coverage,majority,first-finish"


@pytest.mark.parametrize(
    ("values", "least", "most", "texts"),
    [
        ([0.5, 0.25], 4, 6, ["0.5000", "0.2500"]),
        ([0.99996, 1.0], 4, 6, ["0.99996", "1.00000"]),
        ([0.00004, 0.0], 4, 6, ["0.00004", "0.00000"]),
        ([1 - 1e-8, 0.5], 4, 6, ["0.999999", "0.500000"]),  # the most, and still not 1
        ([1e-8], 4, 6, ["0.000001"]),
        ([1 - 1e-12, 1.0], 4, 6, ["1.0000", "1.0000"]),  # a rounded sum
        ([0.9996, 0.2], 3, 4, ["0.9996", "0.2000"]),
        ([-0.00001], 4, 6, ["-0.00001"]),
        ([2.5, -3.25], 4, 6, ["2.5000", "-3.2500"]),
        ([float("nan"), 0.5], 4, 6, ["nan", "0.5000"]),
    ],
)
def test_no_number_looks_like_another(
    values: list[float], least: int, most: int, texts: list[str]
) -> None:
    count = decimals_for(values, least, most)
    assert [fixed(value, count) for value in values] == texts


@pytest.mark.parametrize(
    ("values", "decimals"), [([0.5, 0.25], 2), ([0.5, 0.50], 1), ([1.0, 2.0], 0), ([1 / 3], 4)]
)
def test_numbers_of_a_column_have_the_same_decimals(values: list[float], decimals: int) -> None:
    assert alike(values) == decimals


NAMES = ("pool", "model", "samples", "about")
ROWS = [
    ("a-pool-of-some-length", "SmolLM2-135M", "1152", "what it is for, in words and more words"),
    ("b", "模型模型", "3", "short"),
]


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80, 200, None])
def test_rows_lose_columns_and_never_digits(width: int | None) -> None:
    table = Aligned(NAMES, ROWS, rank=("pool", "samples", "model"))
    *rows, last = table.lines(width)
    if width is None or width >= 80:
        rows.append(last)
        last = ""
    assert len(rows) >= 2 or last.startswith("shows")
    if width is not None:
        assert max(map(cells, [*rows, last])) <= width
    assert "a-pool-of-some-length" in rows[0]
    if width is None or width >= 30:
        assert "1152" in rows[0]
    told = " ".join([*rows, last]).partition("no room for ")[2]
    missing = {name for name in NAMES if name in told}
    shown = {name for name, cell in zip(NAMES, ROWS[0], strict=True) if cell.split()[0] in rows[0]}
    assert missing | shown == set(NAMES)
    assert not missing & shown


def test_a_pipe_and_columns_0_print_all(two_pools: Path) -> None:
    whole = subprocess.run([*TTC, "ls"], capture_output=True, text=True, check=True)
    with Terminal("ls", columns=40, env={"COLUMNS": "0"}) as terminal:
        assert terminal.wait() == 0
    assert len(whole.stdout.splitlines()[0].split()) == 8
    assert terminal.raw.decode().splitlines()[0].split()[-1] == "SIZE"
    assert re.search(r"\d{4}-\d\d-\d\dT", whole.stdout)
    assert "just now" in terminal.raw.decode()


@pytest.fixture
def two_pools(ttc: Ttc, own_home: Path) -> Path:
    """Two verified pools and their names: one long, one short."""
    rows = [{"id": f"s{i}", "question": f"{i}?", "answer": "1"} for i in range(4)]
    (own_home / "d.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for name, answers in (("a-rather-long-name-of-a-pool", "1*3/2"), ("b", "1/2*3")):
        model = f"scripted:answers={answers}"
        assert ttc("sample", "d.jsonl", "-m", model, "-n", 8, "--pool", name).code == 0
        assert ttc("verify", name, "-V", "numeric").code == 0
    return own_home


COMMANDS = [
    ["ls"],
    ["show", "b"],
    ["show", "b", "s1"],
    ["plugins", "--verifiers"],
    ["models"],
    ["config"],
    ["db", "tables"],
    ["db", "query", "SELECT * FROM samples"],
    ["sweep", "b", "a-rather-long-name-of-a-pool", "-s", RULES],
    ["sweep", "b", "a-rather-long-name-of-a-pool", "-s", RULES, "--compare"],
    ["sweep", "b", "a-rather-long-name-of-a-pool", "-s", RULES, "--pivot"],
    ["sweep", "b", "-s", RULES, "--policy", "--bounds"],
]


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_every_table_fits_40_columns(two_pools: Path, args: list[str]) -> None:
    with Terminal(*args, columns=40, lines=400) as terminal:
        assert terminal.wait() == 0
    text = re.sub(r"\x1b\[[\d;]*m", "", terminal.raw.decode())
    wide = [line for line in text.splitlines() if cells(line) > 40]
    # What is copied is not broken: paths of settings, commands, and notes.
    kept = [line for line in wide if not re.search(r"^note: |^  |ttc \w|/", line)]
    assert kept == []
    assert "…" not in re.sub(r"(?m)^.*[a-z ]…$", "", text)  # words are cut, numbers are not


def test_marks_are_explained_once(two_pools: Path, ttc: Ttc) -> None:
    told = ttc("sweep", "b", "a-rather-long-name-of-a-pool", "-s", RULES).out
    assert told.count("† oracle") == 1
    assert told.count("problems like these:") == 1


def test_a_pivot_has_the_pools_side_by_side(two_pools: Path, ttc: Ttc) -> None:
    names = ("b", "a-rather-long-name-of-a-pool")
    swept = ttc("sweep", *names, "-s", "majority", "-k", "1,8", "--json").document
    values = {
        (curve["source"], point["k"]): point["value"]
        for curve in swept["curves"]
        for point in curve["points"]
    }
    pivot = ("sweep", *names, "-s", "majority", "-k", "1,8", "--pivot")
    told = ttc(*pivot).out.splitlines()
    assert told[0] == "majority"
    assert told[1].split() == ["k", *names]
    for line, k in zip(told[2:4], (1, 8), strict=True):
        found = [float(text) for text in re.findall(r"(?<![\[\d.] )(?<!\[)\b\d\.\d{4}", line)]
        assert found == [round(values[name, k], 4) for name in names]
    head, *rows = ttc(*pivot, "--csv", "-").out.splitlines()
    assert head.split(",")[:6] == ["selector", "k", "b", "b low", "b high", names[1]]
    assert [float(row.split(",")[2]) for row in rows] == [values["b", 1], values["b", 8]]
    markdown = ttc(*pivot, "--md", "-").out
    assert f"| k | b | {names[1]} |" in markdown
    assert r"\begin{tabular}{rll}" in ttc(*pivot, "--tex", "-").out


def curve_of(rule: str, source: str, oracle: bool = False) -> Curve:
    points = [
        Point(
            1, 0.5, 0.4, 0.6, 9, {"tokens": 31.5}, low_draws=0.45, high_draws=0.55, method="wilson"
        ),
        Point(8, 0.99996, 0.9, 1.0, 9, {"tokens": None}, error=0.01, method="wilson"),
        Point(16, None, problems=0, note="k exceeds 100% of 'draws' & more_so"),
    ]
    return Curve(rule, source, tuple(points), oracle=oracle)


HOSTILE = "a%b_c$d#e{f}g\\h~i^j&k<l>m|n\"o'p`q--r[s]*t"
CURVES = [curve_of(f"{HOSTILE}:x=1", f"pool {HOSTILE}"), curve_of("coverage", "b", True)]


def checked(text: str) -> None:
    """Check that LaTeX can read it: braces and environments balance, each row has the columns of
    its table, and nothing special stands alone."""
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") > 0
    for spec, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}\n(.*?)\\end\{tabular\}", text, re.S):
        rows = [line for line in body.splitlines() if not re.fullmatch(r"\\\w+", line)]
        assert rows
        for row in rows:
            assert row.endswith(r" \\")
            assert len(re.findall(r"(?<!\\)&", row)) == len(spec) - 1
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    plain = re.sub(r"\\[\\{}$&#%_]", "", plain)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    outside = re.sub(r"\$[^$]*\$", "", plain)
    assert not re.search(r"[#%_~^<>|\"`']", outside)


@pytest.mark.parametrize("pivoted", [False, True])
def test_latex_is_well_formed(pivoted: bool, tmp_path: Path) -> None:
    text = as_tex(CURVES, "tokens", ["95% interval: [0, 1] – “quoted”"], pivoted=pivoted)
    checked(text)
    assert "0.99996" in text
    assert r"$[0.400,\,0.600]$" in text
    if (latex := shutil.which("pdflatex")) is None:
        return
    (tmp_path / "t.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
        f"{text}\\end{{document}}\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [latex, "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_latex_prints_a_text_as_it_is() -> None:
    assert in_tex("50%_a\nb") == r"50\%\_a␊b"
    assert in_tex("a--b") == "a{-}{-}b"


def test_an_undefined_value_is_a_dash() -> None:
    assert value_text(Point(1, None), Digits()) == "–"
