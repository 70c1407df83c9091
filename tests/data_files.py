"""Files of JSON lines for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(path: Path, *records: Mapping[str, Any]) -> str:
    """Write records as JSON lines; return the path as a command line has it."""
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return str(path)
