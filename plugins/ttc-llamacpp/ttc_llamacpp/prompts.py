"""Requests to prompt tokens: the chat template, then the tokenizer."""

from __future__ import annotations

import functools

from ttc.answers import thinking
from ttc.backends import Request
from ttc.backends.template_clock import Clock
from ttc.records import Message, SamplingParams
from ttc_llamacpp.chat_template import ChatTemplate
from ttc_llamacpp.llama_api import Model


class PromptTokenizer:
    """Tokenize prompts; the last 256 are remembered, since draws share them."""

    def __init__(self, model: Model, template: str, clock: Clock) -> None:
        self._model, self._source, self._clock = model, template, clock
        self._remembered = functools.lru_cache(maxsize=256)(self._tokenize)

    @functools.cached_property
    def template(self) -> ChatTemplate:
        """The model's chat template, compiled when it is first needed. Raises BackendError."""
        return ChatTemplate(self._model, self._source, self._clock)

    def tokens(self, request: Request) -> tuple[tuple[int, ...], str, str]:
        """Return the tokens of prompt and prefix, the thought mark that the prompt ends with (""
        before a prefix), and the mark and the prefix together.

        Raises ChatTemplateError if the template rejects the messages.
        """
        params = request.params
        what = (request.messages, request.prompt, request.prefix)
        return self._remembered(*what, params.thinking, params.extra)

    def close(self) -> None:
        """Forget the remembered prompts."""
        self._remembered.cache_clear()

    def _tokenize(
        self,
        messages: tuple[Message, ...],
        prompt: str | None,
        prefix: str,
        thinks: str | None,
        extra: str = "",
    ) -> tuple[tuple[int, ...], str, str]:
        if (rendered := prompt) is None:
            arguments = SamplingParams(extra=extra).template_arguments
            rendered = self.template.render(messages, thinks, arguments)
        whole = thinking.behind(rendered, prefix)
        # A chat template writes BOS itself where its model wants one.
        tokens = self._model.tokenize(whole, add_bos=prompt is not None)
        mark = thinking.opening(rendered)
        begun = whole[len(rendered) - len(mark) :]
        return tokens, "" if prefix else mark, begun
