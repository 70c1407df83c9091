"""Tests of references that give them as inputs and a solution, as HumanEval+ does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ttc.formats.shapes import evalplus_script
from ttc.keys import canonical_json
from ttc.verifiers.code.suites.modules import UnusableTestsError

_FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "atol")


def script_of(reference: Mapping[str, Any]) -> str:
    """Return the tests of a reference with `base_input` and `plus_input` (HumanEval+), "" for
    others.

    UnusableTestsError says what a record lacks.
    """
    if not (reference.get("base_input") or reference.get("plus_input")):
        return ""
    needed = {name: reference[name] for name in _FIELDS if name in reference}
    inputs = {name: reference.get(name) or [] for name in ("base_input", "plus_input")}
    return _script_of(canonical_json({**needed, **inputs}))


@lru_cache(16)
def _script_of(record: str) -> str:
    try:
        return evalplus_script.script(json.loads(record))
    except KeyError as error:
        detail = f"the record has no field {error.args[0]!r}"
        raise UnusableTestsError("no_reference", detail) from None
