"""Which of the allowed tokens can be sampled, found without asking about the whole vocabulary.

A constrained draw follows the model's distribution over the tokens that the constraint allows: the
others are removed first, and what remains is filtered (top_k, top_p, min_p) and sampled as always.
Tokens are asked about from the likeliest on, until the rest cannot change the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.records import SamplingParams
from ttc_llamacpp.kv_cache import Logits

# Below this temperature the exponents overflow; sampling is greedy in effect at much higher ones.
GREEDY = 1e-6

Ids = NDArray[np.integer[Any]]
Weights = NDArray[np.float32]
Allowed = Callable[[Ids], NDArray[np.bool_]]

# Shares of the mass above which tokens are asked about together.
_LEVELS = (1e-2, 3e-4, 1e-6)


class NothingAllowedError(ValueError):
    """No token of the vocabulary may come next."""

    def __init__(self) -> None:
        super().__init__("no token of this model continues a text that the constraint allows")


def _likeliest_first(weights: Weights, total: float) -> Iterator[tuple[Ids, float]]:
    """Yield tokens in parts, likeliest first, each with the weight below which the rest is.

    The last part, with level -1, is not sorted.
    """
    above = np.inf
    for level in (share * total for share in _LEVELS):
        ids = np.flatnonzero((weights >= level) & (weights < above))
        above = level
        if len(ids):
            yield ids[np.argsort(-weights[ids], kind="stable")], level
    yield np.flatnonzero(weights < above), -1.0


def candidates(logits: Logits, params: SamplingParams, allowed: Allowed) -> Ids:
    """Return the allowed tokens among which the draw samples, likeliest first.

    `logits` are (vocabulary,). Raises NothingAllowedError.
    """
    weights = np.exp(logits - logits.max())
    total = float(weights.sum(dtype=np.float64))
    kept: list[Ids] = []
    seen = 0.0
    for ids, level in _likeliest_first(weights, total):
        seen += float(weights[ids].sum(dtype=np.float64))
        kept.append(ids[allowed(ids)])
        some = np.concatenate(kept)
        if level < 0 or not len(some):
            continue
        rest = max(total - seen, 0.0)
        if (found := _filtered(some, weights[some], params, rest, level)) is not None:
            return found
    if not len(some):
        raise NothingAllowedError
    # What is far below the likeliest tokens is told apart by its logits alone.
    some = some[np.argsort(-logits[some], kind="stable")]
    among = np.exp(logits[some] - logits[some[0]])
    found = _filtered(some, among, params, 0.0, -1.0)
    return some if found is None else found


def _filtered(
    ids: Ids, weights: Weights, params: SamplingParams, rest: float, level: float
) -> Ids | None:
    """Return those of the allowed tokens that pass the filters; None if others may pass too.

    The mass of what was not asked about is `rest`, and each of it weighs less than `level`.
    """
    if params.temperature < GREEDY:
        return ids[:1]
    if params.top_k:
        # The chain's own filters see the k likeliest.
        return ids[: params.top_k] if len(ids) >= params.top_k else None
    if params.top_p < 1:
        mass = np.cumsum(weights, dtype=np.float64)
        needed = params.top_p * np.array([mass[-1], mass[-1] + rest])
        least, most = np.searchsorted(mass, needed)
        return ids[: int(least) + 1] if least == most and most < len(ids) else None
    return ids if params.min_p and level < params.min_p * float(weights[0]) else None


def unchecked(logits: Logits, allowed: Allowed) -> tuple[Ids, Ids]:
    """Return the tokens to sample from without filters, and those among them that are allowed for
    sure: the likely ones. If another one is sampled, it must be asked about."""
    weights = np.exp(logits - logits.max())
    level = _LEVELS[1] * float(weights.sum(dtype=np.float64))
    likely = np.flatnonzero(weights >= level)
    sure = likely[allowed(likely)]
    return np.concatenate([sure, np.flatnonzero(weights < level)]), sure
