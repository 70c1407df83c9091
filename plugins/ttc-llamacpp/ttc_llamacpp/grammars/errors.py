"""The error of a constraint that cannot be used."""

from __future__ import annotations


class GrammarError(ValueError):
    """A grammar, schema or pattern that is wrong, or that cannot be held to. It says what and
    where."""
