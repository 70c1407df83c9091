"""The fields of a line of schema 1, and their types."""

from __future__ import annotations

SCHEMA = 1

# Field of a line → the types it may have. None is always allowed for optional ones.
FIELDS: dict[str, tuple[type, ...]] = {
    "problem": (str, int),
    "index": (int,),
    "text": (str,),
    "finish_reason": (str,),
    "stop": (str,),
    "prompt_tokens": (int,),
    "completion_tokens": (int,),
    "think_tokens": (int,),
    "logprob": (int, float),
    "confidences": (list,),
    "logprobs": (dict,),
    "seconds": (int, float),
    "seed": (int,),
    "model": (str,),
    "pool": (str,),
    "params": (dict,),
    "reference": (dict,),
    "key": (str,),
    "prompt_id": (str,),
    "answer": (str, int, float),
    "correct": (bool,),
    "score": (int, float),
    "verifier_tokens": (int,),
    "scores": (dict,),
    "verifier": (str,),
    "status": (str,),
    "reads_reference": (bool,),
}
# Those that a record with several draws has for each of them, or not at all.
OF_A_DRAW = frozenset(FIELDS) - {
    *("problem", "model", "pool", "params", "reference", "prompt_id"),
    *("prompt_tokens", "verifier", "reads_reference"),
}
