"""Weights in other encodings, what tuning chooses among them, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ttc import paths
from ttc.backends import Backend, Completion, Request
from ttc.backends.fingerprint import digest
from ttc.errors import BackendError
from ttc.records import SamplingParams
from ttc_llamacpp import open_llamacpp, profiles
from ttc_llamacpp.gguf import read_header

pytest.importorskip("llama_cpp")
tune = pytest.importorskip("ttc_llamacpp.tune")

Fresh = Callable[..., Backend]
Complete = Callable[..., list[Completion]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without profiles."""
    monkeypatch.setenv("TTC_HOME", str(tmp_path))
    return tmp_path


def tensors(path: Path) -> dict[str, Any]:
    """Read a GGUF file's tensors as 32-bit floats, by an implementation that is not ours."""
    gguf = pytest.importorskip("gguf")
    reader = gguf.GGUFReader(str(path))
    return {t.name: gguf.dequantize(t.data, t.tensor_type) for t in reader.tensors}


def test_f32_is_every_weight_as_it_is(shallow: str) -> None:
    from ttc_llamacpp.requantize import reencode

    weights = Path(shallow)

    exact = reencode(read_header(weights), f"sha256:{digest(weights)}", "f32")
    given, found = tensors(weights), tensors(exact)
    assert given.keys() == found.keys()
    assert all(np.array_equal(given[name], found[name]) for name in given)


def test_the_store_can_tell_which_weights_drew(home: Path, weights: Path) -> None:
    plain = open_llamacpp("smollm2", {}).model
    exact = open_llamacpp("smollm2", {"weights": "f32"}).model
    assert exact.fingerprint == f"{plain.fingerprint}+f32"
    assert exact.name == f"{plain.name}+f32"
    assert exact.geometry == plain.geometry


def test_encodings_are_written_once(
    weights: Path, monkeypatch: pytest.MonkeyPatch, fresh: Fresh, complete: Complete
) -> None:
    from ttc_llamacpp import requantize

    request = Request("a", prompt="The sun", params=SamplingParams(temperature=0, max_tokens=4))
    (first,) = complete(fresh(weights="f16"), request)
    monkeypatch.setattr(requantize, "_write", lambda *given: pytest.fail("written again"))
    (second,) = complete(fresh(weights="f16"), request)
    assert first.text == second.text
    folder = paths.cache_folder() / "weights"
    assert [path for path in folder.iterdir() if path.suffix == ".part"] == []


def test_no_room_for_an_encoding(
    weights: Path, monkeypatch: pytest.MonkeyPatch, fresh: Fresh
) -> None:
    from ttc_llamacpp import requantize

    usage = type("Usage", (), {"free": 10**8})
    monkeypatch.setattr(requantize.shutil, "disk_usage", lambda path: usage)
    backend = fresh("smollm2", weights="bf16")
    reason = r"not enough disk space .* bf16 \(0\.3 GB needed, 0\.1 GB free\)"
    with pytest.raises(BackendError, match=reason):
        backend.submit(Request("a", prompt="Hi"))


def test_rounded_weights_are_nearer_than_the_files_own_arithmetic(shallow: str) -> None:
    weights = Path(shallow)
    header, told = read_header(weights), []
    tuner = tune.Tuner(header, f"sha256:{digest(weights)}", tune.Options(threads=1), told.append)
    exact = tuner._distributions("f32")
    own, rounded = (tune.divergence(exact, tuner._distributions(w)) for w in ("file", "bf16"))
    tuner._unload()
    assert tune.divergence(exact, exact) == 0
    assert 0 < rounded < own < 0.05


