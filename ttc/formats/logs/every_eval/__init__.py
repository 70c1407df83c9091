"""Records of Every Eval Ever (its schema 0.3): an aggregate, and a line for each instance.

Instances are lines of `…_samples.jsonl`; the aggregate beside them (`….json`) names the model, its
parameters and the library that ran the evaluation. A sample that is judged by several metrics has a
line for each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ttc import tags
from ttc.answers.thinking import wrap
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.every_eval import fields as ours
from ttc.formats.logs.every_eval import writer
from ttc.formats.logs.opening import (
    accept,
    checked_text,
    count,
    document,
    failure,
    finish_reason,
    first_line,
    likeliest,
    lines,
    names_in,
    unread,
)
from ttc.records import FinishReason, Message, Problem, Sample, Verdict

_SAMPLES = "_samples.jsonl"
_READ = (
    "answer_attribution",
    "error",
    "evaluation",
    "evaluation_id",
    "evaluation_name",
    "evaluation_result_id",
    "input",
    "interaction_type",
    "messages",
    "metadata",
    "model_id",
    "output",
    "performance",
    "sample_hash",
    "sample_id",
    "schema_version",
    "token_usage",
)
_OF_METADATA = (ours.OURS, "epoch", "stop_reason", *tags.KNOWN)


@dataclass(frozen=True, slots=True)
class Run:
    """What an aggregate says of its instances."""

    params: Mapping[str, Any] = field(default_factory=dict)
    library: str = ""


class EveryEvalEver:
    """Instance-level records of Every Eval Ever, with their aggregate."""

    name = "every-eval-ever"
    suffix = ".json"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file is an aggregate with instances beside it, or instances."""
        record = first_line(head)
        if record is not None and {"evaluation_id", "sample_id", "evaluation"} <= record.keys():
            return True
        aggregate = names_in(head, "schema_version", "evaluation_id", "model_info")
        return aggregate and _samples_of(path).is_file()

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. It has no options."""
        accept(options, (), self.name)
        instances = path if path.name.endswith(_SAMPLES) or _is_lines(path) else _samples_of(path)
        run = _run(_aggregate_of(instances) if instances == path else document(path))
        seen: Counter[tuple[str, str]] = Counter()
        for place, record in lines(instances):
            metric = str(record.get("evaluation_result_id") or record.get("evaluation_name") or "")
            name = record.get("sample_id")
            if not isinstance(name, (str, int)) or isinstance(name, bool):
                raise UsageError(f"{place}: 'sample_id' must name the sample, not {name!r}")
            at = seen[str(name), metric]
            seen[str(name), metric] += 1
            yield from _Instance(record, run, place).draws(str(name), at, metric)

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write the instances alone: the aggregate is a file of its own."""
        return writer.Instances(stream).write(draws)

    def write_files(self, draws: Iterable[Draw], target: Path) -> list[str]:
        """Write the aggregate to `target`, and the instances beside it."""
        return writer.write_files(draws, target)


def _is_lines(path: Path) -> bool:
    with path.open("rb") as file:
        record = first_line(file.read(1 << 16))
    return record is not None and "sample_id" in record


def _samples_of(aggregate: Path) -> Path:
    return aggregate.with_name(aggregate.name.removesuffix(".json") + _SAMPLES)


def _aggregate_of(instances: Path) -> Mapping[str, Any]:
    """Return the aggregate beside instances; empty if there is none."""
    path = instances.with_name(instances.name.removesuffix(_SAMPLES) + ".json")
    found = document(path) if instances.name.endswith(_SAMPLES) and path.is_file() else {}
    return found if isinstance(found, Mapping) else {}


def _run(aggregate: Mapping[str, Any]) -> Run:
    results = aggregate.get("evaluation_results") or [{}]
    first = results[0] if isinstance(results[0], Mapping) else {}
    config = first.get("generation_config")
    config = config if isinstance(config, Mapping) else {}
    given = config.get("generation_args") or {}
    names = ("temperature", "top_p", "top_k", "max_tokens")
    params = {name: given[name] for name in names if given.get(name) is not None}
    written = (config.get("additional_details") or {}).get(ours.OURS)
    if isinstance(written, str):
        params = json.loads(written)
    library = aggregate.get("eval_library")
    known = library if isinstance(library, Mapping) else {}
    told = (str(known.get(name) or "unknown") for name in ("name", "version"))
    return Run(params, " ".join(each for each in told if each != "unknown"))


