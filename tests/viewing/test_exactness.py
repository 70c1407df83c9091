"""Facets, orders and votes of random pools, against the store read draw by draw."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from viewing.pages import document

from ttc import outcomes
from ttc.backends import Completion
from ttc.outcomes.wanted import Wanted
from ttc.records import Message, Outcome, Problem, Sample, Verdict
from ttc.selectors.exact.estimates import value_on
from ttc.selectors.spec import build
from ttc.store import Store, pools, samples, tags, verdicts, verifiers
from ttc.store.verifiers import VerifierId
from ttc.view import table as tables
from ttc.view.library import Library

IDENTITY = {"backend": "scripted", "fingerprint": "sha256:x", "seed": 0, "temperature": 1.0}
WHO = (
    VerifierId("numeric", "1", {"tol": 0.0}),  # an older version
    VerifierId("numeric", "2", {"tol": 0.0}),
    VerifierId("numeric", "2", {"tol": 0.5}),
    VerifierId("judge", "1", {"n": "1"}),
    VerifierId("judge", "1", {"n": "1", "rerun": "1"}),
)
STATUSES = ("ok", "ok", "ok", "timeout", "infra_error", "no_answer", "infra_timeout")
# Values of tags and answers that a filter has to quote.
LEVELS = ("1", "10", "2", "a,b", "x=y", "é %2C", "")


def fill(connection: Any, seed: int) -> None:
    chance = random.Random(seed)
    asked = [Message("user", f"question {at // 2 * 2 if seed % 2 else at}") for at in range(8)]
    problems = [
        Problem(f"p{at}", (turn,), None, {"answer": str(at)}, {"level": chance.choice(LEVELS)})
        for at, turn in enumerate(asked)
    ]
    pool = pools.ensure(connection, "random", "m", IDENTITY)
    old = [replace(each, reference={"answer": "old"}) for each in problems]
    tags.enrol(connection, pool, old, IDENTITY)
    judges = [verifiers.verifier_id(connection, who, True) for who in WHO]
    drawn = set()
    for given in (old, problems):
        for each in tags.enrol(connection, pool, given, IDENTITY):
            for draw in chance.sample(range(9), chance.randrange(9)):
                if (each.request_id, draw) not in drawn:
                    drawn.add((each.request_id, draw))
                    finish = chance.choice(("stop", "length"))
                    spent = chance.choice((None, 3, 7))
                    done = Completion("", f"text {draw}", finish, completion_tokens=spent)
                    samples.insert(connection, each.request_id, draw, None, done)
                sql = "SELECT id FROM samples WHERE request_id = ? AND draw = ?"
                row = connection.execute(sql, (each.request_id, draw)).fetchone()[0]
                for judge in judges:
                    if chance.random() < 0.6:
                        verdict = Verdict(
                            chance.choice((None, "1", "2", "a,b", "long " * 100 + str(draw % 2))),
                            chance.choice((None, True, False)),
                            chance.choice((None, 0.5, float("inf"))),
                            chance.choice(STATUSES),
                        )
                        about = Sample("", draw, "", "stop", reference=each.problem.reference)
                        verdicts.keep(connection, row, judge, about, verdict)


@pytest.fixture(params=range(4))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "random.db"
    with Store.writing(path) as opened:
        opened.write(lambda connection: fill(connection, request.param))
    return path


def labels(library: Library) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(library, "overview", pool="random")["verifiers"]
    return found


def test_labels_name_one_verifier_each(store: Path) -> None:
    library = Library(store)
    found = labels(library)
    assert len({each["label"] for each in found}) == len(found) == 4  # the latest versions
    for each in found:
        source = outcomes.read_pool(store, "random", Wanted(verifier=each["label"]))
        assert source.origin is not None
        assert source.origin.verifier == {
            name: each[name] for name in ("name", "version", "config")
        }


def told(store: Path, label: str) -> dict[tuple[str, int], Outcome]:
    source = outcomes.read_pool(store, "random", Wanted(verifier=label))
    return {
        (problem, draw.index): draw for problem, draws in source.problems.items() for draw in draws
    }


HOLDS: dict[str, Callable[[Outcome], bool]] = {
    "correct": lambda draw: draw.correct is True,
    "wrong": lambda draw: draw.correct is False,
    "undecided": lambda draw: draw.correct is None,
    "no-answer": lambda draw: draw.answer is None,
    "answer:1": lambda draw: draw.answer == "1",
    f"answer:{quote('a,b', safe='')}": lambda draw: draw.answer == "a,b",
    "answer:": lambda draw: draw.answer is None,
}


def test_facets_hold_of_the_draws_that_have_them(store: Path) -> None:
    library = Library(store)
    for judge in labels(library):
        swept = told(store, judge["label"])
        for facet, holds in HOLDS.items():
            given = {"pool": "random", "verifier": judge["label"], "filter": facet, "size": 1000}
            found = document(library, "draws", **given)["rows"]
            expected = {place for place, draw in swept.items() if holds(draw)}
            assert {(row["problem"], row["index"]) for row in found} == expected
            problems = {row["problem"] for row in document(library, "problems", **given)["rows"]}
            assert problems == {problem for problem, _ in expected}


def test_votes_are_those_of_the_rule(store: Path) -> None:
    library = Library(store)
    rule = build("majority")
    for judge in labels(library):
        source = outcomes.read_pool(store, "random", Wanted(verifier=judge["label"]))
        rows = document(library, "problems", pool="random", verifier=judge["label"])["rows"]
        for row in rows:
            draws = source.problems.get(row["problem"])
            if draws is None:
                assert row["vote"] is None
                continue
            assert row["vote"]["value"] == value_on(rule, draws)
            assert row["vote"]["of"] == len(draws)
            picked = {draws[at].answer for at in rule.pick(draws)}
            shown = [row["vote"]["answer"], *row["vote"]["tied"]] if picked else []
            assert [str(each)[:256] for each in shown] == [
                str(each)[:256]
                for each in dict.fromkeys(draws[at].answer for at in rule.pick(draws))
            ]
        facets = {}
        for name in ("vote-right", "vote-wrong", "vote-tied"):
            given = {"pool": "random", "verifier": judge["label"], "filter": name}
            facets[name] = {r["problem"] for r in document(library, "problems", **given)["rows"]}
        values = {p: value_on(rule, draws) for p, draws in source.problems.items()}
        assert facets == {
            "vote-right": {p for p, value in values.items() if value == 1},
            "vote-wrong": {p for p, value in values.items() if value == 0},
            "vote-tied": {p for p, value in values.items() if 0 < value < 1},
        }


def test_disagreement_is_between_latest_first_runs(store: Path) -> None:
    library = Library(store)
    decided: dict[tuple[str, int], set[bool | None]] = {}
    for judge in labels(library):
        if "rerun" not in judge["config"]:
            source = outcomes.read_pool(store, "random", Wanted(verifier=judge["label"]))
            for problem, draws in source.problems.items():
                for draw in draws:
                    decided.setdefault((problem, draw.index), set()).add(draw.correct)
    apart = {place for place, said in decided.items() if {True, False} <= said}
    found = document(library, "draws", pool="random", filter="disagree", size=1000)["rows"]
    assert {(row["problem"], row["index"]) for row in found} == apart


def test_groups_count_draws_and_filter_them(store: Path) -> None:
    library = Library(store)
    rows = document(library, "draws", pool="random", size=1000)["rows"]
    level = {
        row["problem"]: row["groups"]["level"]
        for row in document(library, "problems", pool="random")["rows"]
    }
    shown = document(library, "overview", pool="random")["groups"]["level"]
    for value in set(level.values()):
        inside = [row for row in rows if level[row["problem"]] == value]
        assert shown[value] == len(inside)
        facet = quote(f"group:level={value}", safe="")
        found = document(library, "draws", pool="random", filter=facet, size=1000)
        assert [row["number"] for row in found["rows"]] == [row["number"] for row in inside]
        assert found["facets"][f"group:level={value}"] == len(inside)
        both = document(library, "draws", pool="random", filter=f"{facet},truncated", size=1000)
        cut = [row["number"] for row in inside if row["finish_reason"] == "length"]
        assert [row["number"] for row in both["rows"]] == cut


def test_long_answers_are_told_apart_by_all_of_their_text() -> None:
    codes = tables._Codes()
    texts = ["x" * 300 + end for end in ("a", "b", "a")] + ["x" * 256 + "…", None]
    assert codes.of(texts).tolist() == [0, 1, 0, 2, -1]
    assert len(set(codes.shown)) == 3
    assert max(map(len, codes.shown)) < 300
