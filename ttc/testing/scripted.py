"""The `scripted` backend: no model, known distributions, faults on demand.

`-m scripted:answers=18*3/20*1,tokens=20-60,slots=8`: each draw is a pure function of prompt and
seed. Its answers and lengths follow the given distributions independently, so every curve over
it is known in closed form.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ttc import keys
from ttc.backends import Backend, Completion, ModelInfo, Request
from ttc.backends.simulated import CAPABILITIES as SIMULATED
from ttc.backends.simulated import SimulatedBackend
from ttc.options import OptionReader, parse_spec
from ttc.records import Problem

CAPABILITIES = SIMULATED | {"stop-kept", "alternatives", "thinking"}
WORDS = ("so", "we", "add", "take", "carry", "double", "halve", "check", "keep", "note")
DEFAULTS = {
    "answers": "1*4/2*2/3*1/4*1",
    "tokens": "10-60",
    "think": "0",
    "slots": "16",
    "tick": "0",
    "fail": "0",
}


class Cut(NamedTuple):
    """Where a draw ends: the words it takes, the text that is left, the stop that fired."""

    tokens: int
    text: str
    stop: str | None


def cut(words: Sequence[str], stops: Sequence[str], *, keep: bool) -> Cut:
    """Say words one after the other until a stop string is complete; it stays if `keep`."""
    for count in range(1, len(words) + 1 if stops else 0):
        text = " ".join(words[:count])
        found = [(text.index(stop), stop) for stop in stops if stop in text]
        if found:
            at, stop = min(found)
            return Cut(count, text[: at + len(stop) * keep], stop)
    return Cut(len(words), " ".join(words), None)


class Script:
    """What each request gets: text, tokens, finish reason, from prompt and seed alone.

    `answers`: alternatives with weights, `18*3/20*1`. `tokens`: lengths, uniform in `10-60`.
    `think`: as many words of thought stand before the answer, which may be turned off.
    `fail`: the share of requests that end as `error` (drawn again at every attempt).
    """

    def __init__(self, read: OptionReader) -> None:
        weighted = read.value("answers", None, _weighted, "answers with weights, as in 18*3/20*1")
        self._answers, self._weights = weighted or ([""], [1.0])
        self._tokens = read.value(
            "tokens", (1, 1), _range, "a number of tokens or a range as 10-60"
        )
        self._think = read.value("think", (0, 0), _range, "a number of words or a range as 10-60")
        self._fail = read.number("fail", 0.0, least=0, most=1)
        self._faults = random.Random()

    def __call__(self, request: Request) -> Completion:
        """Return the completion of a request, cut at `max_tokens` and by its stop strings."""
        if self._faults.random() < self._fail:
            return Completion("", "", "error", completion_tokens=1, error="scripted failure")
        prompt = keys.prompt_id(Problem("", request.messages, request.prompt))
        rng = random.Random(f"{prompt}/{request.seed}")
        tokens = rng.randint(*self._tokens)
        answer = rng.choices(self._answers, self._weights)[0]
        words = rng.choices(WORDS, k=max(tokens - 4, 0))
        limit = request.params.max_tokens
        whole, thought = [*words, "the", "answer", "is", answer], list[str]()
        if self._think[1] and request.params.thinking != "off":
            thought = rng.choices(WORDS, k=rng.randint(*self._think))
            whole = ["<think>", *thought, "</think>", *whole]
            tokens += len(thought) + 2
        # The sum of as many exponential variates of mean ½ as there are tokens.
        logprob = -rng.gammavariate(max(min(tokens, limit), 1), 0.5)
        said = cut(whole[:limit], request.params.stop, keep=request.keep_stop)
        ended = said.stop is not None or tokens <= limit
        count = min(tokens, limit) if said.stop is None else said.tokens
        return Completion(
            request_id="",
            text=said.text,
            finish_reason="stop" if ended else "length",
            prompt_tokens=len(str(request.messages or request.prompt).split()),
            completion_tokens=count,
            think_tokens=max(min(count - 1, len(thought)), 0),
            logprob=round(logprob, 6),
            stop=said.stop,
            confidences=self._confidences(request, prompt, count) if request.alternatives else None,
        )

    def _confidences(self, request: Request, prompt: str, tokens: int) -> list[float]:
        rng = random.Random(f"{prompt}/{request.seed}/sure")
        return [rng.uniform(5, 25) for _ in range(tokens)]


def _weighted(text: Any) -> tuple[list[str], list[float]]:
    parts = [part.partition("*") for part in str(text).split("/")]
    weights = [float(weight or 1) for _, _, weight in parts]
    if not (min(weights) >= 0 and 0 < sum(weights) < math.inf):
        raise ValueError
    return [answer for answer, _, _ in parts], weights


def _range(text: Any) -> tuple[int, int]:
    low, _, high = str(text).partition("-")
    found = int(low), int(high or low)
    if not 0 <= found[0] <= found[1]:
        raise ValueError
    return found


def open_scripted(model: str, options: Mapping[str, Any]) -> Backend:
    """Open it; `model` holds `key=value,…` over DEFAULTS. UsageError for a bad option."""
    _, given = parse_spec(f"scripted:{model}")
    read = OptionReader("scripted", {**DEFAULTS, **given, **options})
    settings = {name: read.text(name, default) for name, default in DEFAULTS.items()}
    script = Script(read)
    slots, tick = read.whole("slots", 16), read.number("tick", 0.0, least=0)
    read.end()
    # Speed and faults do not change what is drawn.
    drawn = {name: settings[name] for name in ("answers", "tokens")}
    if settings["think"] != DEFAULTS["think"]:
        drawn["think"] = settings["think"]
    info = ModelInfo("scripted", keys.digest("scripted1", drawn))
    able = SIMULATED | {"stop-kept", "alternatives"}
    if "think" in drawn:
        able |= {"thinking"}
    return SimulatedBackend(info, script, slots=slots, tick=tick, capabilities=able)
