"""A tiny model quantised like a big one: some rows of its matrices, in a layer or two.

llama.cpp chooses the code that multiplies a matrix by its type and shape, so a few thousand rows
show in milliseconds what all of them would do. The numbers are the model's own, cut to `width`
columns; only embeddings and norms are made up. Mixtures of experts remain mixtures.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import prod
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from ttc_llamacpp.gguf import Header

VOCABULARY = 256
# In columns. K-quants have blocks of 256 columns, so narrower matrices cannot be one.
_WIDEST, _NARROWEST = 512, 32
_EXPERTS = 4
_F32 = 0
_ALIGNMENT = 32
_DENSE = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
_MIXED = ("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps")


class MatrixSource(NamedTuple):
    """A matrix of the model to take rows from: the longest of its type. `size` is a row's bytes."""

    kind: int
    experts: bool
    columns: int
    rows: int
    start: int
    size: int


class _Tensor(NamedTuple):
    name: str
    kind: int
    shape: tuple[int, ...]
    data: bytes


def sources(header: Header) -> list[MatrixSource]:
    """Return a matrix of each type among the model's weights; empty if all are too narrow."""
    names = {matrix.name for matrix in header.matrices}
    best = dict[tuple[int, bool], MatrixSource]()
    for name, kind, shape, start, span in header.matrices:
        # Embeddings are only looked up, unless they are the output's weights as well.
        if name == "token_embd.weight" and "output.weight" in names:
            continue
        rows = prod(shape[1:])
        # The remainder of the division is padding before the next tensor.
        found = MatrixSource(kind, len(shape) > 2, shape[0], rows, start, span // max(rows, 1))
        if rows < _ALIGNMENT:
            continue
        known = best.get(found[:2])
        if known is None or found[2:4] > known[2:4]:
            best[found[:2]] = found
    every = sorted(best.values())
    enough = max((source.columns for source in every), default=0)
    enough = min(enough, _WIDEST // 2)
    # Short rows (convolutions, states) are not used in products of weights.
    return [each for each in every if each.columns >= max(enough, _NARROWEST)]


@dataclass(frozen=True, slots=True)
class Miniature:
    """The content of a tiny model. `head` is the size of an attention head."""

    sources: Sequence[MatrixSource]
    head: int

    @property
    def width(self) -> int:
        """The columns of its matrices: a power of 2 that all sources have."""
        shortest = min([_WIDEST, *(source.columns for source in self.sources)])
        return 1 << (shortest.bit_length() - 1)

    def write(self, model: Path, target: Path) -> None:
        """Write it as a GGUF file. Raises OSError."""
        width = self.width
        head = self.head if width % self.head == 0 else min(64, width)
        heads = width // head
        mixed = [source for source in self.sources if source.experts]
        dense = [source for source in self.sources if not source.experts]
        names = _DENSE[:4] if mixed else _DENSE
        # The output matrix has room for one more type.
        layers = max(1, -(-(len(dense) - 1) // len(names)), -(-len(mixed) // len(_MIXED)))
        metadata: dict[str, Any] = {
            "general.architecture": "llama",
            "tokenizer.ggml.model": "none",
            "llama.vocab_size": VOCABULARY,
            "llama.context_length": _WIDEST,
            "llama.block_count": layers,
            "llama.embedding_length": width,
            "llama.feed_forward_length": width,
            "llama.attention.head_count": heads,
            "llama.attention.head_count_kv": max(1, heads // 2),
            "llama.attention.layer_norm_rms_epsilon": 1e-5,
            "llama.rope.dimension_count": head,
        }
        if mixed:
            metadata |= {"llama.expert_count": _EXPERTS, "llama.expert_used_count": 2}
        with model.open("rb") as file:
            tensors = list(self._tensors(_Rows(file, width), dense, mixed, layers, heads, head))
        target.write_bytes(_gguf(metadata, tensors))

    def _tensors(
        self,
        rows: _Rows,
        dense: Sequence[MatrixSource],
        mixed: Sequence[MatrixSource],
        layers: int,
        heads: int,
        head: int,
    ) -> Iterator[_Tensor]:
        width, shared = rows.width, max(1, heads // 2) * head
        # A model may have no matrix that is wide enough besides its experts.
        plain, experts = cycle(dense or [None]), cycle(mixed)
        yield rows.made("token_embd.weight", VOCABULARY)
        yield rows.ones("output_norm.weight")
        yield rows.taken("output.weight", next(plain), VOCABULARY)
        for layer in range(layers):
            at = f"blk.{layer}."
            yield rows.ones(f"{at}attn_norm.weight")
            yield rows.ones(f"{at}ffn_norm.weight")
            for name in _DENSE[:4] if mixed else _DENSE:
                count = shared if name in ("attn_k", "attn_v") else width
                yield rows.taken(f"{at}{name}.weight", next(plain), count)
            if mixed:
                yield rows.made(f"{at}ffn_gate_inp.weight", _EXPERTS)
                for name in _MIXED:
                    yield rows.taken(f"{at}{name}.weight", next(experts), width, _EXPERTS)


class _Rows:
    """Rows of the model's file, or generated ones."""

    def __init__(self, file: Any, width: int) -> None:
        # Without numpy: some builds of llama.cpp crash on GPUs if numpy is loaded before them.
        self._file, self.width, self._random = file, width, Random(0)
        self._taken = dict[MatrixSource, int]()

    def ones(self, name: str) -> _Tensor:
        return _Tensor(name, _F32, (self.width,), _floats([1.0] * self.width))

    def made(self, name: str, count: int) -> _Tensor:
        spread = self.width**-0.5
        data = _floats(self._random.gauss(0.0, spread) for _ in range(count * self.width))
        return _Tensor(name, _F32, (self.width, count), data)

    def taken(
        self, name: str, source: MatrixSource | None, count: int, experts: int = 0
    ) -> _Tensor:
        """Take the next rows of a source, starting over at its end."""
        if source is None:
            return self.made(name, count)
        size, whole = source.size * self.width // source.columns, source.size
        first, data = self._taken.get(source, 0), bytearray()
        for row in range(first, first + count * max(1, experts)):
            self._file.seek(source.start + row % source.rows * whole)
            data += self._file.read(size)
        self._taken[source] = first + count
        shape = (self.width, count, experts) if experts else (self.width, count)
        return _Tensor(name, source.kind, shape, bytes(data))


def _floats(values: Iterable[float]) -> bytes:
    """Return numbers as GGUF stores them: little-endian, four bytes each."""
    made = array("f", values)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    return (
        struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)
    )


def _gguf(metadata: Mapping[str, Any], tensors: Sequence[_Tensor]) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(_string(key) + _value(value) for key, value in metadata.items())
    data = bytearray()
    for name, kind, shape, content in tensors:
        head += _string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", kind, len(data))
        data += content + bytes(-len(content) % _ALIGNMENT)
    return head + bytes(-len(head) % _ALIGNMENT) + bytes(data)
