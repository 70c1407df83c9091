"""The header of a GGUF file, read in milliseconds and without llama.cpp.

The format: magic, version, counts; metadata as key, type, value; one record a tensor with name,
shape, type and offset; then the aligned data, which is not read here. Little-endian.
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from ttc.errors import BackendError

_NUMBERS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# Longer arrays (tokens, scores, merges) are only counted.
_KEPT = 1024
# The experts of a layer: in one tensor, or (old files) in one each.
_EXPERT = re.compile(r"\.ffn_(gate|up|down|gate_up)(_exps|\.\d+)\.weight$")


class SkippedArray(NamedTuple):
    """An array that was counted, not read."""

    length: int


class Matrix(NamedTuple):
    """A tensor of two dimensions or more.

    `kind` is ggml's type, `shape` starts with the length of a row, `start` is the offset of its
    data in the file and `span` the bytes up to the next tensor's data.
    """

    name: str
    kind: int
    shape: tuple[int, ...]
    start: int
    span: int


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of a GGUF file, its matrices and its number of parameters.

    `geometry` has those of layers, embedding, heads, kv_heads, head_size and vocabulary that the
    file gives, and active for a mixture of experts; `context_length` is in tokens.
    """

    path: Path
    metadata: Mapping[str, Any] = field(repr=False)
    architecture: str
    name: str
    context_length: int | None
    parameters: int
    geometry: Mapping[str, int]
    matrices: tuple[Matrix, ...] = field(repr=False, default=())

    @property
    def chat_template(self) -> bool:
        """Whether the model has a chat template."""
        return bool(self.chat_text)

    @property
    def chat_text(self) -> str:
        """The chat template, "" if there is none."""
        return str(self.metadata.get("tokenizer.chat_template") or "")

    @property
    def generates(self) -> bool:
        """Whether it generates text: False for embedding models and rerankers, which pool or attend
        in both directions."""
        pooling = self.metadata.get(f"{self.architecture}.pooling_type", 0)
        return not pooling and self.metadata.get(f"{self.architecture}.attention.causal", True)

    @property
    def parts(self) -> int:
        """The number of files that the model is split into."""
        return int(self.metadata.get("split.count") or 1)


class _Reader:
    """A cursor over the file. Raises struct.error past its end."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at, self.size = data, 0, len(data)

    def numbers(self, code: str, count: int = 1) -> tuple[Any, ...]:
        layout = struct.Struct(f"<{count}{code}")
        values = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return values

    def string(self) -> str:
        (length,) = self.numbers("Q")
        self.skip(length)
        return self.data[self.at - length : self.at].decode("utf-8", "replace")

    def skip(self, length: int) -> None:
        if length > self.size - self.at:
            raise struct.error("beyond the end of the file")
        self.at += length

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self.array(*self.numbers("I"), *self.numbers("Q"))
        return self.numbers(_NUMBERS[kind])[0]

    def array(self, kind: int, length: int) -> Any:
        if kind == _STRING:
            self._skip_strings(length)
            return SkippedArray(length)
        if length > _KEPT:
            self.skip(length * struct.calcsize(f"<{_NUMBERS[kind]}"))
            return SkippedArray(length)
        return self.numbers(_NUMBERS[kind], length)

    def _skip_strings(self, count: int) -> None:
        # The vocabulary has a few 100,000 strings, so only the offsets are computed.
        length, at = struct.Struct("<Q").unpack_from, self.at
        for _ in range(count):
            at += 8 + length(self.data, at)[0]
        self.at = at


def read_header(path: Path) -> Header:
    """Read the header. Raises BackendError if the file is not GGUF, truncated or one part of
    several."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise BackendError(f"{path}: not a GGUF file (it does not begin with GGUF)")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                header = _parse(path, _Reader(data))
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror or error}") from None
    except (struct.error, OverflowError):
        raise BackendError(f"{path}: truncated: the file ends within its GGUF header") from None
    except KeyError as error:
        raise BackendError(f"{path}: damaged GGUF header (no value type {error})") from None
    if header.parts > 1:
        raise BackendError(
            f"{path}: one of {header.parts} parts of a split model; "
            "join the parts with `llama-gguf-split --merge`"
        )
    return header


def _parse(path: Path, reader: _Reader) -> Header:
    reader.skip(4)
    (version,) = reader.numbers("I")
    if version not in (2, 3):
        raise BackendError(f"{path}: GGUF version {version} is not supported (2 and 3 are)")
    tensors, pairs = reader.numbers("Q", 2)
    metadata = {}
    for _ in range(pairs):
        key = reader.string()
        metadata[key] = reader.value(*reader.numbers("I"))
    parameters, last, found, offsets = 0, 0, list[Matrix](), list[int]()
    for _ in range(tensors):
        name = reader.string()
        shape = reader.numbers("Q", *reader.numbers("I"))
        kind, offset = (*reader.numbers("I"), *reader.numbers("Q"))
        parameters, last = parameters + prod(shape), max(last, offset)
        offsets.append(offset)
        if len(shape) > 1:
            found.append(Matrix(name, kind, shape, offset, 0))
    alignment = int(metadata.get("general.alignment") or 32)
    start = -(-reader.at // alignment) * alignment
    if tensors and start + last >= reader.size:
        raise BackendError(f"{path}: truncated: its weights end before the last tensor begins")
    offsets.sort()
    ends = dict(zip(offsets, [*offsets[1:], reader.size - start], strict=False))
    matrices = tuple(
        each._replace(start=start + each.start, span=ends[each.start] - each.start)
        for each in found
    )
    return _describe(path, metadata, parameters, matrices)


def _active(
    parameters: int, matrices: tuple[Matrix, ...], number: Callable[[str], int | None]
) -> int | None:
    """Return the parameters that one token uses in a mixture of experts; None in other models."""
    experts, used = number("expert_count"), number("expert_used_count")
    if not experts or not used:
        return None
    mixed = sum(prod(each.shape) for each in matrices if _EXPERT.search(each.name))
    return parameters - mixed + mixed * used // experts


def _describe(
    path: Path, metadata: Mapping[str, Any], parameters: int, matrices: tuple[Matrix, ...]
) -> Header:
    architecture = str(metadata.get("general.architecture", "unknown"))

    def number(key: str) -> int | None:
        value = metadata.get(f"{architecture}.{key}")
        # Some models give one number a layer.
        value = max(value, default=None) if type(value) is tuple else value
        return value if isinstance(value, int) else None

    tokens = metadata.get("tokenizer.ggml.tokens")
    heads, embedding = number("attention.head_count"), number("embedding_length")
    kv_heads = number("attention.head_count_kv")
    known = {
        "layers": number("block_count"),
        "embedding": embedding,
        "heads": heads,
        "kv_heads": heads if kv_heads is None else kv_heads,
        "head_size": number("attention.key_length") or (heads and embedding and embedding // heads),
        "active": _active(parameters, matrices, number),
        "vocabulary": tokens.length if isinstance(tokens, SkippedArray) else number("vocab_size"),
    }
    return Header(
        path=path,
        metadata=metadata,
        architecture=architecture,
        name=str(metadata.get("general.name") or path.stem),
        context_length=number("context_length"),
        parameters=parameters,
        geometry={key: value for key, value in known.items() if value},
        matrices=matrices,
    )
