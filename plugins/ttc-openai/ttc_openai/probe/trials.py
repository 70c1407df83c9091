"""What a server does with a model, each thing by its effect: what it takes it may yet ignore.

A trial returns what was found (True, False, a word; None if it cannot be told) and by what it was
seen.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ttc_openai.dialect import PREFIXES, REPEATED
from ttc_openai.errors import ExchangeError
from ttc_openai.probe.client import Answer, ProbeClient

_ASK = [{"role": "user", "content": "Write a story about a fox who crosses a river."}]
_SHORT, _LONG = 10, 96
_HOT: dict[str, Any] = {"temperature": 1.6}


class Finding(NamedTuple):
    """What a trial found, and by what it was seen."""

    found: Any
    seen: str


Trial = Callable[[ProbeClient, "Baseline"], Finding]


class Baseline:
    """What trials find that later ones use: the greedy answer, and what the server does."""

    def __init__(self, client: ProbeClient) -> None:
        self.whole = client.whole(messages=_ASK, max_tokens=_SHORT)
        self.greedy = self.whole.text
        self.side_by_side = False
        self.pieces_count = False


def usage(client: ProbeClient, known: Baseline) -> Finding:
    """Whether a stream ends with its token counts."""
    answer = client.streamed(
        messages=_ASK, max_tokens=_SHORT, stream_options={"include_usage": True}
    )
    told = answer.usage.completion
    return Finding(told is not None, f"stream_options: {told if told is not None else 'no'} tokens")


def chunks(client: ProbeClient, known: Baseline) -> Finding:
    """Whether a piece of a stream is a token, as counted in an answer of the same tokens."""
    answer = client.streamed(messages=_ASK, max_tokens=_SHORT)
    pieces, tokens = answer.first.tokens, known.whole.usage.completion
    if known.whole.first.finish != "length" or answer.text != known.greedy:
        return Finding(None, "two greedy answers differ")
    known.pieces_count = pieces == tokens
    return Finding(known.pieces_count, f"{pieces} pieces, {tokens} tokens")


def seed(client: ProbeClient, known: Baseline) -> Finding:
    """Whether a seed gives the same draw again, and another one another."""
    first, again, other = (
        client.whole(messages=_ASK, max_tokens=_SHORT, seed=value, **_HOT).text
        for value in (7, 7, 8)
    )
    if first == again == other:
        return Finding(False, "ignored: another seed draws the same")
    return Finding(first == again, "the same again" if first == again else "ignored: differs")


def n(client: ProbeClient, known: Baseline) -> Finding:
    """Whether one request may ask for two draws that differ."""
    answer = client.streamed(
        messages=_ASK, max_tokens=_SHORT, n=2, stream_options={"include_usage": True}, **_HOT
    )
    if len(answer.choices) < 2:
        return Finding(False, f"ignored: {len(answer.choices)} of 2 draws")
    texts = {each.text for each in answer.choices.values()}
    counted = sum(each.tokens for each in answer.choices.values())
    if len(texts) < 2:
        return Finding(False, "two copies of one draw")
    if answer.usage.completion != counted and not known.pieces_count:
        return Finding(
            False, f"two draws, but {answer.usage.completion} tokens in {counted} pieces"
        )
    return Finding(True, "two draws that differ")


def _tames(client: ProbeClient, known: Baseline, **field: Any) -> Finding:
    """Whether a filter that leaves one token makes hot draws greedy."""
    wild = [client.whole(messages=_ASK, max_tokens=_SHORT, **_HOT).text for _ in range(2)]
    tame = [client.whole(messages=_ASK, max_tokens=_SHORT, **_HOT, **field).text for _ in range(2)]
    if set(wild) == {known.greedy}:
        return Finding(None, "hot draws are greedy as they are")
    if set(tame) == {known.greedy}:
        return Finding(True, "hot draws become greedy")
    return Finding(False, "ignored: hot draws stay as they are")


def top_k(client: ProbeClient, known: Baseline) -> Finding:
    """Whether top_k takes effect."""
    return _tames(client, known, top_k=1)


def min_p(client: ProbeClient, known: Baseline) -> Finding:
    """Whether min_p takes effect."""
    return _tames(client, known, min_p=1.0)


def logprobs(client: ProbeClient, known: Baseline) -> Finding:
    """Whether log-probabilities are those of temperature 1, whatever the temperature."""
    found = []
    for temperature in (0.5, 2.0):
        answer = client.whole(
            messages=_ASK, max_tokens=1, temperature=temperature, logprobs=True, top_logprobs=5
        )
        content = (answer.last.get("logprobs") or {}).get("content") or []
        if not content or not content[0].get("top_logprobs"):
            return Finding(False, "none are told")
        # Not the first: some servers begin with the token that was drawn.
        best = max(content[0]["top_logprobs"], key=lambda each: float(each["logprob"]))
        found.append((best["token"], float(best["logprob"])))
    (token, cool), (other, hot) = found
    shown = f"{cool:.3f} at temperature 0.5, {hot:.3f} at 2"
    return Finding(token == other and abs(cool - hot) < 0.02 and cool <= 0, shown)


def prefix(client: ProbeClient, known: Baseline) -> Finding:
    """In which way an answer's beginning is continued, seen by the rest of the greedy answer."""
    middle = known.greedy.find(" ", len(known.greedy) // 2)
    begun, rest = known.greedy[:middle], known.greedy[middle:]
    if middle <= 0 or len(rest) < 3:
        return Finding("", "the greedy answer is too short to be cut in two")
    turns = [*_ASK, {"role": "assistant", "content": begun}]
    for name, fields in PREFIXES.items():
        try:
            answer = client.whole(messages=turns, max_tokens=_SHORT, **fields)
        except ExchangeError:
            continue
        sure = rest[: max(len(rest) - 2, 2)]
        if answer.text.startswith(sure):
            return Finding(name, "the rest of the greedy answer follows")
        if answer.text.startswith(begun + sure):
            return Finding(name + REPEATED, "the greedy answer comes, its beginning once more")
    return Finding("", "an answer that was begun is not continued")


def stop(client: ProbeClient, known: Baseline) -> Finding:
    """Whether the text ends before a stop string."""
    word = _middle(known.greedy)
    answer = client.whole(messages=_ASK, max_tokens=_SHORT, stop=[word])
    if word in answer.text:
        kept = answer.text.endswith(word)
        return Finding(False, "the stop string is kept" if kept else "ignored")
    return Finding(True, "the text ends before it")


def stop_told(client: ProbeClient, known: Baseline) -> Finding:
    """Whether it is said which stop string fired."""
    word = _middle(known.greedy)
    answer = client.streamed(messages=_ASK, max_tokens=_SHORT, stop=["never said", word])
    return Finding(answer.first.stop == word, f"{answer.first.stop or 'nothing'} is told")


def _middle(text: str) -> str:
    """Return a word of a text that does not begin it."""
    words = text.split()
    return words[len(words) // 2] if len(words) > 1 else text[1:]


def raw(client: ProbeClient, known: Baseline) -> Finding:
    """Whether there are completions of plain text."""
    answer = client.whole(prompt="Once upon a time", max_tokens=2)
    return Finding(bool(answer.text), "/completions answers")


def slots(client: ProbeClient, known: Baseline) -> Finding:
    """Whether two answers may be under way; some servers drop one for the next."""
    answers: list[Answer] = []
    faults: list[ExchangeError] = []

    def ask() -> None:
        try:
            answers.append(client.streamed(messages=_ASK, max_tokens=_SHORT * 2))
        except ExchangeError as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    if any(fault.drops for fault in faults):
        return Finding(1, "one is cut when another comes")
    if faults:
        return Finding(None, str(faults[0]))
    last_begun = max(answer.began for answer in answers)
    known.side_by_side = last_begun < min(answer.ended for answer in answers)
    how = "side by side" if known.side_by_side else "one after the other"
    return Finding(None, f"two answers came whole, {how}")


def frees(client: ProbeClient, known: Baseline) -> Finding:
    """Whether a closed connection ends its draw: seen by the server's own count of what it runs,
    else by how soon the next answer comes."""
    began = time.monotonic()
    client.streamed(pieces=3, messages=_ASK, max_tokens=_LONG)
    each = (time.monotonic() - began) / 3
    for _ in range(20):
        if (running := _running(client)) is None:
            break
        if running == 0:
            return Finding(True, "the server says that it runs nothing any more")
        time.sleep(min(each, 0.25))
    else:
        return Finding(False, "the server goes on with it")
    after = client.whole(messages=_ASK, max_tokens=1).seconds
    rest = each * (_LONG - 3)
    if after > rest / 2:
        return Finding(False, f"the next answer came after {after:.1f} s")
    return Finding(None if known.side_by_side else True, f"the next answer came in {after:.1f} s")


def _running(client: ProbeClient) -> int | None:
    """Return how many draws the server says that it runs, None if it does not say."""
    if (page := client.page("/slots")) is not None:
        try:
            return sum(bool(slot.get("is_processing")) for slot in json.loads(page))
        except (ValueError, AttributeError, TypeError):
            pass
    gauge = r"^(?:vllm:num_requests_running|llamacpp:requests_processing)\S*\s+(\S+)"
    values = re.findall(gauge, client.page("/metrics") or "", re.MULTILINE)
    return round(sum(map(float, values))) if values else None


def caches(client: ProbeClient, known: Baseline) -> Finding:
    """Whether a long prompt that was seen is not computed again."""
    turns = [{"role": "user", "content": f"{time.time_ns()}: " + "river fox stone " * 70}]
    first, second = (client.whole(messages=turns, max_tokens=1) for _ in range(2))
    if second.usage.cached:
        return Finding(True, f"{second.usage.cached} of {second.usage.prompt} tokens, it says")
    shown = f"{first.seconds:.2f} s, then {second.seconds:.2f} s"
    return Finding(second.seconds < first.seconds / 2, shown)
