"""The model's own chat template, rendered with Jinja."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jinja2 import TemplateError
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from ttc.backends import template_variables
from ttc.backends.template_clock import Clock
from ttc.errors import BackendError
from ttc.records import Message
from ttc_llamacpp.llama_api import Model


class ChatTemplateError(Exception):
    """The template rejects these messages."""


class ChatTemplate:
    """A compiled chat template. Raises BackendError if the template itself is invalid."""

    def __init__(self, model: Model, template: str, clock: Clock) -> None:
        try:
            self._format = Jinja2ChatFormatter(
                template=template, eos_token=model.eos, bos_token=model.bos
            )
            # The formatter passes this attribute to each rendering.
            setattr(self._format, "strftime_now", clock.strftime_now)  # noqa: B010 (a static method)
        except TemplateError as error:
            raise BackendError(
                f"the model's chat template is not valid Jinja ({error}); "
                "give the prompt as plain text (--raw)"
            ) from None

    def render(
        self,
        messages: Sequence[Message],
        thinking: str | None = None,
        arguments: Mapping[str, Any] = MappingProxyType({}),
    ) -> str:
        """Return the prompt up to the assistant's turn, with special tokens as text, BOS too.

        `thinking` is as in SamplingParams; `arguments` are further variables of the template.
        Raises ChatTemplateError if the template rejects the messages.
        """
        turns: list[Any] = [
            {"role": message.role, "content": message.content} for message in messages
        ]
        more: Any = {**template_variables.reasoning(thinking), **arguments}
        try:
            return str(self._format(messages=turns, **more).prompt)
        except (TemplateError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ChatTemplateError(f"the chat template rejects these messages: {error}") from error
