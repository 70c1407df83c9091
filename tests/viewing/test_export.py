"""The static copy has the documents of the page, harmless in scripts and whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc
from viewing.demo_store import DRAWS, HARD, HOSTILE, PROBLEMS
from viewing.pages import document

from ttc.backends import Completion
from ttc.errors import UsageError
from ttc.records import Message, Problem
from ttc.store import Store, pools, samples
from ttc.view import export as exporting
from ttc.view import site_files
from ttc.view.export import data
from ttc.view.library import Library

LABELS = ["exact", "judge", "numeric"]


def load(folder: Path, name: str) -> Any:
    """Return a document of an export, as the page's script gets it."""
    text = (folder / "data" / f"{name}.js").read_text(encoding="utf-8")
    head = f'ttcDocument("{name}", '
    assert text.startswith(head)
    assert text.endswith(");\n")
    return json.loads(text[len(head) : -len(");\n")])


def draws_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the draws of a file of texts, with the fields that they share."""
    found = load(folder, name)
    return [{**found["shared"], **each} for each in found["draws"]]


@pytest.fixture(scope="module")
def exported(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "page"
    made = exporting.export(demo, folder)
    assert made.page == folder / "index.html"
    assert made.files == sum(path.is_file() for path in folder.rglob("*"))
    assert made.bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return folder


def test_pools_and_numbers_are_those_of_the_page(library: Library, exported: Path) -> None:
    listed = load(exported, "pools")
    assert listed["exported"] is True
    live = document(library, "pools")
    for field in ("version", "store", "pools"):
        assert listed[field] == live[field]
    assert listed["pools"][0]["verifiers"] == LABELS
    for at, label in enumerate(LABELS):
        for name in ("overview", "curves"):
            shown = document(library, name, pool="demo", verifier=label)
            assert load(exported, f"p0/v{at}/{name}") == shown
    assert load(exported, "compare-0-1") == document(library, "compare", a="demo", b="other")
    assert "no problem with verdicts" in load(exported, "compare-0-2")["error"]
    assert load(exported, "p2/t0") == document(library, "tree", pool="beams", problem="sum/1")


def test_rows_and_texts_are_those_of_the_page(library: Library, exported: Path) -> None:
    index = load(exported, "p0/index")
    assert (index["draws"], index["problems"]) == (DRAWS * len(PROBLEMS), len(PROBLEMS))
    assert index["names"] == [problem.id for problem in PROBLEMS]
    assert index["firsts"] == [DRAWS * at for at in range(len(PROBLEMS))]
    whole = []
    for file, start in enumerate(index["texts"]):
        assert start == len(whole)
        whole += draws_of(exported, f"p0/texts-{file}")
    assert len(whole) == index["draws"]
    for at, label in enumerate(LABELS):
        given = {"pool": "demo", "verifier": label, "size": 1000}
        rows = load(exported, f"p0/v{at}/rows-0")["rows"]
        assert rows == document(library, "draws", **given)["rows"]
        problems = load(exported, f"p0/v{at}/problems-0")["rows"]
        assert all("Answer briefly." in row.pop("searched") for row in problems[:-1])
        assert problems == document(library, "problems", **given)["rows"]
        asked = load(exported, f"p0/v{at}/q-0")["problems"]
        for each in asked:
            given = {"pool": "demo", "verifier": label, "problem": each["problem"]}
            assert each == document(library, "problem", **given)
    for row, each in zip(rows, whole, strict=True):
        given = {"pool": "demo", "problem": row["problem"], "index": row["index"]}
        live = document(library, "draw", **given)
        assert each == {name: value for name, value in live.items() if name != "attempts"}
    attempts = load(exported, "p0/attempts")
    for facet in ("cancelled", "failed"):
        assert attempts[facet] == document(library, "draws", pool="demo", filter=facet)["rows"]


def test_facets_and_orders_are_those_of_the_page(library: Library, exported: Path) -> None:
    for at, label in enumerate(LABELS):
        found = load(exported, f"p0/v{at}/facets")
        for kind in ("draws", "problems"):
            given = {"pool": "demo", "verifier": label, "size": 1000}
            shown = document(library, kind, **given)
            assert found[kind].keys() == shown["facets"].keys()
            for facet, numbers in found[kind].items():
                if facet in ("cancelled", "failed") and kind == "draws":
                    continue
                rows = document(library, kind, **given, filter=facet.replace(" ", "%20"))["rows"]
                assert [row["number"] for row in rows] == numbers
            for sort, numbers in found["sorts"][kind].items():
                rows = document(library, kind, **given, sort=sort)["rows"]
                assert [row["number"] for row in rows] == numbers


def test_nothing_in_a_script_ends_it_or_hides_it(exported: Path) -> None:
    for path in (exported / "data").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") == 1
        for bad in ("<", ">", "\u2028", "\u2029", "\0", "\x1b", "\r"):
            assert bad not in text
    texts = [
        each["text"]
        for path in (exported / "data" / "p0").glob("texts-*.js")
        for each in draws_of(exported, f"p0/{path.stem}")
        if each["problem"] == HARD.id
    ]
    assert texts == [text.replace("\ud800", "\ufffd")[:1_000_000] for text in HOSTILE]


def test_the_page_of_an_export_is_told_so(exported: Path) -> None:
    text = (exported / "index.html").read_text(encoding="utf-8")
    assert 'http-equiv="Content-Security-Policy"' in text
    assert "default-src 'none'" in text
    assert 'data-mode="exported"' in text
    assert 'data-mode="live"' not in text
    shipped = {name for name in site_files.files() if name != "index.html"}
    assert all((exported / name).is_file() for name in shipped)


def test_an_export_replaces_an_export_and_nothing_else(
    ttc: Ttc, demo: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my page"
    done = ttc("view", "other", "--export", folder, "--db", demo)
    assert done.code == 0
    assert done.out.strip() == str(folder / "index.html")
    assert "files" in done.err
    assert "file://" in done.err
    again = ttc("view", "demo", "--export", folder, "--json", "--db", demo).document
    assert again["files"] > 10
    assert [each["pool"] for each in load(folder, "pools")["pools"]] == ["demo"]
    assert sorted(path.name for path in tmp_path.iterdir() if "page" in path.name) == ["my page"]
    (folder / "thesis.tex").write_text("mine")
    refused = ttc("view", "--export", folder, "--db", demo)
    assert refused.code == 2
    assert "the folder has other files in it (thesis.tex)" in refused.err
    assert (folder / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda path: path.write_text("x"), "it is not a folder"),
        (lambda path: (path.mkdir(), (path / "index.html").write_text("mine")), "other files"),
        (lambda path: (path.mkdir(), (path / "data").mkdir()), "other files"),
        (lambda path: path.symlink_to(path.parent), "it is not a folder"),
    ],
)
def test_other_folders_are_refused(demo: Path, tmp_path: Path, make: Any, line: str) -> None:
    path = tmp_path / "target"
    make(path)
    with pytest.raises(UsageError, match=line):
        exporting.export(demo, path)
    with pytest.raises(UsageError, match="make it first"):
        exporting.export(demo, tmp_path / "none" / "target")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert exporting.export(demo, empty, ["beams"]).page.is_file()


def test_a_failure_leaves_the_export_that_was_there(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "page"
    exporting.export(demo, folder, ["beams"])
    before = sorted(folder.rglob("*"))

    def broken(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "problem_of", broken)
    with pytest.raises(KeyboardInterrupt):
        exporting.export(demo, folder)
    assert sorted(folder.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir() if "page" in path.name] == ["page"]


def test_a_text_of_ten_megabytes_is_cut_and_says_so(tmp_path: Path) -> None:
    path, text = tmp_path / "large.db", "<i>é\u2028</i>" * 1_000_000
    with Store.writing(path) as store:

        def work(connection: Any) -> None:
            pool = pools.ensure(connection, "</script> <b>", "m", {"backend": "x"})
            asked = Problem("../../etc/passwd", (Message("user", "?"),))
            (each,) = pools.enrol(connection, pool, [asked], {"backend": "x"})
            samples.insert(connection, each.request_id, 0, None, Completion("", text, "stop"))

        store.write(work)
    library, name = Library(path), "</script> <b>"
    given = {"pool": name, "problem": "../../etc/passwd", "index": 0}
    pieces, start = [], 0
    while start is not None:
        piece = document(library, "draw", **given, **{"from": start})
        pieces.append(piece["text"])
        assert piece["text_length"] == len(text)
        start = piece["next"]
    assert "".join(pieces) == text
    made = exporting.export(path, tmp_path / "out")
    (draw,) = draws_of(made.page.parent, "p0/texts-0")
    assert (draw["text"], draw["text_length"]) == (text[:1_000_000], len(text))
    inside = [p.relative_to(made.page.parent).as_posix() for p in made.page.parent.rglob("*.js")]
    assert not [each for each in inside if "etc" in each or "script>" in each]
