"""Draws follow the model's distribution, each on its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from chi_square import surprise
from numpy.typing import NDArray

from ttc import keys
from ttc.backends import Backend, Request
from ttc.records import SamplingParams

llama_cpp = pytest.importorskip("llama_cpp")

PROMPT = "My favourite colour is"
DRAWS = 2000


@pytest.fixture(scope="module")
def pairs(shallow: str) -> list[tuple[int, int]]:
    """The first two tokens of 2,000 draws, with the seeds that a pool would give them."""
    from ttc_llamacpp import open_llamacpp
    from ttc_llamacpp.draws import SequenceDraw

    drawn: dict[str, list[int]] = {}
    accept = SequenceDraw.accept

    def record(self: SequenceDraw, choice: Any, *rest: Any) -> Any:
        drawn.setdefault(self.request.id, []).append(choice.token)
        return accept(self, choice, *rest)

    backend: Backend = open_llamacpp(shallow, {"threads": 1, "slots": 32})
    params = SamplingParams(temperature=1, top_p=1, max_tokens=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SequenceDraw, "accept", record)
        for index in range(DRAWS):
            seed = keys.draw_seed("key1:test", index)
            backend.submit(Request(str(index), prompt=PROMPT, params=params, seed=seed))
        for _ in range(DRAWS):
            backend.wait()
    backend.close()
    return [(drawn[str(i)][0], drawn[str(i)][-1]) for i in range(DRAWS)]


@pytest.fixture(scope="module")
def exact(shallow: str, extras: bool) -> Callable[..., NDArray[np.float64]]:
    """The softmax after the prompt and some more tokens, by llama-cpp-python's own engine."""
    llama = llama_cpp.Llama(
        shallow, n_ctx=64, logits_all=True, verbose=False, n_threads=1, n_threads_batch=1
    )
    prompt = llama.tokenize(PROMPT.encode(), add_bos=False)

    def softmax(*more: int) -> NDArray[np.float64]:
        llama.reset()
        llama.eval([*prompt, *more])
        row = llama.scores[len(prompt) + len(more) - 1].astype(np.float64)
        row = np.exp(row - row.max())
        return row / row.sum()

    return softmax


def test_the_statistic_tells_a_wrong_distribution() -> None:
    fair = np.full(10, 0.1)
    assert abs(surprise(dict.fromkeys(range(10), 200), fair)) > 3  # too even to be chance
    assert surprise({i: 200 + (40 if i < 5 else -40) for i in range(10)}, fair) > 4
    chance = np.random.default_rng(0)
    assert abs(surprise(Counter(chance.integers(0, 10, 2000).tolist()), fair)) < 3


def test_first_tokens_follow_the_softmax(pairs: Any, exact: Any) -> None:
    assert abs(surprise(Counter(first for first, _ in pairs), exact())) < 3.5


def test_next_tokens_follow_the_softmax(pairs: Any, exact: Any) -> None:
    (common, times), *_ = Counter(first for first, _ in pairs).most_common()
    assert times > 100
    after = Counter(second for first, second in pairs if first == common)
    assert abs(surprise(after, exact(common))) < 3.5


@pytest.mark.parametrize("lag", [1, 2, 32])
def test_draws_of_a_prompt_are_independent(pairs: Any, lag: int) -> None:
    """Neither neighbours in order nor those that shared a place tell of each other."""
    classes = {token: i for i, (token, _) in enumerate(Counter(a for a, _ in pairs).most_common(5))}
    kinds = np.array([classes.get(first, 5) for first, _ in pairs])
    share = np.bincount(kinds, minlength=6) / len(kinds)
    together = Counter((kinds[lag:] * 6 + kinds[:-lag]).tolist())
    assert surprise(together, np.outer(share, share).reshape(-1)) < 3.5
