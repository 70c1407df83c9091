"""JSON for browsers: exact, with finite numbers, and harmless inside a script.

JavaScript has no integers beyond 2^53, so those are written as texts. In a script `<` and `>` are
escaped, so that neither `</script>` nor `<!--` can stand in it, and so are the line separators
U+2028 and U+2029. Lone surrogates, which UTF-8 cannot hold, become U+FFFD.
"""

from __future__ import annotations

import json
from typing import Any

from ttc.store.sql import storable

SAFE = (1 << 53) - 1
_ESCAPES = str.maketrans(
    {each: f"\\u{ord(each):04x}" for each in ("<", ">", "&", "\u2028", "\u2029")}
)


def as_json(value: Any) -> bytes:
    """Return a document as JSON in UTF-8. ValueError for a number that is not finite."""
    return _dumped(value).encode()


def as_script(name: str, value: Any) -> bytes:
    """Return a script that hands a document to the page: `ttcDocument("NAME", {…});`."""
    text = f"ttcDocument({_dumped(name)}, {_dumped(value)});\n"
    return text.translate(_ESCAPES).encode()


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return storable(text)


def exact(value: Any) -> Any:
    """Return a JSON value with the integers that a browser would round as texts."""
    if isinstance(value, dict):
        return {str(name): exact(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE:
        return str(value)
    return value
