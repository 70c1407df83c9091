"""`ttc models probe`: run every trial, report the results as a table and keep them as traits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from ttc.errors import BackendError
from ttc.records import SamplingParams
from ttc_openai import server_traits
from ttc_openai.errors import ExchangeError
from ttc_openai.events import MalformedError
from ttc_openai.probe import request_trials, trials
from ttc_openai.probe.baseline import Baseline, Trial, TrialResult
from ttc_openai.probe.client import ProbeClient
from ttc_openai.server import ModelServer, weights_of
from ttc_openai.server_traits import ServerTraits
from ttc_openai.supported_params import find_unset_params

# In the order of trying: later trials use earlier results. A trait each, and its description.
TRIALS: Mapping[str, tuple[Trial, str]] = {
    "usage": (trials.usage, "token counts at the end of a stream"),
    "chunks": (trials.chunks, "a piece of a stream is a token"),
    "raw": (trials.raw, "raw prompts"),
    "slots": (trials.slots, "answers at a time, if more are cut off"),
    "seed": (trials.seed, "seeds"),
    "n": (trials.n, "several draws in one request (n)"),
    "top_k": (trials.top_k, "top_k"),
    "min_p": (trials.min_p, "min_p"),
    "logprobs": (trials.logprobs, "log-probabilities at temperature 1"),
    "prefix": (trials.prefix, "an answer's beginning is continued"),
    "stop_stripped": (trials.stop, "the text ends before a stop string"),
    "stop_told": (trials.stop_told, "the stop string that fired is reported"),
    "frees": (trials.frees, "a closed connection ends its draw"),
    "caches": (trials.caches, "a known prompt is not computed again"),
    "template_arguments": (request_trials.template_arguments, "arguments of the chat template"),
    "switch": (request_trials.switch, "reasoning on and off"),
    "effort": (request_trials.effort, "an effort of reasoning"),
    "budget": (request_trials.budget, "thoughts of at most N tokens"),
    "schema": (request_trials.schema, "answers by a JSON Schema"),
    "grammar": (request_trials.grammar, "answers by a grammar"),
    "regex": (request_trials.regex, "answers by a pattern"),
    "logprobs_constrained": (
        request_trials.logprobs_constrained,
        "log-probabilities without the constraint",
    ),
    "logit_bias": (request_trials.logit_bias, "logit_bias"),
    "logprobs_biased": (request_trials.logprobs_biased, "log-probabilities without the bias"),
    "penalties": (request_trials.penalties, "presence and frequency penalties"),
    "repeat_penalty": (request_trials.repeat_penalty, "a penalty on repetitions"),
}


def probe(
    server: ModelServer, tell: Callable[[str], None]
) -> tuple[ServerTraits, list[dict[str, Any]], Path]:
    """Run every trial; return the traits, the rows of the table and where the traits are kept.

    Raises BackendError if the server cannot be reached or does not draw at all.
    """
    unprobed = replace(server, traits=replace(server.traits, weights={}))
    server, entry = unprobed.check()
    about = weights_of(entry)
    server = replace(
        server, traits=find_unset_params(server, SamplingParams(temperature=1.0, top_p=1.0))
    )
    rows, found = [], dict[str, Any]()
    with closing(ProbeClient(server)) as client:
        try:
            baseline = Baseline(client)
        except (ExchangeError, MalformedError) as error:
            raise BackendError(f"{server.address.spec}: cannot be probed: {error}") from None
        for name, (trial, question) in TRIALS.items():
            finding = _tried(trial, client, baseline)
            tell(f"{question}: {shown(finding.found)} ({finding.seen})")
            found[name] = finding.found
            rows.append({"trial": question, "found": shown(finding.found), "seen": finding.seen})
    traits = _traits(found, about, server.traits)
    try:
        return traits, rows, server_traits.write(server.address, traits)
    except OSError as error:
        raise BackendError(f"the findings cannot be written: {error}") from None


def _tried(trial: Trial, client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Run a trial. A server that rejects the request does not support it; an error is no result."""
    try:
        return trial(client, baseline)
    except ExchangeError as error:
        refused = error.refused is not None or (error.all and not error.again)
        return TrialResult(False if refused else None, f"failed: {str(error)[:90]}")
    except MalformedError as error:
        return TrialResult(None, f"failed: {error}")


def _traits(
    found: Mapping[str, Any], about: Mapping[str, Any], before: ServerTraits
) -> ServerTraits:
    """Return results as traits: what must be certain to hold is False where it is unknown."""
    sure = ("seed", "n", "top_k", "min_p", "logprobs", "stop_told", "raw")
    settled: dict[str, Any] = {name: bool(found[name]) for name in sure}
    settled |= {"unset": before.unset, "taken": before.taken}
    return ServerTraits(
        **{**found, **settled, "prefix": found["prefix"] or ""}, weights=about, probed=True
    )


def shown(found: Any) -> str:
    """Return a result in a word."""
    if found is None:
        return "?"
    return ("yes" if found else "no") if isinstance(found, bool) else str(found) or "no"
