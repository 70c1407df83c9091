"""The recipes of examples/ci: their steps in order, green, then red, and as servers read them.

What they name to install is checked against the packages of this repository.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commands import Ttc

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("yaml", reason="PyYAML reads the recipes: pip install 'ttc-cli[yaml]'")
pytest.importorskip("matplotlib", reason="the recipes plot: pip install 'ttc-cli[plot]'")

from recipe_runs import CI, Job, Server, run_action, run_gitlab, run_workflow

ROOT = CI.parents[1]
GOOD, BAD = "scripted:answers=42", "scripted:answers=42*1/7*3"
pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or sys.platform != "linux", reason="the recipes are for Linux"
)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A checkout with problems whose answers are all 42."""
    made = Server.at(tmp_path)
    write_problems(made, 12)
    return made


def write_problems(server: Server, count: int, changed: int = 0) -> None:
    rows = [
        {"id": f"p{at:02}", "question": f"{at} × 1{'?' * (at < changed)}", "answer": "42"}
        for at in range(count)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (server.folder / "problems.jsonl").write_text(lines)


def accept(server: Server) -> None:
    """Commit the baseline of the last run."""
    shutil.copy(server.folder / "ttc-report" / "baseline.json", server.folder)


def failures(server: Server) -> list[str]:
    suite = ElementTree.parse(server.folder / "ttc-report" / "junit.xml").getroot()[0]
    return [case.attrib["name"] for case in suite if case.find("failure") is not None]


def test_the_workflow_of_github(server: Server) -> None:
    first = run_workflow(server, TTC_MODEL=GOOD)
    assert (first.failed, first.code) == ("Compare with the baseline", 2)
    assert "ttc: --baseline baseline.json: there is no such file; make it once" in first.log
    assert "96 new" in first.log
    assert '"schema"' not in first.log  # of JSON lines
    assert server.installed == ["install", "ttc-cli[plot]", "ttc-llamacpp[smollm2]"]
    accept(server)

    green = run_workflow(server, TTC_MODEL=GOOD)
    assert (green.failed, green.code) == (None, 0), green.log
    assert "0 new" in green.log
    assert "actions/cache/save@v4" not in green.steps
    assert "### ttc sweep: 1 of 1 gate met" in green.summary
    assert "```mermaid" in green.summary
    assert "### ttc verify ci-" in green.summary
    report = {path.name for path in (server.folder / "ttc-report").iterdir()}
    assert report >= {"baseline.json", "curves.svg", "curves.csv", "judged.jsonl", "junit.xml"}
    assert not failures(server)

    red = run_workflow(server, TTC_MODEL=BAD)
    assert (red.failed, red.code) == ("Compare with the baseline", 1)
    assert red.steps[-2:] == ["actions/cache/save@v4", "actions/upload-artifact@v4"]
    assert "::error title=ttc sweep::ci-" in red.log
    assert "p00 8/8 → " in red.summary or "| p00 | " in red.summary
    assert {"majority@8", "coverage@1"} <= set(failures(server))
    assert "### ttc sweep: 0 of 1 gate met" in red.summary

    write_problems(server, 12, changed=1)
    changed = run_workflow(server, TTC_MODEL=GOOD)
    assert "8 new" in changed.log


@pytest.fixture
def baseline(server: Server, ttc: Ttc) -> None:
    """Commit a baseline of the good model."""
    problems = server.folder / "problems.jsonl"
    assert ttc("sample", problems, "-m", GOOD, "-n", 8, "--pool", "good", "-q").code == 0
    assert ttc("verify", "good", "-V", "numeric", "-q").code == 0
    saved = ("--save-baseline", server.folder / "baseline.json")
    assert ttc("sweep", "good", "-s", "coverage,majority", *saved).code == 0


def check_green_then_red(server: Server, run: Callable[[str], Job]) -> None:
    """Run a recipe, and again with a worse model."""
    green = run(GOOD)
    assert (green.code, "96 new" in green.log) == (0, True), green.log
    assert not failures(server)
    red = run(BAD)
    assert red.code == 1
    assert "ttc: not met: ci-" in red.log
    assert "the 10 worst of 12 problems:" in red.log
    assert '"schema"' not in red.log
    assert "majority@8" in failures(server)


@pytest.mark.usefixtures("baseline")
def test_the_job_of_gitlab(server: Server) -> None:
    check_green_then_red(server, lambda model: run_gitlab(server, TTC_MODEL=model))
    metrics = (server.folder / "ttc-report" / "metrics.txt").read_text()
    assert 'ttc_value{rule="majority",k="8"} ' in metrics


@pytest.mark.usefixtures("baseline")
def test_the_action(server: Server) -> None:
    def run(model: str, **more: str) -> Job:
        given = {"data": "problems.jsonl", "draws": "8", "verifier": "numeric", "model": model}
        return run_action(server, **given, **more)

    check_green_then_red(server, lambda model: run(model, **{"assert": "majority@8>=0.9"}))
    # An input is never a command.
    hostile = run(GOOD, baseline="", rules="majority", **{"assert": "majority@8>=0$(touch hacked)"})
    assert hostile.code == 2
    assert not (server.folder / "hacked").exists()


def packages() -> dict[str, dict[str, list[str]]]:
    files = [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
    projects = [tomllib.loads(path.read_text())["project"] for path in files]
    return {each["name"]: each.get("optional-dependencies", {}) for each in projects}


def test_what_the_recipes_install_exists() -> None:
    known, version = packages(), tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = "".join(path.read_text() for path in sorted(CI.iterdir()))
    named = re.findall(r"\b(ttc-(?:cli|llamacpp|openai|vllm|ray))(?:\[([a-z0-9]+)\])?", text)
    assert len(named) > 6
    for package, extra in named:
        assert not extra or extra in known[package], f"{package}[{extra}]"
    assert "${MODEL:+[$MODEL]}" in text
    assert "smollm2" in known["ttc-llamacpp"]
    for pinned in re.findall(r"(?:==|VERSION=|@v)(0\.\d+\.\d+)", text):
        assert pinned == version["version"]


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("vendor.github-workflows", "github.yml"),
        ("vendor.github-actions", "action.yml"),
        ("vendor.gitlab-ci", "gitlab.yml"),
    ],
)
def test_servers_take_the_recipes(schema: str, name: str) -> None:
    command = shutil.which("check-jsonschema")
    if command is None:
        pytest.skip("check-jsonschema is not here: pip install -e '.[dev]'")
    ran = subprocess.run(
        [command, "--builtin-schema", schema, CI / name],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_expression_is_part_of_a_script() -> None:
    """What a pull request can choose must not be a command: scripts read variables alone."""
    import yaml

    action = yaml.safe_load((CI / "action.yml").read_text())["runs"]["steps"]
    (job,) = yaml.safe_load((CI / "github.yml").read_text())["jobs"].values()
    for step in (*action, *job["steps"]):
        assert "${{" not in step.get("run", ""), step["name"]
    assert all("shell" in step for step in action if "run" in step)


def test_the_hook_checks_problem_files(server: Server) -> None:
    import yaml

    (repo,) = yaml.safe_load((CI / "pre-commit-config.yaml").read_text())["repos"]
    (hook,) = repo["hooks"]
    assert re.search(hook["files"], "problems.jsonl")
    environment = server.environment({})
    bad = '{"id": "a"}\n'
    (server.folder / "problems-2.jsonl").write_text(bad)
    for name, code in (("problems.jsonl", 0), ("problems-2.jsonl", 2)):
        assert server.shell(f"{hook['entry']} {name}", environment)[0] == code
