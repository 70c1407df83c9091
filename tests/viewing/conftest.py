"""The demo store and a server over it, for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from viewing.demo_store import make
from viewing.pages import Server, serving

from ttc.view.library import Library


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo store; not to be written to."""
    return make(tmp_path_factory.mktemp("view") / "demo.db")


@pytest.fixture(scope="session")
def server(demo: Path) -> Iterator[Server]:
    """A server over the demo store."""
    with serving(demo) as found:
        yield found


@pytest.fixture
def library(demo: Path) -> Iterator[Library]:
    found = Library(demo)
    yield found
    found.close()
