"""Durations in words."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Return a duration as people write it: 8 s, 3:07, 2:05:10."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minutes}:{second:02}"
