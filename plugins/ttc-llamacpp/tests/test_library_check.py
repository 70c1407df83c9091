"""What works here is found out in a child process: libraries that die, lie, hang, and real ones.

The libraries are llama.cpp's own with a fault put in: a package in front of the real one, whose
functions do what the test says once the child calls them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.errors import BackendError
from ttc.records import SamplingParams
from ttc_llamacpp import (
    check_request,
    check_result,
    children,
    library_check,
    miniature,
    open_llamacpp,
    profiles,
    remedy,
)
from ttc_llamacpp.check_request import CheckRequest
from ttc_llamacpp.gguf import read_header
from ttc_llamacpp.library_check import KernelChoice
from ttc_llamacpp.options import Options

pytest.importorskip("llama_cpp")

AMX = "amx_int8" in profiles.flags()
posix = pytest.mark.skipif(os.name != "posix", reason="deaths by signals")

# Stands in front of the real package, in the child only, since that looks for it anew.
STUB = """
import importlib.util, json, os, signal, sys, time
here = os.path.dirname(os.path.abspath(__file__))
fault = json.load(open(os.path.join(here, "fault.json")))
open(os.path.join(here, "runs"), "a").write("x")
if fault["at"] == "import":
    eval(fault["does"])
real = importlib.util.spec_from_file_location(__name__, fault["real"])
__file__ = fault["real"]
exec(compile(open(__file__).read(), __file__, "exec"), globals())
_load, _decode, _logits = llama_model_load_from_file, llama_decode, llama_get_logits
_extras = [False]

def llama_model_load_from_file(path, params):
    # The fault is ours alone: what this machine's own extra buffers do is another test's.
    _extras[0], params.use_extra_bufts = params.use_extra_bufts, False
    return _load(path, params)

def llama_decode(context, batch):
    status = _decode(context, batch)
    if fault["at"] == "plain" or (fault["at"] == "extras" and _extras[0]):
        eval(fault["does"])
    return status

def _write(value):
    def change(context):
        pointer = _logits(context)
        pointer[3] = value(pointer[3])
        for index in range(100, 140):
            pointer[index] = value(pointer[index])
        return pointer
    globals()["llama_get_logits"] = change
