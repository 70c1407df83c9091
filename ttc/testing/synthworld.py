"""SynthWorld: a world of reasoning whose values are known in closed form.

A task takes `depth` steps. A trace is right or broken: a right one stays right at a step with
probability `stays`, a broken one recovers with `recovers`; the answer is right if the trace is
right at its end. A step has 8 to 40 tokens (words). What a step is, and how long, is a keyed hash
of its first word, so that the text does not reveal it, and any piece of a trace can be continued
by any process. Right traces answer 1, broken ones one of 2 to 5.

With it come scorers whose error is known: of the value itself (`sigma` = 0), with noise that is a
fixed function of the step (`sigma`), fooled by a share of the broken steps (`hacked`), and of
steps that are cut short.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist

from ttc import keys
from ttc.backends import Backend, Completion, ModelInfo, Request, simulated
from ttc.backends.simulated import SimulatedBackend
from ttc.records import Problem
from ttc.strategies import Node
from ttc.strategies.driver.scoring import Score

BOUNDARY = "\n\n"
SHORTEST, LONGEST = 8, 40
CAPABILITIES = simulated.CAPABILITIES | {"prefix", "stop-kept", "choose", "alternatives"}
_FILLER = "and"
_WORD = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class World:
    """The chain and its secret."""

    stays: float = 0.7
    recovers: float = 0.02
    depth: int = 6
    secret: str = "synth"

    def _hash(self, word: str, salt: str) -> int:
        return int.from_bytes(
            hashlib.blake2b(
                f"{salt}/{word}".encode(), key=self.secret.encode(), digest_size=8
            ).digest(),
            "big",
        )

    def right(self, word: str) -> bool:
        """Whether the trace is right after the step that begins with a word."""
        return self._hash(word, "right") % 2 == 0

    def tokens(self, word: str) -> int:
        """How long that step is."""
        return SHORTEST + self._hash(word, "tokens") % (LONGEST - SHORTEST + 1)

    def sure(self, word: str) -> float:
        """How sure a model is of that step's tokens: more so, on the whole, if it is right."""
        return (12 if self.right(word) else 10) + 4 * self.chance(word, "sure")

    def chance(self, word: str, salt: str) -> float:
        """Return a number in (0, 1) that is a fixed function of a step."""
        return (self._hash(word, salt) + 0.5) / 2.0**64

    def value(self, right: bool, steps: int) -> float:
        """Return the probability of a right end from a state, `steps` steps before it."""
        value = float(right)
        fixed = self.recovers / (1 - self.stays + self.recovers)
        return fixed + (value - fixed) * (self.stays - self.recovers) ** steps

    @property
    def solvable(self) -> float:
        """The probability that one trace from the prompt is right."""
        return self.value(True, self.depth)

    def read(self, trace: str) -> list[list[str]]:
        """Return the words of each step of a trace, the last of which may be cut short.

        What no step of this world begins with is not its own, as what a strategy puts there.
        """
        pieces = [piece.split() for piece in trace.split(BOUNDARY)]
        return [words for words in pieces if words and _WORD.fullmatch(words[0])]

    def word(self, rng: random.Random, right: bool) -> str:
        """Return a first word of a step that leaves the trace right, or broken."""
        while True:
            word = f"{rng.getrandbits(48):012x}"
            if self.right(word) == right:
                return word

    def go_on(self, trace: str, rng: random.Random) -> tuple[list[str], bool]:
        """Return the words of the next step, or of what is left of one, and whether it is the
        last."""
        steps = self.read(trace)
        whole = not steps or trace.endswith(BOUNDARY)
        if whole:
            right = self.right(steps[-1][0]) if steps else True
            word = self.word(rng, rng.random() < (self.stays if right else self.recovers))
            said, left, number = [word], self.tokens(word) - 1, len(steps) + 1
        else:
            word = steps[-1][0]
            said, left, number = [], self.tokens(word) - len(steps[-1]), len(steps)
        last = number >= self.depth
        words = [*said, *[_FILLER] * left]
        if last:
            # One that is at its end says its answer once more.
            words = [*words[:-1], f"answer={self.answer(word)}"]
        return words, last

    def answer(self, word: str) -> int:
        """Return the answer of a trace whose last step begins with a word."""
        return 1 if self.right(word) else 2 + self._hash(word, "answer") % 4


def script(world: World, judge: Scorer | None = None) -> Mapping[str, object]:
    """Return the description of the model."""
    return {**asdict(world), "judge": None if judge is None else judge.config}


