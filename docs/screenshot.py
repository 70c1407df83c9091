"""Write the picture of `ttc view` that the documentation shows.

    python docs/screenshot.py POOL PROBLEM        writes docs/assets/view.webp

It serves the pool from the store, opens the problem in a headless Chromium and keeps what is on
the screen. It needs `pip install -e '.[dev]'` and Chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parent / "assets" / "view.webp"
FLAGS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SIZE = {"width": 1200, "height": 760}


def taken(url: str, fragment: str) -> bytes:
    """Return a PNG of a view of the page."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*FLAGS, *(["--no-sandbox"] if root else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        with browser.new_context(viewport=SIZE, color_scheme="light") as context:
            page = context.new_page()
            page.goto(url)
            page.evaluate("to => { location.hash = to; }", fragment)
            page.wait_for_timeout(1500)
            picture = page.screenshot()
        browser.close()
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pool")
    parser.add_argument("problem")
    parser.add_argument("--to", type=Path, default=TARGET, help="the file to write")
    given = parser.parse_args()
    command = [sys.executable, "-m", "ttc", "view", given.pool, "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            where = f"#/problem?pool={quote(given.pool)}&problem={quote(given.problem)}"
            picture = taken(url, where)
        finally:
            server.terminate()
    Image.open(io.BytesIO(picture)).save(given.to, quality=80, method=6)
    print(f"{given.to}: {given.to.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
