"""What several verifiers, or one judge several times, say of the same draws."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ttc.errors import UsageError
from ttc.options import parse_spec
from ttc.records import Outcome
from ttc.store import verdicts
from ttc.store.judged import truths
from ttc.store.pools import Pool
from ttc.store.sql import SAMPLES_OF_POOLS
from ttc.store.verifiers import AGAIN, first_runs

# Options that name a model or a file: the stored configuration has their digests.
_DIGESTED = ("model", "prompt")


class Opinion(NamedTuple):
    """What a verdict or a vote says of one draw; None if it is undecided, or gives no score."""

    correct: bool | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The verifiers whose opinions are read: `deciders` are compared with each other, the first one
    is taken as the truth; of `judges`, re-runs and votes are read."""

    deciders: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()

    @property
    def truth(self) -> str | None:
        """The verifier that the others are compared with; None if none are compared."""
        return self.deciders[0] if self.deciders else None

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.deciders, *self.judges)


NOBODY = Asked()


@dataclass(frozen=True, slots=True)
class Repeats:
    """What a judge said of the same draws several times, by problem.

    `runs` has the verdicts of the first run and of a re-run on each draw that has both; `votes`
    those of the single votes on each draw that has several. `judged` counts the draws of the first
    run, `tokens` is what the re-run cost (None: unknown).
    """

    judge: str
    judged: int
    runs: Mapping[str, Sequence[tuple[Opinion, ...]]]
    votes: Mapping[str, Sequence[tuple[Opinion, ...]]]
    tokens: int | None = None


def with_options(found: list[dict[str, Any]], spec: str) -> list[dict[str, Any]]:
    """Return the verifiers that have the options of a spec. For those that use a model: its digest
    in the configuration is known only once the model is opened."""
    _, options = parse_spec(spec)
    named = {name: value for name, value in options.items() if name not in _DIGESTED}
    configs = [(row, json.loads(row["config"])) for row in found]
    chosen = [row for row, config in configs if named.items() <= config.items()]
    return chosen if AGAIN in named else first_runs(chosen)


def check_lines(name: str, problems: Mapping[str, Iterable[Outcome]], asked: Asked) -> None:
    """Raise UsageError if no line has the field of a verdict, or if judges are asked for."""
    if asked.judges:
        why = f"{name}: the votes of a judge are in the store, not in lines; name a pool"
        raise UsageError(why)
    seen = {each for draws in problems.values() for draw in draws for each in draw.verdicts or ()}
    for field in asked.deciders:
        if problems and field not in seen:
            raise UsageError(
                f"{name}: no line has a field {field!r}; for a file, --confusion names fields that "
                "are true, false or null, such as correct"
            )


def of_pool(
    connection: sqlite3.Connection,
    pool: Pool,
    problems: Mapping[str, Sequence[Outcome]],
    asked: Asked,
    found: Sequence[Mapping[str, Any]],
    rows: Mapping[str, int | None],
) -> tuple[Mapping[str, Sequence[Outcome]], dict[str, Repeats]]:
    """Return the draws of a pool with what the deciders say of them, and the repeats of the judges.

    `found` are the verifiers with verdicts on the pool, `rows` the row ids of those asked, by name.
    """
    decided = {
        name: truths(connection, pool, row)
        for name in asked.deciders
        if (row := rows[name]) is not None
    }
    if decided:
        problems = {
            problem: [replace(draw, verdicts=_about(problem, draw, decided)) for draw in draws]
            for problem, draws in problems.items()
        }
    judges = ((judge, rows[judge]) for judge in asked.judges)
    return problems, {
        judge: _repeats(connection, pool, judge, row, found)
        for judge, row in judges
        if row is not None
    }


def _about(
    problem: str, draw: Outcome, decided: Mapping[str, Mapping[str, Mapping[int, bool]]]
) -> dict[str, bool | None]:
    """Return what each verifier says of one draw."""
    return {name: known.get(problem, {}).get(draw.index) for name, known in decided.items()}


def _repeats(
    connection: sqlite3.Connection,
    pool: Pool,
    judge: str,
    row: int,
    found: Sequence[Mapping[str, Any]],
) -> Repeats:
    own = next(each for each in found if each["id"] == row)
    name, config = own["name"], json.loads(own["config"])
    problem_of = _problems(connection, pool)
    first = verdicts.by_sample(connection, pool, row)
    runs: dict[str, list[tuple[Opinion, ...]]] = {}
    spent: list[int | None] = []
    for other in _reruns(found, name, config):
        for sample, verdict in verdicts.by_sample(connection, pool, other).items():
            if sample in first:
                both = (first[sample], verdict)
                pair = tuple(Opinion(each.correct, each.score) for each in both)
                runs.setdefault(problem_of[sample], []).append(pair)
                spent.append(verdict.tokens)
    votes: dict[str, list[tuple[Opinion, ...]]] = {}
    # Each vote of a judge that compares draws is about another opponent: that is no repetition.
    cast = {} if name == "pairwise" else verdicts.votes(connection, pool, row)
    for sample, each_vote in cast.items():
        if sample in first and len(each_vote) > 1:
            each = tuple(Opinion(_decision(name, config, v.value), v.value) for v in each_vote)
            votes.setdefault(problem_of[sample], []).append(each)
    known = [count for count in spent if count is not None]
    tokens = sum(known) if known and len(known) == len(spent) else None
    return Repeats(judge, len(first), runs, votes, tokens)


def _reruns(found: Iterable[Mapping[str, Any]], name: str, config: Mapping[str, Any]) -> list[int]:
    """Return the row ids of the re-runs of a judge: the same but for the option."""
    plain = {key: value for key, value in config.items() if key != AGAIN}
    return [
        each["id"]
        for each in found
        if each["name"] == name
        and AGAIN in (options := json.loads(each["config"]))
        and plain == {key: value for key, value in options.items() if key != AGAIN}
    ]


def _decision(name: str, config: Mapping[str, Any], vote: float | None) -> bool | None:
    """Return what one vote alone would decide; None if it decides nothing."""
    if vote is None:
        return None
    if name == "genrm":
        return None if vote == 0.5 else vote > 0.5
    if name == "judge" and (config.get("threshold") or config.get("as") == "verdict"):
        return vote >= float(config.get("threshold") or 0.5)
    return None


def _problems(connection: sqlite3.Connection, pool: Pool) -> dict[int, str]:
    """Return the problem of each sample of a pool, by sample id."""
    found = connection.execute(
        f"SELECT samples.id, problems.name FROM {SAMPLES_OF_POOLS} WHERE pool_id = ?", (pool.id,)
    )
    return dict(found.fetchall())
