"""Curves whose points tell their figures, and two pools side by side."""

from __future__ import annotations

from typing import Any

import pytest
from viewing.browser.conftest import Tab
from viewing.pages import Server

CURVES = "#/curves?pool=demo&verifier=numeric"


def points(server: Server, rule: str) -> list[dict[str, Any]]:
    found = server.document("curves", pool="demo", verifier="numeric")
    return next(curve["points"] for curve in found["curves"] if curve["selector"] == rule)


def hover(tab: Tab, across: float, down: float) -> str:
    tab.page.wait_for_selector(".u-over")
    box = tab.page.locator(".u-over").bounding_box()
    tab.page.mouse.move(box["x"] + 1, box["y"] + 1)
    tab.page.mouse.move(
        box["x"] + across * (box["width"] - 2) + 1, box["y"] + down * (box["height"] - 2) + 1
    )
    tab.page.wait_for_selector("#tip:not([hidden])")
    return tab.text("#tip")


def test_hovering_tells_k_value_interval_and_cost(tab: Tab, server: Server) -> None:
    tab.at(CURVES)
    # At the right edge, on top: coverage of all draws.
    last = points(server, "coverage")[-1]
    assert hover(tab, 1, 0).startswith("coverage")
    shown = dict(zip(tab.texts("#tip dt"), tab.texts("#tip dd"), strict=True))
    assert shown["k"] == str(last["k"])
    assert shown["value"] == f"{last['value']:.4f}"
    assert shown["interval"] == f"{last['low']:.4f} – {last['high']:.4f}"
    assert shown["tokens"] == "–"  # one draw in eight tells no tokens
    tab.choose("#axis", "samples")
    hover(tab, 1, 0)
    shown = dict(zip(tab.texts("#tip dt"), tab.texts("#tip dd"), strict=True))
    assert shown["samples"] == f"{last['cost']['samples']:.0f}"


def test_the_axis_the_scale_and_the_rules_are_in_the_address(tab: Tab, server: Server) -> None:
    tab.at(CURVES).choose("#axis", "samples").choose("#interval", "draws")
    tab.click("#log").click('[data-rule="majority"]')
    for part in ("axis=samples", "interval=draws", "log=0", "hide=majority"):
        assert part in tab.fragment
    last = points(server, "coverage")[-1]
    said = hover(tab, 1, 0)
    assert "majority" not in said
    assert f"{last['low_draws']:.4f}" in said
    tab.page.click("summary:has-text('All points')")
    found = server.document("curves", pool="demo", verifier="numeric")["curves"]
    shown = [curve["points"] for curve in found if curve["selector"] != "majority"]
    assert tab.page.locator("figure ~ details tbody tr").count() == sum(map(len, shown))


def test_two_pools_and_the_problems_that_flipped(tab: Tab, server: Server) -> None:
    boxes = tab.page.locator(".pick input")
    boxes.nth(0).check()
    boxes.nth(1).check()
    tab.click("#compare-picked")
    found = server.document("compare", a="demo", b="other")
    assert tab.text("#difference").replace("−", "-") == f"{found['difference']:+.4f}"
    flipped = [row["problem"] for row in found["flipped"]]
    assert tab.marks("[data-problem]", "data-problem") == flipped
    ps = [row["p"] for row in found["flipped"]]
    assert ps == sorted(ps)
    tab.click("[data-row] >> nth=0")
    for side, name in (("a", "demo"), ("b", "other")):
        cards = tab.marks(f'[data-side="{side}"] article', "data-draw")
        rows = server.document("draws", pool=name, problem=flipped[0])["rows"]
        assert cards == [f"{row['problem']}#{row['index']}" for row in rows]
    tab.click('[data-facet="wrong"]')
    assert set(tab.marks("article", "data-correct")) <= {"false"}


@pytest.mark.parametrize("which", ["rule=coverage", "k=2"])
def test_the_rule_and_the_budget_can_be_chosen(tab: Tab, server: Server, which: str) -> None:
    name, value = which.split("=")
    tab.at("#/compare?a=demo&b=other")
    if name == "rule":
        tab.choose("#rule", value)
    else:
        tab.page.fill("#k", value)
        tab.press("Enter")
    found = server.document("compare", a="demo", b="other", **{name: value})
    assert tab.text("#difference").replace("−", "-") == f"{found['difference']:+.4f}"


def test_what_cannot_be_compared_says_why(tab: Tab) -> None:
    tab.at("#/compare?a=demo&b=beams")
    assert "no problem with verdicts in common" in tab.text()
    assert tab.page.locator("#pool-b").count() == 1
    tab.faults.clear()  # the browser notes the status of the answer


def test_a_pool_without_verdicts_has_no_curves_and_says_why(tab: Tab) -> None:
    tab.at("#/curves?pool=beams")
    assert "There are no curves" in tab.text()
    tab.faults.clear()
