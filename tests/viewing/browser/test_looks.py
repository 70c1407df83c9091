"""The page in the dark, on a narrow screen, by keyboard, for screen readers, and when it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from viewing.browser.conftest import Tab
from viewing.demo_store import HARD
from viewing.pages import Server, serving

VIEWS = (
    "#/",
    "#/pool?pool=demo&verifier=numeric",
    "#/pool?pool=demo&verifier=numeric&tab=draws&filter=wrong",
    f"#/problem?pool=demo&verifier=numeric&problem={quote(HARD.id)}",
    "#/draw?pool=demo&verifier=numeric&problem=sum/4&index=3",
    f"#/draw?pool=demo&verifier=numeric&problem={quote(HARD.id)}&index=5",
    "#/tree?pool=beams&problem=sum/1",
    "#/curves?pool=demo&verifier=numeric",
    "#/compare?a=demo&b=other",
    "#/pair?a=demo&b=other&problem=sum/4",
)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, summary, [role=img]")]
  .filter((one) => {
    const name = one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent;
    return name.trim() === "";
  }).map((one) => one.outerHTML)"""
# The contrast of the text of every element with what is behind it, where that is below 4.5.
FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = rgba(colour).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const found = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility() || one.closest(".sr-only, .skip, .u-over")) continue;
    if (![...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const [high, low] = [light(getComputedStyle(one).color), light(ground(one))]
      .sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.add(`${one.className || one.tagName}: ${contrast.toFixed(2)}`);
  }
  return [...found];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    opened: Callable[..., Tab], server: Server, scheme: str
) -> None:
    tab = opened(server.url, server.base, color_scheme=scheme)
    for view in VIEWS:
        assert tab.at(view).page.evaluate(FAINT) == [], view
    ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(ground.split("(")[1].split(",")[0]) < 60) == (scheme == "dark")


@pytest.mark.parametrize("width", [400, 1600])
def test_no_view_is_wider_than_the_screen(
    opened: Callable[..., Tab], server: Server, width: int
) -> None:
    tab = opened(server.url, server.base, viewport={"width": width, "height": 800})
    for view in VIEWS:
        assert tab.at(view).page.evaluate(WIDER) <= 0, view
        assert tab.page.evaluate(NAMELESS) == [], view


def test_the_keyboard_alone(tab: Tab, server: Server) -> None:
    tab.press("j")
    tab.press("Enter")
    assert tab.text("h1") == "demo"
    tab.press("w")
    assert "filter=wrong" in tab.fragment
    tab.press("/")
    assert tab.page.evaluate("document.activeElement.id") == "search"
    tab.page.keyboard.type("sum/1")
    tab.press("Enter")
    tab.press("Escape")  # leaves the field
    tab.press("j").press("j")
    tab.press("ArrowDown").press("k")
    focused = "document.activeElement.dataset.row"
    assert tab.page.evaluate(focused) == tab.marks("[data-row]", "data-row")[1]
    tab.press("?")
    assert tab.page.is_visible("#help")
    tab.press("Escape")
    assert not tab.page.is_visible("#help")
    assert tab.page.evaluate(focused) is not None
    tab.press("Escape")
    assert tab.fragment == "#/"


def test_where_the_reader_is_told(tab: Tab) -> None:
    tab.at("#/pool?pool=demo&verifier=numeric&tab=draws&filter=wrong")
    assert tab.page.title() == "demo · ttc view"
    assert tab.text("#status") == tab.text("#total")
    assert tab.texts("#trail a") == ["pools", "demo"]
    assert tab.page.locator("h1").count() == 1
    assert tab.marks("th", "scope") == ["col"] * tab.page.locator("th").count()


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ("#/pool?pool=nope", "There is no pool nope here."),
        ("#/problem?pool=demo&problem=nope", "no problem"),
        ("#/draw?pool=demo&problem=sum/1&index=99", "no draw 99"),
        ("#/nowhere", "There is no such page"),
        ("#/pool?pool=demo&filter=nonsense", "nonsense"),
    ],
)
def test_a_view_that_is_not_there_says_so(tab: Tab, view: str, says: str) -> None:
    tab.at(view)
    assert says in tab.text()
    assert tab.page.locator('[role="alert"]').count() == 1
    tab.faults.clear()  # the browser notes the status of the answer
    tab.press("Escape")
    assert tab.page.locator("[data-pool]").count() == 3


def test_filters_that_leave_nothing_can_be_cleared(tab: Tab) -> None:
    tab.at("#/pool?pool=demo&verifier=numeric&tab=draws&filter=correct,wrong")
    assert "No draws match these filters." in tab.text()
    tab.click(".empty a")
    assert tab.page.locator("[data-draw]").count() == 100


def test_a_server_that_has_ended_is_named(opened: Callable[..., Tab], demo: Path) -> None:
    with serving(demo) as server:
        tab = opened(server.url, server.base)
    tab.at("#/pool?pool=demo")
    assert "ttc view has ended. Start ttc view again." in tab.text()
    tab.faults.clear()
