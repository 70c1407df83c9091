"""Annotations, step summaries, metrics and JUnit of `ttc sweep` and `ttc verify`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commands import Ttc

from ttc.records import Curve, Point
from ttc.report.ci import github, picture, worst
from ttc.report.ci.worst import Answered


@pytest.fixture
def summary(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(github.SUMMARY, str(own_home / "summary.md"))
    return own_home / "summary.md"


def judged(path: Path, right: Sequence[int], draws: int = 4) -> str:
    """Write draws of problems, of which so many are right."""
    lines = [
        {
            "problem": f"p{at:02}",
            "index": draw,
            "answer": "18" if draw < correct else str(draw),
            "correct": draw < correct,
            "completion_tokens": 40 + draw,
        }
        for at, correct in enumerate(right)
        for draw in range(draws)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path.name


def annotations(err: str) -> list[tuple[str, list[str]]]:
    """Return the kind and the lines of each annotation, as a runner reads them."""
    found = re.findall(r"^::(\w+) title=[^:]*::(.*)$", err, re.MULTILINE)
    return [(kind, data.replace("%25", "%").split("%0A")) for kind, data in found]


def test_a_gate_that_is_met_is_told_everywhere(ttc: Ttc, own_home: Path, summary: Path) -> None:
    name = judged(own_home / "new.jsonl", [4, 4, 2])
    gates = ("--assert", "mean@1>0.8", "--assert", "each:mean@1>0.1")
    ran = ttc("sweep", name, "-s", "mean", *gates, "--github", "--junit", "g.xml")
    assert ran.code == 0
    met = [f"met: {name}: mean@1>0.8 (it is 0.833333)"]
    met.append(f"met: {name}: each:mean@1>0.1 (all 3 problems)")
    assert all(line in ran.out.splitlines() for line in met)
    assert annotations(ran.err) == [("notice", [line]) for line in met]
    assert summary.read_text().startswith("### ttc sweep: 2 of 2 gates met\n")
    told = ElementTree.parse(own_home / "g.xml").getroot().findall(".//system-out")
    assert [each.text for each in told][:2] == met


def test_a_gate_that_is_not_met_names_the_ten_worst(
    ttc: Ttc, own_home: Path, summary: Path
) -> None:
    name = judged(own_home / "new.jsonl", [4, *range(4)] * 3 + [3])
    ran = ttc("sweep", name, "-s", "mean", "--assert", "mean@1>0.9", "--github")
    assert ran.code == 1
    (lines,) = [lines for kind, lines in annotations(ran.err) if kind == "error"]
    assert lines[1] == "the 10 worst of 16 problems:"
    named = [line.split()[0] for line in lines[2:]]
    assert named == ["p01", "p06", "p11", "p02", "p07", "p12", "p03", "p08", "p13", "p04"]
    assert lines[2] == "p01  0/4 correct"
    assert "p13  2/4 correct" in ran.out.splitlines()
    assert "| p04 | 3/4 correct |" in summary.read_text()
    assert "p09" not in summary.read_text()


def test_more_fallen_problems_than_a_reason_names(ttc: Ttc, own_home: Path) -> None:
    judged(own_home / "old.jsonl", [12] * 14, draws=12)
    ttc("sweep", "old.jsonl", "-s", "mean", "--save-baseline", "b.json")
    judged(own_home / "new.jsonl", [0] * 12 + [12] * 2, draws=12)
    ran = ttc("sweep", "new.jsonl", "-s", "mean", "--baseline", "b.json", "--github")
    (lines,) = [lines for kind, lines in annotations(ran.err) if kind == "error"]
    assert "12 of 14 problems fell" in lines[0]
    assert lines[1].startswith("p00 12/12 → 0/12 (p ")
    assert len(lines) == 1 + worst.MOST


def test_junit_has_a_case_for_each_rule_at_each_k(ttc: Ttc, own_home: Path) -> None:
    name = judged(own_home / "new.jsonl", [4, 4, 2])
    gates = ("--assert", "majority@4-mean@1>0.5", "--assert", "mean@2>0.5")
    ran = ttc("sweep", name, "-s", "mean,majority", "-k", "1,2,4,8", *gates, "--junit", "g.xml")
    assert ran.code == 1
    suite = ElementTree.parse(own_home / "g.xml").getroot()[0]
    cases = {case.attrib["name"]: case for case in suite}
    assert {case.attrib["classname"] for case in suite} == {"ttc sweep"}
    assert [*cases][2:] == [f"{rule}@{k}" for rule in ("mean", "majority") for k in (1, 2, 4, 8)]
    failed = [each for each, case in cases.items() if case.find("failure") is not None]
    assert failed == ["majority@4-mean@1>0.5", "mean@1", "majority@4"]
    skipped = [each for each, case in cases.items() if case.find("skipped") is not None]
    assert skipped == ["mean@8", "majority@8"]
    assert cases["mean@1"].findtext("system-out", "").startswith("0.8333 [")
    assert dict(suite.attrib) | {"tests": "10", "failures": "3", "skipped": "2"} == suite.attrib


def test_junit_of_a_strict_gate_has_its_values(ttc: Ttc, own_home: Path) -> None:
    judged(own_home / "old.jsonl", [4, 4, 4])
    ttc("sweep", "old.jsonl", "-s", "mean", "-k", "1,2", "--save-baseline", "b.json")
    judged(own_home / "new.jsonl", [4, 4, 3])
    options = ("-s", "mean", "-k", "1,2", "--baseline", "b.json", "--strict")
    assert ttc("sweep", "new.jsonl", *options, "--junit", "g.xml").code == 1
    suite = ElementTree.parse(own_home / "g.xml").getroot()[0]
    failed = [case.attrib["name"] for case in suite if case.find("failure") is not None]
    assert failed[1:] == ["mean@1", "mean@2"]


def test_metrics_have_a_line_for_each_value(ttc: Ttc, own_home: Path) -> None:
    names = [judged(own_home / f"{which}.jsonl", [4, 2]) for which in "ab"]
    one = ttc("sweep", names[0], "-s", "mean", "-k", "1,8", "--metrics", "-")
    assert one.out.splitlines()[2:] == ['ttc_value{rule="mean",k="1"} 0.75', "# EOF"]
    ttc("sweep", *names, "-s", "mean", "-k", "1", "--metrics", "m.txt")
    lines = (own_home / "m.txt").read_text().splitlines()
    assert lines[3] == 'ttc_value{source="b.jsonl",rule="mean",k="1"} 0.75'
    ran = ttc("sweep", names[0], "-s", "mean", "--metrics", "-", "--json")
    assert (ran.code, "--json and '-' both write to stdout" in ran.err) == (2, True)


@pytest.mark.parametrize(("under", "code"), [(0.5, 1), (0.05, 0)])
def test_verify_reports_its_gate(
    ttc: Ttc, own_home: Path, summary: Path, under: float, code: int
) -> None:
    rows = [
        {"problem": f"q{at}", "index": draw, "text": f"The answer is {draw}.",
         "reference": {"answer": str(at)}}
        for at in range(12)
        for draw in range(3)
    ]  # fmt: skip
    (own_home / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = ("--fail-under", under, "--github", "--junit", "v.xml", "-o", "out.jsonl")
    ran = ttc("verify", "s.jsonl", "-V", "numeric", *told)
    assert ran.code == code
    ((kind, lines),) = annotations(ran.err)
    text = summary.read_text()
    case = ElementTree.parse(own_home / "v.xml").getroot()[0][0]
    assert case.attrib["name"] == "--fail-under"
    if code:
        assert (kind, lines[0]) == ("error", f"not met: s.jsonl: 0.0833 is under {under}")
        assert lines[1] == "the 10 worst of 12 problems:"
        assert len(lines) == 12
        assert "- not met: s.jsonl: 0.0833 is under" in text
        assert case.find("failure") is not None
    else:
        assert (kind, lines) == ("notice", [f"met: s.jsonl: 0.0833 is at least {under}"])
        assert "met: s.jsonl: 0.0833 is at least" in ran.err.splitlines()[-1]
        assert case.findtext("system-out") == f"s.jsonl: 0.0833 is at least {under}"
    assert "### ttc verify s.jsonl" in text
    assert "| q10 | 0/3 correct |" in text


def test_scores_without_verdicts_make_no_worst_problems() -> None:
    known = Answered("a", 0.5, 4, 2)
    perfect, unknown = Answered("b", 1.0, 4, 4), Answered("c", 0.0, 4, 0, 4)
    assert worst.worst([perfect, unknown, known]) == [known]
    graded = Answered("d", 0.25, 4, None)
    assert worst.worst([graded, known]) == [graded, known]
    assert graded.described == "mean 0.2500 of 4"
    assert Answered("e", 0.25, 4, 1, 2).described == "1/4 correct, 2 undecided"


def test_more_annotations_than_github_shows_are_joined(capsys: pytest.CaptureFixture[str]) -> None:
    github.annotate_all("warning", "t", [f"w{at}" for at in range(10)])
    assert len(annotations(capsys.readouterr().err)) == 10
    github.annotate_all("warning", "t", [f"w{at}" for at in range(13)])
    found = annotations(capsys.readouterr().err)
    assert len(found) == 10
    assert found[-1] == ("warning", ["4 more:", "w9", "w10", "w11", "w12"])


def test_a_summary_stays_within_the_limit(summary: Path) -> None:
    line = "x" * 99 + "\n"
    github.add_to_summary(line * 6000)
    github.add_to_summary(line * 6000)
    text = summary.read_text()
    assert len(text.encode()) <= github.LARGEST
    assert "… the rest is left out" in text
    assert text.count(line) > 10_000
    for _ in range(9):
        github.add_to_summary(line * 20)
    assert summary.stat().st_size <= github.LARGEST


def test_a_block_that_is_cut_is_closed(summary: Path) -> None:
    github.add_to_summary("````text\n" + ("x" * 99 + "\n") * 20_000 + "````\n")
    tail = summary.read_text()[-200:]
    assert "x\n````\n\n… the rest is left out" in tail
    assert summary.stat().st_size <= github.LARGEST


def points(*values: float | None) -> tuple[Point, ...]:
    return tuple(Point(1 << at, value) for at, value in enumerate(values))


def test_the_picture_is_a_chart_without_names() -> None:
    name = "we]ird\n```\n%%{init: 1}%% |x"
    curves = [Curve(name, "s", points(0.25, 0.5, None)), Curve("b", "s", points(0.1, 0.2, 0.3))]
    text = picture.chart("s", curves)
    inside = re.search(r"```mermaid\n(.*?)\n```\n", text, re.DOTALL)
    assert inside is not None
    assert "weird" not in inside[1]
    assert "line [0.25, 0.5]\n  line [0.1, 0.2]" in inside[1]
    assert 'x-axis "k" [1, 2]' in inside[1]
    assert '"value" 0 --> 1' in inside[1]
    assert "k = 4: not drawn" in text
    legend = text.splitlines()[0]
    assert legend.startswith("**s**: 🟦 ")
    assert legend.endswith("🟧 b")
    json.loads(inside[1].splitlines()[0].removeprefix("%%{init: ").removesuffix("}%%"))


def test_what_cannot_be_drawn_is_left_out() -> None:
    assert picture.chart("s", [Curve("a", "s", points(0.5))]) == ""
    assert picture.chart("other", [Curve("a", "s", points(0.5, 1))]) == ""
    many = [Curve(f"r{at}", "s", points(0.5, 1)) for at in range(10)]
    assert "2 more rules are not drawn" in picture.chart("s", many)
    assert "-3 --> 8.55" in picture.chart("s", [Curve("a", "s", points(-3, 8))])
