"""Kill every command that writes at random moments, and fill disks under it: what is lost?

    python benchmarks/kills.py [--kills N] [--disks] [--only sample,merge] [--jobs J] [--json]

Each command is started on a store of its own and killed (SIGKILL) up to four times in a row, the
whole pipe or one side of it, at a moment drawn uniformly from the time that it takes. After each
kill all lines that it had printed are looked for in the store, the store is checked, and the
files that were to be written must be there whole or not at all. Then the command is run to its
end, and the store must hold what an unbroken run leaves in it.

--disks mounts small disks (Linux, as root) and runs each command on one that fills up: it must end
with exit 6 and say so, lose nothing, and go on once there is room.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import victims
from common import Figure, isolated, machine, report
from victims import CODE, VICTIMS, Victim

CHAIN = 4  # kills of one store before it is resumed, at most
PATIENCE = 300.0  # seconds that a command may take to its end
FILL = (0.1, 0.35, 0.7)  # how much of what a run writes there is room for


@dataclass(slots=True)
class Count:
    """What was done to one command, and what was found after it."""

    kills: int = 0
    told: int = 0
    lost: int = 0
    faults: int = 0
    half: int = 0
    differing: int = 0
    silent: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep what is needed to look into a fault."""
        self.notes.append(text)


def started(victim: Victim, folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start a command (a pipe of several), with its lines and its talk in files."""
    environment = isolated(folder)
    out, err = (folder / "told").open("ab"), (folder / "talk").open("ab")
    processes: list[subprocess.Popen[bytes]] = []
    with out, err:
        for at, args in enumerate(victim.commands):
            last = at == len(victim.commands) - 1
            before = processes[-1].stdout if processes else subprocess.DEVNULL
            process = subprocess.Popen(
                [sys.executable, "-c", CODE, *args],
                cwd=folder,
                env=environment,
                stdin=before,
                stdout=out if last else subprocess.PIPE,
                stderr=err,
            )
            if processes and processes[-1].stdout is not None:
                processes[-1].stdout.close()
            processes.append(process)
    return processes


def finished(victim: Victim, folder: Path) -> list[int]:
    """Run a command to its end; return the exit codes of its processes."""
    processes = started(victim, folder)
    return [process.wait(timeout=PATIENCE) for process in processes]


@dataclass(slots=True)
class Unbroken:
    """What a run that nobody disturbed took, told and left."""

    seconds: float
    state: object
    files: dict[str, bytes]
    bytes_written: int


def unbroken(victim: Victim, template: Path, folder: Path) -> Unbroken:
    """Run a command once to its end; SystemExit if it fails."""
    shutil.copytree(template, folder)
    before = used(folder)
    began = time.perf_counter()
    codes = finished(victim, folder)
    seconds = time.perf_counter() - began
    if any(codes):
        raise SystemExit(f"{victim.name}: exit {codes}: {(folder / 'talk').read_text()}")
    state = victims.state(folder / victim.store)
    files = {name: (folder / name).read_bytes() for name in victim.outputs}
    return Unbroken(seconds, state, files, used(folder) - before)


def used(folder: Path) -> int:
    """Return the bytes that the files of a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def examine(victim: Victim, folder: Path, whole: Unbroken, count: Count) -> None:
    """Look for what was told, for damage, and for files that are half written."""
    if (folder / victim.store).exists():
        told, lost = victims.lost(victim, folder)
        count.told, count.lost = max(count.told, told), count.lost + lost
        found = victims.faults(folder / victim.store)
        count.faults += len(found)
        if found or lost:
            count.note(f"{victim.name}: {lost} lost, {found}")
    elif victims.told(folder):
        count.lost += len(victims.told(folder))
        count.note(f"{victim.name}: lines were told and there is no store")
    for name in victim.outputs:
        path = folder / name
        if path.exists() and not victims.same_file(path, whole.files[name]):
            count.half += 1
            count.note(f"{victim.name}: {name} is not whole")
    for name in victim.copies:
        for path in folder.glob(name):
            if found := victims.faults(path):
                count.half += 1
                count.note(f"{victim.name}: {path.name}: {found}")


def resume(victim: Victim, folder: Path, whole: Unbroken, count: Count) -> None:
    """Run a command to its end after kills, and compare with the unbroken run."""
    for name in victim.fresh:
        # What says that a file is there already is right; a second run names another.
        (folder / name).unlink(missing_ok=True)
    codes = finished(victim, folder)
    state = victims.state(folder / victim.store)
    if any(codes) or state != whole.state:
        count.differing += 1
        talk = (folder / "talk").read_text()[-300:]
        count.note(f"{victim.name}: resumed: exit {codes}, same: {state == whole.state}: {talk}")
    examine(victim, folder, whole, count)


def killed(victim: Victim, folder: Path, whole: Unbroken, rng: random.Random, count: Count) -> bool:
    """Start a command and kill it at some moment; False if it had ended before."""
    processes = started(victim, folder)
    time.sleep(rng.uniform(0.05, 1.0) * whole.seconds)
    running = [process for process in processes if process.poll() is None]
    # A side of a pipe that dies alone is another case than all at once.
    alone = len(running) > 1 and rng.random() < 0.5
    for process in [rng.choice(running)] if alone else running:
        process.send_signal(signal.SIGKILL)
    for process in processes:
        process.wait(timeout=PATIENCE)
    return any(process.returncode == -signal.SIGKILL for process in processes)


def chain(
    victim: Victim, template: Path, whole: Unbroken, seed: str, count: Count, most: int
) -> int:
    """Kill a command some times on one store, and resume it; return the kills."""
    rng = random.Random(seed)
    kills = 0
    with tempfile.TemporaryDirectory(prefix="ttc-kills-") as name:
        folder = Path(name) / "f"
        shutil.copytree(template, folder)
        for _ in range(min(rng.randint(1, CHAIN), most)):
            hit = killed(victim, folder, whole, rng, count)
            kills += hit
            examine(victim, folder, whole, count)
            if not hit:
                break
        resume(victim, folder, whole, count)
    count.kills += kills
    return kills


def battery(
    wanted: Sequence[Victim], folder: Path, options: argparse.Namespace
) -> dict[str, Count]:
    """Kill all commands by turns until there were as many kills as asked for."""
    wholes, counts = {}, {victim.name: Count() for victim in wanted}
    for victim in wanted:
        victim.template(folder / victim.name)
        wholes[victim.name] = unbroken(
            victim, folder / victim.name, folder / f"{victim.name}.whole"
        )
    lock, done, numbers = threading.Lock(), 0, iter(range(10**9))

    def work() -> None:
        nonlocal done
        while True:
            with lock:
                number, left = next(numbers), options.kills - done
                late = time.monotonic() > options.until
            if left <= 0 or late:
                return
            victim = wanted[number % len(wanted)]
            one = Count()
            seed = f"{options.seed}/{number}"
            chain(victim, folder / victim.name, wholes[victim.name], seed, one, left)
            with lock:
                done += one.kills
                _add(counts[victim.name], one)

    with ThreadPoolExecutor(options.jobs) as pool:
        for future in [pool.submit(work) for _ in range(options.jobs)]:
            future.result()
    return counts


def _add(total: Count, one: Count) -> None:
    for name in ("kills", "told", "lost", "faults", "half", "differing", "silent"):
        setattr(total, name, getattr(total, name) + getattr(one, name))
    total.notes += one.notes


def _sum(counts: dict[str, Count]) -> Count:
    total = Count()
    for count in counts.values():
        _add(total, count)
    return total


def _figures(name: str, count: Count, times: str) -> list[Figure]:
    """Return what was done to a command, and in how many ways it did wrong."""
    found = (
        ("lost", "lines told and not kept"),
        ("faults", "faults in a store"),
        ("half", "files half written"),
        ("differing", "resumed, and not as an unbroken run"),
        ("silent", "full disks that were not told"),
    )
    wrong = [
        Figure(f"{name}_{key}", f"{name}: {label}", value, "", at_most=0)
        for key, label in found
        if (value := getattr(count, key)) or name == "all"
    ]
    done = Figure(f"{name}_times", f"{name}: {times}", count.kills, "")
    return [done, Figure(f"{name}_told", f"{name}: lines told", count.told, ""), *wrong]


def main() -> None:
    """Parse the options, do it, and report; exit 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--disks", action="store_true", help="fill disks in place of killing")
    parser.add_argument("--only", default="", help="commands, by comma")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=600.0, help="begin nothing after these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # Small disks are unmounted whatever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.until = time.monotonic() + 60 * options.minutes
    names = options.only.split(",") if options.only else list(VICTIMS)
    before, wanted = machine(), [VICTIMS[name] for name in names]
    with tempfile.TemporaryDirectory(prefix="ttc-kills-") as folder:
        if options.disks:
            import disks

            counts = disks.battery(wanted, Path(folder))
        else:
            counts = battery(wanted, Path(folder), options)
    what = "disks" if options.disks else "kills"
    figures = [
        figure
        for name, count in {**counts, "all": _sum(counts)}.items()
        for figure in _figures(name, count, what)
    ]
    report(what, figures, {"seed": options.seed}, before, options.json)
    for note in [note for count in counts.values() for note in count.notes][:20]:
        print(note, file=sys.stderr)
    sys.exit(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    main()
