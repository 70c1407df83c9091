"""What the page of `ttc view` costs over a large pool: its first page, filters, searches, curves.

    python benchmarks/view.py [--rows 100000] [--problems 10000] [--store FILE] [--curves] [--json]

A store with one large pool is generated (as in `large_store.py`, with --words in each draw, and a
second verifier that disagrees on one in ten). `ttc view` is started over it, and each document is
asked for over HTTP as the page asks for it, once cold and then --repeats times. `cold` includes
reading the pool into memory, where the server did not do so before it printed its address. The
memory is that of the server at its end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import large_store
from common import Figure, isolated, machine, report

from ttc.store import Store

TTC = (sys.executable, "-m", "ttc.cli.main")
PAGE, FILTER = 0.3, 0.5  # seconds
FIRST = ("", "js/app.js", "css/frame.css", "api/pools", "api/overview?pool=large")
DISAGREE = """
INSERT INTO verdicts (sample_id, verifier_id, reference_id, answer, correct, score, status, detail,
  created)
SELECT sample_id, :other, reference_id, answer, (correct + (sample_id % 10 = 0)) % 2, NULL, 'ok',
  '', created
FROM verdicts WHERE verifier_id != :other AND sample_id BETWEEN :first AND :last
"""


class Page(NamedTuple):
    """A running server: where it is, what it needs to be told, and its process."""

    base: str
    token: str
    process: subprocess.Popen[str]
    started: float

    def ask(self, path: str) -> tuple[float, bytes]:
        """Return the seconds that an answer took, and the answer."""
        from urllib.request import Request, urlopen

        request = Request(self.base + path, headers={"Authorization": f"Bearer {self.token}"})
        began = time.perf_counter()
        with urlopen(request) as answer:
            content = answer.read()
        return time.perf_counter() - began, content


def generate(path: Path, rows: int, problems: int, words: int) -> None:
    """Write the store."""
    samples_of = large_store.samples_of

    def longer(requests: list[int], draws: int, seed: int) -> Iterator[tuple[Any, ...]]:
        for row in samples_of(requests, draws, seed):
            text = str(row[2])
            repeated = " ".join([text] * max(1, words // 24))
            yield *row[:2], repeated, "length" if row[5] > 380 else "stop", *row[4:]

    large_store.samples_of = longer
    with Store.writing(path) as store:
        large_store.fill(store, "large", problems, rows // problems)
        large_store.fill(store, "second", min(problems, 500), 8)

        def other(connection: Any) -> tuple[int, int]:
            sql = "INSERT INTO verifiers (name, version, config) VALUES ('exact', '1', '{}')"
            most = connection.execute("SELECT max(id) FROM samples").fetchone()[0]
            return int(connection.execute(sql).lastrowid), int(most)

        judge, most = store.write(other)
        for first in range(1, most + 1, large_store.BATCH):
            given = {"other": judge, "first": first, "last": first + large_store.BATCH - 1}
            store.write(lambda connection, given=given: connection.execute(DISAGREE, given))


@contextmanager
def serving(folder: Path, path: Path) -> Iterator[Page]:
    """Start the server; end it afterwards."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*TTC, "view", "--no-open", "--db", str(path), "-q", "-V", "numeric"],
        stdout=subprocess.PIPE,
        text=True,
        env=isolated(folder),
    )
    assert process.stdout is not None
    try:
        base, _, token = process.stdout.readline().strip().partition("?token=")
        yield Page(base, token, process, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def memory(pid: int) -> float | None:
    """Return the peak memory of a process in MB, where /proc tells it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return round(int(found[0]) / 1024, 1) if found else None


def asked(problems: int) -> dict[str, tuple[str, str, float]]:
    """Return label, path and target of what is measured, by key."""
    some = f"large/{problems // 2}"
    return {
        "problems": ("a page of problems", "api/problems?pool=large", FILTER),
        "draws": ("a page of draws", "api/draws?pool=large", FILTER),
        "wrong": ("filter: wrong", "api/draws?pool=large&filter=wrong", FILTER),
        "wrong_problems": ("  problems", "api/problems?pool=large&filter=wrong", FILTER),
        "disagree": ("filter: disagree", "api/draws?pool=large&filter=disagree", FILTER),
        "truncated": ("filter: truncated", "api/draws?pool=large&filter=truncated", FILTER),
        "vote": ("filter: vote wrong", "api/problems?pool=large&filter=vote-wrong", FILTER),
        "two": ("filter: wrong, truncated", "api/draws?pool=large&filter=wrong,truncated", FILTER),
        "sorted": ("longest first", "api/draws?pool=large&sort=-tokens", FILTER),
        "last": ("the last page", f"api/draws?pool=large&page={10**6}", FILTER),
        "problem": ("a problem", f"api/problem?pool=large&problem={some}", FILTER),
        "draw": ("a draw", f"api/draw?pool=large&problem={some}&index=3", FILTER),
        "pools": ("the pools", "api/pools", PAGE),
    }


# Each search is another text: the server remembers what it found.
SEARCHES = ("carried over so we", "one and get", "then is numbers", "sum of both", "of result add")


def figures(page: Page, options: argparse.Namespace) -> list[Figure]:
    """Ask for everything; return its times."""
    found = [Figure("start", "start to the address", round(page.started, 3), "s")]
    first = sum(page.ask(path)[0] for path in (*FIRST, "api/problems?pool=large"))
    found.append(Figure("first_page", "first page, cold", round(first, 4), "s", at_most=PAGE))
    for key, (label, path, target) in asked(options.problems).items():
        cold, _ = page.ask(path)
        found.append(
            _figure(key, label, [page.ask(path)[0] for _ in range(options.repeats)], target)
        )
        found.append(Figure(f"{key}_cold", "  cold", round(cold, 4), "s", at_most=target))
    plain = [page.ask(f"api/draws?pool=large&search={_quoted(each)}")[0] for each in SEARCHES]
    found.append(_figure("search", "search, each another text", plain, FILTER))
    folded = [
        page.ask(f"api/draws?pool=large&search={_quoted('é' + each)}")[0] for each in SEARCHES
    ]
    found.append(_figure("search_unicode", "  beyond ASCII", folded, None))
    if options.curves:
        found.append(
            Figure("curves", "curves, cold", round(page.ask("api/curves?pool=large")[0], 2), "s")
        )
    found.append(Figure("memory", "peak memory of the server", memory(page.process.pid), "MB"))
    return found


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


def _figure(key: str, label: str, seconds: list[float], target: float | None) -> Figure:
    middle = round(statistics.median(seconds), 4)
    low, high = round(min(seconds), 4), round(max(seconds), 4)
    return Figure(key, label, middle, "s", low=low, high=high, at_most=target)


def main() -> None:
    """Generate the store, serve it, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=24, help="words of a draw")
    parser.add_argument("--store", type=Path, help="keep the generated store here")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--curves", action="store_true", help="also compute the curves once")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix="ttc-view-") as scratch:
        folder = Path(scratch)
        path = (options.store or folder / "view.db").resolve()
        if not path.exists():
            generate(path, options.rows, options.problems, options.words)
        with serving(folder, path) as page:
            found = figures(page, options)
        size = round(os.path.getsize(path) / 1e6, 1)
    settings = {"rows": options.rows, "problems": options.problems, "store_mb": size}
    report("view", found, json.loads(json.dumps(settings)), before, options.as_json)


if __name__ == "__main__":
    main()
