"""A request as the JSON that a server takes, in the dialect that it turns out to speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc import switches, thinking
from ttc.backends import Request
from ttc_openai.traits import Traits

# How a chat's answer is begun: what stands beside the unfinished turn of the assistant.
PREFIXES: Mapping[str, Mapping[str, Any]] = {
    "continue_final_message": {"continue_final_message": True, "add_generation_prompt": False},
    "trailing turn": {},
}
# Said of a way in which the answer begins with its beginning once more.
REPEATED = ", repeated"
# Servers have defaults of their own (top_k 40, min_p 0.05, a model's generation_config.json), so
# what is off is said to be off, in the ways that there are.
OFF: Mapping[str, tuple[Any, ...]] = {
    "top_k": (0, -1),
    "min_p": (0.0,),
    "repeat_penalty": (1.0,),
    "repetition_penalty": (1.0,),
}


class Dialect:
    """What a server takes. Servers that refuse a field say its name, and do without it."""

    def __init__(self) -> None:
        self._off = {name: list(values) for name, values in OFF.items()}
        self._limit = "max_tokens"
        self._options = True

    def body(self, request: Request, traits: Traits, *, model: str, n: int = 1) -> dict[str, Any]:
        """Return the JSON of a request for `n` draws of it."""
        params = request.params
        body: dict[str, Any] = {"model": model, **self._asked(request, traits)}
        body |= {name: values[0] for name, values in self._off.items() if values}
        if params.top_k:
            body["top_k"] = params.top_k
        if params.min_p:
            body["min_p"] = params.min_p
        body |= {"temperature": params.temperature, "top_p": params.top_p}
        body[self._limit] = params.max_tokens
        if params.stop and not local_stops(request, traits):
            body["stop"] = list(params.stop)
        if request.seed is not None and traits.seed:
            body["seed"] = request.seed
        if n > 1:
            body["n"] = n
        if params.thinking is not None and request.prompt is None:
            body["chat_template_kwargs"] = switches.arguments(params.thinking)
        if traits.logprobs:
            # Some servers give none at 0 alternatives.
            count = request.alternatives or 1
            chat = {"logprobs": True, "top_logprobs": count}
            body |= chat if request.prompt is None else {"logprobs": count}
        if self._options:
            body["stream_options"] = {"include_usage": True}
        return body

    @staticmethod
    def _asked(request: Request, traits: Traits) -> dict[str, Any]:
        if request.prompt is not None:
            return {"prompt": thinking.behind(request.prompt, request.prefix)}
        turns = [message._asdict() for message in request.messages]
        if not request.prefix:
            return {"messages": turns}
        turns.append({"role": "assistant", "content": request.prefix})
        return {"messages": turns, **PREFIXES[traits.prefix.removesuffix(REPEATED)]}

    def learn(self, sent: Mapping[str, Any], refusal: str) -> None:
        """Take from a refusal of what was sent which fields to leave out or say otherwise."""
        for name, values in self._off.items():
            # Another request may have taught it meanwhile.
            if values and name in refusal and sent.get(name) == values[0]:
                values.pop(0)
        if "stream_options" in refusal:
            self._options = False
        if "max_tokens" in sent and "max_completion_tokens" in refusal:
            self._limit = "max_completion_tokens"


def local_stops(request: Request, traits: Traits) -> bool:
    """Whether stop strings are looked for here, as the text comes, and not by the server.

    Only so is it known which one fired, where the server does not tell; and only where a piece
    of the stream is a token are the tokens known of a draw that is ended from here.
    """
    return bool(traits.chunks) and not traits.stop_told


def repeated(request: Request, traits: Traits) -> str:
    """Return what the answer to a request begins with although it was given."""
    return request.prefix if request.messages and traits.prefix.endswith(REPEATED) else ""


def unmet(request: Request, traits: Traits) -> str | None:
    """Return which sampling parameter of a request the server is not known to heed, if any."""
    for name in ("top_k", "min_p"):
        if getattr(request.params, name) and not getattr(traits, name):
            ignored = getattr(traits, name) is False
            state = "ignores it" if ignored else "is not known to heed it: ttc models probe tells"
            return f"{name} is set and this server {state}"
    if request.prompt is not None and traits.raw is False:
        return "this server takes no raw prompts (/completions)"
    return None
