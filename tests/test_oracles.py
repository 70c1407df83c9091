"""Oracles: whether a score read the reference is known of every verdict, and nothing recommends a
rule that picks by one that did."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from math import nan
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

import ttc as library
from ttc import interchange, outcomes, plugins, verdicts
from ttc.curves.sweep import SweepOptions, sweep
from ttc.errors import UsageError
from ttc.outcomes import Source
from ttc.records import Outcome, Sample, Verdict
from ttc.selectors.extras import is_oracle
from ttc.selectors.oracles import BY_CORRECT, Scored, ScoreOrigin, why_oracles
from ttc.selectors.spec import build
from ttc.verifiers import extras
from ttc.verifiers.reward.verifier import RewardModel

REFERENCE = {"answer": "4"}
LINE: dict[str, Any] = {"problem": "p", "text": "The answer is 4.", "reference": REFERENCE}


# --- verifiers

SAYS: dict[str, bool | None] = {
    "exact": True,
    "numeric": True,
    "choice": True,
    "math": True,
    "python": True,
    "constraint": True,
    "regex:4": False,
    "schema:schema.json": False,
    "confidence": False,
    "rm": False,
    "self-eval": False,
    "self-eval:reference=yes": False,
    "judge": False,
    "judge:reference=yes": True,
    "genrm": False,
    "genrm:reference=yes": True,
    "pairwise": False,
    "pairwise:reference=yes": True,
    "cot-pot": False,
    "cot-pot:reference=yes": True,
    "cmd:true": None,
    "cmd:reference=no true": False,
}
NEEDS = {"math": "math_verify", "constraint": "cpmpy", "schema": "jsonschema"}


@pytest.mark.parametrize(("spec", "says"), SAYS.items())
def test_what_verifiers_say_of_the_reference(spec: str, says: bool | None, own_home: Path) -> None:
    (own_home / "schema.json").write_text("{}")
    name = spec.partition(":")[0]
    if find_spec(NEEDS.get(name, "ttc")) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    if name == "rm":
        assert RewardModel.reads_reference is says
    else:
        assert extras.reads_reference(verdicts.make(spec)) is says
    options = {"reference": "yes" if "=yes" in spec else "no"} if "=" in spec else {}
    if name in ("judge", "genrm", "pairwise", "cot-pot"):
        options = options or {"reference": "no"}
    assert extras.known_to_read(name, options) is says


def test_all_of_our_verifiers_are_there() -> None:
    own = {
        name
        for name, entry in plugins.installed("verifiers").items()
        if plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION
    }
    assert own - {"synth"} == {spec.partition(":")[0] for spec in SAYS}


def test_the_options_of_a_judge_are_needed_to_know() -> None:
    assert extras.known_to_read("judge") is None
    assert extras.known_to_read("contains") is None
    assert extras.known_to_read("cmd", {"command": ["true"]}) is None


class Silent:
    """A verifier as 0.1.0 knew it: it does not say whether it reads the reference."""

    name, version = "silent", "1"
    config: Mapping[str, Any] = {}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        for _ in samples:
            yield Verdict("4", True, 1.0)


class Odd(Silent):
    """One with a value that says nothing."""

    reads_reference = "perhaps"


@pytest.mark.parametrize("verifier", [Silent(), Odd()])
def test_a_verifier_that_does_not_say_may_have_read_it(verifier: Silent) -> None:
    assert extras.reads_reference(verifier) is None
    with_one, without = (
        Sample("p", 0, "4", "stop", reference=REFERENCE),
        Sample("p", 1, "4", "stop"),
    )
    judged = [verdict for _, verdict in verdicts.judge(verifier, [with_one, without])]
    assert [each.reads_reference for each in judged] == [None, False]
    assert judged[0] == Verdict("4", True, 1.0)  # not a part of what was judged


@pytest.mark.skipif(os.name != "posix", reason="cmd needs process groups")
def test_a_command_can_do_without_the_reference(ttc: Ttc, own_home: Path) -> None:
    (own_home / "check.sh").write_text('echo "${TTC_REFERENCE-none}"\n')
    told = {
        option: ttc("verify", "-", "-V", f"cmd:{option}sh check.sh", stdin=json.dumps(LINE)).lines
        for option in ("", "reference=no ")
    }
    assert [line["detail"] for line in told[""]] == ['{"answer": "4"}']
    assert [line["detail"] for line in told["reference=no "]] == ["none"]
    assert [line["reads_reference"] for (line,) in told.values()] == [None, False]
    assert "reference" not in verdicts.make("cmd:true").config


def test_lines_say_it_and_not_without_a_reference(ttc: Ttc) -> None:
    bare = {"problem": "q", "text": "4"}
    lines = "".join(json.dumps(line) + "\n" for line in (LINE, bare))
    found = ttc("verify", "-", "-V", "numeric", stdin=lines).lines
    assert [line["reads_reference"] for line in found] == [True, False]
    found = ttc("verify", "-", "-V", "regex:4", stdin=lines).lines
    assert [line["reads_reference"] for line in found] == [False, False]
    wrong = ttc(
        "sweep", "-", stdin=json.dumps({**LINE, "correct": True, "reads_reference": "maybe"})
    )
    assert (wrong.code, "'reads_reference' must be true or false" in wrong.err) == (2, True)


# --- rules


def draws(scores: Iterable[float | None] = (1.0, 0.0, 0.0, 1.0), **more: Any) -> list[Outcome]:
    right = (True, False, False, True)
    return [
        Outcome(i, answer=str(i), correct=each, score=score, completion_tokens=9, **more)
        for i, (each, score) in enumerate(zip(right, scores, strict=True))
    ]


BY_SCORE = (
    "best-of-n",
    "weighted",
    "pairwise",
    "threshold:at=0.5",
    "solve-verify:v=1,of=1",
    "keep=2:by=score>majority",
    "keep=2:by=tokens>best-of-n",
    "accept=0.5>majority",
    "accept=0.5:by=logprob>weighted",
)
ORACLES = ("coverage", "pass^k", "keep=2:by=tokens>coverage", "accept=0.5:by=logprob>pass^k")
FOLLOWED = (
    "majority",
    "mean",
    "mbr",
    "first-finish",
    "first-valid",
    "last-finish",
    "short-2",
    "perplexity",
    "perplexity-consistency",
    "rpc",
    "esc",
    "ac",
    "keep=2:by=logprob>majority",
    "accept=0.5:by=logprob>majority",
)


def why(spec: str, scored: Scored, outcomes: Iterable[Outcome] | None = None) -> str | None:
    listed = draws((0.1, 0.2, 0.3, 0.4)) if outcomes is None else list(outcomes)
    return why_oracles({spec: build(spec)}, listed, scored).get(spec)


def of(name: str, reads: bool | None, scorer: str = "") -> Scored:
    return Scored({scorer: ScoreOrigin(name, reads)})


@pytest.mark.parametrize("rule", BY_SCORE)
def test_a_rule_is_an_oracle_if_its_score_read_the_reference(rule: str) -> None:
    assert why(rule, of("math", True)) == "the score of math, which read the reference"
    assert why(rule, of("x", None)) == "the score of x, which may have read the reference"
    assert why(rule, of("rm", False)) is None
    assert why(rule, Scored()) is None


@pytest.mark.parametrize("rule", [*ORACLES, *FOLLOWED])
def test_other_rules_do_not_depend_on_the_score(rule: str) -> None:
    expected = BY_CORRECT if rule in ORACLES else None
    assert why(rule, of("math", True)) == why(rule, of("rm", False)) == expected


def test_every_rule_of_ours_that_needs_a_score_is_covered() -> None:
    for name in plugins.installed("selectors"):
        try:
            rule = build(name)
        except UsageError:
            continue  # it takes an argument, as those above
        expected = "score" in rule.needs or is_oracle(rule)
        assert bool(why_oracles({name: rule}, draws(), of("math", True))) == expected, name


def test_the_scorer_that_a_rule_names_is_asked() -> None:
    rule = "best-of-n:score=math"
    assert why(rule, of("rm", False, "rm")) is None
    assert why(rule, of("math", True, "math")) == "the score of math, which read the reference"
    both = "keep=2:score=math>weighted:score=rm"
    known = {"math": ScoreOrigin("math", True), "rm": ScoreOrigin("rm", False)}
    assert why(both, Scored(known)) is not None
    assert why("keep=2:score=rm>weighted:score=rm", Scored(known)) is None


def test_a_plugin_s_rule_that_names_no_scorer_may_use_any() -> None:
    class Free:
        name, finishes = "free", None
        needs = frozenset({"scores", "correct"})

    rules: dict[str, Any] = {"free": Free()}
    outcomes = [Outcome(0, correct=True, scores={"a": 0.1, "b": 0.2})]
    assert not why_oracles(rules, outcomes, of("math", False, "b"))
    assert why_oracles(rules, outcomes, of("math", True, "b"))


@pytest.mark.parametrize(
    ("scores", "tells"),
    [
        ((1.0, 0.0, 0.0, 1.0), True),
        ((100.0, 0.0, 0.0, 100.0), True),
        ((1.0, -1.0, -1.0, 1.0), True),
        ((0.5, None, nan, 0.5), True),
        ((0.0, 1.0, 1.0, 0.0), False),
        ((1.0, 0.0, 0.1, 1.0), False),
        ((1.0, 0.0, 1.0, 1.0), False),
        ((0.5, 0.5, 0.5, 0.5), False),
    ],
)
def test_an_unknown_score_that_tells_correct_draws_is_an_oracle_s(
    scores: tuple[float | None, ...], tells: bool
) -> None:
    found = why("best-of-n", Scored(), draws(scores))
    assert found == ("a score that tells the correct draws from all others" if tells else None)
    # What is known of a verifier counts, not what its scores look like.
    assert why("best-of-n", of("regex", False), draws(scores)) is None
    named = [
        Outcome(each.index, correct=each.correct, scores={"s": nan if s is None else s})
        for each, s in zip(draws(), scores, strict=True)
    ]
    assert (why("best-of-n:score=s", Scored(), named) is not None) == tells


def test_draws_that_are_all_correct_or_all_wrong() -> None:
    for correct, score, tells in ((True, 1.0, True), (False, 0.0, True), (True, 0.7, False)):
        alike = [Outcome(i, correct=correct, score=score) for i in range(3)]
        assert (why("best-of-n", Scored(), alike) is not None) == tells


# --- the pool in question: verified by the reference's answer, and ranked by that score

RULES = "coverage,majority,first-finish,best-of-n,weighted"
POOL = ("-s", RULES, "-k", "1,4", "--pareto", "--policy")


@pytest.fixture
def judged(ttc: Ttc, sums: Path) -> Ttc:
    model = ("-m", "scripted:answers=1*2/2*2/3*3/4*1/B,tokens=5-30")
    assert ttc("sample", sums, "-n", 8, "--pool", "demo", *model, "-o", "demo.jsonl").code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-o", "judged.jsonl").code == 0
    return ttc


@pytest.mark.parametrize("source", ["demo", "judged.jsonl"])
def test_nothing_recommends_the_score_of_the_reference(judged: Ttc, source: str) -> None:
    ran = judged("sweep", source, *POOL, "--json")
    oracles = {curve["selector"]: curve["oracle"] for curve in ran.document["curves"]}
    assert oracles == {
        "coverage": True,
        "majority": False,
        "first-finish": False,
        "best-of-n": True,
        "weighted": True,
    }
    followed = {"majority", "first-finish"}
    assert {point["selector"] for point in ran.document["pareto"]} <= followed
    for policy in ran.document["policies"][source]:
        assert {choice.partition("@")[0] for choice in policy["choices"].values()} <= followed
    assert (
        "best-of-n, weighted are oracles: they pick by the score of numeric, which read the "
        "reference" in ran.err
    )
    assert "no candidate of --pareto and --policy: coverage, best-of-n, weighted; an" in ran.err


def test_oracles_are_candidates_where_they_are_wanted(judged: Ttc) -> None:
    ran = judged("sweep", "demo", "-s", "majority,best-of-n", *POOL[2:], "--oracle", "--json")
    document = ran.document
    best = [point["selector"] for point in document["pareto"]]
    assert "best-of-n" in best
    assert any("best-of-n" in str(policy["choices"]) for policy in document["policies"]["demo"])
    assert "candidate" not in ran.err
    swept = library.pool("demo").sweep("majority", "best-of-n", pareto=True, oracle=True, ks=[1, 4])
    assert [(curve.selector, point.k) for curve, point in swept.frontier or ()] == [
        (point["selector"], point["k"]) for point in document["pareto"]
    ]
    without = library.pool("demo").sweep("majority", "best-of-n", pareto=True, ks=[1, 4])
    assert {curve.selector for curve, _ in without.frontier or ()} == {"majority"}
    assert any("(oracle=True makes it a candidate)" in line for line in without.warnings)
    assert [row["oracle"] for row in without.rows()] == [False, False, True, True]
    assert "<th>best-of-n (oracle)</th>" in without._repr_html_()


def test_oracles_are_marked_wherever_they_are_printed(judged: Ttc, own_home: Path) -> None:
    short = ("sweep", "demo", "-s", "majority,best-of-n", "-k", "4")
    told = judged(*short).out
    marked = {line.split()[0]: line.rstrip().endswith("†") for line in told.splitlines()[2:4]}
    assert marked == {"majority": False, "best-of-n": True}
    assert "† oracle: picks by what only the reference tells" in told
    assert "†" not in judged("sweep", "demo", "-s", "majority", "-k", "4").out
    rows = list(csv.DictReader(io.StringIO(judged(*short, "--csv", "-").out)))
    assert [(row["selector"], row["oracle"]) for row in rows] == [
        ("majority", "false"),
        ("best-of-n", "true"),
    ]
    markdown = judged(*short, "--md", "-").out
    assert "| k | majority | best-of-n (oracle) |" in markdown
    assert "- oracle: picks by what only the reference tells" in markdown


def test_only_oracles_are_dashed(judged: Ttc) -> None:
    pytest.importorskip("matplotlib")
    rules = ["mean", "majority", "first-finish", "last-finish", "best-of-n", "coverage"]
    figure = library.pool("demo").sweep(*rules).plot()
    lines = {line.get_label(): line.get_linestyle() for line in figure.axes[0].get_lines()}
    assert {label: style == "--" for label, style in lines.items()} == {
        "mean": False,
        "majority": False,
        "first-finish": False,
        "last-finish": False,
        "best-of-n (oracle)": True,
        "coverage (oracle)": True,
    }


def test_a_verifier_without_the_reference_may_be_followed(judged: Ttc) -> None:
    assert judged("verify", "demo", "-V", "regex:3").code == 0
    rules = ("-s", "majority,best-of-n:score=regex,best-of-n:score=numeric", "-k", "1,8")
    ran = judged("sweep", "demo", "-V", "numeric", *rules, "--pareto", "--json")
    found = {curve["selector"]: curve["oracle"] for curve in ran.document["curves"]}
    assert found == {
        "majority": False,
        "best-of-n:score=regex": False,
        "best-of-n:score=numeric": True,
    }
    # Its own verdicts are counted as correct, and its score could still be had without them.
    own = judged("sweep", "demo", "-V", "regex", "-s", "best-of-n", "-k", "8", "--pareto", "--json")
    assert (own.document["curves"][0]["oracle"], len(own.document["pareto"])) == (False, 1)


def test_where_no_problem_has_a_reference_none_was_read(ttc: Ttc, own_home: Path) -> None:
    (own_home / "open.jsonl").write_text('{"id": "a", "question": "Tell."}\n')
    ttc("sample", "open.jsonl", "-n", 4, "--pool", "open", "-m", "scripted:answers=1/2")
    assert ttc("verify", "open", "-V", "cmd:grep -q 1", "-o", "lines.jsonl").code == 0
    for source in ("open", "lines.jsonl"):
        ran = ttc("sweep", source, "-s", "best-of-n", "--pareto", "--json")
        assert [curve["oracle"] for curve in ran.document["curves"]] == [False]
    (shown,) = ttc("show", "open", "--json").document["verifiers"]
    assert (shown["name"], shown["reads_reference"]) == ("cmd", False)


def test_the_split_of_a_budget_is_not_by_the_reference_either(judged: Ttc) -> None:
    ran = judged("sweep", "demo", "-s", "mean", "--solve-verify", 2, "--json")
    assert "splits" not in ran.document
    assert "demo: no split of budgets: draws would be picked by the score of numeric" in ran.err
    ran = judged("sweep", "demo", "-s", "mean", "--solve-verify", 2, "--oracle", "--json")
    assert ran.document["splits"]["demo"]["optima"]


def test_each_source_has_its_own_oracles(judged: Ttc, own_home: Path) -> None:
    lines = [json.loads(line) for line in (own_home / "judged.jsonl").read_text().splitlines()]
    foreign = [
        {key: line[key] for key in ("problem", "index", "correct", "answer")}
        | {"score": line["index"] / 8}
        for line in lines
    ]
    (own_home / "rm.jsonl").write_text("".join(json.dumps(line) + "\n" for line in foreign))
    rules = ("-s", "best-of-n", "-k", "8", "--pareto", "--cost", "samples", "--json")
    ran = judged("sweep", "judged.jsonl", "rm.jsonl", *rules)
    found = {curve["source"]: curve["oracle"] for curve in ran.document["curves"]}
    assert found == {"judged.jsonl": True, "rm.jsonl": False}
    assert [point["source"] for point in ran.document["pareto"]] == ["rm.jsonl"]
    assert "judged.jsonl: best-of-n is an oracle" in ran.err


# --- files


def scored(lines: list[dict[str, Any]]) -> Scored:
    return outcomes.read_lines("f", lines).scored


@pytest.mark.parametrize(
    ("fields", "reads"),
    [
        ({"verifier": "x", "reads_reference": True}, True),
        ({"verifier": "x", "reads_reference": False}, False),
        ({"verifier": "x", "reads_reference": None}, None),
        ({"verifier": "math", "reads_reference": False}, False),
        ({"verifier": "math"}, True),
        ({"verifier": "regex"}, False),
        ({"verifier": "judge"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_a_line_says_of_its_score(fields: dict[str, Any], reads: object) -> None:
    line = {"problem": "p", "correct": True, "score": 0.5, **fields}
    found = scored([line]).origins.get("")
    assert ("unknown" if found is None else found.reads_reference) is reads or found is None
    assert (found is None) == (reads == "unknown")


def test_of_lines_that_differ_the_most_cautious_holds() -> None:
    read = {"problem": "p", "correct": True, "score": 0.5, "verifier": "x", "reads_reference": True}
    may = {**read, "reads_reference": None}
    not_read = {**read, "reads_reference": False}
    foreign = {"problem": "p", "correct": True, "score": 0.5}
    no_score = {"problem": "p", "correct": True, "reads_reference": True}

    def reads(*lines: dict[str, Any]) -> object:
        found = scored(list(lines)).origins.get("")
        return "unknown" if found is None else found.reads_reference

    assert reads(read, may, not_read, foreign) is True
    assert reads(may, not_read, foreign) is None
    assert reads(not_read, foreign) == "unknown"
    assert reads(not_read, no_score) is False


def test_scores_of_a_file_are_known_by_the_names_of_our_verifiers() -> None:
    line = {"problem": "p", "correct": True, "scores": {"math": 1.0, "mine": 0.2, "regex:4": 1.0}}
    found = {name: origin.reads_reference for name, origin in scored([line]).origins.items()}
    assert found == {"math": True, "regex:4": False}


def test_verdicts_in_memory_say_it_too(judged: Ttc) -> None:
    pairs = list(library.pool("demo").verdicts("numeric"))
    assert {verdict.reads_reference for _, verdict in pairs} == {True}
    assert library.sweep(pairs, rules="best-of-n")["best-of-n"].oracle
    by_hand = [
        (sample, Verdict("1", index == 0, index / 9)) for index, (sample, _) in enumerate(pairs)
    ]
    assert not library.sweep(by_hand, rules="best-of-n")["best-of-n"].oracle
    assert next(library.pool("demo").records("numeric"))["reads_reference"] is True
    assert "reads_reference" in interchange.FIELDS


# --- solve

VOTE = ("-m", "scripted:answers=3/4,tokens=4", "-n", "8")
ASKED = json.dumps({"question": "2 + 2?", "id": "q", "answer": "4"}) + "\n"


def test_solve_does_not_accept_by_the_reference(ttc: Ttc) -> None:
    ran = ttc("solve", "--each", *VOTE, "-V", "numeric", stdin=ASKED)
    assert (ran.code, ran.out) == (2, "")
    assert "q: numeric accepts answers by the reference, which makes solve an oracle" in ran.err
    ran = ttc("solve", "--each", *VOTE, "-V", "numeric", "--oracle", "--json", stdin=ASKED)
    assert [(line["answer"], line["oracle"]) for line in ran.lines] == [("4", True)]
    assert "q: majority (oracle): " in ran.err
    free = ttc("solve", "--each", *VOTE, "--json", stdin=ASKED)
    assert [line["oracle"] for line in free.lines] == [False]
    with pytest.raises(UsageError, match="allow it with oracle=True"):
        library.solve(json.loads(ASKED), 8, model="scripted:answers=3/4", verifier="numeric")
    found = library.solve(
        json.loads(ASKED), 8, model="scripted:answers=3/4", verifier="numeric", oracle=True
    )
    assert found.answer == "4"


@pytest.mark.skipif(os.name != "posix", reason="cmd needs process groups")
def test_solve_accepts_by_what_does_not_read_the_reference(ttc: Ttc) -> None:
    unsure = ttc("solve", "--each", *VOTE, "-V", "cmd:grep -q 3", stdin=ASKED)
    assert (unsure.code, "q: cmd may accept answers by the reference" in unsure.err) == (2, True)
    blind = ttc("solve", "--each", *VOTE, "-V", "cmd:reference=no grep -q 3", stdin=ASKED)
    assert (blind.code, blind.out) == (0, "3\n")
    assert ttc("solve", "--each", *VOTE, "-V", "regex:3", stdin=ASKED).out == "3\n"
    assert ttc("solve", "2 + 2?", *VOTE, "-V", "cmd:grep -q 3").out == "3\n"


def test_answers_that_were_accepted_by_the_reference_are_an_oracle_s(ttc: Ttc) -> None:
    kept = ("--keep", "kept", "-V", "numeric", "--oracle")
    assert ttc("solve", "--each", *VOTE, *kept, stdin=ASKED).code == 0
    assert ttc("solve", "--each", *VOTE, "--keep", "free", stdin=ASKED).code == 0
    for pool in ("kept", "free"):
        ttc("verify", pool, "-V", "numeric")
    ran = ttc("sweep", "kept", "free", "-s", "mean,majority", "--pareto", "--json")
    assert [curve["oracle"] for curve in ran.document["curves"]] == [True, True, False, False]
    assert {point["source"] for point in ran.document["pareto"]} == {"free"}
    why = "mean, majority are oracles: they pick by what was accepted by numeric"
    assert f"kept: {why}" in ran.err
    # The lines of the pool say it as well.
    assert ttc("verify", "kept", "-V", "numeric", "-o", "kept.jsonl").code == 0
    ran = ttc("sweep", "kept.jsonl", "-s", "mean,majority", "--pareto", "--json")
    assert (ran.document["pareto"], why in ran.err) == ([], True)
    blind = ("--keep", "blind", "-V", "regex:4")
    assert ttc("solve", "--each", *VOTE, *blind, stdin=ASKED).code == 0
    ttc("verify", "blind", "-V", "numeric")
    ran = ttc("sweep", "blind", "-s", "mean", "--json")
    assert [curve["oracle"] for curve in ran.document["curves"]] == [False]


def test_a_scorer_never_sees_the_reference(ttc: Ttc) -> None:
    best = ("solve", "--each", *VOTE, "--method", "best-of-n")
    ran = ttc(*best, "--scorer", "exact", stdin=ASKED)
    assert (ran.code, "--scorer exact: it scores by the reference" in ran.err) == (2, True)
    assert ttc(*best, "--scorer", "regex:3", stdin=ASKED).out == "3\n"
    ran = ttc(*best[:-1], "best-of-n:score=regex", stdin=ASKED)
    assert (ran.code, "needs scores, which draws have not before" in ran.err) == (2, True)


# --- in Python


def test_a_source_of_which_nothing_is_known() -> None:
    source = Source("s", {f"p{i}": draws() for i in range(4)})
    result = sweep(SweepOptions(rules=("best-of-n", "majority"), pareto=True, ks=(2,)), [source])
    assert [curve.oracle for curve in result.curves] == [True, False]
    source.scored = of("regex", False)
    result = sweep(SweepOptions(rules=("best-of-n", "majority"), pareto=True, ks=(2,)), [source])
    assert [curve.oracle for curve in result.curves] == [False, False]
