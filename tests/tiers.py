"""The sandboxes that hold here, each probed once."""

from __future__ import annotations

from functools import cache

import pytest

from ttc.verifiers.sandbox.probe import probe
from ttc.verifiers.sandbox.servers import ServerError

TIERS = ("bwrap", "landlock")


@cache
def _missing(tier: str) -> str | None:
    try:
        probe(tier)
    except ServerError as error:
        return str(error)
    return None


def need(tier: str) -> str:
    """Return the tier, or skip the test where it does not hold."""
    if reason := _missing(tier):
        pytest.skip(f"{tier}: {reason}")
    return tier
