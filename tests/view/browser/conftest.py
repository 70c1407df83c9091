"""A headless Chromium, and a tab that notes everything a page must never do."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import TTC
from view.pages import Server

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Asked from within: Playwright's own waiting needs eval, which the page's policy forbids.
UNTIL = """async () => {
  const until = performance.now() + 10_000;
  const settled = () => document.getElementById("main")?.dataset.view === location.hash;
  while (!settled() && performance.now() < until) await new Promise((done) => setTimeout(done, 5));
  return settled();
}"""
GLOBALS = "Object.getOwnPropertyNames(window).sort()"


class Tab:
    """A tab with the page. `faults` are dialogs, errors, and requests to anywhere but its own."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.faults: list[str] = []
        page.set_default_timeout(10_000)
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "about:", "data:")):
            self.faults.append(f"request: {request.url}")

    def at(self, fragment: str) -> Tab:
        """Show a view, as a link to it does."""
        self.page.evaluate("to => { location.hash = to; }", fragment)
        return self.settled()

    def settled(self) -> Tab:
        """Wait until the view that the address names is shown."""
        assert self.page.evaluate(UNTIL), f"{self.fragment} is not shown"
        return self

    def eventually(self, expression: str) -> None:
        """Wait until an expression of JavaScript holds."""
        until = time.monotonic() + 10
        while not self.page.evaluate(expression):
            assert time.monotonic() < until, expression
            time.sleep(0.02)

    def click(self, selector: str) -> Tab:
        self.page.click(selector)
        return self.settled()

    def press(self, key: str) -> Tab:
        self.page.keyboard.press(key)
        return self.settled()

    def choose(self, selector: str, value: str) -> Tab:
        self.page.select_option(selector, value)
        return self.settled()

    def text(self, selector: str = "main") -> str:
        return str(self.page.inner_text(selector))

    def content(self, selector: str) -> str:
        """Return the text of an element, of what is off the screen as well."""
        return str(self.page.text_content(selector))

    def texts(self, selector: str) -> list[str]:
        return [str(text) for text in self.page.locator(selector).all_inner_texts()]

    def marks(self, selector: str, name: str) -> list[str]:
        """Return an attribute of each element."""
        found = self.page.locator(selector)
        return [str(each.get_attribute(name)) for each in found.all()]

    @property
    def fragment(self) -> str:
        return str(self.page.evaluate("location.hash"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of a file. As long as it lives, Playwright has an event loop in
    this thread, beside which no other test can start one."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install -e '.[dev]'")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium here: apt-get install chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=[*FLAGS, *(["--no-sandbox"] if root else [])]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def shared(browser: Any, server: Server) -> Iterator[Tab]:
    """A tab that has the server's cookie."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        yield Tab(context.new_page(), server.base)


@pytest.fixture
def tab(shared: Tab, server: Server) -> Iterator[Tab]:
    """A tab at the pools, loaded anew; at the end of the test, it must have no faults."""
    shared.page.goto("about:blank")
    shared.page.goto(server.url)
    shared.faults.clear()
    yield shared.settled()
    assert shared.faults == []


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Tab]]:
    """Open an address in a context with options of its own; no tab may have faults at the end."""
    contexts, tabs = [], []

    def open_tab(url: str, base: str, **options: Any) -> Tab:
        contexts.append(browser.new_context(**options))
        tabs.append(Tab(contexts[-1].new_page(), base))
        tabs[-1].page.goto(url)
        return tabs[-1].settled()

    yield open_tab
    for context in contexts:
        context.close()
    assert [fault for each in tabs for fault in each.faults] == []


@pytest.fixture(scope="session")
def folder(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported page of the demo store."""
    target = tmp_path_factory.mktemp("exported") / "page"
    done = subprocess.run(
        [*TTC, "view", "--db", str(demo), "--export", str(target)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return target
