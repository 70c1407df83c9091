"""The pools that a log goes into. A pool mixes no tools, models or parameters."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc import keys
from ttc.errors import UsageError
from ttc.exchange.survey import is_attempt
from ttc.formats import Draw
from ttc.store import names, pools
from ttc.store.imported import Held, free_backend, held, is_imported
from ttc.store.pools import Pool

UNKNOWN = "unknown"
_OWN = ("backend", "fingerprint")


@dataclass(slots=True)
class Target:
    """A pool to import into: its name, its identity, and what it holds of each problem that was
    looked at. `pool` is None until it is made."""

    name: str
    model: str
    identity: Mapping[str, Any]
    pool: Pool | None = None
    held: dict[str, Held] = field(default_factory=dict)

    def request(self, problem: str) -> dict[str, Any]:
        """Return the identity of the draws of a problem. Other tools draw for each problem, so two
        that ask the same do not share their draws."""
        return {**self.identity, "backend": f"{self.identity['backend']}:{problem}"}

    def of(self, connection: sqlite3.Connection, problem: str) -> Held:
        """Return what the pool holds of a problem."""
        if problem not in self.held:
            there = None if self.pool is None else held(connection, self.pool, problem)
            self.held[problem] = there or Held()
        return self.held[problem]


def told(tool: str, draw: Draw) -> dict[str, Any]:
    """Return what a log tells of how a draw was made, as the part of an identity."""
    model = draw.sample.model or UNKNOWN
    params = {name: value for name, value in draw.sample.params.items() if name not in _OWN}
    found = {"fingerprint": f"{tool}:{model}", **params}
    try:
        keys.canonical_json(found)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{draw.place}: its parameters cannot be kept ({error})") from None
    return found


class Targets:
    """Finds the pool of each draw: the one that is named, and beside it one for each further model
    of the same log."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._by_told: dict[str, Target] = {}

    def __iter__(self) -> Any:
        return iter(self._by_told.values())

    def of(self, tool: str, draw: Draw) -> Target:
        """Return the pool of a draw. UsageError if the pool that is named holds other draws."""
        if draw.sample.model is None and is_attempt(draw) and len(self._by_told) == 1:
            return next(iter(self._by_told.values()))  # a failed request names no model
        about = told(tool, draw)
        key = keys.canonical_json(about)
        if key not in self._by_told:
            model = draw.sample.model or UNKNOWN
            name = self._name
            if self._by_told:
                first = next(iter(self._by_told.values()))
                if first.model == model:
                    raise UsageError(_refusal(first.name, first.model, first.identity, about, draw))
                name = f"{self._name}-{_slug(model)}"
            self._by_told[key] = self._target(name, model, about, draw)
        return self._by_told[key]

    def _target(self, name: str, model: str, about: Mapping[str, Any], draw: Draw) -> Target:
        there = pools.find(self._connection, name)
        if there is None:
            names.check_new(name, "--pool")
            backend = free_backend(self._connection, name)
            return Target(name, model, {"backend": backend, **about})
        if not is_imported(there.identity):
            raise UsageError(
                f"the pool {name} was drawn by ttc; imported draws do not join drawn ones in one "
                "estimate: choose another --pool"
            )
        if keys.canonical_json({**there.identity, "backend": ""}) != keys.canonical_json(
            {"backend": "", **about}
        ):
            raise UsageError(_refusal(name, there.model, there.identity, about, draw))
        return Target(name, model, there.identity, there)


def _refusal(
    name: str, model: str, identity: Mapping[str, Any], about: Mapping[str, Any], draw: Draw
) -> str:
    there = Pool(0, name, name, model, {**identity, "backend": ""})
    new = {"backend": "", **about}
    differing = ", ".join(names.described_differences(there, draw.sample.model or UNKNOWN, new))
    return (
        f"{draw.place}: the pool {name} holds draws made otherwise ({differing}); import this log "
        "into another --pool"
    )


def _slug(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model).strip("-").lower() or UNKNOWN
