"""The schemas of docs/schemas are those of what the commands print, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

jsonschema = pytest.importorskip("jsonschema", reason="needs: pip install 'ttc-cli[schema]'")
# Nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"
EXAMPLES = FOLDER.parents[1] / "examples"
MODEL = "scripted:answers=42*3/60*2/B*1,tokens=5-20"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    return loaded


def unnamed(found: Any, told: dict[str, Any], root: dict[str, Any], at: str = "") -> Iterator[str]:
    """Yield the fields of a document that its schema does not name."""
    while "$ref" in told:
        told = root["$defs"][told["$ref"].rpartition("/")[2]]
    if isinstance(found, dict) and "properties" in told:
        for name, value in found.items():
            if name not in told["properties"]:
                yield f"{at}{name}"
            else:
                yield from unnamed(value, told["properties"][name], root, f"{at}{name}.")
    if isinstance(found, list) and "items" in told:
        for value in found:
            yield from unnamed(value, told["items"], root, at)


def check(found: Any, name: str) -> None:
    told = schema(name)
    jsonschema.validate(found, told)
    assert [*unnamed(found, told, told)] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_is_a_schema_that_describes_its_fields(path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(told)
    assert told["title"]
    assert told["description"]
    assert set(told["required"]) <= set(told["properties"])
    assert [name for name, each in told["properties"].items() if not each["description"]] == []


def test_what_is_printed(ttc: Ttc) -> None:
    data = str(EXAMPLES / "arithmetic.jsonl")
    draw = ("sample", data, "--limit", 3, "-n", 4, "-m", MODEL, "--pool", "demo")
    for line in ttc(*draw, "-o", "-").lines:
        check(line, "sample-line")
    check(ttc(*draw, "--json").document, "sample")
    for line in ttc("verify", "demo", "-V", "numeric", "-o", "-").lines:
        check(line, "judged-line")
    check(ttc("verify", "demo", "-V", "numeric", "--json").document, "verify")
    check(ttc("ls", "--json").document, "ls")
    check(ttc("solve", "1 + 1", "-n", 4, "-m", MODEL, "--json").document, "solve")
    each = ttc("solve", "--each", "-n", 4, "-m", MODEL, "--json", stdin="1 + 1\n2 + 2\n")
    for line in each.lines:
        check(line, "solve")


SWEEPS = [
    (),
    ("-s", "coverage,ac:c=0.9,g-pass,pass^k", "-k", "1,8,16"),
    ("--compare", "--pareto"),
    ("--until", "coverage=0.9", "--bounds", "--predict", "100"),
    ("--assert", "coverage@1>=0", "--policy"),
    ("--ci", "0", "--draw", "prefix"),
]


@pytest.mark.parametrize("options", SWEEPS, ids=" ".join)
def test_what_sweep_prints(ttc: Ttc, options: tuple[str, ...]) -> None:
    files = [str(EXAMPLES / "gate" / f"{name}.jsonl") for name in ("main", "change")]
    ran = ttc("sweep", *files[: 1 + ("--compare" in options)], "--json", *options)
    check(ran.document, "sweep")


def test_a_wrong_document_is_found() -> None:
    good = {"schema": 1, "database": "a", "pools": []}
    check(good, "ls")
    with pytest.raises(jsonschema.ValidationError):
        check({**good, "schema": 2}, "ls")
    with pytest.raises(AssertionError):
        check({**good, "more": 1}, "ls")
