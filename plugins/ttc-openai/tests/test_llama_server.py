"""llama-cpp-python's server, a real one: its probe, the contract, and a run from end to end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.cli.main import run
from ttc.records import Message, SamplingParams
from ttc.testing.contract import BackendContract
from ttc_openai import open_openai

Complete = Callable[..., list[Completion]]


@pytest.fixture(scope="module")
def backend(llama_server: str, probed: Callable[[str], Backend]) -> Iterator[Backend]:
    backend = probed(llama_server)
    yield backend
    backend.close()


class TestContract(BackendContract):
    """It draws one after the other."""

    rounds = 1
    requests = 8
    long = 24

    @pytest.fixture
    def spare(self, llama_server: str) -> Iterator[Backend]:
        backend = open_openai(llama_server, {})
        yield backend
        backend.close()


def test_what_this_server_does_is_found_out(backend: Backend, llama_server: str) -> None:
    from ttc_openai import server_traits
    from ttc_openai.address import Address

    found = server_traits.read(Address(llama_server, "smollm2"))
    # It ignores n (abetlen/llama-cpp-python#1906), counts nothing in streams, tells no stop.
    assert (found.seed, found.n, found.top_k, found.min_p) == (True, False, True, True)
    assert (found.usage, found.chunks, found.stop_told, found.raw) == (False, True, False, True)
    assert (found.logprobs, found.prefix, found.stop_stripped) == (True, "", True)
    assert backend.capabilities == {
        "seed",
        "logprobs",
        "alternatives",
        "token-logprobs",
        "cancel",
        "stop-kept",
        "schema",
        "grammar",
        "logit-bias",
        "penalties",
        "repeat-penalty",
        "template-arguments",
        "request-fields",
    }
    assert (found.schema, found.grammar, found.regex) == ("json_object", "grammar", "")
    assert (found.logit_bias, found.penalties, found.repeat_penalty) == (
        True,
        True,
        "repeat_penalty",
    )
    assert (found.logprobs_constrained, found.logprobs_biased) == (True, True)
    assert (found.switch, found.effort, found.budget) == ("", "", None)


def test_draws_are_those_of_the_model(
    backend: Backend, complete: Complete, llama_server: str, weights: Path
) -> None:
    """Greedy text, token counts and log-probability, beside llama.cpp asked directly."""
    from ttc_llamacpp import open_llamacpp

    params = SamplingParams(temperature=0, max_tokens=12)
    request = Request("a", (Message("user", "Name three colours."),), params=params)
    direct = open_llamacpp(str(weights), {"slots": 1, "threads": 1, "profile": "off"})
    try:
        (theirs,) = complete(direct, request)
    finally:
        direct.close()
    (ours,) = complete(backend, request)
    assert (ours.text, ours.finish_reason) == (theirs.text, theirs.finish_reason)
    assert (ours.prompt_tokens, ours.completion_tokens) == (
        theirs.prompt_tokens,
        theirs.completion_tokens,
    )
    assert ours.logprob == pytest.approx(theirs.logprob, abs=0.2)


def test_from_a_server_to_a_curve(
    backend: Backend,
    llama_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTC_DB", str(tmp_path / "ttc.db"))
    rows = [{"id": f"s{i}", "question": f"What is {i} + 1?", "answer": str(i + 1)} for i in (1, 2)]
    Path("d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    sample = ["sample", "d.jsonl", "-n", "2", "-m", llama_server, "--max-tokens", "12"]
    sample += ["--pool", "p", "-q", "-o", "out.jsonl"]
    assert run(sample) == 0
    lines = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert len(lines) == 4
    assert {line["model"] for line in lines} == {"smollm2"}
    assert all(line["seed"] is not None and line["logprob"] <= 0 for line in lines)
    assert all(0 < line["completion_tokens"] <= 12 for line in lines)
    assert run(["verify", "p", "-V", "numeric", "-q"]) == 0
    capsys.readouterr()
    assert run(["sweep", "p", "-s", "coverage", "-k", "1,2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == 2


@pytest.mark.parametrize(("problems", "n"), [(3, 3), (4, 16)])
def test_a_server_that_ends_one_answer_for_the_next_loses_none(
    problems: int,
    n: int,
    interrupting_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Unprobed, as a newcomer meets it."""
    from ttc_openai import server_traits
    from ttc_openai.address import Address

    server_traits.keep_limit(Address(interrupting_server, "smollm2"), None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTC_DB", str(tmp_path / "ttc.db"))
    rows = [{"id": f"s{i}", "question": f"What is {i} + 1?"} for i in range(problems)]
    Path("d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    sample = ["sample", "d.jsonl", "-n", str(n), "-m", interrupting_server, "--max-tokens", "12"]
    assert run([*sample, "--pool", "p", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["drawn"], told["errors"]) == (problems * n, 0)
    # And the next run begins with what was found out.
    assert server_traits.read(Address(interrupting_server, "smollm2")).bears in (1, 2)
