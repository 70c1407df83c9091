"""Hostile texts are shown and do nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from viewing.browser.conftest import GLOBALS, Tab
from viewing.demo_store import HARD, HOSTILE
from viewing.pages import Server

SIGNS = {
    0: ["<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"],
    1: ["</script><!-- <script> ⟨LSEP⟩⟨PSEP⟩ ]]> &lt;b&gt;"],
    2: ["⟨ESC⟩[31mred⟨ESC⟩[0m", "NUL ⟨NUL⟩", "⟨BEL⟩", "⟨DEL⟩", "⟨U+009B⟩"],
    3: ["⟨RLO⟩ evil ⟨PDF⟩", "⟨LRI⟩ isolate ⟨PDI⟩ ⟨BOM⟩"],
    4: ["lone \ufffd surrogate", "👩🏽‍🚀"],
    6: ["The answer is 7."],
    7: ["(empty)"],
}
PROBLEM = quote(HARD.id)


def draw(index: int) -> str:
    return f"#/draw?pool=demo&verifier=numeric&problem={PROBLEM}&index={index}"


def check(tab: Tab) -> None:
    before = tab.page.evaluate(GLOBALS)
    for index, wanted in SIGNS.items():
        shown = tab.at(draw(index)).content("#draw-text")
        for text in wanted:
            assert text in shown
    for view in (
        f"#/problem?pool=demo&verifier=numeric&problem={PROBLEM}",
        f"#/pool?pool=demo&tab=draws&search={quote('<script>')}",
        f"#/pool?pool=demo&search={quote('</script>')}",
        "#/compare?a=demo&b=other",
        f"#/pair?a=demo&b=other&problem={PROBLEM}",
        f"#/{quote('<img src=x onerror=alert(1)>')}?pool=<script>alert(1)</script>",
        f"#/pool?pool={quote('<img src=x onerror=alert(1)>')}",
    ):
        tab.at(view)
        tab.page.wait_for_timeout(50)
    assert tab.page.evaluate(GLOBALS) == before
    assert tab.page.evaluate("window.pwned") is None
    assert tab.page.locator("main img, main script, main iframe, main object").count() == 0


def test_nothing_runs_from_the_server(tab: Tab) -> None:
    check(tab)


def test_nothing_runs_from_a_folder(opened: Callable[..., Tab], folder: Path) -> None:
    check(opened((folder / "index.html").as_uri(), folder.as_uri()))


def test_a_megabyte_comes_in_pieces_and_is_whole(tab: Tab) -> None:
    begun = time.monotonic()
    tab.at(draw(5))
    assert time.monotonic() - begun < 5
    shown = "document.querySelector('#draw-text > .text').textContent.replace(/[^x]/g, '').length"
    assert tab.page.evaluate(shown) < 100_000
    tab.page.evaluate(
        """async () => {
          const more = () => document.querySelector("#draw-text .text-more:not([hidden]) button");
          while (more()) { more().click(); await new Promise((done) => setTimeout(done)); }
        }"""
    )
    assert tab.page.evaluate(shown) == len(HOSTILE[5])


def test_the_policy_forbids_what_the_page_does_not_need(tab: Tab, server: Server) -> None:
    policy = server.client.get("").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    tab.page.evaluate("() => { setTimeout('window.pwned = 1', 0); }")
    tab.page.evaluate(
        """() => {
          const inline = document.createElement("script");
          inline.textContent = "window.pwned = 1";
          document.body.append(inline);
          document.body.setAttribute("onclick", "window.pwned = 1");
          document.body.click();
        }"""
    )
    tab.page.wait_for_timeout(50)
    assert tab.page.evaluate("window.pwned") is None
    assert len(tab.faults) == 3
    assert all("Content Security Policy" in fault for fault in tab.faults)
    tab.faults.clear()
