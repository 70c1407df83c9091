"""Which tool's log a file is, for messages: a log that was given to a command that reads lines."""

from __future__ import annotations

from pathlib import Path

from ttc import plugins
from ttc.errors import TtcError
from ttc.formats import ReadsDraws, loading
from ttc.formats.logs.opening import head_of

_OURS = "ttc.formats.logs."


def tool_of(path: str) -> str | None:
    """Return the name of the format of a log; None if the file is no log that ttc itself reads."""
    file = Path(path)
    try:
        head = head_of(file)
        for name, entry in plugins.installed("formats").items():
            if entry.value.startswith(_OURS):
                form = loading.named(name)
                if isinstance(form, ReadsDraws) and form.holds_draws(file, head):
                    return name
    except (TtcError, OSError):
        return None
    return None
