"""Which verifiers of a pool are meant: the one whose verdicts count, and those of scores."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ttc import keys, plugins
from ttc.errors import TtcError, UsageError
from ttc.messages.near import did_you_mean
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
        chosen = [row for row in latest.values() if row["name"] == wanted]
        if not chosen and name not in plugins.installed("verifiers"):
            imported = [row["name"] for row in latest.values() if _imported(row)]
            if imported:
                listed = ", ".join(dict.fromkeys(imported))
                raise UsageError(
                    f"{pool}: no verdicts by {wanted}; a log brought those by {listed}"
                )
        if chosen or not more:
            # The name of another tool's verifier has a colon: inspect:match.
            chosen = chosen or [row for row in latest.values() if row["name"] == name]
            chosen = _plain(first_runs(chosen), name)
        elif isinstance(verifier := make(wanted), Attachable):
            named = [row for row in latest.values() if row["name"] == name]
            chosen = opinions.with_options(named, wanted)
        else:
            config = keys.canonical_json(identify(verifier).config)
            named = [row for row in latest.values() if row["name"] == name]
            chosen = [row for row in named if row["config"] == config]
        if not chosen:
            why = f"{pool}: no verdicts by {wanted}; "
            if name not in plugins.installed("verifiers"):
                known = list(dict.fromkeys(row["name"] for row in latest.values()))
                there = f"there are those by {', '.join(known) or 'nobody'}"
                raise UsageError(why + did_you_mean(wanted, known, there))
            raise UsageError(
                f"{why}ttc verify {shlex.quote(pool)} -V {shlex.quote(wanted)}",
                python=f"{why}ttc.pool({pool!r}).verify({wanted!r})",
            )
    else:
        chosen = first_runs(list(latest.values()))
        # What came along with a log counts where nothing was judged here.
        chosen = [row for row in chosen if not _imported(row)] or _whole(chosen)
    if len(chosen) > 1:
        listed = ", ".join(map(_shown, chosen))
        one = chosen[0]["name"] if _imported(chosen[0]) else "NAME:key=value"
        raise UsageError(
            f"{pool}: verdicts by {listed}; choose one with -V {one}",
            python=f"{pool}: verdicts by {listed}; choose one with verifier={one!r}",
        )
    return int(chosen[0]["id"]) if chosen else None


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, of verdicts that came along with a log, those of the tool as a whole: `evalplus`
    beside `evalplus:base`; all if there are none."""
    return [row for row in rows if ":" not in row["name"]] or rows


def _imported(row: Mapping[str, Any]) -> bool:
    return "imported" in json.loads(row["config"])


def _shown(row: Mapping[str, Any]) -> str:
    return str(row["name"]) if _imported(row) else f"{row['name']} {row['config']}"


def _plain(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the verifiers that a bare name means: of several, the one that judged here, then the
    one with its default options."""
    if len(rows) > 1:
        rows = [row for row in rows if not _imported(row)] or rows
    if len(rows) > 1 and name in plugins.installed("verifiers"):
        try:
            default = dict(plugins.build("verifiers", name).config)
        except TtcError:
            return rows
        config = keys.canonical_json(default)
        rows = [row for row in rows if row["config"] == config] or rows
    return rows


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
