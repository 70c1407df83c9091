"""What `ttc db` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from ttc.cli.output import document
from ttc.cli.signals import stoppable
from ttc.errors import Exit, Stopped, StoreError
from ttc.messages.counts import size, some
from ttc.messages.visible import for_stdout
from ttc.session import Session
from ttc.store import Store, database, integrity
from ttc.store.merge import source as sources
from ttc.store.merge.stores import Merged
from ttc.store.merge.stores import merge as merge_into
from ttc.store.merge.stores import size as size_of
from ttc.store.upkeep.vacuum import vacuum as shrink


def path(session: Session, as_json: bool) -> int:
    """Print where the store is, whether or not there is one."""
    where = session.database.absolute()
    if as_json:
        document({"schema": 1, "database": str(where), "exists": where.exists()})
    else:
        print(for_stdout(str(where)))
    return Exit.DONE


def check(session: Session, as_json: bool) -> int:
    """Print whether the store is sound; StoreError if it is not."""
    where = session.database
    connection, version = database.open_any(where)
    with closing(connection):
        found = integrity.faults(connection, where)
    about = {"database": str(where), "version": version, "sound": not found, "faults": found}
    if as_json:
        document({"schema": 1, **about})
    else:
        for fault in found:
            print(for_stdout(fault))
    if found:
        raise StoreError(f"{where}: the store is damaged; restore a backup, or merge what it holds")
    session.say(f"{where}: sound (schema {version})")
    return Exit.DONE


def backup(session: Session, copy: Path, as_json: bool) -> int:
    """Write a copy of the store, as it stands while others may be writing."""
    with session.progress.stage(f"copying to {copy.name}"):
        database.backup(session.database, copy)
    if as_json:
        document({"schema": 1, "database": str(session.database), "copy": str(copy)})
    session.say(f"{session.database}: copied to {copy}")
    return Exit.DONE


def vacuum(session: Session, as_json: bool) -> int:
    """Give the space of removed rows back to the disk."""
    with session.progress.stage(f"shrinking {session.database.name}"):
        done = shrink(session.database)
    if as_json:
        about = {"before": done.before, "after": done.after, "later": done.later}
        document({"schema": 1, "database": str(session.database), **about})
    session.say(f"{session.database}: {size(done.before)} before, {size(done.after)} after")
    if done.later:
        session.say("another program reads the store; its file shrinks once that has ended")
    return Exit.DONE


def merge(session: Session, files: Sequence[Path], dry: bool, as_json: bool) -> int:
    """Merge other stores into this one; exit code 4 if something was left out as a conflict."""
    target = session.database
    for file in files:
        sources.check(file, target)
    with stoppable() as wake:
        try:
            if dry:
                done = _held_against(session, target, files)
            else:
                with Store.writing(target, on_failure=wake) as store:
                    for line in store.recover():
                        session.say(line)
                    done = [_merge(session, store, file) for file in files]
        except Stopped:
            session.say("interrupted; what was merged is kept; the same command merges the rest")
            raise
    report = [_as_dict(file, merged) for file, merged in zip(files, done, strict=True)]
    if as_json:
        document({"schema": 1, "database": str(target), "dry_run": dry, "sources": report})
    for file, merged in zip(files, done, strict=True):
        _say(session, file, merged, dry)
    return Exit.PARTIAL if any(merged.conflicting for merged in done) else Exit.DONE


def _merge(session: Session, store: Store, file: Path) -> Merged:
    with (
        sources.opened(file, scratch=store.path.parent) as source,
        session.progress.stage(f"merging {file.name}", "rows", size_of(source)) as stage,
    ):
        return merge_into(source, store.write, stage=stage)


def _held_against(session: Session, target: Path, files: Sequence[Path]) -> list[Merged]:
    """Count what each source would add to the store; nothing is written."""
    there = target.exists()
    connection = database.open_any(target)[0] if there else database.empty()
    done = []
    with closing(connection):
        for file in files:
            with (
                sources.opened(file, scratch=file.parent) as source,
                session.progress.stage(f"comparing {file.name}", "rows", size_of(source)) as stage,
            ):
                held = merge_into(source, lambda work: work(connection), dry=True, stage=stage)
                done.append(held)
    return done


def _as_dict(file: Path, merged: Merged) -> dict[str, Any]:
    return {
        "source": str(file),
        "new": dict(merged.new),
        "there": dict(merged.there),
        "conflicting": merged.conflicting,
        "conflicts": merged.conflicts,
    }


def _say(session: Session, file: Path, merged: Merged, dry: bool) -> None:
    kinds = ("pools", "problems", "tags", "samples", "verdicts", "attempts", "runs")
    new = ", ".join(
        some(merged.new[kind], kind.removesuffix("s")) for kind in kinds if merged.new[kind]
    )
    there = merged.there["samples"]
    what = f"{'would add' if dry else 'added'} {new}" if new else "nothing new"
    session.say(f"{file}: {what}; {some(there, 'sample was', 'samples were')} here already")
    for conflict in merged.conflicts:
        session.say(f"{file}: left out: {conflict}")
    if merged.conflicting:
        session.say(
            f"{file}: {some(merged.conflicting, 'conflict')} in all; what {session.database} holds "
            "stays. Of two texts for one draw neither is wrong: to keep both, sample with another "
            "--seed"
        )
