"""What is checked of a line besides the types of its fields, and what to say of no lines at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc import scores
from ttc.errors import UsageError
from ttc.formats.files.streams import shell_name
from ttc.interchange.fields import FIELDS, SCHEMA


def check_rest(place: str, record: Mapping[str, Any]) -> None:
    """Raise UsageError for scores, confidences and a schema that cannot be."""
    if "scores" in record:
        scores.check_by_verifier(record["scores"], place)
    if not all(isinstance(value, (int, float)) for value in record.get("confidences") or ()):
        raise UsageError(f"{place}: 'confidences' must be numbers, one for each token")
    schema = record.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise UsageError(f"{place}: schema {schema} is newer than this ttc; upgrade ttc-cli")


def check_size(record: dict[str, Any], name: str, place: str) -> None:
    """Raise UsageError for an integer that is too large to compute with."""
    value = record[name]
    if abs(value) > scores.SAFE:
        whole = FIELDS[name] == (int,) and name != "seed"
        scores.check_size(name, value, place, whole=whole)


def of_a_log(source: str, error: UsageError) -> UsageError:
    """Return the error about a file that begins otherwise than lines of samples do: with the way to
    read it, if it is a log of another tool."""
    from ttc.formats.logs.known import tool_of

    tool = None if "ttc import" in str(error) else tool_of(source)
    if tool is None:
        return error
    way = f"; it is a log of {tool}: `ttc import {shell_name(source)} --pool NAME`"
    return type(error)(str(error) + way, python=error.python + way)