class Teller:
    """Answers requests as the world would."""

    def __init__(self, world: World, judge: Scorer | None) -> None:
        self._world = world
        self._judge = judge or Scorer(world)

    def __call__(self, request: Request) -> Completion:
        """Draw steps up to a stop string, the token limit or the end."""
        if request.choices:
            return self._weigh(request)
        params, world = request.params, self._world
        rng = random.Random(f"{request.prefix}/{request.seed}")
        text, finish, stop = "", "length", None
        sure: list[float] = []
        while (room := params.max_tokens - len(sure)) > 0:
            before = request.prefix + text
            words, last = world.go_on(before, rng)
            said = words[:room]
            text += " " * bool(before and not before.endswith(BOUNDARY)) + " ".join(said)
            sure += [world.sure(world.read(request.prefix + text)[-1][0])] * len(said)
            if len(words) > room:
                break
            if last:
                finish = "stop"
                break
            text += BOUNDARY
            if BOUNDARY in params.stop:
                stop, finish = BOUNDARY, "stop"
                break
        if stop is not None and not request.keep_stop:
            text = text.removesuffix(stop)
        return Completion(
            request_id="",
            text=text,
            finish_reason="stop" if finish == "stop" else "length",
            prompt_tokens=1,
            completion_tokens=len(sure),
            logprob=-0.5 * len(sure),
            stop=stop,
            confidences=sure if request.alternatives else None,
        )

    def _weigh(self, request: Request) -> Completion:
        """Judge the trace before: digits by its score, Yes and No by its chance."""
        # A judge is shown the trace as what the assistant said before.
        said = [turn.content for turn in request.messages if turn.role == "assistant"]
        trace = said[-1] if said else request.prefix
        value = self._judge.of(trace)
        if set(request.choices) <= set("0123456789"):
            digit = str(int(10 * self._judge.of_step(trace)))
            chances = {choice: float(choice == digit) for choice in request.choices}
        else:
            chances = {each: value if each == "Yes" else 1 - value for each in request.choices}
        return Completion("", "", "stop", 1, 0, 0, chances=chances)


class Scorer:
    """A process reward model of known error.

    Its logit is that of the value, with noise of deviation `sigma`. Of a step that is cut short it
    is as far on its way from the value before to that after as the step is, and `blur` is the
    noise that is gone once the step is whole. `hacked` of the broken steps score 0.98.
    """

    name = "synth"

    def __init__(
        self, world: World, sigma: float = 0.0, hacked: float = 0.0, blur: float = 0.0
    ) -> None:
        self._world = world
        self._sigma = sigma
        self._hacked = hacked
        self._blur = blur

    @property
    def config(self) -> Mapping[str, object]:
        """What its scores depend on."""
        error = {"sigma": self._sigma, "hacked": self._hacked, "blur": self._blur}
        return {**asdict(self._world), **error}

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Score traces."""
        return [Score(self.of(node.trace)) for node in nodes]

    def of_step(self, trace: str) -> float:
        """Return a rating of the last step alone in [0, 1), high if the trace is right after it."""
        steps = self._world.read(trace)
        if not steps:
            return 0.5
        word = steps[-1][0]
        noise = NormalDist().inv_cdf(self._world.chance(word, "rating"))
        return 1 / (1 + math.exp(-(1.5 if self._world.right(word) else -1.5) - noise))

    def of(self, trace: str) -> float:
        """Return the score of a trace, its last step perhaps cut short."""
        steps = self._world.read(trace)
        if not steps:
            return self._world.solvable
        word = steps[-1][0]
        right = self._world.right(word)
        if not right and self._world.chance(word, "hacked") < self._hacked:
            return 0.98
        left = self._world.depth - len(steps)
        before = self._world.right(steps[-2][0]) if len(steps) > 1 else True
        seen = min(len(steps[-1]) / self._world.tokens(word), 1.0)
        noise = self._sigma * NormalDist().inv_cdf(self._world.chance(word, "noise"))
        blur = self._blur * (1 - seen) * NormalDist().inv_cdf(self._world.chance(word, "blur"))
        start, end = (
            _logit(self._world.value(state, steps_left))
            for state, steps_left in ((before, left + 1), (right, left))
        )
        return 1 / (1 + math.exp(-((1 - seen) * start + seen * end + noise + blur)))


def _logit(value: float) -> float:
    clipped = min(max(value, 1e-6), 1 - 1e-6)
    return math.log(clipped / (1 - clipped))


def open_world(world: World, judge: Scorer | None = None, name: str = "synth") -> Backend:
    """Return a backend that draws from a world; `judge` answers its questions of choice."""
    info = ModelInfo(name, keys.digest("synth1", script(world, judge)))
    return SimulatedBackend(info, Teller(world, judge), capabilities=CAPABILITIES)
