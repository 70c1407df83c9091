"""The limit of requests under way, over servers that turn requests away for known reasons."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from ttc_openai.rate_limit import START, RateLimit
from ttc_openai.stall_timeout import StallTimeout

Turns = Callable[[int, random.Random], bool]


class Line:
    """A queue of answers through a server, in a time of its own: no clock, no sockets. Without a
    rule of what is turned away, the server ends one answer for the next."""

    def __init__(
        self, turns_away: Turns | None, *, most: int = 64, saved: int | None = None
    ) -> None:
        self.pace = RateLimit(most, saved)
        self.seconds = 0.0
        self.wasted = 0
        self.turns_away = turns_away

    def run(self, answers: int, seed: int, seconds: float = 0.3) -> Line:
        rng, pace = random.Random(seed), self.pace
        ends: list[tuple[float, int]] = []
        under_way: dict[int, tuple[float, bool]] = {}
        sent = 0
        while answers:
            while len(under_way) < pace.limit:
                sent += 1
                if self.turns_away is None:
                    for each, (since, _) in under_way.items():
                        under_way[each] = (since, True)
                        heapq.heappush(ends, (self.seconds + 0.001, each))
                away = self.turns_away is not None and self.turns_away(len(under_way) + 1, rng)
                under_way[sent] = (self.seconds, away)
                takes = seconds * rng.uniform(0, 0.3) if away else seconds
                heapq.heappush(ends, (self.seconds + takes, sent))
            at, which = heapq.heappop(ends)
            if which not in under_way:
                continue
            self.seconds = at
            since, away = under_way.pop(which)
            if away:
                self.wasted += 1
                pace.record_rejection(since, at, len(under_way) + 1)
            else:
                answers -= 1
                pace.record_success(since)
        return self


def by_chance(share: float) -> Turns:
    return lambda under_way, rng: rng.random() < share


def beyond(bears: int) -> Turns:
    return lambda under_way, rng: under_way > bears


IDEAL = 3000 * 0.3 / 64


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.15, 0.36, 0.6, 0.8])
def test_faults_of_single_connections_do_not_hold_a_run(share: float, seed: int) -> None:
    line = Line(by_chance(share)).run(3000, seed)
    assert line.seconds < 2.5 * IDEAL
    assert line.pace.limit > 48
    assert line.pace.saved is None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bears", [1, 2, 8, 30])
def test_a_server_that_bears_few_is_asked_by_few(bears: int, seed: int) -> None:
    line = Line(beyond(bears)).run(2000, seed)
    assert line.seconds < 1.6 * 2000 * 0.3 / bears
    assert line.wasted < 600
    assert line.pace.limit <= 2 * bears


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_ends_one_answer_for_the_next_is_asked_by_one(seed: int) -> None:
    line = Line(None).run(2000, seed)
    assert line.pace.limit <= 2
    assert line.pace.saved == line.pace.limit
    assert line.wasted < 80
    again = Line(None, saved=line.pace.saved).run(2000, seed)
    assert again.wasted < 40


def test_what_was_kept_is_outgrown() -> None:
    line = Line(by_chance(0.0), saved=1).run(3000, 1)
    assert line.pace.limit == 64
    assert line.seconds < 2 * IDEAL
    assert line.pace.saved is None


def test_a_server_that_recovers_is_asked_by_many_again() -> None:
    line = Line(beyond(2)).run(300, 1)
    assert line.pace.limit <= 4
    line.turns_away = by_chance(0.0)
    line.run(4000, 1)
    assert line.pace.limit == 64


def test_a_burst_halves_the_limit_once() -> None:
    pace = RateLimit(100)
    for _ in range(1000):
        pace.record_success(1.0)
    assert pace.limit == 100
    for _ in range(100):
        pace.record_rejection(1.0, 2.0, 100)
    assert pace.limit == 50


def test_the_limit_begins_where_it_may() -> None:
    assert (RateLimit(100).limit, RateLimit(3).limit, RateLimit(100, saved=2).limit) == (
        START,
        3,
        2,
    )


# How long an answer may be silent.


def test_silence_is_measured_by_the_server_itself() -> None:
    stalls = StallTimeout(600.0)
    assert stalls.limit(0.0, 0) == 600, "nothing is known yet"
    for at in range(100):
        stalls.record(float(at), 0.2)
    assert stalls.limit(50.0, 0) == 10, "others asked later were answered"
    assert stalls.limit(90.0, 0) == 15, "few others were"
    assert [stalls.limit(50.0, before) for before in (1, 2, 9)] == [20, 40, 600]


def test_a_slow_server_is_given_its_time() -> None:
    stalls = StallTimeout(600.0)
    for at in range(200):
        stalls.record(float(at), 25.0 if at % 50 == 0 else 1.0)
    assert stalls.limit(50.0, 0) == 250
    assert StallTimeout(5.0).limit(0.0, 0) == 5
