"""Engines that break, and engines whose draws fail."""

from __future__ import annotations

from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError


class Breaking:
    """A backend that works for so many waits and then raises; with 0, nothing may be asked."""

    def __init__(self, backend: Backend, waits: int, error: BaseException | None = None) -> None:
        self._backend = backend
        self._left = waits
        self._error = error or BackendError("it broke")
        self._under_way: set[str] = set()
        self.model = backend.model
        self.capabilities = backend.capabilities

    def submit(self, request: Request) -> None:
        """Queue a request. AssertionError if nothing may be asked."""
        if not self._left:
            raise AssertionError(f"{request.id} is asked for, which the store has")
        self._under_way.add(request.id)
        self._backend.submit(request)

    def wait(self) -> Completion:
        """Return the next completion, or raise the error once."""
        if self._left == 1:
            self._left = -1
            raise self._error
        self._left -= 1
        done = self._backend.wait()
        self._under_way.discard(done.request_id)
        return done

    def cancel(self, request_id: str) -> None:
        """Cancel a draw."""
        self._backend.cancel(request_id)

    def idle(self) -> bool:
        """Return whether nothing is under way."""
        return not self._under_way

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()


class Failing:
    """A backend of which every n-th draw fails, at each attempt."""

    def __init__(self, backend: Backend, every: int) -> None:
        self._backend = backend
        self._every = every
        self._seen: dict[str, int] = {}
        self._failed: list[str] = []
        self.model = backend.model
        self.capabilities = backend.capabilities

    def submit(self, request: Request) -> None:
        """Queue a request."""
        number = self._seen.setdefault(request.id, len(self._seen))
        if number % self._every == 0:
            self._failed.append(request.id)
        else:
            self._backend.submit(request)

    def wait(self) -> Completion:
        """Return the next completion."""
        if self._failed:
            return Completion(self._failed.pop(0), "", "error", error="a slot was lost")
        return self._backend.wait()

    def cancel(self, request_id: str) -> None:
        """Cancel a draw; one that failed comes back as it is."""
        self._backend.cancel(request_id)

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()
