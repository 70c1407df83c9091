"""Addresses as people write them, and what they are told to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttc.backends import addresses
from ttc.backends.resolve import resolve
from ttc.config import load
from ttc.errors import UsageError


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("localhost:8000", "http://localhost:8000/v1"),
        ("localhost", "http://localhost/v1"),
        ("127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("192.168.1.7/v1#m", "http://192.168.1.7/v1#m"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("gpu:8000/v1", "http://gpu:8000/v1"),
        ("gpu-2:8000", "http://gpu-2:8000/v1"),
        ("box.local:1234/v1#org/model", "http://box.local:1234/v1#org/model"),
        ("api.openai.com/v1", "https://api.openai.com/v1"),
        ("openrouter.ai/api/v1#a/b:free", "https://openrouter.ai/api/v1#a/b:free"),
        ("localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
        ("localhost:8000/v1/chat/completions#m", "http://localhost:8000/v1#m"),
        ("http:/localhost:8000/v1", "http://localhost:8000/v1"),
        ("http//localhost:8000", "http://localhost:8000/v1"),
        ("https:api.example.com/v1", "https://api.example.com/v1"),
    ],
)
def test_what_was_meant(given: str, meant: str) -> None:
    assert addresses.meant(given) == meant
    assert addresses.mistake(meant) is None
    with pytest.raises(UsageError) as refused:
        resolve(given, load())
    assert str(refused.value).endswith(f"write -m {meant}")


@pytest.mark.parametrize(
    "given",
    ["qwen3:4b", "qwen2.5:7b-instruct", "org/model", "gpt-4o", "smolm2", "a b", "", "x.gguf", "#m"],
)
def test_what_was_no_address(given: str) -> None:
    assert addresses.meant(given) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            "http://gpu:8000/v1/chat/completions#m",
            ["the address must end before /chat/completions", "-m http://gpu:8000/v1#m"],
        ),
        (
            "https://a.example/v1/completions/",
            ["the address must end before /completions", "https://a.example/v1"],
        ),
        (
            "http://gpu:8000/models",
            ["the address must end before /models", "-m http://gpu:8000/v1"],
        ),
        (
            "http://gpu:8000/v1/models/x",
            ["the address must end before /models/x", "-m http://gpu:8000/v1"],
        ),
        (
            "https://me.openai.azure.com/openai/deployments/d7/chat/completions?api-version=2024",
            ["Azure", "-m https://me.openai.azure.com/openai/v1#d7", "=KEY"],
        ),
        (
            "https://me.services.ai.azure.com/models?api-version=2024-05-01-preview#gpt",
            ["-m https://me.services.ai.azure.com/openai/v1#gpt"],
        ),
    ],
)
def test_too_much_of_an_address(given: str, words: list[str]) -> None:
    told = addresses.mistake(given) or ""
    assert not [word for word in words if word not in told], told


def test_an_api_key_in_an_azure_address_is_not_repeated() -> None:
    url = "https://me.openai.azure.com/openai/deployments/d/x?api-version=1&api-key=hunter2"
    told = addresses.mistake(url) or ""
    assert "Azure" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("url", ["http://gpu:8000", "https://a.example/openai/v1", "http://h/api"])
def test_nothing_is_wrong(url: str) -> None:
    assert addresses.mistake(url) is None


def test_servers_by_name() -> None:
    found = resolve("ollama:qwen3:4b", load())
    assert (found.backend, found.model) == ("openai", "http://localhost:11434/v1#qwen3:4b")
    assert resolve("llama-server", load()).model == "http://localhost:8080/v1"
    assert resolve("lmstudio:a/b", load()).model == "http://localhost:1234/v1#a/b"


def test_an_alias_comes_before_a_server_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ttc.toml").write_text(
        '[models.ollama]\nmodel = "scripted:3"\n[models.q]\nmodel = "ollama:qwen3"\n'
    )
    assert resolve("ollama", load()).backend == "scripted"
    assert resolve("q", load()).model == "http://localhost:11434/v1#qwen3"
