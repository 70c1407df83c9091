"""What trials have in common: a question, their results, and what earlier ones found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ttc_openai.probe.client import ProbeClient

ASK = [{"role": "user", "content": "Write a story about a fox who crosses a river."}]
SHORT = 10
HOT: dict[str, Any] = {"temperature": 1.6}


class TrialResult(NamedTuple):
    """What a trial found, and by what it was seen."""

    found: Any
    seen: str


Trial = Callable[[ProbeClient, "Baseline"], TrialResult]


class Baseline:
    """Results that later trials use: the greedy answer, and how the server behaves."""

    def __init__(self, client: ProbeClient) -> None:
        self.whole = client.whole(messages=ASK, max_tokens=SHORT)
        self.greedy = self.whole.text
        self.side_by_side = False
        self.pieces_count = False
        # Fields of a constraint, of reasoning turned off, and whether a bias and arguments of the
        # chat template have an effect.
        self.constraint: Mapping[str, Any] | None = None
        self.off: Mapping[str, Any] = {}
        self.biased = self.template = False
