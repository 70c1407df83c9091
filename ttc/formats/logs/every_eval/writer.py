"""Writing records of Every Eval Ever: an aggregate, and a line for each draw.

Its schema wants a decided verdict of each draw. What it has no place for is under the key `ttc` of
the metadata, as JSON in a text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from time import time
from typing import Any, BinaryIO

from ttc import jsonl, paths
from ttc.errors import UsageError
from ttc.formats import Draw
from ttc.formats.logs.every_eval.fields import OURS, ours_of
from ttc.messages.counts import some
from ttc.records import Problem

SCHEMA = "0.3.0"
_SAMPLES = "_samples.jsonl"
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.I)


class Instances:
    """Writes instances, and collects what their aggregate says."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.first: Draw | None = None
        self.rows = 0
        self.correct = 0
        self.verifier = ""
        self.digest = hashlib.sha256()
        self._left_out = 0

    def write(self, draws: Iterable[Draw]) -> list[str]:
        """Write a line for each draw that was judged; return what was left out. UsageError if none
        was judged, or the draws are of several models."""
        for draw in draws:
            first = self.first = self.first or draw
            here, there = draw.sample, first.sample
            if (here.model, dict(here.params)) != (there.model, dict(there.params)):
                raise UsageError("every-eval-ever has one model a file: export pools one by one")
            if not draw.opinions or draw.opinions[0].verdict.correct is None:
                self._left_out += 1
                continue
            line = jsonl.dump(_line(draw, self.identity)).encode() + b"\n"
            self._stream.write(line)
            self.digest.update(line)
            self.rows += 1
            self.correct += bool(draw.opinions[0].verdict.correct)
            self.verifier = self.verifier or draw.opinions[0].verifier
        if not self.rows:
            raise UsageError(
                "every-eval-ever wants a verdict, correct or not, on each draw, and there is none: "
                "ttc verify POOL -V NAME first"
            )
        if not self._left_out:
            return []
        return [
            f"every-eval-ever cannot hold: {some(self._left_out, 'draw')} without a decided verdict"
        ]

    @property
    def identity(self) -> str:
        """The name of the evaluation."""
        assert self.first is not None  # a draw was written
        sample = self.first.sample
        model = (sample.model or "unknown").replace("/", "_")
        of = hashlib.sha256(jsonl.dump(dict(sample.params)).encode()).hexdigest()[:10]
        return f"{sample.pool or 'ttc'}/{model}/{of}"


def write_files(draws: Iterable[Draw], target: Path) -> list[str]:
    """Write the aggregate to `target`, and the instances beside it."""
    beside = target.with_name(target.name.removesuffix(".json") + _SAMPLES)
    try:
        with paths.replacing(beside) as part, part.open("wb") as stream:
            instances = Instances(stream)
            notes = instances.write(draws)
    except OSError as error:
        raise paths.unwritable(beside, error, "-o") from None
    aggregate = _aggregate(instances, target.name.removesuffix(".json"))
    paths.atomic_write(target, json.dumps(aggregate, indent=2) + "\n", "-o")
    return [*notes, f"the instances are in {beside.name}, beside it"]


def _aggregate(instances: Instances, stem: str) -> dict[str, Any]:
    assert instances.first is not None  # at least one line was written
    sample, now = instances.first.sample, str(int(time()))
    model, dataset = sample.model or "unknown", sample.pool or "unknown"
    names = ("temperature", "top_p", "top_k", "max_tokens")
    known = {name: sample.params[name] for name in names if sample.params.get(name) is not None}
    unknown = {"deployment_type": "unknown", "model_availability": "unknown"}
    ours = {OURS: jsonl.dump(dict(sample.params))}
    found: dict[str, Any] = {
        "schema_version": SCHEMA,
        "evaluation_id": instances.identity,
        "retrieved_timestamp": now,
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "ttc", "version": "unknown"},
        "model_info": {"name": model, "id": model, "additional_details": unknown},
        "evaluation_results": [
            {
                "evaluation_result_id": _result(instances),
                "evaluation_name": dataset,
                "source_data": {"dataset_name": dataset, "source_type": "other"},
                "metric_config": {
                    "metric_id": "accuracy",
                    "metric_kind": "accuracy",
                    "lower_is_better": False,
                    "score_type": "continuous",
                    "min_score": 0.0,
                    "max_score": 1.0,
                },
                "score_details": {"score": instances.correct / instances.rows},
                "generation_config": {"generation_args": known, "additional_details": ours},
            }
        ],
    }
    if _UUID.fullmatch(stem):
        # Where the files go in the datastore, whose schema allows no other path.
        where = "/".join(re.sub(r"[^\w.-]+", "_", each) for each in (dataset, "unknown", model))
        found["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": f"data/{where}/{stem}{_SAMPLES}",
            "hash_algorithm": "sha256",
            "checksum": instances.digest.hexdigest(),
            "total_rows": instances.rows,
        }
    return found


def _result(instances: Instances) -> str:
    return f"{instances.identity}/{instances.verifier}"


def _line(draw: Draw, identity: str) -> dict[str, Any]:
    sample, opinion = draw.sample, draw.opinions[0]
    verdict = opinion.verdict
    asked = _asked(draw.problem)
    answers = _references(draw.problem.reference)
    hashed = json.dumps({"raw": asked, "reference": answers}, sort_keys=True, separators=(",", ":"))
    score = verdict.score
    line: dict[str, Any] = {
        "schema_version": SCHEMA,
        "evaluation_id": identity,
        "model_id": sample.model or "unknown",
        "evaluation_name": sample.pool or "unknown",
        "evaluation_result_id": f"{identity}/{opinion.verifier}",
        "sample_id": draw.problem.id,
        "sample_hash": hashlib.sha256(hashed.encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": asked, "reference": answers},
        "output": {"raw": [sample.text]},
        "answer_attribution": _attributed(verdict.answer, opinion.verifier),
        "evaluation": {
            "score": score
            if score is not None and isfinite(score)
            else float(bool(verdict.correct)),
            "is_correct": bool(verdict.correct),
        },
        "metadata": {
            **draw.problem.tags,
            "epoch": str(sample.index + 1),
            "stop_reason": sample.finish_reason,
            OURS: json.dumps(ours_of(draw)),
        },
    }
    spent = sample.prompt_tokens, sample.completion_tokens
    if spent[0] is not None and spent[1] is not None:
        names = ("input_tokens", "output_tokens", "total_tokens")
        counts = (*spent, spent[0] + spent[1])
        line["token_usage"] = dict(zip(names, counts, strict=True))
    if sample.seconds is not None:
        line["performance"] = {"generation_time_ms": sample.seconds * 1000}
    return line


def _asked(problem: Problem) -> str:
    if problem.prompt is not None:
        return problem.prompt
    return "\n".join(turn.content for turn in problem.messages if turn.role != "assistant")


def _references(reference: Mapping[str, Any]) -> list[str]:
    answer = reference.get("answer")
    if answer is None:
        return []
    listed = answer if isinstance(answer, list) else [answer]
    return [each if isinstance(each, str) else json.dumps(each) for each in listed]


def _attributed(answer: str | None, verifier: str) -> list[dict[str, Any]]:
    if answer is None:
        return []
    return [
        {
            "turn_idx": 0,
            "source": "output.raw",
            "extracted_value": answer,
            "extraction_method": verifier,
            "is_terminal": True,
        }
    ]
