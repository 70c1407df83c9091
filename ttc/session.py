"""What a run has besides its options: the settings, the store's path, and a way to print notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ttc import config as settings
from ttc.config import Config
from ttc.messages.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class Session:
    """The surroundings of one run, of a command or of a Python call.

    `say` prints a line for people, apart from the results. `again` is the command or call that
    resumes the run; notes and the store's list of runs name it. `progress` shows how far it is.
    """

    config: Config
    database: Path
    say: Callable[[str], None]
    again: str
    progress: Progress = SILENT


def load(
    config: Path | None,
    database: Path | None,
    say: Callable[[str], None],
    again: str,
    *,
    progress: Progress = SILENT,
) -> Session:
    """Read the settings and find the store. UsageError for a wrong setting.

    `config` is a settings file in place of the user's, `database` the store; None: as set.
    """
    found = settings.load(config)
    return Session(found, settings.database(found, database), say, again, progress)
