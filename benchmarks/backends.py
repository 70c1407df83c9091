"""What `ttc sample` costs over the engine behind it, and what a long queue costs.

    python benchmarks/backends.py [--only paced|llama|queue|ray] [--json]

paced    a scripted server (so many seconds a token), by `ttc sample` and by a bare client: the
         library's own asynchronous client, streaming, with as many requests under way; tokens per
         second from the start of the process to its end, by turns
llama    the same against llama-cpp-python's server with the bundled model
queue    10,000 requests submitted at once to a scripted server: memory, open files, finish order
ray      two replicas over Ray beside one, draws that take no time, and replicas that are killed

Needs `pip install './plugins/ttc-openai[test]' ./plugins/ttc-ray`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray_replicas
import servers
from common import DATA, Figure, cores, isolated, machine, report, run_ttc, wait_for

OVERHEAD, MEMORY = 95.0, 500.0  # the targets: percent of a bare client, megabytes
CLIENTS = str(Path(__file__).with_name("clients.py"))
Part = Callable[[Path, argparse.Namespace], list[Figure]]


def client(
    folder: Path, which: str, url: str, model: str, settings: dict[str, Any]
) -> tuple[dict[str, Any], float, float | None]:
    """Run a client; return what it told, its seconds and its peak megabytes."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, CLIENTS, which, url, model, json.dumps(settings)],
            stdout=out,
            env=isolated(folder),
        )
        _, peak = wait_for(process)
        seconds = time.perf_counter() - began
        if process.returncode != 0:
            raise SystemExit(f"the client {which} failed: exit {process.returncode}")
        out.seek(0)
        return json.load(out), seconds, peak


def against(folder: Path, key: str, url: str, model: str, settings: dict[str, Any]) -> list[Figure]:
    """Return tokens per second of `ttc sample` and of the bare client, by turns."""
    config = folder / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    alias = f'[models.it]\nmodel = "openai:{url}#{model}"\n'
    config.write_text(f"{alias}concurrency = {settings['concurrency']}\n", encoding="utf-8")
    # Where a server does not tell its tokens, a probe finds out how they are counted.
    found = run_ttc(folder, "models", "probe", "it")
    settings["logprobs"] = "logprobs" in found.document["capabilities"]
    command = ["sample", DATA, "-m", "it", "--limit", str(settings["problems"])]
    command += ["-n", str(settings["n"]), "--max-tokens", str(settings["max_tokens"])]
    ours, theirs = [], []
    for turn in range(settings["repeats"]):
        told, seconds, _ = client(folder, "bare", url, model, settings)
        theirs.append(told["tokens"] / seconds)
        run = run_ttc(folder, *command, "--pool", f"{key}{turn}", "--seed", str(turn))
        ours.append(run.document["tokens"] / run.seconds)
    shares = [100 * own / other for own, other in zip(ours, theirs, strict=True)]
    return [
        _spread(f"{key}_bare", f"{key}: bare client", theirs, "tokens/s"),
        _spread(f"{key}_ttc", f"{key}: ttc sample", ours, "tokens/s"),
        _spread(f"{key}_share", "  of the bare client", shares, "%", at_least=OVERHEAD),
    ]


def _spread(key: str, label: str, values: Sequence[float], unit: str, **target: float) -> Figure:
    middle, low, high = (round(f(values), 2) for f in (statistics.median, min, max))
    return Figure(key, label, middle, unit, low=low, high=high, **target)


def paced(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Against a server whose speed does not depend on this machine."""
    settings = _settings(options, problems=options.problems, n=options.draws, max_tokens=64)
    with servers.scripted(options.pace, 64) as url:
        return against(folder, "paced", url, "scripted", settings)


def llama(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Against a real engine, one draw at a time."""
    settings = _settings(options, problems=6, n=options.llama_draws, max_tokens=64)
    settings["concurrency"] = 2
    with servers.llama_cpp_python(folder, cores()) as url:
        return against(folder, "llama", url, "smollm2", settings)


def _settings(options: argparse.Namespace, **more: Any) -> dict[str, Any]:
    return {
        "data": DATA,
        "concurrency": options.concurrency,
        "repeats": options.repeats,
        **more,
    }


def queue(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Far more requests than connections, and fewer files than were asked for connections."""
    settings = {"data": DATA, "problems": 24, "requests": options.requests, "max_tokens": 16}
    settings |= {"concurrency": 4096, "files": 1024}
    with servers.scripted(0.01, 16) as url:
        told, _, peak = client(folder, "queue", url, "scripted", settings)
    lost = options.requests - told["back"]
    return [
        Figure("queue_requests", "requests at once", float(options.requests), "requests"),
        Figure("queue_peak_mb", "  peak memory", peak and round(peak, 1), "MB", at_most=MEMORY),
        Figure("queue_files", "  open files", float(told["files"]), "files", at_most=1024),
        Figure("queue_lost", "  not back once", float(lost), "requests", at_most=0),
        Figure("queue_errors", "  errors", float(told["errors"]), "requests", at_most=0),
        Figure(
            "queue_disorder", "  not in finish order", float(told["out_of_order"]), "", at_most=0
        ),
        Figure("queue_submit", "  submitted in", round(told["submitted"], 3), "s"),
        Figure("queue_seconds", "  all back in", round(told["seconds"], 2), "s"),
    ]


def replicas(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Over Ray, on this machine alone, with draws that are not bound by its cores."""
    return ray_replicas.measure(folder, options.ray_draws, options.repeats, options.kills)


# A row for another engine is a function here that returns figures.
PARTS: dict[str, Part] = {"paced": paced, "llama": llama, "queue": queue, "ray": replicas}


def main() -> None:
    """Measure the parts asked for and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (repeatable)")
    parser.add_argument("--concurrency", type=int, default=32, help="requests under way")
    parser.add_argument("--pace", type=float, default=0.02, help="paced: seconds a token")
    parser.add_argument("--problems", type=int, default=20, help="paced: problems")
    parser.add_argument("--draws", type=int, default=48, help="paced: draws of each")
    parser.add_argument("--llama-draws", type=int, default=8, help="llama: draws of each of 6")
    parser.add_argument("--requests", type=int, default=10_000, help="queue: requests")
    parser.add_argument("--ray-draws", type=int, default=300, help="ray: draws of each run")
    parser.add_argument("--kills", type=int, default=20, help="ray: replicas to kill")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each contender")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    before, figures = machine(), []
    for name in options.only or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            figures += PARTS[name](Path(folder), options)
    told = ("concurrency", "pace", "problems", "draws", "llama_draws", "requests", "repeats")
    told += ("ray_draws", "kills")
    settings = {name: getattr(options, name) for name in told}
    report("backends", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
