"""The tests in a reference: HumanEval's, MBPP's, or standard input and output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.verifiers.code.extraction import called_names, preamble


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
