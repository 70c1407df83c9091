"""A settings file to begin with: every setting in a comment, with its meaning and its default."""

from __future__ import annotations

import json
from pathlib import Path

from ttc import paths
from ttc.config.settings import SETTINGS, Setting
from ttc.errors import UsageError

# What to write where there is no default.
_EXAMPLES = {
    "model": "smollm2",
    "n": 16,
    "system": "Answer with a number.",
    "template": "{prompt} Think first.",
    "choices_template": "{question} {choices}",
    "few_shot": "examples.jsonl",
    "shots": 4,
    "thinking": "off",
    "logit_bias": None,
    "extra": None,
    "grammar": "answer.gbnf",
    "schema": "answer.json",
    "regex": "[0-9]+",
    "verifier": "numeric",
    "db": "~/ttc.db",
}
_HEAD = """\
# Settings of ttc. Flags and TTC_* variables win over this file{what}.
# Remove the # before a line to change a setting; ttc config --origin shows those in force.
"""
_ALIASES = """
# Names for -m, with options of the backend and sampling of their own:
# [models.qwen]
# model = "http://localhost:8000/v1#Qwen/Qwen3-8B"
# temperature = 0.6
# concurrency = 64
"""


def text(allowed: frozenset[str], what: str) -> str:
    """Return the file for the settings that it may set; `what` ends its first line."""
    lines = [_line(name, setting) for name, setting in SETTINGS.items() if name in allowed]
    return _HEAD.format(what=what) + "\n" + "".join(lines) + _ALIASES


def _line(name: str, setting: Setting) -> str:
    value = _EXAMPLES.get(name) if setting.default is None else setting.default
    shown = "{}" if value is None else json.dumps(value, ensure_ascii=False)
    return f"# {name} = {shown}{' ' * max(1, 34 - len(name) - len(shown))}# {setting.meaning}\n"


def write(file: Path, content: str) -> None:
    """Write a file that is not there yet. UsageError if it is."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(content)
    except FileExistsError:
        raise UsageError(
            f"{file}: is there already and was not changed; ttc config set changes it"
        ) from None
    except OSError as error:
        raise paths.unwritable(file, error) from None
