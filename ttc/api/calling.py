"""What every function of the library begins with: the settings, the store, and the data."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, cast

from ttc import problems
from ttc.api.wording import in_python
from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.mapping import check_mapping
from ttc.messages import notes, secrets
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.messages.visible import one_line
from ttc.records import Problem
from ttc.report.progress import Calls, Display
from ttc.samples.recipe import Sampling
from ttc.session import Session, load

# Endings of files, as in a list of files that may not all be there.
_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".yaml", ".gz", ".zst", ".zip")

File: TypeAlias = str | os.PathLike[str]
Item: TypeAlias = File | Mapping[str, Any] | Problem
# A file, or a list of: questions, records with the fields of a JSON line, problems, or files.
Data: TypeAlias = Item | Iterable[Item]


class SamplingArguments(TypedDict, total=False):
    """The sampling parameters that functions take by keyword; without one, the setting holds.

    `temperature` 0 is greedy; `top_p` 1, `top_k` 0 and `min_p` 0 are off. `max_tokens` counts the
    generated tokens of a draw. `stop` strings end a draw and are not kept. `thinking` is `on`,
    `off`, `low`, `medium`, `high` or a number of tokens, for a model that has it. The penalties are
    off at 0, `repeat_penalty` at 1; `logit_bias` maps token ids to what is added. At most one of
    `grammar` (a GBNF file or text), `schema` (a file or a mapping) and `regex` says what may be
    drawn. `extra` has further fields of requests, and arguments of the chat template. `logprobs`
    likeliest tokens of each place are kept. `system` is the system
    message, `template` the text around the question, with `{prompt}` in it; `@FILE` reads either
    from a file. `raw` sends the question as it stands, outside any chat. `few_shot` is a file
    of solved problems that are shown before the question, `shots` how many: K, or `K@SEED`. Another
    `seed` draws other samples.
    """

    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    stop: str | Sequence[str]
    thinking: str | int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repeat_penalty: float | None
    logit_bias: Mapping[int, float] | None
    grammar: str | os.PathLike[str] | None
    schema: str | os.PathLike[str] | Mapping[str, Any] | None
    regex: str | None
    extra: Mapping[str, Any] | None
    logprobs: int | None
    system: str | None
    template: str | None
    raw: bool
    few_shot: File | None
    shots: str | int | None
    seed: int | None


def check_names(call: str, given: Iterable[str], arguments: type) -> None:
    """Raise TypeError, with a near name, for an argument that a TypedDict does not list."""
    known = arguments.__annotations__
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}{hint}")


def sampling(given: SamplingArguments) -> Sampling:
    """Return sampling arguments as options. UsageError for one of the wrong type."""
    stop = given.get("stop") or ()
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    for name in ("regex", "system", "template"):
        text(name, given.get(name))
    if not isinstance(thinking := given.get("thinking"), int):
        text("thinking", thinking)
    for name in ("logit_bias", "extra"):
        if not isinstance(given.get(name) or {}, Mapping):
            raise UsageError(f"{name} must be a mapping, not {given.get(name)!r}")
    for each in stops:
        text("stop", each)
    if (examples := given.get("few_shot")) is not None:
        given = {**given, "few_shot": os.fspath(examples)}
    return Sampling(**cast("Any", {**given, "stop": stops}))


def renames(mapping: Mapping[str, str] | None, known: Sequence[str]) -> dict[str, str]:
    """Return a mapping of fields, ours to theirs. UsageError if one of ours is unknown."""
    return check_mapping(mapping, known)


def text(name: str, value: object) -> str | None:
    """Return an argument that is a text or None. UsageError for anything else."""
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} must be a string, not {value!r}")
    return value


# Whether notes and a meter go to stderr, or a function that is called with a copy of each stage.
Shown: TypeAlias = bool | Callable[[Stage], object]


def begin(
    call: str, database: File | None, config: File | None = None, *, progress: Shown = True
) -> Session:
    """Read the settings and find the store. UsageError for a wrong setting.

    Notes go to stderr; with `progress` off, or a function, to the log `ttc` (INFO).
    """
    aloud = progress is True
    notes.hush(not aloud)
    return load(
        None if config is None else Path(config),
        None if database is None else Path(database),
        _print if aloud else _log,
        f"ttc.{call}(…)",
        progress=shown_by(progress),
    )


def shown_by(progress: Shown) -> Progress:
    """Return what shows how far a call is. UsageError for what is no function."""
    if isinstance(progress, bool):
        return Display() if progress else SILENT
    if not callable(progress):
        raise UsageError(f"progress must be True, False or a function, not {progress!r}")
    return Calls(progress)


def _print(line: str) -> None:
    notes.put(in_python(line))


def _log(line: str) -> None:
    logging.getLogger("ttc").info("%s", one_line(secrets.redacted(in_python(line))))


def parts_of(data: Data, source: str = "python") -> tuple[problems.Data, ...]:
    """Return data as files, lists of records and lists of problems.

    A string by itself is a file. In a list, strings are questions, unless all of them name files;
    `source` begins the ids of questions. UsageError for an empty list, or one of several kinds.
    """
    if isinstance(data, (str, os.PathLike)):
        return (os.fspath(data),)
    if hasattr(data, "to_dict"):
        raise UsageError("this looks like a data frame: pass its records, .to_dict('records')")
    items = [data] if isinstance(data, (Mapping, Problem)) else list(data)
    if not items:
        raise UsageError("the data is empty: there are no problems in it")
    kinds = {_kind(at, item) for at, item in enumerate(items)}
    if len(kinds) > 1:
        raise UsageError(f"the data mixes {' and '.join(sorted(kinds))}; pass one kind")
    (kind,) = kinds
    if kind == "files":
        return tuple(os.fspath(cast("File", item)) for item in items)
    if kind == "questions":
        texts = cast("list[str]", items)
        if empty := [at for at, each in enumerate(texts) if not each.strip()]:
            raise UsageError(f"item {empty[0]} of the data is an empty question")
        return ([problems.question(each, source) for each in texts],)
    return (cast("problems.Data", items),)


def _kind(at: int, item: object) -> str:
    if isinstance(item, Problem):
        return "problems"
    if isinstance(item, Mapping):
        return "records"
    if isinstance(item, os.PathLike):
        return "files"
    if not isinstance(item, str):
        raise UsageError(
            f"item {at} of the data is of type {type(item).__name__}; pass files, questions, "
            "dictionaries or problems"
        )
    return "files" if _names_file(item) else "questions"


def _names_file(text: str) -> bool:
    """Whether a string in a list is a file: there is one, or it is spelt like one."""
    if files.is_hub(text) and not any(map(str.isspace, text)):
        return True
    if text.endswith(_SUFFIXES) and not any(map(str.isspace, text)):
        return True
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False
