"""LoRA adapters: folders as PEFT writes them; what is none is refused without vLLM."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Request
from ttc.errors import BackendError
from ttc.records import SamplingParams
from ttc_vllm import lora, open_vllm


@pytest.fixture
def adapter(tmp_path: Path) -> Callable[..., Path]:
    """Write an adapter of rank 4 with one pair of matrices."""

    def write(name: str = "tuned", *, value: float = 0.5, **config: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        first, second = struct.pack("<8f", *[0.25] * 8), struct.pack("<8f", *[value] * 8)
        about = {
            "layers.0.q_proj.lora_A.weight": {
                "dtype": "F32",
                "shape": [4, 2],
                "data_offsets": [0, 32],
            },
            "layers.0.q_proj.lora_B.weight": {
                "dtype": "F32",
                "shape": [2, 4],
                "data_offsets": [32, 64],
            },
        }
        header = json.dumps(about).encode()
        data = struct.pack("<Q", len(header)) + header + first + second
        (folder / "adapter_model.safetensors").write_bytes(data)
        config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, **config}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        return folder

    return write


def test_its_digest_is_part_of_the_model(made: Callable[..., Path], adapter: Any) -> None:
    plain = open_vllm(str(made()), {}).model
    tuned = open_vllm(str(made()), {"lora": str(adapter())}).model
    other = open_vllm(str(made()), {"lora": str(adapter("other", value=0.25))}).model
    assert tuned.fingerprint.startswith(f"{plain.fingerprint}+lora:")
    assert len({plain.fingerprint, tuned.fingerprint, other.fingerprint}) == 3


def test_the_engine_has_room_for_its_rank(adapter: Any) -> None:
    assert lora.read(adapter(r=9)).arguments()["max_lora_rank"] == 16


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"value": 0.0}, "it changes nothing: all its lora_B are zero"),
        ({"peft_type": "IA3"}, "no LoRA adapter with a rank up to 512"),
        ({"r": 0}, "no LoRA adapter with a rank up to 512"),
    ],
)
def test_what_is_no_adapter_is_refused(
    made: Callable[..., Path], adapter: Any, given: dict[str, Any], why: str
) -> None:
    with pytest.raises(BackendError, match=why):
        open_vllm(str(made()), {"lora": str(adapter(**given))})


def test_a_folder_without_one(made: Callable[..., Path], adapter: Any, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="No such file or directory; it needs adapter_config"):
        open_vllm(str(made()), {"lora": str(tmp_path / "none")})
    folder = adapter()
    (folder / "adapter_model.safetensors").write_bytes(b"short")
    with pytest.raises(BackendError, match="not an adapter, or a damaged one"):
        open_vllm(str(made()), {"lora": str(folder)})


@pytest.mark.slow
def test_an_adapter_changes_what_is_drawn(
    smollm2: Path, small: dict[str, Any], tmp_path: Path, complete: Any
) -> None:
    from safetensors.numpy import save_file

    numpy = pytest.importorskip("numpy")
    config = json.loads((smollm2 / "config.json").read_text())
    width, inner = config["hidden_size"], config["intermediate_size"]
    chance, tensors = numpy.random.default_rng(0), {}
    for layer in range(config["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.mlp.down_proj"
        first, second = chance.normal(size=(8, inner)), chance.normal(size=(width, 8))
        tensors[f"{name}.lora_A.weight"] = (first * 0.2).astype("float32")
        tensors[f"{name}.lora_B.weight"] = (second * 0.2).astype("float32")
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    about = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["down_proj"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(about))
    asked = Request("a", prompt="The sea is", params=SamplingParams(temperature=0, max_tokens=8))
    texts = []
    for more in ({}, {"lora": str(tmp_path)}):
        backend = open_vllm(str(smollm2), {**small, **more})
        (done,) = complete(backend, asked)
        backend.close()
        assert done.error is None
        texts.append(done.text)
    assert texts[0] != texts[1]
