"""Objects and arrays of a schema as rules of GBNF."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ttc_llamacpp.grammars import json_strings
from ttc_llamacpp.grammars.automaton import rules
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.json_basics import Converting

# The least and the most of something; None: without a limit.
Counts = tuple[int, int | None]

_KEYS = 64  # the longest key of a map that is drawn


def object_rule(at: Converting, schema: Mapping[str, Any], place: str, name: str) -> str:
    """Return the rule of an object."""
    known = dict(schema.get("properties", {}))
    rest = _rest(schema)
    needed = list(schema.get("required", []))
    for missing in (each for each in needed if each not in known):
        known[missing] = (
            {} if rest is None and "additionalProperties" not in schema else rest or False
        )
    known = {key: inner for key, inner in known.items() if inner is not False or key in needed}
    top = at.fresh(name)
    pairs = []
    for key, inner in known.items():
        value = at.visit(inner, f"{place}/properties/{key}", f"{name}-{key}"[:80])
        pair = at.add(f"{name}-{key}-pair"[:80], f'{json_strings.literal(key)} ":" ws {value}')
        pairs.append((pair, key in needed))
    more = None
    if rest is not None:
        more = _map_pair(at, schema, rest, list(known), place, name)
    least, most = json_strings.lengths(schema, "minProperties", "maxProperties")
    if more is not None and not pairs:
        at.rules[top] = _listed(at, "{}", more, name, (least, most))
        return top
    if least > len(needed) or (most is not None and (most < len(pairs) or more is not None)):
        raise GrammarError(
            "'minProperties' and 'maxProperties' beside named properties; remove them"
        )
    at.rules[top] = _sequence(at, pairs, more, name)
    return top


def _sequence(
    at: Converting, pairs: Sequence[tuple[str, bool]], more: str | None, name: str
) -> str:
    """Return an object of pairs in their order, of which some may be left out."""
    after = f'("," ws {more})*' if more else ""  # once something was written
    alone = f"{more} {after}" if more else None  # before; None: nothing can follow
    empty = True
    for index, (pair, needed) in reversed(list(enumerate(pairs))):
        tail = f" {after}" if after else ""
        if needed:
            alone, empty = f"{pair}{tail}", False
            rule = f'"," ws {pair}{tail}'
        else:
            alone = f"{pair}{tail}" + (f" | {alone}" if alone else "")
            rule = f'("," ws {pair})?{tail}'
        if index:
            after = at.add(f"{name}-from-{index}", rule)
            alone = at.add(f"{name}-first-{index}", alone)
    if alone is None:
        return '"{}"'
    body = at.add(f"{name}-all", alone)
    return f'"{{" ws {body} ws "}}"' + (' | "{}"' if empty else "")


def _rest(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of further properties if such are drawn: those of a map."""
    patterns = schema.get("patternProperties")
    if patterns:
        if len(patterns) > 1 or schema.get("additionalProperties") not in (False, None):
            raise GrammarError("'patternProperties' with others beside it; one pattern alone works")
        return next(iter(patterns.values()))  # type: ignore[no-any-return]
    rest = schema.get("additionalProperties")
    if rest in (True, None) and not schema.get("properties") and not schema.get("required"):
        return {}
    return rest if isinstance(rest, Mapping) else None


def _map_pair(
    at: Converting,
    schema: Mapping[str, Any],
    rest: Any,
    known: Sequence[str],
    place: str,
    name: str,
) -> str:
    """Return a pair of a map: a key that is not one of the named ones, and a value."""
    keys = dict(schema.get("propertyNames", {}))
    keys.setdefault("maxLength", _KEYS)
    if extra := set(keys) - {"minLength", "maxLength", "pattern", "format", "type", "enum"}:
        raise GrammarError(f"'propertyNames' with {sorted(extra)[0]!r}; a pattern works")
    for pattern in schema.get("patternProperties", {}):
        if "pattern" in keys:
            raise GrammarError("'propertyNames' beside 'patternProperties'; one of them works")
        keys["pattern"] = pattern
    value = at.visit(rest, f"{place}/additionalProperties", f"{name}-value")
    if "enum" in keys:
        ways = [json_strings.literal(key) for key in keys["enum"] if key not in known]
        key_rule = at.add(f"{name}-key", " | ".join(ways))
        return at.add(f"{name}-any-pair", f'{key_rule} ":" ws {value}')
    top = at.fresh(f"{name}-key")
    found = json_strings.language_of(keys, known)
    at.rules.update(rules(found, top, json_strings.written))
    at.maps.append(place)
    return at.add(f"{name}-any-pair", rf'"\"" {top} "\":" ws {value}')


