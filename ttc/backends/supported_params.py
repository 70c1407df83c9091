"""Sampling parameters that a server refuses even if they are off.

Some servers take no `temperature` at all, or no `top_p` of 1. If the value is off
(`SamplingParams.off`), the parameter is left out of requests and the server's default applies. The
key has None there, so such draws are not mixed with others. A value that is not off is never left
out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ttc.backends import Backend, ModelInfo
from ttc.records import SamplingParams


class Settling(Protocol):
    """A backend that can find out which sampling parameters its server takes; an optional extra."""

    def settle(self, params: SamplingParams) -> ModelInfo:
        """Return the model with `unset`: the parameters that are left out of requests if off.

        If that is unknown for a parameter that is off in `params`, one short request finds it out.
        It never fails: what cannot be found out stays unknown, and a draw that would not match its
        key is then an error.
        """


def settled(backend: Backend, params: SamplingParams) -> ModelInfo:
    """Return the model for the keys of draws with these parameters. Call it before making a key."""
    # An optional member of backends.
    settle: Callable[[SamplingParams], ModelInfo] | None = getattr(backend, "settle", None)
    return backend.model if settle is None else settle(params)
