"""The tests in a reference: HumanEval's, MBPP's, or standard input and output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ttc.verifiers.code.extraction import called_names, preamble


def streams(reference: Mapping[str, Any]) -> tuple[list[str], list[str]] | None:
    """Return the inputs and expected outputs of a reference with standard input and output, or
    None."""
    pairs = reference
    if isinstance(packed := reference.get("input_output"), str):
        try:
            pairs = json.loads(packed)
        except ValueError:
            return None
    inputs, outputs = pairs.get("inputs"), pairs.get("outputs")
    if not (isinstance(inputs, list) and isinstance(outputs, list) and inputs):
        return None
    if len(inputs) != len(outputs) or not all(isinstance(t, str) for t in (*inputs, *outputs)):
        return None
    return inputs, outputs


def tests_of(reference: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the tests of a reference for the judge's process; None if it has none.

    ValueError or SyntaxError if they cannot be used.
    """
    given = reference.get("tests") or reference.get("test_list")
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        given = "\n".join(given)
    if not isinstance(given, str) or not given.strip():
        return None
    setup, entry = str(reference.get("setup") or ""), reference.get("entry_point")
    if isinstance(entry, str) and "def check(" in given:
        # HumanEval's tests also use the helpers of its prompt.
        setup = f"{preamble(str(reference.get('prompt') or ''))}\n{setup}"
        return {"setup": setup, "tests": given, "names": [entry], "entry": entry}
    names = [entry] if isinstance(entry, str) else list(called_names(setup, given))
    if not names:
        raise ValueError("they call nothing")
    return {"setup": setup, "tests": given, "names": names, "entry": None}
