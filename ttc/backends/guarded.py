"""The guard around every backend that `resolve.open_backend` returns."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ttc.backends import Completion, ModelInfo, Probing, Request, Tuning, refusal
from ttc.backends.sanitize import COUNTS, MEASURES, REASONS, sanitized
from ttc.errors import BackendError
from ttc.messages import notes
from ttc.plugins.guards import Guarded, a

# Capabilities that came after 0.1.0.
LATER = frozenset(
    {"thinking-effort", "thinking-budget", "grammar", "schema", "regex", "constrained-prefix"}
    | {"penalties", "repeat-penalty", "logit-bias", "token-logprobs"}
    | {"template-arguments", "request-fields"}
)
NUMBERS = (*COUNTS, *MEASURES)


class GuardedBackend(Guarded):
    """A backend whose calls and results are checked.

    It counts the requests under way: each completes once, and any other completion is an error.
    """

    extras: ClassVar[Mapping[str, tuple[type, ...]]] = {
        "room": (int,),
        "status": (str,),
        "generated": (int,),
        "loading": (str,),
        "refuses": (str, type(None)),
        "slots": (int, type(None)),
        "tune": (Tuning,),
        "probe": (Probing,),
    }

    def __init__(self, name: str, inner: Any) -> None:
        super().__init__("backends", name, inner)
        self._under_way: Counter[str] = Counter()

    @property
    def model(self) -> ModelInfo:
        """The model that it runs."""
        model: ModelInfo = self._needed("model", ModelInfo)
        return model

    @property
    def capabilities(self) -> frozenset[str]:
        """The capabilities of the backend."""
        told = self._call("tell its capabilities", lambda: frozenset(self._inner.capabilities))
        if not all(isinstance(each, str) for each in told):
            raise self._fault("has capabilities that are not text")
        return told

    def submit(self, request: Request) -> None:
        """Queue a request."""
        self._under_way[request.id] += 1
        if (request.needs & LATER) - self.capabilities:
            # A plugin from before these existed may not look at what it does not know.
            self._over(request.id)
            raise BackendError(f"{self.model.name}: {refusal(request, self.capabilities)}")
        try:
            self._call("submit", lambda: self._inner.submit(request))
        except BackendError:
            self._over(request.id)
            raise

    def wait(self) -> Completion:
        """Return the next completion; LookupError if no request is under way."""
        if not self._under_way.total():
            raise LookupError("no request is under way")
        return self._landed(self._call("wait", self._inner.wait))

    def cancel(self, request_id: str) -> None:
        """Stop a request."""
        self._call("cancel", lambda: self._inner.cancel(request_id))

    def close(self) -> None:
        """Release everything. A failure here does not replace an earlier one."""
        pending = sys.exc_info()[1]
        self._under_way.clear()
        try:
            self._call("close", self._inner.close)
        except BackendError:
            if pending is None:
                raise

    def _member(self, member: str) -> Any:
        value = super()._member(member)
        if member != "step":
            return value

        def step() -> Completion | None:
            if not self._under_way.total():
                raise LookupError("no request is under way")
            done = value()
            return None if done is None else self._landed(done)

        return step

    def _landed(self, done: Any) -> Completion:
        if not isinstance(done, Completion) or not isinstance(done.request_id, str):
            raise self._fault(f"gave {a(done)} from wait, not a Completion")
        if done.request_id not in self._under_way:
            raise self._fault(
                f"gave a completion of the request {str(done.request_id)[:80]!r}, which is not "
                "under way"
            )
        self._over(done.request_id)
        return self._checked(done)

    def _over(self, request_id: str) -> None:
        self._under_way[request_id] -= 1
        if self._under_way[request_id] <= 0:
            del self._under_way[request_id]

    def _checked(self, done: Completion) -> Completion:
        """Return a completion in plain types, in which a value that is not a number is None.

        BackendError if it is not a completion, or has fields of other types than text and numbers.
        """
        if not isinstance(done.finish_reason, str) or done.finish_reason not in REASONS:
            raise self._fault(f"gave the finish reason {str(done.finish_reason)[:40]!r}")
        if not isinstance(done.text, str):
            raise self._fault(f"gave {a(done.text)} for a text")
        kinds: tuple[tuple[str, Any], ...] = (("stop", str), ("error", str), ("chances", Mapping))
        for name, kind in (*kinds, ("confidences", Sequence)):
            value = getattr(done, name)
            if value is not None and not isinstance(value, kind) and not _array(name, value):
                raise self._fault(f"gave {a(value)} for {name}")
        found = self._call("wait", lambda: sanitized(done))
        for name in NUMBERS:
            value = getattr(done, name)
            # Servers return an infinite log-probability for a token that a filter removed.
            odd = value is not None and not isinstance(value, float)
            if odd and getattr(found, name) is None:
                what = f"an invalid {name} ({a(value)})"
                if name == "think_tokens" and isinstance(value, int) and value > 0:
                    what = f"{value} think_tokens in {found.completion_tokens} completion_tokens"
                wrong = self._fault(f"gave {what}")
                notes.tell(f"{wrong}; it is taken as unknown")
        return found


def _array(name: str, value: Any) -> bool:
    return name == "confidences" and hasattr(value, "__len__") and hasattr(value, "__getitem__")
