"""What every backend must pass: subclass BackendContract and give it a fixture `backend`.

    import pytest
    from ttc.testing.contract import BackendContract

    class TestMine(BackendContract):
        @pytest.fixture
        def backend(self):
            backend = open_mine("a small model", {})
            yield backend
            backend.close()

What a backend claims in `capabilities` is tested, and what it does not claim it must refuse. The
fixture may be shared by tests, which leave no request behind; then `spare` must be one to close.
In a conftest, `pytest.register_assert_rewrite("ttc.testing")` makes failures say more.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from ttc.backends import Backend
from ttc.errors import BackendError
from ttc.records import SamplingParams
from ttc.testing.trial import Trial


class BackendContract(Trial):
    """The contract of `ttc.backends`; `ttc.testing.trial.Trial` says how to fit it to an engine."""

    # Requests out, completions in.

    def test_nothing_under_way(self, backend: Backend) -> None:
        backend.cancel("nobody")
        with pytest.raises(LookupError):
            backend.wait()

    def test_every_request_comes_back_once_in_any_order(self, backend: Backend) -> None:
        for schedule in range(self.rounds):
            sent, back = self.play(backend, random.Random(schedule), f"r{schedule}")
            assert sorted(done.request_id for done in back) == sorted(sent)
            for done in back:
                self.check(backend, done, sent[done.request_id])
            with pytest.raises(LookupError):
                backend.wait()

    def test_a_request_id_may_be_used_again(self, backend: Backend) -> None:
        for _ in range(2):
            (done,) = self.complete(backend, self.request("again", max_tokens=self.length(3)))
            assert done.finish_reason in ("stop", "length")

    # What the parameters mean.

    def test_equal_prompts_have_equal_counts(self, backend: Backend) -> None:
        for asked in [*self.chats, *self.raw]:
            draws = [self.request(str(draw), draw, asked=asked) for draw in range(3)]
            assert len({each.prompt_tokens for each in self.complete(backend, *draws)}) == 1

    def test_length_is_exactly_the_limit(self, backend: Backend) -> None:
        if self.fixed:
            pytest.skip("recorded draws have their own lengths")
        for limit in (1, 2, 5):
            requests = [self.request(f"{limit}/{i}", i, max_tokens=limit) for i in range(4)]
            done = self.complete(backend, *requests)
            assert "length" in {each.finish_reason for each in done}
            for each, request in zip(done, requests, strict=True):
                self.check(backend, each, request)

    def test_a_stop_string_ends_the_text_and_is_told(self, backend: Backend) -> None:
        if self.fixed:
            pytest.skip("recorded draws have their own stops")
        stops = ("never to be said", self.stop)
        requests = [self.request(str(i), i, max_tokens=24, stops=stops) for i in range(4)]
        done = self.complete(backend, *requests)
        for each, request in zip(done, requests, strict=True):
            self.check(backend, each, request)
        assert self.stop in {each.stop for each in done}

    def test_a_stop_is_kept_on_demand(self, backend: Backend) -> None:
        stops = ("never to be said", self.stop)
        requests = [
            self.request(str(i), i, max_tokens=self.length(24), stops=stops, keep_stop=True)
            for i in range(4)
        ]
        if "stop-kept" not in backend.capabilities:
            self.refused(backend, requests[0])
            return
        done = self.complete(backend, *requests)
        assert self.stop in {each.stop for each in done}
        for each in done:
            if each.stop is not None:
                assert each.text.endswith(each.stop)
                assert each.text.index(each.stop) == len(each.text) - len(each.stop)

    # Cancelling.

    def test_a_cancelled_draw_keeps_what_it_has(self, backend: Backend) -> None:
        """Which of two draws an engine begins first is its own affair: it is asked again until
        the long one was cut on its way."""
        if self.fixed or "cancel" not in backend.capabilities:
            pytest.skip("needs draws of chosen lengths that can be cancelled")
        if any(self._cut_on_its_way(backend, f"{attempt}") for attempt in range(5)):
            return
        pytest.skip("no draw was cut on its way: the engine draws one after the other")

    def _cut_on_its_way(self, backend: Backend, name: str) -> bool:
        """Cancel a long draw as soon as a short one is done; return whether it had begun."""
        long, short = f"long{name}", f"short{name}"
        limits = {"asked": self.first, "temperature": 0.0, "max_tokens": self.long}
        backend.submit(self.request(long, **limits))
        backend.submit(self.request(short, 1, asked=self.first, max_tokens=4))
        before = backend.wait()
        backend.cancel(long)
        backend.cancel(long)
        after = backend.wait()
        assert {before.request_id, after.request_id} == {long, short}
        with pytest.raises(LookupError):
            backend.wait()
        if after.finish_reason != "cancelled":
            return False
        assert after.request_id == long
        assert after.completion_tokens is not None
        assert 0 <= after.completion_tokens < self.long
        # Tokens may end in the middle of a character, but text never comes without tokens.
        assert after.completion_tokens > 0 or not after.text
        return bool(after.text)

    def test_what_waits_can_be_cancelled(self, backend: Backend) -> None:
        requests = [
            self.request(str(i), i, max_tokens=self.length(8)) for i in range(self.requests)
        ]
        for request in requests:
            backend.submit(request)
        for request in requests:
            backend.cancel(request.id)
        back = [backend.wait() for _ in requests]
        assert sorted(done.request_id for done in back) == sorted(each.id for each in requests)
        for done in back:
            assert done.finish_reason in ("cancelled", "stop", "length")
            assert done.error is None
        with pytest.raises(LookupError):
            backend.wait()

    # Capabilities: what is claimed is true, what is not is refused.

    def test_seeds(self, backend: Backend) -> None:
        if "seed" not in backend.capabilities:
            # A caller leaves it out; where it does not, it does no harm.
            (done,) = self.complete(backend, self.request("seeded", max_tokens=self.length(4)))
            assert done.finish_reason in ("stop", "length")
            return
        params = SamplingParams(temperature=1.2, top_p=1.0, max_tokens=self.length(16))

        def text(draw: int) -> str:
            request = replace(self.request("s", draw, asked=self.first), params=params)
            return self.complete(backend, request)[0].text

        first = [text(draw) for draw in range(3)]
        assert len(set(first)) > 1
        if self.deterministic:
            assert [text(draw) for draw in range(3)] == first

    def test_a_prefix_is_continued_and_not_repeated(self, backend: Backend) -> None:
        for asked in [*self.chats[:1], *self.raw[:1]]:
            limit = self.length(8)
            plain = self.request("plain", asked=asked, max_tokens=limit, temperature=0.0)
            begun = replace(plain, id="begun", prefix=self.prefix)
            if "prefix" not in backend.capabilities:
                self.refused(backend, begun)
                continue
            without, with_prefix = self.complete(backend, plain, begun)
            self.check(backend, with_prefix, begun)
            assert not with_prefix.text.lstrip().startswith(self.prefix)
            assert (with_prefix.prompt_tokens or 0) > (without.prompt_tokens or 0)

    def test_choices_are_weighed_and_nothing_is_drawn(self, backend: Backend) -> None:
        request = self.request("choose", asked=self.first, choices=("Yes", "No"))
        if "choose" not in backend.capabilities:
            self.refused(backend, request)
            return
        (done,) = self.complete(backend, request)
        assert (done.finish_reason, done.text) == ("stop", "")
        assert not done.completion_tokens
        assert done.chances is not None
        assert done.chances.keys() == {"Yes", "No"}
        assert all(0 <= chance <= 1 for chance in done.chances.values())
        assert sum(done.chances.values()) <= 1 + 1e-6

    def test_how_sure_each_token_was_is_told(self, backend: Backend) -> None:
        request = self.request("sure", max_tokens=self.length(8))
        if "alternatives" not in backend.capabilities:
            self.refused(backend, replace(request, alternatives=5))
            return
        plain, done = self.complete(backend, request, replace(request, id="5", alternatives=5))
        assert plain.confidences is None
        assert done.confidences is not None
        # Some servers say nothing of the token that ends a draw.
        assert 0 < len(done.confidences) <= (done.completion_tokens or 0)
        # Minus the mean of five logarithms whose exponentials add up to 1 at most.
        assert min(done.confidences) >= math.log(5) - 1e-3
        assert all(map(math.isfinite, done.confidences))

    def test_a_given_text_is_scored(self, backend: Backend) -> None:
        request = self.request("score", asked=self.first, score=" the sea and the wind")
        if "score" not in backend.capabilities:
            self.refused(backend, request)
            return
        (done,) = self.complete(backend, request)
        assert (done.finish_reason, done.text) == ("stop", "")
        assert (done.completion_tokens or 0) > 0
        assert done.logprob is not None
        assert math.isfinite(done.logprob)
        assert done.logprob < 0

    def test_a_refusal_harms_nobody(self, backend: Backend) -> None:
        lacking = {"prefix", "choose", "score", "stop-kept"} - backend.capabilities
        if not lacking:
            pytest.skip("this backend can do everything")
        asked: dict[str, Any] = {"prefix": "So", "choose": ("Yes", "No"), "score": "Yes"}
        name = min(lacking)
        field = {"choose": "choices", "stop-kept": "keep_stop"}.get(name, name)
        backend.submit(self.request("good", max_tokens=self.length(4)))
        try:
            backend.submit(self.request("bad", **{field: asked.get(name, True)}))
        except BackendError:
            assert backend.wait().request_id == "good"
            return
        back = {done.request_id: done for done in (backend.wait(), backend.wait())}
        assert back["bad"].finish_reason == "error"
        assert back["good"].finish_reason in ("stop", "length")

    # Itself.

    def test_the_model_is_known_without_a_request(self, backend: Backend) -> None:
        assert backend.model.name
        assert backend.model.fingerprint
        assert isinstance(backend.capabilities, frozenset)

    def test_closing_twice_drops_what_is_under_way(self, spare: Backend) -> None:
        spare.submit(self.request("dropped", max_tokens=self.length(8)))
        spare.close()
        spare.close()
        with pytest.raises(LookupError):
            spare.wait()
