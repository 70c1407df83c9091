"""What backends can do at most, and the refusal of what one cannot."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Sequence

from ttc import plugins
from ttc.backends import Backend
from ttc.backends.extras import Probeable
from ttc.backends.thinking_switch import NAMES as SWITCHES
from ttc.errors import TtcError
from ttc.records import SamplingParams

# What each capability is for, as users ask for it.
MEANINGS = {
    "seed": "draws depend on their seed alone",
    "prefix": "begun answers are continued (search methods)",
    "logprobs": "log-probabilities of draws",
    "alternatives": "--confidence K",
    "token-logprobs": "--logprobs K",
    "cancel": "draws that are not needed any more end",
    "choose": "probabilities of given strings (judges)",
    "score": "the likelihood of a given text",
    "stop-kept": "steps keep the string that ends them",
    "thinking": "--thinking on|off",
    "thinking-effort": "--thinking low|medium|high",
    "thinking-budget": "--thinking N",
    "grammar": "--grammar FILE.gbnf",
    "schema": "--schema FILE.json",
    "regex": "--regex PATTERN",
    "constrained-prefix": "these, for begun answers too",
    "penalties": "--presence-penalty, --frequency-penalty",
    "repeat-penalty": "--repeat-penalty",
    "logit-bias": "--logit-bias TOKEN=BIAS",
    "template-arguments": "--extra chat_template_kwargs.NAME=JSON",
    "request-fields": "--extra KEY=JSON, header.NAME",
}
# Capability → what is lacking where it is not there; the option that asks for it is before it.
_LACKING = {
    "thinking": f"the chat template of {{model}} has no switch for reasoning "
    f"({', '.join(SWITCHES[:-1])} or {SWITCHES[-1]})",
    "thinking-effort": "{model} takes no effort of reasoning",
    "thinking-budget": "{model} cannot end a thought after a number of tokens",
    "token-logprobs": "{model} does not return the likeliest tokens",
    "template-arguments": "{model} takes no arguments of a chat template",
    "request-fields": "{model} is sent no fields: it is no server",
}
_CANNOT = "{model} cannot do that"


def can_at_most(name: str) -> frozenset[str] | None:
    """Return the capabilities that models of an installed backend can have at most, as its module
    says; None if it says nothing or cannot be imported."""
    with contextlib.suppress(TtcError):
        factory = plugins.load("backends", name)
        module = sys.modules.get(getattr(factory, "__module__", ""))
        told = getattr(module, "CAPABILITIES", None)
        if isinstance(told, (frozenset, set, tuple, list)):
            return frozenset(map(str, told))
    return None


def those_that(capability: str) -> list[str]:
    """Return the installed backends that have models with a capability."""
    # What only serves what others drew, or other backends, is no advice.
    known = set(plugins.installed("backends")) - {"replay", "scripted", "ray", "batch"}
    return sorted(name for name in known if capability in (can_at_most(name) or ()))


def refused(
    backend: Backend, lacking: Collection[str], params: SamplingParams, logprobs: int = 0
) -> str:
    """Return the refusal of options for which a backend lacks capabilities: option, reason, and
    what can be done."""
    lines = []
    for capability in sorted(lacking):
        option = _option(capability, params, logprobs)
        why = _LACKING.get(capability, _CANNOT).format(model=backend.model.name)
        lines.append(f"{option}: {why}; {_remedy(backend, capability, option)}")
    return "; ".join(lines)


def _option(capability: str, params: SamplingParams, logprobs: int) -> str:
    """Return the option that needs a capability, as it was given."""
    penalties = [
        f"--{name}-penalty {value:g}"
        for name, value in (
            ("presence", params.presence_penalty),
            ("frequency", params.frequency_penalty),
        )
        if value
    ]
    first = next(iter({**params.template_arguments, **params.extra_fields}), "")
    options = {
        "penalties": " ".join(penalties),
        "repeat-penalty": f"--repeat-penalty {params.repeat_penalty:g}",
        "token-logprobs": f"--logprobs {logprobs}",
        "template-arguments": f"--extra {next(iter(params.template_arguments), '')}",
        "request-fields": f"--extra {'header' if first == 'headers' else first}",
    }
    if capability.startswith("thinking"):
        return f"--thinking {params.thinking}"
    return options.get(capability, f"--{capability}")


def _remedy(backend: Backend, capability: str, option: str) -> str:
    if isinstance(backend, Probeable):
        forced = capability == "thinking-budget" and "prefix" in backend.capabilities
        solve = ", or use ttc solve --method budget-forcing" if forced else ""
        return f"ttc models probe finds out whether its server can; else leave out {option}{solve}"
    others = those_that(capability)
    if not others:
        return f"leave out {option}"
    return f"models of {_listed(others)} may (ttc plugins NAME lists it); else leave out {option}"


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: `a, b or c`."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
