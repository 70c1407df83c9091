"""The command line in tests: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

TTC = [sys.executable, "-m", "ttc.cli.main"]
TIMEOUT = 60


class Ran(subprocess.CompletedProcess[str]):
    """A finished command."""

    @property
    def code(self) -> int:
        return int(self.returncode)

    @property
    def out(self) -> str:
        return str(self.stdout)

    @property
    def err(self) -> str:
        return str(self.stderr)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        """The JSON document of stdout."""
        return json.loads(self.out)


Ttc = Callable[..., Ran]


def in_this_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Return what runs a command line here: `ttc("ls", "--json", stdin="…")`.

    `env` adds variables. What escapes from the command line fails the test.
    """
    from ttc.cli.main import run

    def call(
        *args: object, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Ran:
        data = stdin.encode() if isinstance(stdin, str) else stdin or b""
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["ttc", *map(str, args)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            code = run([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Ran(args, code, captured.out, captured.err)

    return call


def in_its_own_process(
    *args: str | bytes | Path,
    stdin: Any = None,
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    **how: Any,
) -> Ran:
    """Run `ttc ARGS…` to its end. `stdin` is a text, bytes, or an open file; empty without it.

    `env` adds variables; the rest is as for `subprocess.run`, and both streams are captured.
    """
    if stdin is None or isinstance(stdin, str | bytes):
        how["input"] = stdin.encode() if isinstance(stdin, str) else stdin or b""
    else:
        how["stdin"] = stdin
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    command = [*TTC, *(arg if isinstance(arg, bytes) else str(arg) for arg in args)]
    done = subprocess.run(
        command, env={**os.environ, **(env or {})}, timeout=timeout, check=False, **how
    )
    texts = [(data or b"").decode("utf-8", "replace") for data in (done.stdout, done.stderr)]
    return Ran(done.args, done.returncode, *texts)
