"""Durations in words."""

from __future__ import annotations

from datetime import datetime, timezone

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONG = 14 * _DAY  # after which the date says more


def clock(seconds: float) -> str:
    """Return a duration as people write it: 8 s, 3:07, 2:05:10."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def ago(moment: str, now: datetime | None = None) -> str:
    """Return when a time was, as people say it: just now, 13 min ago, 5 h ago, 3 days ago, or the
    date. `moment` is in ISO 8601 (UTC if it names no zone); what is no time stays as it is."""
    try:
        then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    except ValueError:
        return moment
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    seconds = ((now or datetime.now(timezone.utc)) - then).total_seconds()
    if not -_MINUTE < seconds < _LONG:
        return then.date().isoformat()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    days = int(seconds // _DAY)
    return "1 day ago" if days == 1 else f"{days} days ago"
