"""The write lock: one holder at a time, its pid in the file, and gone with its process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ttc.errors import StoreError
from ttc.store import lock
from ttc.store.lock import WriteLock

HOLD = """
import sys
from pathlib import Path
from ttc.store.lock import WriteLock
held = WriteLock(Path(sys.argv[1]))
held.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock of `x.db`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "x.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_holder_is_named_and_its_death_frees_the_lock(
    tmp_path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOCK_PATIENCE", 0.1)
    waiting = WriteLock(tmp_path / "x.db")
    for _ in range(2):  # whoever waits leaves the pid in the file
        with pytest.raises(StoreError, match=f"pid {holder.pid} has been writing"):
            waiting.acquire()
    holder.kill()
    holder.wait()
    monkeypatch.setattr(lock, "LOCK_PATIENCE", 10.0)
    with waiting:
        descriptor = lock.opened(lock.lock_file(tmp_path / "x.db"))
        assert not lock.try_lock(descriptor)
        assert lock.holder(descriptor) == str(os.getpid())
        os.close(descriptor)
    waiting.close()


def test_a_lock_file_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    first = WriteLock(tmp_path / "x.db")
    with first:
        pass
    lock.lock_file(tmp_path / "x.db").unlink()
    second = WriteLock(tmp_path / "x.db")
    with first:
        descriptor = lock.opened(lock.lock_file(tmp_path / "x.db"))
        assert not lock.try_lock(descriptor)
        os.close(descriptor)
    first.close()
    with second:
        pass
    second.close()


def test_one_lock_for_a_store_and_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("")
    (tmp_path / "link.db").symlink_to("x.db")
    assert lock.lock_file(tmp_path / "link.db") == lock.lock_file(tmp_path / "x.db")


def test_whoever_only_looks_changes_nothing(tmp_path: Path) -> None:
    with WriteLock(tmp_path / "x.db"):
        pass
    file = lock.lock_file(tmp_path / "x.db")
    before = file.read_bytes()
    file.chmod(0o400)
    descriptor = lock.opened(file)
    assert lock.try_lock(descriptor)
    lock.unlock(descriptor)
    os.close(descriptor)
    assert file.read_bytes() == before
    assert before.strip() == str(os.getpid()).encode()
