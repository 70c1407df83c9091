"""Normalization of what servers put in place of text or numbers: lists of parts, NaN, strings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ttc_openai.events import MalformedError

# Types of the parts of a content.
_THOUGHTS = ("thinking", "reasoning", "reasoning_content", "reasoning_text", "summary_text")
_TEXTS = (None, "text", "output_text")
_HELD = ("text", "thinking", "reasoning", "refusal", "value", "content", "summary")


class ContentText(NamedTuple):
    """The text of a content, by kind."""

    thought: str = ""
    text: str = ""
    refusal: str = ""

    @property
    def whole(self) -> str:
        """All of it, whatever its kind."""
        return self.thought + self.text + self.refusal


def content_text(value: Any, name: str) -> ContentText:
    """Return the text of a content, which is a string or a list of parts.

    Raises MalformedError for a part that is no text, such as an image.
    """
    if value is None or isinstance(value, str):
        return ContentText(text=value or "")
    content = ContentText()
    for part in value if isinstance(value, list) else [value]:
        content = ContentText(
            *(before + more for before, more in zip(content, _part(part, name), strict=True))
        )
    return content


def _part(part: Any, name: str) -> ContentText:
    if isinstance(part, str):
        return ContentText(text=part)
    fields = part if isinstance(part, Mapping) else {}
    kind = fields.get("type")
    held = [fields[each] for each in _HELD if fields.get(each) is not None]
    if kind not in (*_THOUGHTS, *_TEXTS, "refusal") or not (kind or held):
        shown = f"a part of the kind {kind!r}" if kind else f"{part!s:.60}"
        raise MalformedError(f"{name} contains something other than text: {shown}")
    inner = content_text(held[0], name) if held else ContentText()
    if kind in _THOUGHTS:
        return ContentText(thought=inner.whole)
    return ContentText(refusal=inner.whole) if kind == "refusal" else inner


def number(raw: Any) -> float | None:
    """Return a finite number, None for null, NaN, infinity or anything else."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
