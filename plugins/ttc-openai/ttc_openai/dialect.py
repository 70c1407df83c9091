"""Requests as JSON, adapted to the fields that a server turns out to accept."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ttc.answers import thinking
from ttc.backends import Request
from ttc.records import OFF
from ttc_openai import forms
from ttc_openai.errors import ExchangeError
from ttc_openai.refusals import Refusal
from ttc_openai.server_traits import ServerTraits

# How the beginning of an answer is sent for continuation: fields beside the assistant's last turn.
PREFIXES: Mapping[str, Mapping[str, Any]] = {
    "continue_final_message": {"continue_final_message": True, "add_generation_prompt": False},
    "trailing turn": {},
}
# Suffix for servers that repeat the given beginning in their answer.
REPEATED = ", repeated"
# Servers have their own defaults (top_k 40, min_p 0.05, a model's generation_config.json), so
# parameters that are off are sent as off, with the values that servers use for it.
OFF_VALUES: Mapping[str, tuple[Any, ...]] = {
    "top_k": (0, -1),
    "min_p": (0.0,),
    "repeat_penalty": (1.0,),
    "repetition_penalty": (1.0,),
}


# Sent with each draw, off or not; a value that is off is left out only if the sample's key says so
# (ttc.backends.supported_params).
ALWAYS_SENT = ("temperature", "top_p")
# What to pass if a value that is set is rejected.
_INSTEAD = {
    "temperature": "-t 1",
    "top_p": "--top-p 1",
    "top_k": "no --top-k",
    "min_p": "no --min-p",
    "stop": "no --stop",
    "presence_penalty": "no --presence-penalty",
    "frequency_penalty": "no --frequency-penalty",
    "logit_bias": "no --logit-bias",
    "reasoning_effort": "no --thinking",
    "response_format": "no --schema",
}
_ANOTHER = {
    "temperature": "another -t",
    "top_p": "another --top-p",
    "top_k": "another --top-k",
    "min_p": "another --min-p",
    "max_tokens": "another --max-tokens",
    "max_completion_tokens": "another --max-tokens",
}
_USE = re.compile(
    r"max_completion_tokens\W{0,3}\s+instead|use\W+max_completion_tokens", re.IGNORECASE
)
# How servers say that they do not stream.
_NO_STREAM = re.compile(
    r"\bstream(?:ing|ed)?\b[^.,;]{0,60}(?:\bnot\b|n't\b|\bun\w|\bdisabled|must be false)"
    r"|(?:\bnot|n't|\bno) (?:support|allow|implement)\w* (?:\w+ )?stream(?:ing|ed)?\b",
    re.IGNORECASE,
)


class Dialect:
    """The fields that a server accepts: it rejects a field by name, and gets requests without it.

    `unset` are parameters of ALWAYS_SENT to leave out where they are off. `on_unset` is called with
    further ones that the server turns out to reject: they are missing in the keys of this run.
    """

    def __init__(
        self,
        unset: Collection[str] = (),
        on_unset: Callable[[Collection[str]], object] = lambda names: None,
    ) -> None:
        self._off = {name: list(values) for name, values in OFF_VALUES.items()}
        self._limit = "max_tokens"
        self._stream = self._options = True
        self._unset = set(unset)
        self._on_unset = on_unset

    def body(
        self, request: Request, traits: ServerTraits, *, model: str, n: int = 1
    ) -> dict[str, Any]:
        """Return the JSON of a request for `n` draws."""
        params = request.params
        body: dict[str, Any] = {"model": model, **self._asked(request, traits)}
        body |= {name: values[0] for name, values in self._off.items() if values}
        if params.top_k:
            body["top_k"] = params.top_k
        if params.min_p:
            body["min_p"] = params.min_p
        left_out = self._unset & params.off
        body |= {name: getattr(params, name) for name in ALWAYS_SENT if name not in left_out}
        body[self._limit] = params.max_tokens
        if params.stop and not local_stops(request, traits):
            body["stop"] = list(params.stop)
        if request.seed is not None and traits.seed:
            body["seed"] = request.seed
        if n > 1:
            body["n"] = n
        body |= forms.asked(request, traits)
        if traits.logprobs and forms.exact_logprobs(request, traits):
            # Some servers give none at 0 alternatives.
            count = max(request.alternatives, request.logprobs, 1)
            chat = {"logprobs": True, "top_logprobs": count}
            body |= chat if request.prompt is None else {"logprobs": count}
        if self._stream:
            body["stream"] = True
            if self._options:
                body["stream_options"] = {"include_usage": True}
        return body

    @staticmethod
    def _asked(request: Request, traits: ServerTraits) -> dict[str, Any]:
        if request.prompt is not None:
            return {"prompt": thinking.behind(request.prompt, request.prefix)}
        turns = [message._asdict() for message in request.messages]
        if not request.prefix:
            return {"messages": turns}
        turns.append({"role": "assistant", "content": request.prefix})
        return {"messages": turns, **PREFIXES[traits.prefix.removesuffix(REPEATED)]}

    def learn(self, sent: Mapping[str, Any], fault: ExchangeError) -> None:
        """Learn from a rejection which fields to leave out or to send in another form.

        Raises the fault if leaving a field out would contradict the samples' key; otherwise adds to
        its reason what to pass instead of a rejected value.
        """
        if fault.refused is None:
            return
        refused = fault.refused.fields(sent)
        for name, values in self._off.items():
            # Another request may have learned this in the meantime.
            if values and name in refused and sent.get(name) == values[0]:
                values.pop(0)
        if "stream_options" in refused:
            self._options = False
        if "stream" in refused or ("stream" in sent and _NO_STREAM.search(fault.refused.text)):
            self._stream = False
        if "max_tokens" in refused and _USE.search(fault.refused.text):
            self._limit = "max_completion_tokens"
        if lacking := off_and_rejected(sent, fault.refused):
            self._on_unset(lacking)
            names = " and ".join(f"{name} {OFF[name]:g}" for name in sorted(lacking))
            fault.reason += (
                f"; {names} means off, so it will be left out and recorded as unset: "
                "run the same command again"
            )
            fault.all = True
            raise fault
        if instead := _instead(sent, refused, fault.refused):
            fault.reason += f"; pass {instead}"
            fault.all = True

    def leave_out(self, names: Collection[str]) -> None:
        """Leave out these parameters from now on where they are off."""
        self._unset |= set(names)


def without_stream(body: dict[str, Any]) -> dict[str, Any]:
    """Change a body to ask for the whole answer at once, and return it."""
    body.pop("stream", None)
    body.pop("stream_options", None)
    return body


def off_and_rejected(sent: Mapping[str, Any], refusal: Refusal) -> frozenset[str]:
    """Return the parameters of ALWAYS_SENT that are rejected although they are off.

    Of two that are rejected in combination, both: which of them is set changes from run to run.
    """
    refused = refusal.fields(sent)
    names = frozenset(name for name in ALWAYS_SENT if name in refused and sent[name] == OFF[name])
    together = refusal.both and refused.issuperset(ALWAYS_SENT)
    return frozenset(ALWAYS_SENT) if names and together else names


def _instead(sent: Mapping[str, Any], refused: Collection[str], refusal: Refusal) -> str:
    """Return what to pass instead of rejected values, "" if unknown."""
    on = [name for name in _ANOTHER | _INSTEAD if name in refused and _is_on(sent, name)]
    if refusal.both and len(on) > 1:
        return " or ".join(_INSTEAD[name] for name in on if name in _INSTEAD)
    if refusal.of_value:
        return " and ".join(_ANOTHER[name] for name in on if name in _ANOTHER)
    advice = [_INSTEAD[name] for name in on if name in _INSTEAD]
    if on == ["temperature"] and _is_on(sent, "top_p"):
        # A server that fixes the one fixes the other as well.
        advice.append(_INSTEAD["top_p"])
    return " ".join(advice)


def _is_on(sent: Mapping[str, Any], name: str) -> bool:
    return name in sent and sent[name] not in (OFF.get(name), *OFF_VALUES.get(name, ()))


def local_stops(request: Request, traits: ServerTraits) -> bool:
    """Return whether stop strings are found here in the stream, not by the server.

    That is the only way to know which one fired if the server does not report it. It requires that
    a piece of the stream is a token, so that the tokens of a draw ended here are known.
    """
    return bool(traits.chunks) and not traits.stop_told


def repeated(request: Request, traits: ServerTraits) -> str:
    """Return the given beginning that the server repeats in its answer, "" if it does not."""
    return request.prefix if request.messages and traits.prefix.endswith(REPEATED) else ""


def unsupported_param(request: Request, traits: ServerTraits) -> str | None:
    """Return why a sampling parameter of the request cannot be used on this server, None if all
    can."""
    for name in ("top_k", "min_p"):
        if getattr(request.params, name) and not getattr(traits, name):
            ignored = getattr(traits, name) is False
            state = "ignores it" if ignored else "may ignore it; ttc models probe finds out"
            return f"{name} is set, and this server {state}"
    if request.prompt is not None and traits.raw is False:
        return "this server accepts no raw prompts (/completions)"
    return forms.unsupported(request, traits)
