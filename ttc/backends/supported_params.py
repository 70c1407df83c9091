"""Sampling parameters that a server refuses even if they are off: they are left out of requests.

Some servers take no `temperature` at all, or no `top_p` of 1. If the value is off
(`SamplingParams.off`), the parameter is left out of requests and the server's default applies. The
key has None there, so such draws are not mixed with others. A value that is not off is never left
out.
"""

from __future__ import annotations

from ttc.backends import Backend, ModelInfo
from ttc.backends.extras import Settling
from ttc.records import SamplingParams


def settled(backend: Backend, params: SamplingParams) -> ModelInfo:
    """Return the model for the keys of draws with these parameters. Call it before making a key."""
    return backend.settle(params) if isinstance(backend, Settling) else backend.model
