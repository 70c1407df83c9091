"""The run of lm-evaluation-harness that a file of samples belongs to.

Files are called `samples_TASK_TIME.jsonl`; `results_TIME.json` beside them names the model.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<time>\d{4}-\d\d-\d\dT[\d:.-]+?)\.jsonl")


class Run(NamedTuple):
    """The task, the model and the version of the tool, each empty or None if unknown."""

    task: str = ""
    model: str | None = None
    version: str = ""

    @classmethod
    def of(cls, path: Path) -> Run:
        """Return what the name of a file and its neighbour tell."""
        found = _NAME.match(path.name)
        if found is None:
            return cls()
        results = _results(path.with_name(f"results_{found['time']}.json"))
        config = results.get("config")
        model = results.get("model_name") or (isinstance(config, dict) and config.get("model"))
        version = results.get("lm_eval_version")
        return cls(
            found["task"],
            model if isinstance(model, str) and model else None,
            version if isinstance(version, str) else "",
        )


def _results(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
