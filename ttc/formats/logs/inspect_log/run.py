"""What the header of a log of inspect says of all its samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.errors import UsageError
from ttc.formats.logs.inspect_log.scores import OURS

# The settings of a run that change the distribution of its draws; others are of the transport.
PARAMETERS = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "stop_seqs",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "best_of",
    "effort",
    "reasoning_effort",
    "reasoning_mode",
    "reasoning_tokens",
    "reasoning_history",
    "verbosity",
    "response_schema",
)


@dataclass(frozen=True, slots=True)
class Run:
    """What the header of a log says of all its samples."""

    model: str | None
    version: str
    params: Mapping[str, Any]
    scorers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    id: str = ""
    scorer: str = "score"
    question: str = "messages"


def run_of(header: Mapping[str, Any], question: str, place: str) -> Run:
    """Return what the header of a log says. UsageError if it is none."""
    about = header.get("eval")
    if not isinstance(about, Mapping):
        raise UsageError(f"{place}: no log of inspect: its header has no 'eval'")
    plan = header.get("plan")
    config = plan.get("config") if isinstance(plan, Mapping) else None
    told = {**(about.get("model_generate_config") or {}), **(config or {})}
    params = {name: told[name] for name in PARAMETERS if told.get(name) not in (None, [], {})}
    ours = (about.get("metadata") or {}).get(OURS)
    if isinstance(ours, Mapping) and isinstance(ours.get("params"), Mapping):
        params = dict(ours["params"])
    scorers = {
        str(each.get("name")): each.get("options") or {}
        for each in about.get("scorers") or ()
        if isinstance(each, Mapping)
    }
    version = str((about.get("packages") or {}).get("inspect_ai") or "")
    model = about.get("model")
    run = str(about.get("eval_id") or about.get("run_id") or "")
    # Before its version 2, a log had one scorer, and each sample one score.
    results = header.get("results")
    first = results.get("scorer") if isinstance(results, Mapping) else None
    scorer = str(first.get("name")) if isinstance(first, Mapping) else "score"
    return Run(
        None if model is None else str(model), version, params, scorers, run, scorer, question
    )
