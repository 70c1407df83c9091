"""The task of a `schema` worker: parse JSON strictly and validate it under a schema."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import jsonschema
import referencing

from ttc.backends.asking.json_schema import strict, told


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
        return [canonical(value)] if first is None else [canonical(value), told(first)]
    return []


def canonical(value: Any) -> str:
    """Return the canonical text of a JSON value: keys sorted, no spaces, 1.0 as 1."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


_NEWEST = jsonschema.Draft202012Validator


@lru_cache(maxsize=1)
def _validator(schema: str) -> Any:
    content = json.loads(schema)
    kind = jsonschema.validators.validator_for(content, _NEWEST)
    # With an empty registry, the target of a $ref is never fetched.
    return kind(content, registry=referencing.Registry())


def _path(error: jsonschema.ValidationError) -> list[str]:
    return [str(part) for part in error.absolute_path]
