"""The model that judges is asked with the fields that its alias has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttc.cli.main import run
from ttc.testing.http_server import ScriptedServer


@pytest.mark.parametrize("named", [True, False])
def test_a_judge_is_asked_with_its_alias_fields_and_they_key_its_verdicts(
    serve: Callable[..., ScriptedServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    named: bool,
) -> None:
    server = serve()
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    monkeypatch.chdir(tmp_path)
    settings = Path("ttc.toml")
    plain = f'[models.j]\nmodel = "{server.url}"\n'
    lines = tmp_path / "draws.jsonl"
    line = {"id": "q", "problem": "q", "text": "4", "prompt": "2 + 2?", "index": 0}
    lines.write_text(json.dumps(line) + "\n")
    for extra in ("", 'extra = {enable_thinking = false, provider = {order = ["a"]}}\n'):
        settings.write_text(("" if named else 'model = "j"\n') + plain + extra)
        judge = "judge:model=j" if named else "judge"
        assert run(["verify", str(lines), "-V", judge, "-o", "-"]) == 0
        capsys.readouterr()
        body = server.bodies[-1]
        assert ("provider" in body) is bool(extra)
        if extra:
            assert body["chat_template_kwargs"] == {"enable_thinking": False}
            assert body["provider"] == {"order": ["a"]}


def test_a_solver_s_judge_has_the_fields_of_the_solver_s_alias(
    serve: Callable[..., ScriptedServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    server = serve()
    monkeypatch.setenv("TTC_DB", str(tmp_path / "s.db"))
    monkeypatch.chdir(tmp_path)
    Path("ttc.toml").write_text(
        f'[models.j]\nmodel = "{server.url}"\nextra = {{enable_thinking = false}}\n'
    )
    run(["solve", "-m", "j", "-n", "2", "--method", "best-of-n", "--scorer", "judge", "2 + 2?"])
    capsys.readouterr()
    judged = [body for body in server.bodies if body["messages"][-1]["content"] != "2 + 2?"]
    assert judged
    assert all(body["chat_template_kwargs"] == {"enable_thinking": False} for body in server.bodies)
