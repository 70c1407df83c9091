"""Groups: tags of problems from record to store, and a curve for each of their values."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import Ttc
from hypothesis import given
from hypothesis import strategies as st

import ttc as library
from ttc import problems, tags
from ttc.curves import groups
from ttc.curves.sweep import SweepOptions, sweep
from ttc.errors import UsageError
from ttc.outcomes import Source
from ttc.problems import ReadOptions
from ttc.records import Curve, Message, Outcome, Point, Problem
from ttc.report.groups import MOST_PANELS, panels, undrawn
from ttc.store import Store, database, pools, samples, schema
from ttc.store import tags as stored
from ttc.store.merge import source as sources
from ttc.store.merge.stores import Merged
from ttc.store.merge.stores import merge as merge_into

ROOT = Path(__file__).resolve().parents[1]
MATH500 = ROOT.parent / "shared" / "data" / "math500.jsonl"
MODEL = "scripted:answers=1*2/2*2/3*1,tokens=5-20"
IDENTITY = {"backend": "b", "fingerprint": "f", "seed": 0}


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def read(path: Path, *wanted: str, **options: Any) -> problems.Dataset:
    return problems.read(str(path), ReadOptions(tags=tags.parse(wanted), **options))


def test_names_come_in_their_natural_order() -> None:
    texts = ["Level 10", "level 2", "10", "9.5", "-1", "Level 2", "a", "b1", "9" * 5000, "Ⅷ", "٣"]
    ordered = sorted(texts, key=tags.natural)
    assert ordered[:4] == ["-1", "9.5", "10", "9" * 5000]
    assert ordered[4:] == ["a", "b1", "Level 2", "level 2", "Level 10", "٣", "Ⅷ"]


@given(st.lists(st.text(max_size=6)))
def test_any_texts_have_an_order(texts: list[str]) -> None:
    once = sorted(texts, key=tags.natural)
    shuffled = Random(0).sample(texts, len(texts))
    assert sorted(shuffled, key=tags.natural) == once


RECORDS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {"problem": "x?", "solution": "", "answer": "1", "level": "Level 2", "type": "Algebra"},
        {"level": "Level 2", "subject": "Algebra"},
    ),
    (
        {"problem": "x?", "solution": "", "answer": "1", "level": 3, "subject": "Geometry"},
        {"level": "3", "subject": "Geometry"},
    ),
    ({"question": "x?", "answer": "B", "subject": "law", "type": "mc"}, {"subject": "law"}),
    ({"question": "x?", "category": "math", "level": None, "domain": " "}, {"category": "math"}),
    ({"question": "x?", "High-level domain": "Physics"}, {"domain": "Physics"}),
    ({"question": "x?", "subject": ["a", "b"], "tags": ["dp"], "level": {"x": 1}}, {}),
    (
        {"question": "x?", "tags": {"hard": True, "deep": [1]}, "level": 1.0},
        {"level": "1.0", "hard": "true"},
    ),
    ({"question": "x?", "answer": "1 #### 2", "difficulty": 2}, {"difficulty": "2"}),
]


@pytest.mark.parametrize(("record", "found"), RECORDS)
def test_known_fields_are_tags(
    tmp_path: Path, record: dict[str, Any], found: dict[str, str]
) -> None:
    (problem,) = read(write(tmp_path / "a.jsonl", record)).problems
    assert problem.tags == found


def test_a_field_that_is_the_question_is_no_tag(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"category": "Name a bird.", "level": 1})
    (problem,) = read(path, mapping={"question": "category"}).problems
    assert problem.tags == {"level": "1"}


def test_any_field_may_be_a_tag(tmp_path: Path) -> None:
    rows = [{"id": str(i), "question": f"{i}?", "meta": {"year": 2000 + i % 2}} for i in range(4)]
    rows += [{"id": "x", "question": "x?", "meta.year": 7}, {"id": "y", "question": "y?"}]
    data = read(write(tmp_path / "a.jsonl", *rows), "meta.year", "when=meta.year")
    assert [each.tags.get("when") for each in data.problems] == ["2000", "2001"] * 2 + ["7", None]
    assert data.problems[0].tags == {"meta.year": "2000", "when": "2000"}
    wanted = tags.parse(["when=meta.year"])
    assert problems.tag_notes([data], data.problems, wanted) == ["1 of 6 problems have no when"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("list", r"a.jsonl:1: 'list' is a list; a problem has one value of a tag"),
        ("meta", r"'meta' is an object; name one of its fields, as in NAME.year"),
        ("=x", "write FIELD or NAME=FIELD"),
        ("x=", "write FIELD or NAME=FIELD"),
        ("a,b=x", "a comma joins tags in --by"),
    ],
)
def test_what_cannot_be_a_tag_is_refused(tmp_path: Path, wanted: str, message: str) -> None:
    path = write(tmp_path / "a.jsonl", {"question": "?", "list": [1], "meta": {"year": 1}})
    with pytest.raises(UsageError, match=message):
        read(path, wanted)


def test_an_unknown_field_names_those_that_there_are(ttc: Ttc, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"question": "?", "level": 1})
    ran = ttc("sample", path, "-m", MODEL, "--tag", "kind", "-n", 1)
    assert ran.code == 2
    assert "--tag kind: no problem has such a field; there are level, question" in ran.err
    with pytest.raises(UsageError, match=r"^tag='kind': no problem has such a field"):
        library.sample(path, 1, model=MODEL, tag="kind", progress=False)


def test_tags_tell_no_problems_apart(tmp_path: Path) -> None:
    one = {"id": "p", "question": "?", "level": 1}
    path = write(tmp_path / "a.jsonl", one, {**one, "level": 2})
    data = read(path)
    assert (data.repeated, data.retagged) == (1, 1)
    other = read(write(tmp_path / "b.jsonl", {**one, "level": 3, "subject": "x"}))
    merged = problems.merge([data, other])
    assert [each.tags for each in merged] == [{"level": "1", "subject": "x"}]
    (line,) = problems.tag_notes([data, other], merged, {})
    assert line == "2 problems occur again with other tags; the first ones hold"


# The store: beside the key.

PROBLEM = Problem("p", (Message("user", "6 × 7?"),), reference={"answer": "42"})


def enrol(store: Store, *found: Problem) -> list[pools.PoolProblem]:
    def work(connection: sqlite3.Connection) -> list[pools.PoolProblem]:
        pool = pools.ensure(connection, "demo", "m", IDENTITY)
        return stored.enrol(connection, pool, found, IDENTITY)

    return store.write(work)


def test_tags_are_beside_the_key_and_later_ones_hold(tmp_path: Path) -> None:
    with Store.writing(tmp_path / "s.db") as store:
        (bare,) = enrol(store, PROBLEM)
        (first,) = enrol(store, replace(PROBLEM, tags={"level": "2", "kind": "a"}))
        (again,) = enrol(store, replace(PROBLEM, tags={"level": "3"}))
        (same,) = enrol(store, PROBLEM)
        pool = pools.find(store.reader, "demo")
        assert pool is not None
        assert {each.key for each in (bare, first, again, same)} == {bare.key}
        assert [each.before for each in (bare, first)] == [None, {}]
        assert again.before == {"level": "2", "kind": "a"}
        assert same.problem.tags == {"level": "3", "kind": "a"}
        (problem,) = pools.problems_of(store.reader, pool)
        assert problem.tags == same.problem.tags
        assert stored.values(store.reader, pool) == {"kind": 1, "level": 1}


def test_a_store_of_the_former_schema_opens_and_takes_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    former = next(at for at, script in enumerate(schema.MIGRATIONS) if "COLUMN tags" in script)
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:former])
        with Store.writing(path) as opened:
            pool = opened.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
            (each,) = opened.write(lambda c: pools.enrol(c, pool, [PROBLEM], IDENTITY))
            row = (each.request_id, "It is 42", "stop", "then")
            sql = "INSERT INTO samples (request_id, draw, text, finish_reason, created) VALUES "
            opened.write(lambda c: c.execute(f"{sql} (?, 0, ?, ?, ?)", row))
    with Store.writing(path) as migrated:
        assert stored.of_pool(migrated.reader, pool) == {"p": {}}
        (now,) = enrol(migrated, replace(PROBLEM, tags={"level": "2"}))
        assert (now.key, now.request_id, now.before) == (each.key, each.request_id, {})
        ((_, sample),) = samples.of_pool(migrated.reader, pool)
        assert (sample.text, sample.tags) == ("It is 42", {"level": "2"})
    assert (tmp_path / f"s.db.bak-v{former}").exists()


def merged(target: Path, *files: Path, dry: bool = False) -> list[Merged]:
    done = []
    with Store.writing(target) as store:
        for file in files:
            with sources.opened(file, scratch=target.parent) as source:
                done.append(merge_into(source, store.write, dry=dry))
    return done


def tagged_store(path: Path, **found: str) -> Path:
    with Store.writing(path) as store:
        enrol(store, replace(PROBLEM, tags=found))
    return path


def tags_in(path: Path) -> dict[str, dict[str, str]]:
    with Store.reading(path) as store:
        pool = pools.find(store.reader, "demo")
        assert pool is not None
        return stored.of_pool(store.reader, pool)


def test_merging_adds_tags_and_keeps_what_is_there(tmp_path: Path) -> None:
    one = tagged_store(tmp_path / "one.db", level="2")
    two = tagged_store(tmp_path / "two.db", level="2", kind='a"[0]')
    odd = tagged_store(tmp_path / "odd.db", level="3", kind='a"[0]')
    target = tmp_path / "all.db"
    assert [each.new["tags"] for each in merged(target, one, two, two)] == [1, 1, 0]
    assert tags_in(target) == {"p": {"level": "2", "kind": 'a"[0]'}}
    (dry,), (conflict,) = merged(target, odd, dry=True), merged(target, odd)
    assert dry.conflicts == conflict.conflicts
    assert conflict.conflicts == ["the pool demo has level '2' for 'p', not '3'"]
    assert tags_in(target) == {"p": {"level": "2", "kind": 'a"[0]'}}


def test_a_dry_merge_into_an_older_store_counts_tags(
    ttc: Ttc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "old.db"
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:4])
        with Store.writing(target) as opened:
            pool = opened.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
            opened.write(lambda c: pools.enrol(c, pool, [PROBLEM], IDENTITY))
    new = tagged_store(tmp_path / "new.db", level="2")
    ran = ttc("db", "merge", new, "--db", target, "--dry-run")
    assert (ran.code, "would add 1 tag" in ran.err) == (0, True), ran.err
    assert ttc("db", "merge", new, "--db", target).code == 0
    assert tags_in(target) == {"p": {"level": "2"}}


# The pipeline.


def numbered(folder: Path, count: int = 12) -> Path:
    rows = (
        {"id": f"q{i}", "question": f"{i}?", "answer": str(1 + i % 3), "level": f"Level {i % 2}"}
        | ({"kind": "odd" if i % 2 else "even"} if i else {})
        for i in range(count)
    )
    return write(folder / "q.jsonl", *rows)


@pytest.fixture
def demo(ttc: Ttc, tmp_path: Path) -> Path:
    """The pool `demo`, drawn and judged, and the file of its problems."""
    data = numbered(tmp_path)
    assert ttc("sample", data, "-m", MODEL, "-n", 4, "--pool", "demo", "-q").code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-q").code == 0
    return data


def by_key(document: Any) -> dict[tuple[Any, ...], Any]:
    return {(c["selector"], c["by"], c["group"]): c["points"] for c in document["curves"]}


def test_pool_pipe_and_file_have_the_same_groups(ttc: Ttc, demo: Path, tmp_path: Path) -> None:
    pooled = ttc("sweep", "demo", "--by", "level", "--json").document
    lines = ttc("sample", demo, "-m", MODEL, "-n", 4, "--pool", "demo", "-o", "-").out
    assert {json.loads(line)["tags"]["level"] for line in lines.splitlines()} == {
        "Level 0",
        "Level 1",
    }
    judged = ttc("verify", "-", "-V", "numeric", "-o", "-", stdin=lines).out
    (tmp_path / "v.jsonl").write_text(judged)
    for name in ("v.jsonl", "-"):
        other = ttc("sweep", name, "--by", "level", "--json", stdin=judged).document
        assert by_key(other) == by_key(pooled)
    assert [each["group"] for each in pooled["groups"]] == ["Level 0", "Level 1"]
    assert [each["problems"] for each in pooled["groups"]] == [6, 6]
    # Without --by, the document is as it always was.
    plain = ttc("sweep", "demo", "--json").document
    assert "groups" not in plain
    assert all("group" not in each for each in plain["curves"])


def test_a_rerun_adds_tags_and_draws_nothing(ttc: Ttc, demo: Path) -> None:
    again = ("sample", demo, "-m", MODEL, "-n", 4, "--pool", "demo", "-o", "-")
    before = ttc(*again)
    ran = ttc(*again, "--tag", "kind")
    assert "demo: kind added to 11 problems" in ran.err
    assert "1 of 12 problems have no kind" in ran.err
    assert "0 new" in ran.err
    without = [{**line, "tags": None} for line in ran.lines]
    assert without == [{**line, "tags": None} for line in before.lines]
    assert [line["key"] for line in ran.lines] == [line["key"] for line in before.lines]
    assert "added" not in ttc(*again, "--tag", "kind").err
    swept = ttc("sweep", "demo", "--by", "kind", "-s", "coverage", "-k", 1)
    assert "demo, kind = (no kind): 1 problem\n" in swept.out
    assert "demo: 1 of 12 problems have no kind and are a group of their own" in swept.err
    changed = ttc(*again, "--tag", "level=kind")
    assert "demo: level changed for 11 problems, the new values hold (q1: 'Level 1' → 'odd')" in (
        changed.err
    )
    with pytest.raises(UsageError, match=r"the same ttc\.sample with tag='colour' adds it"):
        library.sweep("demo", by="colour")
    missing = ttc("sweep", "demo", "--by", "colour")
    assert (missing.code, missing.out) == (2, "")
    assert "there are kind, level; the same ttc sample with --tag colour adds it" in missing.err


def test_tables_and_files_name_the_groups(ttc: Ttc, demo: Path, tmp_path: Path) -> None:
    ran = ttc("sweep", "demo", "--by", "level", "-s", "coverage,majority", "-k", "1,4")
    assert ran.out.startswith("demo: 12 problems\n")
    assert "\ndemo, level = Level 0: 6 problems\n" in ran.out
    targets = ("--csv", "t.csv", "--md", "t.md")
    assert ttc("sweep", "demo", "--by", "level", "-k", "1,4", *targets).code == 0
    rows = list(csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8")))
    assert {(row["by"], row["group"]) for row in rows} == {
        ("", ""),
        ("level", "Level 0"),
        ("level", "Level 1"),
    }
    assert "**demo, level = Level 1 (6 problems)** (exact" in (tmp_path / "t.md").read_text("utf-8")
    shown = ttc("show", "demo", "q1")
    assert "\ntags: level = Level 1\n" in shown.out
    assert ttc("show", "demo", "q1", "--json").document["tags"] == {"level": "Level 1"}
    assert "  tags: level (2)\n" in ttc("show", "demo").out


def test_gates_and_the_frontier_are_about_all_problems(ttc: Ttc, demo: Path) -> None:
    gate = ("-s", "coverage,majority", "-k", "1,4", "--assert", "majority@4>=0", "--pareto")
    plain = ttc("sweep", "demo", *gate, "--json").document
    grouped = ttc("sweep", "demo", *gate, "--by", "level", "--compare", "--json").document
    assert grouped["gates"] == plain["gates"]
    assert grouped["pareto"] == plain["pareto"]
    assert grouped["warnings"] == plain["warnings"]
    assert {each["problems"] for each in grouped["comparisons"]} == {12}


def test_python_has_the_groups(demo: Path) -> None:
    swept = library.sweep("demo", rules=["coverage", "majority"], by=["level"])
    assert [each.size for each in swept.groups] == ["6 problems", "6 problems"]
    whole, part = swept["coverage", 4], swept["coverage", 4, None, "Level 1"]
    assert (whole.problems, part.problems) == (12, 6)
    curve = swept["coverage", None, "demo", "Level 1"]
    assert (curve.by, curve.group) == ("level", "Level 1")
    assert curve.points[-1] == part
    assert {row["group"] for row in swept.rows()} == {None, "Level 0", "Level 1"}
    assert len(swept) == 6
    assert "demo, level = Level 1" in swept._repr_html_()
    with pytest.raises(KeyError, match=r"of the group 'Level 9'.* the groups Level 0, Level 1"):
        swept["coverage", 4, None, "Level 9"]


def test_frames_have_a_column_for_each_tag(demo: Path) -> None:
    pytest.importorskip("pandas")
    frame = library.pool("demo").to_pandas()
    assert dict(frame.groupby("tag_level").size()) == {"Level 0": 24, "Level 1": 24}
    swept = library.sweep("demo", by="level").to_pandas()
    assert set(swept["group"].dropna()) == {"Level 0", "Level 1"}


# Foreign files.


def lines_of(*groups_: Any, draws: int = 2) -> list[dict[str, Any]]:
    return [
        {"problem": f"p{at}", "correct": (at + draw) % 2 == 0, "tier": group}
        for at, group in enumerate(groups_)
        for draw in range(draws)
    ]


def test_a_plain_field_of_a_file_makes_groups(ttc: Ttc, tmp_path: Path) -> None:
    write(tmp_path / "f.jsonl", *lines_of(10, 9, 10, None, True, "\x1b[31m"))
    ran = ttc("sweep", "f.jsonl", "-s", "coverage", "-k", 1, "--by", "tier", "--json")
    assert [(each["group"], each["problems"]) for each in ran.document["groups"]] == [
        ("9", 1),
        ("10", 2),
        ("\x1b[31m", 1),
        ("true", 1),
        ("(no tier)", 1),
    ]
    text = ttc("sweep", "f.jsonl", "-s", "coverage", "-k", 1, "--by", "tier").out
    assert "f.jsonl, tier = ␛[31m: 1 problem\n" in text
    assert "\x1b" not in text


def test_a_field_of_single_draws_makes_no_groups(ttc: Ttc, tmp_path: Path) -> None:
    write(tmp_path / "f.jsonl", *lines_of("a", "b"))
    ran = ttc("sweep", "f.jsonl", "--by", "correct")
    assert ran.code == 2
    assert (
        "f.jsonl:2: 'p0' has the correct 'false' here and 'true' at f.jsonl:1; groups need a field "
        "of the problem" in ran.err
    )
    ran = ttc("sweep", "f.jsonl", "--by", "nope")
    assert "no problem has the tag 'nope'; there are correct, problem, tier" in ran.err


# The numbers.


def drawn(seed: int, count: int = 9) -> Source:
    random = Random(seed)
    found = {
        f"p{i}": [
            Outcome(
                d,
                answer=random.choice("abc"),
                correct=random.random() < 0.5,
                completion_tokens=random.randint(1, 9),
            )
            for d in range(random.choice((3, 4, 6)))
        ]
        for i in range(count)
    }
    levels = {name: {"level": str(i % 3), "half": "xy"[i % 2]} for i, name in enumerate(found)}
    return Source("s", found, tags=levels, tag_names=frozenset({"level", "half"}))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by", ["level", "half,level"])
def test_a_group_is_swept_as_if_it_were_alone(seed: int, by: str) -> None:
    source = drawn(seed)
    rules = ("coverage", "majority", "first-finish")
    result = sweep(SweepOptions(rules=rules, ks=(1, 3, 4, 6, 7), by=(by,)), [source])
    assert sum(len(group.problems) for group in result.groups) == len(source.problems)
    for group in result.groups:
        alone = replace(source, problems={name: source.problems[name] for name in group.problems})
        (expected,) = [sweep(SweepOptions(rules=rules, ks=(1, 3, 4, 6, 7)), [alone]).curves]
        found = [curve for curve in result.by_group if curve.group == group.name]
        assert [replace(curve, by=None, group=None) for curve in found] == expected
    without = sweep(SweepOptions(rules=rules, ks=(1, 3, 4, 6, 7)), [source])
    assert without.curves == result.curves


def grouped(by: str, *values: dict[str, str]) -> list[groups.Group]:
    found = {f"p{at}": [Outcome(0, correct=True)] for at in range(len(values))}
    named = {f"p{at}": value for at, value in enumerate(values)}
    return groups.groups_of(Source("s", found, tags=named), by)


def test_no_two_groups_have_one_name() -> None:
    found = grouped("a", {"a": "(no a)"}, {}, {"a": "((no a))"})
    assert [group.name for group in found] == ["((no a))", "(no a)", "(((no a)))"]
    found = grouped("a,b", {"a": "x, y", "b": "z"}, {"a": "x", "b": "y, z"}, {"a": "x"})
    assert [group.name for group in found] == ["'x', 'y, z'", "x, (no b)", "'x, y', 'z'"]


def test_groupings_are_named_once_and_checked() -> None:
    assert SweepOptions(by=("level", " level ", "a, b")).by == ("level", "a,b")
    for wrong in ("", "a,,b", ","):
        with pytest.raises(UsageError, match="name a tag"):
            SweepOptions(by=(wrong,))


def planted() -> Source:
    """Four groups: in `vote` the majority is right, in `quick` the first that finishes is; two have
    one problem each."""
    vote = [Outcome(d, "r" if d else "w", bool(d), completion_tokens=1 + d) for d in range(4)]
    quick = [Outcome(d, "w" if d else "r", not d, completion_tokens=1 + d) for d in range(4)]
    found = {f"v{i}": vote for i in range(6)} | {f"q{i}": quick for i in range(5)}
    found |= {"z1": quick, "z2": vote}
    kinds = {name: {"kind": {"v": "vote", "q": "quick"}.get(name[0], name)} for name in found}
    return Source("s", found, tags=kinds)


def test_a_policy_takes_groups_as_bins() -> None:
    rules = ("majority", "first-finish", "coverage")
    options = SweepOptions(rules=rules, ks=(1, 4), policy=True, by=("kind",), cost="samples")
    result = sweep(options, [planted()])
    last = result.policies["s"][-1]
    assert last.by == "kind"
    assert list(last.choices) == ["quick", "vote", "z1", "z2"]
    assert (last.choices["quick"], last.choices["vote"]) == ("first-finish@4", "majority@4")
    # A group of one problem follows the best rule for all: here, the majority.
    assert last.choices["z1"] == last.choices["z2"] == last.common == "majority@4"
    assert last.in_sample == pytest.approx(12 / 13)
    # The halves are q0 q2 q4 v1 v3 v5 z2, which choose majority@4 for all, and q1 q3 v0 v2 v4 z1,
    # where all are equal and majority@1 (a quarter of `quick`, 3/4 of `vote`) is the first.
    assert last.single == pytest.approx((3 * 0.25 + 4 * 0.75 + 3) / 13)
    assert last.value == pytest.approx((3 + 3 + 0.75 + 2 + 3 + 0) / 13)
    assert (
        "s: groups by kind with one problem follow the best rule for all in policies: z1, z2"
        in result.warnings
    )
    assert result.as_dict()["policies"]["s"][-1]["choices"]["quick"] == "first-finish@4"


# Plots.


def curve(group: str | None, selector: str = "coverage") -> Curve:
    return Curve(selector, "s", (Point(1, 0.5),), None if group is None else "t", group)


def panels_of(count: int, *rules: str) -> list[str]:
    result = sweep(SweepOptions(rules=("coverage",)), [drawn(0)])
    result.curves = [curve(None, rule) for rule in rules]
    result.groups = [
        groups.Group("s", "t", str(at), tuple("p" * (1 + at % 5))) for at in range(count)
    ]
    result.by_group = [curve(each.name, rule) for each in result.groups for rule in rules]
    return [panel.title for panel in panels(result)]


def test_a_plot_has_a_panel_for_each_group_or_a_line() -> None:
    assert panels_of(0, "coverage") == [""]
    assert panels_of(7, "coverage") == ["coverage"]
    assert panels_of(3, "coverage", "majority") == ["all problems", "t = 0", "t = 1", "t = 2"]
    most = panels_of(40, "coverage")
    assert len(most) == MOST_PANELS
    assert most[:3] == ["all problems", "t = 3", "t = 4"]
    many = [groups.Group("s", "t", str(at), tuple("p" * (1 + at % 5))) for at in range(40)]
    assert undrawn(many[:11]) == []
    assert undrawn(many) == [
        "the plot shows the 11 largest of 40 groups; the others have at most 4 problems each, and "
        "are in the tables"
    ]


def test_plots_of_groups_are_written(ttc: Ttc, demo: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert ttc("sweep", "demo", "--by", "level", "--plot", "g.svg").code == 0
    text = (tmp_path / "g.svg").read_text("utf-8")
    assert all(title in text for title in ("all problems", "level = Level 0", "level = Level 1"))
    pytest.importorskip("plotext")
    shown = ttc("sweep", "demo", "--by", "level", "-s", "coverage", "--plot", "-")
    assert "Level 1" in shown.out


@pytest.mark.skipif(not MATH500.exists(), reason="the public data sets are not here")
def test_math500_by_level_and_subject(ttc: Ttc) -> None:
    model = "scripted:answers=2*3/3*2/4*1,tokens=5-20"
    drew = ttc("sample", MATH500, "-m", model, "-n", 2, "--pool", "m", "-o", "m.jsonl")
    assert "tags level (5), subject (7)" in drew.err
    assert ttc("verify", "m", "-V", "exact", "-q").code == 0
    ran = ttc("sweep", "m", "--by", "level", "--by", "subject", "--json", "-s", "coverage")
    sizes = {each["group"]: each["problems"] for each in ran.document["groups"]}
    assert [sizes[f"Level {level}"] for level in range(1, 6)] == [43, 90, 105, 128, 134]
    assert sizes["Counting & Probability"] == 38
    assert sum(sizes.values()) == 1000


def test_the_column_is_plain_json(demo: Path) -> None:
    with closing(sqlite3.connect(library.pool("demo").database)) as plain:
        found = plain.execute("SELECT tags FROM problems ORDER BY id").fetchone()
    assert json.loads(found[0]) == {"level": "Level 0"}
