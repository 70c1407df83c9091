"""What judges have in common: they ask a model about a sample, a few times, and read its votes.

A judge sees the question and the answer, and the reference only where `reference=yes` says so.
What it says that cannot be read is no vote: it abstains, and is never counted as 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ttc import keys
from ttc.answers import visible
from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError
from ttc.records import Message, Sample, SamplingParams, Verdict, Vote
from ttc.soundness import sound
from ttc.verifiers.prompting import UNASKED, fill, question, read_template

# Votes under way at once: what fills an engine's places.
WINDOW = 64


@dataclass(frozen=True, slots=True)
class Ask:
    """One vote to ask for: the chat, a beginning of the reply, and strings to be weighed.

    With `choices` the model only tells how likely each is to come next. `own` is the place of
    the sample where several are shown.
    """

    messages: tuple[Message, ...]
    prefix: str = ""
    own: str = ""
    choices: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


@dataclass(slots=True)
class _Case:
    """A sample under judgement: the votes cast so far, by position, and the errors met."""

    sample: Sample
    wanted: int
    votes: dict[int, Vote] = field(default_factory=dict)
    verdict: Verdict | None = None
    error: str | None = None


class Judge:
    """The base of judges: options, the votes of each sample, many of them under way at once.

    `model` names a model as `-m` does, `n` is the votes of a sample, `prompt` a file of one's
    own in place of the packaged one. ValueError for an option that is unknown or out of range.
    """

    name = ""
    version = "1"
    asks = True
    defaults: ClassVar[Mapping[str, str]] = {}
    silence: float | None = None  # the value of a vote that cannot be read

    def __init__(self, given: Mapping[str, object]) -> None:
        known = {"model": "", "prompt": "", "n": "1", "temperature": "0.7", "max_tokens": "512"}
        known |= {"reference": "no", **self.defaults}
        if unknown := sorted(set(given) - set(known)):
            raise ValueError(
                f"{self.name} has no option {', '.join(unknown)}; it knows: {', '.join(known)}"
            )
        self.options = {**known, **{name: str(value) for name, value in given.items()}}
        self.model = self.options["model"] or None
        self.n = _whole("n", self.options["n"])
        if self.options["reference"] not in ("yes", "no"):
            raise ValueError(f"reference must be yes or no, not {self.options['reference']!r}")
        try:
            temperature = float(self.options["temperature"])
        except ValueError:
            raise ValueError("temperature must be a number") from None
        limit = _whole("max_tokens", self.options["max_tokens"])
        self.params = SamplingParams(temperature=temperature, top_p=1.0, max_tokens=limit)
        self.template = read_template(self.template_name, self.options["prompt"])
        self._backend: Backend | None = None

    @property
    def template_name(self) -> str:
        """Which packaged prompt it is."""
        return self.name

    def attach(self, backend: Backend) -> None:
        """Take the model that judges."""
        self._backend = backend

    @property
    def backend(self) -> Backend:
        """The model that judges; BackendError before it is attached."""
        if self._backend is None:
            raise BackendError(f"{self.name}: no model is attached")
        return self._backend

    @property
    def config(self) -> Mapping[str, Any]:
        """All that can change a verdict: the model's weights, the prompt's text, the options."""
        told = {k: v for k, v in self.options.items() if k not in ("model", "prompt")}
        weighs = "choose" in self.backend.capabilities
        return {
            **told,
            "model": self.backend.model.fingerprint,
            "prompt": keys.digest("judge1", self.template),
            "weighs": weighs,
        }

    # What a judge of its own kind says.

    def votes_of(self, sample: Sample) -> int:
        """Return how many votes a sample gets."""
        return self.n

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Return what to ask for a vote on a sample."""
        raise NotImplementedError

    def follow(self, sample: Sample, ask: Ask, done: Completion) -> Ask | None:
        """Return what to ask after a completion before its vote can be read, None if nothing."""
        return None

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return the vote in a completion, in [0, 1], or None if there is none to be read."""
        raise NotImplementedError

    def decide(self, score: float) -> bool | None:
        """Return whether a sample of that score is correct, None where a score alone is told."""
        return None

    # The machinery.

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order; votes on the next ones are asked for meanwhile."""
        source = iter(samples)
        cases: deque[_Case] = deque()
        waiting: dict[str, tuple[_Case, int, Ask, list[Completion]]] = {}
        more = True
        count = 0
        while True:
            while more and len(waiting) < WINDOW and len(cases) < 4 * WINDOW:
                sample = next(source, None)
                if sample is None:
                    more = False
                    break
                case = self._open(sample)
                cases.append(case)
                for vote in range(case.wanted):
                    count += 1
                    ask = self.ask(sample, vote)
                    waiting[self._submit(sample, vote, ask, count)] = (case, vote, ask, [])
            while cases and cases[0].verdict is not None:
                yield cases.popleft().verdict or Verdict()
            if not waiting:
                if more:
                    continue
                return
            done = sound(self.backend.wait())
            case, vote, ask, before = waiting.pop(done.request_id)
            following = self.follow(case.sample, ask, done) if not before else None
            if following is not None and done.finish_reason != "error":
                count += 1
                request = self._submit(case.sample, vote, following, count)
                waiting[request] = (case, vote, following, [done])
                continue
            self._count(case, vote, ask, [*before, done])

    def _open(self, sample: Sample) -> _Case:
        if not sample.asked:
            return _Case(sample, 0, verdict=Verdict(status="no_prompt", detail=UNASKED))
        if not visible(sample.text):
            return _Case(sample, 0, verdict=Verdict(None, None, None, "no_answer"))
        if not (wanted := self.votes_of(sample)):
            return _Case(sample, 0, verdict=Verdict(status="abstained", detail="nothing to ask"))
        return _Case(sample, wanted)

    def _submit(self, sample: Sample, vote: int, ask: Ask, count: int) -> str:
        # The seed comes from what is judged, not from the order of judging: a rerun votes alike.
        about = [sample.text, [list(turn) for turn in sample.asked], vote, ask.prefix]
        digest = keys.digest("vote1", [about, dict(self.config)]).rpartition(":")[2]
        seed = int(digest[:8], 16) & 0x7FFFFFFF
        request = Request(
            id=f"{self.name}/{count}",
            messages=ask.messages,
            prefix=ask.prefix,
            params=replace(self.params, stop=ask.stop),
            seed=seed,
            draw=vote,
            choices=ask.choices,
        )
        self.backend.submit(request)
        return request.id

    def _count(self, case: _Case, vote: int, ask: Ask, said: Sequence[Completion]) -> None:
        last = said[-1]
        value = None
        if last.finish_reason == "error":
            case.error = last.error or "the judge's model failed"
        else:
            value = self.value(ask, last) if last.finish_reason == "stop" else None
            value = self.silence if value is None else value
        case.votes[vote] = Vote(
            value,
            "".join(each.text for each in said),
            _sum(each.prompt_tokens for each in said),
            _sum(each.completion_tokens for each in said),
        )
        if len(case.votes) == case.wanted:
            case.verdict = self._conclude(case)

    def _conclude(self, case: _Case) -> Verdict:
        votes = tuple(case.votes[at] for at in range(case.wanted))
        spent = _sum(_sum((vote.prompt_tokens, vote.completion_tokens)) for vote in votes)
        if case.error is not None:
            return Verdict(status="error", detail=case.error, tokens=spent, votes=votes)
        values = [vote.value for vote in votes if vote.value is not None]
        silent = len(votes) - len(values)
        detail = f"{silent} of {len(votes)} votes cannot be read" if silent else ""
        if not values:
            return Verdict(status="abstained", detail=detail, tokens=spent, votes=votes)
        score = sum(values) / len(values)
        return Verdict(None, self.decide(score), score, "ok", detail, spent, votes)

    def filled(self, sample: Sample, **more: str) -> tuple[Message, ...]:
        """Return the prompt for a sample as a chat of one turn."""
        reference = ""
        if self.options["reference"] == "yes" and "answer" in sample.reference:
            reference = f"\nThe right answer is: {sample.reference['answer']}\n"
        known = {"question": question(sample), "answer": visible(sample.text), **more}
        return (Message("user", fill(self.template, reference=reference, **known)),)


def _whole(name: str, text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise ValueError(f"{name} must be a whole number from 1, not {text!r}")
    return int(text)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
