"""What the schema of Every Eval Ever has no place for: written as JSON under a key of ttc."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from ttc import token_logprobs
from ttc.formats import Draw, Opinion
from ttc.records import Message, Problem, Verdict

OURS = "ttc"
FIELDS = (
    *("stop", "seed", "logprob", "confidences", "seconds"),
    *("prompt_tokens", "completion_tokens", "think_tokens"),
)


def ours_of(draw: Draw) -> dict[str, Any]:
    """Return what has no place of its own in an instance."""
    sample, problem, opinion = draw.sample, draw.problem, draw.opinions[0]
    known = {name: getattr(sample, name) for name in FIELDS}
    if sample.confidences is not None:
        known["confidences"] = list(sample.confidences)
    verdict = opinion.verdict
    score = verdict.score
    found: dict[str, Any] = {
        "messages": [list(turn) for turn in problem.messages],
        "reference": dict(problem.reference),
        "tags": dict(problem.tags),
        "sample": {name: value for name, value in known.items() if value is not None},
        "model": sample.model,
        "logprobs": token_logprobs.written(sample.token_logprobs),
        "verdict": {
            "answer": verdict.answer,
            "correct": verdict.correct,
            "score": score if score is None or isfinite(score) else str(score),
            "status": verdict.status,
            "detail": verdict.detail,
            "tokens": verdict.tokens,
            "reads_reference": verdict.reads_reference,
        },
        "verifier": opinion.verifier,
        "version": opinion.version,
        "config": {name: each for name, each in opinion.config.items() if name != "imported"},
    }
    return found if problem.prompt is None else {**found, "prompt": problem.prompt}


def problem_of(name: str, ours: Mapping[str, Any]) -> Problem:
    """Return the problem that ttc wrote."""
    turns = tuple(Message(*turn) for turn in ours.get("messages") or ())
    return Problem(
        name, turns, ours.get("prompt"), dict(ours.get("reference") or {}), ours.get("tags") or {}
    )


def opinion_of(ours: Mapping[str, Any]) -> Opinion:
    """Return the verdict that ttc wrote."""
    about = dict(ours["verdict"])
    about["score"] = None if about.get("score") is None else float(about["score"])
    version, config = str(ours.get("version") or ""), dict(ours.get("config") or {})
    return Opinion(str(ours.get("verifier")), Verdict(**about), version, config)
