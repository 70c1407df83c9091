"""The head of a Ray cluster: whether one answers at an address."""

from __future__ import annotations

import os
import socket

from ttc.errors import BackendError

ANSWERS_WITHIN = 5.0  # seconds
TOKEN_HINT = "if it has a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN; if not, neither"
# The preface of an HTTP/2 client with empty settings, and the type of the frame that a server
# answers with.
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
SETTINGS = 4


def connect(address: str) -> socket.socket:
    """Return a TCP connection to HOST:PORT. Raises OSError."""
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), ANSWERS_WITHIN)


def reason(error: Exception) -> str:
    """Return what an error says, in a line."""
    return getattr(error, "strerror", None) or str(error)


def check_head(address: str) -> None:
    """Raise BackendError within seconds if no head answers; Ray itself would try for minutes."""
    try:
        with connect(address) as connection:
            if os.environ.get("RAY_USE_TLS", "0") == "1":
                return
            connection.settimeout(ANSWERS_WITHIN)
            connection.sendall(HTTP2)
            answer = connection.recv(9)
    except (OSError, OverflowError, UnicodeError) as error:
        raise BackendError(
            f"ray: {address} does not answer ({reason(error)}); start a head there with "
            "`ray start --head`, or remove ray_address to use this machine"
        ) from error
    if len(answer) < 4 or answer[3] != SETTINGS:
        raise BackendError(
            f"ray: {address} answers, but is no Ray head; `ray start --head` prints its port"
        )
