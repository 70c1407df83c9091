"""How likely each of a few strings is to come next, by the first token of its spellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ttc_llamacpp.native import Model
from ttc_llamacpp.sequences import Logits


def spellings(choice: str) -> list[str]:
    """Return the ways a model may write a choice: in either case, with a blank before it."""
    cased = dict.fromkeys([choice, choice.lower(), choice.upper(), choice.capitalize()])
    return [blank + each for each in cased for blank in ("", " ")]


def first_tokens(model: Model, choices: Sequence[str]) -> dict[str, list[int]]:
    """Return the first tokens of each choice. ValueError if two choices share one."""
    found: dict[str, list[int]] = {}
    owner: dict[int, str] = {}
    for choice in choices:
        firsts: dict[int, None] = {}
        for spelling in spellings(choice):
            tokens = model.tokenize(spelling, add_bos=False)
            # A blank alone may begin anything.
            if tokens and model.piece(tokens[0]).strip():
                firsts[tokens[0]] = None
        for token in firsts:
            if owner.setdefault(token, choice) != choice:
                raise ValueError(
                    f"{owner[token]!r} and {choice!r} begin with the same token for this model"
                )
        if not firsts:
            raise ValueError(f"this model has no token that {choice!r} begins with")
        found[choice] = list(firsts)
    return found


def chances(logits: Logits, firsts: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the probability of each choice from raw logits (vocabulary,)."""
    top = float(logits.max())
    if not np.isfinite(top):
        raise ValueError("the model's output is not a number")
    total = float(np.exp(logits - np.float32(top), dtype=np.float64).sum())
    return {
        choice: float(np.exp(np.float64(logits[list(tokens)]) - top).sum() / total)
        for choice, tokens in firsts.items()
    }