def array_rule(at: Converting, schema: Mapping[str, Any], place: str, name: str) -> str:
    """Return the rule of an array."""
    least, most = json_strings.lengths(schema, "minItems", "maxItems")
    first, items = schema.get("prefixItems", []), schema.get("items", True)
    if isinstance(items, list):  # of schemas before 2020
        first, items = items, schema.get("additionalItems", True)
    if schema.get("unevaluatedItems") is False and "items" not in schema:
        items = False
    if schema.get("uniqueItems") and (most is None or most > 1):
        raise GrammarError("'uniqueItems' cannot be held to while drawing; remove it")
    top = at.fresh(name)
    if items is False:
        most = min(len(first), len(first) if most is None else most)
    if most is not None and least > most:
        raise GrammarError(f"'minItems' {least} is more than there can be")
    fixed = [
        at.visit(each, f"{place}/prefixItems/{index}", f"{name}-{index + 1}")
        for index, each in enumerate(first[:most])
    ]
    item = None
    if items is not False and (most is None or most > len(fixed)):
        item = at.visit(items, f"{place}/items", f"{name}-item")
    if not fixed:
        at.rules[top] = '"[]"' if item is None else _listed(at, "[]", item, name, (least, most))
        return top
    at.rules[top] = _tuple(at, fixed, item, name, (least, most))
    return top


def _tuple(
    at: Converting, fixed: Sequence[str], item: str | None, name: str, counts: Counts
) -> str:
    """Return an array that begins with given items."""
    (least, most), tail = counts, ""
    if item is not None:
        pair = at.add(f"{name}-next", f'"," ws {item}')
        count = len(fixed)
        upper = None if most is None else most - count
        tail = json_strings.repeated(pair, max(0, least - count), upper)
    for index in range(len(fixed) - 1, 0, -1):
        whole = f'"," ws {fixed[index]} {tail}'.strip()
        tail = at.add(f"{name}-from-{index + 1}", whole)
        if index >= least:
            tail = f"{tail}?"
    body = at.add(f"{name}-all", f"{fixed[0]} {tail}".strip())
    return f'"[" ws {body} ws "]"' + (' | "[]"' if least == 0 else "")


def _listed(at: Converting, around: str, item: str, name: str, counts: Counts) -> str:
    """Return a list of items of one kind between two brackets."""
    (least, most), empty = counts, f'"{around}"'
    if most == 0:
        return empty
    pair = at.add(f"{name}-next", f'"," ws {item}')
    more = json_strings.repeated(pair, max(least - 1, 0), None if most is None else most - 1)
    rule = f'"{around[0]}" ws {item} {more} ws "{around[1]}"'
    return rule if least else f"{rule} | {empty}"


def valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a listed value is valid under what stands beside the list. GrammarError."""
    if not schema:
        return True
    kinds = schema.get("type", [])
    if set(schema) == {"type"}:
        listed = [kinds] if isinstance(kinds, str) else kinds
        return any(_is(value, kind) for kind in listed)
    try:
        from jsonschema import validators
    except ImportError:
        key = sorted(set(schema) - {"type"})[0]
        raise GrammarError(f"{key!r} beside a list of values; remove it") from None
    return bool(validators.validator_for(schema)(json.loads(json.dumps(schema))).is_valid(value))


def _is(value: Any, kind: str) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer":
        return number and float(value).is_integer()
    kinds = {"string": str, "boolean": bool, "array": list, "object": dict, "null": type(None)}
    return number if kind == "number" else isinstance(value, kinds.get(kind, ()))
