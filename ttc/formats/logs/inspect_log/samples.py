"""Samples of inspect's logs as draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ttc import tags
from ttc.answers.thinking import wrap
from ttc.errors import UsageError
from ttc.formats import Draw
from ttc.formats.logs.inspect_log import scores as verdicts
from ttc.formats.logs.inspect_log.run import Run
from ttc.formats.logs.inspect_log.scores import OURS
from ttc.formats.logs.opening import (
    checked_text,
    count,
    failure,
    finish_reason,
    likeliest,
    summed,
    unread,
)
from ttc.records import FinishReason, Message, Problem, Sample

# Fields of a sample of ttc that have no place of their own, or one where unknown is 0.
FIELDS = (
    *("stop", "seed", "logprob", "confidences", "seconds"),
    *("prompt_tokens", "completion_tokens", "think_tokens"),
)
_ATTACHED = "attachment://"
# Fields of samples that are read, or that repeat others.
_READ = (
    "attachments",
    "choices",
    "completed_at",
    "epoch",
    "error",
    "error_retries",
    "events",
    "events_data",
    "id",
    "input",
    "invalidation",
    "limit",
    "messages",
    "metadata",
    "model_usage",
    "output",
    "role_usage",
    "score",
    "scores",
    "started_at",
    "store",
    "target",
    "total_time",
    "transcript",
    "turn_count",
    "uuid",
    "working_time",
)


def draws_of(sample: Mapping[str, Any], run: Run, place: str) -> Iterator[Draw]:
    """Yield the draws of a sample: one for each choice of its output, an attempt if it has none.

    UsageError for what is no sample.
    """
    name, epoch = sample.get("id"), sample.get("epoch", 1)
    if isinstance(name, bool) or not isinstance(name, (str, int)) or not isinstance(epoch, int):
        raise UsageError(f"{place}: no sample of inspect: it has no 'id' and 'epoch'")
    reading = _Reading(sample, run, place)
    problem = reading.problem(str(name))
    scores = sample.get("scores") or ({run.scorer: sample["score"]} if sample.get("score") else {})
    found = tuple(verdicts.opinions(scores, run.scorers, run.version))
    unused = reading.unused()
    uuid = str(sample.get("uuid") or f"{run.id}/{name}/{epoch}")
    drawn = list(reading.samples(problem, epoch))
    for at, (one, error) in enumerate(drawn):
        yield Draw(
            problem,
            one,
            # Scores are those of the first choice.
            found if at == 0 and not error else (),
            place,
            id=f"inspect:{uuid}" + (f"/{at}" if at else ""),
            error=error,
            version=run.version,
            unused=unused,
        )


class _Reading:
    """The parts of one sample."""

    def __init__(self, sample: Mapping[str, Any], run: Run, place: str) -> None:
        self._sample = sample
        self._run = run
        self._place = place
        metadata = sample.get("metadata")
        self._metadata: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
        ours = self._metadata.get(OURS)
        self._ours: Mapping[str, Any] = ours if isinstance(ours, Mapping) else {}
        self._attached: Mapping[str, Any] = sample.get("attachments") or {}

    def problem(self, name: str) -> Problem:
        """Return the question, the reference and the tags of a sample."""
        prompt = str(self._ours["prompt"]) if "prompt" in self._ours else None
        messages = self._messages() if prompt is None else ()
        reference = self._ours.get("reference")
        found = dict(reference) if isinstance(reference, Mapping) else self._reference()
        return Problem(name, messages, prompt, found, self._tags())

    def _messages(self) -> tuple[Message, ...]:
        """Return what the model was asked: all turns before its only one; those of the dataset if
        it had several."""
        turns = self._sample.get("messages") or []
        roles = [turn.get("role") for turn in turns if isinstance(turn, Mapping)]
        plain = roles.count("assistant") == 1 and "tool" not in roles and roles[-1] == "assistant"
        if self._run.question == "messages" and plain and len(roles) > 1:
            return tuple(self._turn(turn) for turn in turns[:-1])
        asked = self._sample.get("input")
        if isinstance(asked, str):
            text = self._text(asked)
            return (Message("user", text),) if text else ()
        return tuple(self._turn(turn) for turn in asked or () if isinstance(turn, Mapping))

    def _turn(self, turn: Mapping[str, Any]) -> Message:
        return Message(str(turn.get("role") or "user"), self._content(turn.get("content")))

    def _content(self, content: Any) -> str:
        """Return the text of a message; thoughts are in tags, as ttc stores them."""
        if isinstance(content, str):
            return self._text(content)
        parts = [part for part in content or () if isinstance(part, Mapping)]
        thoughts = [self._text(p.get("reasoning")) for p in parts if p.get("type") == "reasoning"]
        texts = [self._text(part.get("text")) for part in parts if part.get("type") == "text"]
        return wrap("\n".join(filter(None, thoughts)), "\n".join(texts), ended=True)

    def _text(self, value: Any) -> str:
        text = "" if value is None else checked_text(value, self._place, "a message")
        if text.startswith(_ATTACHED):
            known = self._attached.get(text.removeprefix(_ATTACHED))
            return text if known is None else checked_text(known, self._place, "an attachment")
        return text

    def _reference(self) -> dict[str, Any]:
        target, choices = self._sample.get("target"), self._sample.get("choices")
        if target in (None, "", []):
            return {}
        if isinstance(target, list) and len(target) == 1:
            target = target[0]
        return {"answer": target, **({"choices": list(choices)} if choices else {})}

    def _tags(self) -> dict[str, str]:
        ours = self._ours.get("tags")
        if isinstance(ours, Mapping):
            return tags.own(ours)
        return tags.own({n: self._metadata[n] for n in tags.KNOWN if n in self._metadata})

    def unused(self) -> frozenset[str]:
        """Return the names of the fields that are not read."""
        read = (OURS, *tags.KNOWN)
        left = unread(self._sample, _READ) | verdicts.unused(self._sample.get("scores"))
        return left | unread(self._metadata, read, "metadata.")

    def samples(self, problem: Problem, epoch: int) -> Iterator[tuple[Sample, str]]:
        """Yield a sample for each choice, with why it failed."""
        output = self._sample.get("output")
        output = output if isinstance(output, Mapping) else {}
        choices: Sequence[Any] = output.get("choices") or ()
        failed = self._failed(bool(choices))
        many = len(choices) if len(choices) > 1 else 1
        spent = partial(self._spent, output, many)
        for at, choice in enumerate(choices or ({},)):
            message = choice.get("message")
            text = self._content(message.get("content")) if isinstance(message, Mapping) else ""
            ended, why = failed or self._ended(choice)
            yield (
                Sample(
                    problem.id,
                    (epoch - 1) * many + at,
                    text,
                    ended,
                    model=self._run.model,
                    params=self._run.params,
                    token_logprobs=likeliest(choice.get("logprobs")),
                    **{"logprob": summed(choice.get("logprobs")), **spent(text)},
                ),
                why,
            )

    def _failed(self, answered: bool) -> tuple[FinishReason, str] | None:
        error = self._sample.get("error")
        if error:
            told = error.get("message") if isinstance(error, Mapping) else error
            return "error", str(told)
        if self._sample.get("invalidation"):
            return "cancelled", "the sample was invalidated"
        if not answered:
            limit = self._sample.get("limit")
            told = limit.get("type") if isinstance(limit, Mapping) else limit
            return ("cancelled", f"the {told} limit") if limit else ("error", "no output")
        return None

    def _ended(self, choice: Mapping[str, Any]) -> tuple[FinishReason, str]:
        if self._sample.get("limit"):
            return "length", ""
        reason = choice.get("stop_reason")
        return finish_reason(reason), failure(reason)

    def _spent(self, output: Mapping[str, Any], many: int, text: str) -> dict[str, Any]:
        """Return tokens and seconds. Those of several choices are known together alone."""
        usage = output.get("usage")
        if not isinstance(usage, Mapping):
            usage = {}
        cached = ("input_tokens_cache_read", "input_tokens_cache_write")
        asked = count(usage.get("input_tokens"))
        if asked is not None:
            asked += sum(count(usage.get(name)) or 0 for name in cached)
        generated = count(usage.get("output_tokens"))
        if many > 1 or (text and not generated):
            generated = None  # 0 is what inspect writes for unknown
        seconds = output.get("time")
        known = isinstance(seconds, (int, float)) and many == 1
        ours = {name: self._ours[name] for name in FIELDS if name in self._ours}
        thought = count(usage.get("reasoning_tokens")) if many == 1 else None
        return {
            "think_tokens": thought,
            "prompt_tokens": asked or None,
            "completion_tokens": generated,
            "seconds": float(seconds) if known and isinstance(seconds, (int, float)) else None,
            **ours,
        }
