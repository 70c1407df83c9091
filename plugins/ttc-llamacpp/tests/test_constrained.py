"""Constrained draws: what is allowed, in the distribution of the model over what is allowed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from chi_square import surprise

from ttc.backends import Backend, Completion, Request
from ttc.errors import UsageError
from ttc.records import Message, SamplingParams

pytest.importorskip("llama_cpp")

from ttc_llamacpp.picking import NothingAllowedError, pick
from ttc_llamacpp.sampling import Sampler

Complete = Callable[..., list[Completion]]

ASKED = (Message("user", "Is 7 a prime number?"),)
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "maxLength": 30},
            "answer": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        "required": ["reason", "answer"],
    }
)
WAYS = [
    SamplingParams(temperature=0.8, top_p=0.95),
    SamplingParams(temperature=1.3, top_p=0.6, min_p=0.02),
    SamplingParams(temperature=0.7, top_p=1.0, top_k=20),
    SamplingParams(temperature=0.7, top_p=0.9, top_k=20, min_p=0.1),
    SamplingParams(temperature=1.0, top_p=1.0, min_p=0.05),
    SamplingParams(temperature=1.0, top_p=1.0),
    SamplingParams(temperature=0),
]


def exact(logits: Any, allowed: Any, params: SamplingParams) -> Any:
    """The chances of each token: masked first, then filtered and sampled, all of it by hand."""
    order = np.argsort(np.where(allowed, -logits.astype(np.float64), np.inf), kind="stable")
    order = order[: int(allowed.sum())]
    if params.temperature == 0:
        order = order[:1]
    if params.top_k:
        order = order[: params.top_k]
    shares = np.exp(logits[order].astype(np.float64) - logits[order].max())
    if params.top_p < 1:
        kept = int(np.searchsorted(np.cumsum(shares), params.top_p * shares.sum())) + 1
        order, shares = order[:kept], shares[:kept]
    if params.min_p:
        order = order[shares >= params.min_p * shares[0]]
    found = np.zeros(len(logits))
    weights = np.exp(
        (logits[order].astype(np.float64) - logits[order].max()) / (params.temperature or 1)
    )
    found[order] = weights / weights.sum()
    return found


class Mask:
    """A constraint that allows given tokens."""

    def __init__(self, allowed: Any) -> None:
        self.mask, self.asked = allowed, 0

    def allowed(self, ids: Any) -> Any:
        self.asked += len(ids)
        return self.mask[ids]

    def accept(self, token: int) -> None:
        assert self.mask[token]

    def close(self) -> None:
        pass


def peaked(seed: int, size: int = 400, scale: float = 3.0) -> Any:
    return (np.random.default_rng(seed).normal(size=size) * scale).astype(np.float32)


@pytest.mark.parametrize("params", WAYS, ids=str)
@pytest.mark.parametrize("share", [0.5, 0.05, 0.004])
def test_draws_follow_the_distribution_over_what_is_allowed(
    params: SamplingParams, share: float
) -> None:
    for seed in range(3):
        logits = peaked(seed)
        mask = np.random.default_rng(seed + 50).random(len(logits)) < share
        mask[-1] = True
        sampler = Sampler(params, 7, constraint=Mask(mask))  # type: ignore[arg-type]
        sampler.constrained = True
        seen = Counter(sampler.sample(logits).token for _ in range(1500))
        sampler.close()
        chances = exact(logits, mask, params)
        assert set(seen) <= set(np.flatnonzero(chances).tolist())
        if np.count_nonzero(chances * 1500 >= 5) > 1:
            assert abs(surprise(seen, chances)) < 4.5


@pytest.mark.parametrize("params", WAYS, ids=str)
def test_a_random_number_stands_for_the_same_token_as_in_the_whole_distribution(
    params: SamplingParams,
) -> None:
    """What the sampler does not ask about never matters."""
    for seed in range(90):
        logits = peaked(seed, 3000, 1 + seed % 4)
        mask = np.random.default_rng(seed).random(3000) < (0.9, 0.1, 0.001)[seed % 3]
        mask[seed] = True
        chances = exact(logits, mask, params)
        order = np.argsort(-np.where(mask, logits.astype(np.float64), -np.inf), kind="stable")
        cumulated = np.cumsum(chances[order])
        for chance in np.random.default_rng(seed).random(8):
            found = pick(logits, params, lambda ids, mask=mask: mask[ids], chance)
            expected = order[int(np.searchsorted(cumulated, chance * cumulated[-1], "right"))]
            assert found == expected


def test_far_below_the_likeliest_tokens_the_logits_decide() -> None:
    logits = np.array([0, -300, -300.5, -500, 0], np.float32)
    mask = np.array([False, True, True, True, False])
    for params in WAYS:
        found = {pick(logits, params, lambda ids: mask[ids], at / 50) for at in range(50)}
        assert found == set(np.flatnonzero(exact(logits, mask, params) > 0.01).tolist())
    with pytest.raises(NothingAllowedError):
        pick(logits, WAYS[0], lambda ids: np.zeros(len(ids), bool), 0.5)


def test_likely_tokens_are_asked_about_alone() -> None:
    logits = peaked(1, 50_000, 10.0)
    mask = Mask(np.ones(len(logits), bool))
    sampler = Sampler(WAYS[0], 7, constraint=mask)  # type: ignore[arg-type]
    sampler.constrained = True
    sampler.sample(logits)
    sampler.close()
    assert mask.asked < 10_000


@pytest.mark.parametrize("params", WAYS[:1] + WAYS[4:], ids=str)
def test_a_schema_holds_whatever_the_model_says(
    shared: Backend, complete: Complete, params: SamplingParams
) -> None:
    """The shallow model writes no JSON, and hardly a word."""
    from dataclasses import replace

    params = replace(params, schema=SCHEMA, max_tokens=200)
    asked = [Request(str(i), messages=ASKED, params=params, seed=i) for i in range(6)]
    for done in complete(shared, *asked):
        assert done.finish_reason == "stop", done.error
        read = json.loads(done.text)
        assert list(read) == ["reason", "answer"]
        assert len(read["reason"]) <= 30
        assert 0 <= read["answer"] <= 100


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("regex", r"(yes|no), because [a-z ]{5,20}\.", r"(yes|no), because [a-z ]{5,20}\."),
        ("regex", r"[\u4e00-\u9fff]{3}[😀-😎]", r"[\u4e00-\u9fff]{3}[😀-😎]"),
        ("regex", "é{3}ü", "é{3}ü"),
        ("grammar", 'root ::= ("yes" | "no") [.!] [à-ü]?', "(yes|no)[.!][à-ü]?"),
    ],
)
def test_patterns_and_grammars(
    shared: Backend, complete: Complete, kind: str, text: str, expected: str
) -> None:
    params = SamplingParams(temperature=1.5, top_p=1, max_tokens=80, **{kind: text})  # type: ignore[arg-type]
    for done in complete(
        shared, *(Request(str(i), messages=ASKED, params=params) for i in range(4))
    ):
        assert done.finish_reason == "stop", done.error
        assert re.fullmatch(expected, done.text)


def test_a_draw_that_is_cut_is_length(shared: Backend, complete: Complete) -> None:
    params = SamplingParams(schema=SCHEMA, max_tokens=3)
    (done,) = complete(shared, Request("a", messages=ASKED, params=params))
    assert (done.finish_reason, done.completion_tokens) == ("length", 3)


def test_what_is_begun_counts(shared: Backend, complete: Complete) -> None:
    params = SamplingParams(regex=r"yes, [a-z]{3}|no", max_tokens=20)
    whole, refused = complete(
        shared,
        Request("a", messages=ASKED, prefix="yes, a", params=params),
        Request("b", messages=ASKED, prefix="maybe", params=params),
    )
    assert re.fullmatch("[a-z]{2}", whole.text)
    assert refused.finish_reason == "error"
    assert "the answer begins with 'maybe'" in (refused.error or "")


def test_log_probabilities_are_those_of_the_unconstrained_distribution(
    single: Backend, complete: Complete
) -> None:
    """The constrained text, scored as the other alternatives at its places are without it."""
    free = SamplingParams(temperature=0, max_tokens=1)
    bound = SamplingParams(temperature=0, max_tokens=1, regex="x|y")
    first, second = complete(
        single,
        Request("a", messages=ASKED, params=free, logprobs=40_000, alternatives=4),
        Request("b", messages=ASKED, params=bound, logprobs=1, alternatives=4),
    )
    assert first.token_logprobs is not None
    known = {each.token: each.logprob for each in first.token_logprobs[0].top}
    assert second.text in ("x", "y")
    assert second.logprob == pytest.approx(known[second.text], abs=1e-4)
    assert second.confidences == pytest.approx(first.confidences)
    assert second.token_logprobs is not None
    assert second.token_logprobs[0].top[0].token == first.text


def test_alternatives_are_the_likeliest(single: Backend, complete: Complete) -> None:
    params = SamplingParams(temperature=0.8, max_tokens=6)
    (done,) = complete(single, Request("a", messages=ASKED, params=params, seed=3, logprobs=5))
    assert done.token_logprobs is not None
    assert len(done.token_logprobs) == done.completion_tokens
    assert sum(each.logprob or 0 for each in done.token_logprobs) == pytest.approx(done.logprob)
    for each in done.token_logprobs:
        values = [top.logprob or 0 for top in each.top]
        assert len(values) == 5
        assert values == sorted(values, reverse=True)
        assert (each.logprob or 0) <= values[0] + 1e-6


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"grammar": 'root ::= ("a"'}, "the grammar: line 1, column 10: the group"),
        ({"grammar": 'root ::= <think> "a"'}, "line 1, column 10: the model has no token <think>"),
        ({"grammar": "root ::= <[99999]>"}, "the model has no token"),
        ({"regex": r"(a)\1"}, "the pattern of --regex: a back-reference"),
        ({"schema": '{"not": {}}'}, "the schema: #: 'not'"),
        ({"logit_bias": ((99_999, 1.0),)}, "--logit-bias 99999: the model's last token is 49151"),
    ],
)
def test_what_cannot_be_held_to_is_one_line(
    shared: Backend, params: dict[str, Any], why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    with pytest.raises(UsageError) as fault:
        shared.submit(Request("a", messages=ASKED, params=SamplingParams(**params)))
    assert why in str(fault.value)
    assert "\n" not in str(fault.value)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_two_hundred_draws_of_the_bundled_model_are_valid(weights: Any, complete: Complete) -> None:
    from ttc_llamacpp import open_llamacpp

    backend = open_llamacpp(str(weights), {"slots": 32})
    params = SamplingParams(temperature=1.0, top_p=1.0, schema=SCHEMA, max_tokens=200)
    asked = [Request(str(i), messages=ASKED, params=params, seed=i) for i in range(200)]
    done = complete(backend, *asked)
    backend.close()
    assert Counter(each.finish_reason for each in done) == {"stop": 200}
    assert all(0 <= json.loads(each.text)["answer"] <= 100 for each in done)
