"""Which verifiers of a pool are meant: the one whose verdicts count, and those of scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ttc import keys
from ttc.errors import UsageError
from ttc.outcomes import opinions
from ttc.store.verifiers import first_runs


def choose_verifier(found: list[dict[str, Any]], wanted: str | None, pool: str) -> int | None:
    """Return the verifier whose verdicts count: the one asked for, or the only one there is."""
    # The latest version of each comes first; reversed, it is the one that stays.
    latest = {(row["name"], row["config"]): row for row in reversed(found)}
    if wanted is not None:
        from ttc.verdicts import identify, make
        from ttc.verifiers.extras import Attachable

        name, _, more = wanted.partition(":")
        chosen = [row for row in latest.values() if row["name"] == name]
        if more and isinstance(verifier := make(wanted), Attachable):
            chosen = opinions.with_options(chosen, wanted)
        elif more:
            config = keys.canonical_json(identify(verifier).config)
            chosen = [row for row in chosen if row["config"] == config]
        else:
            chosen = first_runs(chosen)
        if not chosen:
            why = f"{pool}: no verdicts by {wanted}; "
            raise UsageError(
                f"{why}ttc verify {pool} -V {wanted}",
                python=f"{why}ttc.pool({pool!r}).verify({wanted!r})",
            )
    else:
        chosen = first_runs(list(latest.values()))
    if len(chosen) > 1:
        listed = ", ".join(f"{row['name']} {row['config']}" for row in chosen)
        raise UsageError(
            f"{pool}: verdicts by {listed}; choose one with -V NAME:key=value",
            python=f"{pool}: verdicts by {listed}; choose one with verifier='NAME:key=value'",
        )
    return int(chosen[0]["id"]) if chosen else None


def rows_of_scorers(
    found: list[dict[str, Any]], wanted: Iterable[str], pool: str
) -> tuple[dict[str, int], dict[str, UsageError]]:
    """Return the row of each scorer, and for those without one the reason."""
    known, unscored = {}, {}
    for scorer in wanted:
        try:
            row = choose_verifier(found, scorer, pool)
        except UsageError as error:
            unscored[scorer] = error
        else:
            assert row is not None  # a verifier that is named is found, or an error
            known[scorer] = row
    return known, unscored


def described(verifiers: Iterable[Mapping[str, Any]], row: int | None) -> dict[str, Any]:
    """Return the verifier of a row as name, version and configuration."""
    for each in verifiers:
        if each["id"] == row:
            config = json.loads(each["config"])
            return {"name": each["name"], "version": each["version"], "config": config}
    return {}
