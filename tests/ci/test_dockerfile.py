"""The Dockerfile of examples/ci: no Docker runs in tests, so it is parsed and linted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "examples" / "ci" / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions, each with its arguments on one line."""
    text = re.sub(r"^#.*\n", "", PATH.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def test_it_ends_as_a_user_without_rights() -> None:
    found = instructions()
    known = {"ARG", "FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in found} <= known
    last = [at for at, (name, _) in enumerate(found) if name == "FROM"][-1]
    final = found[last:]
    assert ("USER", "1000:1000") in final
    assert "useradd --create-home --uid 1000" in dict(final)["RUN"]
    assert dict(final)["ENTRYPOINT"] == '["ttc"]'
    assert "g++" not in dict(final)["RUN"]  # compilers stay in the stage that builds


@pytest.mark.skipif(sys.platform == "win32", reason="runs sh")
@pytest.mark.parametrize(
    ("model", "named"), [("smollm2", "ttc-llamacpp[smollm2]==1.2"), ("", "ttc-llamacpp==1.2")]
)
def test_the_model_is_inside_or_not(tmp_path: Path, model: str, named: str) -> None:
    """The step that installs is run with a pip that prints its words."""
    (step,) = (rest for name, rest in instructions() if name == "RUN" and "pip install" in rest)
    for name in ("pip", "ttc", "python"):
        (tmp_path / name).write_text('#!/bin/sh\necho "$CMAKE_ARGS" "$@"\n')
        (tmp_path / name).chmod(0o755)
    arguments = dict(rest.split("=", 1) for name, rest in instructions() if name == "ARG")
    given = {"VERSION": "1.2", "MODEL": model, "CMAKE_ARGS": arguments["CMAKE_ARGS"].strip('"')}
    script = step.replace("/opt/ttc/bin/", f"{tmp_path}/")
    ran = subprocess.run(
        ["sh", "-e", "-c", script],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    words = ran.stdout.splitlines()[1].split()
    assert words[0] == "-DGGML_NATIVE=OFF"
    assert words[-3:] == ["ttc-cli==1.2", named, "ttc-openai==1.2"]


def test_hadolint_finds_nothing() -> None:
    command = shutil.which("hadolint")
    if command is None:
        pytest.skip("hadolint is not here: pip install -e '.[dev]'")
    ran = subprocess.run([command, PATH], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
