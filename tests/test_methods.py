"""Strategies from the command line: `ttc solve --method` and what goes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Ttc

ASKED = "How many?"
SYNTH = ("-m", "synth:", "--max-tokens", 400)


def test_a_strategy_answers_and_repeats_for_nothing(ttc: Ttc) -> None:
    call = ("solve", ASKED, *SYNTH, "--method", "beam:n=8,m=4", "--scorer", "synth", "--json")
    first, again = ttc(*call).document, ttc(*call).document
    assert first["rule"] == "beam"
    assert first["answer"] == "1"
    assert first["tokens"] == first["tokens_paid"] > 0
    assert again == {**first, "tokens": 0}


def test_only_the_answer_is_on_stdout_and_the_tree_on_stderr(ttc: Ttc) -> None:
    ran = ttc("solve", ASKED, *SYNTH, "--method", "dvts:n=4,m=2", "--scorer", "synth", "--show")
    assert ran.code == 0
    assert ran.out in {f"{answer}\n" for answer in range(1, 6)}
    tree = [line for line in ran.err.splitlines() if "[" in line and ("├" in line or "└" in line)]
    assert len(tree) == 24
    assert sum("→" in line for line in tree) == 6


def test_n_is_theirs_too(ttc: Ttc) -> None:
    call = ("solve", ASKED, *SYNTH, "--scorer", "synth", "--json")
    few = ttc(*call, "--method", "particles", "-n", 2).document
    said = ttc(*call, "--method", "particles:n=3", "-n", 2).document
    assert (few["scores"], said["scores"]) == (12, 18)


def test_a_budget_is_never_exceeded(ttc: Ttc) -> None:
    call = ("solve", ASKED, *SYNTH, "--method", "rebase:step_tokens=40", "--scorer", "synth")
    ran = ttc(*call, "--budget", "tokens=700", "--json").document
    assert ran["exhausted"] is True
    assert ran["tokens_paid"] <= 700
    bad = ttc(*call, "--budget", "token=3")
    assert (bad.code, "write one of tokens, prompt" in bad.err) == (2, True)


def test_the_likelihood_scores_where_nothing_is_named(ttc: Ttc) -> None:
    ran = ttc("solve", ASKED, *SYNTH, "--method", "beam:n=4,m=2")
    assert ran.code == 0
    assert "--scorer names another" in ran.err


def test_a_verifier_has_the_last_word(ttc: Ttc, tmp_path: Path) -> None:
    asked = json.dumps({"question": ASKED, "answer": "7"}) + "\n"
    search = ("--method", "beam:n=4,m=2", "--scorer", "synth")
    ran = ttc("solve", "--each", *SYNTH, *search, "-V", "numeric", "--oracle", stdin=asked)
    assert (ran.code, ran.out) == (1, "\n")
    assert "nothing was accepted" in ran.err


def test_a_draft_model_writes_steps(ttc: Ttc) -> None:
    call = ("solve", ASKED, *SYNTH, "--method", "specreason:threshold=4", "--json")
    ran = ttc(*call, "--draft", "synth:stays=0.5").document
    assert "drafted steps accepted" in ran["firmness"]
    missing = ttc(*call)
    assert (missing.code, "--draft MODEL" in missing.err) == (2, True)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("beem", "did you mean beam?"),
        ("tree-of-thoughts", "strategies are a-star"),
        ("beam:n=x", "n must be a whole number from 1"),
        ("beam:width=3", "beam:width=3: unknown option 'width'; it takes: "),
        ("coverage", "is a measure"),
        ("dvts:n=5,m=2", "multiple of m"),
    ],
)
def test_a_wrong_method_is_one_line(ttc: Ttc, method: str, said: str) -> None:
    ran = ttc("solve", ASKED, *SYNTH, "--method", method)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_what_the_model_lacks_is_said_before_the_first_token(ttc: Ttc) -> None:
    ran = ttc("solve", ASKED, "-m", "scripted:", "--method", "beam")
    assert ran.code == 2
    assert "beam needs prefix, which scripted does not have" in ran.err


def test_answers_are_kept_as_a_pool_that_sweep_sets_beside_draws(ttc: Ttc, sums: Path) -> None:
    ttc("sample", sums, *SYNTH, "-n", 8, "--pool", "plain", "-q")
    keep = ("--scorer", "synth", "--keep", "search")
    ran = ttc("solve", "--each", sums, *SYNTH, "--method", "beam:n=4,m=2", *keep)
    assert ran.code == 0, ran.err
    assert "kept in the pool search" in ran.err
    again = ttc("solve", "--each", sums, *SYNTH, "--method", "beam:n=4,m=2", *keep)
    assert again.out == ran.out
    for pool in ("plain", "search"):
        assert ttc("verify", pool, "-V", "synth").code == 0
    drawn = ttc("sweep", "search", "-V", "synth", "-s", "coverage", "--cost", "tokens", "--json")
    (point,) = drawn.document["curves"][0]["points"]
    assert point["k"] == 1
    assert point["problems"] == 6
    both = ttc("sweep", "plain", "search", "-V", "synth", "-s", "coverage", "--pareto")
    assert both.code == 0, both.err
    # Another method's answers are another pool.
    another = ("solve", "--each", sums, *SYNTH, "--method", "beam:n=2,m=2", *keep)
    refused = ttc(*another)
    assert (refused.code, refused.out) == (2, "")
    assert "the pool search has other settings (strategy.options.n 4 → 2)" in refused.err
    assert "--keep OTHER, or add --new-pool to draw into search.2" in refused.err
    assert "kept in the pool search.2" in ttc(*another, "--new-pool").err


def test_strategies_are_listed_with_their_sources(ttc: Ttc) -> None:
    rows = ttc("plugins", "--strategies", "--json").document["plugins"]
    assert {"beam", "mcts", "specreason"} <= {row["name"] for row in rows}
    assert all("(" in row["about"] for row in rows)
    about = {row["name"]: row["about"] for row in rows}
    assert about["beam"].endswith("Needs prefix, stop-kept, a scorer.")
    assert about["specreason"].endswith("Needs choose, prefix, stop-kept, a draft model.")
    assert "Needs" not in about["self-refine"]


@pytest.mark.parametrize("method", ["majority", "ac", "first-finish"])
def test_a_rule_whose_budget_ends_picks_among_what_came(ttc: Ttc, method: str) -> None:
    call = ("solve", ASKED, "-m", "synth:", "--max-tokens", 250, "--method", method, "-n", 16)
    ran = ttc(*call, "--budget", "tokens=600", "--json").document
    assert 0 < ran["tokens_paid"] <= 600
    assert ran["answer"] in {"1", "2", "3", "4", "5"}
    short = ttc(*call, "--budget", "tokens=100")
    assert (short.code, "lower --max-tokens" in short.err) == (2, True)
