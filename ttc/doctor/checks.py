"""Checks, and the steps that produce them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ttc.config import Config, database, load
from ttc.errors import TtcError

Status = Literal["ok", "note", "fail"]

LIMIT = 10.0  # seconds per step


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    `status` is `fail` if something that is installed, configured or named does not work, and
    `note` if something is missing or worth knowing. `remedy` is the command or change that fixes
    it.
    """

    what: str
    status: Status
    detail: str
    remedy: str = ""
    group: str = ""


class Step(NamedTuple):
    """A part of a group. It is stopped after `limit` seconds and then reported as `what`."""

    what: str
    run: Callable[[], Iterable[Check]]
    limit: float = LIMIT


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What to examine.

    `groups` are the groups to examine; empty means all. `config`, `database` and `model` are the
    values of `--config`, `--db` and `-m`. `self_test` also draws two samples from the model
    (default: the bundled one) and judges them. `encoding` is the output's encoding.
    """

    groups: Sequence[str] = ()
    config: str | Path | None = None
    database: str | Path | None = None
    model: str | None = None
    self_test: bool = False
    encoding: str = "utf-8"

    def as_json(self) -> dict[str, Any]:
        """Return the options as a JSON value for `from_json`."""
        paths = {"config": self.config, "database": self.database}
        texts = {name: None if path is None else str(path) for name, path in paths.items()}
        return {**asdict(self), **texts, "groups": list(self.groups)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DoctorOptions:
        """Return the options from the value of `as_json`."""
        return cls(**value)

    def settings(self) -> Config:
        """Return the settings that can be read; the group `settings` reports faulty ones."""
        return load(Path(self.config) if self.config else None, lambda fault: None)

    def store(self) -> Path:
        """Return the path of the store, whether or not it exists."""
        return database(self.settings(), Path(self.database) if self.database else None)


def ok(what: str, detail: str) -> Check:
    """Return the check of something that works."""
    return Check(what, "ok", detail)


def note(what: str, detail: str, remedy: str = "") -> Check:
    """Return the check of something that is missing or worth knowing."""
    return Check(what, "note", detail, remedy)


def fail(what: str, detail: str, remedy: str = "") -> Check:
    """Return the check of something that does not work."""
    return Check(what, "fail", detail, remedy)


def refused(what: str, error: TtcError, remedy: str = "") -> Check:
    """Return the check for an error message of the form "problem; remedy"."""
    detail, _, own = str(error).partition("; ")
    return fail(what, detail, own or remedy)
