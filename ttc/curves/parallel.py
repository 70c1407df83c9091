"""Spread work over several processes if there is enough of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from ttc.messages.progress import drawing

T = TypeVar("T")

PAYS = 100_000  # draws below which starting processes costs more than it saves
MOST = 16  # processes
PIECES = 8  # chunks for each process, so that they end at about the same time

_work: Callable[[int], Any] | None = None


def _untold() -> None:
    """Say nothing."""


def spread(
    work: Callable[[int], T], count: int, draws: int, tell: Callable[[], object] = _untold
) -> list[T]:
    """Return `work(0)`, …, `work(count − 1)`. An exception of `work` is raised here; `tell` is
    called after each of them.

    Processes are forked, so that they share what `work` closes over without pickling it. This
    process does all the work where forking is not safe (only Linux forks) or does not pay.
    """
    global _work
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    workers = min(cores, MOST, count)
    if draws < PAYS or workers < 2 or sys.platform != "linux":
        return _told((work(at) for at in range(count)), tell)
    _work = work
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            chunk = max(1, count // (workers * PIECES))
            try:
                with drawing:  # the processes are forked here
                    found = pool.map(_do, range(count), chunksize=chunk)
                return _told(found, tell)
            except BaseException:
                # Do not wait for chunks that have not begun.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        _work = None


def _told(found: Iterable[T], tell: Callable[[], object]) -> list[T]:
    every = []
    for each in found:
        every.append(each)
        tell()
    return every


def _do(at: int) -> Any:
    assert _work is not None
    return _work(at)
