"""Serve the page on this machine until it is stopped."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ttc import loopback
from ttc.errors import TtcError
from ttc.store import counts
from ttc.view import computing
from ttc.view.documents import DOCUMENTS
from ttc.view.library import Library

AT_ONCE = 200_000  # draws that are read before the address is printed: under a second


def serve(
    database: Path,
    pools: Sequence[str] = (),
    *,
    verifier: str | None = None,
    port: int = loopback.ANY_PORT,
    started: Callable[[str], None] = print,
) -> None:
    """Serve the page about pools (none: all) on 127.0.0.1, until SIGINT or SIGTERM.

    `started` gets the address to open, which has the token, once the page answers. UsageError if
    the port is taken, a pool is not there, or a package is missing (the extra `view`); StoreError
    if the store cannot be read.
    """
    loopback.check_installed("view")
    from ttc.view.app import make

    library = Library(database, pools, verifier)
    try:
        listening = loopback.listen(port)
        where, token = loopback.port_of(listening), secrets.token_urlsafe(24)
        address = f"http://{loopback.HOST}:{where}/?token={token}"

        if not _warm(library):
            threading.Thread(target=_warm, args=(library, None), daemon=True).start()
        application = make(library, token, where)
        loopback.serve(application, listening, lambda: started(address))
    finally:
        computing.stop()
        library.close()


def _warm(library: Library, most: int | None = AT_ONCE) -> bool:
    """Read what the page shows first: the pools, and the first of them.

    Return whether it was read; not if the pools have more than `most` draws.
    """
    with suppress(TtcError):
        with library.reading() as reader:
            shown = library.pools(reader)
            draws = sum(counts.of_pool(reader, pool) for pool in shown)
        if most is not None and draws > most:
            return False
        if shown:
            DOCUMENTS["overview"](library, {"pool": shown[0].name})
        DOCUMENTS["pools"](library, {})
    return True
