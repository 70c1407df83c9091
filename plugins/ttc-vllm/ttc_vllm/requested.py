"""What a request may say of a model in this engine, known from its folder and without vLLM."""

from __future__ import annotations

from ttc.backends import Request, template_variables

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


def capabilities(template: str) -> frozenset[str]:
    """Return what a model with this chat template ("": none) can do, apart from seeds."""
    able = {
        "thinking": bool(template_variables.switches(template)),
        "thinking-effort": template_variables.takes_effort(template),
        "thinking-budget": marks(template) is not None,
        "template-arguments": bool(template),
    }
    return _ALWAYS | {name for name, has in able.items() if has}


def marks(template: str) -> tuple[str, str] | None:
    """Return the marks around a model's thoughts, as its chat template writes or reads them."""
    return next((pair for pair in _MARKS if any(mark in template for mark in pair)), None)


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
