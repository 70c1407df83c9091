"""Writing a log of inspect (.eval): a sample for each draw, a score for each verdict.

What a log of inspect has no place for is under the key `ttc` of its metadata.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, BinaryIO

from ttc import token_logprobs
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.inspect_log.run import PARAMETERS
from ttc.formats.logs.inspect_log.samples import FIELDS
from ttc.formats.logs.inspect_log.scores import OURS, score_of, value_of
from ttc.records import Message, Problem

_NAMES = {"stop": "stop_seqs"}  # parameters of ttc that inspect calls otherwise


def write(draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
    """Write one log; UsageError for draws of several models or parameters."""
    log = _Log()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for draw in draws:
            sample = log.add(draw)
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, _json(sample))
        header = log.header()
        start = {name: header[name] for name in ("version", "eval", "plan")}
        archive.writestr("_journal/start.json", _json(start))
        archive.writestr("summaries.json", _json(log.summaries))
        archive.writestr("header.json", _json(header))
    return []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


class _Log:
    """Collects the header of a log from its draws."""

    def __init__(self) -> None:
        self.summaries: list[dict[str, Any]] = []
        self._first: Draw | None = None
        self._ids: dict[str, None] = {}
        self._epochs = 0
        self._means: dict[str, tuple[float, int]] = {}
        self._identity = hashlib.sha256()

    def add(self, draw: Draw) -> dict[str, Any]:
        """Return the sample of a draw."""
        first = self._first = self._first or draw
        here, there = draw.sample, first.sample
        if (here.model, dict(here.params)) != (there.model, dict(there.params)):
            raise UsageError(
                "a log of inspect has one model with one setting of its parameters: export these "
                "pools one by one"
            )
        self._ids[draw.problem.id] = None
        self._epochs = max(self._epochs, draw.sample.index + 1)
        self._identity.update(f"{draw.problem.id}\0{here.index}\0{here.text}\0".encode())
        sample = _sample(draw, self._named(draw.opinions))
        self.summaries.append(_summary(sample))
        return sample

    def _named(self, opinions: Iterable[Opinion]) -> dict[str, dict[str, Any]]:
        """Return scores by name, and count them."""
        scores: dict[str, dict[str, Any]] = {}
        for opinion in opinions:
            name = opinion.verifier.removeprefix("inspect:")
            number = 2
            while name in scores:
                name, number = f"{opinion.verifier}.{number}", number + 1
            scores[name] = score_of(opinion)
            total, of = self._means.get(name, (0.0, 0))
            self._means[name] = total + value_of(scores[name]), of + 1
        return scores

    def header(self) -> dict[str, Any]:
        """Return the header. UsageError if there was no draw."""
        if self._first is None:
            raise UsageError("no draws to export")
        sample, name = self._first.sample, self._identity.hexdigest()[:22]
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        about = {
            "eval_id": name,
            "run_id": name,
            "created": now,
            "task": sample.pool or "ttc",
            "task_id": name,
            "task_version": 0,
            "dataset": {
                "name": sample.pool,
                "samples": len(self._ids),
                "sample_ids": list(self._ids),
                "shuffled": False,
            },
            "model": sample.model or "unknown",
            "config": {"epochs": self._epochs},
            "packages": {},
            "scorers": [{"name": each, "options": {}} for each in self._means],
            "metadata": {OURS: {"params": dict(sample.params)}},
        }
        return {
            "version": 2,
            "status": "success",
            "eval": about,
            "plan": {"name": "plan", "steps": [], "config": _config(sample.params)},
            "results": {
                "total_samples": len(self.summaries),
                "completed_samples": len(self.summaries),
                "scores": [_means(each, *told) for each, told in self._means.items()],
            },
            "stats": {"started_at": now, "completed_at": now},
        }


def _means(name: str, total: float, of: int) -> dict[str, Any]:
    metric = {"name": "accuracy", "value": total / of}
    return {"name": name, "scorer": name, "metrics": {"accuracy": metric}}


def _config(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that inspect has a name for."""
    named = {_NAMES.get(name, name): value for name, value in params.items()}
    return {name: named[name] for name in PARAMETERS if named.get(name) not in (None, [], {})}


