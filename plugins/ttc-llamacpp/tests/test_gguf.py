from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ttc.errors import BackendError
from ttc_llamacpp.gguf import read_header

SMALL = {
    "general.architecture": "llama",
    "general.name": "Small",
    "llama.context_length": 128,
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
}


def test_agrees_with_llama_cpp(weights: Path) -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    theirs = llama_cpp.Llama(str(weights), vocab_only=True, verbose=False)
    header = read_header(weights)
    for key, text in theirs.metadata.items():
        ours = header.metadata[key]
        if isinstance(ours, float):
            assert ours == pytest.approx(float(text), abs=1e-6), key
        else:
            assert (str(ours).lower() if isinstance(ours, bool) else str(ours)) == text, key
    assert header.architecture == "llama"
    assert header.chat_template
    assert header.generates
    assert header.context_length == 8192
    assert header.geometry == {
        "layers": 30, "embedding": 576, "heads": 9, "kv_heads": 3, "head_size": 64,
        "vocabulary": theirs.n_vocab(),
    }  # fmt: skip
    assert header.parameters == llama_cpp.llama_model_n_params(theirs.model)
    theirs.close()


def test_what_is_absent_is_left_out(gguf: Callable[..., Path]) -> None:
    header = read_header(gguf(SMALL, [("w", (64, 3)), ("b", (5,))]))
    assert header.parameters == 64 * 3 + 5
    assert header.geometry == {
        "layers": 2, "embedding": 64, "heads": 4, "kv_heads": 4, "head_size": 16, "vocabulary": 3
    }  # fmt: skip
    assert not header.chat_template
    bare = read_header(gguf({"general.architecture": "x"}))
    assert (bare.name, bare.context_length, bare.geometry) == ("made", None, {})


def test_a_mixture_of_experts_has_parameters_that_a_token_uses(gguf: Callable[..., Path]) -> None:
    mixed = {**SMALL, "llama.expert_count": 8, "llama.expert_used_count": 2}
    together = [("blk.0.ffn_up_exps.weight", (64, 3, 8)), ("blk.0.ffn_up_shexp.weight", (64, 3))]
    header = read_header(gguf(mixed, [("w", (64, 3)), *together]))
    assert header.parameters == 64 * 3 * (1 + 8 + 1)
    assert header.geometry["active"] == 64 * 3 * (1 + 2 + 1)
    apart = [(f"blk.0.ffn_down.{i}.weight", (64, 3)) for i in range(8)]
    assert read_header(gguf(mixed, [("w", (64, 3)), *apart])).geometry["active"] == 64 * 3 * 3
    assert "active" not in read_header(gguf(SMALL, together)).geometry


def test_one_number_a_layer(gguf: Callable[..., Path]) -> None:
    header = read_header(gguf({**SMALL, "llama.attention.head_count_kv": [2, 4, 0]}))
    assert header.geometry["kv_heads"] == 4


@pytest.mark.parametrize(
    "extra", [{"llama.pooling_type": 1}, {"llama.attention.causal": False}], ids=["pools", "both"]
)
def test_embedding_models_are_known(gguf: Callable[..., Path], extra: dict[str, object]) -> None:
    assert not read_header(gguf({**SMALL, **extra})).generates


@pytest.mark.parametrize("kept", range(4, 400, 23))
def test_truncated_anywhere(gguf: Callable[..., Path], kept: int) -> None:
    path = gguf(SMALL, [("w", (64, 3)), ("b", (5,))])
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BackendError, match=r"made\.gguf: truncated: ") as caught:
        read_header(path)
    assert "\n" not in str(caught.value)


def test_weights_that_end_early(gguf: Callable[..., Path]) -> None:
    path = gguf(SMALL, [("w", (64, 3)), ("b", (5,))])
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(BackendError, match="truncated: its weights end"):
        read_header(path)


@pytest.mark.parametrize("data", [b"", b"GG", b"{}", b"PK\x03\x04" * 9])
def test_no_gguf(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(data)
    with pytest.raises(BackendError, match="not a GGUF file"):
        read_header(path)


def test_old_split_and_damaged_files(gguf: Callable[..., Path]) -> None:
    with pytest.raises(BackendError, match="version 1 is not supported"):
        read_header(gguf(SMALL, version=1))
    with pytest.raises(BackendError, match="one of 3 parts of a split model"):
        read_header(gguf({**SMALL, "split.count": 3}))
    path = gguf({"general.architecture": "llama"})
    path.write_bytes(path.read_bytes().replace(b"\x08\0\0\0", b"\x63\0\0\0", 1))
    with pytest.raises(BackendError, match="damaged GGUF header"):
        read_header(path)
