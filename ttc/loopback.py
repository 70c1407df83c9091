"""Serve an ASGI application on this machine; `ttc view` and `ttc serve` listen by it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ttc.errors import UsageError
from ttc.plugins.installing import install

if TYPE_CHECKING:
    from uvicorn import Server

HOST = "127.0.0.1"
# Without a port of the user's, the system chooses a free one.
ANY_PORT = 0


def listen(port: int = ANY_PORT, host: str = HOST) -> socket.socket:
    """Return a socket that listens on a port; port 0 lets the system choose a free one.

    Raises `UsageError` if the port is taken, may not be used, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        why = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "ports below 1024 need rights that this user lacks",
            errno.EADDRNOTAVAIL: "it is no address of this machine",
        }.get(error.errno or 0, error.strerror or str(error))
        raise UsageError(
            f"cannot listen on {host}:{port}: {why}; name another port, or none (--port 0)"
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


def serve(
    application: Any, listening: socket.socket, started: Callable[[], None] = lambda: None
) -> None:
    """Serve an ASGI application until SIGINT or SIGTERM; call `started` once it accepts requests.

    Requests under way get five seconds to end. Access logs are off: a URL may hold a token.
    """
    import uvicorn

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            started()

    server: Server = Announcing(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    server.run(sockets=[listening])