class _Instance:
    """One line."""

    def __init__(self, record: Mapping[str, Any], run: Run, place: str) -> None:
        self._record = record
        self._run = run
        self._place = place
        metadata = record.get("metadata")
        self._metadata: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
        written = self._metadata.get(ours.OURS)
        self._ours: Mapping[str, Any] = json.loads(written) if isinstance(written, str) else {}

    def draws(self, name: str, at: int, metric: str) -> Iterator[Draw]:
        """Yield the draws of a line: one for each answer; `at` counts the lines of a sample."""
        answers = self._answers()
        epoch = str(self._metadata.get("epoch", ""))
        first = int(epoch) - 1 if epoch.isdecimal() and int(epoch) > 0 else at * len(answers)
        ended = self._metadata.get("stop_reason")
        error = self._record.get("error") or failure(ended)
        named = f"eee:{self._record.get('evaluation_id')}/{name}"
        for place, text in enumerate(answers):
            reason: FinishReason = "error" if self._record.get("error") else finish_reason(ended)
            yield Draw(
                self._problem(name),
                Sample(
                    name,
                    first + place,
                    text,
                    reason,
                    model=None if self._record.get("model_id") is None else self._model(),
                    params=self._run.params,
                    **self._spent(len(answers)),
                ),
                (self._opinion(metric),) if len(answers) == 1 and not error else (),
                self._place,
                id=f"{named}/{first + place}",
                error=str(error or ""),
                version=self._run.library,
                unused=unread(self._record, _READ)
                | unread(self._metadata, _OF_METADATA, "metadata."),
            )

    def _model(self) -> str:
        return str(self._ours.get("model") or self._record["model_id"])

    def _answers(self) -> list[str]:
        output = self._record.get("output")
        if isinstance(output, Mapping):
            texts = [checked_text(each, self._place, "'output.raw'") for each in output["raw"]]
            thoughts = output.get("reasoning_trace") or [""] * len(texts)
            if len(thoughts) != len(texts):
                thoughts = [""] * len(texts)
            both = zip(thoughts, texts, strict=True)
            return [wrap(str(thought or ""), text, ended=True) for thought, text in both]
        turns = [turn for turn in self._record.get("messages") or () if isinstance(turn, Mapping)]
        said = [turn for turn in turns if turn.get("role") == "assistant"]
        last: Mapping[str, Any] = said[-1] if said else {}
        text = checked_text(last.get("content") or "", self._place, "'content'")
        return [wrap(str(last.get("reasoning_trace") or ""), text, ended=True)]

    def _problem(self, name: str) -> Problem:
        asked = self._record.get("input")
        asked = asked if isinstance(asked, Mapping) else {}
        if self._ours:
            return ours.problem_of(name, self._ours)
        raw = checked_text(asked.get("raw") or "", self._place, "'input.raw'")
        answers = list(asked.get("reference") or ())
        reference: dict[str, Any] = {}
        if answers:
            reference["answer"] = answers[0] if len(answers) == 1 else answers
            if asked.get("choices"):
                reference["choices"] = list(asked["choices"])
        known = {name: self._metadata[name] for name in tags.KNOWN if name in self._metadata}
        messages = (Message("user", raw),) if raw else ()
        return Problem(name, messages, None, reference, tags.own(known))

    def _opinion(self, metric: str) -> Opinion:
        if self._ours.get("verdict"):
            return ours.opinion_of(self._ours)
        told = self._record.get("evaluation")
        told = told if isinstance(told, Mapping) else {}
        score, correct = told.get("score"), told.get("is_correct")
        found = self._record.get("answer_attribution") or ()
        last = [each for each in found if isinstance(each, Mapping) and each.get("is_terminal")]
        answer = last[-1].get("extracted_value") if last else None
        verdict = Verdict(
            answer=None if answer is None else str(answer),
            correct=correct if isinstance(correct, bool) else None,
            score=float(score) if isinstance(score, (int, float)) else None,
        )
        return Opinion(f"every-eval-ever:{metric}", verdict)

    def _spent(self, many: int) -> dict[str, Any]:
        if "sample" in self._ours:
            tokens = likeliest(self._ours.get("logprobs"))
            return {**self._ours["sample"], "token_logprobs": tokens}
        usage = self._record.get("token_usage") if many == 1 else None
        usage = usage if isinstance(usage, Mapping) else {}
        told = self._record.get("performance")
        told = told if isinstance(told, Mapping) else {}
        taken = told.get("generation_time_ms")
        return {
            "prompt_tokens": count(usage.get("input_tokens")),
            "completion_tokens": count(usage.get("output_tokens")),
            "think_tokens": count(usage.get("reasoning_tokens")),
            "seconds": taken / 1000 if isinstance(taken, (int, float)) else None,
        }
