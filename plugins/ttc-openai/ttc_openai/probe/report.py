"""`ttc models probe`: every trial, one table, and what is kept of it."""

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
from ttc_openai.probe import trials
from ttc_openai.probe.client import ProbeClient
from ttc_openai.probe.trials import Baseline, Finding, Trial
from ttc_openai.server import ModelServer, weights
from ttc_openai.server_traits import ServerTraits
from ttc_openai.supported_params import settle

# In the order of trying: what a later trial goes by comes first. A trait each, and a question.
TRIALS: Mapping[str, tuple[Trial, str]] = {
    "usage": (trials.usage, "token counts at the end of a stream"),
    "chunks": (trials.chunks, "a piece of a stream is a token"),
    "raw": (trials.raw, "raw prompts"),
    "slots": (trials.slots, "answers at a time, where more are cut"),
    "seed": (trials.seed, "seeds"),
    "n": (trials.n, "several draws in one request (n)"),
    "top_k": (trials.top_k, "top_k"),
    "min_p": (trials.min_p, "min_p"),
    "logprobs": (trials.logprobs, "log-probabilities at temperature 1"),
    "prefix": (trials.prefix, "an answer's beginning is continued"),
    "stop_stripped": (trials.stop, "the text ends before a stop string"),
    "stop_told": (trials.stop_told, "which stop string fired is told"),
    "frees": (trials.frees, "a closed connection frees its place"),
    "caches": (trials.caches, "a prompt that was seen is not computed again"),
}


def probe(
    server: ModelServer, tell: Callable[[str], None]
) -> tuple[ServerTraits, list[dict[str, Any]], Path]:
    """Try everything; return what was found, as rows too, and where it is kept.

    BackendError if the server cannot be asked, or does not draw at all.
    """
    unprobed = replace(server, traits=replace(server.traits, weights={}))
    server, told = unprobed.check()
    about = weights(told)
    server = replace(server, traits=settle(server, SamplingParams(temperature=1.0, top_p=1.0)))
    rows, found = [], dict[str, Any]()
    with closing(ProbeClient(server)) as client:
        try:
            known = Baseline(client)
        except (ExchangeError, MalformedError) as error:
            raise BackendError(f"{server.address.spec}: cannot be probed: {error}") from None
        for name, (trial, question) in TRIALS.items():
            finding = _tried(trial, client, known)
            tell(f"{question}: {shown(finding.found)} ({finding.seen})")
            found[name] = finding.found
            rows.append({"trial": question, "found": shown(finding.found), "seen": finding.seen})
    traits = _traits(found, about, server.traits)
    try:
        return traits, rows, server_traits.write(server.address, traits)
    except OSError as error:
        raise BackendError(f"what was found cannot be kept: {error}") from None


def _tried(trial: Trial, client: ProbeClient, known: Baseline) -> Finding:
    """Try one thing. A server that refuses it does not do it; one that breaks tells nothing."""
    try:
        return trial(client, known)
    except ExchangeError as error:
        refused = error.refused is not None or (error.all and not error.again)
        return Finding(False if refused else None, f"failed: {str(error)[:90]}")
    except MalformedError as error:
        return Finding(None, f"failed: {error}")


def _traits(
    found: Mapping[str, Any], about: Mapping[str, Any], before: ServerTraits
) -> ServerTraits:
    """Return findings as traits: what must be known to hold is False where it is not."""
    sure = ("seed", "n", "top_k", "min_p", "logprobs", "stop_told", "raw")
    settled: dict[str, Any] = {name: bool(found[name]) for name in sure}
    settled |= {"unset": before.unset, "taken": before.taken}
    return ServerTraits(
        **{**found, **settled, "prefix": found["prefix"] or ""}, weights=about, probed=True
    )


def shown(found: Any) -> str:
    """Return a finding in a word."""
    if found is None:
        return "?"
    return ("yes" if found else "no") if isinstance(found, bool) else str(found) or "no"
