"""The inputs and expected outputs of a reference, in the shapes of the common datasets.

    inputs, outputs [, fn_name]                        plain; also in `input_output`, as JSON text
                                                       or an object (APPS, TACO)
    public_test_cases, private_test_cases              LiveCodeBench: lists of input, output and
                                                       testtype, as JSON text, maybe compressed
    public_tests, private_tests, generated_tests       CodeContests: {"input": […], "output": […]}
    test_cases, official_tests, tests                  lists of input and output
    verification_info, ground_truth                    one of the above in an object or JSON text
    input, output                                      one of each

Where a function is named (`fn_name`, `func_name`, `metadata` of LiveCodeBench), the inputs are its
arguments, else standard input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttc.verifiers.code.cases.encoded import UndecodableError, decoded

_NAMES = ("fn_name", "func_name", "function_name")
_WRAPPED = ("input_output", "verification_info", "ground_truth")
_CODE_CONTESTS = ("public_tests", "private_tests", "generated_tests")
_LIVE_CODE_BENCH = ("public_test_cases", "private_test_cases")
_LISTED = ("test_cases", "official_tests", "tests")
_OUTPUTS = ("output", "outputs", "expected_output", "expected", "answer")
_METHOD = re.compile(r"^[ \t]*def[ \t]+([A-Za-z]\w*)", re.M)


@dataclass(frozen=True)
class Cases:
    """Inputs and their outputs; None is an output that only a checker can judge.

    `function` is what the inputs are arguments of; None for standard input. `origin` names the
    dataset whose conventions hold: plain, apps, livecodebench or codecontests.
    """

    inputs: Sequence[Any]
    outputs: Sequence[Any]
    function: str | None = None
    origin: str = "plain"


def cases_of(reference: Mapping[str, Any]) -> Cases | None:
    """Return the inputs and outputs of a reference, or None if it has no such fields.

    ValueError says what is wrong with them; UndecodableError, that they cannot be read at all.
    """
    for name in _WRAPPED:
        if (found := _wrapped(reference, name)) is not None:
            return found
    if any(reference.get(name) for name in _LIVE_CODE_BENCH):
        return _listed(reference, _LIVE_CODE_BENCH, "livecodebench")
    if any(reference.get(name) for name in _CODE_CONTESTS):
        return _listed(reference, _CODE_CONTESTS, "codecontests")
    if "inputs" in reference and ("outputs" in reference or "checker" in reference):
        return _paired(reference, reference["inputs"], reference.get("outputs"))
    if any(_is_list_of_cases(reference.get(name)) for name in _LISTED):
        return _listed(reference, _LISTED, "plain")
    if isinstance(reference.get("input"), str) and isinstance(reference.get("output"), str):
        return _paired(reference, [reference["input"]], [reference["output"]])
    return None


def _wrapped(reference: Mapping[str, Any], name: str) -> Cases | None:
    """Return the cases in a field that holds a record or its JSON text, or None."""
    given = reference.get(name)
    if isinstance(given, str) and name != "input_output" and given.lstrip()[:1] not in ("{", "["):
        return None
    inner = _field(reference, name) if given else None
    if isinstance(inner, list):
        inner = {"test_cases": inner}
    if not isinstance(inner, Mapping):
        return None
    outer = {key: reference[key] for key in (*_NAMES, "metadata", "checker") if key in reference}
    found = cases_of({**outer, **inner})
    if found is None or name != "input_output":
        return found
    return Cases(found.inputs, found.outputs, found.function, "apps")


def _field(reference: Mapping[str, Any], name: str) -> Any:
    try:
        return decoded(reference[name])
    except UndecodableError as error:
        raise UndecodableError(f"{name!r} cannot be decoded: {error}") from None


def _is_list_of_cases(given: Any) -> bool:
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            given = decoded(given)
        except ValueError:
            return False
    if isinstance(given, Mapping):
        return bool({"inputs", "input"} & set(given))
    return (
        isinstance(given, list)
        and bool(given)
        and all(isinstance(each, Mapping) and {"input", "inputs"} & set(each) for each in given)
    )


def _listed(reference: Mapping[str, Any], names: Sequence[str], origin: str) -> Cases:
    """Return the cases of all fields together."""
    inputs: list[Any] = []
    outputs: list[Any] = []
    functions: list[str | None] = []
    kinds: set[str] = set()
    for name in names:
        if not (given := reference.get(name)) or (
            origin == "plain" and not _is_list_of_cases(given)
        ):
            continue
        given = _field(reference, name)
        rows = _rows(given, name)
        for at, row in enumerate(rows, 1):
            if "input" not in row and "inputs" not in row:
                raise ValueError(f"case {at} of {name!r} has no input")
            inputs.append(row.get("input", row.get("inputs")))
            outputs.append(next((row[key] for key in _OUTPUTS if key in row), None))
            functions.append(_function(row))
            kinds.add(str(row.get("testtype") or row.get("type") or "")[:4])
    if not inputs:
        raise ValueError(
            f"there are no cases in {' and '.join(n for n in names if n in reference)}"
        )
    function = next((each for each in functions if each), None) or _function(reference)
    if kinds == {"func"} and function is None:
        function = _starter(reference)
        if function is None:
            raise ValueError("its tests are functional, but no function is named")
    elif kinds == {"stdi"}:
        function = None
    return _checked(Cases(inputs, outputs, function, origin))


def _rows(given: Any, name: str) -> list[Mapping[str, Any]]:
    """Return one object for each case of a field."""
    if isinstance(given, Mapping):
        inputs = given.get("input", given.get("inputs"))
        outputs = next((given[key] for key in _OUTPUTS if key in given), None)
        if isinstance(inputs, str):
            inputs, outputs = [inputs], [outputs]
        if not isinstance(inputs, list) or not isinstance(outputs, list):
            raise ValueError(f"{name!r} has no lists 'input' and 'output'")
        if len(inputs) != len(outputs):
            raise ValueError(f"{name!r} has {len(inputs)} inputs but {len(outputs)} outputs")
        own = {"fn_name": _function(given)}
        return [{"input": i, "output": o} | own for i, o in zip(inputs, outputs, strict=True)]
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise ValueError(f"{name!r} is no list of cases with input and output")
    return given


def _paired(reference: Mapping[str, Any], inputs: Any, outputs: Any) -> Cases:
    if isinstance(inputs, str):
        inputs = [inputs]
    if isinstance(outputs, str):
        outputs = [outputs]
    if not isinstance(inputs, list) or not isinstance(outputs, (list, type(None))):
        raise ValueError("'inputs' and 'outputs' must be lists")
    if outputs is None:
        outputs = [None] * len(inputs)
    if not inputs:
        raise ValueError("'inputs' is empty")
    if len(inputs) != len(outputs):
        raise ValueError(f"there are {len(inputs)} inputs but {len(outputs)} outputs")
    function = _function(reference)
    if function is None and not all(map(_is_text, inputs)):
        entry = reference.get("entry_point")
        function = entry if isinstance(entry, str) and entry else None
    return _checked(Cases(inputs, outputs, function))


def _checked(cases: Cases) -> Cases:
    if cases.function is not None and not cases.function.isidentifier():
        raise ValueError(f"{cases.function!r} is no name of a function")
    return cases


def _function(reference: Mapping[str, Any]) -> str | None:
    """Return the function that a record names, or None."""
    named = [reference.get(name) for name in _NAMES]
    metadata = reference.get("metadata")
    if isinstance(metadata, str) and metadata.lstrip().startswith("{"):
        metadata = _field(reference, "metadata")
    if isinstance(metadata, Mapping):
        named += [metadata.get(name) for name in _NAMES]
    return next((each.strip() for each in named if isinstance(each, str) and each.strip()), None)


def _starter(reference: Mapping[str, Any]) -> str | None:
    """Return the first function of the code that a record gives to start with, or None."""
    names = _METHOD.findall(str(reference.get("starter_code") or ""))
    return next((name for name in names if not name.startswith("_")), None)


def _is_text(given: Any) -> bool:
    return isinstance(given, str) or (
        isinstance(given, list) and bool(given) and all(isinstance(each, str) for each in given)
    )


def text_of(given: Any) -> str:
    """Return an input or output as text: a string as it is, a list of strings as lines, a number in
    digits.

    ValueError for anything else.
    """
    if isinstance(given, str):
        return given
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return repr(given)
    rows = [each if isinstance(each, list) else [each] for each in given] if given else []
    if not isinstance(given, list) or not all(isinstance(one, str) for row in rows for one in row):
        raise ValueError(f"{given!r:.40} is no text, and no function is named")
    return "\n".join(" ".join(row) for row in rows)
