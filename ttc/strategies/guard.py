"""A wrapper around a strategy that checks its requests and its decision."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ttc.errors import BackendError
from ttc.plugins.guards import GuardedMethod, a
from ttc.strategies import (
    Cancel,
    Choose,
    Decision,
    Evaluate,
    Exhausted,
    Generate,
    Loglikelihood,
    Node,
    Reply,
    Request,
    StrategyRun,
    Task,
)

SCOPES = ("step", "partial", "outcome")


class GuardedStrategy(GuardedMethod):
    """A strategy whose failures, requests and decision are checked.

    Any of its exceptions and any request or decision that the protocol does not allow is a
    BackendError that names the plugin.
    """

    def __init__(self, name: str, inner: Any) -> None:
        super().__init__("strategies", name, inner)

    @property
    def scores(self) -> bool:
        """Whether it needs a scorer."""
        return self._call("return its scores", lambda: bool(self._inner.scores))

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        config: Mapping[str, object] = self._needed("config", Mapping)
        return config

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task."""
        inner = self._call("run", lambda: self._inner.run(task))
        if not all(hasattr(inner, verb) for verb in ("send", "throw", "close")):
            raise self._fault(f"returned {a(inner)} from run, not a generator")
        step: Callable[[], Any] = partial(next, inner)
        try:
            while True:
                over, value = self._step(step)
                if over:
                    return self._decision(value)
                asked = self._requests(value)
                step = partial(inner.send, [])
                try:
                    replies: list[Reply] = yield asked
                    step = partial(inner.send, replies)
                except Exhausted as ended:
                    step = partial(inner.throw, ended)
        except GeneratorExit:
            self._close(inner)
            raise

    def _step(self, step: Callable[[], Any]) -> tuple[bool, Any]:
        """Resume the strategy; return False and its requests, or True and its decision."""

        def act() -> tuple[bool, Any]:
            try:
                return False, step()
            except StopIteration as stop:
                return True, stop.value
            except Exhausted as ended:
                return True, ended

        over, value = self._call("continue", act)
        if isinstance(value, Exhausted):
            raise value
        return over, value

    def _close(self, inner: Any) -> None:
        # Its run was given up, so its errors do not matter any more.
        with contextlib.suppress(BackendError):
            self._call("close", inner.close)

    def _requests(self, asked: Any) -> Sequence[Request]:
        if not isinstance(asked, Sequence) or isinstance(asked, (str, bytes)):
            raise self._fault(f"yielded {a(asked)}, not a list of requests")
        for each in asked:
            if (wrong := self._wrong(each)) is not None:
                raise self._fault(f"yielded {wrong}")
        return asked

    def _wrong(self, each: Any) -> str | None:
        """Return what is wrong with a request, None if nothing is."""
        if isinstance(each, Cancel):
            sound = isinstance(each.request, Generate)
            return None if sound else f"Cancel of {a(each.request)}, not of a Generate"
        if isinstance(each, Evaluate):
            if not self.scores:
                return "Evaluate, but does not declare that it needs a scorer (scores = True)"
            if each.scope not in SCOPES:
                return f"Evaluate with the scope {each.scope!r}; scopes are {', '.join(SCOPES)}"
            return (
                None if isinstance(each.node, Node) else f"Evaluate of {a(each.node)}, not a Node"
            )
        if not isinstance(each, (Generate, Choose, Loglikelihood)):
            return f"{a(each)}, which is not a request"
        at: Any = each.at
        if at is not None and not isinstance(at, Node):
            return f"a request at {a(at)}, not at a Node"
        return _wrong_draw(each) if isinstance(each, Generate) else _wrong_question(each)

    def _decision(self, decided: Any) -> Decision:
        if not isinstance(decided, Decision):
            raise self._fault(f"returned {a(decided)}, not a Decision")
        pairs = self._call(
            "decide", lambda: [(node, weight + 0.0) for node, weight in decided.finals]
        )
        nodes = [node for node, _ in pairs] + [decided.node] * (decided.node is not None)
        for node in nodes:
            if not isinstance(node, Node):
                raise self._fault(f"returned a Decision for {a(node)}, not a Node")
        if not isinstance(decided.note, str) or not isinstance(decided.answer, (str, type(None))):
            raise self._fault("returned a Decision whose note or answer is not text")
        return decided


def _wrong_draw(each: Generate) -> str | None:
    if each.max_tokens is not None and not (_whole(each.max_tokens) and each.max_tokens > 0):
        return f"a draw of {each.max_tokens!r} tokens"
    if each.temperature is not None and not (
        isinstance(each.temperature, (int, float)) and 0 <= each.temperature < float("inf")
    ):
        return f"a draw at temperature {each.temperature!r}"
    if each.stop is not None and not _texts(each.stop):
        return f"a draw that stops at {each.stop!r}, not at a tuple of texts"
    if not _whole(each.alternatives) or each.alternatives < 0:
        return f"a draw with {each.alternatives!r} alternatives"
    try:
        re.compile(each.until)
    except (re.error, TypeError):
        return f"a draw until {each.until!r}, which is not a regular expression"
    return None


def _wrong_question(each: Choose | Loglikelihood) -> str | None:
    if isinstance(each, Choose) and not (_texts(each.choices) and each.choices):
        return f"Choose among {each.choices!r}, not among a tuple of texts"
    text: Any = each.text if isinstance(each, Loglikelihood) else ""
    return None if isinstance(text, str) else f"Loglikelihood of {a(text)}, not of a text"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
