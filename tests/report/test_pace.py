"""The time that is left is told where it can be, and is then about right."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from ttc.messages.durations import ago
from ttc.messages.progress import Pulse, Stage
from ttc.report.progress.pace import Pace, left_text
from ttc.report.progress.status_line import Status, as_text

TICK = 0.25


def told(
    done_at: Callable[[float], int], total: int | None, wave: int = 1, most: float = 600
) -> list[tuple[float, float | None]]:
    """Watch a run, and return what was left at each tick, as it was told."""
    pace, now, seen = Pace(0.0), 0.0, []
    while now < most:
        done = done_at(now)
        pace.see(now, done, None)
        seen.append((now, pace.left(total, wave)))
        if total is not None and done >= total:
            break
        now += TICK
    return seen


def steady(now: float) -> int:
    return int(now * 2)


def test_a_steady_run_is_told_right() -> None:
    seen = told(steady, 200)
    assert all(left is None for now, left in seen if now < 5)
    later = [(now, left) for now, left in seen if now >= 15]
    assert all(left is not None and abs(left - (100 - now)) <= 6 for now, left in later)


def test_what_is_told_counts_down() -> None:
    """Draws end in bursts; the time that is told neither jumps nor rises."""
    seen = [
        (now, left) for now, left in told(lambda now: int(now / 3) * 6, 400) if left is not None
    ]
    assert seen
    steps = [after - before for (_, before), (_, after) in pairwise(seen)]
    assert sum(step > 0.01 for step in steps) <= len(steps) / 50


@pytest.mark.parametrize(
    ("done_at", "total", "wave"),
    [
        (steady, None, 1),  # nobody knows how much there is
        (lambda now: int(now * 2), 40, 24),  # no slot was filled twice before the end
        (lambda now: 0, 100, 1),  # nothing has come
        (lambda now: 90, 100, 1),  # all that is done was there at once
        (lambda now: int(2 ** (now / 2)), 10**12, 1),  # it goes faster and faster
        (lambda now: min(int(now * 20), 100), 1000, 1),  # it stands still
    ],
)
def test_what_cannot_be_told_is_not_told(
    done_at: Callable[[float], int], total: int | None, wave: int
) -> None:
    seen = told(done_at, total, wave, most=60)
    assert [left for now, left in seen if left is not None and now > 25] == []


def test_problems_of_different_sizes_are_told_within_a_factor() -> None:
    rng = random.Random(1)
    ends, at = [], 0.0
    for _ in range(300):
        at += rng.lognormvariate(-1.5, 1.0)
        ends.append(at)
    seen = told(lambda now: sum(end <= now for end in ends), len(ends))
    known = [(now, left) for now, left in seen if left is not None and now < 0.9 * at]
    assert len(known) > len(seen) / 4
    assert all(0.5 < (left + 5) / (at - now + 5) < 2 for now, left in known)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "<5 s left"),
        (4.9, "<5 s left"),
        (7.4, "~5 s left"),
        (43, "~45 s left"),
        (187, "~3:05 left"),
        (1000, "~16:45 left"),
        (7510, "~2:05:00 left"),
    ],
)
def test_a_time_is_no_finer_than_it_is_known(seconds: float, text: str) -> None:
    assert left_text(seconds) == text


def test_a_rate_is_that_of_late() -> None:
    pace = Pace(0.0)
    for at in range(100):
        pace.see(at * 1.0, 0, at * 10 if at < 50 else 500 + (at - 50) * 90)
    assert pace.token_rate == pytest.approx(90, rel=0.02)


NO_PULSE = Pulse()


def line_of(stage: Stage, pulse: Pulse = NO_PULSE, *seen: tuple[float, int, int]) -> Status:
    pace = Pace(0.0)
    for each in seen:
        pace.see(*each)
    tokens = stage.tokens if pulse.generated is None else max(stage.tokens or 0, pulse.generated)
    return Status.of(stage, pulse, pace, tokens)


def test_before_the_first_result_the_tokens_under_way_show() -> None:
    stage = Stage("p", "draws", 52, tokens=0)
    assert "52 draws, waiting for the first" in as_text(line_of(stage))
    going = line_of(stage, Pulse(generated=900), (0.0, 0, 0), (9.0, 0, 900))
    assert "52 draws, 900 tokens so far, 100 tokens/s" in as_text(going)
    assert "0/52" not in as_text(going)
    stage.done = 1
    assert "1/52 draws" in as_text(line_of(stage))


def test_nothing_done_is_no_fraction() -> None:
    assert (
        as_text(line_of(Stage("computing", "problems", 1500))) == "computing: 1,500 problems, 0 s"
    )
    assert as_text(line_of(Stage("reading", "draws"))) == "reading: 0 draws, 0 s"
    assert as_text(line_of(Stage("loading"))) == "loading: 0 s"


def test_tokens_that_nobody_counted_are_unknown_and_not_none() -> None:
    stage = Stage("p", "draws", 4, done=2, tokens=0, uncounted=2)
    assert "tokens unknown" in as_text(line_of(stage))


@pytest.mark.parametrize("width", [20, 38, 60, 78, 118, 198])
def test_a_line_fits_and_keeps_what_matters(width: int) -> None:
    stage = Stage("gsm8k-qwen2.5-7b-instruct", "draws", 131_900, done=45_123, tokens=1)
    status = line_of(stage, Pulse(status="8 of 8 replicas"), (0, 0, 0), (9, 45_123, 9_000_000))
    what, rest = status.fitted(width)
    assert len(f"{what} {rest}".lstrip()) <= width
    assert "45,123/131,900"[: width - 2] in rest
    if width >= 78:
        assert "1,000,000 tokens/s" in rest
    if width >= 118:
        assert "8 of 8 replicas" in rest


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-05-04T11:59:40+00:00", "just now"),
        ("2026-05-04T11:47:00+00:00", "13 min ago"),
        ("2026-05-04T13:47:00+02:00", "13 min ago"),
        ("2026-05-04T07:00:00", "5 h ago"),
        ("2026-05-03T11:00:00Z", "1 day ago"),
        ("2026-04-30T11:00:00+00:00", "4 days ago"),
        ("2026-03-01T11:00:00+00:00", "2026-03-01"),
        ("2027-03-01T11:00:00+00:00", "2027-03-01"),  # a clock that is wrong
        ("long ago", "long ago"),
    ],
)
def test_times_as_people_say_them(moment: str, text: str) -> None:
    from datetime import datetime, timezone

    assert ago(moment, datetime(2026, 5, 4, 12, tzinfo=timezone.utc)) == text
