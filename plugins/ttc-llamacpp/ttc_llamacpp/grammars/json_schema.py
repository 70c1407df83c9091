"""JSON Schema to GBNF: every text of the grammar is JSON that is valid under the schema.

The grammar may have fewer texts than the schema: properties come in the order of the schema, those
that it does not name are left out (unless `additionalProperties` is a schema of a map), and
numbers have at most 15 digits. A keyword that no grammar can hold to is refused, with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ttc.messages import notes
from ttc_llamacpp.grammars import charset, gbnf_check, json_objects, json_strings
from ttc_llamacpp.grammars.automaton import rules, text_rules
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.json_basics import ANY, BASE, resolved
from ttc_llamacpp.grammars.json_merge import merged, said, same
from ttc_llamacpp.grammars.json_numbers import numerals
from ttc_llamacpp.grammars.json_unions import disjoint, types_of

_REFUSED = (
    *("not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"),
    *(
        "contains",
        "minContains",
        "maxContains",
        "$dynamicRef",
        "$recursiveRef",
        "extends",
        "disallow",
    ),
)
_DEEPEST = 64


def schema_gbnf(text: str) -> str:
    """Return the grammar of a JSON Schema, which is given as JSON.

    Raises GrammarError with the place in the schema if it is none, or has no grammar.
    """
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GrammarError(f"not JSON: {error}") from None
    converter = Converter(schema)
    found = converter.text()
    try:
        gbnf_check.check(found)
    except GrammarError as error:
        why = "it refers to itself without end" if "recursion" in str(error) else str(error)
        raise GrammarError(why) from None
    for place in converter.maps[:1]:
        notes.tell(
            f"schema: {place}: its keys are free, and a draw may have one twice, which "
            "-V schema: refuses"
        )
    return found


class Converter:
    """Makes the rules of one schema document."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.rules: dict[str, str] = {}
        self._references: dict[str, str] = {}
        self._depth = 0
        self.maps: list[str] = []

    def text(self) -> str:
        """Return the grammar."""
        start = self.visit(self.document, "#", "root")
        if start != "root":
            self.rules["root"] = start
        found = {"root": self.rules.pop("root"), **self.rules}
        used = set(re.findall(r"[a-zA-Z0-9-]+", " ".join(found.values())))
        with_hex = {"hex"} if "char" in used else set()
        base = {name: rule for name, rule in BASE.items() if name in used | with_hex}
        return text_rules({**found, **base})

    def add(self, name: str, rule: str) -> str:
        """Add a rule under a name like the given one; return its name."""
        unique = self.fresh(name)
        self.rules[unique] = rule
        return unique

    def fresh(self, name: str) -> str:
        """Return a name of a rule that is not used."""
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
        unique, number = plain, 1
        while unique in self.rules or unique in BASE or unique in ANY:
            number += 1
            unique = f"{plain}-{number}"
        self.rules[unique] = ""
        return unique

    def visit(self, schema: Any, place: str, name: str) -> str:
        """Return the expression of a schema, one rule's name or a literal. GrammarError."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise GrammarError(f"{place}: schemas are nested more than {_DEEPEST} deep")
            return self._visit(schema, place, name)
        except RecursionError:
            raise GrammarError(f"{place}: it refers to itself without end") from None
        except GrammarError as error:
            known = str(error).startswith("#")
            raise error if known else GrammarError(f"{place}: {error}") from None
        finally:
            self._depth -= 1

    def _visit(self, schema: Any, place: str, name: str) -> str:
        if schema is True:
            schema = {}
        if schema is False:
            raise GrammarError("nothing is valid under the schema false")
        if not isinstance(schema, Mapping):
            raise GrammarError(f"a schema must be an object, not {json.dumps(schema)[:40]}")
        for key in _REFUSED:
            if key in schema:
                raise GrammarError(f"{key!r} cannot be held to while drawing; remove it")
        schema = self.expanded(schema)
        if not schema:
            self.rules.update(ANY)
            self.maps.append(place)
            return "any"
        if "$ref" in schema:
            return self._reference(str(schema["$ref"]), place)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._union(schema, union, place, name)
        if "enum" in schema or "const" in schema:
            return self._values(schema, place, name)
        return self._types(schema, place, name)

    def expanded(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema in which `allOf`, and what stands beside `$ref`, are merged."""
        found = said(schema)
        if found.pop("nullable", False):
            raise GrammarError("'nullable' is no JSON Schema; add \"null\" to its 'type'")
        parts = found.pop("allOf", [])
        if "$ref" in found and (len(found) > 1 or parts):
            parts = [self.resolve(str(found.pop("$ref"))), *parts]
        for part in parts:
            if part is True:
                continue
            if not isinstance(part, Mapping):
                raise GrammarError("nothing is valid under all of 'allOf'")
            inner = said(part)
            if "$ref" in inner and len(inner) == 1 and (found or len(parts) > 1):
                inner = said(self.resolve(str(inner["$ref"])))
            found = merged(found, self.expanded(inner))
        return found

    def resolve(self, reference: str) -> Mapping[str, Any]:
        """Return the schema that a reference within the document stands for. GrammarError."""
        return resolved(self.document, reference)

    def _reference(self, reference: str, place: str) -> str:
        if reference not in self._references:
            target = self.resolve(reference)
            name = self.fresh(
                "ref-" + (reference.rpartition("/")[2] or "root").strip("#") or "root"
            )
            self._references[reference] = name
            self.rules[name] = self.visit(target, reference, name + "-is")
        return self._references[reference]

    def _union(self, schema: Mapping[str, Any], key: str, place: str, name: str) -> str:
        rest = {other: value for other, value in schema.items() if other != key}
        ways = [
            self.expanded(merged(rest, self._resolved(way))) if rest else self._resolved(way)
            for way in schema[key]
            if way is not False
        ]
        if key == "oneOf":
            self._check_apart(ways)
        found = [
            self.visit(way, f"{place}/{key}/{index}", f"{name}-{index + 1}")
            for index, way in enumerate(ways)
        ]
        if not found:
            raise GrammarError(f"nothing is valid under an empty {key!r}")
        return self.add(name, " | ".join(dict.fromkeys(found)))

    def _resolved(self, way: Any) -> Mapping[str, Any]:
        return {} if way is True else way

    def _check_apart(self, ways: Sequence[Mapping[str, Any]]) -> None:
        for first in range(len(ways)):
            for second in range(first + 1, len(ways)):
                if not disjoint(self, ways[first], ways[second]):
                    raise GrammarError(
                        f"'oneOf': a value may be valid under both {first} and {second} of it; "
                        "use anyOf, or a property with another const in each"
                    )

    def _values(self, schema: Mapping[str, Any], place: str, name: str) -> str:
        values = schema.get("enum", [schema.get("const")])
        if not isinstance(values, list):
            raise GrammarError("'enum' must be a list")
        if "const" in schema:
            values = [each for each in values if same(each, schema["const"])]
        rest = {key: value for key, value in schema.items() if key not in ("enum", "const")}
        valid = [value for value in values if json_objects.valid(value, rest)]
        if not valid:
            raise GrammarError("none of its values is valid")
        texts = dict.fromkeys(json_strings.literal(value) for value in valid)
        return next(iter(texts)) if len(texts) == 1 else self.add(name, " | ".join(texts))

    def _types(self, schema: Mapping[str, Any], place: str, name: str) -> str:
        kinds = types_of(schema)
        if not kinds:
            raise GrammarError("no type is left")
        if len(kinds) > 1:
            single = [kind for kind in kinds if kind != "integer" or "number" not in kinds]
            ways = [self._one(kind, schema, place, f"{name}-{kind}") for kind in single]
            return self.add(name, " | ".join(ways))
        return self._one(kinds[0], schema, place, name)

    def _one(self, kind: str, schema: Mapping[str, Any], place: str, name: str) -> str:
        if kind == "object":
            return json_objects.object_rule(self, schema, place, name)
        if kind == "array":
            return json_objects.array_rule(self, schema, place, name)
        if kind == "string":
            inner = self.fresh(f"{name}-text")
            rule, more = json_strings.string_rules(schema, inner)
            self.rules.pop(inner)
            self.rules.update(more)
            return self.add(name, rule)
        if kind in ("number", "integer"):
            top = self.fresh(name)
            self.rules.update(rules(numerals(schema, whole=kind == "integer"), top, charset.gbnf))
            return top
        return {"null": '"null"', "boolean": '("true" | "false")'}[kind]
