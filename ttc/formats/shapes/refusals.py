"""Records that are refused: samples, media and tools, and questions that would be asked in half."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ttc.formats.paths import Step
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
         "index pool finish_reason completion_tokens correct score verifier reference", ""),
        ("verdicts", "problem correct", "", "question prompt solution options choices"),
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
    r"(?:(.*[_ ])?(?:ctx|context|passage|paragraph|article|story|document|background|premise"
    r"|hypothesis|narrative|scenario|excerpt)(?:s?_(?:text|content))?"
    r"|evidence|hint|table|body|instruction|support|text|input|theory|fact|dialog|dialogue"
    r"|conversation|transcript|abstract|statement|rule)s?(?:_?\d+)?",
    re.I,
)
# What is an answer, a test, or says something about a text.
_OTHERS = re.compile(
    r"answer|solution|rationale|response|output|reference|explanation|target|gold|test|base|plus"
    r"|reject|chosen|expected",
    re.I,
)
_ASKS = ("question", "problem", "prompt", "puzzle")  # one of them may be half of the question
_LISTS = ("choices", "options", "endings", "candidates")


def samples(record: Mapping[str, Any]) -> str | None:
    """Return what a record is if it is no problem but a sample or a verdict, else None."""
    there = record.keys()
    if there == {"problem", "text"}:
        return "samples"
    for kind, all_of, one_of, none_of in _SAMPLES:
        if all_of <= there and (not one_of or one_of & there) and not none_of & there:
            return kind
    return None


def unaskable(record: Mapping[str, Any]) -> str | None:
    """Return why a record cannot be asked yet: it has tools, or media; else None."""
    for name in _suspects(frozenset(record)):
        value = record[name]
        if value in (None, "", [], {}, "[]") or isinstance(value, (bool, int, float)):
            continue
        if name in _TOOLS:
            return f"it has {name!r}, which cannot be given to a model yet"
        return f"it has {name!r}, and only text can be asked yet"
    return None


@lru_cache(maxsize=256)
def _suspects(names: frozenset[str]) -> tuple[str, ...]:
    """Return the names of fields that hold tools or media."""
    return tuple(sorted(name for name in names if name in _TOOLS or _MEDIA.fullmatch(name)))


def halved(record: Mapping[str, Any], left: Sequence[str], asked: Collection[str]) -> str | None:
    """Return why a question would be asked in half: a text or choices beside it are not read.

    `left` are the fields that were not read, but for those that may be left out, `asked` those of
    the question. None if there is no such field, and for chats, which say themselves what they are
    about.
    """
    there = plain(record)
    texts = [there.get(name) for name in asked]
    if not texts or not all(isinstance(text, str) for text in texts):
        return None
    question = [*asked][-1]
    for name in left:
        value = there[name]
        if not value:
            continue
        if name in _LISTS:
            pair = _shell(f"choices={Step(name)}")
            return (
                f"{name!r} are not shown with the question in {question!r}: --map {pair} shows "
                "them, and --format generic asks without them"
            )
        if _belongs(name, value, question) and not any(_contains(value, text) for text in texts):
            whole = "+".join(str(Step(part)) for part in (name, *asked))
            joins = f"--map {_shell(f'prompt={whole}')} joins them"
            way = joins if isinstance(value, str) else _joining(name)
            return (
                f"{name!r} is not asked with the question in {question!r}: {way}, and --format "
                "generic asks without it"
            )
    return None


def _joining(name: str) -> str:
    """Return how a list of texts, or what is nested deeper, becomes one text."""
    program = f'.{json.dumps(name, ensure_ascii=False)} |= ([.. | strings] | join("\\n"))'
    return f"join them into one text: `jq -c {shlex.quote(program)} FILE | ttc sample -`"


def _shell(pair: str) -> str:
    return pair if re.fullmatch(r"[\w=+.]+", pair) else shlex.quote(pair)


def _belongs(name: str, value: object, question: str) -> bool:
    """Return whether a field is named like a text that questions are about, and holds one."""
    if name == "code":
        return question == "question" and _is_text(value, True)
    named = _TEXTS.fullmatch(name)
    if named is None or _OTHERS.search(name):
        return name in _ASKS and name != question and _is_text(value, False)
    # What only has such a word in its name may be an identifier.
    return _is_text(value, not named[1])


def _contains(value: object, question: Any) -> bool:
    """Return whether a field is the question with other words around it, as `text` of Alpaca, or
    is itself in the question."""
    if not isinstance(value, str):
        return False
    return question.strip() in value or value.strip() in question


def _is_text(value: object, sure: bool) -> bool:
    """Return whether a value is a text, or a list or an object that holds one; of several words,
    unless the name of the field is `sure` to be that of a text."""
    if isinstance(value, str):
        return bool(value.strip()) and (sure or " " in value.strip())
    if isinstance(value, dict):
        return any(_is_text(each, False) for each in value.values())
    return isinstance(value, list) and any(_is_text(each, False) for each in value)
