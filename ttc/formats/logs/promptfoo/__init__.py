"""Results of promptfoo: `promptfoo eval -o FILE.json` or `.jsonl`.

A result is one test with one prompt and one provider. Repeats of a test have the same prompt and
variables: they are the draws of one problem. Each provider has a pool of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ttc.errors import UsageError
from ttc.formats import Draw
from ttc.formats.logs.opening import (
    accept,
    count,
    document,
    failure,
    finish_reason,
    first_line,
    lines,
    names_in,
    unread,
)
from ttc.formats.logs.promptfoo.tests import Tests, opinions
from ttc.jsonl import Line
from ttc.records import Sample

_READ = (
    *("id", "promptIdx", "testIdx", "promptId", "testCase", "provider", "prompt", "vars"),
    *("response", "error", "failureReason", "success", "score", "gradingResult", "namedScores"),
    *("tokenUsage", "description"),
)
_ERROR = 2  # failureReason of a test that no model answered
# Settings of a provider → sampling parameters.
_PARAMS = {
    **{name: name for name in ("temperature", "top_p", "top_k", "max_tokens", "stop")},
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
}


class Promptfoo:
    """The results of promptfoo, in the layouts of its versions 2 and 3 and as JSON lines."""

    name = "promptfoo"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file begins with results."""
        record = first_line(head)
        if record is not None and "results" not in record:
            return {"response", "success"} <= record.keys() and bool(
                record.keys() & {"vars", "testCase", "gradingResult", "promptIdx"}
            )
        return names_in(head, "results") and (
            names_in(head, "evalId")
            or names_in(head, "response", "success")
            or names_in(head, "promptIdx")
            or names_in(head, "prompts", "version")
        )

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. Option `provider`: the id or label of the one to read."""
        accept(options, ("provider",), self.name)
        results, about = _results(path)
        wanted, named = options.get("provider"), dict.fromkeys(map(_provider, results))
        if wanted is not None and wanted not in {each for pair in named for each in pair}:
            there = ", ".join(label for _, label in named)
            raise UsageError(f"{path}: no results of the provider {wanted!r}; there are {there}")
        tests = Tests(results)
        settings = _settings(about)
        version = _version(about)
        seen: Counter[tuple[str, str]] = Counter()
        for line in results:
            provider = _provider(line)
            if wanted in (None, *provider):
                yield _draw(line, tests, seen, settings, version)


def _results(path: Path) -> tuple[list[Line], Mapping[str, Any]]:
    """Return the results of a file with their places, and the document around them."""
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        return list(lines(path)), {}
    whole = document(path)
    about = whole if isinstance(whole, dict) else {}
    inside = about.get("results")
    if isinstance(inside, dict):
        inside = inside.get("results")
    found = whole if isinstance(whole, list) else inside
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UsageError(f"{path}: no list of results in it, as `promptfoo eval -o` writes it")
    return [Line(f"{path}: results[{at}]", each) for at, each in enumerate(found)], about


def _provider(line: Line) -> tuple[str, str]:
    """Return the id and the label of the provider of a result."""
    given = line.record.get("provider")
    if isinstance(given, dict):
        name = str(given.get("id") or given.get("label") or "unknown")
        return name, str(given.get("label") or name)
    name = str(given or "unknown")
    return name, name


def _settings(about: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the sampling parameters of providers by id and label, as the run was set."""
    config = about.get("config")
    listed = config.get("providers") if isinstance(config, dict) else None
    found: dict[str, dict[str, Any]] = {}
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(given := each.get("config"), dict):
            known = {ours: given[name] for name, ours in _PARAMS.items() if name in given}
            for name in (each.get("id"), each.get("label")):
                if isinstance(name, str):
                    found[name] = known
    return found


def _version(about: Mapping[str, Any]) -> str:
    metadata = about.get("metadata")
    version = metadata.get("promptfooVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""


def _draw(
    line: Line,
    tests: Tests,
    seen: Counter[tuple[str, str]],
    settings: Mapping[str, Mapping[str, Any]],
    version: str,
) -> Draw:
    record, (name, label) = line.record, _provider(line)
    problem = tests.problem(record)
    index = seen[label, problem.id]
    seen[label, problem.id] += 1
    response = record.get("response")
    response = response if isinstance(response, dict) else {}
    output, failed = response.get("output"), _error(record, response)
    error = failed or failure(response.get("finishReason"))
    used = record.get("tokenUsage") or response.get("tokenUsage")
    used = used if isinstance(used, dict) else {}
    sample = Sample(
        problem.id,
        index,
        output if isinstance(output, str) else "" if output is None else json.dumps(output),
        "error" if failed else finish_reason(response.get("finishReason")),
        # 0 stands for "not counted": a prompt and an answer have tokens.
        prompt_tokens=count(used.get("prompt")) or None,
        completion_tokens=count(used.get("completion")) or None,
        model=label,
        params=settings.get(label) or settings.get(name) or {},
    )
    judged = () if error else tuple(opinions(record, version))
    unused = unread(record, _READ)
    return Draw(problem, sample, judged, line.place, error=error, version=version, unused=unused)


def _error(record: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """Return why there is no answer; "" if there is one. A test that failed has its reason in
    `error` too."""
    if response.get("output") is not None and record.get("failureReason") != _ERROR:
        return ""
    return str(response.get("error") or record.get("error") or "there is no output")
