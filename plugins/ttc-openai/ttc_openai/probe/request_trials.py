"""Trials of what a request may say: constraints, biases, penalties, and how to reason.

Servers ignore many of these fields in silence, so each is judged by what it changes. Where a field
has several forms, a trial finds the first one that has an effect; "" if none has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ttc.answers import thinking
from ttc_openai import forms
from ttc_openai.contents import number
from ttc_openai.errors import ExchangeError
from ttc_openai.probe.baseline import ASK, Baseline, TrialResult
from ttc_openai.probe.client import ProbeAnswer, ProbeClient

_TOKEN = 1000
# What no model says by itself.
_ODD = {"zq": "qx7v"}
_SCHEMA = {
    "type": "object",
    "properties": {"zq": {"type": "string", "enum": ["qx7v"]}},
    "required": ["zq"],
    "additionalProperties": False,
}
_GRAMMAR, _REGEX = 'root ::= "qx7v-" [0-9]', "qx7v-[0-9]"
_AGAIN = [{"role": "user", "content": "Say the word fox twelve times: fox fox fox fox fox fox"}]
_RIDDLE = [
    {"role": "user", "content": "How many times is the letter r in strawberry? Think first."}
]
_IN_WORDS = 48


def _room(baseline: Baseline) -> int:
    """Return the tokens for a short answer; a model that cannot be kept from it thinks first."""
    return 400 if _thinks(baseline.greedy) and not baseline.off else 40


def _thinks(text: str) -> bool:
    return bool(thinking.read(text).thought)


def _said(answer: ProbeAnswer) -> str:
    return thinking.said(answer.text).strip()


def _answered(client: ProbeClient, fields: Mapping[str, Any], **body: Any) -> ProbeAnswer | None:
    """Return the answer to a request with further fields; None if they are rejected.

    Some servers answer 500 to a field that they do not know.
    """
    try:
        return client.whole(**{**body, **fields})
    except ExchangeError as error:
        if error.kind in ("refused", "broken", "odd"):
            return None
        raise


def _constrained(
    kind: str, value: Any, holds: Callable[[str], bool]
) -> Callable[[ProbeClient, Baseline], TrialResult]:
    def trial(client: ProbeClient, baseline: Baseline) -> TrialResult:
        known = 0
        for name, form in forms.CONSTRAINTS[kind].items():
            body = {"messages": ASK, "max_tokens": _room(baseline), **baseline.off}
            answer = _answered(client, form(value), **body)
            if answer is not None and holds(_said(answer)):
                baseline.constraint = {**baseline.off, **form(value)}
                return TrialResult(name, f"{name}: the answer is as constrained")
            known += answer is not None
        return TrialResult("", "ignored" if known else "no form of it is accepted")

    return trial


def _is_odd(text: str) -> bool:
    try:
        return bool(json.loads(text) == _ODD)
    except ValueError:
        return False


schema = _constrained("schema", _SCHEMA, _is_odd)
grammar = _constrained("grammar", _GRAMMAR, lambda text: bool(re.fullmatch(_REGEX, text)))
regex = _constrained("regex", _REGEX, lambda text: bool(re.fullmatch(_REGEX, text)))


def logprobs_constrained(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether log-probabilities are of the model alone where a constraint forces the token."""
    if baseline.constraint is None:
        return TrialResult(None, "no constraint has an effect")
    return _of_forced_token(client, baseline.constraint)


