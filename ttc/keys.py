"""Identity: what makes two draws the same draw, and two pools the same pool.

The key of a sample is a digest of everything that changes its distribution: backend, model
fingerprint, rendered prompt, sampling parameters and base seed. The draw index is beside it,
never in it, and neither is n: asking for 64 after 16 draws 48. The seed of draw i derives from
the key and i alone, so it depends neither on n nor on the order of drawing.

Digests are tagged (`key1:…`): should the recipe ever change, old keys stay recognisable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from ttc.records import Problem, SamplingParams

# Odd, so that i ↦ i·STEP is a bijection modulo 2³¹: no two draws of a prompt share a seed.
STEP = 0x9E3779B1
SEED_SPACE = 1 << 31
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_json(value: Any) -> str:
    """Serialise so that equal values give equal text; ValueError for NaN and infinities."""
    return _ENCODER.encode(value)


def digest(tag: str, value: Any) -> str:
    """Return `tag:` and 128 bits of SHA-256 over the tag and the canonical JSON of value."""
    return f"{tag}:" + hashlib.sha256(f"{tag}\0{canonical_json(value)}".encode()).hexdigest()[:32]


def prompt_content(problem: Problem) -> dict[str, Any]:
    """Return the prompt as JSON: `{"messages": […]}` or `{"prompt": …}`.

    A question that is not known (of an imported log) is told from others by the problem's id.
    """
    if problem.prompt is not None:
        return {"prompt": problem.prompt}
    if not problem.messages:
        return {"messages": [], "unknown": problem.id}
    return {"messages": [message._asdict() for message in problem.messages]}


def prompt_id(problem: Problem) -> str:
    """Return the digest of the prompt alone, without model and sampling."""
    return digest("prompt1", prompt_content(problem))


def reference_id(reference: Mapping[str, Any]) -> str:
    """Return the digest of a reference; verdicts hold for one reference."""
    return digest("ref1", reference)


def identity(
    backend: str,
    fingerprint: str,
    params: SamplingParams,
    seed: int = 0,
    unset: Collection[str] = (),
) -> dict[str, Any]:
    """Return everything but the prompt that changes a draw.

    A parameter in `unset` whose value is off is not sent, and its value here is None.
    """
    fields = {**asdict(params), "stop": list(params.stop)}
    fields |= {"logit_bias": {str(token): bias for token, bias in params.logit_bias}}
    fields |= {"extra": params.extra_fields}
    fields |= dict.fromkeys(name for name in unset if name in params.off)
    for name in params.unset:
        del fields[name]  # keys from before there was such a parameter stay as they are
    return {"backend": backend, "fingerprint": fingerprint, "seed": seed, **fields}


def shown_params(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an identity that a sample shows as its `params`: all but backend and
    weights, for which its `model` stands."""
    return {k: v for k, v in identity.items() if k not in ("backend", "fingerprint")}


def sample_key(identity: Mapping[str, Any], prompt: str) -> str:
    """Return the key of the draws of one prompt (given by its `prompt_id`)."""
    return digest("key1", {**identity, "prompt": prompt})


def draw_seed(key: str, index: int) -> int:
    """Return the seed of draw `index`: in [0, 2³¹), distinct for all draws of a key."""
    base = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    return (base + index * STEP) % SEED_SPACE
