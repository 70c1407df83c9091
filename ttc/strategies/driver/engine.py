"""A model as strategies draw from it: what a request means for a backend, and where the store keeps
what comes of it.

A whole answer has the very key of `ttc sample`, so that draws are shared with pools. A piece of a
trace has the text before it in its key: continuing and forking are defined by text, and whatever a
backend shares between traces is only its way to be fast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ttc import backends, keys
from ttc.backends import Backend, Completion
from ttc.cache import Memo
from ttc.records import OFF, Problem
from ttc.samples.plan import Recipe
from ttc.store.pools import RequestKey
from ttc.strategies import Choose, Generate, Question


@dataclass(frozen=True, slots=True)
class Engine:
    """A backend and how to draw from it."""

    backend: Backend
    recipe: Recipe

    def place(self, problem: Problem, asked: Generate) -> RequestKey:
        """Return what a request draws from."""
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
            # Draws of a pool may have been kept without what is asked for here.
            identity["alternatives"] = asked.alternatives
        if asked.messages is not None:
            problem = replace(problem, messages=asked.messages, prompt=None)
        prompt = keys.prompt_id(problem)
        key = keys.sample_key(identity, prompt)
        return RequestKey(key, problem, prompt, recipe.model.name, identity)

    def keeps_stop(self, asked: Generate) -> bool:
        """Whether the stop string that fires stays: that of a step, which is part of the trace."""
        return bool(asked.stop) and asked.stop != self.recipe.params.stop

    def without_stop(self, text: str, stop: str | None) -> str:
        """Return a text without the stop string of the sampling, which no answer keeps."""
        return text.removesuffix(stop) if stop and stop in self.recipe.params.stop else text

    def seed(self, place: RequestKey, index: int) -> int | None:
        """Return the seed of a draw; None where the engine knows none."""
        return keys.draw_seed(place.key, index) if "seed" in self.backend.capabilities else None

    def request(self, place: RequestKey, index: int, asked: Generate) -> backends.Request:
        """Return what to ask the backend for."""
        names = ("temperature", "top_p", "top_k", "min_p", "max_tokens")
        # What is None in a key is off.
        values: dict[str, Any] = {name: place.identity[name] for name in names}
        values |= {name: OFF[name] for name, value in values.items() if value is None}
        stop = tuple(place.identity["stop"])
        params = replace(self.recipe.params, stop=stop, **values)
        return backends.Request(
            id=f"{place.key}/{index}",
            messages=place.problem.messages,
            prompt=place.problem.prompt,
            prefix=asked.at.trace if asked.at is not None else "",
            params=params,
            seed=self.seed(place, index),
            draw=index,
            keep_stop=self.keeps_stop(asked),
            alternatives=asked.alternatives,
        )

    def remembered(self, problem: Problem, asked: Question) -> Completion | None:
        """Return what a question was answered with before, if it is remembered."""
        with self._memo() as memo:
            found = memo.get(self._place_of(problem, asked))
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
        """Remember what a question was answered with."""
        if done.finish_reason == "error":
            return
        chances = None if done.chances is None else dict(done.chances)
        told = [chances, done.logprob, done.prompt_tokens, done.cached_tokens]
        with self._memo() as memo:
            memo.keep([(self._place_of(problem, asked), told)])

    def _memo(self) -> Memo:
        model = self.recipe.model
        clock = () if model.clock is None else (model.clock,)
        return Memo("questions", model.backend or self.recipe.backend, model.fingerprint, *clock)

    def _place_of(self, problem: Problem, asked: Question) -> str:
        request = self.question(problem, asked)
        prompt = keys.prompt_id(Problem("", request.messages, request.prompt))
        about = [prompt, request.prefix, list(request.choices), request.score]
        if request.params.thinking is not None:
            about.append(request.params.thinking)
        return keys.digest("question1", about)

    def question(self, problem: Problem, asked: Question) -> backends.Request:
        """Return what to ask the backend for where nothing is drawn."""
        return backends.Request(
            id="question",
            messages=problem.messages if asked.messages is None else asked.messages,
            prompt=problem.prompt if asked.messages is None else None,
            prefix=(asked.at.trace if asked.at is not None else "")
            + (asked.prefix if isinstance(asked, Choose) else ""),
            params=self.recipe.params,
            choices=asked.choices if isinstance(asked, Choose) else (),
            score=None if isinstance(asked, Choose) else asked.text,
        )
