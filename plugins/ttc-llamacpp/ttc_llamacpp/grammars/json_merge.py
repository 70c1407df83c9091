"""Schemas that hold together (`allOf`, what stands beside `$ref` or `anyOf`), merged into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ttc_llamacpp.grammars.errors import GrammarError

Schema = Mapping[str, Any]

# They say nothing about which values are valid.
NOTES = frozenset(
    (
        *("title", "description", "default", "examples", "example", "deprecated", "readOnly"),
        *("writeOnly", "contentMediaType", "contentEncoding", "contentSchema"),
        *(
            "$schema",
            "$id",
            "id",
            "$comment",
            "$defs",
            "definitions",
            "$vocabulary",
            "discriminator",
        ),
        *("$anchor", "xml", "externalDocs", "propertyOrdering"),
    )
)
_MOST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LEAST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def said(schema: Schema) -> dict[str, Any]:
    """Return the keywords of a schema that restrict values."""
    return {key: value for key, value in schema.items() if key not in NOTES and key[:2] != "x-"}


def merged(first: Schema, second: Schema) -> dict[str, Any]:
    """Return the schema of the values that are valid under two. GrammarError if it has no form."""
    found = dict(first)
    for key, value in second.items():
        if key not in found or key in NOTES:
            found.setdefault(key, value)
        elif found[key] != value:
            found[key] = _both(key, found[key], value)
    for one, other in ((first, second), (second, first)):
        if one.get("additionalProperties") is False and "properties" in other:
            lost = set(other["properties"]) - set(one.get("properties", {}))
            found["properties"] = {
                name: False if name in lost else inner
                for name, inner in found["properties"].items()
            }
    return found


def _both(key: str, one: Any, other: Any) -> Any:
    combine = _COMBINE.get(key)
    if key in (*_MOST, *_LEAST) and not isinstance(one, bool) and not isinstance(other, bool):
        return (max if key in _MOST else min)(one, other)
    if combine is None:
        raise GrammarError(f"two different values of {key!r} that must hold together")
    return combine(one, other)


def _together(one: Any, other: Any) -> Any:
    if isinstance(one, bool) or isinstance(other, bool):
        return False if one is False or other is False else other if one is True else one
    return {"allOf": [one, other]}


def _properties(one: Schema, other: Schema) -> dict[str, Any]:
    return {
        **one,
        **other,
        **{name: _together(one[name], other[name]) for name in one if name in other},
    }


def _types(one: Any, other: Any) -> list[str]:
    first, second = ([each] if isinstance(each, str) else list(each) for each in (one, other))
    both = [each for each in first if each in second]
    for a, b in ((first, second), (second, first)):
        if "number" in a and "integer" in b and "integer" not in both:
            both.append("integer")
    return both


def _common(one: Any, other: Any) -> list[Any]:
    return [each for each in one if any(same(each, value) for value in other)]


_COMBINE: Mapping[str, Callable[[Any, Any], Any]] = {
    "properties": _properties,
    "required": lambda one, other: [*one, *(name for name in other if name not in one)],
    "type": _types,
    "enum": _common,
    "items": _together,
    "additionalProperties": _together,
    "unevaluatedProperties": _together,
    "allOf": lambda one, other: [*one, *other],
}


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON: `true` is not 1."""
    comparable = type(one) is type(other) or (_number(one) and _number(other))
    return comparable and bool(one == other)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
