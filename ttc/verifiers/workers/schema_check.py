"""The task of a `schema` worker: parse JSON strictly and validate it under a schema."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import jsonschema
import referencing


def validate(call: list[str]) -> list[str]:
    """Validate the first of some texts that is JSON: the call is [schema, text, text, …].

    Return [] if none is JSON, [canonical JSON] if it is valid under the schema, [canonical JSON,
    the first error] if it is not.
    """
    schema, *texts = call
    for text in texts:
        try:
            value = strict(text)
        except (ValueError, RecursionError):
            continue
        errors = _validator(schema).iter_errors(value)
        first = min(errors, key=_path, default=None)
        return [canonical(value)] if first is None else [canonical(value), _told(first)]
    return []


def strict(text: str) -> Any:
    """Parse JSON without extensions and duplicate keys; ValueError names the fault."""
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_number)


def canonical(value: Any) -> str:
    """Return the canonical text of a JSON value: keys sorted, no spaces, 1.0 as 1."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def check(schema: Any) -> None:
    """Raise ValueError if a value is not a valid schema."""
    if not isinstance(schema, dict | bool):
        raise ValueError("it is neither an object nor a boolean")
    try:
        jsonschema.validators.validator_for(schema, _NEWEST).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"at {_told(error)}") from None


_NEWEST = jsonschema.Draft202012Validator


@lru_cache(maxsize=1)
def _validator(schema: str) -> Any:
    content = json.loads(schema)
    kind = jsonschema.validators.validator_for(content, _NEWEST)
    # With an empty registry, the target of a $ref is never fetched.
    return kind(content, registry=referencing.Registry())


def _path(error: jsonschema.ValidationError) -> list[str]:
    return [str(part) for part in error.absolute_path]


def _told(error: jsonschema.ValidationError | jsonschema.SchemaError) -> str:
    return " ".join(f"{error.json_path}: {error.message}".split())[:300]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _number(digits: str) -> int | float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is too large")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
