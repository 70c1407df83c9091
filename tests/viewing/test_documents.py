"""The documents say what `ttc show` and `ttc sweep` say of the same draws."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc
from viewing.demo_store import DRAWS, HARD, HOSTILE, PROBLEMS, STEPS
from viewing.pages import document

from ttc import outcomes
from ttc.errors import UsageError
from ttc.outcomes.wanted import Wanted
from ttc.selectors.exact.estimates import value_on
from ttc.selectors.spec import build
from ttc.view import computing
from ttc.view.library import Library
from ttc.view.parameters import UnknownError

LABELS = ("numeric", "exact", "judge")


def test_pools_are_those_of_ls(library: Library, ttc: Ttc, demo: Path) -> None:
    listed = {row["pool"]: row for row in ttc("ls", "--json", "--db", demo).document["pools"]}
    shown = document(library, "pools")["pools"]
    assert [each["pool"] for each in shown] == list(listed) == ["demo", "other", "beams"]
    assert [each["number"] for each in shown] == [0, 1, 2]
    for each in shown:
        row = listed[each["pool"]]
        for field in ("model", "problems", "samples", "tokens", "bytes"):
            assert each[field] == row[field]
    assert shown[0]["tokens"] is None  # some draws were not counted: unknown is not a sum
    assert shown[0]["tokens_at_least"] == listed["demo"]["tokens_at_least"]
    assert (shown[0]["failed"], shown[0]["cancelled"]) == (1, 1)
    assert (shown[2]["verifier"], shown[2]["judged"], shown[2]["correct"]) == (None, None, None)
    assert shown[2]["method"] == "beam"


@pytest.mark.parametrize("label", LABELS)
def test_draws_have_the_verdicts_that_a_sweep_counts(
    library: Library, demo: Path, label: str
) -> None:
    source = outcomes.read_pool(demo, "demo", Wanted(verifier=label))
    swept = {
        (problem, draw.index): draw for problem, draws in source.problems.items() for draw in draws
    }
    rows = document(library, "draws", pool="demo", verifier=label, size=1000)["rows"]
    assert [row["number"] for row in rows] == list(range(len(rows)))
    judged = {(row["problem"], row["index"]): row for row in rows if row["judged"]}
    assert judged.keys() == swept.keys()
    for place, row in judged.items():
        draw = swept[place]
        assert (row["answer"], row["correct"]) == (draw.answer, draw.correct)
        assert row["score"] == draw.score
        assert row["completion_tokens"] == draw.completion_tokens
        assert row["think_tokens"] == draw.think_tokens
        assert row["finish_reason"] == draw.finish_reason
    counts = document(library, "overview", pool="demo", verifier=label)["counts"]
    told = Counter(draw.correct for draw in swept.values())
    assert (counts["correct"], counts["wrong"]) == (told[True], told[False])
    assert counts["undecided"] == told[None]
    assert counts["unjudged"] == source.unjudged
    assert counts["cancelled"] == source.cancelled
    assert counts["draws"] == len(rows)
    assert counts["no-answer"] == sum(draw.answer is None for draw in swept.values())


@pytest.mark.parametrize("label", LABELS)
def test_the_vote_is_the_majority_of_a_sweep(
    library: Library, ttc: Ttc, demo: Path, label: str
) -> None:
    source = outcomes.read_pool(demo, "demo", Wanted(verifier=label))
    rows = document(library, "problems", pool="demo", verifier=label)["rows"]
    rule = build("majority")
    worth = {problem: value_on(rule, draws) for problem, draws in source.problems.items()}
    votes = {row["problem"]: row["vote"] for row in rows if row["vote"]}
    assert {problem: vote["value"] for problem, vote in votes.items()} == worth
    args = ("-s", "majority", "-k", DRAWS, "-V", label, "--json", "--ci", 0, "--db", demo)
    (curve,) = ttc("sweep", "demo", *args).document["curves"]
    mean = math.fsum(vote["value"] for vote in votes.values()) / len(votes)
    assert curve["points"][0]["value"] == pytest.approx(mean, abs=1e-12)
    for facet, holds in (
        ("vote-right", lambda value: value == 1),
        ("vote-wrong", lambda value: value == 0),
        ("vote-tied", lambda value: 0 < value < 1),
    ):
        found = document(library, "problems", pool="demo", verifier=label, filter=facet)["rows"]
        assert {row["problem"] for row in found} == {p for p, v in worth.items() if holds(v)}


def test_a_problem_has_its_question_its_vote_and_its_attempts(
    library: Library, ttc: Ttc, demo: Path
) -> None:
    shown = ttc("show", "demo", "sum/0", "--json", "--db", demo).document
    found = document(library, "problem", pool="demo", problem="sum/0", verifier="numeric")
    assert found["messages"] == shown["messages"]
    assert found["reference"] == shown["reference"] == {"answer": "0"}
    assert found["groups"] == shown["tags"]
    answers = Counter(
        row["answer"]
        for row in document(
            library, "draws", pool="demo", problem="sum/0", verifier="numeric", size=100
        )["rows"]
    )
    assert {each["answer"]: each["votes"] for each in found["vote"]} | {
        None: found["no_answer"]
    } == answers
    assert found["vote"] == sorted(found["vote"], key=lambda each: -each["votes"])
    attempts = [
        (each["index"], each["status"], each["finished_since"]) for each in found["attempts"]
    ]
    assert attempts == [(0, "cancelled", True), (8, "error", False), (9, "cancelled", False)]
    assert (found["previous"], found["next"], found["first"]) == (None, "sum/1", 0)
    raw = document(library, "problem", pool="demo", problem=HARD.id)
    assert raw["messages"] == [{"role": "prompt", "content": HARD.prompt}]


def test_a_draw_has_the_verdicts_of_all_and_the_words_of_the_judge(
    library: Library, ttc: Ttc, demo: Path
) -> None:
    for draw in range(DRAWS):
        shown = ttc("show", "demo", "sum/3", draw, "--json", "--db", demo).document
        found = document(library, "draw", pool="demo", problem="sum/3", index=draw)
        for field in ("text", "finish_reason", "prompt_tokens", "params", "reference", "key"):
            assert found[field] == shown[field]
        assert found["seed"] == str(shown["seed"])  # a browser would round it
        assert {each["label"] for each in found["verdicts"]} == set(LABELS)
        (counting,) = [each for each in found["verdicts"] if each["counts"]]
        assert counting["label"] == "numeric"
        (judge,) = [each for each in found["verdicts"] if each["label"] == "judge"]
        assert len(judge["judge"]["votes"]) == len(judge["judge"]["words"]) == 2
        assert judge["judge"]["words"][1] in ("No.", "Yes: <b>right</b>.")
        if draw % 3 == 0:
            assert found["think"] is None or found["think"].strip() == "I add 3 and 3."
    lost = document(library, "draw", pool="demo", problem="sum/0", index=8)
    assert (lost["status"], lost["verdicts"]) == ("error", [])
    assert lost["attempts"][0]["detail"] == "the server \x1b[31mhung up"


def test_attempts_are_rows_where_they_are_asked_for(library: Library) -> None:
    cut = document(library, "draws", pool="demo", filter="cancelled")
    assert [(row["problem"], row["index"]) for row in cut["rows"]] == [("sum/0", 9)]
    assert cut["rows"][0]["excerpt"] == "The answer"
    assert cut["rows"][0]["number"] is None
    failed = document(library, "draws", pool="demo", filter="failed", problem="sum/0")
    assert failed["rows"][0]["detail"] == "the server \x1b[31mhung up"
    assert document(library, "draws", pool="demo", filter="failed,wrong")["total"] == 0
    assert document(library, "problems", pool="demo", filter="failed")["total"] == 1


def test_disagreements_are_those_of_the_decided_verdicts(library: Library, demo: Path) -> None:
    connection = sqlite3.connect(demo)
    said: dict[tuple[str, int], set[int]] = {}
    for problem, draw, correct in connection.execute(
        "SELECT problem, draw, correct FROM draws WHERE pool = 'demo' AND correct IS NOT NULL"
    ):
        said.setdefault((problem, draw), set()).add(correct)
    connection.close()
    apart = {place for place, verdicts in said.items() if len(verdicts) > 1}
    rows = document(library, "draws", pool="demo", filter="disagree", size=1000)["rows"]
    assert {(row["problem"], row["index"]) for row in rows} == apart
    assert apart


def test_long_and_hostile_texts_are_whole(library: Library) -> None:
    for draw, text in enumerate(HOSTILE):
        found = document(library, "draw", pool="demo", problem=HARD.id, index=draw)
        stored = text.replace("\ud800", "\ufffd")
        assert (found["text"], found["text_length"]) == (stored[:1_000_000], len(stored))
    assert found["next"] is None


def test_searches_find_text_in_any_case(library: Library) -> None:
    found = document(library, "draws", pool="demo", search="i DO not know")
    assert found["total"] > 0
    assert all("I do not know" in row["excerpt"] and row["matches"] == 1 for row in found["rows"])
    beyond = document(library, "draws", pool="demo", search="nul \0 bel")
    assert [row["problem"] for row in beyond["rows"]] == [HARD.id]
    after = document(library, "draws", pool="demo", search="del \x7f c1")  # behind the NUL
    assert after["total"] == 1
    assert document(library, "draws", pool="demo", search="%_'\"\\")["total"] == 0
    asked = document(library, "problems", pool="demo", search="IS 3 + 3")
    assert [row["problem"] for row in asked["rows"]] == ["sum/3"]
    assert document(library, "problems", pool="demo", search="briefly.")["total"] == 12
    assert document(library, "problems", pool="demo", search="HOSTILE <B>")["total"] == 1


def test_a_search_of_the_tree_is_put_together_again(library: Library) -> None:
    found = document(library, "tree", pool="beams", problem="sum/1")
    (run,) = found["runs"]
    assert (run["method"], run["options"], run["scorer"]) == (
        "beam",
        {"m": 2, "n": 2},
        "likelihood",
    )
    nodes = {node["id"]: node for node in run["nodes"]}
    names = dict(zip((name for name, _, _ in STEPS), nodes.values(), strict=True))
    for name, parent, text in STEPS:
        assert names[name]["text"] == text
        assert nodes.get(names[name]["parent"]) == (names[parent] if parent else None)
        assert names[name]["score"] == pytest.approx(math.exp(names[name]["logprob"] / 4))
    assert [name for name in names if names[name]["chosen"]] == ["a", "c"]
    assert [node["state"] for node in names.values()] == [
        *("chosen", "expanded", "chosen"),
        *("leaf", "leaf"),
    ]
    assert document(library, "overview", pool="beams")["trees"] == 1
    assert document(library, "problem", pool="beams", problem="sum/1")["has_tree"]
    assert document(library, "tree", pool="other", problem="sum/1")["runs"] == []


def test_curves_are_those_of_a_sweep(library: Library, ttc: Ttc, demo: Path) -> None:
    args = ("sweep", "demo", "-V", "numeric", "--json", "--db", demo)
    found = document(library, "curves", pool="demo", verifier="numeric")
    swept: dict[str, Any] = ttc(*args).document
    assert {name: found[name] for name in swept} == swept
    rules = document(library, "curves", pool="demo", rules="maj@4,pass@2", cost="samples")
    asked = ttc(*args, "-s", "maj@4,pass@2", "--cost", "samples").document
    assert {name: rules[name] for name in asked} == asked
    with pytest.raises(UsageError, match="ttc verify beams"):
        document(library, "curves", pool="beams")
    with pytest.raises(UsageError, match="nonsense"):
        document(library, "curves", pool="demo", rules="nonsense")


def test_a_comparison_is_that_of_a_sweep(library: Library, ttc: Ttc, demo: Path) -> None:
    found = document(library, "compare", a="demo", b="other", verifier="numeric", k=4)
    args = ("-s", "majority", "-k", 4, "-V", "numeric", "--compare", "--json", "--db", demo)
    (swept,) = ttc("sweep", "demo", "other", *args).document["comparisons"]
    for field in ("difference", "low", "high", "p", "problems"):
        assert found[field] == swept[field]
    assert (found["value_a"], found["value_b"]) == (swept["baseline"], swept["value"])
    assert found["most"] == DRAWS
    by_name = {row["problem"]: row for row in found["flipped"]}
    for side in ("a", "b"):
        pool = {"a": "demo", "b": "other"}[side]
        rows = document(library, "problems", pool=pool, verifier="numeric")["rows"]
        for row in rows:
            if row["problem"] in by_name:
                assert by_name[row["problem"]][side]["correct"] == row["correct"]
    assert [row["p"] for row in found["flipped"]] == sorted(row["p"] for row in found["flipped"])
    turned = document(library, "compare", a="other", b="demo", verifier="numeric", k=4)
    assert turned["difference"] == pytest.approx(-found["difference"])
    assert {row["problem"]: row["p"] for row in turned["flipped"]} == {
        row["problem"]: row["p"] for row in found["flipped"]
    }


def test_fishers_p_is_exact(library: Library) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = document(library, "compare", a="demo", b="other", verifier="numeric")
    assert found["flipped"]
    for row in found["flipped"]:
        a, b = row["a"], row["b"]
        table = [[a["correct"], a["n"] - a["correct"]], [b["correct"], b["n"] - b["correct"]]]
        assert row["p"] == pytest.approx(stats.fisher_exact(table).pvalue)


def test_a_problem_has_the_p_of_show_diff(library: Library, ttc: Ttc, demo: Path) -> None:
    found = document(library, "compare", a="demo", b="other", verifier="numeric")
    args = ("--diff", "other", "-V", "numeric", "--json", "--db", demo)
    shown = ttc("show", "demo", *args).document["differences"]
    assert {row["problem"]: row["p"] for row in found["flipped"]} == {
        row["problem"]: row["p"] for row in shown
    }


@pytest.mark.parametrize(
    ("name", "given", "error", "line"),
    [
        ("overview", {"pool": "dem"}, UnknownError, "did you mean demo"),
        ("overview", {}, UsageError, "pool: this document needs it"),
        ("overview", {"pool": "demo", "verifier": "x"}, UsageError, "no verdicts by x"),
        ("problem", {"pool": "demo", "problem": "nope"}, UnknownError, "ttc show demo lists them"),
        ("draw", {"pool": "demo", "problem": "sum/1", "index": 99}, UnknownError, "no draw 99"),
        ("draw", {"pool": "demo", "problem": "sum/1", "index": -1}, UsageError, "whole number"),
        ("draws", {"pool": "demo", "page": "1e9"}, UsageError, "whole number"),
        ("draws", {"pool": "demo", "sort": "magic"}, UsageError, "sort=magic: there are order"),
        ("draws", {"pool": "demo", "filter": "bad"}, UsageError, "there is no 'bad'"),
        ("problems", {"pool": "demo", "filter": "bad:x"}, UsageError, "there is no 'bad:x'"),
        ("compare", {"a": "demo", "b": "demo"}, UsageError, "name two pools"),
        ("compare", {"a": "demo", "b": "beams"}, UsageError, "no problem with verdicts in common"),
        (
            "compare",
            {"a": "demo", "b": "other", "k": 99},
            UsageError,
            "no problem has more than 8 draws in both",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_remedy(
    library: Library, name: str, given: dict[str, object], error: type[UsageError], line: str
) -> None:
    with pytest.raises(error, match=line):
        document(library, name, **given)


def test_pages_cover_every_row_once(library: Library) -> None:
    for kind, total in (("draws", DRAWS * len(PROBLEMS)), ("problems", len(PROBLEMS))):
        for sort in ("order", "-order", "accuracy", "-tokens", "score"):
            found: list[int] = []
            for page in range(total // 5 + 2):
                shown = document(library, kind, pool="demo", sort=sort, size=5, page=page)
                assert shown["total"] == total
                found += [row["number"] for row in shown["rows"]]
            assert sorted(found) == list(range(total))
    rows = document(library, "draws", pool="demo", sort="-tokens", size=1000)["rows"]
    known = [row["completion_tokens"] for row in rows if row["completion_tokens"] is not None]
    assert known == sorted(known, reverse=True)
    assert [row["completion_tokens"] for row in rows[len(known) :]] == [None] * (
        len(rows) - len(known)
    )


def test_large_curves_are_computed_in_a_process_of_their_own(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = document(library, "curves", pool="demo", rules="majority")
    (tmp_path / "json.py").write_text("raise SystemExit('the file of a user')")
    monkeypatch.setattr(computing, "HERE", 0)
    assert document(Library(library.path), "curves", pool="demo", rules="majority") == here
    with pytest.raises(UsageError, match="nonsense"):
        document(library, "curves", pool="demo", rules="nonsense")
