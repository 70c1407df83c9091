"""An exported folder, opened from the disk, shows what the server shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from viewing.browser.conftest import Tab
from viewing.demo_store import HARD
from viewing.pages import Server

FILTERS = (
    "correct", "wrong", "undecided", "unjudged", "truncated", "no-answer", "disagree", "failed",
    "cancelled", "vote-right", "vote-wrong", "vote-tied", "group:kind=odd",
    "group%3Alevel%3DLevel%202", "wrong,truncated", "wrong,group:kind=even", "correct,wrong",
    "wrong,vote-right", "failed,group:kind=even", "failed,cancelled", "failed,wrong", "answer:8",
    "answer:",
)  # fmt: skip
SORTS = ("order", "-order", "tokens", "-tokens", "score", "-score", "accuracy", "-accuracy")
SEARCHES = ("answer is 4", "I DO NOT", "<b>", "xxxxx", "not there")
ASK = """async (all) => {
  const found = [];
  for (const [name, asked] of all) {
    const { rows, total, facets } = await ttc.get(name, asked);
    found.push({ rows, total, facets });
  }
  return found;
}"""


def asked() -> list[tuple[str, dict[str, Any]]]:
    pool = {"pool": "demo", "verifier": "numeric"}
    found: list[tuple[str, dict[str, Any]]] = []
    for name in ("draws", "problems"):
        found += [(name, {**pool, "filter": each}) for each in FILTERS]
        found += [(name, {**pool, "sort": each}) for each in SORTS]
        found += [(name, {**pool, "search": each}) for each in SEARCHES]
        found += [(name, {**pool, "page": 2, "size": 5})]
        found += [(name, {**pool, "verifier": "exact", "filter": "wrong", "search": "answer"})]
    found += [("draws", {**pool, "problem": "sum/4", "filter": each}) for each in FILTERS[:7]]
    return found


def test_every_list_is_that_of_the_server(
    tab: Tab, opened: Callable[..., Tab], folder: Path
) -> None:
    disk = opened((folder / "index.html").as_uri(), folder.as_uri())
    every = asked()
    live, kept = (each.page.evaluate(ASK, every) for each in (tab, disk))
    for wanted, found, which in zip(live, kept, every, strict=True):
        assert found == wanted, json.dumps(which)


def test_every_document_is_that_of_the_server(
    tab: Tab, opened: Callable[..., Tab], folder: Path
) -> None:
    disk = opened((folder / "index.html").as_uri(), folder.as_uri())
    names = "async ([name, asked]) => await ttc.get(name, asked)"
    for name, given in (
        ("overview", {"pool": "demo", "verifier": "exact"}),
        ("problem", {"pool": "demo", "problem": "sum/4", "verifier": "numeric"}),
        ("problem", {"pool": "demo", "problem": HARD.id}),
        ("draw", {"pool": "demo", "problem": "sum/11", "index": 7}),
        ("draw", {"pool": "other", "problem": HARD.id, "index": 2}),
        ("tree", {"pool": "beams", "problem": "sum/1"}),
        ("tree", {"pool": "demo", "problem": "sum/1"}),
        ("curves", {"pool": "demo", "verifier": "numeric"}),
        ("compare", {"a": "demo", "b": "other"}),
    ):
        live, kept = (each.page.evaluate(names, [name, given]) for each in (tab, disk))
        assert {**kept, "attempts": None} == {**live, "attempts": None}, name


def test_the_pages_of_a_folder(opened: Callable[..., Tab], folder: Path, server: Server) -> None:
    disk = opened((folder / "index.html").as_uri(), folder.as_uri())
    disk.click('[data-row="demo"]').choose("#verifier", "numeric")
    disk.click('[data-tab="draws"]').click('[data-facet="wrong"]')
    found = server.document("draws", pool="demo", verifier="numeric", filter="wrong")
    wrong = [f"{row['problem']}#{row['index']}" for row in found["rows"]]
    assert disk.marks("[data-draw]", "data-draw") == wrong
    disk.click("[data-row] >> nth=0").press("j")
    assert disk.text("h1").replace(" ", "") == wrong[1]
    disk.at("#/compare?a=other&b=demo")
    turned = server.document("compare", a="demo", b="other")["difference"]
    assert disk.text("#difference").replace("−", "-") == f"{-turned:+.4f}"
    disk.at("#/curves?pool=demo&verifier=numeric").page.wait_for_selector(".u-over")


def test_a_file_that_is_missing_is_named(
    opened: Callable[..., Tab], folder: Path, tmp_path: Path
) -> None:
    import shutil

    part = tmp_path / "part"
    shutil.copytree(folder, part)
    (part / "data" / "p0" / "index.js").unlink()
    disk = opened((part / "index.html").as_uri(), part.as_uri())
    disk.at("#/pool?pool=demo&tab=draws")
    assert "data/p0/index.js is missing" in disk.text()
    disk.faults.clear()  # the browser notes the file
