"""What a request may say of a model in this engine, known from its folder and without vLLM."""

from __future__ import annotations

import re

from ttc.backends import Request, thinking_switch
from ttc.messages import notes

# The variable by which templates take an effort of reasoning.
EFFORT = "reasoning_effort"
_ALWAYS = frozenset(
    {"prefix", "logprobs", "alternatives", "cancel", "choose", "score", "stop-kept"}
    | {"schema", "grammar", "regex", "penalties", "repeat-penalty", "logit-bias"}
    | {"token-logprobs"}
)
CAPABILITIES = _ALWAYS | {
    *("seed", "thinking", "thinking-effort", "thinking-budget", "template-arguments"),
}
_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
)
_OURS = frozenset(
    ("messages", "bos_token", "eos_token", "add_generation_prompt", "strftime_now", "tools")
)


def capabilities(template: str) -> frozenset[str]:
    """Return what a model with this chat template ("": none) can do, apart from seeds."""
    able = {
        "thinking": bool(thinking_switch.read_by(template)),
        "thinking-effort": EFFORT in variables(template),
        "thinking-budget": marks(template) is not None,
        "template-arguments": bool(template),
    }
    return _ALWAYS | {name for name, has in able.items() if has}


def marks(template: str) -> tuple[str, str] | None:
    """Return the marks around a model's thoughts, as its chat template writes or reads them."""
    return next((pair for pair in _MARKS if any(mark in template for mark in pair)), None)


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


def refused(request: Request) -> str | None:
    """Return why a request cannot be answered though the model can do each thing in it.

    vLLM masks the logits before it computes log-probabilities: those of a constrained draw are not
    those of the model alone.
    """
    for name in request.params.constraints:
        if request.alternatives or request.logprobs:
            option = "--logprobs" if request.logprobs else "--confidence"
            return (
                f"log-probabilities of draws with --{name} are those after the constraint, so "
                f"there are none to keep; leave out {option}"
            )
    return None


def tell_unread(request: Request, template: str) -> None:
    """Tell which arguments of the chat template have no effect."""
    arguments = request.params.template_arguments
    read = variables(template) if arguments else frozenset()
    for name in sorted(set(arguments) - read):
        known = ", ".join(sorted(read)) or "none"
        notes.tell(
            f"--extra {name}: no effect, since the chat template does not read it; variables that "
            f"it reads: {known}"
        )
