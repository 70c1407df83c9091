"""What a completion may be, as a grammar of llama.cpp: GBNF, JSON Schemas and patterns."""

from __future__ import annotations

from functools import lru_cache

from ttc.records import SamplingParams
from ttc_llamacpp.grammars.errors import GrammarError


def compiled(params: SamplingParams) -> str:
    """Return the checked grammar of the constraint that is set.

    Raises GrammarError, which says what is wrong and where.
    """
    (kind,) = params.constraints
    return _compiled(kind, str(getattr(params, kind)))


@lru_cache(maxsize=16)
def _compiled(kind: str, text: str) -> str:
    from ttc_llamacpp.grammars import gbnf_check, json_schema, regex

    try:
        if kind == "grammar":
            found = text
        else:
            found = regex.regex_gbnf(text) if kind == "regex" else json_schema.schema_gbnf(text)
        gbnf_check.check(found)
    except GrammarError as error:
        raise GrammarError(f"the {_NAMES[kind]}: {error}") from None
    return found


_NAMES = {"grammar": "grammar", "schema": "schema", "regex": "pattern of --regex"}
