"""Keys of servers: stored through keyring's own interface, and shown nowhere."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Ttc

keyring = pytest.importorskip("keyring")
from keyring import backend, backends, errors  # noqa: E402

KEY = "sk-or-v1-0123456789abcdef"
OTHER = "sk-other-0123456789abcdef"


class Memory(backend.KeyringBackend):  # type: ignore[misc]
    """A keyring in memory."""

    priority = 1
    name = "Memory"

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


class Locked(Memory):
    """A keyring that nobody unlocks."""

    def get_password(self, service: str, username: str) -> str | None:
        raise errors.KeyringLocked("the collection is locked")


class Forgetful(Memory):
    """A keyring that keeps nothing, as keyring's null backend."""

    def get_password(self, service: str, username: str) -> str | None:
        return None


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TTC_OPENAI_BASE_URL", "TTC_OPENAI_KEYS"):
        monkeypatch.delenv(name, raising=False)
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def ring() -> Memory:
    found = Memory()
    keyring.set_keyring(found)
    return found


def servers(ttc: Ttc) -> dict[str, str | None]:
    return {row["server"]: row["key"] for row in ttc("keys", "--json").document["servers"]}


def test_a_key_is_stored_listed_and_removed(ttc: Ttc, ring: Memory) -> None:
    ran = ttc("keys", "set", "https://openrouter.ai/api/v1", stdin=f"  {KEY}\n")
    assert (ran.code, ran.out) == (0, "")
    assert "https://openrouter.ai: stored in the keyring (Memory)" in ran.err
    assert ring.held["ttc", "https://openrouter.ai"] == KEY
    assert servers(ttc) == {"https://openrouter.ai": "keyring"}
    assert ttc("keys", "path").out == "Memory\n"
    assert ttc("keys", "remove", "openrouter.ai").code == 0
    assert ttc("keys", "remove", "openrouter.ai").code == 1
    assert servers(ttc) == {}


def test_the_key_is_shown_and_kept_nowhere_else(
    ttc: Ttc, ring: Memory, own_home: Path, sums: Path
) -> None:
    outputs = [ttc("keys", "set", "openai", stdin=KEY), ttc("keys"), ttc("keys", "--json")]
    outputs.append(ttc("keys", "set", "openai", OTHER))
    assert outputs[-1].code == 2
    assert "history" in outputs[-1].err
    outputs.append(ttc("keys", "set", "openai", stdin=f"{OTHER}\x07"))
    assert outputs[-1].code == 2
    ttc("sample", sums, "-n", 1, "--pool", "p", "-m", "scripted:", "-q")
    for ran in outputs:
        assert KEY not in ran.out + ran.err
        assert OTHER not in ran.out + ran.err
    for path in own_home.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
    connection = sqlite3.connect(own_home / "ttc_home" / "ttc.db")
    assert not [line for line in connection.iterdump() if KEY in line or OTHER in line]
    connection.close()


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("openai", "https://api.openai.com"),
        ("https://Host.example:443/v1", "https://host.example"),
        ("host.example", "https://host.example"),
        ("localhost:8000", "http://localhost:8000"),
        ("gpu1:8000", "http://gpu1:8000"),
        ("far", "https://far.example"),
        ("plain", "https://api.openai.com"),
    ],
)
def test_a_server_has_several_names(
    ttc: Ttc, ring: Memory, own_home: Path, name: str, server: str
) -> None:
    pytest.importorskip("ttc_openai")
    (own_home / "ttc.toml").write_text(
        "[models.far]\nmodel = 'https://far.example/v1#m'\n[models.plain]\nmodel = 'openai:m'\n"
        "[models.here]\nmodel = 'scripted:'\n"
    )
    assert ttc("keys", "set", name, stdin=KEY).code == 0
    assert ring.held["ttc", server] == KEY
    assert servers(ttc)[server] == "keyring"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("opnai", "did you mean openai?"),
        ("here", "needs no key"),
        ("http://", "write https://HOST"),
        ("nobody", "write https://HOST"),
    ],
)
def test_a_name_that_is_no_server(
    ttc: Ttc, ring: Memory, own_home: Path, name: str, told: str
) -> None:
    (own_home / "ttc.toml").write_text("[models.here]\nmodel = 'scripted:'\n")
    ran = ttc("keys", "set", name, stdin=KEY)
    assert (ran.code, told in ran.err, ran.err.count("\n")) == (2, True, 1)
    assert not ring.held


def test_the_environment_wins_and_is_told(
    ttc: Ttc, ring: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTC_OPENAI_KEYS", f"https://a.example={OTHER}")
    ran = ttc("keys", "set", "https://a.example", stdin=KEY)
    assert "TTC_OPENAI_KEYS is set as well, and wins" in ran.err
    monkeypatch.setenv("OPENAI_API_KEY", OTHER)
    assert servers(ttc) == {
        "https://a.example": "TTC_OPENAI_KEYS",
        "https://api.openai.com": "OPENAI_API_KEY",
    }


@pytest.mark.parametrize("empty", ["", "\n", "   \n"])
def test_no_key_stores_nothing(ttc: Ttc, ring: Memory, empty: str) -> None:
    ran = ttc("keys", "set", "openai", stdin=empty)
    assert (ran.code, "nothing was stored" in ran.err) == (2, True)
    assert not ring.held


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        (lambda: backends.fail.Keyring(), "no keyring works on this machine"),
        (Locked, "the collection is locked"),
        (Forgetful, "the keyring Memory keeps nothing"),
    ],
)
def test_a_keyring_that_does_not_work_is_one_line_with_the_remedy(
    ttc: Ttc, ring: type, told: str
) -> None:
    keyring.set_keyring(ring())
    ran = ttc("keys", "set", "openai", stdin=KEY)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert told in ran.err
    assert 'TTC_OPENAI_KEYS="https://HOST=KEY"' in ran.err
    assert "keyrings.alt" in ran.err


def test_without_the_package_the_line_says_what_to_install(
    ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    ran = ttc("keys", "set", "openai", stdin=KEY)
    assert (ran.code, "[keyring]" in ran.err) == (2, True)


def test_a_keyring_that_stays_locked_is_told_and_no_server_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from ttc.backends import server_keys

    keyring.set_keyring(Locked())
    assert server_keys.in_keyring("https://a.example") is None
    assert "https://a.example is asked without a key" in caplog.text


def test_a_machine_without_a_keyring_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed but has no backend, as on a server without a desktop."""
    from ttc.backends import server_keys

    keyring.set_keyring(backends.fail.Keyring())
    assert server_keys.in_keyring("https://a.example") is None
    assert server_keys.source_of("https://a.example") is None
    assert "ttc keys set https://a.example" in server_keys.hint("https://a.example")
