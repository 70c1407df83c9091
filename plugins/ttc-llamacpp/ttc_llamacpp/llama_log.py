"""llama.cpp's log, kept off the terminal."""

from __future__ import annotations

import ctypes
from collections import deque
from typing import Any

import llama_cpp.llama_cpp as api

# ggml.h; llama-cpp-python's own table is off by one: it hides errors and shows warnings.
_LOG_ERROR, _LOG_CONT = 4, 5


class Log:
    """llama.cpp's log, kept off the terminal; the last errors are kept for messages."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=8)
        self._level = 0
        self._callback = api.llama_log_callback(self._receive)

    def install(self) -> None:
        """Receive all that llama.cpp and ggml log in this process from now on."""
        api.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _receive(self, level: int, text: bytes, _: Any) -> None:
        if level != _LOG_CONT:
            self._level = level
        line = text.decode("utf-8", "replace").strip(" .\r\n")
        if self._level == _LOG_ERROR and line:
            self._lines.append(line)

    def take(self) -> str:
        """Return the first of the kept errors, which names the cause, and clear them."""
        line = self._lines[0] if self._lines else "llama.cpp gives no reason"
        self._lines.clear()
        return line


LOG = Log()
