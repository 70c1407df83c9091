"""The contents of a model's folder, read in milliseconds and without vLLM.

The format: `config.json`, the weights as `*.safetensors` (else pickles), the tokenizer's files. A
safetensors file begins with the length of its header (8 bytes, little-endian) and the header, JSON
with each tensor's type and shape. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from ttc.errors import BackendError

# Longer headers are damaged files: the format's own limit.
_LONGEST = 100_000_000
# Files besides the weights that change what is drawn. Weights in other formats are ignored.
_TEXTS = (
    *("config.json", "generation_config.json", "chat_template.jinja", "chat_template.json"),
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "tokenizer.model", "tekken.json"),
)
# What families of models call their number of experts.
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model's folder. `parameters`, and `expert_parameters`, those of them in a mixture of
    experts, are None if the weights are packed or pickled."""

    folder: Path
    config: Mapping[str, Any] = field(repr=False)
    weights: tuple[Path, ...]
    parameters: int | None
    expert_parameters: int | None = None

    @property
    def name(self) -> str:
        """The model's name: the folder's, or the repository's in the hub's cache."""
        parts = self.folder.resolve().parts
        if len(parts) > 2 and parts[-2] == "snapshots":
            return parts[-3].rpartition("--")[2]
        return parts[-1]

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that change what is drawn."""
        return (*self.weights, *filter(Path.is_file, (self.folder / name for name in _TEXTS)))

    @property
    def context_length(self) -> int | None:
        """The context length of the training, None if unknown."""
        return self._number("max_position_embeddings")

    @property
    def stretched(self) -> bool:
        """Whether rotary embeddings are scaled, so that vLLM allows a longer context."""
        rope = self.config.get("rope_parameters") or self.config.get("rope_scaling") or {}
        return bool(rope.get("rope_type", rope.get("type", "default")) != "default")

    @property
    def geometry(self) -> Mapping[str, int]:
        """Those of layers, embedding, heads, kv_heads, head_size and vocabulary that are known, and
        active for a mixture of experts."""
        heads, embedding = self._number("num_attention_heads"), self._number("hidden_size")
        known = {
            "layers": self._number("num_hidden_layers"),
            "embedding": embedding,
            "heads": heads,
            "kv_heads": self._number("num_key_value_heads") or heads,
            "head_size": self._number("head_dim")
            or (embedding // heads if heads and embedding else None),
            "active": self._active,
            "vocabulary": self._number("vocab_size"),
        }
        return {key: value for key, value in known.items() if value}

    @property
    def chat_template(self) -> bool:
        """Whether the model has a chat template."""
        if any((self.folder / f"chat_template.{end}").is_file() for end in ("jinja", "json")):
            return True
        return bool(_json(self.folder / "tokenizer_config.json").get("chat_template"))

    @property
    def template(self) -> str:
        """The text of the chat template, or of several in a row; "" if there is none."""
        alone = self.folder / "chat_template.jinja"
        if alone.is_file():
            return alone.read_text(encoding="utf-8", errors="replace")
        text = _json(self.folder / "chat_template.json").get("chat_template")
        text = text or _json(self.folder / "tokenizer_config.json").get("chat_template") or ""
        several = text if isinstance(text, list) else [{"template": text}]
        return "\n".join(str(each.get("template", "")) for each in several)

    @property
    def _active(self) -> int | None:
        """The parameters that one token uses in a mixture of experts; None in other models."""
        counts = (self._number(key) for key in _EXPERTS)
        experts, used = next(filter(None, counts), None), self._number("num_experts_per_tok")
        if not (experts and used and self.parameters and self.expert_parameters):
            return None
        return self.parameters - self.expert_parameters * (experts - used) // experts

    def _number(self, key: str) -> int | None:
        # Multimodal models keep the numbers of the language model in a table of its own.
        value = self.config.get(key, (self.config.get("text_config") or {}).get(key))
        return value if isinstance(value, int) else None


def read(folder: Path) -> Checkpoint:
    """Read a model's folder. Raises BackendError if it has no weights or is damaged."""
    config = _json(folder / "config.json")
    if "model_type" not in config and "architectures" not in config:
        raise BackendError(f"{folder}: not a model: its config.json names no architecture")
    found = tuple(sorted(folder.glob("*.safetensors")))
    # The same weights in another layout (Mistral's).
    found = tuple(p for p in found if not p.name.startswith("consolidated")) or found
    if found:
        packed = "quantization_config" in config
        counts = [_parameters(path) for path in found]
        count, experts = (sum(column) for column in zip(*counts, strict=True))
        if packed:
            return Checkpoint(folder, config, found, None)
        return Checkpoint(folder, config, found, count, experts)
    found = tuple(sorted((*folder.glob("*.bin"), *folder.glob("*.pt"))))
    if not found:
        raise BackendError(f"{folder}: not a model: no weights (*.safetensors) next to config.json")
    return Checkpoint(folder, config, found, None)


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise BackendError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise BackendError(f"{path}: not a JSON object")
    return value


def _parameters(path: Path) -> tuple[int, int]:
    """Return the number of parameters in a safetensors file, and of those in experts, after
    checking that the file is complete."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            text = file.read(length) if length <= _LONGEST else b""
        size = path.stat().st_size
        header = {name: value for name, value in json.loads(text).items() if "shape" in value}
        ends = max((value["data_offsets"][1] for value in header.values()), default=0)
        sizes = {name: prod(value["shape"]) for name, value in header.items()}
        count = sum(sizes.values())
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise BackendError(f"{path}: not a safetensors file, or a damaged one") from None
    if size < 8 + length + ends:
        raise BackendError(f"{path}: truncated: {size} bytes of {8 + length + ends}")
    return int(count), sum(size for name, size in sizes.items() if ".experts." in name)
