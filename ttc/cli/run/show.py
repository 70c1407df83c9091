"""What `ttc show` does once its options are parsed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ttc.errors import UsageError
from ttc.session import Session
from ttc.store import Store
from ttc.store.named import find_pool

_ON_TERMINAL = 20  # rows


@dataclass(frozen=True, slots=True)
class Asked:
    """What to show of a pool: one problem, one draw (its index), draws of some kinds, or the
    problems that differ from another pool's; at most `most` rows (0: all), by one verifier."""

    problem: str | None = None
    index: int | None = None
    kinds: Sequence[str] = ()
    other: str | None = None
    most: int | None = None
    verifier: str | None = None
    logprobs: bool = False
    as_json: bool = False

    def check(self) -> None:
        """Raise UsageError for options that exclude each other."""
        listing = bool(self.kinds) or self.other is not None
        if self.other is not None and (self.kinds or self.problem is not None):
            raise UsageError("--diff compares whole pools; leave out the problem and other filters")
        if self.kinds and self.index is not None:
            raise UsageError(f"--{self.kinds[0]} lists draws; leave out the index {self.index}")
        if self.most is not None and not listing:
            raise UsageError("-n goes with --wrong, --undecided, --truncated or --diff")
        if self.logprobs and listing:
            raise UsageError("--logprobs shows one draw: ttc show POOL PROBLEM INDEX --logprobs")


def show(session: Session, name: str, asked: Asked) -> None:
    """Print what is asked for. UsageError, with near names, for what is not there."""
    asked.check()
    terminal = sys.stdout.isatty() and not asked.as_json
    most = (_ON_TERMINAL if terminal else None) if asked.most is None else asked.most or None
    how = asked.verifier, asked.as_json, asked.logprobs
    with Store.reading(session.database) as store:
        found = find_pool(store.reader, name)
        # Each is imported where it is used: a draw is shown without numpy and the plugins.
        if asked.other is not None:
            from ttc.cli.showing import differences

            by = asked.verifier, most, asked.as_json
            differences.show(session, store, found, asked.other, *by)
        elif asked.kinds:
            from ttc.cli.showing import draws

            wanted = draws.Filter(asked.kinds, asked.problem, asked.verifier, most)
            draws.show(session, store, found, wanted, asked.as_json)
        elif asked.problem is None:
            from ttc.cli.showing import pool

            pool.show(store, found, asked.verifier, asked.as_json)
        elif asked.index is None:
            from ttc.cli.showing import problem

            problem.show(store, found, asked.problem, *how)
        else:
            from ttc.cli.showing import draw

            draw.show(store, found, (asked.problem, asked.index), *how)
