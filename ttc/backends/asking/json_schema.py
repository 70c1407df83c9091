"""Read JSON Schemas strictly, and check that they are schemas; jsonschema is imported late."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ttc.messages import notes
from ttc.plugins import installing

if TYPE_CHECKING:
    import jsonschema


_WRAPPER = {"name", "description", "strict", "schema"}


def need_library() -> None:
    """Raise ValueError with what to install if jsonschema is not there."""
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        how = installing.install("ttc-cli[schema]")
        raise ValueError(f"schema needs the library jsonschema; {how}") from None


def read(text: str, place: str) -> Any:
    """Return the JSON Schema in a text; ValueError with the place if it is none."""
    need_library()
    try:
        content = _unwrapped(strict(text), place)
        check(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place} is not a JSON Schema: {error}; correct the file") from None
    return content


def _unwrapped(content: Any, place: str) -> Any:
    """Return the schema inside the object in which OpenAI's API takes it; another as it is."""
    inner = content
    if isinstance(inner, dict) and inner.get("type") == "json_schema":
        inner = inner.get("json_schema", inner)
    named = isinstance(inner, dict) and {"name", "schema"} <= inner.keys() <= _WRAPPER
    if named and isinstance(inner["schema"], dict):
        notes.tell(f"{place}: a response format of OpenAI's API; the schema inside it is used")
        return inner["schema"]
    return content


def strict(text: str) -> Any:
    """Parse JSON without extensions and duplicate keys; ValueError names the fault."""
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_number)


def is_json(text: str) -> bool:
    """Return whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def check(schema: Any) -> None:
    """Raise ValueError if a value is not a valid schema."""
    import jsonschema

    if not isinstance(schema, dict | bool):
        raise ValueError("it is neither an object nor a boolean")
    try:
        newest = jsonschema.Draft202012Validator
        jsonschema.validators.validator_for(schema, newest).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"at {told(error)}") from None


def told(error: jsonschema.ValidationError | jsonschema.SchemaError) -> str:
    """Return what an error says, on one line of at most 300 characters."""
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
