"""Probabilities of a few next strings, each by the first token of its spellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ttc.backends import Completion
from ttc.backends.choice_tokens import first_tokens
from ttc_llamacpp.draws import SequenceDraw
from ttc_llamacpp.kv_cache import Logits
from ttc_llamacpp.llama_api import Model


def choose(model: Model, draw: SequenceDraw, logits: Logits) -> Completion:
    """Answer a request with `choices` from the logits after its prompt, (vocabulary,)."""
    try:
        firsts = first_tokens_of(model, draw.request.choices)
        draw.chances = chances(logits, firsts)
    except ValueError as error:
        return draw.finish("error", str(error))
    return draw.finish("stop")


def first_tokens_of(model: Model, choices: Sequence[str]) -> dict[str, list[int]]:
    """Return the first tokens of each choice. Raises ValueError if two choices share one."""
    return first_tokens(
        choices,
        lambda text: model.tokenize(text, add_bos=False),
        lambda token: not model.piece(token).strip(),
    )


def chances(logits: Logits, firsts: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the probability of each choice from raw logits (vocabulary,).

    Raises ValueError if the logits are not finite.
    """
    top = float(logits.max())
    if not np.isfinite(top):
        raise ValueError("the model's output is not a number")
    total = float(np.exp(logits - np.float32(top), dtype=np.float64).sum())
    return {
        choice: float(np.exp(np.float64(logits[list(tokens)]) - top).sum() / total)
        for choice, tokens in firsts.items()
    }
