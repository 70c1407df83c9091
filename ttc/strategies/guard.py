"""A wrapper around a plugin's strategy that checks its requests and its decision."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ttc.errors import BackendError
from ttc.plugins.guards import GuardedRule, a
from ttc.strategies import (
    Cancel,
    Choose,
    Decision,
    Evaluate,
    Generate,
    Loglikelihood,
    Node,
    Reply,
    Request,
    StrategyRun,
    Task,
)
from ttc.strategies.driver.budget import Exhausted

SCOPES = ("step", "partial", "outcome")


class GuardedStrategy(GuardedRule):
    """A strategy that may fail, ask for invalid things, or decide for what was not drawn."""

    def __init__(self, name: str, inner: Any) -> None:
        super().__init__("strategies", name, inner)

    @property
    def scores(self) -> bool:
        """Whether it needs a scorer."""
        return bool(self._call("tell its scores", lambda: self._inner.scores))

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        config: Mapping[str, object] = self._needed("config", Mapping)
        return config

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task."""
        talk = self._call("run", lambda: self._inner.run(task))
        if not all(hasattr(talk, verb) for verb in ("send", "throw", "close")):
            raise self._fault(f"gave {a(talk)} from run, not a generator")
        step: Callable[[], Any] = partial(next, talk)
        try:
            while True:
                over, said = self._go(step)
                if over:
                    return self._decision(said)
                asked = self._asked(said)
                step = partial(talk.send, [])
                try:
                    replies: list[Reply] = yield asked
                    step = partial(talk.send, replies)
                except Exhausted as ended:
                    step = partial(talk.throw, ended)
        except GeneratorExit:
            # It is abandoned, so its errors do not matter any more.
            self._let_go(talk)
            raise

    def _go(self, step: Callable[[], Any]) -> tuple[bool, Any]:
        """Go on to the next request (False) or the decision (True)."""

        def act() -> tuple[bool, Any]:
            try:
                return False, step()
            except StopIteration as stop:
                return True, stop.value
            except Exhausted as ended:
                return True, ended

        over, said = self._call("go on", act)
        if isinstance(said, Exhausted):
            raise said
        return over, said

    def _let_go(self, talk: Any) -> None:
        try:
            self._call("end", talk.close)
        except BackendError:
            return

    def _asked(self, asked: Any) -> Sequence[Request]:
        if not isinstance(asked, Sequence) or isinstance(asked, (str, bytes)):
            raise self._fault(f"asked for {a(asked)}, not for a list of requests")
        for each in asked:
            if (wrong := self._wrong(each)) is not None:
                raise self._fault(f"asked for {wrong}")
        return asked

    def _wrong(self, each: Any) -> str | None:
        """Return what is wrong with a request, None if nothing is."""
        if isinstance(each, Cancel):
            sound = isinstance(each.request, Generate)
            return None if sound else f"the end of {a(each.request)}, which is no draw"
        if isinstance(each, Evaluate):
            if not self.scores:
                return "a score, and does not tell that it needs a scorer (scores = True)"
            if each.scope not in SCOPES:
                return f"a score after {each.scope!r}; there are {', '.join(SCOPES)}"
            return None if isinstance(each.node, Node) else f"a score of {a(each.node)}, no Node"
        if not isinstance(each, (Generate, Choose, Loglikelihood)):
            return f"{a(each)}, which is no request"
        at: Any = each.at
        if at is not None and not isinstance(at, Node):
            return f"what follows {a(at)}, not a Node"
        return _wrong_draw(each) if isinstance(each, Generate) else _wrong_question(each)

    def _decision(self, decided: Any) -> Decision:
        if not isinstance(decided, Decision):
            raise self._fault(f"decided for {a(decided)}, not a Decision")
        pairs = self._call(
            "decide", lambda: [(node, weight + 0.0) for node, weight in decided.finals]
        )
        nodes = [node for node, _ in pairs] + [decided.node] * (decided.node is not None)
        if not all(isinstance(node, Node) for node in nodes):
            raise self._fault("decided for what is no Node")
        if not isinstance(decided.note, str) or not isinstance(decided.answer, (str, type(None))):
            raise self._fault("decided with a note or an answer that is no text")
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
        return f"{each.alternatives!r} alternatives"
    try:
        re.compile(each.until)
    except (re.error, TypeError):
        return f"a draw until {each.until!r}, which is no regular expression"
    return None


def _wrong_question(each: Choose | Loglikelihood) -> str | None:
    if isinstance(each, Choose) and not (_texts(each.choices) and each.choices):
        return f"a choice of {each.choices!r}, not of a tuple of texts"
    text: Any = each.text if isinstance(each, Loglikelihood) else ""
    return None if isinstance(text, str) else f"the weight of {a(text)}, not of a text"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
