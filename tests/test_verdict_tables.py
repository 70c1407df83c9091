"""docs/verdicts.md says what is true: every row of every table there is judged or looked up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tiers import need

from ttc import plugins
from ttc.answers.extract import extract
from ttc.messages.visible import visible
from ttc.records import Sample, Verdict
from ttc.report.escaping import csv_row

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")

RULE = re.compile(r"^\|(?:\s*:?-+:?\s*\|)+$")
CODE = re.compile(r"(`+)(.+?)\1(?!`)")
SPEC = re.compile(r"^Judged with `-V ([^`]+)`(?: on completions `([^`]+)`)?")
UNSET = ("none", "of CodeContests", "of LiveCodeBench")
JUDGED = {"right": True, "wrong": False, "undecided": None}


@dataclass(frozen=True)
class Row:
    """A row of a table: its place, the heading above, the verifier, and the cells by column."""

    place: str
    spec: str
    template: str
    cells: dict[str, str]

    def spans(self, column: str) -> list[str]:
        """Return the texts in backticks of a cell, in which ⏎ is a line break."""
        found = [text for _, text in CODE.findall(self.cells[column])]
        return [
            (text[1:-1] if text[0] == text[-1] == " " and text.strip() else text).replace("⏎", "\n")
            for text in found
        ]

    @property
    def wanted(self) -> tuple[bool | None, list[str]]:
        """The verdict, and what its status or detail holds."""
        word = re.match(r"\w+", self.cells["verdict"])
        assert word, self.place
        assert word[0] in JUDGED, self.place
        return JUDGED[word[0]], self.spans("verdict")


def split(line: str) -> list[str]:
    """Return the cells of a line of a table, in which a bar inside a cell is escaped."""
    cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
    return [cell.strip().replace("\\|", "|") for cell in cells]


def tables() -> Iterator[tuple[tuple[str, ...], Row]]:
    """Yield every row of every table with the table's columns."""
    lines = TEXT.splitlines()
    columns: tuple[str, ...] = ()
    spec = template = ""
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            spec = template = ""
        if told := SPEC.match(line):
            spec, template = told[1], told[2] or "…"
        if not line.startswith("|"):
            columns = ()
        elif not columns:
            assert RULE.match(lines[number]), f"line {number}: a row that is in no table"
            columns = tuple(split(line))
        elif not RULE.match(line):
            cells = split(line)
            assert len(cells) == len(columns), f"line {number}: {len(cells)} cells"
            named = dict(zip(columns, cells, strict=True))
            yield columns, Row(f"line {number}", spec, template, named)


ROWS = list(tables())


def rows_of(*columns: str) -> list[Row]:
    """Return the rows of all tables with these columns."""
    return [row for each, row in ROWS if each == columns]


def judged(samples: list[tuple[Row, str, dict[str, Any]]]) -> str:
    """Return what differs between the verdicts on texts and the rows that they stand for."""
    wrong = []
    for spec in dict.fromkeys(row.spec for row, *_ in samples):
        asked = [each for each in samples if each[0].spec == spec]
        drawn = [
            Sample(f"p{at}", 0, text, "stop", reference=reference)
            for at, (_, text, reference) in enumerate(asked)
        ]
        verdicts = list(plugins.build("verifiers", spec).verify(drawn))
        for (row, text, reference), verdict in zip(asked, verdicts, strict=True):
            if not agrees(row, verdict):
                wrong.append(f"{row.place}: {text!r} {reference!r}: {verdict}")
    return "\n".join(wrong)


def agrees(row: Row, verdict: Verdict) -> bool:
    correct, told = row.wanted
    given = f"{verdict.status} {verdict.detail}"
    return verdict.correct is correct and all(each in given for each in told)


def reference_of(text: str, field: str) -> dict[str, Any]:
    """Return a reference: JSON of the whole, or only one field of it."""
    read: dict[str, Any] = json.loads(text, strict=False) if text[:2] == '{"' else {field: text}
    return read


def test_every_table_is_read() -> None:
    assert {columns for columns, _ in ROWS} == {*READ}
    assert len(ROWS) > 200


