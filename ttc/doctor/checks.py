"""Checks and the steps that make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ttc.config import Config, database, load
from ttc.errors import TtcError

Status = Literal["ok", "note", "fail"]

LIMIT = 10.0  # seconds that a step may take


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    `status` is `fail` if something that is installed, configured or named does not work, and
    `note` if something is missing or worth knowing. `remedy` says what to run or change.
    """

    what: str
    status: Status
    detail: str
    remedy: str = ""
    group: str = ""


class Step(NamedTuple):
    """A part of a group that is cut off after `limit` seconds; `what` names it then."""

    what: str
    run: Callable[[], Iterable[Check]]
    limit: float = LIMIT


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What to examine.

    `groups` are those to examine; none means all. `config`, `database` and `model` are as
    `--config`, `--db` and `-m`. `self_test` also draws two samples of the model (default: the
    bundled one) and judges them. `encoding` is that of the output.
    """

    groups: Sequence[str] = ()
    config: str | Path | None = None
    database: str | Path | None = None
    model: str | None = None
    self_test: bool = False
    encoding: str = "utf-8"

    def as_json(self) -> dict[str, Any]:
        """Return the options as a JSON value that `from_json` reads."""
        paths = {"config": self.config, "database": self.database}
        texts = {name: None if path is None else str(path) for name, path in paths.items()}
        return {**asdict(self), **texts, "groups": list(self.groups)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DoctorOptions:
        """Read what `as_json` returned."""
        return cls(**value)

    def settings(self) -> Config:
        """Return the settings that can be read; the group `settings` reports the others."""
        return load(Path(self.config) if self.config else None, lambda fault: None)

    def store(self) -> Path:
        """Return where the store is, or would be."""
        return database(self.settings(), Path(self.database) if self.database else None)


def ok(what: str, detail: str) -> Check:
    """Return a check of what works."""
    return Check(what, "ok", detail)


def note(what: str, detail: str, remedy: str = "") -> Check:
    """Return a check of what is missing or worth knowing."""
    return Check(what, "note", detail, remedy)


def fail(what: str, detail: str, remedy: str = "") -> Check:
    """Return a check of what does not work."""
    return Check(what, "fail", detail, remedy)


def refused(what: str, error: TtcError, remedy: str = "") -> Check:
    """Return the check of an error that is written for users: the problem; the remedy."""
    detail, _, own = str(error).partition("; ")
    return fail(what, detail, own or remedy)
