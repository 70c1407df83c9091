"""Where a draw of a log goes: whether the pool has it, lacks it, or contradicts it.

Decisions are made from what the pool holds, without writing, so that a dry run makes the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ttc import keys, plugins
from ttc.exchange.lines import TOOL
from ttc.exchange.sources import Log
from ttc.exchange.survey import is_attempt
from ttc.exchange.tally import Tally
from ttc.exchange.targets import Target
from ttc.formats import Draw, Opinion
from ttc.messages import secrets
from ttc.records import Problem, Verdict
from ttc.store.imported import Held, imported_verifier, mark, prompt_of, verdict_on
from ttc.store.sql import storable

NO_REFERENCE = keys.reference_id({})


@dataclass(slots=True)
class Step:
    """What to write of one draw: its problem or what is new of it, the sample or the attempt
    (`index` None: neither), and verdicts."""

    target: Target
    draw: Draw
    index: int
    origin: str | None = None
    enrol: bool = False
    learn: bool = False
    refer: bool = False
    tag: Mapping[str, str] | None = None
    sample: bool = False
    attempt: bool = False
    opinions: list[Opinion] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.enrol
            or self.learn
            or self.refer
            or self.tag is not None
            or self.sample
            or self.attempt
            or self.opinions
        )


class Placer:
    """Decides about the draws of logs one by one, and counts."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        tally: Tally,
        binary: Mapping[str, bool],
        data: Mapping[str, Problem] | None,
    ) -> None:
        self._connection = connection
        self._tally = tally
        self._binary = binary
        self._data = data
        self._verifiers: dict[tuple[str, str], int] = {}
        self._prompts: dict[str, Problem | None] = {}
        self._own = frozenset(plugins.installed("verifiers"))

    def place(self, target: Target, log: Log, draw: Draw, origin: str | None) -> Step | None:
        """Return what to write of a draw; None if it contradicts the pool."""
        if (problem := self._completed(draw)) is not draw.problem:
            draw = replace(draw, problem=problem)
        held = target.of(self._connection, draw.problem.id)
        step = Step(target, draw, draw.sample.index, origin)
        if not self._problem(step, held):
            return None
        if held.asks is None:
            self._tally.unknown.add(draw.problem.id)
        else:
            self._tally.unknown.discard(draw.problem.id)
        if is_attempt(draw):
            self._attempt(step, held)
            return step
        if not self._sample(step, held):
            return None
        if step.index not in held.counted:
            held.counted.add(step.index)
            self._tally.draws_of[target.name, draw.problem.id] += 1
        step.opinions = [self._finished(log, draw, each) for each in draw.opinions]
        if not step.sample:
            step.opinions = [each for each in step.opinions if self._is_new(step, held, each)]
        self._tally.verdicts.update(each.verifier for each in step.opinions)
        return step

    def _completed(self, draw: Draw) -> Problem:
        """Return a problem with what the log lacks of it: the question of a prompt that the store
        has, and what the data of --problems has."""
        problem, prompt = draw.problem, draw.sample.prompt_id
        if prompt is not None and not problem.messages and problem.prompt is None:
            if prompt not in self._prompts:
                self._prompts[prompt] = prompt_of(self._connection, prompt)
            known = self._prompts[prompt]
            if known is not None:
                problem = replace(problem, messages=known.messages, prompt=known.prompt)
        if self._data is None:
            return problem
        known = self._data.get(problem.id)
        if known is None:
            self._tally.lacking.add(problem.id)
            return problem
        self._tally.matched.add(problem.id)
        asked = problem if problem.messages or problem.prompt is not None else known
        return replace(
            problem,
            messages=asked.messages,
            prompt=asked.prompt,
            reference=problem.reference or known.reference,
            tags={**known.tags, **problem.tags},
        )

    def _problem(self, step: Step, held: Held) -> bool:
        """Compare the problem of a draw with the pool's; False if they contradict each other."""
        problem = step.draw.problem
        asks = keys.prompt_id(problem) if problem.messages or problem.prompt is not None else None
        reference = keys.reference_id(problem.reference)
        if held.reference is None:
            step.enrol = True
            held.asks, held.reference, held.tags = asks, reference, dict(problem.tags)
            return True
        if asks is not None and held.asks is not None and asks != held.asks:
            return self._conflict("another question for the problem", step)
        if held.reference not in (NO_REFERENCE, reference) and reference != NO_REFERENCE:
            return self._conflict("another reference for the problem", step)
        if asks is not None and held.asks is None:
            step.learn, held.asks = True, asks
            self._tally.questions += 1
        if held.reference == NO_REFERENCE != reference:
            step.refer, held.reference = True, reference
            self._tally.references += 1
        tags = {**problem.tags, **held.tags}
        if tags != dict(held.tags):
            step.tag = held.tags = tags
        return True

    def _conflict(self, kind: str, step: Step) -> bool:
        self._tally.conflicts.add(kind, step.draw.place)
        return False

    def _attempt(self, step: Step, held: Held) -> None:
        sample = step.draw.sample
        step.draw = replace(step.draw, error=storable(secrets.redacted(step.draw.error)))
        this = sample.index, sample.finish_reason, step.draw.error, mark(sample.text)
        step.attempt = this not in held.attempts
        self._tally.attempts += step.attempt
        held.attempts.add(this)

    def _sample(self, step: Step, held: Held) -> bool:
        """Find the index of a draw; False if the pool has it with another text."""
        text = mark(step.draw.sample.text)
        if step.draw.fixed:
            known = step.index if step.index in held.texts else None
        else:
            known = held.origins.get(step.origin or "")
        if known is not None:
            step.index = known
            if held.texts[known] != text:
                return self._conflict("another text for the draw", step)
            self._tally.known += 1
            return True
        if step.index in held.texts:
            self._tally.repeated += text in held.marks
            step.index = held.top + 1
        step.sample = True
        held.put(step.index, text)
        if step.origin is not None:
            held.origins[step.origin] = step.index
        self._tally.new += 1
        return True

    def _finished(self, log: Log, draw: Draw, opinion: Opinion) -> Opinion:
        """Return a verdict of a log as it is kept: with the tool in its configuration, and decided
        if the verifier scores with 0 and 1 alone."""
        verdict, config = opinion.verdict, {**opinion.config, "imported": log.tool}
        score = verdict.score
        if score is not None and score != score:
            verdict = replace(verdict, score=None)
        elif score is not None and verdict.correct is None and self._may_decide(log, opinion):
            if self._binary.get(opinion.verifier, False):
                verdict = replace(verdict, correct=score == 1)
            else:
                self._tally.undecided.add(opinion.verifier)
        answer = None if verdict.answer is None else storable(verdict.answer)
        detail = storable(verdict.detail)
        if (answer, detail) != (verdict.answer, verdict.detail):
            verdict = replace(verdict, answer=answer, detail=detail)
        version = opinion.version or draw.version
        return Opinion(opinion.verifier, verdict, version, config)

    def _may_decide(self, log: Log, opinion: Opinion) -> bool:
        """Return whether scores may say what is correct: not those of a verifier of ttc, which says
        so itself, and not those that are made without the reference."""
        ours = log.tool == TOOL or opinion.verifier in self._own
        return not ours and opinion.verdict.reads_reference is not False

    def _is_new(self, step: Step, held: Held, opinion: Opinion) -> bool:
        """Return whether the pool lacks a verdict on a draw that it has."""
        verifier = self.verifier(opinion)
        if verifier is None or held.request_id is None or step.refer:
            return True
        key = held.request_id, step.index, verifier, held.reference or NO_REFERENCE
        there = verdict_on(self._connection, *key)
        if there is None:
            return True
        if _told(there) != _told(opinion.verdict):
            self._conflict(f"another verdict by {opinion.verifier} on the draw", step)
        return False

    def verifier(self, opinion: Opinion) -> int | None:
        """Return the row id of a verifier if the store has it."""
        key = opinion.verifier, keys.canonical_json(opinion.config)
        if key not in self._verifiers:
            found = imported_verifier(self._connection, *key)
            if found is None:
                return None
            self._verifiers[key] = found
        return self._verifiers[key]


def _told(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.answer, verdict.correct, verdict.score, verdict.status, verdict.detail
