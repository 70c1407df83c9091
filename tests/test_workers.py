"""Work by several processes gives what one would, also when it fails."""

from __future__ import annotations

import os

import pytest

from ttc.curves.parallel import PAYS, spread
from ttc.errors import UsageError


@pytest.mark.parametrize("draws", [0, PAYS])
def test_results_come_in_order_and_failures_are_raised(draws: int) -> None:
    assert spread(lambda at: at * at, 100, draws) == [at * at for at in range(100)]
    assert spread(lambda at: at, 0, draws) == []

    def fails(at: int) -> int:
        if at == 60:
            raise UsageError("problem 60: no")
        return at

    with pytest.raises(UsageError, match=r"^problem 60: no$"):
        spread(fails, 100, draws)


def test_much_work_is_shared() -> None:
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor")
    # Each process has several pieces; which one takes them is up to the system.
    assert os.getpid() not in set(spread(lambda at: os.getpid(), 100, PAYS))
    assert set(spread(lambda at: os.getpid(), 100, 0)) == {os.getpid()}
