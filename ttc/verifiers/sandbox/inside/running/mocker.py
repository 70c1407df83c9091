"""The fixture `mocker` of pytest-mock: `unittest.mock` with patches that end with the test."""

from __future__ import annotations

from typing import Any
from unittest import mock


class Mocker:
    """`mocker.patch`, `mocker.patch.object`, `mocker.patch.dict`, `mocker.spy`, and the mocks."""

    Mock, MagicMock, AsyncMock, PropertyMock = (
        mock.Mock, mock.MagicMock, mock.AsyncMock, mock.PropertyMock)  # fmt: skip
    call, ANY, DEFAULT, sentinel = mock.call, mock.ANY, mock.DEFAULT, mock.sentinel
    mock_open = staticmethod(mock.mock_open)

    def __init__(self) -> None:
        self._patches: list[Any] = []
        self.patch = _Patch(self._start)

    def _start(self, patch: Any) -> Any:
        self._patches.append(patch)
        return patch.start()

    def stopall(self) -> None:
        """End all patches, the last one first."""
        while self._patches:
            self._patches.pop().stop()

    def spy(self, target: Any, name: str) -> Any:
        """Record the calls of a function without changing what it does."""
        return self.patch.object(target, name, side_effect=getattr(target, name), autospec=True)

    def stub(self, name: str | None = None) -> Any:
        """Return a function that takes anything."""
        return mock.MagicMock(spec=lambda *args, **kwargs: None, name=name)


class _Patch:
    def __init__(self, start: Any) -> None:
        self._start = start

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._start(mock.patch(*args, **kwargs))

    def object(self, *args: Any, **kwargs: Any) -> Any:
        return self._start(mock.patch.object(*args, **kwargs))

    def multiple(self, *args: Any, **kwargs: Any) -> Any:
        return self._start(mock.patch.multiple(*args, **kwargs))

    def dict(self, *args: Any, **kwargs: Any) -> Any:
        return self._start(mock.patch.dict(*args, **kwargs))
