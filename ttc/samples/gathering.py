"""Reads the data of a job: the problems of all sources, and how they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ttc import problems
from ttc.errors import UsageError
from ttc.problems import Choosing, ReadOptions
from ttc.records import Problem
from ttc.samples.recipe import Sampling, text_of
from ttc.session import Session


class Gathered(NamedTuple):
    """The problems of all data, the name of the data, the sampling options with the format's own
    template where neither option nor setting gives one, how it was read, and the text around
    questions with choices if one was given and there are such questions."""

    problems: tuple[Problem, ...]
    name: str
    sampling: Sampling
    reading: ReadOptions
    choices_template: str | None


def gather(
    session: Session,
    data: Sequence[problems.Data],
    reading: ReadOptions,
    sampling: Sampling,
    choosing: Choosing,
) -> Gathered:
    """Read all data and say what was read. UsageError for bad input, or if no problem is left."""
    asked = reading.choices_template
    choices = choices_template(session, asked)
    reading = replace(reading, choices_template=choices)
    with session.progress.stage("reading the problems"):
        datasets = [problems.read(source, reading) for source in data]
    mapped = list(problems.mapping_notes(datasets))
    for dataset in datasets:
        session.say(dataset.describe())
    chosen = session.config.get("template", sampling.template)
    if chosen is None and not sampling.raw:
        templates = {dataset.template for dataset in datasets}
        if len(templates) > 1:
            raise UsageError("these files want different templates; sample them one by one")
        sampling = replace(sampling, template=templates.pop())
    merged = problems.merge(datasets)
    for line in mapped:
        session.say(line)
    for line in problems.tag_notes(datasets, merged, reading.tags):
        session.say(line)
    if choices is not None and not any("choices" in each.reference for each in merged):
        choices = None
        if asked is not None:
            session.say("--choices-template: no problem has choices")
    chosen_problems = problems.select(merged, choosing)
    return Gathered(chosen_problems, datasets[0].name, sampling, reading, choices)


def choices_template(session: Session, option: str | None = None) -> str | None:
    """Return the text around questions with choices, of the option or the setting; None if neither
    is there. UsageError for a file that cannot be read."""
    return text_of(session.config.get("choices_template", option), "--choices-template")
