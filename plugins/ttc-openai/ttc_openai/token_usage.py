"""The token counts that a server reports in `usage`, in the forms that servers use.

Most count reasoning within `completion_tokens`. Some do not (xAI, Gemini and gateways to it): their
`total_tokens` is larger than the sum of prompt and completion, by what they reasoned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ttc_openai.contents import number

_DETAILS = ("completion_tokens_details", "output_tokens_details")
_THOUGHTS = ("reasoning_tokens", "thinking_tokens", "thought_tokens", "thoughts_token_count")


class TokenUsage:
    """The token counts that a server reports; None where it does not.

    `think` are those of `completion` that were reasoning.
    """

    def __init__(self) -> None:
        self.prompt: int | None = None
        self.cached: int | None = None
        self.completion: int | None = None
        self.think: int | None = None

    def add_piece(self, piece: Mapping[str, Any]) -> None:
        """Add the token counts in a piece of an answer, or in a whole one."""
        self.add(piece.get("usage"))
        if isinstance(groq := piece.get("x_groq"), Mapping):
            self.add(groq.get("usage"))

    def add(self, reported: Any) -> None:
        """Add a `usage` object; ignore anything else."""
        if not isinstance(reported, Mapping):
            return
        # A prompt has tokens, so 0 stands for "not counted", as in every piece but the last.
        prompt = _count(reported.get("prompt_tokens", reported.get("input_tokens"))) or None
        completion = _count(reported.get("completion_tokens", reported.get("output_tokens")))
        think = next((found for each in _reasoned(reported) if (found := _count(each))), None)
        if think is None and any(_count(each) == 0 for each in _reasoned(reported)):
            think = 0
        total = _count(reported.get("total_tokens"))
        if None not in (prompt, completion, total) and "prompt_tokens" in reported:
            apart = (total or 0) - (prompt or 0) - (completion or 0)
            if apart > 0 and think in (None, 0, apart):
                think, completion = apart, (completion or 0) + apart
        self.prompt = self.prompt if prompt is None else prompt
        self.completion = self.completion if completion is None else completion
        self.think = self.think if think is None else think
        details = reported.get("prompt_tokens_details")
        if isinstance(details, Mapping):
            cached = _count(details.get("cached_tokens"))
            self.cached = self.cached if cached is None else cached


def _reasoned(reported: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what may be the count of reasoning tokens."""
    for details in (*(reported.get(name) for name in _DETAILS), reported):
        if isinstance(details, Mapping):
            yield from (details[name] for name in _THOUGHTS if name in details)


def _count(value: Any) -> int | None:
    """Return a count, given as 11, 11.0 or "11"; None for anything else."""
    found = number(value)
    fine = found is not None and 0 <= found < 1 << 63 and found == int(found)
    return int(found) if found is not None and fine else None
