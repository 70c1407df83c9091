"""What requests may ask of a GGUF model, told from its header alone."""

from __future__ import annotations

from ttc.backends import template_variables
from ttc.records import SamplingParams
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.grammars import compiled
from ttc_llamacpp.grammars.errors import GrammarError

_ALWAYS = frozenset(
    (
        *("seed", "prefix", "logprobs", "alternatives", "cancel", "choose", "stop-kept"),
        *("grammar", "schema", "regex", "constrained-prefix", "penalties", "repeat-penalty"),
        *("logit-bias", "token-logprobs", "thinking-budget"),
    )
)
# What models have at most.
CAPABILITIES = _ALWAYS | {"thinking", "thinking-effort", "template-arguments"}


def capabilities(template: str) -> frozenset[str]:
    """Return what a model with this chat template ("": none) can do."""
    found = set(_ALWAYS)
    if template:
        found.add("template-arguments")
    if template_variables.switches(template):
        found.add("thinking")
    if template_variables.takes_effort(template):
        found.add("thinking-effort")
    return frozenset(found)


def refused(header: Header, params: SamplingParams) -> str | None:
    """Return why a constraint has no grammar, or a bias no token; None if there is no reason.

    It loads nothing.
    """
    if params.constraints:
        try:
            compiled(params)
        except GrammarError as error:
            return str(error)
    count = header.geometry.get("vocabulary")
    for token, _ in params.logit_bias:
        if count is not None and token >= count:
            return f"--logit-bias {token}: the model's last token is {count - 1}"
    return None


def tell_unread(header: Header, params: SamplingParams) -> None:
    """Tell which arguments of the chat template have no effect. It loads nothing."""
    template_variables.tell_unread(
        params.template_arguments, header.chat_text, owner=header.path.name
    )
