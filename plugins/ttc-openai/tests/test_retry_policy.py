"""When a server is given up: what its faults say of it."""

from __future__ import annotations

from typing import Any

import pytest

from ttc.backends import Request
from ttc.records import Message, SamplingParams
from ttc_openai.draws import HttpDraw
from ttc_openai.errors import ExchangeError, cut_off, error_in_body
from ttc_openai.retry_policy import RetryPolicy


def drawn() -> HttpDraw:
    return HttpDraw(Request("a", (Message("user", "Hi"),), params=SamplingParams(max_tokens=9)))


def judged(patience: RetryPolicy, *faults: ExchangeError, beside: bool = False) -> list[bool]:
    """Return whether the server was given up at each of some faults, one draw each."""
    return [patience.decide(drawn(), each, 1.0, 0.0, beside).over for each in faults]


def said(error: Any) -> ExchangeError:
    fault = error_in_body({"error": error})
    assert fault is not None
    return fault


def test_the_same_fault_every_time_is_believed_at_the_sixth() -> None:
    faults = [said(f"request req-{at}a7: the weights are broken") for at in range(6)]
    assert judged(RetryPolicy(5), *faults) == [False] * 5 + [True]


def test_other_faults_in_between_are_not_the_same() -> None:
    faults = [cut_off("without an end"), said("boom")] * 4
    assert not any(judged(RetryPolicy(5), *faults))


def test_faults_beside_others_do_not_count() -> None:
    assert not any(judged(RetryPolicy(5), *[cut_off("without an end")] * 8, beside=True))


def test_a_server_that_has_answered_is_given_more_time() -> None:
    patience = RetryPolicy(5)
    patience.record_answer(drawn(), 1.0)
    assert not any(judged(patience, *[said("boom")] * 7))


def odd() -> ExchangeError:
    return ExchangeError("403", all=True)


def tries(patience: RetryPolicy, draw: HttpDraw) -> int:
    """Return how often a draw is tried that always fails, while others are answered."""
    for count in range(1, 99):
        if not patience.decide(draw, odd(), float(count), float(count), False).again:
            return count
    return 99


def test_a_draw_is_not_given_up_before_it_is_known_whether_trying_helps() -> None:
    patience = RetryPolicy(5)
    patience.record_answer(drawn(), 1.0)
    assert tries(patience, drawn()) == 6
    assert tries(patience, drawn()) == 6
    # By now it is known that it does not.
    assert tries(patience, drawn()) == 3
    helped = RetryPolicy(5)
    for _ in range(10):
        lucky = drawn()
        helped.decide(lucky, odd(), 1.0, 1.0, False)
        helped.record_answer(lucky, 1.0)
    assert tries(helped, drawn()) > 9


@pytest.mark.parametrize(
    "error",
    [
        "Model is loading",
        {"message": "the engine is overloaded", "code": None},
        {"message": "model is overloaded", "code": 503},
        {"message": "slow down", "code": "429"},
        "currently at capacity, please try again",
    ],
)
def test_a_busy_server_is_waited_for(error: Any) -> None:
    fault = said(error)
    assert fault.busy
    assert not any(judged(RetryPolicy(5), *[fault] * 7))


@pytest.mark.parametrize(
    "error", ["model not loaded", {"message": "CUDA error", "code": 500}, {"code": "server_error"}]
)
def test_other_complaints_are_not_of_a_busy_server(error: Any) -> None:
    assert not said(error).busy


@pytest.mark.parametrize("piece", [{}, {"choices": []}, {"choices": [], "message": "x"}])
def test_what_is_no_complaint(piece: dict[str, Any]) -> None:
    assert error_in_body(piece) is None
