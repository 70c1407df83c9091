"""Many requests at once: each has its own answer, takes its turn, and shares what is the same."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving.conftest import HTTP, SCRIPTED, Server, in_process

from ttc.api import solve
from ttc.serving.options import ServeOptions
from ttc.solving.options import SolveOptions

# The server's work does not depend on the version of Python.
pytestmark = pytest.mark.slow
MANY = 200


def all_at_once(url: str, texts: list[str], **more: Any) -> list[httpx.Response]:
    """Ask all questions at the same time; return the answers in their order."""

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=len(texts))
        async with httpx.AsyncClient(verify=False, timeout=100, limits=limits) as client:
            bodies = ({"messages": [{"role": "user", "content": text}], **more} for text in texts)
            posts = [client.post(f"{url}/chat/completions", json=body) for body in bodies]
            return await asyncio.gather(*posts)

    return asyncio.run(ask())


def test_200_at_once_are_answered_each_its_own(shared: Server) -> None:
    texts = [f"{i} at once: how many?" for i in range(MANY)]
    got = all_at_once(shared.url, texts)
    assert Counter(each.status_code for each in got) == {200: MANY}
    answers = [each.json() for each in got]
    assert len({each["id"] for each in answers}) == MANY
    for text, answer in list(zip(texts, answers, strict=True))[:: MANY // 10]:
        own = solve(text, 8, model=SCRIPTED, method="majority")
        assert own.node is not None
        assert answer["choices"][0]["message"]["content"] == own.node.trace
        assert answer["ttc"]["votes"] == own.votes
    again = all_at_once(shared.url, texts)
    first = [each["choices"][0]["message"]["content"] for each in answers]
    assert [each.json()["choices"][0]["message"]["content"] for each in again] == first
    assert sum(each.json()["ttc"]["tokens"] for each in again) == 0


def options(model: str, **more: Any) -> ServeOptions:
    return ServeOptions(SolveOptions(model=model, method="majority", n=more.pop("n", 8)), **more)


def test_the_same_question_at_once_is_drawn_once() -> None:
    model = "scripted:answers=18*3/20*1,tokens=20,slots=64,tick=0.01"
    with in_process(options(model)) as (url, service):
        got = [each.json() for each in all_at_once(url, ["How many?"] * 20)]
    texts = {each["choices"][0]["message"]["content"] for each in got}
    assert len(texts) == 1
    del service
    from ttc.paths import default_database
    from ttc.store import Store

    with Store.reading(default_database()) as store:
        (count,) = store.reader.execute("SELECT count(*) FROM samples").fetchone()
        (attempts,) = store.reader.execute("SELECT count(*) FROM attempts").fetchone()
    assert (count, attempts) == (8, 0)


def test_fresh_draws_at_once_are_all_kept() -> None:
    with in_process(options(SCRIPTED, fresh=True)) as (url, _):
        got = [each.json() for each in all_at_once(url, ["How many?"] * 10)]
    texts = [each["choices"][0]["message"]["content"] for each in got]
    assert len(set(texts)) > 5
    assert sum(each["ttc"]["draws"] for each in got) == 80
    from ttc.paths import default_database
    from ttc.store import Store

    with Store.reading(default_database()) as store:
        (count,) = store.reader.execute("SELECT count(*) FROM samples").fetchone()
    assert count == 80


def test_a_small_request_does_not_wait_for_a_large_one() -> None:
    """256 draws on 4 slots take 5 s; 2 draws that come after them take their turn."""
    model = "scripted:answers=18,tokens=8,slots=4,tick=0.01"
    with in_process(options(model, n=256)) as (url, _):

        async def ask() -> tuple[float, bool]:
            async with httpx.AsyncClient(verify=False, timeout=60) as client:
                where = f"{url}/chat/completions"
                large = asyncio.create_task(client.post(where, json=body("Large?")))
                await asyncio.sleep(0.5)
                began = time.monotonic()
                small = await client.post(where, json=body("Small?", ttc={"n": 2}))
                assert small.status_code == 200
                took, running = time.monotonic() - began, not large.done()
                large.cancel()
                return took, running

        took, running = asyncio.run(ask())
    assert running
    assert took < 3


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


def test_a_new_request_joins_those_under_way() -> None:
    model = "scripted:answers=18,tokens=50,slots=64,tick=0.02"
    with in_process(options(model, n=4)) as (url, _):
        began = time.monotonic()

        async def ask() -> None:
            async with httpx.AsyncClient(verify=False, timeout=60) as client:
                first = asyncio.create_task(client.post(f"{url}/chat/completions", json=body("1?")))
                await asyncio.sleep(0.5)
                second = await client.post(f"{url}/chat/completions", json=body("2?"))
                assert (await first).status_code == second.status_code == 200

        asyncio.run(ask())
        took = time.monotonic() - began
    assert took < 1.9, "one after the other they take 2 s"


def test_several_models_have_an_engine_each(tmp_path: Path) -> None:
    (tmp_path / "ttc.toml").write_text(
        "[models.one]\nmodel = 'scripted:answers=1'\n[models.two]\nmodel = 'scripted:answers=2'\n"
    )
    with in_process(options("one")) as (url, service):
        for name in ("one", "two", "first-finish@two", "one"):
            got = HTTP.post(f"{url}/chat/completions", json=body("Which?", model=name), timeout=30)
            assert got.json()["ttc"]["answer"] == ("2" if "two" in name else "1")
        assert set(service._engines) == {"one", "two"}


@pytest.mark.parametrize("model", ["scripted:answers=1,fail=0.3", "scripted:answers=7,think=5-9"])
def test_faults_and_thoughts(model: str) -> None:
    with in_process(options(model)) as (url, _):
        got = HTTP.post(f"{url}/chat/completions", json=body("How many?"), timeout=30).json()
    (choice,) = got["choices"]
    assert "<think>" not in choice["message"]["content"]
    assert ("reasoning_content" in choice["message"]) == ("think" in model)
    if "think" in model:
        assert got["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
