"""LoRA adapters: what they change, what stands for them in the fingerprint, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError, UsageError
from ttc.records import Message, SamplingParams
from ttc_llamacpp import open_llamacpp
from ttc_llamacpp.gguf import read_header

pytest.importorskip("llama_cpp")
gguf = pytest.importorskip("gguf")

ASKED = (Message("user", "Tom has 12 apples and gives 5 to Ann. How many are left?"),)
GREEDY = SamplingParams(temperature=0, max_tokens=12)
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(shallow: str, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Write a random adapter of low rank for the shallow model."""
    folder = tmp_path_factory.mktemp("lora")
    shapes = {
        matrix.name: matrix.shape
        for matrix in read_header(Path(shallow)).matrices
        if matrix.name.endswith("ffn_down.weight")
    }

    def write(name: str, *, spread: float = 0.3, wider: int = 0, kind: str = "llama") -> Path:
        path = folder / f"{name}.gguf"
        writer = gguf.GGUFWriter(path, kind)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", 4.0)
        chance = np.random.default_rng(len(name))
        for tensor, (columns, rows) in shapes.items():
            a = chance.normal(size=(4, columns + wider)) * 0.3
            b = chance.normal(size=(rows, 4)) * spread
            writer.add_tensor(f"{tensor}.lora_a", a.astype(np.float32))
            writer.add_tensor(f"{tensor}.lora_b", b.astype(np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


def text(backend: Backend) -> str:
    backend.submit(Request("a", messages=ASKED, params=GREEDY))
    done: Completion = backend.wait()
    assert done.error is None
    return done.text


def test_an_adapter_is_another_model(make: Make, fresh: Any, single: Backend) -> None:
    adapter = make("tuned")
    one, half = fresh(lora=str(adapter)), fresh(lora=str(adapter), lora_scale=0.5)
    assert len({each.model.fingerprint for each in (single, one, half)}) == 3
    assert one.model.fingerprint.startswith(single.model.fingerprint + "+lora:")
    assert one.model.name.endswith("+tuned")
    assert half.model.name.endswith("+tuned@0.5")
    assert len({text(each) for each in (single, one, half)}) > 1
    assert text(one) != text(single)


def test_several_adapters_add_up(make: Make, fresh: Any) -> None:
    paths = [str(make("first")), str(make("second"))]
    both = fresh(lora=paths, lora_scale=[1, 0.5])
    assert both.model.fingerprint.count("+lora:") == 2
    assert text(both) != text(fresh(lora=paths[0]))


def test_an_adapter_behind_the_name(make: Make, shallow: str, fresh: Any) -> None:
    adapter = make("named")
    spec = f"{shallow}:lora={adapter},lora_scale=0.5"
    assert fresh(spec).model == fresh(lora=str(adapter), lora_scale=0.5).model
    with pytest.raises(UsageError, match="lora is given twice"):
        open_llamacpp(spec, {"lora": str(adapter)})


def test_one_that_changes_nothing_is_refused(make: Make, fresh: Any) -> None:
    for backend in (
        fresh(lora=str(make("zero", spread=0))),
        fresh(lora=str(make("small")), lora_scale=1e-30),
    ):
        with pytest.raises(BackendError, match="it changes nothing"):
            text(backend)


def test_one_of_another_shape_is_refused(make: Make, fresh: Any) -> None:
    with pytest.raises(BackendError, match=r"it does not fit the model: .* incorrect shape"):
        text(fresh(lora=str(make("wide", wider=32))))


def test_refusals_before_anything_loads(make: Make, shallow: str, tmp_path: Path) -> None:
    adapter = str(make("plain"))
    cases: dict[str, dict[str, Any]] = {
        "no such file": {"lora": "missing.gguf"},
        "a folder": {"lora": str(tmp_path)},
        "a model, not a LoRA adapter": {"lora": shallow},
        "an adapter for the architecture qwen2": {"lora": str(make("other", kind="qwen2"))},
        "lora_scale must be a number other than 0": {"lora": adapter, "lora_scale": 0},
        "lora_scale is for an adapter": {"lora_scale": 2},
        "lora_scale has 2 numbers, lora 1 adapters": {"lora": adapter, "lora_scale": [1, 2]},
        "kernels=packed has no LoRA": {"lora": adapter, "kernels": "packed"},
    }
    for why, options in cases.items():
        with pytest.raises((BackendError, UsageError), match=why):
            open_llamacpp(shallow, options)
