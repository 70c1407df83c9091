"""How a run fares with a server that fails in every way: draws lost or doubled, time, memory.

    python benchmarks/faults.py [--requests 20000] [--share 0.05] [--json]

The scripted server gives each answer a fault at random, each fault with the given share: after
those of `BROKEN` a draw must be tried again, and those of `ODD` must be read as they are. Some
requests hang for ever, and the server is killed and restarted during the run. The same run without
faults goes first; the figures are ratios of the two.

Needs `pip install './plugins/ttc-openai[test]'`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Figure, find_ttc, isolated, machine, report, wait_for

from ttc.testing.scripted import WORDS

BROKEN = ("cut", "broken", "reset", "html", "malformed", "401", "403", "404", "429", "500", "503")
ODD = ("ninf", "u2028", "lines", "finish", "parts", "plain", "late", "crlf")
# The targets: times the run without faults, and megabytes (100 MiB).
RATIO, MEMORY = 2.5, 104.8576
# Seconds that a server stays away when it is started again.
AWAY = 2.0


class Server:
    """The scripted server in a process of its own, always at the same port."""

    def __init__(self, options: argparse.Namespace, rates: dict[str, float]) -> None:
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        told = [str(options.pace), str(options.tokens), str(self.port), json.dumps(rates)]
        self._command = [sys.executable, "-m", "ttc.testing.http_server", *told]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def stop(self) -> None:
        """Kill it in the middle of all that it does."""
        self._process.kill()
        self._process.communicate()

    def restart(self) -> None:
        """Kill it, and have it back after a while."""
        self.stop()
        time.sleep(AWAY)
        self._process = self._started()


@contextlib.contextmanager
def breaking(server: Server, database: Path, whole: int, times: int) -> Iterator[None]:
    """Restart a server so many times, each when a further part of the run's samples is kept."""
    over = threading.Event()

    def watch() -> None:
        import sqlite3

        for turn in range(1, times + 1):
            kept = 0
            while kept < whole * turn / (times + 1):
                if over.wait(0.2):
                    return
                with contextlib.suppress(sqlite3.Error):
                    store = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
                    with contextlib.closing(store):
                        (kept,) = store.execute("SELECT count(*) FROM samples").fetchone()
            server.restart()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to."""

    code: int
    seconds: float
    cpu_seconds: float | None
    peak_mb: float | None
    lost: int
    doubled: int
    wrong: int
    talk: str


def run(folder: Path, server: Server, options: argparse.Namespace, restarts: int) -> Ran:
    """Draw everything once and count what is there."""
    data, out = folder / "data.jsonl", folder / "out.jsonl"
    problems = max(1, options.requests // options.draws)
    rows = ({"id": f"p{i}", "question": f"What is {i} + {i}?"} for i in range(problems))
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    home = isolated(folder)
    config = folder / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    alias = f'[models.it]\nmodel = "openai:http://127.0.0.1:{server.port}/v1#scripted"\n'
    config.write_text(f"{alias}concurrency = {options.concurrency}\n", encoding="utf-8")
    command = ["sample", str(data), "-m", "it", "-n", str(options.draws), "--pool", "p"]
    database = folder / "store.db"
    command += ["--db", str(database), "-o", str(out), "--json"]
    wanted = problems * options.draws
    with breaking(server, database, wanted, restarts), tempfile.TemporaryFile("w+") as talk:
        began = time.perf_counter()
        process = subprocess.Popen(
            [find_ttc(), *command],
            env=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=talk,
        )
        cpu, peak = wait_for(process)
        seconds = time.perf_counter() - began
        talk.seek(0)
        said = talk.read()
    lines = [json.loads(line) for line in out.open(encoding="utf-8")] if out.exists() else []
    seen = Counter((line["problem"], line["index"]) for line in lines)
    return Ran(
        code=int(process.returncode),
        seconds=seconds,
        cpu_seconds=cpu,
        peak_mb=peak,
        lost=wanted - len(seen),
        doubled=sum(count - 1 for count in seen.values()),
        wrong=sum(not _whole(line, options.tokens) for line in lines),
        talk=said,
    )


def _whole(line: dict[str, Any], tokens: int) -> bool:
    """Whether a sample is what the server said: so many of its words, and no number but theirs."""
    words = line["text"].replace("\u2028", " ").split()
    fine = line.get("logprob") is None and line.get("completion_tokens") in (tokens, None)
    return fine and len(words) == tokens and set(words) <= set(WORDS)


def main() -> None:
    """Run without faults and with them, and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000, help="draws in all")
    parser.add_argument("--draws", type=int, default=20, help="draws of each problem")
    parser.add_argument("--concurrency", type=int, default=64, help="requests under way")
    parser.add_argument("--share", type=float, default=0.05, help="requests with each fault")
    parser.add_argument("--hangs", type=float, default=0.01, help="requests without an answer")
    parser.add_argument("--restarts", type=int, default=2, help="of the server, in the middle")
    parser.add_argument("--only", choices=(*BROKEN, *ODD), action="append", help="these faults")
    parser.add_argument("--pace", type=float, default=0.02, help="seconds a token")
    parser.add_argument("--tokens", type=int, default=12, help="tokens of each answer")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    before = machine()
    kinds = options.only or (*BROKEN, *ODD)
    rates = {**dict.fromkeys(kinds, options.share), "hang": options.hangs}
    runs = []
    for told, restarts in (({}, 0), (rates, options.restarts)):
        server = Server(options, told)
        try:
            with tempfile.TemporaryDirectory() as folder:
                runs.append(run(Path(folder), server, options, restarts))
        finally:
            server.stop()
    whole, broken = runs
    for line in broken.talk.splitlines() if broken.code else ():
        print(line, file=sys.stderr)
    ratio = broken.seconds / whole.seconds
    figures = [
        Figure("faults_without", "without faults", round(whole.seconds, 2), "s"),
        Figure("faults_with", "with faults", round(broken.seconds, 2), "s"),
        Figure("faults_ratio", "  ratio", round(ratio, 3), "", at_most=RATIO),
        Figure("faults_cpu_without", "  processor time without", whole.cpu_seconds, "s"),
        Figure("faults_cpu_with", "  processor time with", broken.cpu_seconds, "s"),
        Figure("faults_code", "  exit code", float(broken.code), "", at_most=0),
        Figure("faults_lost", "  lost", float(broken.lost), "draws", at_most=0),
        Figure("faults_doubled", "  doubled", float(broken.doubled), "draws", at_most=0),
        Figure("faults_wrong", "  not what was said", float(broken.wrong), "draws", at_most=0),
        Figure(
            "faults_peak_mb",
            "  peak memory",
            broken.peak_mb and round(broken.peak_mb, 1),
            "MB",
            at_most=MEMORY,
        ),
    ]
    names = ("requests", "draws", "concurrency", "share", "hangs", "restarts", "pace", "tokens")
    settings = {name: getattr(options, name) for name in names} | {"faults": " ".join(kinds)}
    report("faults", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
