"""Runs the shell steps of a recipe for CI as its server would: in order, each in a shell, with the
files, the expressions and the cache that GitHub or GitLab has. `uses:` are played by the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CI = Path(__file__).parents[1] / "examples" / "ci"
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
PIP = '#!/bin/sh\nprintf "%s\\n" "$@" >> "$PIP_LOG"\n'


@dataclass
class Job:
    """What a run left behind: the name of the step that failed, its code, and what was printed."""

    failed: str | None = None
    code: int = 0
    log: str = ""
    summary: str = ""
    steps: list[str] = field(default_factory=list)


@dataclass
class Server:
    """A folder with a checkout, a cache that outlives runs, and a pip that only notes its words."""

    folder: Path
    cached: Path
    store: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path) -> Server:
        work, cached = folder / "work", folder / "cached"
        for each in (work, cached, folder / "bin"):
            each.mkdir()
        (folder / "bin" / "pip").write_text(PIP)
        (folder / "bin" / "pip").chmod(0o755)
        return cls(work, cached)

    @property
    def installed(self) -> list[str]:
        return (self.folder.parent / "pip.log").read_text().splitlines()

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GITHUB_")}
        path = os.pathsep.join(
            [str(self.folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        )
        fixed = {"CI": "true", "PATH": path, "PIP_LOG": str(self.folder.parent / "pip.log")}
        return {**kept, **fixed, **more}

    def restore(self, key: str, others: str) -> bool:
        """Put the newest copy under a key into place; return whether it is that of `key` itself."""
        shutil.rmtree(self.folder / ".ttc", ignore_errors=True)
        known = [name for name in self.store if name.startswith(others)] if others else []
        found = key if key in self.store else (known[-1] if known else None)
        if found is not None:
            shutil.copytree(self.store[found], self.folder / ".ttc")
        return found == key

    def save(self, key: str) -> None:
        if key not in self.store and (self.folder / ".ttc").exists():
            self.store[key] = self.cached / str(len(self.store))
            shutil.copytree(self.folder / ".ttc", self.store[key])

    def shell(self, script: str, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run a script; both streams are the log, as a runner shows them."""
        path = self.folder.parent / "step.sh"
        path.write_text(script)
        ran = subprocess.run(
            ["bash", "-e", path],
            cwd=self.folder,
            env={**environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return ran.returncode, ran.stdout


class GitHub:
    """One run of the steps of a workflow's job, or of a composite action."""

    def __init__(self, server: Server, environment: Mapping[str, str]) -> None:
        self.server, self.job = server, Job()
        self.known: dict[str, str] = {
            "github.workspace": str(server.folder),
            "runner.os": "Linux",
            "runner.arch": "X64",
        }
        self.files = {
            name: server.folder.parent / name.lower()
            for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        self.variables = {name: self.filled(value) for name, value in environment.items()}

    def filled(self, value: object) -> str:
        """Return a value with its expressions replaced; of what is not known, by nothing."""
        return EXPRESSION.sub(lambda found: self.known.get(found[1], ""), str(value))

    def holds(self, condition: str) -> bool:
        """Evaluate the condition of a step."""
        text = condition.replace("always()", "True").replace("&&", " and ")
        names = re.sub(
            r"(?:steps|inputs|github)\.[\w.-]+",
            lambda found: repr(self.known.get(found[0], "")),
            text,
        )
        return bool(eval(names, {"__builtins__": {}}))

    def run(self, steps: list[dict[str, Any]]) -> Job:
        for step in steps:
            condition = str(step.get("if", "True"))
            if self.job.failed is not None and "always()" not in condition:
                continue
            if self.holds(condition):
                self.job.steps.append(name := step.get("name") or step["uses"])
                self.step(step, name)
        return self.job

    def step(self, step: dict[str, Any], name: str) -> None:
        given = {key: self.filled(value) for key, value in step.get("with", {}).items()}
        if step.get("uses", "").startswith("actions/cache/restore"):
            hit = self.server.restore(given["key"], given.get("restore-keys", ""))
            self.known[f"steps.{step['id']}.outputs.cache-hit"] = "true" if hit else ""
        elif step.get("uses", "").startswith("actions/cache/save"):
            self.server.save(given["key"])
        elif "run" in step:
            self.script(step, name)

    def script(self, step: dict[str, Any], name: str) -> None:
        for path in self.files.values():
            path.write_text("")
        own = {key: self.filled(value) for key, value in step.get("env", {}).items()}
        own |= {key: str(path) for key, path in self.files.items()} | {"GITHUB_ACTIONS": "true"}
        environment = self.server.environment({**self.variables, **own})
        code, log = self.server.shell(self.filled(step["run"]), environment)
        self.job.log += log
        self.job.summary += self.files["GITHUB_STEP_SUMMARY"].read_text()
        self.variables |= dict(_pairs(self.files["GITHUB_ENV"]))
        for key, value in _pairs(self.files["GITHUB_OUTPUT"]):
            self.known[f"steps.{step['id']}.outputs.{key}"] = value
        if code:
            self.job.failed, self.job.code = name, code


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text().splitlines():
        name, _, value = line.partition("=")
        yield name, value


def run_workflow(server: Server, **changed: str) -> Job:
    """Run github.yml with some variables changed."""
    workflow = yaml.safe_load((CI / "github.yml").read_text())
    (job,) = workflow["jobs"].values()
    return GitHub(server, {**workflow["env"], **changed}).run(job["steps"])


def run_action(server: Server, **inputs: str) -> Job:
    """Run action.yml with some inputs."""
    action = yaml.safe_load((CI / "action.yml").read_text())
    run = GitHub(server, {})
    defaults = {name: str(each.get("default", "")) for name, each in action["inputs"].items()}
    for name, value in {**defaults, **inputs}.items():
        run.known[f"inputs.{name}"] = value
    return run.run(action["runs"]["steps"])


def run_gitlab(server: Server, **changed: str) -> Job:
    """Run gitlab.yml with some variables changed: one shell, whose lines are those of its lists."""
    (job,) = yaml.safe_load((CI / "gitlab.yml").read_text()).values()
    variables = {
        name: text.replace("$CI_PROJECT_DIR", str(server.folder))
        for name, text in {**job["variables"], **changed}.items()
    }
    server.restore("branch", "")
    script = "\n".join([*job["before_script"], *job["script"]])
    code, log = server.shell(script, server.environment({**variables, "GITLAB_CI": "true"}))
    server.store.pop("branch", None)
    server.cached.mkdir(exist_ok=True)
    shutil.rmtree(server.cached / "0", ignore_errors=True)
    server.save("branch")
    return Job("script" if code else None, code, log)
