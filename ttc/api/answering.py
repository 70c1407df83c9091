"""`ttc.solve` and `ttc.solve_each`: answer questions now, by voting, a rule or a search."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ttc import problems
from ttc.api.calling import (
    Data,
    File,
    SamplingArguments,
    Shown,
    begin,
    check_names,
    parts_of,
    sampling,
)
from ttc.api.wording import python_errors
from ttc.errors import UsageError
from ttc.problems import ReadOptions
from ttc.records import Problem
from ttc.samples.gathering import choices_template
from ttc.samples.recipe import whole
from ttc.session import Session
from ttc.solving import job, notes
from ttc.solving.job import Solved, SolveOptions
from ttc.solving.solve import Solution

if TYPE_CHECKING:
    from typing_extensions import Unpack


class SolveArguments(SamplingArguments, total=False):
    """How to solve, with the sampling parameters.

    `method` is a selection rule or a strategy, `NAME:key=value,…` (None: vote over the answers,
    or, where fewer than half of the draws have one, agree). With a `verifier`, only what it accepts
    can be the answer; one that reads the reference of a problem is
    refused unless `oracle`. `scorer` scores steps: `likelihood`, or a verifier; `aggregate` says
    how the scores of steps go together: last, min, prod or mean. `budget` are limits such as
    `tokens=2000,seconds=60`. `draft` is the small model of specreason. `keep` names a pool in
    which answers are kept as samples, and `new_pool` takes NAME.2, … if it has other settings.
    `database` is the store and `config` a settings file in place of the user's (None: as set).
    With `progress=False` notes go to the log `ttc` instead of stderr, and there is no meter; it may
    be a function, as for `ttc.sample`.
    """

    method: str | None
    verifier: str | None
    scorer: str | None
    aggregate: str
    budget: str | None
    draft: str | None
    keep: str | None
    new_pool: bool
    oracle: bool
    database: File | None
    config: File | None
    progress: Shown


OWN = SolveArguments.__annotations__.keys() - SamplingArguments.__annotations__.keys()
SURROUNDINGS = {"database", "config", "progress"}


def solve(
    question: str | Mapping[str, Any] | Problem,
    n: int | None = None,
    *,
    model: File | None = None,
    **options: Unpack[SolveArguments],
) -> Solution:
    """Answer one question, and return the answer with what it stands on.

    `question` is a text, the fields of a JSON line, or a `Problem`; `n` the number of draws (None:
    as set, else 8); `model` what `-m` takes (None: as set, else the bundled model). See
    `ttc.api.SolveArguments` and `ttc.api.SamplingArguments` for the rest. The draws are kept: the
    same call again costs nothing, and returns the same.

    UsageError for wrong arguments or a budget below one draw, BackendError if every draw failed,
    StoreError if the store cannot be used.
    """
    if not isinstance(question, (str, Mapping, Problem)):
        raise UsageError("one question: a text, a dictionary or a Problem; ttc.solve_each for more")
    with python_errors():
        if isinstance(question, str) and not question.strip():
            raise UsageError("the question is empty")
        asked = problems.question(question) if isinstance(question, str) else question
        (solved,) = _solved("solve", asked, n, model, 1, options)
        return solved.solution


def solve_each(
    data: Data,
    n: int | None = None,
    *,
    model: File | None = None,
    jobs: int = 4,
    **options: Unpack[SolveArguments],
) -> Iterator[Solved]:
    """Yield each problem with its solution, in order, once it is solved and kept.

    `data` is a file with a question per line (text, or JSON), or a list: of questions, of
    dictionaries, of `Problem`, or of files. `jobs` problems are solved side by side. The other
    arguments and the errors, which are raised as the iteration goes, are those of `solve`.
    """
    with python_errors():
        yield from _solved("solve_each", data, n, model, whole("jobs", jobs, 1), options)


def _solved(
    call: str, data: Data, n: int | None, model: File | None, jobs: int, options: SolveArguments
) -> Iterator[Solved]:
    check_names(call, options, SolveArguments)
    parameters = {name: value for name, value in options.items() if name not in OWN}
    own: dict[str, Any] = {
        name: value for name, value in options.items() if name in OWN - SURROUNDINGS
    }
    wanted = SolveOptions(
        model=None if model is None else os.fspath(model),
        n=n,
        sampling=sampling(SamplingArguments(**parameters)),  # type: ignore[typeddict-item]
        jobs=jobs,
        **own,
    )
    session = begin(
        call,
        options.get("database"),
        options.get("config"),
        progress=options.get("progress", True),
    )
    asked = _problems(session, data)
    with job.opened(session, wanted) as means:
        for solved in job.solve(means, wanted, asked):
            for line in notes.notes_on(means.recipe, solved.solution):
                session.say(line)
            yield solved


def _problems(session: Session, data: Data) -> list[Problem]:
    """Return what is asked; a file may have plain text in its lines."""
    reading = ReadOptions(choices_template=choices_template(session))
    parts = parts_of(data, "solve")
    found = [problem for part in parts for problem in problems.each(part, reading, session.say)]
    if not found:
        raise UsageError("there are no problems in the data")
    return found
