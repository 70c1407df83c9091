"""Several sources of problems as one list, and what to say about their tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ttc import tags
from ttc.errors import UsageError, wrong_option
from ttc.formats import mapping
from ttc.messages.counts import some
from ttc.problems.dataset import Dataset
from ttc.records import Problem


def merge(datasets: Iterable[Dataset]) -> list[Problem]:
    """Return the problems of several sources, with the tags of both where two have the same one.

    UsageError if two have the same id but differ.
    """
    found: dict[str, Problem] = {}
    for dataset in datasets:
        for problem in dataset.problems:
            first = found.setdefault(problem.id, problem)
            if first != problem:
                raise UsageError(
                    f"{dataset.name}: another file has a different problem called {problem.id!r}"
                )
            # The first file's tags hold.
            found[problem.id] = replace(first, tags={**problem.tags, **first.tags})
    return list(found.values())


def mapping_notes(datasets: Iterable[Dataset]) -> list[str]:
    """Return what to say about --map: fields that some records lack. UsageError for one that no
    record has."""
    maps = [(dataset.name, dataset.mapped) for dataset in datasets]
    return mapping.check((name, mapped) for name, mapped in maps if mapped is not None)


def tag_notes(
    datasets: Iterable[Dataset], problems: Sequence[Problem], wanted: Mapping[str, str]
) -> list[str]:
    """Return what to say about the tags: problems that lack a wanted one, and contradictions.

    UsageError for a wanted field that no record has.
    """
    lines = []
    every = list(datasets)
    for name, field in wanted.items():
        lacking = sum(name not in problem.tags for problem in problems)
        if lacking == len(problems):
            shown = field if name == field else f"{name}={field}"
            there = tags.listed(field for dataset in every for field in dataset.fields)
            raise wrong_option("tag", shown, f"no problem has such a field; there are {there}")
        if lacking:
            lines.append(f"{lacking} of {len(problems)} problems have no {name}")
    first: dict[str, Problem] = {}
    differing = sum(dataset.retagged for dataset in every)
    for problem in (each for dataset in every for each in dataset.problems):
        held = first.setdefault(problem.id, problem).tags
        differing += any(held.get(name, value) != value for name, value in problem.tags.items())
    if differing:
        again = some(differing, "problem occurs", "problems occur")
        lines.append(f"{again} again with other tags; the first ones hold")
    return lines
