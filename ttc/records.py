"""The data model: Problem, Sample, Verdict, Outcome, Curve. Only the sampling parameters are
in a module of their own.

A missing value is None, never a special text or number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ttc.sampling_params import CONSTRAINTS as CONSTRAINTS
from ttc.sampling_params import EFFORTS as EFFORTS
from ttc.sampling_params import LATER as LATER
from ttc.sampling_params import OFF as OFF
from ttc.sampling_params import SamplingParams as SamplingParams

FinishReason = Literal["stop", "length", "cancelled", "error"]

# Statuses of samples that this machine failed to judge: in no count, and judged again next time.
INFRA = ("infra_timeout", "infra_error")


class Message(NamedTuple):
    """One turn of a chat."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A question, and separately the reference that only verifiers may see.

    Exactly one of `messages` (a chat) and `prompt` (raw text, sent to the model unchanged) is set.
    `reference` holds what verifiers need: `{"answer": "18"}`, `{"answer": "B", "choices": [...]}`
    or, for code, `{"tests": ..., "entry_point": ..., "prompt": ...}`; empty if there is none.
    `tags` say what it is about, `{"level": "Level 2"}`; they are no part of its identity.
    """

    id: str
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    reference: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)


class TokenLogprob(NamedTuple):
    """A token and its log-probability (nats) under the unfiltered temperature-1 distribution.

    `raw` are its bytes where they are known: `token` cannot show half of a character. `top` are the
    likeliest tokens at its place, from the likeliest, without a `top` of their own.
    """

    token: str
    logprob: float | None
    raw: bytes | None = None
    top: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion of one problem.

    `index` is the draw index within the problem, from 0. `finish_reason` is `stop` (the model
    ended, or a stop string fired) or `length` (cut at the token limit). `logprob` is the sum of the
    sampled tokens' log-probabilities (nats) under the unfiltered temperature-1 distribution.
    `confidences` has DeepConf's confidence of each token: minus the mean log-probability of the
    likeliest tokens at its place. `think_tokens` are those of `completion_tokens` in thoughts,
    without the marks. `seconds` is the time from the first to the last token. `key` is
    the digest of all that changes the distribution, `prompt_id` that of the prompt alone. `asked`
    is the prompt, filled in only for verifiers that read it. `tags` are those of the problem.
    `token_logprobs` has each token with the likeliest ones at its place, filled in only where asked
    for.
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
    tags: Mapping[str, str] = field(default_factory=dict)
    think_tokens: int | None = None
    token_logprobs: Sequence[TokenLogprob] | None = None


class Vote(NamedTuple):
    """One vote of a judge on one sample.

    `value` is in [0, 1], or None if no vote could be read (the judge abstains). Token counts are
    None if the backend does not report them.
    """

    value: float | None
    text: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verifier's view of one sample.

    `answer` is the canonical text of the answer found, or None (the sample abstains from
    votes). `correct` is None if the verifier could not decide. `status` is `ok`, `no_answer`,
    `no_reference`, one of INFRA, or the obstacle: `timeout` (over its time limit), `oom` (over its
    memory limit), `error` (the verifier failed; the sample is judged again) and others that the
    verifier documents; `detail` explains it. `tokens` is what judging cost on a model (prompt and
    completion), None for a verifier that uses no model; `votes` are the votes behind the score.
    `reads_reference`, set by the caller, is whether the verifier did so (None: it may have).
    """

    answer: str | None = None
    correct: bool | None = None
    score: float | None = None
    status: str = "ok"
    detail: str = ""
    tokens: int | None = None
    votes: tuple[Vote, ...] = ()
    reads_reference: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fields of one draw (its sample and its verdict) that selection rules read.

    A rule names the fields it needs; the others may be None. `text` is loaded only for rules
    that compare texts. `verifier_tokens` is what judging cost. `scores` are those of verifiers
    others than the one that decides `correct`, by name (NaN: it gave no score). `value` is what a
    draw is worth with `--value score`, else None; `verdicts` what further ones say of `correct`.
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
    value: float | None = None
    verdicts: Mapping[str, bool | None] | None = None
    think_tokens: int | None = None

    @property
    def worth(self) -> float:
        """What picking this draw is worth: its `value`, else 1 or 0 as it is correct or not."""
        return float(bool(self.correct)) if self.value is None else self.value

    @property
    def truncated(self) -> bool:
        """Whether the token limit cut it. A truncated draw ranks after all finished ones."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Point:
    """The value of a rule at budget k, as a mean over problems.

    `value` is None if it is undefined, and `note` then gives the reason. `low` and `high` bound
    the interval for problems like these, `low_draws` and `high_draws` that for these problems, of
    which only the draws vary; `method` and `method_draws` are how each was made
    (`ttc.curves.intervals`). `problems` counts those with at least k draws. `cost` maps an axis
    (`ttc.curves.costs.AXES`) to its expectation for one problem, None if it is unknown. If the
    value is not `exact`, `error` is its standard error (by simulation) or half the width of its
    bracket; no interval includes it.
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
    low_draws: float | None = None
    high_draws: float | None = None
    method: str | None = None
    method_draws: str | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """The expected value of one selection rule at each budget k, over one source.

    `group` is the value of the tag `by` (`level`, or crossed `level,subject`); None: all problems.
    An `oracle` picks by what only the reference tells: its values are bounds, not results.
    """

    selector: str
    source: str
    points: tuple[Point, ...]
    by: str | None = None
    group: str | None = None
    oracle: bool = False

    def __repr__(self) -> str:
        known = ((p.k, "undefined" if p.value is None else f"{p.value:.4f}") for p in self.points)
        values = ", ".join(f"{k}: {value}" for k, value in known)
        part = "" if self.group is None else f", {self.by} = {self.group!r}"
        return f"Curve({self.selector!r} over {self.source!r}{part}, {{{values}}})"
