"""Types of schemas, and whether no value drawn under one schema is valid under another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.json_basics import Converting
from ttc_llamacpp.grammars.json_merge import same

TYPES = ("object", "array", "string", "number", "boolean", "null")
# Which type a keyword is about. The value may be of another type; it is drawn of this one.
_ABOUT = {
    "object": (
        *("properties", "required", "additionalProperties", "propertyNames", "patternProperties"),
        *("minProperties", "maxProperties", "unevaluatedProperties"),
    ),
    "array": (
        *("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "additionalItems"),
        "unevaluatedItems",
    ),
    "string": ("minLength", "maxLength", "pattern"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_KNOWN = {key for keys in _ABOUT.values() for key in keys} | {"type", "format", "enum", "const"}


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that values of a schema are drawn of. GrammarError for an unknown keyword.

    Without `type` they are those that its keywords are about, or all.
    """
    unknown = sorted(set(schema) - _KNOWN)
    if unknown:
        raise GrammarError(f"{unknown[0]!r} is not known here; remove it")
    given = schema.get("type")
    if given is not None:
        kinds = [given] if isinstance(given, str) else given
        if not isinstance(kinds, list) or not all(each in (*TYPES, "integer") for each in kinds):
            raise GrammarError(f"the type {given!r}; there are {', '.join((*TYPES, 'integer'))}")
        return list(dict.fromkeys(kinds))
    about = [kind for kind, keys in _ABOUT.items() if any(key in schema for key in keys)]
    return about or (["string"] if "format" in schema else list(TYPES))


def disjoint(at: Converting, one: Any, other: Any, depth: int = 0) -> bool:
    """Return whether it is sure that no value drawn under one of two schemas is valid under the
    other."""
    if depth > 8 or not all(isinstance(each, Mapping) for each in (one, other)):
        return False in (one, other)
    first, second = (_resolved(at, each) for each in (one, other))
    for a, b in ((first, second), (second, first)):
        for key in ("anyOf", "oneOf"):
            if key in a:
                return all(disjoint(at, way, b, depth + 1) for way in a[key])
    if (values := _values(first)) is not None and (others := _values(second)) is not None:
        return not any(same(value, each) for value in values for each in others)
    kinds, others_kinds = _kinds(first), _kinds(second)
    if not kinds & others_kinds:
        return True
    return kinds == others_kinds == {"object"} and _apart(at, first, second, depth)


def _apart(at: Converting, one: Mapping[str, Any], other: Mapping[str, Any], depth: int) -> bool:
    first, second = one.get("properties", {}), other.get("properties", {})
    needed, others = set(one.get("required", ())), set(other.get("required", ()))
    for name in needed & others:
        if disjoint(at, first.get(name, {}), second.get(name, {}), depth + 1):
            return True
    # Each needs a property that is never drawn in the other.
    plain = not any(isinstance(each.get("additionalProperties"), Mapping) for each in (one, other))
    return plain and bool(needed - set(second)) and bool(others - set(first))


def _resolved(at: Converting, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = at.expanded(schema)
    seen = 0
    while "$ref" in found and seen < 16:
        found, seen = at.expanded(at.resolve(str(found["$ref"]))), seen + 1
    return found


def _values(schema: Mapping[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    if (values := _values(schema)) is not None:
        return {_kind(value) for value in values}
    if "type" not in schema:
        return set(TYPES)
    return {"number" if kind == "integer" else kind for kind in types_of(schema)}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")
