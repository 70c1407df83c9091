"""Requests to tokens: the model's own chat template and tokenizer, as vLLM loaded them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ttc.answers import thinking
from ttc.answers.thought_tokens import thought_tokens_by_text
from ttc.backends import Request, template_variables
from ttc.backends.choice_tokens import first_tokens
from ttc.backends.template_clock import Clock
from ttc.records import Message, SamplingParams


class PromptError(Exception):
    """The template rejects these messages, or there is nothing to compute."""


class PromptEncoder:
    """Encode prompts; the last 256 are remembered, since draws share them."""

    def __init__(self, tokenizer: Any, clock: Clock | None = None) -> None:
        self._tokenizer = tokenizer
        # Only passed to a template that reads a clock: some tokenizers accept no other arguments.
        self._given = {} if clock is None else {"strftime_now": clock.strftime_now}
        self._tokens = functools.lru_cache(maxsize=256)(self._tokenise)
        self.firsts = functools.lru_cache(maxsize=256)(self._firsts)
        special = [str(token) for token in getattr(tokenizer, "all_special_tokens", ())]
        # Whether special tokens mark thoughts, so that texts must show them; the others are
        # removed.
        self.shows = any(map(thinking.is_mark, special))
        self._hidden = [token for token in special if not thinking.is_mark(token)]

    def tokens(self, request: Request) -> tuple[int, ...]:
        """Return the tokens of prompt and prefix. Raises PromptError if there are none.

        A prefix follows the part of the template that starts the assistant's turn. The template's
        own rendering of an answer would drop reasoning, but a continuation must see what was drawn.
        """
        found, *_ = self._encoded(request)
        if not found:
            raise PromptError("the prompt is empty")
        return found

    def opened(self, request: Request) -> str:
        """Return the mark of a thought that the prompt ends with; the text begins with it."""
        return self._encoded(request)[1]

    def _encoded(self, request: Request) -> tuple[tuple[int, ...], str, str]:
        params = request.params
        given = (request.messages, request.prompt, request.prefix, params.thinking, params.extra)
        return self._tokens(*given)

    def thought_tokens(self, request: Request, tokens: Sequence[int]) -> int:
        """Return how many of a draw's tokens belong to its thoughts."""
        begun = self._encoded(request)[2]

        def text(count: int) -> str:
            first = list(tokens[:count])
            return self.shown(self._tokenizer.decode(first, skip_special_tokens=not self.shows))

        return thought_tokens_by_text(len(tokens), text, begun)

    def shown(self, text: str) -> str:
        """Return a text without special tokens, except those that mark thoughts."""
        for token in self._hidden if self.shows else ():
            text = text.replace(token, "")
        return text

    def answer(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a given answer. Raises PromptError if there are none."""
        found = tuple(self._encode(text))
        if not found:
            raise PromptError("there is no text to score")
        return found

    def _tokenise(
        self,
        messages: tuple[Message, ...],
        prompt: str | None,
        prefix: str,
        switch: str | None,
        extra: str,
    ) -> tuple[tuple[int, ...], str, str]:
        rendered = self._render(messages, switch, extra) if prompt is None else prompt
        whole = thinking.behind(rendered, prefix)
        # A chat template writes BOS itself where its model wants one.
        encoded = self._encode(whole) if prompt is None else self._tokenizer.encode(whole)
        mark = thinking.opening(rendered)
        begun = whole[len(rendered) - len(mark) :]
        return tuple(encoded), "" if prefix else mark, begun

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def _render(self, messages: tuple[Message, ...], switch: str | None, extra: str) -> str:
        from jinja2 import TemplateError

        turns = [message._asdict() for message in messages]
        more: Any = {
            **template_variables.reasoning(switch),
            **SamplingParams(extra=extra).template_arguments,
        }
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    turns,
                    tokenize=False,
                    add_generation_prompt=True,
                    **{**self._given, **more},
                )
            )
        except (TemplateError, ValueError, TypeError, KeyError) as error:
            raise PromptError(f"the chat template rejects these messages: {error}") from error

    def _firsts(self, choices: tuple[str, ...]) -> dict[str, list[int]]:
        try:
            return first_tokens(
                choices,
                self._encode,
                lambda token: not self._tokenizer.decode([token]).strip(),
            )
        except ValueError as error:
            raise PromptError(str(error)) from error
