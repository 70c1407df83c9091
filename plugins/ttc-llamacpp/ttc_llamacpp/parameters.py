"""What requests may ask of a GGUF model, told from its header alone."""

from __future__ import annotations

import re
from functools import lru_cache

from ttc.backends import thinking_switch
from ttc.messages import notes
from ttc.records import SamplingParams
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.grammars import compiled
from ttc_llamacpp.grammars.errors import GrammarError

# The variable by which templates take an effort of reasoning.
EFFORT = "reasoning_effort"

# Variables that llama-cpp-python or ttc set themselves.
_OURS = frozenset(
    ("messages", "bos_token", "eos_token", "add_generation_prompt", "strftime_now", "tools")
)

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
    if thinking_switch.read_by(template):
        found.add("thinking")
    # Parsing takes longer than all else that opening a model does.
    if EFFORT in template and EFFORT in variables(template):
        found.add("thinking-effort")
    return frozenset(found)


@lru_cache(maxsize=8)
def variables(template: str) -> frozenset[str]:
    """Return the variables that a chat template reads from outside."""
    if not template:
        return frozenset()
    from jinja2 import Environment, TemplateError, meta

    try:
        tree = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(template)
    except TemplateError:
        return frozenset(re.findall(r"[A-Za-z_]\w*", template)) - _OURS
    # Variables that the template sets on some paths are read from outside on others.
    tested = set(re.findall(r"\b([A-Za-z_]\w*)\s+is\s+(?:not\s+)?defined", template))
    return frozenset(meta.find_undeclared_variables(tree) | tested) - _OURS


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
    template = header.chat_text
    read = variables(template) if params.template_arguments else frozenset()
    for name in sorted(set(params.template_arguments) - read):
        known = ", ".join(sorted(read)) or "none"
        notes.tell(
            f"--extra {name}: no effect, since the chat template of {header.path.name} does not "
            f"read it; variables that it reads: {known}"
        )
