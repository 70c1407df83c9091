"""A sweep from plain records, the same for Python and the command line; one table of cost axes."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import Ttc

from ttc.api.wording import in_python
from ttc.config import read_toml
from ttc.curves.baseline import Baseline, as_baseline, read_baseline
from ttc.curves.compare import between_rules
from ttc.curves.comparing.family import corrected
from ttc.curves.cost_axes import AXES, FLAGS, LESS
from ttc.curves.costs import Rates
from ttc.curves.curve import curves
from ttc.curves.sweep import DEFAULT_RULES, SweepOptions, sweep
from ttc.errors import GateError, UsageError
from ttc.outcomes import Source
from ttc.records import Outcome
from ttc.samples.freshness import Standing
from ttc.selectors.spec import build

ROOT = Path(__file__).resolve().parents[1]


def drawn(name: str, chance: float, seed: int = 0) -> Source:
    random = Random(seed)

    def draw(index: int) -> Outcome:
        right = random.random() < chance
        return Outcome(
            index,
            answer="right" if right else random.choice("abc"),
            correct=right,
            score=random.choice((0.0, 0.5, 1.0)),
            prompt_tokens=20,
            completion_tokens=random.randint(5, 50),
            finish_reason=random.choice(("stop", "stop", "length")),
            seconds=random.random(),
        )

    return Source(name, {f"p{i}": [draw(d) for d in range(8)] for i in range(12)})


def written(source: Source, folder: Path) -> str:
    """Write the draws of a source to a file of its name."""
    fields = ("index", "answer", "correct", "score", "prompt_tokens", "completion_tokens")
    fields += ("finish_reason", "seconds")
    lines = [
        {"problem": problem, **{name: getattr(outcome, name) for name in fields}}
        for problem, outcomes in source.problems.items()
        for outcome in outcomes
    ]
    (folder / source.name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return source.name


def test_plain_records_give_the_curves_of_each_rule(own_home: Path) -> None:
    source = drawn("drawn", 0.5)
    result = sweep(SweepOptions(ks=(1, 4), compare=True), [source])
    rules = {name: build(name) for name in DEFAULT_RULES}
    assert result.curves == curves(source.problems, rules, [1, 4], source="drawn")
    assert result.comparisons == corrected(between_rules(result.tables[0]))
    assert (result.problems, result.frontier, result.decisions) == ({"drawn": 12}, None, [])
    assert list(own_home.iterdir()) == []


WHOLE: dict[str, Any] = {
    "rules": ("coverage", "majority", "best-of-n", "esc"),
    "ks": (1, 2, 8),
    "cost": "latency",
    "ci": 90,
    "interval": "bca",
    "seed": 3,
    "ties": "first",
    "invalid": "wrong",
    "compare": True,
    "pareto": True,
    "predict": 64,
    "solve_verify": 2,
    "asserted": ("majority@8>=0.1", "coverage@8-coverage@1>0.9"),
}


def flags(options: dict[str, Any]) -> list[str]:
    """Return options as the command line has them."""
    names = {"rules": "-s", "ks": "-k"}
    given: list[str] = []
    for name, value in options.items():
        flag = names.get(name, f"--{name.replace('_', '-')}")
        if name == "asserted":
            given += [part for gate in value for part in ("--assert", gate)]
        elif isinstance(value, tuple):
            given += [flag, ",".join(map(str, value))]
        else:
            given += [flag] if value is True else [flag, str(value)]
    return given


@pytest.mark.parametrize("options", [{}, WHOLE], ids=["default", "everything"])
def test_python_and_the_command_line_compute_the_same(
    ttc: Ttc, own_home: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both sides take as many, and 20 do for what is compared here.
    monkeypatch.setattr("ttc.curves.scaling_laws.RESAMPLES", 20)
    monkeypatch.setattr("ttc.curves.solve_verify_split.RESAMPLES", 20)
    sources = [drawn("new", 0.4, 1), drawn("old", 0.6, 2)]
    result = sweep(SweepOptions(**options), sources)
    ran = ttc("sweep", *(written(each, own_home) for each in sources), *flags(options), "--json")
    assert json.loads(ran.out) == json.loads(json.dumps(result.as_dict()))
    assert ran.code == (1 if options else 0)
    if not options:
        return
    assert result.predictions.keys() == result.splits.keys() == {"new", "old"}
    with pytest.raises(GateError, match=r"not met: new: coverage@8-coverage@1>0.9"):
        result.hold()


def test_policies_are_those_of_the_command_line(ttc: Ttc, own_home: Path) -> None:
    source = drawn("drawn", 0.5)
    result = sweep(SweepOptions(policy=True, cost="samples"), [source])
    line = ttc("sweep", written(source, own_home), "--policy", "--cost", "samples", "--json").out
    assert json.loads(line)["policies"]["drawn"] == [
        each.as_dict() for each in result.policies["drawn"]
    ]
    (note,) = [line for line in result.warnings if "coverage" in line]
    assert "no candidate of --policy: coverage; an oracle cannot be followed" in note
    assert "--" not in in_python(note)
    assert "(oracle=True makes it a candidate)" in in_python(note)


def test_a_baseline_is_values_or_draws(tmp_path: Path) -> None:
    new, old = drawn("new", 0.2, 1), drawn("old", 0.9, 2)
    options = SweepOptions(rules=("coverage", "mean"), ks=(1, 4))
    path = tmp_path / "old"
    path.write_text(json.dumps(as_baseline(sweep(options, [old]).tables[0])))
    values = read_baseline(str(path))
    assert isinstance(values, Baseline)
    of_values, of_draws = sweep(options, [new], values), sweep(options, [new], old)
    for result in (of_values, of_draws):
        (decision,) = result.decisions
        assert not decision.met
        with pytest.raises(GateError, match="no drop beyond 0 from"):
            result.hold()
    assert [each.difference for each in of_values.comparisons] == pytest.approx(
        [each.difference for each in of_draws.comparisons], abs=1e-11
    )
    assert sweep(options, [old], old).decisions[0].met


def test_no_gate_is_met_by_older_samples() -> None:
    source = drawn("drawn", 0.5)
    source.standing = Standing(superseded="drawn is not the latest")
    result = sweep(SweepOptions(asserted=("coverage@1>=0",)), [source])
    assert [decision.met for decision in result.decisions] == [True, False]
    assert "drawn is not the latest" in result.warnings
    with pytest.raises(GateError, match="drawn is not the latest"):
        result.hold()
    assert sweep(SweepOptions(), [source]).decisions == []


def test_default_rules_that_cannot_be_computed_are_left_out() -> None:
    bare = Source("bare", {"p": [Outcome(0, correct=True), Outcome(1, correct=False)]})
    result = sweep(SweepOptions(), [bare])
    assert [curve.selector for curve in result.curves] == ["coverage"]
    left_out = [line for line in result.warnings if line.startswith("left out: ")]
    assert len(left_out) == 2
    assert "majority needs answer, which 2 of 2 draws lack" in left_out[0]
    # A reader of these lines may be a caller from Python.
    assert "--" not in "".join(left_out)


@pytest.mark.parametrize(
    ("options", "shell", "python"),
    [
        ({"cost": "x"}, "--cost x: there are samples, tokens,", "cost='x': there are samples,"),
        (
            {"interval": "t"},
            "--interval t: there are gaffke, wilson, percentile, bca",
            "interval='t': there are",
        ),
        ({"draw": "twice"}, "--draw twice: there are without,", "draw='twice': there are without,"),
        ({"max_drop": 2}, "--max-drop 2: a share between 0 and 1", "max_drop=2: a share between"),
        ({"strict": True}, "--max-drop and --strict need --baseline", "strict need a baseline"),
        ({"rules": ()}, "-s: name a rule: ", "rules: name a rule: "),
        ({"asserted": ("x",)}, "--assert 'x': write RULE@K", "'x': write RULE@K"),
        ({"asserted": ("mean@9>0",)}, "drawn: --assert 'mean@9>0' cannot", "drawn: 'mean@9>0' can"),
        ({"predict": 0}, "--predict 0: k must be 1 or more", "predict=0: k must be 1 or more"),
        ({"solve_verify": 1}, "--solve-verify 1: needs two", "solve_verify=1: needs two"),
        ({"rules": ("perplexity",)}, "--map logprob=FIELD", "mapping={'logprob': 'FIELD'}"),
        ({"rules": ("esc",), "draw": "with"}, "leave --draw away", "leave out draw='with'"),
        ({"ks": (0,)}, "k must be 1 or more, not 0", "k must be 1 or more, not 0"),
        ({"ci": 100}, "more than 0% and less than 100%", "more than 0% and less than 100%"),
    ],
)
def test_errors_are_in_the_words_of_the_caller(
    options: dict[str, Any], shell: str, python: str
) -> None:
    with pytest.raises(UsageError) as found:
        sweep(SweepOptions(**options), [drawn("drawn", 0.5)])
    assert shell in str(found.value)
    assert python in found.value.python
    assert re.search(r"(^|\s)-", found.value.python) is None


def test_sources_have_names_of_their_own() -> None:
    with pytest.raises(UsageError, match="x: there are two sources of this name"):
        sweep(SweepOptions(), [drawn("x", 0.1), drawn("x", 0.9)])
    with pytest.raises(UsageError, match="name a pool or a file"):
        sweep(SweepOptions(), [])


# --- cost axes


def test_each_axis_has_a_flag_a_label_and_a_unit() -> None:
    assert len(FLAGS) == len(AXES) == len({axis.label for axis in AXES.values()})
    assert {axis.unit for axis in AXES.values()} == LESS.keys()
    assert [SweepOptions(cost=flag).axis for flag in FLAGS] == list(AXES)


def test_help_json_and_csv_have_the_axes_of_the_table(ttc: Ttc, own_home: Path) -> None:
    told = " ".join(ttc("sweep", "--help").out.split())
    (listed,) = re.findall(r"The cost beside each k: ([^.]*)\.", told)
    assert re.split(", | or ", listed) == list(FLAGS)
    file = written(drawn("drawn", 0.5), own_home)
    whole = json.loads(ttc("sweep", file, "--json").out)
    costs = [point["cost"] for curve in whole["curves"] for point in curve["points"]]
    assert all(list(cost) == list(AXES) for cost in costs)
    (header, *_) = csv.reader(io.StringIO(ttc("sweep", file, "--csv", "-").out))
    assert [name for name in header if name in AXES] == list(AXES)


@pytest.mark.parametrize("flag", FLAGS)
def test_each_axis_heads_its_column(ttc: Ttc, own_home: Path, flag: str) -> None:
    file = written(drawn("drawn", 0.5), own_home)
    axis = AXES[FLAGS[flag]]
    table = read_toml(ROOT / "examples" / "rates.toml")
    rates = ("--rates", str(ROOT / "examples" / "rates.toml"))
    ran = ttc("sweep", file, "-s", "mean", "-k", "8", "--cost", flag, "--pareto", *rates)
    assert axis.label in ran.out
    assert f"nothing scores higher for {axis.less}" in ran.out
    (row,) = [line for line in ran.out.splitlines() if line.lstrip().startswith("mean ")]
    options = SweepOptions(rules=("mean",), ks=(8,), rates=Rates.of(table))
    point = sweep(options, [drawn("drawn", 0.5)]).curves[0].points[0]
    assert axis.text(point.cost[FLAGS[flag]]) in row.split()


def test_the_pages_name_axes_of_the_table() -> None:
    text = (ROOT / "docs" / "guide" / "curves.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(axis.flag, name, axis.meaning) for name, axis in AXES.items()]
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = [
        flag for page in pages for flag in re.findall(r"--cost ([a-z]+)", page.read_text("utf-8"))
    ]
    assert named
    assert set(named) <= FLAGS.keys()
