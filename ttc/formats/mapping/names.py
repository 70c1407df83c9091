"""Mappings as users give them: several texts on a command line, or a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ttc.errors import UsageError
from ttc.formats.mapping.grammar import MapSyntaxError, Value
from ttc.formats.mapping.parsing import parse_pairs, parse_value

# What verifiers read of a reference. One that comes from elsewhere may read more.
_REFERENCE = (
    *("answer", "answers", "choices", "model", "variables", "prompt", "entry_point"),
    *("tests", "test", "test_list", "test_cases", "setup", "fn_name", "starter_code"),
    *("inputs", "input", "outputs", "output", "input_output", "checker", "compare"),
    *("comparison", "tolerance", "eps", "epsilon", "atol", "rtol", "rubric", "schema"),
)


def parse_mapping(given: str | Iterable[str], allowed: Iterable[str]) -> dict[str, str]:
    """Return the pairs of `--map`, ours to the text of the value; it may be given several times.

    UsageError for malformed text, for an unknown name on the left, and for one given twice.
    """
    names = tuple(allowed)
    mapping: dict[str, str] = {}
    for text in (given,) if isinstance(given, str) else given:
        try:
            for ours, value, pair in parse_pairs(text):
                check_name(ours, names, f"--map {pair}: write OURS=THEIRS with OURS one of")
                if mapping.setdefault(ours, value.raw) != value.raw:
                    raise UsageError(f"--map {pair}: {ours} is {mapping[ours]} already")
        except MapSyntaxError as fault:
            raise UsageError(f"--map {text}: {_pointed(text, fault)}") from None
    return mapping


def check_mapping(given: Mapping[str, str] | None, allowed: Iterable[str]) -> dict[str, str]:
    """Return a mapping that was made in Python, after a check of its names and values."""
    mapping = dict(given or {})
    names = tuple(allowed)
    for ours, text in mapping.items():
        check_name(ours, names, f"mapping: {ours!r} is not one of")
        parsed(ours, text)
    return mapping


def check_name(ours: str, allowed: Sequence[str], error: str) -> None:
    """Raise UsageError for a name that is not allowed; `reference.*` in the list allows any name
    that begins so."""
    if ours in allowed:
        return
    outer, _, inner = ours.partition(".")
    near = get_close_matches(ours, allowed, n=1)
    if inner and f"{outer}.*" in allowed:
        known = _REFERENCE if outer == "reference" else (inner,)
        close = [] if inner in known else get_close_matches(inner, known, n=1, cutoff=0.75)
        if not close:
            return
        near = [f"{outer}.{close[0]}"]
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"{error} {', '.join(allowed)}{hint}")


def parsed(ours: str, text: Any) -> Value:
    if not isinstance(text, str):
        raise UsageError(f"mapping: the field of {ours!r} must be a text, not {text!r}")
    try:
        return parse_value(text)
    except MapSyntaxError as fault:
        raise UsageError(
            f"--map {ours}={text}: {_pointed(text, fault)}",
            python=f"mapping={{{ours!r}: {text!r}}}: {_pointed(text, fault)}",
        ) from None


def _pointed(text: str, fault: MapSyntaxError) -> str:
    rest = text[fault.at :]
    where = f"at {rest[:20]!r}" if rest.strip() else "at the end"
    return f"{where}: {fault}"


def fields_used(mapping: Mapping[str, str]) -> frozenset[str]:
    """Return the fields of a record that the values of a mapping may read."""
    found: set[str] = set()
    for ours, text in mapping.items():
        for path in parsed(ours, text).paths:
            found |= {path.name, path.steps[0].text}
            found |= {".".join(s.text for s in path.steps[:at]) for at in range(2, 9)}
    return frozenset(found)
