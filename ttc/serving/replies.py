"""Answers in OpenAI's shapes, with what they stand on and what they cost in `ttc` and `usage`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ttc.answers import thinking
from ttc.api.wording import in_python
from ttc.backends import counts
from ttc.records import TokenLogprob
from ttc.serving.asking.fields import Wanted
from ttc.serving.engines.job import Answer
from ttc.solving.firmness import all_cut
from ttc.solving.record import fields_of


@dataclass(frozen=True, slots=True)
class Text:
    """The text of an answer, None if there is none, and the thought before it."""

    content: str | None
    thought: str = ""

    @classmethod
    def of(cls, answer: Answer) -> Text:
        """Return the text of the chosen draw without its thoughts, and these."""
        solution = answer.solved.solution
        if solution.node is None:
            return cls(solution.answer)
        text = solution.node.trace
        found = thinking.read(text)
        if not found.thought:
            return cls(text)
        thought = "\n".join(text[start:end].strip() for start, end in found.spans)
        return cls(found.said.strip(), thought)


@dataclass(frozen=True, slots=True)
class Head:
    """What all parts of a reply begin with."""

    wanted: Wanted
    created: int = field(default_factory=lambda: int(time.time()))
    unique: str = field(default_factory=lambda: uuid.uuid4().hex)

    def fields(self, *, chunk: bool = False) -> dict[str, Any]:
        """Return id, object, time and model."""
        kind = "chat.completion" if self.wanted.chat else "text_completion"
        if chunk and self.wanted.chat:
            kind += ".chunk"
        return {
            "id": f"{'chatcmpl' if self.wanted.chat else 'cmpl'}-{self.unique}",
            "object": kind,
            "created": self.created,
            "model": self.wanted.model,
        }


def whole(head: Head, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the whole reply."""
    choices = [choice(head.wanted, at, answer) for at, answer in enumerate(answers)]
    return {
        **head.fields(),
        "choices": choices,
        "usage": usage(answers),
        "system_fingerprint": answers[0].recipe.model.fingerprint,
        "ttc": about(head.wanted, answers),
    }


def choice(wanted: Wanted, index: int, answer: Answer) -> dict[str, Any]:
    """Return one choice. Without an answer, `content` is null and `refusal` says why."""
    text = Text.of(answer)
    common = {"index": index, "finish_reason": finish_reason(answer)}
    if not wanted.chat:
        return {**common, "text": text.content or "", "logprobs": None}
    message: dict[str, Any] = {"role": "assistant", "content": text.content}
    message["refusal"] = refusal(answer) if text.content is None else None
    if text.thought:
        message["reasoning_content"] = text.thought
    return {**common, "message": message, "logprobs": logprobs(answer.tokens, wanted)}


def refusal(answer: Answer) -> str:
    """Return why there is no answer."""
    return f"no answer: {in_python(answer.solved.solution.firmness)}"


def finish_reason(answer: Answer) -> str:
    """Return `length` if the limit cut the chosen draw, or all draws before they answered."""
    solution = answer.solved.solution
    if solution.node is not None:
        return "length" if solution.node.finish == "length" else "stop"
    cut = solution.unanswered.total and solution.unanswered.cut > 0
    return "length" if cut or all_cut(solution.run) else "stop"


def logprobs(tokens: Sequence[TokenLogprob] | None, wanted: Wanted) -> dict[str, Any] | None:
    """Return the log-probabilities of the chosen draw; None if they are not asked for or not
    kept."""
    most = wanted.asked[0].logprobs
    if tokens is None or most is None:
        return None

    def shown(token: TokenLogprob) -> dict[str, Any]:
        raw = token.token.encode("utf-8", "replace") if token.raw is None else token.raw
        return {"token": token.token, "logprob": token.logprob, "bytes": list(raw)}

    rows = [{**shown(each), "top_logprobs": [*map(shown, each.top[:most])]} for each in tokens]
    return {"content": rows, "refusal": None}


def usage(answers: Sequence[Answer]) -> dict[str, Any] | None:
    """Return what all draws behind the answers took: chosen, others and cancelled ones, those that
    were kept from earlier requests too. None if an engine did not count some."""
    spent = [answer.solved.solution.run.usage for answer in answers]
    prompt = counts.exact(
        sum(each.prompt for each in spent), sum(each.uncounted_prompts for each in spent)
    )
    completion = counts.exact(
        sum(each.tokens for each in spent), sum(each.uncounted for each in spent)
    )
    if prompt is None or completion is None:
        return None
    found: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "completion_tokens_details": _details(answers),
    }
    cached = [answer.cached for answer in answers]
    if None not in cached:
        found["prompt_tokens_details"] = {"cached_tokens": sum(each or 0 for each in cached)}
    return found


def _details(answers: Sequence[Answer]) -> dict[str, int]:
    """Return how the generated tokens are shared out; they are all counted."""
    solutions = [answer.solved.solution for answer in answers]
    nodes = [node for solution in solutions for node in solution.run.nodes]
    chosen = sum(each.node.length for each in solutions if each.node is not None)
    cancelled = sum(node.tokens for node in nodes if node.finish == "cancelled")
    total = sum(solution.run.usage.tokens for solution in solutions)
    new = sum(solution.run.usage.new for solution in solutions)
    details = {
        "chosen_tokens": chosen,
        "other_tokens": total - chosen - cancelled,
        "cancelled_tokens": cancelled,
        "reused_tokens": total - new,
    }
    thoughts = [node.think_tokens for node in nodes]
    if None not in thoughts:
        details["reasoning_tokens"] = sum(each or 0 for each in thoughts)
    return details


def about(wanted: Wanted, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return what the answers stand on; of several, as `choices`."""
    every = [_about(asked.options.method, answer) for asked, answer in _pairs(wanted, answers)]
    found = every[0] if len(every) == 1 else {"schema": 1, "choices": every}
    return {**found, "unused": list(wanted.unused)}


def _pairs(wanted: Wanted, answers: Sequence[Answer]) -> list[tuple[Any, Answer]]:
    return list(zip(wanted.asked, answers, strict=True))


def _about(method: str | None, answer: Answer) -> dict[str, Any]:
    solution = answer.solved.solution
    fields = fields_of(answer.solved)
    fields.pop("text")
    votes = solution.votes.get(solution.answer or "")
    fields["vote_share"] = None if votes is None else votes / sum(solution.votes.values())
    fields["method"] = method or "vote"
    fields["stopped"] = "budget" if solution.run.exhausted else "done"
    fields["seconds"] = round(solution.run.usage.seconds, 6)
    fields["notes"] = [in_python(line) for line in answer.notes]
    return fields


def draws_of(answers: Sequence[Answer]) -> tuple[int, int | None]:
    """Return how many draws answers took, and how many tokens were generated for them now."""
    solutions = [answer.solved.solution for answer in answers]
    tokens = [solution.tokens for solution in solutions]
    known = None if None in tokens else sum(each or 0 for each in tokens)
    return sum(solution.drawn + solution.cancelled for solution in solutions), known
