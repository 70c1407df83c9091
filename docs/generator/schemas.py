"""The reference of JSON: each schema of docs/schemas with its fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generator.markdown import code, escaped, table

FOLDER = Path(__file__).resolve().parents[1] / "schemas"


def reference() -> str:
    """Return a section for each schema."""
    return "\n" + "\n".join(map(_section, sorted(FOLDER.glob("*.json")))) + "\n"


def _section(path: Path) -> str:
    schema = json.loads(path.read_text(encoding="utf-8"))
    link = f"[`{path.name}`](../schemas/{path.name})"
    head = f"## {schema['title']}\n\n{schema['description']}\n\n{link}\n"
    return f"{head}\n{table(('field', 'type', 'meaning'), _fields(schema, schema, ''))}"


def _fields(schema: dict[str, Any], root: dict[str, Any], before: str) -> Iterator[list[str]]:
    """Yield a row for each field; those of objects inside follow with a dotted name."""
    required = schema.get("required", ())
    for name, told in schema.get("properties", {}).items():
        field = _resolved(told, root)
        path = f"{before}{name}"
        always = "" if name in required else " (may be absent)"
        yield [code(path), _type(field), escaped(field.get("description", "")) + always]
        yield from _fields(field, root, f"{path}.")
        if isinstance(items := field.get("items"), dict):
            yield from _fields(_resolved(items, root), root, f"{path}[].")


def _resolved(field: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in field:
        return field
    found: Any = root
    for part in field["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return {**found, **{key: value for key, value in field.items() if key != "$ref"}}


def _type(field: dict[str, Any]) -> str:
    if "const" in field:
        return code(json.dumps(field["const"]))
    kinds = field.get("type", "any")
    return " or ".join([kinds] if isinstance(kinds, str) else kinds)
