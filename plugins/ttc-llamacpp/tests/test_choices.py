"""How likely a few strings are to come next, against the softmax of the same logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ttc.backends import Backend, Completion, Request
from ttc.records import Message, Sample, SamplingParams
from ttc.verifiers.judges.genrm import GenRM
from ttc.verifiers.judges.self_eval import SelfEval

llama_cpp = pytest.importorskip("llama_cpp")

Complete = Callable[..., list[Completion]]


def test_chances_are_those_of_the_first_tokens(
    shared: Backend, complete: Complete, shallow: str, extras: bool
) -> None:
    prompt = "Is the sky blue? Answer Yes or No:"
    asked = Request("a", prompt=prompt, choices=("Yes", "No"))
    drawn = Request("b", prompt=prompt, params=SamplingParams(max_tokens=3), seed=1)
    again = Request("c", prompt=prompt, choices=("Yes", "No"))
    first, text, second = complete(shared, asked, drawn, again)
    assert first.chances is not None
    assert (first.text, first.completion_tokens, first.finish_reason) == ("", 0, "stop")
    assert second.chances == pytest.approx(first.chances, rel=0.05)
    assert text.completion_tokens
    model = llama_cpp.Llama(shallow, n_ctx=64, logits_all=True, n_threads=1, verbose=False)
    tokens = model.tokenize(prompt.encode(), add_bos=True)
    model.eval(tokens)
    logits = np.array(model.scores[len(tokens) - 1], dtype=np.float64)
    softmax = np.exp(logits - logits.max())
    softmax /= softmax.sum()
    for choice in ("Yes", "No"):
        cased = (choice, choice.lower(), choice.upper())
        ways = {blank + each for each in cased for blank in ("", " ")}
        heads = {model.tokenize(way.encode(), add_bos=False)[0] for way in ways}
        want = sum(softmax[head] for head in heads if model.detokenize([head]).strip())
        assert first.chances[choice] == pytest.approx(want, rel=0.1)


def test_choices_that_begin_alike_are_refused(shared: Backend, complete: Complete) -> None:
    (done,) = complete(shared, Request("a", prompt="Hm.", choices=("Yes", "Yes please")))
    assert done.finish_reason == "error"
    assert "begin with the same token" in (done.error or "")


def test_judges_run_on_the_real_model(fresh: Callable[..., Backend]) -> None:
    model = fresh("smollm2", slots=4)
    question = (Message("user", "What is 2 + 3?"),)
    samples = [Sample("p", at, text, "stop", asked=question)
               for at, text in enumerate(["It is 5.", "It is 7.", "Hello."])]  # fmt: skip
    judge = SelfEval()
    judge.attach(model)
    once = list(judge.verify(samples))
    assert all(verdict.status == "ok" and 0 < (verdict.score or 0) < 1 for verdict in once)
    assert all(verdict.tokens and len(verdict.votes) == 1 for verdict in once)
    scores = [verdict.score for verdict in judge.verify(samples)]
    assert scores == pytest.approx([verdict.score for verdict in once], abs=0.02)
    checks = GenRM(v="2", max_tokens="48")
    checks.attach(model)
    for verdict in checks.verify(samples):
        assert verdict.status in ("ok", "abstained")
        assert len(verdict.votes) == 2
