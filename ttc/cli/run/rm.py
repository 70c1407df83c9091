"""What `ttc rm` and `ttc mv` do once their options are parsed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ttc.cli.output import document
from ttc.errors import Exit, StoreError, UsageError
from ttc.messages import counts as told
from ttc.messages.counts import some
from ttc.messages.visible import message
from ttc.session import Session
from ttc.store import Store, names
from ttc.store.named import find_pools
from ttc.store.upkeep import removal, renaming
from ttc.store.upkeep.rows import Removed, measured

# Kinds of rows that messages count; --json counts all.
_TOLD = ("samples", "verdicts", "votes", "traces", "attempts")


def rm(session: Session, wanted: Sequence[str], yes: bool, dry: bool, as_json: bool) -> int:
    """Remove pools once that is confirmed; with `dry`, only count what would go."""
    path = session.database
    if not path.exists():
        raise StoreError(f"{path}: no store there yet; ttc sample creates one")
    with Store.reading(path) as store:
        found = find_pools(store.reader, wanted)
        counted = measured(store.reader, found)
    chosen = [pool.name for pool in found]
    listed = ", ".join(map(names.abridged, chosen))
    if not dry and not yes:
        _ask(f"remove {listed}: {described(counted)}")
    if not dry:
        counted = removal.remove(path, chosen)
    if as_json:
        about = {"database": str(path), "dry_run": dry, "names": chosen}
        document({"schema": 1, **about, "removed": counted.as_dict()})
    session.say(f"{'would remove' if dry else 'removed'} {listed}: {described(counted)}")
    if not dry and counted.bytes:
        session.say("ttc db vacuum gives their space back to the disk")
    return Exit.DONE


def described(removed: Removed) -> str:
    """Return what goes, and what stays because other pools have it too."""
    counted = removed.as_dict()
    parts = [f"{counted[kind]:,} {kind}" for kind in _TOLD if counted[kind] or kind == "samples"]
    line = f"{', '.join(parts)}, {told.size(removed.bytes)} of text"
    if removed.shared:
        stays = some(removed.shared, "sample stays", "samples stay", grouped=True)
        line += f"; {stays}, other pools have them too"
    return line


def _ask(what: str) -> None:
    """Ask on the terminal. UsageError without a terminal, or if the answer is not yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"to {what}: add --yes, since nobody can be asked; --dry-run only counts")
    print(f"{message(what)}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was removed")


def mv(session: Session, old: str, new: str, as_json: bool) -> int:
    """Rename a pool."""
    renaming.rename(session.database, old, new)
    if as_json:
        document({"schema": 1, "database": str(session.database), "old": old, "pool": new})
    session.say(f"{names.abridged(old)} is now {new}")
    return Exit.DONE
