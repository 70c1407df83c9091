"""Sampling parameters that a server refuses even where they are off.

Some take no `temperature` at all, or no `top_p` of 1. Where the value is off
(`SamplingParams.off`), the parameter is left out of requests and the server's own default holds. A
key must say so before anything is drawn: it has None there, and such draws are mixed with no
others. A value that is not off is never left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ttc.backends import Backend, ModelInfo
from ttc.records import SamplingParams


class Settling(Protocol):
    """A backend that can find out which sampling parameters its server takes; an optional extra."""

    def settle(self, params: SamplingParams) -> ModelInfo:
        """Return the model with `unset`: what is left out of requests where it is off.

        Asks by one short request where that is not known for what is off in `params`. It never
        fails: what cannot be found out stays open, and a draw that would then not be what its key
        says is an error.
        """


def settled(backend: Backend, params: SamplingParams) -> ModelInfo:
    """Return the model as draws with these parameters are keyed; to be called before any key."""
    # An extra that backends may lack, so it is looked for rather than declared.
    settle: Callable[[SamplingParams], ModelInfo] | None = getattr(backend, "settle", None)
    return backend.model if settle is None else settle(params)
