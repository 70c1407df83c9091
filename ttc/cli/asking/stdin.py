"""Standard input beside an argument: read if somebody pipes something in, and never waited for if
it was only inherited.

`cat FILE | ttc solve 'Summarise'` reads it. Under cron, CI, ssh, an editor or an agent, standard
input may be /dev/null, or a pipe that nobody writes into and nobody closes:

- a terminal is not read;
- a file is read, unless another program has read a part of it (`while read …; done < FILE`);
- a pipe from which a shell reads its script is not read (`curl … | sh`, a cell under %%bash);
- another pipe or a socket is read to its end once something comes. If nothing comes in PATIENCE
  seconds, it is left out, unless a process other than our parents can write into it (where /proc
  tells): a program before us in a pipeline may need a while, at most LONGEST seconds.
"""

from __future__ import annotations

import errno
import os
import queue
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ttc.cli.asking.writers import has_writer, is_script
from ttc.errors import UsageError

PATIENCE = 3.0  # seconds
STALLED = 30.0  # seconds without a byte, of an input that has begun
LONGEST = 600.0  # seconds without a byte, while a program before us in a pipeline lives
REMINDER = 30.0  # seconds between two lines about the wait
_CHUNK = 1 << 16
_LEFT_OUT = "nothing came in {:.0f} s, so it is left out; {}"
_HOW = "ttc solve - waits for its end, </dev/null ends this note"

Say = Callable[[str], None]


def whole(most: int) -> bytes:
    """Return standard input to its end, or a little more than `most` bytes. UsageError if it cannot
    be read."""
    if sys.stdin is None:
        raise UsageError("no question: standard input is closed")
    if sys.stdin.isatty():
        raise UsageError("-: standard input is a terminal; pipe the question into it")
    return _joined(_chunks(), most)


def beside(say: Say, most: int) -> bytes:
    """Return what is piped in beside an argument, or a little more than `most` bytes; b"" if there
    is nothing. `say` is told of waits, and of what is left out. UsageError if it has begun and
    stalls."""
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    descriptor = _descriptor()
    if descriptor is None:
        try:
            return _joined(_chunks(), most)
        except UsageError:  # a stand-in that cannot be read, as under pytest, holds nothing
            return b""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        if is_script(descriptor):
            say("note: standard input is the script of this shell: it is left out")
            return b""
        return _joined(_waited_for(descriptor, say), most)
    if stat.S_ISREG(mode) and (at := os.lseek(descriptor, 0, os.SEEK_CUR)):
        if at < os.fstat(descriptor).st_size:
            say(
                f"note: standard input is a file that another program has read up to byte {at:,}: "
                "it is left out; ttc solve - reads the rest"
            )
        return b""
    return _joined(_chunks(), most)


def _descriptor() -> int | None:
    """Return the descriptor of standard input; None if another stream stands in for it."""
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _joined(chunks: Iterator[bytes], most: int) -> bytes:
    """Return chunks as one, until they are more than `most` bytes."""
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > most:
            break
    return bytes(found)


def _chunks() -> Iterator[bytes]:
    """Yield what can be read of standard input."""
    descriptor = _descriptor()
    stream: Any = getattr(sys.stdin, "buffer", sys.stdin)
    while True:
        try:
            data = stream.read(_CHUNK) if descriptor is None else os.read(descriptor, _CHUNK)
        except OSError as error:
            if error.errno == errno.EBADF:  # open for writing only, as nohup leaves it
                return
            raise UsageError(f"standard input: {error.strerror or error}") from None
        if not data:
            return
        yield data.encode() if isinstance(data, str) else data


def _waited_for(descriptor: int, say: Say) -> Iterator[bytes]:
    """Yield the chunks of a pipe or a socket, while that is worth waiting for."""
    ready = _in_thread()
    began = reminded = last = time.monotonic()
    count = 0
    while True:
        try:
            found = ready.get(timeout=0.1 if count else PATIENCE / 3)
        except queue.Empty:
            now = time.monotonic()
            silent = now - last
            if silent >= (STALLED if count else PATIENCE):
                alive = has_writer(descriptor)
                if silent >= LONGEST or (count and not alive):
                    raise UsageError(_stalled(count, silent)) from None
                if not alive:
                    say(f"note: standard input is open, but {_LEFT_OUT.format(silent, _HOW)}")
                    return
            if now - max(last, reminded) >= (REMINDER if reminded > began else PATIENCE):
                reminded = now
                say(f"waiting for standard input to end ({count:,} bytes so far)")
            continue
        if isinstance(found, UsageError):
            raise found
        if not found:
            return
        count += len(found)
        last = time.monotonic()
        yield found


def _stalled(count: int, seconds: float) -> str:
    return (
        f"standard input gave {count:,} bytes, then nothing for {seconds:.0f} s, and has no "
        "end; close it, or put the text into a file: ttc solve @FILE"
    )


def _in_thread() -> queue.Queue[bytes | UsageError]:
    """Read in a thread, and return the queue of what it reads: b"" is the end.

    A thread works where `select` does not (pipes on Windows), and can be left behind.
    """
    # Few chunks ahead: what is too large is not read whole.
    ready: queue.Queue[bytes | UsageError] = queue.Queue(64)

    def read() -> None:
        try:
            for chunk in _chunks():
                ready.put(chunk)
            ready.put(b"")
        except UsageError as error:
            ready.put(error)

    threading.Thread(target=read, name="ttc-stdin", daemon=True).start()
    return ready
