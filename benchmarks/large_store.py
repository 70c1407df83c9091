"""What commands cost on a large store: `ls`, `show`, and the start of `sweep` and `verify`.

    python benchmarks/large_store.py [--rows 1000000] [--problems 10000] [--store FILE] [--json]

A store of one large pool (as many samples as --rows, each with a verdict) and ten small ones is
generated; --store keeps it, and uses it again if it is there. Each command runs as a process of its
own, once to warm up and then --repeats times. `start` is a process that only imports the command
line (`ttc db path`), so that the share of the store can be told from the rest.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import Figure, machine, report, run_ttc

from ttc.records import Message, Problem
from ttc.store import Store, pools, verifiers
from ttc.store.sql import now
from ttc.verdicts import identify, make

WORDS = "the sum of both numbers is then carried over so we add one and get a result of".split()  # noqa: SIM905
BATCH = 20_000
SMALL, SMALL_PROBLEMS, SMALL_DRAWS = 10, 20, 8
SECONDS = 0.2  # the target of ls and of one draw
IDENTITY = {"backend": "scripted", "fingerprint": "sha256:0", "seed": 0, "temperature": 0.8}


def problem(name: str, number: int) -> Problem:
    """Return one problem of a generated pool."""
    asked = Message("user", f"What is {number} + {number % 97}? ({name})")
    return Problem(f"{name}/{number}", (asked,), None, {"answer": str(number + number % 97)})


def samples_of(requests: list[int], draws: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the samples, draw by draw, as a run that goes on for long stores them."""
    chance, when = random.Random(seed), now()
    for draw in range(draws):
        for request in requests:
            tokens = chance.randrange(20, 400)
            text = " ".join(chance.choices(WORDS, k=24)) + f" #### {chance.randrange(100)}"
            yield request, draw, text, "stop", 60, tokens, -0.1 * tokens, tokens / 50, when


def fill(store: Store, name: str, problems: int, draws: int) -> None:
    """Make a pool with samples and a verdict of each."""
    asked = [problem(name, number) for number in range(problems)]

    def begin(connection: Any) -> tuple[list[int], int]:
        pool = pools.ensure(connection, name, "scripted", IDENTITY | {"pool": name})
        enrolled = pools.enrol(connection, pool, asked, IDENTITY)
        judge = verifiers.verifier_id(connection, identify(make("numeric")), True)
        return [each.request_id for each in enrolled], judge

    requests, judge = store.write(begin)
    rows = samples_of(requests, draws, len(name))
    sql = (
        "INSERT INTO samples (request_id, draw, text, finish_reason, prompt_tokens, "
        "completion_tokens, logprob, seconds, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
        store.write(lambda connection, batch=batch: connection.executemany(sql, batch))
    judged = (
        "INSERT INTO verdicts (sample_id, verifier_id, reference_id, answer, correct, score, "
        "status, detail, created) SELECT samples.id, ?, reference_id, samples.id % 100, "
        "samples.id % 3 = 0, NULL, 'ok', '', samples.created FROM problems "
        "JOIN samples USING (request_id) WHERE request_id BETWEEN ? AND ?"
    )
    for first in range(requests[0], requests[-1] + 1, 200):
        last = min(first + 199, requests[-1])
        store.write(lambda connection, a=first, b=last: connection.execute(judged, (judge, a, b)))


def generate(path: Path, rows: int, problems: int) -> None:
    """Write the store."""
    with Store.writing(path) as store:
        fill(store, "large", problems, rows // problems)
        for number in range(SMALL):
            fill(store, f"small-{number}", SMALL_PROBLEMS, SMALL_DRAWS)


def measured(folder: Path, path: Path, key: str, args: list[str], options: Any) -> list[Figure]:
    """Run a command several times; return its time and its memory."""
    database = ["--db", str(path)]
    run_ttc(folder, *args, *database)
    runs = [run_ttc(folder, *args, *database) for _ in range(options.repeats)]
    seconds = sorted(run.seconds for run in runs)
    target = SECONDS if key in ("ls", "show_draw") else None
    peak = max((run.peak_mb for run in runs if run.peak_mb is not None), default=None)
    middle, label = round(statistics.median(seconds), 4), " ".join(["ttc", *args])
    low, high = round(seconds[0], 4), round(seconds[-1], 4)
    return [
        Figure(key, label, middle, "s", low=low, high=high, at_most=target),
        Figure(f"{key}_mb", "  peak memory", peak and round(peak, 1), "MB"),
    ]


def commands(problems: int) -> dict[str, list[str]]:
    """Return the commands that are measured, by the keys of their figures."""
    some = f"large/{problems // 2}"
    return {
        "start": ["db", "path"],
        "ls": ["ls"],
        "show_pool": ["show", "large"],
        "show_problem": ["show", "large", some],
        "show_draw": ["show", "large", some, "7"],
        "sweep_small": ["sweep", "small-1", "--ci", "0"],
        "verify_small": ["verify", "small-1", "-V", "numeric"],
    }


def main() -> None:
    """Generate the store, measure the commands, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--store", type=Path, help="keep the generated store here")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="keys of the commands to measure")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix="ttc-large-") as scratch:
        folder = Path(scratch)
        path = (options.store or folder / "large.db").resolve()
        if not path.exists():
            generate(path, options.rows, options.problems)
        figures = [
            figure
            for key, args in commands(options.problems).items()
            if not options.only or key in options.only
            for figure in measured(folder, path, key, args, options)
        ]
        size = round(path.stat().st_size / 1e6, 1)
    settings = {"rows": options.rows, "problems": options.problems, "store_mb": size}
    report("large_store", figures, json.loads(json.dumps(settings)), before, options.as_json)


if __name__ == "__main__":
    sys.exit(main())
