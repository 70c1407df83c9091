"""A model as strategies use it: the backend request and the store key of each of their requests.

A whole answer has the same key as a draw of `ttc sample`, so both share the store. The key of a
step contains the text before it: continuing and forking are defined by text, and what a backend
shares between traces (its KV cache) only makes it faster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ttc import backends, keys
from ttc.backends import Backend, Completion
from ttc.cache import Memo
from ttc.records import LATER, OFF, Problem, SamplingParams
from ttc.samples.plan import Recipe
from ttc.store.pools import RequestKey
from ttc.strategies import Choose, Generate, Question


@dataclass(frozen=True, slots=True)
class ModelEngine:
    """A backend, and the recipe that its draws follow."""

    backend: Backend
    recipe: Recipe

    def request_key(self, problem: Problem, asked: Generate) -> RequestKey:
        """Return the store key of a draw."""
        changes: dict[str, Any] = {}
        if asked.max_tokens is not None:
            changes["max_tokens"] = asked.max_tokens
        if asked.stop is not None:
            changes["stop"] = asked.stop
        if asked.temperature is not None:
            changes["temperature"] = asked.temperature
        recipe = replace(self.recipe, params=replace(self.recipe.params, **changes))
        identity = recipe.key
        if asked.at is not None:
            identity["prefix"] = asked.at.trace
        if self.keeps_stop(asked):
            identity["stop_kept"] = True
        if asked.alternatives:
            # The draws of a pool may have been stored without confidences.
            identity["alternatives"] = asked.alternatives
        if asked.messages is not None:
            problem = replace(problem, messages=asked.messages, prompt=None)
        prompt = keys.prompt_id(problem)
        key = keys.sample_key(identity, prompt)
        return RequestKey(key, problem, prompt, recipe.model.name, identity)

    def keeps_stop(self, asked: Generate) -> bool:
        """Whether the stop string that ends a draw stays in its text: yes for steps, whose
        boundary is part of the trace."""
        return bool(asked.stop) and asked.stop != self.recipe.params.stop

    def without_stop(self, text: str, stop: str | None) -> str:
        """Return a text without the stop string of the sampling parameters, if that ended it."""
        return text.removesuffix(stop) if stop and stop in self.recipe.params.stop else text

    def seed(self, key: RequestKey, index: int) -> int | None:
        """Return the seed of a draw; None if the backend has no seeds."""
        return keys.draw_seed(key.key, index) if "seed" in self.backend.capabilities else None

    def request(self, key: RequestKey, index: int, asked: Generate) -> backends.Request:
        """Return the backend request of a draw."""
        names = ("temperature", "top_p", "top_k", "min_p", "max_tokens")
        # None in a key means off.
        values: dict[str, Any] = {name: key.identity[name] for name in names}
        values |= {name: OFF[name] for name, value in values.items() if value is None}
        stop = tuple(key.identity["stop"])
        return backends.Request(
            id=f"{key.key}/{index}",
            messages=key.problem.messages,
            prompt=key.problem.prompt,
            prefix=asked.at.trace if asked.at is not None else "",
            params=replace(self.recipe.params, stop=stop, **values),
            seed=self.seed(key, index),
            draw=index,
            keep_stop=self.keeps_stop(asked),
            alternatives=asked.alternatives,
            logprobs=self.recipe.logprobs,
        )

    def question(self, problem: Problem, asked: Question) -> backends.Request:
        """Return the backend request of a question."""
        return backends.Request(
            id="question",
            messages=problem.messages if asked.messages is None else asked.messages,
            prompt=problem.prompt if asked.messages is None else None,
            prefix=(asked.at.trace if asked.at is not None else "")
            + (asked.prefix if isinstance(asked, Choose) else ""),
            params=unconstrained(self.recipe.params),
            choices=asked.choices if isinstance(asked, Choose) else (),
            score=None if isinstance(asked, Choose) else asked.text,
        )

    def remembered(self, problem: Problem, asked: Question) -> Completion | None:
        """Return the completion of a question that was asked before; None if it was not."""
        with self._memo() as memo:
            found = memo.get(self._memo_key(problem, asked))
        if found is None:
            return None
        chances, logprob, prompt, cached = found
        return Completion(
            "",
            "",
            "stop",
            prompt_tokens=prompt,
            cached_tokens=cached,
            logprob=logprob,
            chances=chances,
        )

    def remember(self, problem: Problem, asked: Question, done: Completion) -> None:
        """Remember the completion of a question, unless it failed."""
        if done.finish_reason == "error":
            return
        chances = None if done.chances is None else dict(done.chances)
        kept = [chances, done.logprob, done.prompt_tokens, done.cached_tokens]
        with self._memo() as memo:
            memo.keep([(self._memo_key(problem, asked), kept)])

    def _memo(self) -> Memo:
        model = self.recipe.model
        clock = () if model.clock is None else (model.clock,)
        return Memo("questions", model.backend or self.recipe.backend, model.fingerprint, *clock)

    def _memo_key(self, problem: Problem, asked: Question) -> str:
        request = self.question(problem, asked)
        prompt = keys.prompt_id(Problem("", request.messages, request.prompt))
        about: list[Any] = [prompt, request.prefix, list(request.choices), request.score]
        if request.params.thinking is not None:
            about.append(request.params.thinking)
        if request.params.extra:
            about.append({"extra": request.params.extra_fields})
        return keys.digest("question1", about)


def unconstrained(params: SamplingParams) -> SamplingParams:
    """Return parameters for a question: nothing is drawn, so what only shapes draws is left out."""
    shaping = {name: LATER[name] for name in LATER if name not in ("thinking", "extra")}
    return replace(params, **shaping)
