"""Writing what was decided about the draws of logs, in transactions of many draws."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from ttc import keys
from ttc.backends.requests import Completion
from ttc.exchange.placing import NO_REFERENCE, Step
from ttc.formats import Opinion
from ttc.records import Sample
from ttc.store import imported, pools, samples, tags, verdicts, verifiers
from ttc.store.verifiers import VerifierId


def write(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Write some steps; their targets have their pools after it."""
    for step in steps:
        _problem(connection, step)
        request = step.target.held[step.draw.problem.id].request_id
        assert request is not None  # a problem is enrolled before its draws
        if step.attempt:
            samples.insert_attempt(connection, request, step.index, _completion(step))
        if step.sample:
            seed = step.draw.sample.seed
            done = _completion(step)
            samples.insert(connection, request, step.index, seed, done, origin=step.origin)
        _verdicts(connection, step, request)


def _problem(connection: sqlite3.Connection, step: Step) -> None:
    target, problem = step.target, step.draw.problem
    if target.pool is None:
        target.pool = pools.make(
            connection, target.name, target.name, target.model, target.identity
        )
    pool, held = target.pool, target.held[problem.id]
    if step.enrol:
        asks = target.request(problem.id)
        (enrolled,) = tags.enrol(connection, pool, [problem], asks)
        held.request_id = enrolled.request_id
    assert held.request_id is not None  # it was enrolled in an earlier step, or is in the store
    if step.learn:
        asks = target.request(problem.id)
        imported.learn_question(connection, held.request_id, problem, asks)
    if step.refer:
        imported.set_reference(connection, pool, problem.id, problem.reference)
    if step.tag is not None:
        tags.write(connection, pool.id, problem.id, step.tag)


def _completion(step: Step) -> Completion:
    """Return a sample as the store takes completions. Of its times only the length is known."""
    sample: Sample = step.draw.sample
    timed: dict[str, Any] = {}
    if sample.seconds is not None:
        timed = {"started": 0.0, "ended": sample.seconds}
    return Completion(
        request_id="",
        text=sample.text,
        finish_reason=sample.finish_reason,
        prompt_tokens=sample.prompt_tokens,
        completion_tokens=sample.completion_tokens,
        think_tokens=sample.think_tokens,
        logprob=sample.logprob,
        stop=sample.stop,
        confidences=sample.confidences,
        token_logprobs=sample.token_logprobs,
        error=step.draw.error or None,
        **timed,
    )


def _verdicts(connection: sqlite3.Connection, step: Step, request: int) -> None:
    if not step.opinions:
        return
    row = imported.sample_id(connection, request, step.index)
    assert row is not None  # a verdict is on a draw that was written, or was there
    reference = step.target.held[step.draw.problem.id].reference or NO_REFERENCE
    for opinion in step.opinions:
        verifier = _verifier(connection, opinion)
        verdicts.put(connection, (row, verifier, reference), opinion.verdict)


def _verifier(connection: sqlite3.Connection, opinion: Opinion) -> int:
    name, config = opinion.verifier, keys.canonical_json(opinion.config)
    found = imported.imported_verifier(connection, name, config)
    if found is not None:
        return found
    who = VerifierId(name, opinion.version, opinion.config)
    return verifiers.verifier_id(connection, who, opinion.verdict.reads_reference)
