"""Serve an ASGI application on this machine; `ttc view` and `ttc serve` listen by it."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from ipaddress import ip_address
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from ttc.errors import Stopped, UsageError
from ttc.plugins.installing import install

HOST = "127.0.0.1"
# Without a port of the user's, the system chooses a free one.
ANY_PORT = 0
GRACE = 5  # seconds


class TakenError(UsageError):
    """Another program listens on the port."""


def listen(port: int = ANY_PORT, host: str = HOST) -> socket.socket:
    """Return a socket that listens on a port; port 0 lets the system choose a free one.

    Raises `TakenError` if the port is taken, `UsageError` if it may not be used, or the host is not
    this machine's.
    """
    host = host.strip("[]")
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port}: a port is a number up to 65535; 0 takes a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: it costs 40 ms a reply.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name != "nt":  # where it would let two programs listen on one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        shown = f"[{host}]" if ":" in host else host
        if isinstance(error, socket.gaierror):
            raise UsageError(f"--host {host}: no such host: {error.strerror}") from error
        why = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "ports below 1024 need rights that this user lacks",
            errno.EADDRNOTAVAIL: "it is no address of this machine",
        }.get(error.errno or 0, error.strerror or str(error))
        kind = TakenError if error.errno == errno.EADDRINUSE else UsageError
        raise kind(
            f"cannot listen on {shown}:{port}: {why}; name another port, or none (--port 0)"
        ) from error
    return listening


def port_of(listening: socket.socket) -> int:
    """Return the port on which a socket listens."""
    return int(listening.getsockname()[1])


def check_installed(extra: str) -> None:
    """Raise `UsageError` with the line that installs what serving needs, if it is missing."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"ttc {extra} needs {' and '.join(missing)}: {install(f'ttc-cli[{extra}]')}"
        )


def url_of(listening: socket.socket) -> str:
    """Return the address of a socket for a browser or a client: `http://127.0.0.1:8000`."""
    host = str(listening.getsockname()[0])
    return f"http://{f'[{host}]' if ':' in host else host}:{port_of(listening)}"


def is_loopback(host: str) -> bool:
    """Return whether a name or an address stands for this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def names_loopback(header: str) -> bool:
    """Return whether a Host header names this machine. A page elsewhere whose name was made to
    point here has another one."""
    if any(each in header for each in "/?#@"):
        return False
    try:
        name = urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name) and not name.endswith(".")


def serve(
    application: Any, listening: socket.socket, started: Callable[[], None] = lambda: None
) -> None:
    """Serve an ASGI application until a signal asks for the end; then raise Stopped.

    `started` is called once requests are accepted. Requests under way get GRACE seconds to end; a
    second signal ends the process at once. Access logs are off: a URL may hold a token.
    """
    import uvicorn

    signals: list[int] = []

    class Quiet(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            started()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            with _heard(self.handle_exit):
                yield

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if signals:
                os._exit(128 + sig)
            signals.append(sig)
            self.should_exit = True

    logging.getLogger("uvicorn.error").addFilter(_is_news)
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    Quiet(config).run(sockets=[listening])
    if signals:
        raise Stopped(signals[0])


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a record tells more than that requests were cancelled after the grace."""
    return not str(record.msg).startswith("Cancel %s running")


@contextlib.contextmanager
def _heard(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Pass INT, TERM and HUP to a handler; those that a shell has set to be ignored stay so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heard = [signum for signum in known if signal.getsignal(signum) != signal.SIG_IGN]
    before = {signum: signal.signal(signum, handler) for signum in heard}
    try:
        yield
    finally:
        for signum, earlier in before.items():
            signal.signal(signum, earlier)