@pytest.fixture
def measured(weights: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Speeds instead of stopwatches: 100 × the factors of what a setup has."""
    factors: dict[str, float] = {}

    def speed(self: Any, setup: Any) -> float:
        found = 100.0
        for name in tune.TuningSetup.__slots__:
            found *= factors.get(f"{name}={getattr(setup, name)}", 1.0)
        self.trials.append({"tokens_per_second": found})
        return found

    monkeypatch.setattr(tune.Tuner, "_speed", speed)
    rows = {"file": 0.1, "f32": 0.0, "f16": 0.01, "bf16": 0.2, "q8_0": 0.3, "q4_0": 0.4}
    monkeypatch.setattr(tune.Tuner, "_distributions", lambda self, name: rows[name])
    monkeypatch.setattr(tune, "divergence", lambda exact, other: other - exact)
    return factors


def choose(**given: Any) -> Any:
    said: list[str] = []
    backend: Any = open_llamacpp("smollm2", {"profile": "off", **given})
    return backend.tune(requantise=False, tell=said.append), said


def test_the_fastest_is_kept_and_used(home: Path, measured: dict[str, float]) -> None:
    measured |= {"weights=f16": 1.5, "slots=64": 1.2, "cache=f32": 1.1, "threads=1": 0.5}
    found, _ = choose(threads=2)
    assert found.options == {
        "most": 64, "weights": "f16", "attention": "plain", "cache": "f32", "threads": 2,
        "kernels": "ggml",
    }  # fmt: skip
    assert found.after / found.before == pytest.approx(1.5 * 1.2 * 1.1)
    kept = json.loads(Path(found.kept).read_text())
    assert (kept["options"], kept["schema"]) == (found.options, 1)
    tuned: Any = open_llamacpp("smollm2", {})
    assert tuned.model == found.model
    assert tuned.model.name.endswith("+f16")
    assert (tuned._options.most, tuned._options.cache) == (64, "f32")
    # What the user says goes before what was measured.
    own: Any = open_llamacpp("smollm2", {"weights": "file", "threads": 1})
    assert own.model == open_llamacpp("smollm2", {"profile": "off"}).model
    assert (own._options.threads, own._options.most) == (1, 64)
    measured["threads=1"] = 2.0
    again = tuned.tune(requantise=False, tell=lambda line: None)
    assert (again.before, again.options["most"]) == (found.before, 64)
    assert tuned.untune()
    assert not tuned.untune()
    assert open_llamacpp("smollm2", {}).model == own.model


def test_noise_and_other_models_are_not_taken(home: Path, measured: dict[str, float]) -> None:
    measured |= {"weights=bf16": 9, "weights=q4_0": 9, "slots=16": 1.02, "attention=flash": 1.01}
    found, said = choose(threads=1)
    assert found.options["weights"] == "file"
    assert (found.options["most"], found.options["attention"]) == (32, "plain")
    assert any("bf16" in line and "not used" in line for line in said)
    backend: Any = open_llamacpp("smollm2", {"threads": 1})
    assert backend.tune(requantise=True, tell=said.append).options["weights"] == "q4_0"


def test_little_memory(
    home: Path, measured: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured |= {"weights=f32": 2, "slots=128": 2}
    monkeypatch.setattr("ttc_llamacpp.sizing.free_memory", lambda: 900 << 20)
    found, said = choose(threads=1)
    assert found.options["weights"] == "file"
    assert found.options["most"] <= 32
    assert any("not enough memory" in line for line in said)


def test_packed_kernels_draw_the_files_own_samples(
    home: Path, measured: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether they can be had here is for test_kernels_build.py; nothing is loaded with them.
    monkeypatch.setattr("ttc_llamacpp.kernels_build.load", lambda: None)
    measured |= {"weights=f32": 1.5, "kernels=packed": 2.0, "attention=flash": 1.2}
    measured["weights=file"] = 1.2
    found, _ = choose(threads=1)
    assert (found.options["kernels"], found.options["attention"]) == ("packed", "flash")
    assert found.options["weights"] == "f32"
    measured["weights=file"] = 1.6
    found, _ = choose(threads=1)
    assert (found.options["kernels"], found.options["weights"]) == ("packed", "file")
    assert found.model == open_llamacpp("smollm2", {"profile": "off"}).model
    assert profiles.read(found.model.fingerprint)["kernels"] == "packed"


def test_no_kernels(
    home: Path, measured: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable() -> None:
        raise BackendError("no C compiler (cc)")

    monkeypatch.setattr("ttc_llamacpp.kernels_build.load", unavailable)
    measured["kernels=packed"] = 9
    found, said = choose(threads=1)
    assert found.options["kernels"] == "ggml"
    assert "kernels packed: no C compiler (cc)" in said


def test_a_damaged_profile_is_no_profile(home: Path, weights: Path) -> None:
    print_of = open_llamacpp("smollm2", {}).model.fingerprint
    for options in (
        {"most": "many"},
        {"weights": "q9"},
        {"kernels": "mine"},
        [],
        {"threads": True},
    ):
        profiles.write(print_of, {"options": options})
        assert profiles.read(print_of) == {}
        assert open_llamacpp("smollm2", {}).model.fingerprint == print_of
    profiles.path(print_of).write_text("{")
    assert profiles.read(print_of) == {}


def test_decoding_is_really_measured(weights: Path) -> None:
    # The whole model: with few layers, sampling outweighs what batches save.
    header = read_header(weights)
    tuner = tune.Tuner(header, f"sha256:{digest(weights)}", tune.Options(), lambda line: None)
    for _ in range(3):  # what else the machine does may slow one of the two
        tuner.trials.clear()
        alone = tuner._speed(tune.TuningSetup("file", 1, "plain", "f16", 1))
        together = tuner._speed(tune.TuningSetup("file", 8, "plain", "f16", 1))
        if alone < together:
            break
    tuner._unload()
    assert 1 < alone < together
    assert [trial["slots"] for trial in tuner.trials] == [1, 8]


def test_the_command(
    home: Path, measured: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    from ttc.__main__ import main

    measured |= {"weights=f32": 2.0}
    assert run(main, "models", "tune", "smollm2") == 0
    out, err = capsys.readouterr()
    assert "2.00 times the 100 of the defaults" in err
    assert "+f32 (sha256:" in err
    assert "tokens_per_second" in out or "200" in out
    assert run(main, "models", "tune", "smollm2", "--json", "-q") == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["options"]["weights"], document["schema"], err) == ("f32", 1, "")
    assert run(main, "models", "smollm2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["name"].endswith("+f32")
    assert run(main, "models", "tune", "smollm2", "--forget") == 0
    assert "forgotten" in capsys.readouterr().err
    assert run(main, "models", "tune", "smollm2", "--forget") == 0
    assert "was not tuned here" in capsys.readouterr().err
    assert run(main, "models", "tune", "scripted:") == 2
    assert "has nothing to tune" in capsys.readouterr().err
    assert run(main, "models", "smollm2", "other") == 2
    assert "did you mean ttc models tune other?" in capsys.readouterr().err


def run(main: Callable[..., Any], *args: str) -> int:
    """Run the command line in this process; return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["ttc", *args])
        try:
            return int(main() or 0)
        except SystemExit as end:
            return int(end.code or 0)
