"""Samples of lm-evaluation-harness: `--log_samples`.

A row is one document under one filter. `resps` has the responses to each of its requests: those to
the first one are the draws. Metrics are computed from the filtered response, so a row with several
draws has none that is about one of them.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from ttc import tags
from ttc.errors import UsageError
from ttc.formats import Draw, Opinion
from ttc.formats.logs.lm_eval.run import Run
from ttc.formats.logs.opening import NoDrawsError, accept, checked_text, lines, names_in, unread
from ttc.jsonl import Line
from ttc.records import Message, Problem, Sample, Verdict

_READ = (
    *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
    *("doc_hash", "prompt_hash", "target_hash"),
)
_NONE = "none"  # the filter of a task that has none
_INVALID = "[invalid]"  # what a filter gives where it finds nothing
# Names of generation settings → ours.
_PARAMS = {
    **{name: name for name in ("temperature", "top_p", "top_k", "min_p")},
    **dict.fromkeys(("max_gen_toks", "max_tokens", "max_new_tokens"), "max_tokens"),
}


class LmEval:
    """Rows of --log_samples."""

    name = "lm-eval"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file begins with a row."""
        return names_in(head, "doc_id") and (
            names_in(head, "resps") or names_in(head, "arguments", "target")
        )

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. Option `filter`: that of the rows to read, where there are
        several; a task without filters is read whatever it says."""
        accept(options, ("filter",), self.name)
        chosen = _chosen(path, options.get("filter"))
        run = Run.of(path)
        for line in lines(path):
            if line.record.get("filter") == chosen:
                yield from _row(line, run)


def _chosen(path: Path, wanted: str | None) -> str | None:
    """Return the filter of the rows to read. UsageError for an unknown one, and for several."""
    found: dict[str | None, int] = {}
    for line in lines(path):
        _check(line)
        name = line.record.get("filter")
        found[name] = found.get(name, 0) + 1
    named = [name for name in found if name is not None]
    if wanted is not None and list(found) != [_NONE]:
        if wanted not in found:
            there = ", ".join(named) or "none"
            raise UsageError(f"{path}: no rows with the filter {wanted!r}; there are {there}")
        return wanted
    if len(found) > 1:
        raise UsageError(
            f"{path}: each document has a row for each of {len(found)} filters "
            f"({', '.join(map(str, found))}), of the same draws; choose one: "
            f"--filter {quote(named[0])}"
        )
    return next(iter(found), None)


def _check(line: Line) -> None:
    """Raise UsageError for a row of a task that draws no text."""
    record = line.record
    if "doc_id" not in record or not isinstance(record.get("resps"), list):
        raise UsageError(f"{line.place}: no row of lm-eval: it needs 'doc_id' and 'resps'")
    requests = _requests(record)
    kinds = {_kind(each) for each in requests}
    if "score" in kinds:
        raise NoDrawsError(
            f"{line.place}: a row of a log-likelihood task, in which the model scored given "
            "texts; there are no draws in it"
        )
    if len(record["resps"]) != 1:
        raise UsageError(
            f"{line.place}: a row with {len(record['resps'])} requests of one document; rows "
            "with one request are read"
        )


def _requests(record: Mapping[str, Any]) -> list[list[Any]]:
    """Return the arguments of each request: an object by name, or lists in older versions."""
    arguments = record.get("arguments")
    every = arguments.values() if isinstance(arguments, dict) else arguments or []
    return [list(each.values() if isinstance(each, dict) else each) for each in every if each]


def _kind(request: list[Any]) -> str:
    """Return whether a request draws text (its settings are an object) or scores one."""
    return "draw" if len(request) > 1 and isinstance(request[1], dict) else "score"


def _row(line: Line, run: Run) -> Iterator[Draw]:
    record, place = line.record, line.place
    responses = record["resps"][0]
    if not isinstance(responses, list):
        responses = [responses]
    request = next(iter(_requests(record)), [])
    problem = _problem(record, request, run)
    single = len(responses) == 1
    opinions = tuple(_opinions(record)) if single else ()
    metrics = () if not single else tuple(_metrics(record))
    for index, text in enumerate(responses):
        yield Draw(
            problem,
            Sample(
                problem.id,
                index,
                checked_text(text, place, "a response in 'resps'"),
                "stop",
                model=run.model,
                params=_params(request),
            ),
            opinions,
            place,
            version=run.version,
            unused=unread(record, (*_READ, *metrics)),
        )


def _problem(record: Mapping[str, Any], request: list[Any], run: Run) -> Problem:
    name = f"{run.task}/{record['doc_id']}" if run.task else str(record["doc_id"])
    messages, prompt = _asked(request[0] if request else None)
    target = _target(record.get("target"))
    doc = record.get("doc")
    about = _tags(doc) if isinstance(doc, dict) else {}
    reference = {} if target in (None, "", []) else {"answer": target}
    return Problem(name, messages, prompt, reference, about)


def _asked(context: Any) -> tuple[tuple[Message, ...], str | None]:
    """Return the question: a text, or the turns of a chat, which are JSON in a list of one."""
    if isinstance(context, list) and len(context) == 1 and isinstance(context[0], str):
        context = context[0]
    if isinstance(context, str):
        turns = _turns(context)
        return (turns, None) if turns else ((), context)
    return (_as_turns(context), None) if isinstance(context, list) else ((), None)


def _turns(context: str) -> tuple[Message, ...]:
    if not context.startswith('[{"'):
        return ()
    try:
        return _as_turns(json.loads(context))
    except ValueError:
        return ()


def _as_turns(turns: Any) -> tuple[Message, ...]:
    well_formed = isinstance(turns, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("content"), str) for turn in turns
    )
    return tuple(Message(str(t.get("role", "user")), t["content"]) for t in turns) * well_formed


def _target(target: Any) -> Any:
    """Return the answer of a target, which is always text: GSM8K's stands after ####, and a list
    is written as Python writes it."""
    if not isinstance(target, str):
        return target
    if target.startswith(("['", '["')):
        try:
            listed = ast.literal_eval(target)
        except (ValueError, SyntaxError):
            return target
        return listed if all(isinstance(each, str) for each in listed) else target
    _, gold, answer = target.rpartition("#### ")
    return answer.strip().replace(",", "") if gold else target


def _tags(doc: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, fields in tags.KNOWN.items():
        value = next((doc[each] for each in fields if each in doc), None)
        if isinstance(value, (str, int)) and (text := tags.text_of(value)) is not None:
            found[name] = text
    return found


def _params(request: list[Any]) -> dict[str, Any]:
    """Return the sampling parameters of a request."""
    given = request[1] if len(request) > 1 and isinstance(request[1], dict) else {}
    found = {ours: given[name] for name, ours in _PARAMS.items() if given.get(name) is not None}
    if given.get("do_sample") is False:
        found["temperature"] = 0.0
    stops = given.get("until")
    if stops:
        found["stop"] = stops if isinstance(stops, list) else [stops]
    return found


def _metrics(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the metrics of a row that are numbers."""
    named = record.get("metrics")
    names = named if isinstance(named, list) else [name for name in record if name not in _READ]
    for name in names:
        if isinstance(record.get(name), (bool, int, float)) and record[name] == record[name]:
            yield name


def _opinions(record: Mapping[str, Any]) -> Iterator[Opinion]:
    """Yield a verdict for each metric."""
    filtered = record.get("filtered_resps")
    first = filtered[0] if isinstance(filtered, list) and filtered else None
    answer = first if isinstance(first, str) and first != _INVALID else None
    chosen = record.get("filter")
    for name in _metrics(record):
        value = record[name]
        verdict = Verdict(
            answer=answer,
            correct=value if isinstance(value, bool) else None,
            score=float(value),
            status="no_answer" if first == _INVALID else "ok",
            reads_reference=True,
        )
        by = f"lm-eval:{name}" + (f":{chosen}" if chosen not in (None, "none") else "")
        yield Opinion(by, verdict, config={"metric": name, "filter": chosen or "none"})
