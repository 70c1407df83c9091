"""The JSON strings that a schema allows: lengths, patterns and formats, as rules of GBNF."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from ttc_llamacpp.grammars import charset
from ttc_llamacpp.grammars.automaton import Dfa, both, difference, rules
from ttc_llamacpp.grammars.charset import EVERY, Ranges
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.grammars.regex import language

_ESCAPED = {
    '"': r"\"",
    "\\": r"\\",
    "\n": r"\n",
    "\t": r"\t",
    "\r": r"\r",
    "\b": r"\b",
    "\f": r"\f",
}
_CONTROL = ((0x01, 0x1F),)
_RAW = charset.without(EVERY, (*_CONTROL, *charset.of('"\\')))
# One character of a string. Escapes of halves of a character are left out.
CHARACTER = (
    charset.gbnf(charset.without(_RAW, ((0x7F, 0x7F),)))
    + r' | "\\" (["\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex))'
)
HEX = "[0-9a-fA-F]"

_LONG, _SHORT = (
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
    "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
)
_DATE = rf"[12][0-9]{{3}}-(?:{_LONG}|{_SHORT}|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_ZONE = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?"
_WORD = "[A-Za-z0-9_+-]{1,30}"
FORMATS = {
    "date": _DATE,
    "time": _TIME + _ZONE,
    "date-time": f"{_DATE}T{_TIME}{_ZONE}",
    "duration": r"P(?:[0-9]{1,4}W|(?:[0-9]{1,4}D)(?:T[0-9]{1,2}[HMS])?|T[0-9]{1,4}[HMS])",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "ipv4": rf"{_BYTE}(?:\.{_BYTE}){{3}}",
    "ipv6": r"[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}",
    "email": rf"{_WORD}(?:\.{_WORD}){{0,3}}@{_LABEL}(?:\.{_LABEL}){{1,3}}",
    "hostname": rf"{_LABEL}(?:\.{_LABEL}){{0,3}}",
    "uri": rf"https?://{_LABEL}(?:\.{_LABEL}){{0,3}}(?:/[A-Za-z0-9._~-]{{0,60}}){{0,6}}",
}
# They say how a string is used, not which it is.
_USES = ("password", "binary", "byte", "textarea")


def string_rules(schema: Mapping[str, Any], name: str) -> tuple[str, Mapping[str, str]]:
    """Return the expression of a string under a schema, and the rules `name`… that it needs.

    Raises GrammarError for a pattern or a format that cannot be held to.
    """
    least, most = lengths(schema, "minLength", "maxLength")
    if "pattern" not in schema and not _formatted(schema):
        return rf'"\"" {repeated("char", least, most)} "\""', {}
    found = language_of(schema)
    return rf'"\"" {name} "\""', rules(found, name, written)


def language_of(schema: Mapping[str, Any], but: Collection[str] = ()) -> Dfa:
    """Return the texts of the strings under a schema as an automaton, without some of them."""
    least, most = lengths(schema, "minLength", "maxLength")
    upper = "" if most is None else most
    found = language(f"(?s:.{{{least},{upper}}})")
    if (pattern := schema.get("pattern")) is not None:
        found = both(found, language(str(pattern), search=True, flags=re.ASCII))
    if _formatted(schema):
        found = both(found, language(_format(str(schema["format"]))))
    for each in but:
        found = difference(found, language(re.escape(each)))
    if not found.moves:
        raise GrammarError("no string is under its pattern, format and lengths together")
    return found


def _formatted(schema: Mapping[str, Any]) -> bool:
    """Return whether the schema has a format that says which strings there are."""
    return schema.get("format") not in (None, *_USES)


def _format(name: str) -> str:
    if name not in FORMATS:
        known = ", ".join(FORMATS)
        raise GrammarError(f"the format {name!r}; write it as a pattern, or use one of {known}")
    return FORMATS[name]


def written(among: Ranges) -> str:
    """Return a set of characters as GBNF, as they stand in a JSON string: some of them escaped."""
    ways = []
    if raw := charset.common(among, _RAW):
        ways.append(charset.gbnf(raw))
    ways += [
        charset.literal(escape)
        for char, escape in _ESCAPED.items()
        if charset.holds(among, ord(char))
    ]
    short = charset.of("".join(_ESCAPED))
    for low, high in charset.without(charset.common(among, _CONTROL), short):
        ways += [charset.literal(f"\\u{code:04x}") for code in range(low, high + 1)]
    return ways[0] if len(ways) == 1 else f"({' | '.join(ways)})"


def literal(value: Any) -> str:
    """Return a JSON value as a literal of GBNF. GrammarError for half of a character."""
    text = json.dumps(value, ensure_ascii=False)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise GrammarError("half of a character (a surrogate) in a value")
    return charset.literal(text)


def lengths(schema: Mapping[str, Any], least: str, most: str) -> tuple[int, int | None]:
    """Return a pair of counts, the second of which may be without a limit. GrammarError."""
    found = []
    for name, default in ((least, 0), (most, None)):
        value = schema.get(name, default)
        whole = (
            isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
        )
        if value is not None and (not whole or value < 0):
            raise GrammarError(f"{name} must be a whole number, not {value!r}")
        found.append(None if value is None else int(value))
    low, high = found
    if high is not None and (low or 0) > high:
        raise GrammarError(f"{least} {low} is above {most} {high}")
    return low or 0, high


_PIECE = 1000  # below the most that llama.cpp repeats


def repeated(rule: str, least: int, most: int | None) -> str:
    """Return a rule repeated from `least` times to `most`, in pieces that llama.cpp takes."""
    if most is None:
        fixed, rest = divmod(least, _PIECE)
        return " ".join(
            [f"{rule}{{{_PIECE}}}"] * fixed + [f"{rule}{{{rest},}}" if rest else f"{rule}*"]
        )
    if most < _PIECE * 2:
        return f"{rule}{{{least},{most}}}"
    if least >= _PIECE:
        return f"{rule}{{{_PIECE}}} {repeated(rule, least - _PIECE, most - _PIECE)}"
    more = repeated(rule, 0, most - _PIECE)
    return f"({rule}{{{least},{_PIECE - 1}}} | {rule}{{{_PIECE}}} {more})"
