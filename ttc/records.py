"""The nouns: Problem, Sample, Verdict, Outcome, Curve. Plain values; nothing here imports ttc.

    problems ──sample──▶ samples ──verify──▶ verdicts ──sweep──▶ curves

Absence is None, never a text or a number that stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

FinishReason = Literal["stop", "length", "cancelled", "error"]

# Statuses of samples that this machine could not judge: they are not counted, and judged again.
INFRA = ("infra_timeout", "infra_error")


# The values of sampling parameters that leave a model's distribution as it is.
OFF: Mapping[str, float] = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0}


class Message(NamedTuple):
    """One turn of a chat."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is asked, and apart from it the reference that only verifiers may see.

    Exactly one of `messages` (a chat) and `prompt` (text that goes to the model as it stands)
    is set. `reference` is what verifiers need: `{"answer": "18"}`, `{"answer": "B", "choices":
    [...]}` or, for code, `{"tests": ..., "entry_point": ..., "prompt": ...}`; empty if none.
    """

    id: str
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    reference: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Everything that shapes the distribution of a completion, apart from model and prompt.

    `temperature` 0 is greedy; `top_p` 1, `top_k` 0 and `min_p` 0 are off. `max_tokens` counts
    generated tokens. A completion ends before the first of the `stop` strings, which is not kept.
    `thinking` is `on` or `off` if the chat template has a switch for it; None leaves it as it is.
    """

    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    thinking: str | None = None

    def __post_init__(self) -> None:
        for name in ("temperature", "top_p", "min_p"):
            # 1 and 1.0 are one setting, and must give one key.
            object.__setattr__(self, name, float(getattr(self, name)))
        bounds = (
            ("temperature", self.temperature >= 0, "0 or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("top_k", self.top_k >= 0, "0 (off) or more"),
            ("min_p", 0 <= self.min_p <= 1, "between 0 and 1"),
            ("max_tokens", self.max_tokens >= 1, "1 or more"),
            ("stop", all(self.stop), "non-empty strings"),
            ("thinking", self.thinking in (None, "on", "off"), "on or off"),
        )
        for name, holds, need in bounds:
            if not holds:
                raise ValueError(f"{name} must be {need}, not {getattr(self, name)!r}")

    @property
    def off(self) -> frozenset[str]:
        """The parameters whose value leaves the distribution as the model gives it."""
        return frozenset(name for name, value in OFF.items() if getattr(self, name) == value)

    @property
    def greedy(self) -> str:
        """The setting that leaves one token to choose from, as in "temperature 0"; "" if none
        does. All draws of a prompt are then the same text."""
        alone = {
            "temperature 0": not self.temperature,
            "top_k 1": self.top_k == 1,
            "min_p 1": self.min_p == 1,
        }
        return next((name for name, holds in alone.items() if holds), "")


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion of one problem.

    `index` is the draw index within the problem, from 0. `finish_reason` is `stop` (ended by
    itself or by a stop string) or `length` (truncated: it has not finished). `logprob` is the
    sum of the sampled tokens' log-probabilities (nats) under the unfiltered temperature-1
    distribution, and `confidences` tell how sure the model was at each (of `ttc sample
    --confidence`). `seconds` is the time from the first to the last token of this draw. `key` is
    the digest of all that changes the distribution; `prompt_id` that of the prompt alone. `asked`
    is the prompt itself, for verifiers that read it; empty where nobody needs it.
    """

    problem: str
    index: int
    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    logprob: float | None = None
    confidences: Sequence[float] | None = None
    seconds: float | None = None
    seed: int | None = None
    stop: str | None = None
    pool: str | None = None
    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    reference: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    prompt_id: str | None = None
    asked: tuple[Message, ...] = ()


class Vote(NamedTuple):
    """One opinion of a judge on one sample.

    `value` is in [0, 1], or None where the judge said nothing that counts (it abstains). Token
    counts are None where the backend does not tell.
    """

    value: float | None
    text: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verifier's view of one sample.

    `answer` is the canonical text of the answer found, or None (the sample abstains from
    votes). `correct` is None where the verifier could not tell. `status` is `ok`, `no_answer`,
    `no_reference`, one of INFRA, or what the verifier found in the way: `timeout` (more than its
    time), `oom` (more than its memory), `error` (the verifier failed: judge it again) and others
    that it documents; `detail` says more in words. `tokens` is what judging cost on a model (prompt
    and completion), None for a verifier that asks none; `votes` are the opinions behind the score.
    """

    answer: str | None = None
    correct: bool | None = None
    score: float | None = None
    status: str = "ok"
    detail: str = ""
    tokens: int | None = None
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a selection rule sees of one draw: sample and verdict, without the bulk.

    A rule names the fields it needs; the others may be None. `text` is loaded only for rules
    that compare texts; `verifier_tokens` is what judging it cost, `scores` what
    other verifiers than the one that says what is correct gave it, by name (NaN: no score).
    """

    index: int
    answer: str | None = None
    correct: bool | None = None
    score: float | None = None
    logprob: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None
    seconds: float | None = None
    text: str | None = None
    verifier_tokens: int | None = None
    scores: Mapping[str, float] | None = None

    @property
    def truncated(self) -> bool:
        """Cut by the token limit: it has not finished, and ranks after all that have."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Point:
    """The value of a rule at budget k, as a mean over problems.

    `value` is None where it is undefined, and `note` then says why. `low` and `high` bound the
    bootstrap interval over problems; `problems` counts those with at least k draws. `cost` maps
    an axis (`ttc.curves.costs.AXES`) to its expectation for one problem, or None where the samples
    do not carry what it needs. Where the value is not `exact`, `error` is its standard error (by
    simulation) or half the width of what it is bracketed by, without that of the interval.
    """

    k: int
    value: float | None
    low: float | None = None
    high: float | None = None
    problems: int = 0
    cost: Mapping[str, float | None] = field(default_factory=dict)
    exact: bool = True
    note: str | None = None
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """The expected value of one selection rule at each budget k, over one source."""

    selector: str
    source: str
    points: tuple[Point, ...]
