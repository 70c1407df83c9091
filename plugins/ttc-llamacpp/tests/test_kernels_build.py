"""The compiled kernels: nodes beside ggml's and exact ones, draws, and what cannot be had."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ttc import paths
from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError
from ttc.records import SamplingParams
from ttc_llamacpp import open_llamacpp, profiles
from ttc_llamacpp.gguf import read_header

pytest.importorskip("llama_cpp")
packed = pytest.importorskip("ttc_llamacpp.kernels_build")
trial = pytest.importorskip("ttc_llamacpp.kernels_check")

Fresh = Callable[..., Backend]
Complete = Callable[..., list[Completion]]
Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def kernels(own_cache: None) -> Any:
    try:
        return packed.load()
    except BackendError as error:
        pytest.skip(str(error))


@pytest.fixture
def normal() -> Callable[..., Floats]:
    random = np.random.default_rng(7)
    return lambda *shape: random.standard_normal(shape, np.float32)


@pytest.mark.parametrize("encoding", [trial.Q4_0, trial.Q4_1, trial.Q8_0])
@pytest.mark.parametrize(
    ("rows", "columns", "n"),
    [(16, 32, 1), (48, 96, 21), (576, 576, 64), (192, 1536, 3), (64, 32, 37), (16, 2048, 16)],
)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_product_is_ggmls_but_for_the_order_of_sums(
    kernels: Any,
    normal: Callable[..., Floats],
    encoding: int,
    rows: int,
    columns: int,
    n: int,
    threads: int,
) -> None:
    weights, x = normal(rows, columns), normal(n, columns)
    found = trial.product(trial.ours(kernels), weights, encoding, x, threads)
    assert trial.largest_difference(found, trial.product(trial.cpu(), weights, encoding, x)) < 2e-6


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-3, 100.0])
def test_activations_of_any_size(kernels: Any, normal: Callable[..., Floats], scale: float) -> None:
    weights, x = normal(32, 64), normal(5, 64)
    x[1:] *= np.float32(scale)
    found = trial.product(trial.ours(kernels), weights, trial.Q4_1, x)
    expected = trial.product(trial.cpu(), weights, trial.Q4_1, x)
    for mine, theirs in zip(found, expected, strict=True):
        assert np.allclose(mine, theirs, rtol=1e-4, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize(("rows", "columns"), [(24, 64), (8, 32)])
def test_rows_that_do_not_fill_a_strip_stay_with_ggml(
    kernels: Any, normal: Callable[..., Floats], rows: int, columns: int
) -> None:
    with pytest.raises(ValueError, match="does not support"):
        trial.product(trial.ours(kernels), normal(rows, columns), trial.Q4_1, normal(2, columns))


def softmax_attention(q: Floats, k: Floats, v: Floats, mask: Floats) -> NDArray[np.float64]:
    """Attention by its definition, with keys and values rounded to halves."""
    shared = q.shape[1] // k.shape[1]
    keys, values = (np.repeat(e.astype(np.float16).astype(float), shared, 1) for e in (k, v))
    scores = q.astype(float) @ keys.swapaxes(2, 3) / np.sqrt(q.shape[3]) + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True) @ values).swapaxes(1, 2)


@pytest.mark.parametrize(
    ("sequences", "heads", "shared", "tokens", "size", "positions"),
    [
        (1, 1, 1, 1, 64, 1),
        (3, 6, 2, 1, 64, 40),
        (2, 4, 4, 4, 128, 17),
        (2, 9, 3, 2, 96, 257),
        (1, 8, 1, 1, 256, 33),
        (16, 9, 3, 1, 64, 300),
    ],
)
def test_attention_is_exact_to_32_bits(
    kernels: Any,
    normal: Callable[..., Floats],
    sequences: int,
    heads: int,
    shared: int,
    tokens: int,
    size: int,
    positions: int,
) -> None:
    q = normal(sequences, heads, tokens, size) * np.float32(3)
    k, v = normal(sequences, shared, positions, size), normal(sequences, shared, positions, size)
    # Each sequence has its own end, and a hole in the middle.
    held = np.arange(positions) < np.maximum(1, positions - 5 * np.arange(sequences))[:, None]
    held[:, 1 : positions // 3] = False
    mask = np.where(held, 0, -np.inf).astype(np.float32)[:, None, None, :]
    mask = np.broadcast_to(mask, (sequences, 1, tokens, positions))
    for threads in (1, 2):
        found = trial.attention(trial.ours(kernels), q, k, v, mask, threads)
        assert trial.largest_difference(found, softmax_attention(q, k, v, mask)) < 3e-6


def test_what_sees_nothing_is_zero(kernels: Any, normal: Callable[..., Floats]) -> None:
    q, k = normal(2, 2, 1, 64), normal(2, 2, 20, 64)
    mask = np.zeros((2, 1, 1, 20), np.float32)
    mask[0] = -np.inf
    found = trial.attention(trial.ours(kernels), q, k, k, mask)
    assert not found[0].any()
    assert (
        trial.largest_difference(found[1:], softmax_attention(q[1:], k[1:], k[1:], mask[1:])) < 3e-6
    )


def test_attention_of_a_prompt_stays_with_ggml(kernels: Any, normal: Callable[..., Floats]) -> None:
    q, k = normal(1, 2, 5, 64), normal(1, 2, 9, 64)
    mask = np.zeros((1, 1, 5, 9), np.float32)
    with pytest.raises(ValueError, match="does not support"):
        trial.attention(trial.ours(kernels), q, k, k, mask)


def distributions(weights: Path, kernels: Any, *, attention: bool, extras: bool) -> Floats:
    """Log-probabilities (positions, vocabulary) after two sequences' tokens, decoded together."""
    from ttc_llamacpp.kv_cache import CacheShape, KVCache, Row
    from ttc_llamacpp.llama_api import Model
    from ttc_llamacpp.tune import TEXT

    model = Model(weights, 0, kernels, extras=extras)
    sequences = KVCache(model, CacheShape(2, 256, 1, flash=attention))
    tokens = model.tokenize(TEXT, add_bos=True)
    sequences.prefill(0, tokens[:40], last=False)
    sequences.prefill(1, tokens[:90], last=False)
    rows = []
    for step in range(16):
        pair = Row(0, tokens[40 + step]), Row(1, tokens[90 + step])
        found = sequences.decode(pair).astype(np.float64)
        found -= found.max(axis=1, keepdims=True)
        rows += list(found - np.log(np.exp(found).sum(axis=1, keepdims=True)))
    sequences.close()
    model.close()
    return np.stack(rows)