"""

DIES = "os.kill(os.getpid(), signal.SIG{})"
FAULTS = {
    "SIGILL": (DIES.format("ILL"), "crashes (SIGILL)"),
    "SIGSEGV": ("__import__('ctypes').string_at(0)", "crashes (SIGSEGV)"),
    "abort": ("os.abort()", "crashes (SIGABRT)"),
    "NaN": ("_write(lambda x: float('nan'))", "computes no finite numbers"),
    "infinite": ("_write(lambda x: float('inf'))", "computes no finite numbers"),
    "other": ("_write(lambda x: -x)", "computes wrong numbers"),
    "raises": ("[][1]", "fails (list index out of range)"),
    "exits": ("os._exit(3)", "ends early (status 3)"),
}


class Library:
    """A library with a fault; `runs` counts the processes that loaded it."""

    def __init__(self, folder: Path, real: Path) -> None:
        self.package, self._real = folder / "llama_cpp", real
        self.package.mkdir(parents=True)
        for each in real.iterdir():
            (self.package / each.name).symlink_to(each)
        for name in ("__init__.py", "llama_cpp.py"):
            (self.package / name).unlink()
        (self.package / "__init__.py").touch()
        (self.package / "llama_cpp.py").write_text(STUB)
        self.set("nowhere", "None")

    def set(self, at: str, does: str) -> None:
        fault = {"at": at, "does": does, "real": str(self._real / "llama_cpp.py")}
        (self.package / "fault.json").write_text(json.dumps(fault))

    @property
    def runs(self) -> int:
        path = self.package / "runs"
        return len(path.read_text()) if path.exists() else 0


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A faulty library in front of the real one, and a home in which nothing was found out."""
    from importlib.util import find_spec

    spec = find_spec("llama_cpp")
    assert spec is not None
    assert spec.origin is not None
    real = Path(spec.origin).parent
    found = Library(tmp_path / "stub", real)
    monkeypatch.setenv("TTC_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(found.package.parent))
    place = [str(found.package)]
    stub = type("Spec", (), {"submodule_search_locations": place, "origin": f"{place[0]}/x"})
    monkeypatch.setattr(check_request, "find_spec", lambda name: stub)
    return found


def here(path: Path, **options: Any) -> KernelChoice:
    return library_check.choose(read_header(path), Options(**options))


@posix
@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_with_extra_buffers_is_done_without(
    library: Library, weights: Path, fault: str
) -> None:
    does, told = FAULTS[fault]
    library.set("extras", does)
    found = here(weights)
    assert (found.kernels, found.extras) == ("ggml", False)
    (line,) = found.off
    assert told in line, line
    assert "so they are off. Answers are the same, only slower" in line
    assert "CMAKE_ARGS=" in line
    assert "\n" not in line
    # It is remembered: no process the second time, and a short line.
    runs = library.runs
    again = here(weights)
    assert (again.kernels, again.extras) == ("ggml", False)
    extras = check_request.extras_name()
    assert again.off == (
        f"llama.cpp's {extras} are off here; ttc doctor says why and how to fix it",
    )
    assert library.runs == runs == 1


@posix
@pytest.mark.parametrize("fault", FAULTS)
def test_where_nothing_works_it_is_one_line(library: Library, weights: Path, fault: str) -> None:
    does, told = FAULTS[fault]
    library.set("plain", does)
    if fault in ("raises", "other"):
        # That is not told from a model that this llama.cpp does not take; or is its own measure.
        return
    for _ in range(2):
        with pytest.raises(BackendError, match=r"even with its plain kernels .*CMAKE_ARGS=") as why:
            here(weights)
        assert told in str(why.value)
        assert "\n" not in str(why.value)
    assert library.runs == 1


@posix
def test_a_hang_ends_after_the_limit_and_is_tried_again_after_a_day(
    library: Library, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.set("extras", "time.sleep(60)")
    # On a busy machine that is no judgement, and is not kept.
    monkeypatch.setattr(children, "_busy", lambda: True)
    (line,) = here(weights).off
    assert "could not be checked (gives no answer within 5 s, perhaps because" in line
    assert "CMAKE_ARGS" not in line
    assert list(profiles.folder().glob("check-*")) == []
    monkeypatch.setattr(children, "_busy", lambda: False)
    began = time.monotonic()
    (line,) = here(weights).off
    assert time.monotonic() - began < 45
    assert "gives no answer within" in line
    (again,) = here(weights).off
    assert "are off here; ttc doctor says why" in again
    assert library.runs == 2
    monkeypatch.setattr(check_result.time, "time", lambda: time.monotonic() + 10**10)
    library.set("nowhere", "None")
    here(weights)
    assert library.runs == 3


@posix
@pytest.mark.parametrize("name", ["SIGILL", "SIGSEGV"])
def test_an_import_that_dies(library: Library, weights: Path, name: str) -> None:
    library.set("import", FAULTS[name][0])
    with pytest.raises(BackendError, match=r"cannot be imported: it crashes \(SIG.*CMAKE_ARGS="):
        here(weights)
    with pytest.raises(BackendError, match="cannot be imported"):
        here(weights)
    assert library.runs == 1


def test_an_import_that_fails_is_tried_each_time(library: Library, weights: Path) -> None:
    library.set("import", "(_ for _ in ()).throw(ImportError('libgomp.so.1: missing'))")
    with pytest.raises(BackendError, match=r"libgomp.so.1: missing; .*install --force-reinstall"):
        here(weights)
    library.set("nowhere", "None")
    assert here(weights).kernels == "ggml"


@posix
@pytest.mark.parametrize("name", ["KILL", "TERM"])
def test_a_process_that_somebody_ends_says_nothing_of_the_library(
    library: Library, weights: Path, name: str
) -> None:
    library.set("plain", DIES.format(name))
    found = here(weights)
    assert (found.kernels, found.extras) == ("ggml", False)
    (line,) = found.off
    assert f"could not be checked (the process was killed by SIG{name}" in line
    assert "CMAKE_ARGS" not in line
    assert library.runs == 2, "it was not tried once more"
    library.set("nowhere", "None")
    assert here(weights).off != found.off


@posix
def test_a_changed_library_is_tried_again(library: Library, weights: Path) -> None:
    here(weights)
    here(weights)
    assert library.runs == 1
    stub = library.package / "llama_cpp.py"
    stub.write_text(stub.read_text() + "\n# rebuilt\n")
    here(weights)
    here(weights)
    assert library.runs == 2
    here(weights, attention="flash")
    here(weights, cache="f32")
    assert library.runs == 4


def test_a_folder_that_cannot_be_written_costs_a_check_each_time(
    library: Library, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TTC_HOME", str(tmp_path / "file"))
    assert here(weights) == here(weights)
    assert library.runs == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "until": "x"}'])
def test_a_damaged_outcome_is_none(library: Library, weights: Path, text: str) -> None:
    here(weights)
    (kept,) = profiles.folder().glob("check-*.json")
    kept.write_text(text)
    here(weights)
    assert library.runs == 2


def test_nothing_is_left_behind(
    library: Library, weights: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    os.chdir(tmp_path)
    library.set("extras", FAULTS["SIGSEGV"][0])
    here(weights)
    assert capfd.readouterr() == ("", "")
    assert not [path for path in tmp_path.iterdir() if "core" in path.name]
    assert [path.suffix for path in profiles.folder().iterdir()] == [".json"]


@posix
def test_draws_go_on_in_the_same_pool_and_say_why_once(
    library: Library,
    fresh: Callable[..., Backend],
    complete: Callable[..., list[Completion]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING", logger="ttc")  # a quiet command may have run in this process
    library.set("extras", FAULTS["SIGILL"][0])
    backend: Any = fresh("smollm2")
    before = backend.model
    requests = [Request(str(i), prompt="Hi", params=SamplingParams(max_tokens=2)) for i in range(2)]
    done = complete(backend, *requests)
    assert all(each.finish_reason in ("stop", "length") for each in done)
    assert backend.model == before == open_llamacpp("smollm2", {"profile": "off"}).model
    (line,) = (record.getMessage() for record in caplog.records)
    assert "so they are off" in line


@posix
def test_findings(library: Library, fresh: Callable[..., Backend]) -> None:
    library.set("extras", FAULTS["SIGILL"][0])
    backend: Any = fresh()
    plain, extras = backend.check()
    assert (plain.works, extras.works, plain.remedy) == (True, True, "")
    assert "crashes (SIGILL)" in extras.detail
    assert "they are off" in extras.detail
    assert extras.remedy.startswith("CMAKE_ARGS=")
    # An earlier outcome does not count.
    library.set("import", FAULTS["SIGILL"][0])
    (only,) = backend.check()
    assert (only.what, only.works) == ("llama.cpp", False)
    assert only.remedy.startswith("CMAKE_ARGS=")


@posix
def test_the_command_line_says_one_line(library: Library, tmp_path: Path, weights: Path) -> None:
    """Exit 3 and one line where nothing works; the child's death is not the user's."""
    library.set("plain", FAULTS["SIGILL"][0])
    environment = {**os.environ, "PYTHONPATH": str(library.package.parent)}
    command = [sys.executable, "-m", "ttc", "solve", "Hi", "-m", str(weights), "-n", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("ttc: llama.cpp crashes (SIGILL) even with its plain kernels")


@pytest.mark.skipif(not AMX, reason="needs a processor with AMX")
def test_the_real_library_on_a_processor_with_amx(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The README's first command, with whatever llama.cpp is installed."""
    monkeypatch.setenv("TTC_HOME", str(tmp_path / "home"))
    command = [sys.executable, "-m", "ttc", "solve", "What is 17 + 25?", "-m", "smollm2"]
    command += ["-n", "2", "--max-tokens", "8"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    question = CheckRequest(read_header(weights), Options())
    found = library_check.check(question)
    assert found.fault("ggml", extras=False) == ""
    off = "so they are off" in done.stderr
    assert off == bool(found.fault("ggml", extras=True))


def test_a_check_takes_less_than_a_second_or_two_imports(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTC_HOME", str(tmp_path))
    times = []
    for _ in range(3):
        began = time.perf_counter()
        library_check.check(CheckRequest(read_header(weights), Options()), anew=True)
        times.append(time.perf_counter() - began)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import llama_cpp"], check=True)
    assert min(times) < max(1.0, 3 * (time.perf_counter() - began))


def test_the_miniature_has_every_type_of_the_model(
    weights: Path, tmp_path: Path, gguf: Callable[..., Path]
) -> None:
    header = read_header(weights)
    small = CheckRequest(header, Options()).small
    assert small.width == 512
    small.write(weights, tmp_path / "tiny.gguf")
    tiny = read_header(tmp_path / "tiny.gguf")
    assert {each.kind for each in header.matrices} <= {each.kind for each in tiny.matrices}
    assert tiny.geometry["head_size"] == 64
    assert (tmp_path / "tiny.gguf").stat().st_size < 16 << 20


@pytest.fixture
def mixture(tmp_path: Path, gguf: Callable[..., Path]) -> Path:
    shapes = [("blk.0.attn_q.weight", (320, 320)), ("blk.0.ffn_up_exps.weight", (320, 64, 4))]
    shapes += [("blk.0.conv.weight", (4, 640)), ("blk.0.norm.weight", (320,))]
    return gguf({"general.architecture": "other"}, shapes)


def test_mixtures_stay_mixtures_and_their_tiny_model_decodes(mixture: Path) -> None:
    found = miniature.sources(read_header(mixture))
    assert [(each.experts, each.columns, each.rows, each.size) for each in found] == [
        (False, 320, 320, 1280),
        (True, 320, 256, 1280),
    ]
    outcome = library_check.check(CheckRequest(read_header(mixture), Options()), anew=True)
    assert outcome.fault("ggml", extras=False) == "", outcome
    assert not outcome.unknown


def test_the_command_names_what_this_processor_has() -> None:
    flags = [
        "sse2",
        "sse4_2",
        "avx",
        "avx2",
        "bmi2",
        "fma",
        "f16c",
        "avx512f",
        "avx512bw",
        "avx512_vnni",
        "amx_int8",
    ]
    line = remedy.reinstall(flags, ["libggml-cpu.so", "libggml-cuda.so"])
    assert '"-DGGML_NATIVE=OFF -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON -DGGML_CUDA=ON"' in line
    assert "--no-binary llama-cpp-python llama-cpp-python==" in line
    older = remedy.reinstall(["sse2", "sse4_2", "avx"], [])
    for switch in ("AVX2", "BMI2", "FMA", "F16C"):
        assert f"-DGGML_{switch}=OFF" in older
    assert "AVX512" not in older
    assert 'CMAKE_ARGS="-DGGML_NATIVE=OFF"' in remedy.reinstall(["asimd", "sve"], [])


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with packages that would hide the real ones."""
    for name in ("numpy", "json", "llama_cpp", "ttc_llamacpp"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    return tmp_path


def test_the_current_folder_is_none_of_the_childs_path(odd: Path, weights: Path) -> None:
    outcome = library_check.check(CheckRequest(read_header(weights), Options()), anew=True)
    assert outcome.fault("ggml", extras=False) == ""
    assert not outcome.unknown


def test_packed_kernels_are_left_where_they_fail(
    library: Library, weights: Path, tmp_path: Path
) -> None:
    """A library that cannot even be loaded: ggml's kernels are used, and the reason is told."""
    broken = tmp_path / "kernels.so"
    broken.write_bytes(b"no library")
    found = library_check.choose(read_header(weights), replace(Options(), kernels="packed"), broken)
    assert found.kernels == "ggml"
    assert "packed kernels, so they are off" in found.off[0]


def test_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    monkeypatch.setattr(children.sys, "executable", "/nowhere/python")
    monkeypatch.setattr(check_result, "read", lambda target: None)
    found = here(weights)
    assert not found.extras
    assert "could not be checked (no process can be started" in found.off[0]


def test_signals_of_this_platform_are_named() -> None:
    if os.name == "posix":
        assert children._death(-signal.SIGILL) == "crashes (SIGILL)"
    assert children._death(0) == children._death(3) == ""
    assert children._death(0xC000001D) == "crashes (status 0xc000001d)"


def test_a_gpu_build_that_dies_of_a_vocabulary_is_no_crash_of_the_user(weights: Path) -> None:
    """Seen with a CUDA build that brings a C++ runtime of its own, where numpy came first."""
    question = CheckRequest(read_header(weights), Options())
    first = '{"features": "CUDA", "on_gpu": true}\n'
    died = check_result.from_child(
        question, children.ChildResult(first, "", "crashes (SIGSEGV)", -11)
    )
    with pytest.raises(BackendError, match=r"crashes \(SIGSEGV\) when it reads a vocabulary"):
        library_check.require_working(died)
    fine = children.ChildResult(first + '{"vocabulary": true}\n', "")
    library_check.require_working(check_result.from_child(question, fine))


def test_the_child_reads_a_vocabulary(weights: Path) -> None:
    from ttc_llamacpp import library_check_child

    library_check_child.read_vocabulary(library_check_child.bindings(), str(weights))