def _sample(draw: Draw, scores: Mapping[str, Any]) -> dict[str, Any]:
    problem, sample = draw.problem, draw.sample
    asked = _asked(problem)
    told = asked if isinstance(asked, list) else [{"role": "user", "content": asked}] * bool(asked)
    model = sample.model or "unknown"
    answer = {"role": "assistant", "content": sample.text, "source": "generate", "model": model}
    reason = "max_tokens" if sample.finish_reason == "length" else "stop"
    return {
        "id": problem.id,
        "epoch": sample.index + 1,
        "input": asked,
        "target": _target(problem.reference),
        "choices": _choices(problem.reference),
        "messages": [*told, answer],
        "output": {
            "model": model,
            "choices": [
                {
                    "message": answer,
                    "stop_reason": reason,
                    "logprobs": token_logprobs.written(sample.token_logprobs),
                }
            ],
            "completion": sample.text,
            "usage": _usage(draw),
            "time": sample.seconds,
        },
        "scores": dict(scores) or None,
        "metadata": {**problem.tags, OURS: _ours(draw)},
        "uuid": _uuid(draw),
    }


def _asked(problem: Problem) -> Any:
    if problem.prompt is not None:
        return problem.prompt
    return [_turn(message) for message in problem.messages] or ""


def _turn(message: Message) -> dict[str, str]:
    known = message.role if message.role in ("system", "user", "assistant") else "user"
    return {"role": known, "content": message.content}


def _target(reference: Mapping[str, Any]) -> Any:
    answer = reference.get("answer", "")
    if isinstance(answer, list) and all(isinstance(each, str) for each in answer):
        return answer
    return answer if isinstance(answer, str) else json.dumps(answer)


def _choices(reference: Mapping[str, Any]) -> list[str] | None:
    choices = reference.get("choices")
    plain = isinstance(choices, list) and all(isinstance(each, str) for each in choices)
    return choices if plain else None


def _usage(draw: Draw) -> dict[str, Any] | None:
    asked, generated = draw.sample.prompt_tokens, draw.sample.completion_tokens
    if asked is None and generated is None:
        return None
    known = {"input_tokens": asked or 0, "output_tokens": generated or 0}
    thought = {"reasoning_tokens": draw.sample.think_tokens}
    return {**known, "total_tokens": sum(known.values()), **thought}


def _ours(draw: Draw) -> dict[str, Any]:
    """Return what has no place of its own in a sample of inspect."""
    problem, sample = draw.problem, draw.sample
    confidences = None if sample.confidences is None else list(sample.confidences)
    known = {name: getattr(sample, name) for name in FIELDS} | {"confidences": confidences}
    found: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    found |= {"reference": dict(problem.reference), "tags": dict(problem.tags)}
    if problem.prompt is not None:
        found["prompt"] = problem.prompt
    return found


def _uuid(draw: Draw) -> str:
    """Return the identifier of a draw: that of its log, or one made from its key."""
    if draw.id is not None and draw.id.startswith("inspect:"):
        return draw.id.removeprefix("inspect:")
    of = draw.sample.key or draw.sample.pool or ""
    named = f"{of}\0{draw.problem.id}\0{draw.sample.index}"
    return "ttc" + hashlib.sha256(named.encode()).hexdigest()[:19]


def _summary(sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lists of samples show."""
    scores = {
        name: {"value": score["value"], "answer": (score["answer"] or "")[:200] or None}
        for name, score in (sample["scores"] or {}).items()
    }
    asked = sample["input"]
    shown = asked if isinstance(asked, str) else asked[-1:]
    names = ("id", "epoch", "target", "choices", "uuid")
    return {
        **{name: sample[name] for name in names},
        "input": shown,
        "scores": scores or None,
        "completed": True,
    }