def test_the_packed_model_is_no_further_from_the_exact_one_than_the_file_is(
    kernels: Any, shallow: str, extras: bool
) -> None:
    """Activations that lie on the edge of two quants fall either way, so logits differ by what the
    rounding itself costs: the distance from the exact weights must not grow."""
    from ttc_llamacpp.fingerprint import fingerprint
    from ttc_llamacpp.requantize import reencode
    from ttc_llamacpp.tune import divergence

    weights = Path(shallow)
    exact_file = reencode(read_header(weights), fingerprint(weights), "f32")
    exact = distributions(exact_file, None, attention=False, extras=extras)
    plain = distributions(weights, None, attention=False, extras=extras)
    own = divergence(exact, plain)
    for attention in (False, True):
        packed = distributions(weights, kernels, attention=attention, extras=extras)
        found = divergence(exact, packed)
        assert 0 < found < 1.5 * own
    # Of weights that are not packed only the attention is another, and of 32 bits.
    fused = distributions(exact_file, kernels, attention=True, extras=extras)
    assert divergence(exact, fused) < 1e-4


def test_log_probabilities_are_those_of_a_full_evaluation(
    kernels: Any,
    fresh: Fresh,
    complete: Complete,
    shallow: str,
    extras: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By ggml's kernels, one token after the other, of the very tokens that were drawn."""
    from ttc_llamacpp.draws import SequenceDraw
    from ttc_llamacpp.kv_cache import CacheShape, KVCache, Row
    from ttc_llamacpp.llama_api import Model

    drawn: dict[str, SequenceDraw] = {}
    accept = SequenceDraw.accept

    def watched(self: SequenceDraw, *given: Any) -> Any:
        drawn[self.request.id] = self
        return accept(self, *given)

    monkeypatch.setattr(SequenceDraw, "accept", watched)
    params = SamplingParams(temperature=0.8, max_tokens=24)
    requests = [Request(str(i), prompt="The sea", params=params, seed=i) for i in range(6)]
    done = complete(fresh(kernels="packed", slots=4), *requests)
    assert len({each.text for each in done}) == 6
    model = Model(Path(shallow), 0, extras=extras)
    sequences = KVCache(model, CacheShape(1, 256, 1, cache="f32"))
    for each in done:
        draw = drawn[each.request_id]
        sequences.trim(0, 0)
        logits, total = sequences.prefill(0, draw.prompt, last=True), 0.0
        for token in draw.tokens:
            assert logits is not None
            row = logits.astype(np.float64) - logits.max()
            total += row[token] - np.log(np.exp(row).sum())
            logits = sequences.decode([Row(0, token)])[0].copy()
        assert each.logprob == pytest.approx(total, abs=0.1 * len(draw.tokens))
    sequences.close()
    model.close()


def test_packed_draws_are_of_the_same_model(kernels: Any, fresh: Fresh) -> None:
    plain, other = fresh(), fresh(kernels="packed")
    assert plain.model == other.model


def test_draws_that_are_cancelled_and_models_side_by_side(
    kernels: Any, fresh: Fresh, complete: Complete
) -> None:
    params = SamplingParams(temperature=0, max_tokens=12)
    request = Request("a", prompt="Once upon a time", params=params)
    (alone,) = complete(fresh(slots=1, attention="flash"), request)
    backend, plain = fresh(kernels="packed", slots=3), fresh(slots=1, attention="flash")
    for index in range(5):
        backend.submit(Request(str(index), prompt=f"{index} and", params=params))
    first = backend.wait()
    for index in range(5):
        backend.cancel(str(index))
    # A model that is opened beside a packed one computes as it did without.
    assert complete(plain, request)[0].text == alone.text
    rest = [backend.wait() for _ in range(4)]
    assert {each.request_id for each in (first, *rest)} == set("01234")
    backend.close()
    assert complete(plain, request)[0].text == alone.text


def test_the_interpreter_ends_cleanly_with_a_packed_model_open(kernels: Any) -> None:
    program = (
        "from ttc.backends import Request\n"
        "from ttc_llamacpp import open_llamacpp\n"
        "b = open_llamacpp('smollm2', {'kernels': 'packed', 'threads': 1})\n"
        "b.submit(Request('a', prompt='Hi'))\n"
        "b._engine._step()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    # What is off is said once; where the tests run, the fallback may be in use.
    said = [line for line in done.stderr.splitlines() if not line.startswith("llama.cpp ")]
    assert (done.returncode, said) == (0, [])


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache folder without kernels, and a process that has not loaded any."""
    monkeypatch.setenv("TTC_CACHE", str(tmp_path))
    monkeypatch.setattr(packed, "load", lambda: packed.PackedKernels(packed.built()))
    yield tmp_path
    folder = paths.cache_folder() / "kernels"
    assert not folder.exists() or list(folder.iterdir()) == []


def compiler(folder: Path, script: str) -> str:
    path = folder.parent / f"{folder.name}-cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name != "posix", reason="compilers that are shell scripts")
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'device.c:1: error: no such processor' >&2; exit 1", "no such processor"),
        ("exit 1", "status 1"),
        # It ends well and writes nothing, or what is no library.
        ("exit 0", "cannot be used"),
        ('for last; do :; done; echo nonsense > "$last"', "cannot be used"),
    ],
)
def test_what_cannot_be_compiled_is_said_and_not_kept(
    empty: Path, monkeypatch: pytest.MonkeyPatch, fresh: Fresh, script: str, told: str
) -> None:
    monkeypatch.setenv("CC", compiler(empty, script))
    backend = fresh(kernels="packed")
    with pytest.raises(BackendError, match=told):
        backend.submit(Request("a", prompt="Hi"))


def test_no_compiler(empty: Path, monkeypatch: pytest.MonkeyPatch, fresh: Fresh) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BackendError, match=r"no C compiler \(no-such-compiler\)"):
        fresh(kernels="packed").submit(Request("a", prompt="Hi"))


def test_a_processor_without_the_instructions(
    empty: Path, kernels: Any, monkeypatch: pytest.MonkeyPatch, fresh: Fresh
) -> None:
    flags = tuple(flag.replace("native", "x86-64-v3") for flag in packed._FLAGS)
    monkeypatch.setattr(packed, "_FLAGS", flags)
    with pytest.raises(BackendError, match="this processor has no AVX-512 with VNNI"):
        fresh(kernels="packed").submit(Request("a", prompt="Hi"))


def test_a_library_that_crashes_is_not_kept(
    empty: Path, kernels: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fresh: Fresh
) -> None:
    """The trial runs in a process of its own; here it is told another layout of the structs."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for source in packed._SOURCES.iterdir():
        text = source.read_text().replace("unused_t get_host_buffer_type, ", "unused_t ")
        (sources / source.name).write_text(text)
    monkeypatch.setattr(packed, "_SOURCES", sources)
    with pytest.raises(BackendError, match="kernels cannot be used"):
        fresh(kernels="packed").submit(Request("a", prompt="Hi"))


def test_another_layout_is_refused(kernels: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose registration has another version of the interface."""
    import llama_cpp.llama_cpp as api

    version = (ctypes.c_int * 16)(3)
    registry = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(
        lambda device: ctypes.addressof(version)
    )

    class Other:
        def __getattr__(self, name: str) -> Any:
            return registry if name == "ggml_backend_dev_backend_reg" else getattr(real, name)

    real = api._lib
    monkeypatch.setattr(api, "_lib", Other())
    with pytest.raises(BackendError, match="another layout"):
        packed.PackedKernels(packed.built())


def test_a_profile_falls_back_where_the_kernels_are_gone(
    empty: Path, monkeypatch: pytest.MonkeyPatch, complete: Complete
) -> None:
    monkeypatch.setenv("TTC_HOME", str(empty))
    monkeypatch.setenv("CC", "no-such-compiler")
    digest = open_llamacpp("smollm2", {}).model.fingerprint
    profiles.write(digest, {"options": {"kernels": "packed", "threads": 1, "most": 2}})
    backend: Any = open_llamacpp("smollm2", {})
    assert backend._options.kernels == "packed"
    params = SamplingParams(max_tokens=2)
    (done,) = complete(backend, Request("a", prompt="Hi", params=params))
    assert done.completion_tokens in (1, 2)
    backend.close()
