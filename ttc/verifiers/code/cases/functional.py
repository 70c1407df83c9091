"""Functional tests: arguments and results as JSON, for a function or a method of `Solution`.

LiveCodeBench gives the arguments as text, one JSON value a line, and the result as JSON text; APPS
and TACO give lists of arguments, and the result often as a list of one element.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ttc.verifiers.code.cases.encoded import UndecodableError
from ttc.verifiers.code.cases.outputs import tolerance_of
from ttc.verifiers.code.cases.shapes import Cases
from ttc.verifiers.code.extraction import behind

# What LiveCodeBench and LeetCode import before a program. The last line restores builtins.
_MODULES = (
    "string re datetime collections heapq bisect copy math random statistics itertools functools"
    " operator io sys json typing"
)
PRELUDE = "\n".join(
    [
        *(f"from {name} import *" for name in _MODULES.split()),
        f"import {', '.join(_MODULES.split())}",
        "from builtins import *",
        "sys.setrecursionlimit(50000)",
    ]
)

# Behind the program, in its process. Only text crosses to the judge and back.
_CALL = """

def _ttc_call(_name, _given):
    import json
    def plain(value):
        if type(value).__module__.partition(".")[0] == "numpy":
            return value.tolist()
        raise TypeError(f"returned no JSON value but {type(value).__name__!r}")
    owner, given = globals().get("Solution"), json.loads(_given)
    if isinstance(owner, type) and hasattr(owner, _name):
        function = getattr(owner(), _name)
    elif _name in globals():
        function = globals()[_name]
    else:
        raise NameError(f"name {_name!r} is not defined")
    value = function(**given) if isinstance(given, dict) else function(*given)
    return json.dumps(value, default=plain)
"""

# In the judge's process.
_TESTS = """
import json, math

def _same(found, wanted):
    if isinstance(wanted, list):
        return (isinstance(found, list) and len(found) == len(wanted)
                and all(map(_same, found, wanted)))
    if isinstance(wanted, dict):
        return (isinstance(found, dict) and found.keys() == wanted.keys()
                and all(_same(found[key], wanted[key]) for key in wanted))
    if isinstance(wanted, (float, int)) and isinstance(found, (float, int)):
        if found == wanted or (found != found and wanted != wanted):
            return True
        if not isinstance(wanted, float) and not (_STATED and isinstance(found, float)):
            return False
        try:
            return abs(found - wanted) <= max(_ABSOLUTE, _RELATIVE * abs(wanted)) < math.inf
        except OverflowError:
            return False
    return type(found) is type(wanted) and found == wanted

_STATED, _ABSOLUTE, _RELATIVE = %(tolerance)r

for _at, (_given, *_wanted) in enumerate(json.loads(%(cases)r), %(first)d):
    _found = _ttc_call(%(name)r, json.dumps(_given))
    assert type(_found) is str, f"input {_at}: no JSON value"
    try:
        _right = any(_same(json.loads(_found), _each) for _each in _wanted)
    except (ValueError, RecursionError):
        _right = False
    assert _right, f"input {_at}: {_found:.80} instead of {json.dumps(_wanted[0]):.80}"
"""


@dataclass(frozen=True)
class Functional:
    """Functional tests: rows of arguments and the results that are right, the function's name, and
    the tolerance (whether it is stated, absolute, relative)."""

    rows: tuple[list[Any], ...]
    name: str
    tolerance: tuple[bool, float, float]

    def tests(self, *, only: int | None = None) -> str:
        """Return the code of the tests: all, or only those of one row."""
        rows = self.rows if only is None else self.rows[only : only + 1]
        parts = {
            "tolerance": self.tolerance,
            "cases": json.dumps(rows),
            "name": self.name,
            "first": 1 + (only or 0),
        }
        return _TESTS % parts


def functional(cases: Cases, function: str, reference: Mapping[str, Any]) -> Functional:
    """Return the functional tests of cases. UndecodableError says which case cannot be read."""
    rows = []
    for at, (given, wanted) in enumerate(zip(cases.inputs, cases.outputs, strict=True), 1):
        try:
            rows.append([_arguments(given), *_results(given, wanted)])
        except (ValueError, RecursionError):
            raise UndecodableError(f"case {at} is no JSON") from None
    stated = tolerance_of(reference)
    # Rounding, as EvalPlus allows it, if the reference states no tolerance.
    return Functional(tuple(rows), function, (stated is not None, *(stated or (1e-6, 1e-7))))


def callable_program(program: str) -> str:
    """Return a program with the imports before it, and behind it what the tests call."""
    return behind(PRELUDE, program) + _CALL


def _arguments(given: Any) -> Any:
    """Return the arguments, a list or an object with their names."""
    if isinstance(given, str):
        return [json.loads(line) for line in given.splitlines() if line.strip()]
    return given if isinstance(given, (list, dict)) else [given]


def _results(given: Any, wanted: Any) -> list[Any]:
    """Return the results that are right.

    A list of one element, where the arguments are a list, may stand for its element (APPS).
    """
    if isinstance(wanted, str) and isinstance(given, str):
        return [json.loads(wanted)]
    if isinstance(given, list) and isinstance(wanted, list) and len(wanted) == 1:
        return [wanted[0], wanted]
    return [wanted]
