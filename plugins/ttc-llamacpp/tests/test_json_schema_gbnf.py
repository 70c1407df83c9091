"""JSON Schemas as grammars: what llama.cpp follows through them is valid, or they are refused."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from ttc.records import SamplingParams
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.json_numbers import numerals
from ttc_llamacpp.grammars.json_schema import schema_gbnf

pytest.importorskip("llama_cpp")
jsonschema = pytest.importorskip("jsonschema")


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


TREE = {
    "$defs": {
        "n": of(v={"type": "integer"}, next={"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]})
    },
    "$ref": "#/$defs/n",
}
KINDS = {
    "oneOf": [
        of(k={"const": "a"}, x={"type": "integer"}),
        of(k={"const": "b"}, y={"type": "boolean"}),
    ]
}
# A schema, texts under it, texts that are not.
CASES: list[tuple[Any, list[str], list[str]]] = [
    (
        {
            "type": "object",
            "properties": {"a": {"type": "string", "maxLength": 5}, "b": {"type": "integer"}},
            "required": ["a"],
        },
        ['{"a":"x"}', '{ "a": "\\n" , "b": 1}'.replace(" ,", ","), '{\n  "a": "é"\n}'],
        ['{"b":1}', "{}", '{"a":"xxxxxx"}', '{"a":"x","a":"y"}', '{"a":"x","c":1}', '"a"'],
    ),
    (
        {
            "type": "object",
            "properties": {
                "a": {"type": "boolean"},
                "b": {"type": "null"},
                "c": {"enum": [1, "x", None]},
            },
        },
        ["{}", '{"a":true}', '{"b":null}', '{"c":"x"}', '{"a":false,"c":1}'],
        ['{"c":2}', '{"a":true,}', '{"d":1}', '{,"a":true}'],
    ),
    ({"enum": ["red", 5, None, {"a": [1]}]}, ['"red"', "5", "null", '{"a": [1]}'], ['"blue"', "6"]),
    ({"const": 'é\n"x'}, ['"é\\n\\"x"'], ['"é"']),
    ({"type": ["string", "null"], "maxLength": 3}, ['"abc"', "null"], ['"abcd"', "1"]),
    (
        {
            "type": "array",
            "items": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 3},
                "minItems": 1,
                "maxItems": 2,
            },
            "maxItems": 3,
        },
        ["[]", "[[1],[2,3]]", "[ [1], [2, 3] ]"],
        ["[[]]", "[[1,2,3]]", "[[4]]", "[[1],[1],[1],[1]]"],
    ),
    (
        {
            "type": "array",
            "prefixItems": [{"type": "boolean"}, {"type": "integer"}],
            "items": {"type": "null"},
            "minItems": 2,
            "maxItems": 4,
        },
        ["[true,1]", "[true,1,null,null]"],
        ["[true]", "[true,1,null,null,null]", "[1,true]"],
    ),
    (
        {"type": "array", "prefixItems": [{"type": "boolean"}], "items": False},
        ["[]", "[true]"],
        ["[true,1]"],
    ),
    (TREE, ['{"v":1,"next":{"v":2,"next":null}}'], ['{"v":1}', "null"]),
    (KINDS, ['{"k":"a","x":1}', '{"k":"b","y":true}'], ['{"k":"a","y":true}']),
    (
        {"oneOf": [{"type": "integer"}, {"type": "string", "maxLength": 3}]},
        ["1", '"abc"'],
        ["null"],
    ),
    (
        {
            "allOf": [
                of(a={"type": "integer"}),
                {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
            ]
        },
        ['{"a":1,"b":true}'],
        ['{"a":1}'],
    ),
    (
        {"$defs": {"A": {"type": "integer"}}, **of(x={"$ref": "#/$defs/A", "minimum": 3})},
        ['{"x":3}'],
        ['{"x":2}'],
    ),
    ({"type": "string", "format": "date"}, ['"2024-02-28"'], ['"2024-13-01"', '"2024-02-30"']),
    ({"type": "string", "format": "date-time"}, ['"2024-02-28T10:00:00Z"'], ['"2024-02-28"']),
    ({"type": "string", "format": "uuid"}, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"1"']),
    ({"type": "string", "pattern": "^[A-Z]{2}\\d+$"}, ['"AB12"'], ['"ab"', '"AB12\\n"', '"AB١"']),
    ({"type": "string", "pattern": '^["\\\\a]{2,3}$'}, ['"\\"\\\\"'], ['"b"']),
    (
        {"type": "string", "pattern": "^a", "minLength": 3, "maxLength": 5},
        ['"abc"'],
        ['"ab"', '"abcdef"', '"bbb"'],
    ),
    (
        {"type": "integer", "minimum": -10, "exclusiveMaximum": 10},
        ["-10", "9"],
        ["10", "-11", "1.0", "01"],
    ),
    (
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        ["0.5", "1", "1.0"],
        ["0", "0.0", "1.1", "-0.1"],
    ),
    ({"type": "integer", "multipleOf": 5, "minimum": 0}, ["0", "15"], ["7", "-5"]),
    (
        {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
        ["{}", '{"a":1,"b":2}'],
        ['{"a":1,"b":2,"c":3}', '{"a":"x"}'],
    ),
    (
        {
            "type": "object",
            "patternProperties": {"^x-": {"type": "integer"}},
            "additionalProperties": False,
        },
        ['{"x-a":1}'],
        ['{"a":1}'],
    ),
    ({"type": "object", "additionalProperties": False}, ["{}"], ['{"a":1}']),
    (
        of(**{"$ref": {"type": "integer"}, "a b/é": {"type": "null"}}),
        ['{"$ref":1,"a b/é":null}'],
        ["{}"],
    ),
    ({"type": "string", "enum": ["a", 1]}, ['"a"'], ["1"]),
    ({"enum": ["a", "bb"], "minLength": 2}, ['"bb"'], ['"a"']),
    ({"properties": {"a": {"type": "integer"}}, "required": ["a"]}, ['{"a":1}'], ["{}"]),
    (True, ["1", '{"a":[null,{}]}'], ["01", "tru"]),
    (
        {"type": "string", "minLength": 2500, "maxLength": 5000},
        ['"' + "a" * 2600 + '"'],
        ['"a"', '"' + "a" * 5001 + '"'],
    ),
]
REFUSED = {
    '{"not": {}}': "#: 'not' cannot be held to",
    '{"properties": {"a": {"if": {}}}}': "#/properties/a: 'if' cannot",
    '{"type": "array", "uniqueItems": true}': "'uniqueItems'",
    '{"type": "array", "contains": {}}': "'contains'",
    '{"oneOf": [{"type": "integer"}, {"type": "number"}]}': "'oneOf': a value may be valid under",
    '{"type": "text"}': "the type 'text'",
    '{"type": "string", "nullable": true}': "'nullable' is no JSON Schema",
    '{"type": "string", "pattern": "(?=x)"}': "look-around",
    '{"type": "string", "format": "colour"}': "the format 'colour'",
    '{"type": "integer", "minimum": 5, "maximum": 3}': "no number lies within",
    '{"type": "number", "multipleOf": 0.01}': "multipleOf",
    '{"$ref": "#/$defs/none"}': "stands for nothing",
    '{"$ref": "other.json"}': "to another document",
    '{"$ref": "#"}': "refers to itself without end",
    '{"type": "integer", "minimun": 1}': "'minimun' is not known here",
    '{"enum": []}': "none of its values is valid",
    "false": "nothing is valid",
    '{"type": ': "not JSON",
}


@pytest.fixture(scope="module")
def follow(shallow: str) -> Iterator[Any]:
    """Return the constraint of a schema in the vocabulary of the bundled model."""
    from ttc_llamacpp.constraint import Constraints
    from ttc_llamacpp.llama_api import Model

    model = Model(shallow, 0, extras=False)  # type: ignore[arg-type]
    constraints = Constraints(model)

    def make(schema: Any) -> Any:
        found = constraints.of(SamplingParams(schema=json.dumps(schema)))
        assert found is not None
        return found, model

    yield make
    constraints.close()
    model.close()


def ends(constraint: Any, model: Any) -> bool:
    end = model.tokenize("<|im_end|>", add_bos=False)
    return bool(constraint.allowed(np.array(end))[0])


@pytest.mark.parametrize(("schema", "valid", "invalid"), CASES)
def test_texts(follow: Any, schema: Any, valid: list[str], invalid: list[str]) -> None:
    for text, expected in [(each, True) for each in valid] + [(each, False) for each in invalid]:
        constraint, model = follow(schema)
        assert (constraint.follow(text) and ends(constraint, model)) == expected, text
        constraint.close()


def drawn(constraint: Any, model: Any, chance: np.random.Generator, most: int) -> str | None:
    """Follow a constraint at random, by short tokens; None if that takes too long."""
    tokens = np.array([t for t in range(model.n_vocab) if 0 < len(model.piece(t)) < 3])[:4000]
    closing = np.array(
        [t for t in tokens if model.piece(t) in (b'"', b"}", b"]", b",", b"1", b":")]
    )
    out = b""
    for step in range(most):
        if ends(constraint, model) and (step > 20 or chance.random() < 0.5):
            return out.decode()
        among = closing if chance.random() < 0.5 else tokens
        likely = among[constraint.allowed(among)]
        if not len(likely):
            likely = tokens[constraint.allowed(tokens)]
        if not len(likely):
            return out.decode() if ends(constraint, model) else None
        token = int(chance.choice(likely))
        out += model.piece(token)
        constraint.accept(token)
    return None


@pytest.mark.parametrize("schema", [each for each, _, _ in CASES[:-1] if each is not True])
def test_what_is_followed_is_valid(follow: Any, schema: Any) -> None:
    chance = np.random.default_rng(3)
    validator = jsonschema.validators.validator_for(schema)(schema)
    for _ in range(3):
        constraint, model = follow(schema)
        text = drawn(constraint, model, chance, 60)
        constraint.close()
        if text is not None:
            assert list(validator.iter_errors(json.loads(text))) == [], text


@pytest.mark.parametrize(("schema", "why"), REFUSED.items(), ids=list(REFUSED))
def test_what_no_grammar_holds_is_refused_with_its_place(schema: str, why: str) -> None:
    with pytest.raises(GrammarError, match=why):
        schema_gbnf(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"minimum": 3, "maximum": 17},
        {"minimum": -5, "maximum": 105},
        {"minimum": 0.25, "maximum": 1.5},
        {"minimum": -2.05, "exclusiveMaximum": -0.5},
        {"exclusiveMinimum": 0},
        {"minimum": 10, "exclusiveMinimum": True},
        {"minimum": 99, "maximum": 1001},
        {"maximum": -10},
    ],
    ids=str,
)
def test_numerals_lie_within_their_bounds(schema: dict[str, Any]) -> None:
    found, chance = numerals(schema, whole=False), random.Random(1)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True:
        low, above = None, low
    for _ in range(1500):
        digits = "".join(chance.choices("0000123459", k=chance.randint(1, 4)))
        text = chance.choice(("", "-")) + str(chance.randint(0, 10 ** chance.randint(0, 4)))
        text += chance.choice(("", f".{digits}"))
        value = Decimal(text)
        inside = low is None or value >= Decimal(str(low))
        inside &= high is None or value <= Decimal(str(high))
        inside &= above is None or value > Decimal(str(above))
        inside &= below is None or value < Decimal(str(below))
        assert found.matches(text) == (inside and text != "-0"), text
