"""Rules that all grammars of JSON share, and references within a schema document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote

from ttc_llamacpp.grammars import json_strings
from ttc_llamacpp.grammars.errors import GrammarError

BASE = {
    "ws": r'(" " | "\n" [ \t]{0,16})?',
    "hex": json_strings.HEX,
    "char": json_strings.CHARACTER,
}
# Any JSON: what a schema without keywords allows.
ANY = {
    "any": '"null" | "true" | "false" | any-number | any-string | any-array | any-object',
    "any-number": '"-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
    "any-string": r'"\"" char* "\""',
    "any-array": '"[]" | "[" ws any ("," ws any)* ws "]"',
    "any-object": '"{}" | "{" ws any-pair ("," ws any-pair)* ws "}"',
    "any-pair": 'any-string ":" ws any',
}


def resolved(document: Any, reference: str) -> Mapping[str, Any]:
    """Return the schema that a reference within a document stands for. GrammarError."""
    if not reference.startswith("#"):
        raise GrammarError(f"the reference {reference!r} to another document; copy it into $defs")
    if reference[1:2] not in ("", "/"):
        raise GrammarError(f"the reference {reference!r} to an anchor; write it as #/$defs/NAME")
    found = document
    for part in reference[1:].split("/")[1:]:
        part = unquote(part).replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(part)] if isinstance(found, Sequence) else found[part]
        except (KeyError, ValueError, IndexError, TypeError):
            raise GrammarError(f"the reference {reference!r} stands for nothing") from None
    if isinstance(found, Mapping):
        return found
    return {} if found is True else {"enum": []}


class Converting(Protocol):
    """The conversion of one schema document, as its parts use it."""

    rules: dict[str, str]
    # Places where keys are free, so that one may come twice.
    maps: list[str]

    def add(self, name: str, rule: str) -> str:
        """Add a rule under a name like the given one; return its name."""

    def fresh(self, name: str) -> str:
        """Return a name of a rule that is not used."""

    def visit(self, schema: Any, place: str, name: str) -> str:
        """Return the expression of a schema. GrammarError."""

    def expanded(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema in which what holds together is merged."""

    def resolve(self, reference: str) -> Mapping[str, Any]:
        """Return the schema that a reference stands for. GrammarError."""