def logprobs_biased(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test the same where a bias forces the token."""
    if not baseline.biased:
        return TrialResult(None, "logit_bias has no effect")
    return _of_forced_token(client, {**baseline.off, "logit_bias": {str(_TOKEN): 100}})


def _of_forced_token(client: ProbeClient, fields: Mapping[str, Any]) -> TrialResult:
    answer = _answered(client, fields, messages=ASK, max_tokens=1, logprobs=True, top_logprobs=1)
    listed = ((answer.last if answer else {}).get("logprobs") or {}).get("content") or []
    value = number(listed[0].get("logprob")) if listed and isinstance(listed[0], dict) else None
    if value is None:
        return TrialResult(None, "none are returned")
    # The forced token is one that the model would not draw: it is sure of it after masking alone.
    return TrialResult(value < -2 if abs(value + 1.5) > 0.5 else None, f"{value:.3f} at its token")


def logit_bias(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether a bias of 100 makes an answer of one token over and over."""
    body = {"messages": ASK, "max_tokens": 10, **baseline.off}
    plain = client.whole(**body).text if baseline.off else baseline.greedy
    answer = client.whole(**body, logit_bias={str(_TOKEN): 100})
    if answer.text == plain:
        return TrialResult(False, "ignored: the answer stays as it is")
    baseline.biased = _repeats(answer.text)
    seen = "one token over and over" if baseline.biased else "the answer changes, not as asked"
    return TrialResult(baseline.biased or None, seen)


def _repeats(text: str) -> bool:
    """Whether a text is one piece over and over, at least three times."""
    text = "".join(text.split())
    sizes = range(1, len(text) // 3 + 1)
    return not text or any(text == (text[:size] * len(text))[: len(text)] for size in sizes)


def _changes(client: ProbeClient, fields: Mapping[str, Any], **body: Any) -> bool | None:
    """Whether fields change a greedy answer; None if it changes without them."""
    plain = client.whole(**body).text
    answer = _answered(client, fields, **body)
    if answer is None or answer.text == plain:
        return False
    return True if client.whole(**body).text == plain else None


def penalties(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether penalties end a repetition, or negative ones begin one."""
    for turns, value in ((_AGAIN, 2.0), (ASK, -2.0)):
        fields = {"presence_penalty": value, "frequency_penalty": value}
        found = _changes(client, fields, messages=turns, max_tokens=24, **baseline.off)
        if found is None:
            return TrialResult(None, "two greedy answers differ")
        if found:
            return TrialResult(True, f"{value:g} changes a greedy answer")
    return TrialResult(False, "ignored: greedy answers stay as they are")


def repeat_penalty(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Find the field by which repetitions are penalised."""
    for name in forms.REPEAT:
        body = {"messages": _AGAIN, "max_tokens": 24, **baseline.off}
        found = _changes(client, {name: 3.0}, **body)
        if found is None:
            return TrialResult(None, "two greedy answers differ")
        if found:
            return TrialResult(name, f"{name} 3 changes a greedy answer")
    return TrialResult("", "ignored: greedy answers stay as they are")


def template_arguments(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Test whether arguments reach the chat template, by the prompt that it makes of them."""
    on, off = (
        _answered(client, forms.SWITCH[forms.TEMPLATE](value), messages=ASK, max_tokens=10)
        for value in (True, False)
    )
    if on is None or off is None:
        return TrialResult(False, "chat_template_kwargs is rejected")
    prompts = on.usage.prompt, off.usage.prompt
    if None not in prompts and prompts[0] != prompts[1]:
        seen = f"{prompts[0]} tokens of prompt with reasoning on, {prompts[1]} with it off"
    elif on.text != off.text:
        seen = "another answer with reasoning on than with it off"
    else:
        return TrialResult(None, "no effect seen: the template has no switch, or they are ignored")
    baseline.template = True
    baseline.off = forms.SWITCH[forms.TEMPLATE](False)
    return TrialResult(True, seen)


def switch(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Find how reasoning is turned on and off."""
    if baseline.template:
        return TrialResult(forms.TEMPLATE, "the template has a switch")
    for name, form in forms.SWITCH.items():
        body = {"messages": _RIDDLE, "max_tokens": _IN_WORDS}
        on = _answered(client, form(True), **body)
        if on is None or not _thinks(on.text):
            continue
        off = _answered(client, form(False), **body)
        if off is not None and not _thinks(off.text):
            baseline.off = form(False)
            return TrialResult(name, f"{name}: a thought with on, none with off")
    return TrialResult("", "no form of it has an effect")


def effort(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Find how the effort of reasoning is set, by greedy answers that differ."""
    for name, form in forms.EFFORT.items():
        body = {"messages": _RIDDLE, "max_tokens": _IN_WORDS}
        low, high = (_answered(client, form(level), **body) for level in ("low", "high"))
        if low is None or high is None or low.text == high.text:
            continue
        again = _answered(client, form("low"), **body)
        if again is None or again.text != low.text:
            return TrialResult(None, "two greedy answers differ")
        return TrialResult(name, f"{name}: another answer with low than with high")
    return TrialResult("", "no form of it has an effect")


def budget(client: ProbeClient, baseline: Baseline) -> TrialResult:
    """Find how a thought is ended after so many tokens."""
    body = {"messages": _RIDDLE, "max_tokens": 128}
    free = _thought_words(client.whole(**body))
    if free < 32:
        return TrialResult(None, f"a thought of {free} words is too short to tell")
    for name, form in forms.BUDGET.items():
        answer = _answered(client, form(8), **body)
        if answer is not None and 0 < (words := _thought_words(answer)) <= 12:
            return TrialResult(name, f"{name} 8: a thought of {words} words in place of {free}")
    return TrialResult("", "no form of it has an effect")


def _thought_words(answer: ProbeAnswer) -> int:
    """Return about how many words of an answer are a thought; 0 if it has none."""
    text = answer.text
    if not _thinks(text):
        return 0
    return max(len(text.split()) - len(thinking.said(text).split()), 1)
