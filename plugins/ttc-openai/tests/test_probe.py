"""What a probe finds, by its effect, on servers whose behaviour is known."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from ttc.backends import Request
from ttc.cli.main import run
from ttc.records import Message
from ttc.testing.http_server import ScriptedServer
from ttc_openai import open_openai

Serve = Callable[..., ScriptedServer]
Probed = Callable[..., Any]
EVERYTHING = ("n", "seed", "stop", "stop-told", "usage", "logprobs", "prefix", "raw", "filters")
# The trials, and what in a server's behaviour each is about.
ABOUT = {
    "token counts at the end of a stream": "usage",
    "raw prompts": "raw",
    "seeds": "seed",
    "several draws in one request (n)": "n",
    "top_k": "filters",
    "min_p": "filters",
    "log-probabilities at temperature 1": "logprobs",
    "an answer's beginning is continued": "prefix",
    "the text ends before a stop string": "stop",
    "the stop string that fired is reported": "stop-told",
}


@pytest.fixture
def probed(capsys: pytest.CaptureFixture[str]) -> Probed:
    """Run `ttc models probe MODEL --json` and return the document."""

    def call(model: str) -> Any:
        capsys.readouterr()
        assert run(["models", "probe", model, "--json", "-q"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("lacking", ["", *EVERYTHING])
def test_each_thing_is_found_by_its_effect(serve: Serve, probed: Probed, lacking: str) -> None:
    able = frozenset(EVERYTHING) - {lacking}
    # Which stop string fired can only be told where it fires; n is seen by counts.
    able -= {"stop-told"} if lacking == "stop" else set()
    able -= {"n"} if lacking == "usage" else set()
    server = serve(able=able, pace=0.002, tokens=120)
    document = probed(server.url)
    found = {row["trial"]: row["found"] for row in document["rows"]}
    for trial, name in ABOUT.items():
        wanted = "yes" if name in able else "no"
        if name == "prefix" and name in able:
            wanted = "continue_final_message"
        assert found[trial] == wanted, (trial, document["rows"])
    assert found["a piece of a stream is a token"] == "yes"
    claimed = {name for name in ("seed", "logprobs", "prefix") if name in able}
    claimed |= {"alternatives", "token-logprobs"} if "logprobs" in able else set()
    # It has no switch for reasoning; what it does with other arguments of a template is unknown.
    always = {"cancel", "stop-kept", "request-fields", "template-arguments"}
    assert set(document["capabilities"]) == claimed | always
    # It is used from now on, without asking again.
    asked = len(server.asked)
    backend = open_openai(f"{server.url}#scripted", {})
    assert backend.capabilities == set(document["capabilities"])
    assert backend.model.fingerprint == document["model"]["fingerprint"]
    assert len(server.asked) == asked


def test_a_server_that_drops_one_answer_for_the_next(serve: Serve, probed: Probed) -> None:
    server = serve(pace=0.01, tokens=120)
    # The sixth and seventh requests are the two at once.
    server.behaviour.faults.extend(["none"] * 5 + ["cut"])
    found = {row["trial"]: row for row in probed(server.url)["rows"]}
    assert found["answers at a time, if more are cut off"]["found"] == "1"


def test_weights_that_a_server_tells_of_are_kept(serve: Serve, probed: Probed) -> None:
    server = serve(meta={"n_params": 134515008, "size": 98000000, "n_ctx_train": 2048})
    model = probed(server.url)["model"]
    assert (model["parameters"], model["context_length"]) == (134515008, 2048)
    again = open_openai(f"{server.url}#scripted", {}).model
    assert again.fingerprint == model["fingerprint"]


def test_the_table(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    server = serve()
    assert run(["models", "probe", server.url]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 26
    assert "used from now on, kept in" in told.err


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("scripted:tokens=5", 2, "no server to probe"),
        ("http://127.0.0.1:1/v1", 3, "cannot be reached"),
    ],
)
def test_what_cannot_be_probed(
    capsys: pytest.CaptureFixture[str], model: str, code: int, words: str
) -> None:
    assert run(["models", "probe", model]) == code
    assert words in capsys.readouterr().err


def test_a_server_that_draws_nothing_cannot_be_probed(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(always="500")
    assert run(["models", "probe", f"{server.url}#scripted"]) == 3
    assert "cannot be probed" in capsys.readouterr().err
    assert run(["models", "probe", f"{server.url}#other"]) == 3


def test_fewer_of_the_likeliest_tokens_than_were_asked_for(serve: Serve, probed: Probed) -> None:
    """The server tells five of them, however many it is asked for."""
    server = serve(able=frozenset(EVERYTHING), tokens=20)
    probed(server.url)
    with closing(open_openai(f"{server.url}#scripted", {})) as backend:
        turns = (Message("user", "hello"),)
        for alternatives in (5, 20):
            backend.submit(Request(str(alternatives), turns, alternatives=alternatives))
        done = {each.request_id: each for each in (backend.wait(), backend.wait())}
    with closing(open_openai(f"{server.url}#scripted", {"logprobs": False})) as backend:
        assert not {"logprobs", "alternatives"} & backend.capabilities
    # 1/2, 1/4, …: the mean of their logarithms is that of 1/8.
    assert done["5"].confidences == pytest.approx([math.log(8)] * 20)
    assert done["20"].finish_reason == "error"
    assert "the server gives 5 of the likeliest tokens, not 20" in (done["20"].error or "")
