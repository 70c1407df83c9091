"""Reading samples in the browser: from a pool to its wrong draws, votes, trees and searches."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from view.browser.conftest import Tab
from view.pages import Server

DEMO = "#/pool?pool=demo&verifier=numeric"
WRONG = f"{DEMO}&tab=draws&filter=wrong"
ROWS = "[data-draw]"


def names(server: Server, **given: object) -> list[str]:
    found = server.document("draws", pool="demo", verifier="numeric", **given)
    return [f"{row['problem']}#{row['index']}" for row in found["rows"]]


def test_from_the_pools_to_the_next_wrong_draw(tab: Tab, server: Server) -> None:
    assert tab.marks("[data-pool]", "data-pool") == ["demo", "other", "beams"]
    tab.click('[data-row="demo"]').choose("#verifier", "numeric")
    tab.click('[data-tab="draws"]').click('[data-facet="wrong"]')
    wrong = names(server, filter="wrong")
    assert tab.marks(ROWS, "data-draw") == wrong
    assert set(tab.marks(ROWS, "data-correct")) == {"false"}
    assert tab.text("#total") == f"{len(wrong)} draws"
    tab.click(f'[data-row="{wrong[0]}"]')
    assert "✗ wrong" in tab.text(".banner")
    for step in (1, 2):
        tab.press("j")
        assert tab.text("h1").replace(" ", "") == wrong[step]
    tab.press("ArrowLeft")
    assert tab.text("h1").replace(" ", "") == wrong[1]
    tab.click("#step-next")
    assert tab.text("h1").replace(" ", "") == wrong[2]
    tab.page.go_back()
    assert tab.settled().text("h1").replace(" ", "") == wrong[1]
    tab.press("Escape")
    assert tab.marks(ROWS, "data-draw") == wrong


def test_a_link_opens_the_same_view(tab: Tab, server: Server) -> None:
    tab.at(f"{WRONG}&sort=-tokens").page.reload()
    assert tab.settled().marks(ROWS, "data-draw") == names(server, filter="wrong", sort="-tokens")
    assert tab.marks('[data-facet="wrong"]', "aria-pressed") == ["true"]


def test_the_chips_count_and_combine(tab: Tab, server: Server) -> None:
    tab.at(WRONG).click('[data-facet="group:kind=odd"]')
    both = names(server, filter="wrong,group:kind=odd")
    assert tab.marks(ROWS, "data-draw") == both
    counts = server.document(
        "draws", pool="demo", verifier="numeric", filter="wrong,group:kind=odd"
    )["facets"]
    assert tab.text('[data-facet="truncated"] .chip-count') == str(counts["truncated"])
    tab.click(".clear")
    assert tab.text("#total") == f"{len(names(server))} draws".replace("100", "104")


def test_the_search_marks_its_hits(tab: Tab, server: Server) -> None:
    tab.at(f"{DEMO}&tab=draws").press("/")
    tab.page.keyboard.type("ANSWER IS 4")
    tab.press("Enter")
    found = names(server, search="answer is 4")
    assert found
    assert tab.marks(ROWS, "data-draw") == found
    assert {text.lower() for text in tab.texts(f"{ROWS} mark")} == {"answer is 4"}
    tab.click(f'[data-row="{found[0]}"]')
    assert tab.texts("#draw-text mark") == ["answer is 4"]


def test_the_vote_of_a_problem(tab: Tab, server: Server) -> None:
    tab.at("#/problem?pool=demo&verifier=numeric&problem=sum/4")
    vote = server.document("problem", pool="demo", verifier="numeric", problem="sum/4")["vote"]
    lines = "li.vote:not(.none)"
    assert tab.marks(lines, "data-answer") == [one["answer"] for one in vote]
    assert [text.split("\n")[-1] for text in tab.texts(lines)] == [str(v["votes"]) for v in vote]
    assert tab.marks("li.vote.right", "data-answer") == ["8"]
    tab.click("li.vote.right a")
    wanted = names(server, problem="sum/4", filter="answer:8")
    assert tab.marks("article[data-draw]", "data-draw") == wanted
    assert len(wanted) == next(one["votes"] for one in vote if one["answer"] == "8")
    tab.eventually(
        "[...document.querySelectorAll('.card-body')].every(e => e.textContent.includes('8'))"
    )
    tab.press("4")
    assert parse_qs(tab.fragment)["cols"] == ["4"]
    assert tab.page.locator(".cards-4").count() == 1


def test_a_draw_shows_thoughts_verdicts_and_the_judge(tab: Tab) -> None:
    tab.at("#/draw?pool=demo&verifier=numeric&problem=sum/4&index=3")
    assert not tab.page.is_visible(".think .text")
    tab.page.click(".think summary")
    assert "I add 4 and 4." in tab.content(".think .text")
    assert "I add 4" not in tab.content("#draw-text > .text")
    boxes = tab.marks("[data-verifier]", "data-verifier")
    assert set(boxes) == {"numeric", "exact", "judge"}
    judge = tab.content('[data-verifier="judge"]')
    assert "Judge's vote 0.2The sum is off.Judge's vote 0.1No." in judge
    assert tab.text('[data-field="completion_tokens"]') == "17"
    assert tab.text(".command code") == "ttc show demo sum/4 3"


def test_draws_that_were_never_finished_are_there(tab: Tab) -> None:
    tab.at(f"{DEMO}&tab=draws&filter=failed")
    assert tab.marks(ROWS, "data-draw") == ["sum/0#8"]
    assert "the server ⟨ESC⟩[31mhung up" in tab.text(ROWS)
    tab.click("[data-row]")
    assert "sum/0 #8" in tab.text("h1")
    assert "the server ⟨ESC⟩[31mhung up" in tab.content(".attempts")


def test_the_tree_of_a_search(tab: Tab) -> None:
    tab.at("#/problem?pool=beams&problem=sum/1").click("#tree-link")
    chosen = tab.texts(".node.chosen > .node-line .said")
    assert chosen == ["First I add.", "The answer is 2."]
    items = '[role="treeitem"]'
    assert tab.page.locator(items).count() == 5
    tab.page.focus(f"{items}[tabindex='0']")
    tab.page.keyboard.press("Home")
    assert "First I add." in tab.content(".node-detail")
    tab.page.keyboard.press("ArrowLeft")
    assert tab.marks(items, "aria-expanded")[0] == "false"
    assert tab.page.locator(f"{items}:visible").count() == 3
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.locator(f"{items}:visible").count() == 5


def test_without_verdicts_it_is_unknown_how_many_are_correct(tab: Tab) -> None:
    tab.at("#/pool?pool=beams")
    assert "–/" in tab.text()
    assert "0/" not in tab.text()


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["demo", "sum/1", 0], "ttc show demo sum/1 0"),
        (["demo", "-1", 0], "ttc show -- demo -1 0"),
        (["demo", "it's", 0], "ttc show demo 'it'\\''s' 0"),
    ],
)
def test_a_command_is_one_that_a_shell_takes(tab: Tab, words: list[Any], command: str) -> None:
    assert tab.page.evaluate("words => ttc.command('show', ...words)", words) == command
