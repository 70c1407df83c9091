"""What `ttc solve` does once its options are parsed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ttc import jsonl, problems
from ttc.backends import counts
from ttc.cli.asking import question
from ttc.cli.session import stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import Exit, Stopped, UsageError
from ttc.formats.mapping import parse_mapping
from ttc.messages.visible import for_stdout, json_for_stdout
from ttc.problems import ReadOptions
from ttc.records import Problem
from ttc.report.trees import picture
from ttc.samples.gathering import choices_template
from ttc.session import Session
from ttc.solving import job, notes
from ttc.solving.job import Solved
from ttc.solving.options import SolveOptions, parts_of
from ttc.solving.record import fields_of
from ttc.solving.solve import Solution

SIDE_BY_SIDE = 4  # problems of a file


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and how answers are printed.

    `prompt` is the question or `@FILE`, or with `each` the file of questions, of the format `form`;
    `-` and None are stdin.
    """

    prompt: str | None
    each: bool
    mapping: Sequence[str]
    form: str | None
    show: bool
    as_json: bool

    @property
    def width(self) -> int:
        """The default number of problems to solve side by side."""
        # A program that writes questions into a pipe may wait for each answer.
        streamed = not self.each or self.prompt in (None, "-")
        return 1 if streamed else SIDE_BY_SIDE

    def problems(self, session: Session) -> Iterator[Problem]:
        """Yield what is asked, one problem after another."""
        if self.each:
            reading = ReadOptions(
                parse_mapping(self.mapping, problems.MAPPABLE),
                self.form,
                choices_template=choices_template(session),
            )
            yield from problems.each(self.prompt or "-", reading, session.say)
            return
        yield problems.question(question.question(self.prompt, session.say))


def solve(session: Session, options: SolveOptions, asked: Asked) -> int:
    """Solve what is asked, one problem after another, and return the exit code."""
    parts_of(options)  # A wrong method is reported before standard input is read.
    questions = asked.problems(session)
    first = next(questions, None)
    if first is None:
        raise UsageError("no problems in the input")
    solved = unsolved = 0
    pool: str | None = None
    with (
        stdout_kept_clean(),
        stoppable() as wake,
        job.opened(session, options, wake) as means,
    ):
        try:
            every = chain([first], questions) if asked.each else [first]
            for done in job.solve(means, options, every):
                pool = done.kept
                _print(session, asked, done)
                for line in notes.notes_on(means.recipe, done.solution):
                    session.say(line)
                solved += done.solution.answer is not None
                unsolved += done.solution.answer is None
        except Stopped as stopped:
            if not stopped.nobody_reads:
                session.say(f"interrupted; what is finished is kept; to resume: {session.again}")
            raise
    if asked.each and unsolved:
        session.say(f"{unsolved} of {solved + unsolved} problems without an answer")
    if pool is not None:
        session.say(f"kept in the pool {pool}; ttc verify {shlex.quote(pool)} -V NAME")
    return Exit.GATE if unsolved else Exit.DONE


def _print(session: Session, asked: Asked, done: Solved) -> None:
    solution = done.solution
    label = f"{done.problem.id}: " if asked.each else ""
    rule = f"{solution.rule}{' (oracle)' * done.oracle}"
    session.say(f"{label}{rule}: {solution.firmness}; {_spent(solution)}")
    if asked.show:
        for line in picture(solution.run.nodes, solution.run.scores, solution.node):
            session.say(line)
    if asked.as_json:
        record = fields_of(done)
        text = jsonl.dump(record) if asked.each else json.dumps(record, indent=2)
        print(json_for_stdout(text), flush=True)
    elif solution.answer is not None:
        print(for_stdout(solution.answer), flush=True)
    elif asked.each:
        print(flush=True)


def _spent(solution: Solution) -> str:
    usage = solution.run.usage
    if solution.tokens is None and not usage.new:
        return "tokens unknown"
    return counts.amount(usage.new, usage.uncounted_new, "new tokens")
