"""What else draws or decodes with the same file: the rivals of engine.py."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from common import PATIENCE, Settings, cores, questions, turns

from ttc.records import Message


def loop(settings: Settings) -> Settings:
    """llama-cpp-python's high-level API, one draw after the other."""
    from llama_cpp import Llama

    from ttc_llamacpp.bindings import make_safe

    make_safe(Path(settings["model"]))
    length = settings["length"]
    llama = Llama(settings["model"], n_ctx=length, n_threads=cores(), verbose=False)
    same = {"temperature": 0.8, "top_p": 0.95, "top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}

    def draw(messages: tuple[Message, ...], seed: int, limit: int) -> int:
        done: Any = llama.create_chat_completion(
            turns(messages), max_tokens=limit, seed=seed, **same
        )
        return int(done["usage"]["completion_tokens"])

    asked = questions(settings)
    draw(asked[0], 0, 4)
    began, tokens, samples = time.perf_counter(), 0, 0
    for messages in asked:
        for seed in range(settings["loop_draws"]):
            tokens += draw(messages, seed, settings["max_tokens"])
            samples += 1
    return {"tokens": tokens, "samples": samples, "seconds": time.perf_counter() - began}


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str, body: Settings | None, timeout: float) -> Settings:
    """Send a request to a server on this machine; return its JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return dict(json.load(answer))


def server(settings: Settings) -> Settings:
    """llama-server with as many clients as it has slots."""
    slots, port = settings["slots"], free_port()
    command = [settings["binary"], "-m", settings["model"], "-np", str(slots)]
    command += ["-c", str(slots * settings["length"]), "-t", str(cores()), "-ngl", "0"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **quiet)
    try:
        return _ask_all(settings, f"http://127.0.0.1:{port}", slots, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ask_all(
    settings: Settings, url: str, slots: int, process: subprocess.Popen[bytes]
) -> Settings:
    until = time.monotonic() + 120
    while True:
        try:
            ask(f"{url}/health", None, 2)
            break
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("llama-server did not start") from None
            time.sleep(0.2)
    same = {"temperature": 0.8, "top_p": 0.95, "top_k": 0, "min_p": 0.0}

    def draw(messages: tuple[Message, ...], seed: int, limit: int) -> int:
        body = {"messages": turns(messages), "max_tokens": limit, "seed": seed, **same}
        done = ask(f"{url}/v1/chat/completions", body, PATIENCE)
        return int(done["usage"]["completion_tokens"])

    asked, limit = questions(settings), settings["max_tokens"]
    draw(asked[0], 0, 4)
    began = time.perf_counter()
    with ThreadPoolExecutor(slots) as clients:
        futures = [
            clients.submit(draw, messages, seed, limit)
            for messages in asked
            for seed in range(settings["n"])
        ]
        tokens = sum(future.result() for future in futures)
    return {"tokens": tokens, "samples": len(futures), "seconds": time.perf_counter() - began}


def batched(settings: Settings) -> Settings:
    """llama-batched-bench, which decodes and does not sample."""
    slots, prompt, generated = (
        settings[name] for name in ("slots", "prompt_tokens", "generated_tokens")
    )
    command = [settings["binary"], "-m", settings["model"], "-npp", str(prompt)]
    command += ["-ntg", str(generated), "-npl", str(slots), "-t", str(cores()), "-ngl", "0"]
    command += ["-c", str(slots * 256 * -(-(prompt + generated) // 256))]
    command += ["-fa", "on" if settings["flash"] else "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    rows = [line.strip("| ").split("|") for line in done.stdout.splitlines() if line[:1] == "|"]
    seconds = float(rows[-1][rows[0].index(next(h for h in rows[0] if "T_TG" in h))])
    return {"tokens": slots * generated, "seconds": seconds}
