"""Trials of what a server does with a model, each judged by its effect.

That a server accepts a field does not mean that it heeds it. A trial returns what was found (True,
False, a word; None if it is unknown) and the evidence.
"""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

from ttc_openai.dialect import PREFIXES, REPEATED
from ttc_openai.errors import ExchangeError
from ttc_openai.probe.baseline import ASK, HOT, SHORT, Baseline, TrialResult
from ttc_openai.probe.client import ProbeAnswer, ProbeClient

_LONG = 96


def usage(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether a stream ends with its token counts."""
    answer = client.streamed(messages=ASK, max_tokens=SHORT, stream_options={"include_usage": True})
    count = answer.usage.completion
    shown = "no" if count is None else count
    return TrialResult(count is not None, f"stream_options: {shown} tokens")


def chunks(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether a piece of a stream is a token, by an answer of the same tokens."""
    answer = client.streamed(messages=ASK, max_tokens=SHORT)
    pieces, tokens = answer.first.tokens, baseline.whole.usage.completion
    if baseline.whole.first.finish != "length" or answer.text != baseline.greedy:
        return TrialResult(None, "two greedy answers differ")
    baseline.pieces_count = pieces == tokens
    return TrialResult(baseline.pieces_count, f"{pieces} pieces, {tokens} tokens")


def seed(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether a seed repeats a draw, and another seed gives another draw."""
    first, again, other = (
        client.whole(messages=ASK, max_tokens=SHORT, seed=value, **HOT).text for value in (7, 7, 8)
    )
    if first == again == other:
        return TrialResult(False, "ignored: another seed draws the same")
    return TrialResult(first == again, "the same again" if first == again else "ignored: differs")


def n(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether one request may ask for two draws that differ."""
    answer = client.streamed(
        messages=ASK, max_tokens=SHORT, n=2, stream_options={"include_usage": True}, **HOT
    )
    if len(answer.choices) < 2:
        return TrialResult(False, f"ignored: {len(answer.choices)} of 2 draws")
    texts = {each.text for each in answer.choices.values()}
    counted = sum(each.tokens for each in answer.choices.values())
    if len(texts) < 2:
        return TrialResult(False, "two copies of one draw")
    if answer.usage.completion != counted and not baseline.pieces_count:
        return TrialResult(
            False, f"two draws, but {answer.usage.completion} tokens in {counted} pieces"
        )
    return TrialResult(True, "two draws that differ")


def _filters_hot_draws(client: ProbeClient, baseline: Baseline, **field: Any) -> TrialResult:
    """Test whether a filter that leaves one token makes hot draws greedy."""
    wild = [client.whole(messages=ASK, max_tokens=SHORT, **HOT).text for _ in range(2)]
    tame = [client.whole(messages=ASK, max_tokens=SHORT, **HOT, **field).text for _ in range(2)]
    if set(wild) == {baseline.greedy}:
        return TrialResult(None, "hot draws are greedy as they are")
    if set(tame) == {baseline.greedy}:
        return TrialResult(True, "hot draws become greedy")
    return TrialResult(False, "ignored: hot draws stay as they are")


def top_k(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether top_k takes effect."""
    return _filters_hot_draws(client, baseline, top_k=1)


def min_p(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether min_p takes effect."""
    return _filters_hot_draws(client, baseline, min_p=1.0)


def logprobs(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether log-probabilities are those of temperature 1, whatever the temperature."""
    found = []
    for temperature in (0.5, 2.0):
        answer = client.whole(
            messages=ASK, max_tokens=1, temperature=temperature, logprobs=True, top_logprobs=5
        )
        content = (answer.last.get("logprobs") or {}).get("content") or []
        if not content or not content[0].get("top_logprobs"):
            return TrialResult(False, "none are returned")
        # Not the first: some servers put the sampled token first.
        best = max(content[0]["top_logprobs"], key=lambda each: float(each["logprob"]))
        found.append((best["token"], float(best["logprob"])))
    (token, cool), (other, hot) = found
    shown = f"{cool:.3f} at temperature 0.5, {hot:.3f} at 2"
    return TrialResult(token == other and abs(cool - hot) < 0.02 and cool <= 0, shown)


def prefix(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Find how an answer's beginning is continued, judged by the rest of the greedy answer."""
    middle = baseline.greedy.find(" ", len(baseline.greedy) // 2)
    begun, rest = baseline.greedy[:middle], baseline.greedy[middle:]
    if middle <= 0 or len(rest) < 3:
        return TrialResult("", "the greedy answer is too short to be cut in two")
    turns = [*ASK, {"role": "assistant", "content": begun}]
    for name, fields in PREFIXES.items():
        try:
            answer = client.whole(messages=turns, max_tokens=SHORT, **fields)
        except ExchangeError:
            continue
        sure = rest[: max(len(rest) - 2, 2)]
        if answer.text.startswith(sure):
            return TrialResult(name, "the rest of the greedy answer follows")
        if answer.text.startswith(begun + sure):
            return TrialResult(name + REPEATED, "the whole greedy answer follows")
    return TrialResult("", "the beginning of an answer is not continued")


def stop(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether the text ends before a stop string."""
    word = _middle(baseline.greedy)
    answer = client.whole(messages=ASK, max_tokens=SHORT, stop=[word])
    if word in answer.text:
        kept = answer.text.endswith(word)
        return TrialResult(False, "the stop string is kept" if kept else "ignored")
    return TrialResult(True, "the text ends before it")


def stop_told(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether the server reports which stop string fired."""
    word = _middle(baseline.greedy)
    answer = client.streamed(messages=ASK, max_tokens=SHORT, stop=["never said", word])
    return TrialResult(answer.first.stop == word, f"{answer.first.stop or 'nothing'} is reported")


def _middle(text: str) -> str:
    """Return a word from the middle of a text."""
    words = text.split()
    return words[len(words) // 2] if len(words) > 1 else text[1:]


def raw(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether plain text can be completed."""
    answer = client.whole(prompt="Once upon a time", max_tokens=2)
    return TrialResult(bool(answer.text), "/completions answers")


def slots(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether two answers may be in progress; some servers drop one for the next."""
    answers: list[ProbeAnswer] = []
    faults: list[ExchangeError] = []

    def ask() -> None:
        try:
            answers.append(client.streamed(messages=ASK, max_tokens=SHORT * 2))
        except ExchangeError as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    if any(fault.drops for fault in faults):
        return TrialResult(1, "an answer is cut off when another request comes")
    if faults:
        return TrialResult(None, str(faults[0]))
    last_begun = max(answer.began for answer in answers)
    baseline.side_by_side = last_begun < min(answer.ended for answer in answers)
    how = "side by side" if baseline.side_by_side else "one after the other"
    return TrialResult(None, f"two answers came whole, {how}")


def frees(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether a closed connection ends its draw, by its own count or the next answer."""
    began = time.monotonic()
    client.streamed(pieces=3, messages=ASK, max_tokens=_LONG)
    each = (time.monotonic() - began) / 3
    for _ in range(20):
        if (running := _running(client)) is None:
            break
        if running == 0:
            return TrialResult(True, "the server reports no running draws")
        time.sleep(min(each, 0.25))
    else:
        return TrialResult(False, "the server keeps running it")
    after = client.whole(messages=ASK, max_tokens=1).seconds
    rest = each * (_LONG - 3)
    if after > rest / 2:
        return TrialResult(False, f"the next answer came after {after:.1f} s")
    freed = None if baseline.side_by_side else True
    return TrialResult(freed, f"the next answer came in {after:.1f} s")


def _running(client: ProbeClient) -> int | None:
    """Return how many draws the server reports as running, None if it does not."""
    if (page := client.page("/slots")) is not None:
        try:
            return sum(bool(slot.get("is_processing")) for slot in json.loads(page))
        except (ValueError, AttributeError, TypeError):
            pass
    gauge = r"^(?:vllm:num_requests_running|llamacpp:requests_processing)\S*\s+(\S+)"
    values = re.findall(gauge, client.page("/metrics") or "", re.MULTILINE)
    return round(sum(map(float, values))) if values else None


def caches(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether a long prompt is not computed again the second time."""
    turns = [{"role": "user", "content": f"{time.time_ns()}: " + "river fox stone " * 70}]
    first, second = (client.whole(messages=turns, max_tokens=1) for _ in range(2))
    if second.usage.cached:
        return TrialResult(True, f"{second.usage.cached} of {second.usage.prompt} tokens cached")
    shown = f"{first.seconds:.2f} s, then {second.seconds:.2f} s"
    return TrialResult(second.seconds < first.seconds / 2, shown)