def test_every_row_has_what_is_judged() -> None:
    for columns, row in ROWS:
        for column in {"reference", "answer", "program", "expected", "printed", "returned", "text"}:
            if column in columns and row.cells[column] not in UNSET:
                assert row.spans(column), (row.place, column)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memo of its own, so that no verdict is an old one."""
    monkeypatch.setenv("TTC_CACHE", str(tmp_path))


ANSWERS = ("reference", "answer", "verdict", "why")


@pytest.mark.usefixtures("own_cache")
def test_answers() -> None:
    pytest.importorskip("math_verify")
    assert (
        judged(
            [
                (row, row.template.replace("…", answer), reference_of(gold, "answer"))
                for row in rows_of(*ANSWERS)
                for gold, answer in product(row.spans("reference"), row.spans("answer"))
            ]
        )
        == ""
    )


EXTRACTED = ("text", "answer", "why")


def test_extraction() -> None:
    wrong = []
    for row in rows_of(*EXTRACTED):
        wanted = [*row.spans("answer"), None][0]
        wrong += [
            (row.place, text, found)
            for text in row.spans("text")
            if (found := extract(text)) != wanted
        ]
    assert wrong == []


PROGRAMS = ("reference", "program", "verdict", "why")
PRINTED = ("expected", "printed", "reference", "verdict", "why")
RETURNED = ("expected", "returned", "reference", "verdict", "why")


def fenced(program: str) -> str:
    return program if "```" in program else f"```python\n{program}\n```"


def test_programs() -> None:
    need("landlock")
    samples: list[tuple[Row, str, dict[str, Any]]] = []
    for row in rows_of(*PROGRAMS):
        for given, program in product(row.spans("reference"), row.spans("program")):
            reference = reference_of(given, "tests")
            samples.append((row, fenced(program), reference))
    for row in rows_of(*PRINTED):
        extra = json.loads([*row.spans("reference"), "{}"][0], strict=False)
        for expected, printed in product(row.spans("expected"), row.spans("printed")):
            given = {"inputs": [""], "outputs": [expected], **extra}
            if "CodeContests" in row.cells["reference"]:
                given = {"public_tests": {"input": [""], "output": [expected]}}
            elif "LiveCodeBench" in row.cells["reference"]:
                cases = [{"input": "", "output": expected, "testtype": "stdin"}]
                given = {"public_test_cases": json.dumps(cases)}
            samples.append((row, fenced(f"print({printed!r})"), given))
    for row in rows_of(*RETURNED):
        extra = json.loads([*row.spans("reference"), "{}"][0], strict=False)
        for expected, returned in product(row.spans("expected"), row.spans("returned")):
            cases = {"fn_name": "f", "inputs": [[0]], "outputs": [json.loads(expected)], **extra}
            samples.append((row, fenced(f"def f(x):\n    return {returned}"), cases))
    assert judged(samples) == ""


TEXTS = ("text", "verdict", "why")


def test_schema(tmp_path: Path) -> None:
    pytest.importorskip("jsonschema")
    schema = re.search(r"the schema\s+`(\{.+?\})`", TEXT)
    assert schema
    path = tmp_path / "answer.schema.json"
    path.write_text(schema[1], encoding="utf-8")
    asked = [(row, text) for row in rows_of(*TEXTS) for text in row.spans("text")]
    verifier = plugins.build("verifiers", f"schema:{path}")
    verdicts = verifier.verify(Sample("p", at, text, "stop") for at, (_, text) in enumerate(asked))
    for (row, text), verdict in zip(asked, verdicts, strict=True):
        assert row.spec == "schema:FILE"
        assert agrees(row, verdict), (row.place, text, verdict)


SHOWN = ("text", "on a terminal", "why")
CELLS = ("cell", "in a CSV file", "why")


def characters(text: str) -> str:
    r"""Return a text in which `\x1b` and the like stand for characters."""
    return re.sub(
        r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|r)",
        lambda found: chr(int(found[1] or found[2], 16)) if found[1] or found[2] else "\r",
        text,
    )


def test_hostile_text() -> None:
    for row in rows_of(*SHOWN):
        (given,), (shown,) = row.spans("text"), row.spans("on a terminal")
        assert visible(characters(given)) == shown, row.place
    for row in rows_of(*CELLS):
        (given,), (shown,) = row.spans("cell"), row.spans("in a CSV file")
        assert csv_row([given]).strip() == shown, row.place


STATUSES = ("status", "correct", "what happened")
FIELDS = ("fields of the reference", "what is run")
CHECKERS = ("`checker`", "how outputs are compared")


def source(folder: str) -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "ttc" / folder).rglob("*.py"))
    )


def test_names_are_those_of_the_code() -> None:
    code = source("verifiers") + source("problems") + (ROOT / "ttc" / "records.py").read_text()
    words = set(re.findall(r"[\w-]+", code))
    for columns in (STATUSES, FIELDS, CHECKERS):
        for row in rows_of(*columns):
            assert not set(row.spans(columns[0])) - words, row.place
    for row in rows_of(*STATUSES):
        assert row.cells["correct"] in ("false", "undecided", "not counted", "true or false")


READ: dict[tuple[str, ...], Callable[..., None]] = {
    ANSWERS: test_answers,
    EXTRACTED: test_extraction,
    **dict.fromkeys((PROGRAMS, PRINTED, RETURNED), test_programs),
    TEXTS: test_schema,
    **dict.fromkeys((SHOWN, CELLS), test_hostile_text),
    **dict.fromkeys((STATUSES, FIELDS, CHECKERS), test_names_are_those_of_the_code),
}
