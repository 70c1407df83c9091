"""The base of judges: send prompts about a sample to a model and read the votes in its replies.

A judge sees the question and the answer, and the reference only with `reference=yes`. A reply from
which no vote can be read is an abstention, never a 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ttc import keys
from ttc.answers import thinking
from ttc.answers.extract import visible
from ttc.backends import Backend, Completion, Request
from ttc.backends.supported_params import settled
from ttc.errors import BackendError
from ttc.options import OptionReader
from ttc.records import Message, Sample, SamplingParams, Verdict, Vote
from ttc.verifiers.judges.prompting import UNASKED, fill, packaged, question
from ttc.verifiers.judges.requests import Ask, Ballot, total

# Concurrent votes: enough to fill an engine's slots.
WINDOW = 64


class Judge:
    """The base of judges: reads the options and collects votes, many of them concurrently.

    `model` names a model as `-m` does, `n` is the number of votes per sample, `prompt` a file that
    replaces the packaged prompt; `rerun` gives other seeds. ValueError for a wrong option.
    """

    name = ""
    version = "1"
    asks = True
    defaults: ClassVar[Mapping[str, str]] = {}
    silence: float | None = None  # the value of a vote that cannot be read
    recalls = True  # whether a stored vote of the same sample and position can be reused

    def __init__(self, given: Mapping[str, object]) -> None:
        known = {"model": "", "prompt": "", "temperature": "0.7", "max_tokens": "512"}
        known |= {"reference": "no", **self.defaults, **{k: str(v) for k, v in given.items()}}
        # As written by the user, since they key the verdicts.
        self.options = {"n": "1", **known}
        read = OptionReader(self.name, known)
        self.parse(read)
        read.end()
        self._backend: Backend | None = None
        self._recall: Callable[[Sample], Mapping[int, Vote]] = lambda sample: {}
        self._keep: Callable[[Sample, int, Vote], None] = lambda sample, position, vote: None

    def parse(self, read: OptionReader) -> None:
        """Read the options, of which each has a value. OptionError if one is invalid."""
        self.model = read.text("model", None)
        own = read.file("prompt")
        self.template = packaged(self.template_name) if own is None else own
        self.n = self.count(read)
        temperature = read.number("temperature", 0.7, least=0)
        limit = read.whole("max_tokens", 512)
        self.params = SamplingParams(temperature=temperature, top_p=1.0, max_tokens=limit)
        self.reads_reference = self.switch(read, "reference")
        read.accept("rerun", *self.defaults)

    def count(self, read: OptionReader) -> int:
        """Read the number of votes per sample. OptionError if it is invalid."""
        return read.whole("n", 1)

    def switch(self, read: OptionReader, name: str) -> bool:
        """Read an option that is yes or no. OptionError for another value."""
        found = read.switch(name, False)
        self.options[name] = "yes" if found else "no"
        return found

    @property
    def template_name(self) -> str:
        """The name of the packaged prompt."""
        return self.name

    def send_fields(self, extra: str) -> None:
        """Send these fields with each request."""
        self.params = replace(self.params, extra=extra)

    def attach(self, backend: Backend) -> None:
        """Set the model that judges."""
        self._backend = backend
        self._unset = sorted(set(settled(backend, self.params).unset) & self.params.off)

    def remember(
        self,
        recall: Callable[[Sample], Mapping[int, Vote]],
        keep: Callable[[Sample, int, Vote], None],
    ) -> None:
        """Set where votes are stored: `recall` returns the stored votes on a sample by position,
        `keep` stores a new one."""
        self._keep = keep
        if self.recalls:
            self._recall = recall

    @property
    def backend(self) -> Backend:
        """The model that judges; BackendError before it is attached."""
        if self._backend is None:
            raise BackendError(f"{self.name}: no model is attached")
        return self._backend

    @property
    def config(self) -> Mapping[str, Any]:
        """Everything that can change a verdict: the model's weights, the prompt, the options."""
        options = {k: v for k, v in self.options.items() if k not in ("model", "prompt")}
        weighs = "choose" in self.backend.capabilities
        if self._unset:
            options["unset"] = ",".join(self._unset)
        clock = self.backend.model.clock
        return {
            **options,
            **({} if clock is None else {"clock": clock}),
            **({"extra": self.params.extra} if self.params.extra else {}),
            "model": self.backend.model.fingerprint,
            "prompt": keys.digest("judge1", self.template),
            "weighs": weighs,
        }

    def votes_of(self, sample: Sample) -> int:
        """Return the number of votes for a sample."""
        return self.n

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Return the request for a vote on a sample."""
        raise NotImplementedError

    def follow(self, sample: Sample, ask: Ask, done: Completion) -> Ask | None:
        """Return a second request that the vote needs after a completion, None if it needs none."""
        return None

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return the vote in a completion, in [0, 1], or None if none can be read."""
        raise NotImplementedError

    def decide(self, score: float) -> bool | None:
        """Return whether a sample with this score is correct; None if the score decides nothing."""
        return None

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; requests votes on later samples meanwhile."""
        source = iter(samples)
        ballots: deque[Ballot] = deque()
        waiting: dict[str, tuple[Ballot, int, Ask, list[Completion]]] = {}
        more = True
        count = 0
        while True:
            while more and len(waiting) < WINDOW and len(ballots) < 4 * WINDOW:
                sample = next(source, None)
                if sample is None:
                    more = False
                    break
                ballot = self._open(sample)
                ballots.append(ballot)
                for vote in range(ballot.wanted):
                    if vote in ballot.votes:
                        continue
                    count += 1
                    ask = self.ask(sample, vote)
                    waiting[self._submit(sample, vote, ask, count)] = (ballot, vote, ask, [])
            while ballots and ballots[0].verdict is not None:
                yield ballots.popleft().verdict or Verdict()
            if not waiting:
                if more:
                    continue
                return
            done = self.backend.wait()
            ballot, vote, ask, before = waiting.pop(done.request_id)
            following = self.follow(ballot.sample, ask, done) if not before else None
            if following is not None and done.finish_reason != "error":
                count += 1
                request = self._submit(ballot.sample, vote, following, count)
                waiting[request] = (ballot, vote, following, [done])
                continue
            self._count(ballot, vote, ask, [*before, done])

    def _open(self, sample: Sample) -> Ballot:
        if not sample.asked:
            return Ballot(sample, 0, verdict=Verdict(status="no_prompt", detail=UNASKED))
        if not visible(sample.text):
            return Ballot(sample, 0, verdict=Verdict(None, None, None, "no_answer"))
        if not (wanted := self.votes_of(sample)):
            return Ballot(sample, 0, verdict=Verdict(status="abstained", detail="nothing to ask"))
        known = self._recall(sample)
        ballot = Ballot(sample, wanted, {at: known[at] for at in range(wanted) if at in known})
        if len(ballot.votes) == wanted:
            ballot.verdict = self._conclude(ballot)
        return ballot

    def _submit(self, sample: Sample, vote: int, ask: Ask, count: int) -> str:
        # The seed depends on what is judged, not on the order, so a rerun gives the same votes.
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

    def _count(
        self, ballot: Ballot, vote: int, ask: Ask, completions: Sequence[Completion]
    ) -> None:
        last = completions[-1]
        value = None
        if last.finish_reason == "error":
            ballot.error = last.error or "the judge's model failed"
        else:
            reply = replace(last, text=thinking.said(last.text))
            value = self.value(ask, reply) if last.finish_reason == "stop" else None
            value = self.silence if value is None else value
        ballot.votes[vote] = Vote(
            value,
            "".join(each.text for each in completions),
            total(each.prompt_tokens for each in completions),
            # A request for probabilities generates no tokens.
            total(0 if each.chances else each.completion_tokens for each in completions),
        )
        if last.finish_reason != "error":
            self._keep(ballot.sample, vote, ballot.votes[vote])
        if len(ballot.votes) == ballot.wanted:
            ballot.verdict = self._conclude(ballot)

    def _conclude(self, ballot: Ballot) -> Verdict:
        votes = tuple(ballot.votes[at] for at in range(ballot.wanted))
        spent = total(total((vote.prompt_tokens, vote.completion_tokens)) for vote in votes)
        if ballot.error is not None:
            return Verdict(status="error", detail=ballot.error, tokens=spent, votes=votes)
        values = [vote.value for vote in votes if vote.value is not None]
        silent = len(votes) - len(values)
        detail = f"{silent} of {len(votes)} votes cannot be read" if silent else ""
        if not values:
            return Verdict(status="abstained", detail=detail, tokens=spent, votes=votes)
        score = sum(values) / len(values)
        return Verdict(None, self.decide(score), score, "ok", detail, spent, votes)

    def filled(self, sample: Sample, **more: str) -> tuple[Message, ...]:
        """Return the prompt for a sample, as a chat of one turn."""
        reference = ""
        if self.reads_reference and "answer" in sample.reference:
            reference = f"\nThe right answer is: {sample.reference['answer']}\n"
        known = {"question": question(sample), "answer": visible(sample.text), **more}
        return (Message("user", fill(self.template, reference=reference, **known)),)
