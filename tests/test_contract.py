"""The contract of backends, held by those that ttc brings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ttc import keys
from ttc.backends import Backend, Completion, ModelInfo, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.records import Problem, Sample
from ttc.samples.replay import Recording
from ttc.testing.contract import BackendContract
from ttc.testing.scripted import open_scripted
from ttc.testing.trial import CHAT, RAW


@pytest.mark.parametrize("slots", [1, 3, 16])
class TestScripted(BackendContract):
    rounds = 12
    requests = 20

    @pytest.fixture
    def backend(self, slots: int) -> Iterator[Backend]:
        backend = open_scripted(f"slots={slots},tokens=49-60", {})
        yield backend
        backend.close()


def recorded(prompt: Problem, index: int) -> Sample:
    tokens = 40 if index % 3 == 0 else 12 + index
    return Sample(
        problem=prompt.id,
        index=index,
        text=f"draw {index} of {prompt.id}",
        finish_reason="length" if tokens == 40 else "stop",
        prompt_tokens=7,
        completion_tokens=tokens,
        logprob=-1.5 * tokens,
        prompt_id=keys.prompt_id(prompt),
    )


class TestReplay(BackendContract):
    fixed = True

    @pytest.fixture
    def backend(self) -> Backend:
        chats = [Problem(f"chat{i}", messages=asked) for i, asked in enumerate(CHAT)]
        raws = [Problem(f"raw{i}", prompt=asked) for i, asked in enumerate(RAW)]
        samples = [recorded(prompt, index) for prompt in chats + raws for index in range(12)]
        recording = Recording(samples, "recorded")
        info = ModelInfo("replay:recorded", recording.fingerprint)
        return SimulatedBackend(info, recording.serve, capabilities=recording.capabilities)


def test_a_recording_without_log_probabilities_claims_none() -> None:
    prompt = Problem("p", prompt="x")
    plain = Sample("p", 1, "text", "stop", prompt_id=keys.prompt_id(prompt))
    assert "logprobs" in Recording([recorded(prompt, 0)], "r").capabilities
    assert "logprobs" not in Recording([recorded(prompt, 0), plain], "r").capabilities


class Careless(SimulatedBackend):
    """Does what backends must not: overlooks what it cannot do, keeps stops, loses draws."""

    fault = ""

    def submit(self, request: Request) -> None:
        if self.fault == "overlooks":
            request = Request(request.id, request.messages, request.prompt, params=request.params)
        super().submit(request)

    def wait(self) -> Completion:
        done = super().wait()
        return super().wait() if self.fault == "loses" else done


class Faulty(BackendContract):
    """Not collected by itself: its tests are called below, and must fail."""


def careless(fault: str) -> Careless:
    def script(request: Request) -> Completion:
        return Completion("", "a b c", "length", 3, 0, 3 if fault != "counts" else 99, -2.0)

    backend = Careless(ModelInfo("careless", "x"), script)
    backend.fault = fault
    return backend


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("overlooks", "test_a_prefix_is_continued_and_not_repeated"),
        ("overlooks", "test_choices_are_weighed_and_nothing_is_drawn"),
        ("overlooks", "test_a_given_text_is_scored"),
        ("overlooks", "test_a_stop_is_kept_on_demand"),
        ("overlooks", "test_a_refusal_harms_nobody"),
        ("loses", "test_every_request_comes_back_once_in_any_order"),
        ("counts", "test_length_is_exactly_the_limit"),
        ("stops", "test_a_stop_string_ends_the_text_and_is_told"),
        ("seeds", "test_seeds"),
    ],
)
def test_the_contract_finds_faults(fault: str, test: str) -> None:
    with pytest.raises((AssertionError, LookupError)):
        getattr(Faulty(), test)(careless(fault))
