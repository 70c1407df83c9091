"""Clients in processes of their own, for benchmarks/backends.py; each prints one JSON object.

python benchmarks/clients.py bare URL MODEL SETTINGS    the client library and a semaphore
python benchmarks/clients.py queue URL MODEL SETTINGS   the ttc backend with a long queue
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from common import questions, turns

Settings = dict[str, Any]


def bare(url: str, model: str, settings: Settings) -> Settings:
    """Stream all answers with at most `concurrency` under way, and count their tokens."""
    import openai

    # The same work: what a probe found the server to tell is asked for here, too.
    asked: dict[str, Any] = {"logprobs": True, "top_logprobs": 1} if settings["logprobs"] else {}
    client = openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0)

    async def draw(messages: list[dict[str, str]], free: asyncio.Semaphore) -> int:
        pieces, told = 0, None
        async with free:
            stream: Any = await client.chat.completions.create(
                model=model,
                messages=messages,  # type: ignore[arg-type]
                max_tokens=settings["max_tokens"],
                temperature=0.8,
                top_p=0.95,
                stream=True,
                stream_options={"include_usage": True},
                **asked,
            )
            async for piece in stream:
                if piece.choices and piece.choices[0].delta.content:
                    pieces += 1
                if piece.usage is not None:
                    told = piece.usage.completion_tokens
        return pieces if told is None else int(told)

    async def run() -> int:
        free = asyncio.Semaphore(settings["concurrency"])
        chats = [turns(messages) for messages in questions(settings)]
        draws = (draw(chat, free) for chat in chats for _ in range(settings["n"]))
        return sum(await asyncio.gather(*draws))

    return {"tokens": asyncio.run(run())}


def queue(url: str, model: str, settings: Settings) -> Settings:
    """Submit all requests, then wait for all; tell how they came back and what that took.

    The process may open `files` files.
    """
    from ttc.backends import Request
    from ttc.records import SamplingParams
    from ttc_openai import open_openai

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (settings["files"], hard))
    backend = open_openai(f"{url}#{model}", {"concurrency": settings["concurrency"]})
    chats = questions(settings)
    began = time.monotonic()
    for index in range(settings["requests"]):
        params = SamplingParams(max_tokens=1 + index * 7 % settings["max_tokens"])
        messages = chats[index % len(chats)]
        backend.submit(Request(str(index), messages, params=params, draw=index))
    submitted = time.monotonic() - began
    files, errors = 0, 0
    ends: list[float] = []
    back: set[str] = set()
    for count in range(settings["requests"]):
        done = backend.wait()
        back.add(done.request_id)
        ends.append(done.ended or 0.0)
        errors += done.finish_reason == "error"
        if count % 100 == 0 and os.path.isdir("/proc/self/fd"):
            files = max(files, len(os.listdir("/proc/self/fd")))
    seconds = time.monotonic() - began
    backend.close()
    return {
        "seconds": seconds,
        "submitted": submitted,
        "back": len(back),
        "errors": errors,
        "files": files,
        "out_of_order": sum(after < before for before, after in pairwise(ends)),
    }


CLIENTS: dict[str, Callable[[str, str, Settings], Settings]] = {"bare": bare, "queue": queue}

if __name__ == "__main__":
    which, address, name, given = sys.argv[1:]
    print(json.dumps(CLIENTS[which](address, name, json.loads(given))))
