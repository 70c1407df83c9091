"""The drawing loop outside the command line: with a store, without one, and its commits timed."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from common import DATA

from ttc import keys, problems
from ttc.backends import Backend, Request
from ttc.records import SamplingParams
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Plan, Recipe, make_plan, request_of
from ttc.store import Store
from ttc.store.writer import Writer
from ttc.testing.scripted import open_scripted


def shape(count: int) -> tuple[int, int]:
    """Return how many problems, and how many draws of each, make about `count` samples."""
    limit = min(count, len(problems.read(DATA).problems))
    return limit, math.ceil(count / limit)


@dataclass(frozen=True, slots=True)
class Loop:
    """A drawing loop with a store of its own, as the Python API sets it up."""

    plan: Plan
    drawing: Drawing

    def requests(self) -> list[Request]:
        """Return the requests that the loop makes."""
        recipe = self.plan.recipe
        return [
            request_of(recipe, each, index, keys.draw_seed(each.key, index))
            for each, index in self.plan.missing
        ]


@contextlib.contextmanager
def opened(folder: Path, script: str, count: int) -> Iterator[Loop]:
    """Open a new store for `count` samples of a scripted backend; close it afterwards."""
    limit, n = shape(count)
    backend = open_scripted(script, {})
    recipe = Recipe("scripted", backend.model, SamplingParams())
    with Store.writing(folder / "loop.db") as store:
        asked = problems.read(DATA).problems[:limit]
        plan = make_plan(store, "loop", recipe, asked, n)
        yield Loop(plan, Drawing(store, backend, plan, lambda sample: None))


def waiting(backend: Backend, requests: Sequence[Request]) -> Iterator[None]:
    """Draw the requests and keep nothing: what the loop does, without a store."""
    for request in requests:
        backend.submit(request)
    for _ in requests:
        backend.wait()
        yield


def seconds_of(steps: Iterable[object]) -> float:
    """Return how long it takes to go through."""
    began = time.perf_counter()
    for _ in steps:
        pass
    return time.perf_counter() - began


@dataclass(slots=True)
class Commits:
    """Seconds of each transaction of the writer's thread: on the clock, and of its processor."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@contextlib.contextmanager
def watched() -> Iterator[Commits]:
    """Time all that the writer's thread does for its transactions, telling others included."""
    plain, commits = Writer._commit, Commits()

    def commit(self: Writer, batch: Any) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        plain(self, batch)
        commits.wall.append(time.perf_counter() - wall)
        commits.cpu.append(time.thread_time() - cpu)

    with mock.patch.object(Writer, "_commit", commit):
        yield commits
