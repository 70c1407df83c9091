"""Samples one of the allowed tokens without asking about the whole vocabulary.

A constrained draw follows the model's distribution over the tokens that the constraint allows: the
others are removed first, and what remains is filtered (top_k, top_p, min_p) and sampled at the
temperature. Tokens are asked about from the likeliest on, until no answer about the rest could
change which one the random number chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttc.records import SamplingParams
from ttc_llamacpp.candidates import Ids
from ttc_llamacpp.kv_cache import Logits

# Below this temperature the exponents overflow; sampling is greedy in effect at much higher ones.
GREEDY = 1e-6

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]
Allowed = Callable[[Ids], NDArray[np.bool_]]

# Shares of the mass above which tokens are asked about together.
_LEVELS = (1e-2, 3e-4, 1e-5)


class NothingAllowedError(ValueError):
    """No token of the vocabulary may come next."""

    def __init__(self) -> None:
        super().__init__("no token of this model continues a text that the constraint allows")


@dataclass(frozen=True, slots=True)
class _Known:
    """The allowed tokens so far, likeliest first: cumulated mass at temperature 1 and at that of
    the draw, and the mass of the tokens that were not asked about; each of these weighs less than
    `level` times the first one."""

    ids: Ids
    mass: Floats
    tempered: Floats
    rest: tuple[float, float]
    level: float


def pick(logits: Logits, params: SamplingParams, allowed: Allowed, chance: float) -> int:
    """Return the token that a random number in [0, 1) stands for. Raises NothingAllowedError.

    `logits` are (vocabulary,). Likelier tokens have the lower numbers.
    """
    top = logits.max()
    weights = np.exp(logits - top)
    greedy = params.temperature < GREEDY
    tempered = weights if greedy else np.exp((logits - top) / np.float32(params.temperature))
    totals = [float(each.sum(dtype=np.float64)) for each in (weights, tempered)]
    kept: list[Ids] = []
    for ids, level in _likeliest_first(weights, totals[0]):
        totals[0] -= float(weights[ids].sum(dtype=np.float64))
        totals[1] -= float(tempered[ids].sum(dtype=np.float64))
        kept.append(ids[allowed(ids)])
        some = np.concatenate(kept)
        if level < 0 or not len(some):
            continue
        if greedy:
            return int(some[0])
        sums = [np.cumsum(each[some], dtype=np.float64) for each in (weights, tempered)]
        share = level / float(weights[some[0]])
        rest = max(totals[0], 0.0), max(totals[1], 0.0)
        found = _chosen(_Known(some, sums[0], sums[1], rest, share), params, chance)
        if found is not None:
            return found
    if not len(some):
        raise NothingAllowedError
    return _from_all(some, logits, params, chance)


def _from_all(ids: Ids, logits: Logits, params: SamplingParams, chance: float) -> int:
    """Sample when all allowed tokens are known. Far below the likeliest tokens of the vocabulary
    only their logits tell them apart."""
    ids = ids[np.argsort(-logits[ids], kind="stable")]
    if params.temperature < GREEDY:
        return int(ids[0])
    below = (logits[ids] - logits[ids[0]]).astype(np.float64)
    mass, tempered = (np.cumsum(np.exp(below / each)) for each in (1.0, params.temperature))
    found = _chosen(_Known(ids, mass, tempered, (0.0, 0.0), 0.0), params, chance)
    assert found is not None
    return found


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


def _chosen(known: _Known, params: SamplingParams, chance: float) -> int | None:
    """Return the token that the number stands for, None if that depends on the rest."""
    count, (rest, rest_tempered) = len(known.ids), known.rest
    # The last of the tokens that pass the filters: if none of the rest is allowed, and if all are.
    least, most = count - 1, count if rest or rest_tempered else count - 1
    mass = known.mass[-1], known.mass[-1] + rest
    if params.top_k and count >= params.top_k:
        least = most = params.top_k - 1
        mass = known.mass[least], known.mass[least]
    if params.top_p < 1:
        first, last = np.searchsorted(known.mass, params.top_p * np.array(mass))
        least, most = min(least, int(first)), min(most, int(last))
    if params.min_p and known.level < params.min_p:
        shares = np.diff(known.mass, prepend=0.0) / known.mass[0]
        passing = int(np.count_nonzero(shares >= params.min_p)) - 1
        least, most = min(least, passing), min(most, passing)
    low = known.tempered[least]
    high = known.tempered[most] if most < count else known.tempered[-1] + rest_tempered
    one, other = np.searchsorted(known.tempered, chance * np.array((low, high)), "right")
    return int(known.ids[one]) if one == other and one <= least else None
