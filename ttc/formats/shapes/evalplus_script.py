"""EvalPlus's own files (HumanEval+): inputs and a correct solution instead of a test script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Runs in the process of the tests, not in that of the candidate. Compares as EvalPlus does (Liu et
# al. 2023): equal, or, if the expected values are floats, close (rtol 1e-7, atol at least 1e-6);
# for a root of a polynomial, any value at which the polynomial vanishes.
_CHECK = """
import copy, json, math

def _floats(value):
    return isinstance(value, float) or (
        isinstance(value, (list, tuple)) and bool(value) and all(map(_floats, value)))

def _close(found, wanted, atol):
    if isinstance(wanted, (list, tuple)):
        return (type(found) is type(wanted) and len(found) == len(wanted)
                and all(_close(a, b, atol) for a, b in zip(found, wanted)))
    try:
        return found == wanted or abs(found - wanted) <= atol + 1e-7 * abs(wanted)
    except TypeError:
        return False

def check(candidate):
    own = {}
    exec(%(solution)r, own)
    atol = %(atol)r
    for given in json.loads(%(inputs)r):
        wanted = own[%(entry)r](*copy.deepcopy(given))
        found = candidate(*copy.deepcopy(given))
        if %(entry)r == "find_zero":
            right = abs(own["poly"](*given, found)) <= atol
        else:
            tolerance = atol or (1e-6 if _floats(wanted) else 0)
            right = found == wanted or (tolerance and _close(found, wanted, tolerance))
        assert right, "%%.80r for %%.80r, not %%.80r" %% (found, given, wanted)
"""


def script(record: Mapping[str, Any]) -> str:
    """Return the tests of an EvalPlus record in HumanEval's form, `check(candidate)`.

    KeyError or ValueError names what is missing.
    """
    if str(record.get("task_id", "")).startswith("Mbpp/"):
        # Its inputs lost their types in JSON; EvalPlus restores them by a table in its code.
        raise ValueError("MBPP+ needs the file whose records have 'test' (mbppplus)")
    inputs = [*_inputs(record, "base_input"), *_inputs(record, "plus_input")]
    if not inputs:
        raise ValueError("it has neither 'base_input' nor 'plus_input'")
    atol = record.get("atol") or 0
    if isinstance(atol, bool) or not isinstance(atol, (int, float)):
        raise ValueError("'atol' must be a number")
    solution = f"{record['prompt']}{record['canonical_solution']}"
    entry = str(record["entry_point"])
    parts = {"solution": solution, "atol": atol, "inputs": json.dumps(inputs), "entry": entry}
    return _CHECK % parts


def _inputs(record: Mapping[str, Any], name: str) -> list[Any]:
    given = record.get(name) or []
    if not isinstance(given, list) or not all(isinstance(each, list) for each in given):
        raise ValueError(f"{name!r} must be a list of lists of arguments")
    return given
