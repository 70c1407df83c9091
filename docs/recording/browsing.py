"""Pictures of the page of `ttc view`: the pool, its wrong draws, one of them, the vote."""

from __future__ import annotations

import io
import os
import shutil

from PIL import Image
from playwright.sync_api import sync_playwright

SIZE = {"width": 1180, "height": 680}
FLAGS = ["--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
STEPS = ("[data-row]", '[data-tab="draws"]', '[data-facet="wrong"]', "[data-row]")


def pictures(address: str) -> list[Image.Image]:
    """Open the page, click towards a wrong draw, and return a picture after each step."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*FLAGS, *(["--no-sandbox"] if root else [])]
        )
        page = browser.new_page(viewport=SIZE)
        page.goto(address)
        taken = []
        for step in ("", *STEPS):
            if step:
                page.locator(step).first.click()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(400)
            taken.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        browser.close()
    return taken
