"""Full disks for benchmarks/kills.py: each command on a small disk of its own that fills up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kills import FILL, Count, examine, finished, resume, unbroken
from victims import Victim

ROOM = 64 * 2**20  # what there is once somebody made room
PAGE = 4096


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a disk of so many bytes, for which one must be root."""
    folder.mkdir()
    how = f"size={size // PAGE * PAGE}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", how, "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def battery(wanted: Sequence[Victim], folder: Path) -> dict[str, Count]:
    """Run each command on disks that fill up at several moments."""
    counts = {}
    for victim in wanted:
        count = counts[victim.name] = Count()
        template = folder / victim.name
        victim.template(template)
        whole = unbroken(victim, template, folder / f"{victim.name}.whole")
        for at, share in enumerate(FILL):
            with disk(folder / f"{victim.name}.{at}", ROOM) as small:
                work = small / "f"
                shutil.copytree(template, work)
                # What is printed goes elsewhere, or nothing could be told of a full disk.
                for name in ("told", "talk"):
                    (work / name).unlink(missing_ok=True)
                    (work / name).symlink_to(folder / f"{victim.name}.{at}.{name}")
                there = shutil.disk_usage(small).used
                size = there + max(int(whole.bytes_written * share), 2 * PAGE)
                _resize(small, size)
                codes = finished(victim, work)
                count.kills += 1
                talk = (work / "talk").read_text()
                if 6 not in codes or not ("full" in talk or "No space" in talk):
                    count.silent += 1
                    count.note(f"{victim.name}, {share} of the room: exit {codes}: {talk[-300:]}")
                _resize(small, ROOM)
                examine(victim, work, whole, count)
                resume(victim, work, whole, count)
    return counts


def _resize(small: Path, size: int) -> None:
    how = f"remount,size={size // PAGE * PAGE}"
    subprocess.run(["mount", "-o", how, small], check=True)
