"""When `ttc view` opens a browser, and when it only prints its address."""

from __future__ import annotations

import pytest

from ttc.cli.run import view

VARIABLES = ("CI", "SSH_CONNECTION", "SSH_TTY", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
CASES = [
    ({}, False),
    ({"DISPLAY": ":0"}, True),
    ({"WAYLAND_DISPLAY": "wayland-0"}, True),
    ({"DISPLAY": ":0", "SSH_TTY": "/dev/pts/0"}, False),
    ({"DISPLAY": ":0", "CI": "true"}, False),
    ({"BROWSER": "firefox"}, True),
    ({"BROWSER": "code --open", "SSH_CONNECTION": "a b"}, True),
    ({"BROWSER": "firefox", "CI": "true"}, False),
]


@pytest.mark.parametrize(("variables", "has"), CASES)
def test_whether_a_browser_can_be_opened(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], has: bool
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert view.has_browser() is has
