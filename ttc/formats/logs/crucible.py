"""Cassettes of crucible-ttc: those of its benchmarks, and those of its policies.

A benchmark's has traces with the verdict of its outcome verifier and the score of its process
reward model; a policy's has traces as steps. Calls of searches for single steps are no draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.opening import (
    accept,
    checked_text,
    count,
    document,
    names_in,
    unread,
)
from ttc.records import Message, Problem, Sample, Verdict

_PARAMETERS = ("temperature", "max_tokens", "seed")
_OF_RECORD = ("problem_id", "gold", "difficulty", "traces", "problem")
_OF_TRACE = ("text", "tokens", "correct", "prm_score", "steps", "compute")


class Crucible:
    """Cassettes of crucible-ttc."""

    name = "crucible"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a document has records with traces."""
        return names_in(head, "records", "traces") and (
            names_in(head, "meta") or names_in(head, "backend", "sampling")
        )

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the traces of a cassette. It has no options."""
        accept(options, (), self.name)
        whole = document(path)
        records = whole.get("records") if isinstance(whole, Mapping) else None
        if not isinstance(records, list):
            raise UsageError(f"{path}: no cassette of draws: it has no list of 'records'")
        about = _about(whole)
        left = frozenset({"step_records"} if whole.get("step_records") else ())
        for record in records:
            if not isinstance(record, Mapping):
                raise UsageError(f"{path}: a record must be an object, not {record!r:.40}")
            problem = _problem(record, str(path))
            fields = left | unread(record, _OF_RECORD)
            for at, trace in enumerate(record.get("traces") or ()):
                place = f"{path}: {problem.id}[{at}]"
                if not isinstance(trace, Mapping):
                    raise UsageError(f"{place}: a trace must be an object, not {trace!r:.40}")
                yield Draw(
                    problem,
                    _sample(problem.id, at, trace, about, place),
                    tuple(_opinions(trace, about)),
                    place,
                    unused=fields | unread(trace, _OF_TRACE),
                )


def _about(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a cassette says of all its traces. The seed of a run is that of its draws."""
    meta = whole.get("meta")
    told = meta if isinstance(meta, Mapping) else {**(whole.get("sampling") or {}), **whole}
    params = {name: told[name] for name in _PARAMETERS if told.get(name) is not None}
    model = told.get("model") or told.get("backend")
    prm = {name: told[name] for name in ("prm", "prm_aggregate") if told.get(name) is not None}
    return {"model": None if model is None else str(model), "params": params, "prm": prm}


def _problem(record: Mapping[str, Any], place: str) -> Problem:
    about = record.get("problem")
    about = about if isinstance(about, Mapping) else {}
    name = record.get("problem_id", about.get("id"))
    if name is None:
        raise UsageError(f"{place}: a record names no problem")
    gold = record.get("gold", about.get("answer"))
    level = record.get("difficulty", about.get("difficulty"))
    asked = about.get("prompt")
    messages = (Message("user", checked_text(asked, place, "'prompt'")),) if asked else ()
    return Problem(
        str(name),
        messages,
        reference={} if gold is None else {"answer": str(gold)},
        tags={} if level is None else {"difficulty": str(level)},
    )


def _sample(
    problem: str, at: int, trace: Mapping[str, Any], about: Mapping[str, Any], place: str
) -> Sample:
    compute = trace.get("compute")
    compute = compute if isinstance(compute, Mapping) else {}
    if "steps" in trace:
        steps = [checked_text(step.get("text"), place, "a step") for step in trace["steps"] or ()]
        text = "\n\n".join(steps)
    else:
        text = checked_text(trace.get("text"), place, "'text'")
    # 0 stands for unknown: crucible's records begin with it.
    tokens = count(trace.get("tokens", compute.get("policy_gen_tokens"))) or None
    seconds = compute.get("wall_seconds")
    return Sample(
        problem,
        at,
        text,
        "stop",
        completion_tokens=0 if tokens is None and not text else tokens,
        seconds=float(seconds) if isinstance(seconds, (int, float)) and seconds > 0 else None,
        model=about["model"],
        params=about["params"],
    )


def _opinions(trace: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[Opinion]:
    correct, score = trace.get("correct"), trace.get("prm_score")
    if isinstance(correct, bool):
        yield Opinion("crucible", Verdict(correct=correct, reads_reference=True))
    if isinstance(score, (int, float)) and not isinstance(score, bool):
        verdict = Verdict(score=float(score), reads_reference=False)
        yield Opinion("crucible:prm", verdict, "", about["prm"])
