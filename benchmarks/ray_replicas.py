"""What replicas over Ray bring and cost: two beside one, the overhead of a draw, and lost workers.

Draws are scripted: each takes its time asleep, so that two replicas are not bound by the cores of
one machine. One and two replicas take turns, and are timed once all of them are there. Then
processes of four replicas are killed at random moments.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from common import Figure

SLOW = "scripted:tokens=20-60,slots=8,tick=0.01"
INSTANT = "scripted:"


@contextmanager
def cluster(folder: Path, replicas: int) -> Iterator[None]:
    """Hold a Ray of this machine, so that it is started once; replicas keep their things in a
    folder."""
    from ttc_ray.cluster import Cluster
    from ttc_ray.options import Options

    for name in ("TTC_HOME", "TTC_CACHE"):
        os.environ[name] = str(folder)
    with closing(Cluster.open(Options(ray_replicas=replicas, ray_cpus=1))):
        yield


def opened(model: str, replicas: int) -> Any:
    """Return replicas of a backend, all of which have finished a draw."""
    from ttc.backends import Request
    from ttc_ray import open_ray

    backend: Any = open_ray(model, {"ray_replicas": replicas, "ray_cpus": 1})
    warm = 0
    while warm == 0 or not all(member.finished for member in backend.replicas):
        for _ in range(8):
            backend.submit(Request(f"warm{warm}", prompt="x", seed=warm))
            warm += 1
        for _ in range(8):
            backend.wait()
    return backend


def rate(model: str, replicas: int, draws: int) -> float:
    """Return draws per second, from the first submission to the last completion."""
    from ttc.backends import Request

    with closing(opened(model, replicas)) as backend:
        began = time.monotonic()
        for draw in range(draws):
            backend.submit(Request(str(draw), prompt="x", seed=draw))
        for _ in range(draws):
            backend.wait()
        return draws / (time.monotonic() - began)


def scaling(draws: int, repeats: int) -> list[Figure]:
    """Compare two replicas with one, pair by pair."""
    one, two = [], []
    for _ in range(repeats):
        one.append(rate(SLOW, 1, draws))
        two.append(rate(SLOW, 2, draws))
    times = [double / single for single, double in zip(one, two, strict=True)]
    instant = [rate(INSTANT, 1, 10 * draws) for _ in range(repeats)]
    rows: list[tuple[str, str, list[float], str, float | None]] = [
        ("ray_one", "one replica", one, "draws/s", None),
        ("ray_two", "two replicas", two, "draws/s", None),
        ("ray_times", "two replicas, times one", times, "×", 1.8),
        ("ray_rate", "draws that take no time, one replica", instant, "draws/s", 1000.0),
    ]
    return [
        Figure(
            key,
            label,
            round(statistics.median(values), 3),
            unit,
            low=round(min(values), 3),
            high=round(max(values), 3),
            at_least=target,
        )
        for key, label, values, unit, target in rows
    ]


def losses(draws: int, kills: int) -> list[Figure]:
    """Kill replicas at random moments; count draws that never come back or come back twice."""
    from ttc.backends import Request

    chance = random.Random(kills)
    moments = sorted(chance.sample(range(draws * 9 // 10), kills))
    back: Counter[str] = Counter()
    killed: set[int] = set()
    with closing(opened("scripted:tokens=10-30,slots=4,tick=0.002", 4)) as backend:
        for draw in range(draws):
            backend.submit(Request(str(draw), prompt="x", seed=draw))
        for received in range(draws):
            back[backend.wait().request_id] += 1
            if moments and received >= moments[0]:
                # More deaths in a row without a draw between would rightly end the run.
                there = [m.pid for m in backend.replicas if m.pid and m.deaths < 2]
                if alive := [pid for pid in there if pid not in killed]:
                    killed.add(victim := chance.choice(alive))
                    os.kill(victim, signal.SIGKILL)
                    moments.pop(0)
    lost = float(sum(str(draw) not in back for draw in range(draws)))
    doubled = float(sum(count > 1 for count in back.values()))
    return [
        Figure("ray_kills", "replicas killed", float(len(killed)), "", at_least=float(kills)),
        Figure("ray_lost", "draws lost", lost, "", at_most=0.0),
        Figure("ray_doubled", "draws that came twice", doubled, "", at_most=0.0),
    ]


def measure(folder: Path, draws: int, repeats: int, kills: int) -> list[Figure]:
    """Return all figures of Ray."""
    with cluster(folder, 4):
        return [*scaling(draws, repeats), *losses(max(3 * draws, 60 * kills), kills)]
