"""Which tool's log a file is, for messages: a log that was given to a command that reads lines."""

from __future__ import annotations

from pathlib import Path

from ttc.errors import TtcError
from ttc.formats import ReadsDraws, loading
from ttc.formats.logs.opening import head_of

_ROOM = "ttc.formats.logs"


def tool_of(path: str) -> str | None:
    """Return the name of the format of a log; None if the file is no log that ttc itself reads."""
    file = Path(path)
    try:
        head = head_of(file)
        for form in loading.room(ReadsDraws, _ROOM):  # type: ignore[type-abstract]
            if form.holds_draws(file, head):
                return str(getattr(form, "name", "another tool"))
    except (TtcError, OSError):
        return None
    return None
