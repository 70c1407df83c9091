"""Serve the page on this machine until it is stopped."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ttc import loopback
from ttc.errors import TtcError
from ttc.view import computing
from ttc.view.library import Library


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

        def ready() -> None:
            started(address)
            threading.Thread(target=_warm, args=(library,), daemon=True).start()

        loopback.serve(make(library, token, where), listening, ready)
    finally:
        computing.stop()
        library.close()


def _warm(library: Library) -> None:
    """Read the first pool before it is asked for."""
    with suppress(TtcError), library.reading() as reader:
        for pool in library.pools(reader)[:1]:
            library.shelf(reader, pool.name)
