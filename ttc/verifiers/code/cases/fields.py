"""The fields of a reference with tests that are code, under the names that the datasets use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ttc.keys import canonical_json
from ttc.problems import evalplus

_CHECK = re.compile(r"^def\s+check\s*\(", re.M)
_CHECK_CALL = re.compile(r"^check\s*\(\s*([A-Za-z_]\w*)\s*\)", re.M)
_TOP_DEF = re.compile(r"^(?:async )?def\s+([A-Za-z_]\w*)", re.M)


def with_tests(reference: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a reference with `tests` and `entry_point`, if it has them under another name or in
    another form: `test` (HumanEval), inputs and a solution (HumanEval+: `base_input`, `plus_input`,
    `atol`), `check` without an `entry_point` (HumanEval-X).

    ValueError says what a record lacks.
    """
    found = dict(reference)
    if not any(found.get(name) for name in ("tests", "test_list", "test")):
        if found.get("base_input") or found.get("plus_input"):
            found["tests"] = _script(found)
    elif not found.get("tests") and isinstance(found.get("test"), str):
        found["tests"] = found["test"]
    if not found.get("entry_point") and (entry := _entry_point(found)) is not None:
        found["entry_point"] = entry
    return found


def _script(record: Mapping[str, Any]) -> str:
    fields = ("task_id", "prompt", "entry_point", "canonical_solution", "atol")
    needed = {name: record[name] for name in fields if name in record}
    inputs = {name: record.get(name) or [] for name in ("base_input", "plus_input")}
    return _script_of(canonical_json({**needed, **inputs}))


@lru_cache(16)
def _script_of(record: str) -> str:
    try:
        return evalplus.script(json.loads(record))
    except KeyError as error:
        raise ValueError(f"the record has no field {error.args[0]!r}") from None


def _entry_point(reference: Mapping[str, Any]) -> str | None:
    """Return what `check` is called with: by the tests themselves, or else the last function of the
    declaration or the prompt. None if there is no `check`."""
    tests = reference.get("tests")
    if not isinstance(tests, str) or _CHECK.search(tests) is None:
        return None
    if (called := _CHECK_CALL.findall(tests)) and called[-1] != "candidate":
        return str(called[-1])
    for name in ("declaration", "prompt"):
        if defined := _TOP_DEF.findall(str(reference.get(name) or "")):
            return str(defined[-1])
    return None
