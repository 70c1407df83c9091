"""What the scripted server says: known words for a prompt and a seed, and faults on demand."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.testing import http_requested
from ttc.testing.scripted import WORDS

Json = dict[str, Any]


@dataclass
class Behaviour:
    """How a server behaves. `pace` is seconds a token, `tokens` the length of every answer.

    `base` is the only path below which it answers. `picky` refuses other models than these.
    `listing` is what `/models` says instead: a status, `html`, or any JSON; of a deque, one each
    time. `refuses` returns the error
    (status 400) of a body that is not taken.

    `able`: `n`, `seed`, `stop`, `stop-told`, `usage`, `logprobs`, `prefix`, `reasoning`, `raw`,
    `repeats` (the prefix), `filters` (top_k, min_p), and what `ttc.testing.http_requested` adds;
    what is not in it is ignored. `strict` names fields that are refused.
    `faults` are consumed by requests for completions, one each: a status (`429`, `429:SECONDS`),
    `html`, `empty`, `cut` (an end before the end), `broken` (no end), `reset` (no answer), `drip`,
    `malformed`, `error` (inside the stream), `hang` (no byte, ever), `same` (one answer for every
    prompt and seed), `none`. Odd, but complete: `late` (broken behind the end), `ninf`
    (log-probabilities of minus infinity), `u2028` (between the words), `lines` (JSON over several),
    `finish` (a reason that is empty), `parts` (a list of them), `plain` (as text/plain), `crlf`.
    `rates` are the chances of faults for requests that these leave, and `always` is the fault of
    all that are left then.
    """

    models: tuple[str, ...] = ("scripted",)
    picky: bool = False
    base: str = ""
    listing: Any = None
    refuses: Callable[[Json], Json | None] = lambda body: None
    tokens: int = 12
    pace: float = 0.0
    able: frozenset[str] = frozenset({"seed", "stop", "usage", "logprobs", "raw", "filters"})
    strict: frozenset[str] = frozenset()
    key: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    faults: deque[str] = field(default_factory=deque)
    rates: Mapping[str, float] = field(default_factory=dict)
    always: str = ""

    def list(self) -> Json:
        """Return what `/models` says."""
        rows = [{"id": name, "meta": dict(self.meta)} for name in self.models]
        return {"object": "list", "data": rows}

    def fault(self) -> str:
        """Return what is wrong with the next answer."""
        if self.faults:
            return self.faults.popleft()
        names = [*self.rates, self.always]
        chances = [*self.rates.values(), max(0.0, 1 - sum(self.rates.values()))]
        return random.choices(names, chances)[0]


class Answer:
    """What is said to one request."""

    _sure = -0.5  # the log-probability of each token

    def __init__(self, behaviour: Behaviour, path: str, body: Json, fault: str) -> None:
        self.fault = fault
        self._behaviour, self._body = behaviour, body
        self._chat = "chat" in path
        able = behaviour.able
        self._choices = [self._choice(index) for index in range(self._n)]
        self._usage = "usage" in able and bool(body.get("stream_options"))

    @property
    def _n(self) -> int:
        return int(self._body.get("n", 1)) if "n" in self._behaviour.able else 1

    @property
    def longest(self) -> int:
        """The tokens of its longest choice."""
        return max(len(words) for words, _, _ in self._choices)

    def _choice(self, index: int) -> tuple[list[str], str, str | None]:
        """Return the words of a choice, how it ends and the stop string that fired."""
        body, able = self._body, self._behaviour.able
        if self.fault == "empty":
            return [], "stop", None
        turns, begun = body.get("messages", []), 0
        if "prefix" in able and turns and turns[-1]["role"] == "assistant":
            begun, turns = len(turns[-1]["content"].split()), turns[:-1]
        prompt = json.dumps(turns or body.get("prompt"))
        greedy = not body.get("temperature") or (
            "filters" in able and (body.get("top_k") == 1 or body.get("min_p") == 1)
        )
        chance: Any = body.get("seed") if "seed" in able else None
        chance = random.getrandbits(32) if chance is None else chance
        if greedy or self.fault == "same":
            chance = 0
        rng = random.Random(f"{prompt}/{chance}/{index}" if self.fault != "same" else "same")
        words = rng.choices(WORDS, k=self._behaviour.tokens + begun)
        words = [f" {word}" if at else word for at, word in enumerate(words)][begun:]
        if begun and "repeats" in able:
            words[0] = body["messages"][-1]["content"] + words[0]
        if (must := http_requested.forced(body, able, WORDS)) is not None:
            words, self._sure = must, -0.001 if "masked" in able else -9.0
        words = http_requested.shaped(body, able, words)
        limit = int(body.get("max_tokens") or body.get("max_completion_tokens") or 16)
        finish = "stop" if len(words) <= limit else "length"
        stops = body.get("stop") or () if "stop" in able else ()
        for count in range(1, len(words[:limit]) + 1 if stops else 0):
            text = "".join(words[:count])
            found = [(text.index(stop), stop) for stop in stops if stop in text]
            if found:
                at, stop = min(found)
                kept = words[: count - 1]
                return [*kept, text[:at][len("".join(kept)) :]], "stop", stop
        return words[:limit], finish, None

    def _piece(self, choice: Json | None, *, usage: bool) -> Json:
        kind = "chat.completion.chunk" if self._chat else "text_completion"
        piece: Json = {"id": "x", "object": kind, "model": self._body.get("model")}
        piece["choices"] = [] if choice is None else [choice]
        if usage:
            prompt = len(json.dumps(self._body.get("messages") or self._body.get("prompt")).split())
            tokens = sum(len(words) for words, _, _ in self._choices)
            prompt += http_requested.more_prompt(self._body, self._behaviour.able)
            piece["usage"] = {"prompt_tokens": prompt, "completion_tokens": tokens}
        return piece

    def _said(self, index: int, word: str, at: int, *, whole: bool) -> Json:
        choice: Json = {"index": index, "finish_reason": None}
        thinks = "reasoning" in self._behaviour.able and at < 3 and not whole
        name = "reasoning_content" if thinks else "content"
        if self._chat:
            content = [{"type": "text", "text": word}] if self.fault == "parts" else word
            choice["message" if whole else "delta"] = {name: content}
        else:
            choice["text"] = word
        if self.fault == "finish":
            choice["finish_reason"] = ""
        if self._body.get("logprobs") and "logprobs" in self._behaviour.able and word:
            entry = {"token": word, "logprob": self._sure, "bytes": list(word.encode())}
            asked = self._body["logprobs"]
            count = self._body.get("top_logprobs", 0) if asked is True else asked
            # As large as they can be: 1/2, 1/4, 1/8, …
            tops = {WORDS[rank]: -math.log(2) * (rank + 1) for rank in range(min(count, 5))}
            alike = [{"token": token, "logprob": value} for token, value in tops.items()]
            choice["logprobs"] = (
                {"content": [{**entry, "top_logprobs": alike}]}
                if self._chat
                else {"tokens": [word], "token_logprobs": [self._sure], "top_logprobs": [tops]}
            )
        if self.fault == "ninf" and word:
            choice["logprobs"] = {"content": [{"token": word, "logprob": -math.inf}]}
        return choice

    def _end(self, index: int) -> Json:
        _, finish, stop = self._choices[index]
        end: Json = {"finish_reason": finish}
        return {**end, "stop_reason": stop} if "stop-told" in self._behaviour.able else end

    def whole(self) -> Json:
        """Return it at once."""
        piece = self._piece(None, usage=True)
        piece["choices"] = [
            self._said(index, "".join(words), 0, whole=True) | self._end(index)
            for index, (words, _, _) in enumerate(self._choices)
        ]
        return piece

    async def events(self) -> AsyncIterator[bytes]:
        """Yield it token by token, and do what is wrong with it."""
        for at in range(self.longest):
            if self._behaviour.pace:
                await asyncio.sleep(self._behaviour.pace)
            if at == 3 and self.fault in ("cut", "broken", "malformed", "error", "drip"):
                async for event in self._broken():
                    yield event
                return
            for index, (words, _, _) in enumerate(self._choices):
                if at < len(words):
                    said = self._said(index, words[at], at, whole=False)
                    yield self._line(self._piece(said, usage=False))
        for index in range(self._n):
            end = self._said(index, "", 9, whole=False) | self._end(index)
            yield self._line(self._piece(end, usage=False))
        if self._usage:
            yield self._line(self._piece(None, usage=True))
        yield b"data: [DONE]"

    def _line(self, piece: Json) -> bytes:
        """Return a piece as an event."""
        if self.fault == "lines":
            text = json.dumps(piece, indent=1)
            return b"\n".join(b"data: " + part.encode() for part in text.splitlines())
        if self.fault == "u2028":
            text = json.dumps(piece, ensure_ascii=False)
            return b"data: " + text.replace('": " ', '": "\u2028').encode()
        return line(piece).replace(b"\n", b"\r\n") if self.fault == "crlf" else line(piece)

    async def _broken(self) -> AsyncIterator[bytes]:
        if self.fault == "malformed":
            yield b'data: {"choices": [{"delta"'
        elif self.fault == "cut":
            yield b"data: [DONE]"
        elif self.fault == "error":
            yield line({"error": {"message": "CUDA out of memory", "code": 500}})
        while self.fault == "drip":
            await asyncio.sleep(0.05)
            yield b": ping"


def line(piece: Json) -> bytes:
    return b"data: " + json.dumps(piece).encode()
