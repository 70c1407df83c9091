"""The grammar of rule names: `majority:ties=strict`, `short-3`, `keep=8:by=logprob>majority`.

    RULE = NAME [-NUMBER | =ARGUMENT] [:key=value,…] [> RULE]

The part before `>` chooses draws, and the rule after it is applied to those. A class that takes an
argument names its keyword in `argument`; one that is followed by a rule takes that as `then`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc import plugins
from ttc.errors import UsageError
from ttc.options import parse_spec
from ttc.selectors import Selector
from ttc.selectors.extras import Argued, Chaining, Conventional
from ttc.selectors.guard import guarded

_NUMBERED = re.compile(r"(.+)-(\d+)")


def build(spec: str, conventions: Mapping[str, str] | None = None) -> Selector:
    """Return the rule that `spec` names. UsageError if there is none, or an option is wrong.

    `conventions` are options for each rule of the spec that takes them and does not set them.
    """
    head, chained, rest = spec.partition(">")
    called, colon, options_text = head.strip().partition(":")
    name, equals, argument = called.partition("=")
    installed = plugins.installed("selectors")
    if name not in installed and (numbered := _NUMBERED.fullmatch(name)):
        # `best-of-n` is a name, `short-3` the name `short` with a number.
        name, argument = (*numbered.groups(),) if numbered[1] in installed else (name, argument)
    before, scorer = _scored_by(options_text)
    _, options = parse_spec(f"{name}{colon}{before}")
    factory = plugins.load("selectors", name)
    takes = factory.conventions if isinstance(factory, Conventional) else frozenset()
    common = {key: value for key, value in (conventions or {}).items() if key in takes}
    extra: dict[str, Any] = {**common, **options, **scorer}
    usage = factory.usage if isinstance(factory, Argued) else name
    if isinstance(factory, Argued):
        if not argument or factory.argument in extra:
            raise UsageError(f"{spec}: write {usage}")
        extra[factory.argument] = argument
    elif equals or argument:
        raise UsageError(f"{spec}: {name} takes no argument")
    chains = isinstance(factory, Chaining) and bool(factory.chains)
    if chained and not chains:
        raise UsageError(f"{spec}: {name} picks an answer; nothing can follow it")
    if chains:
        if not rest.strip() or "then" in extra:
            raise UsageError(f"{spec}: write {usage}, as in {name}={argument}>majority")
        extra["then"] = build(rest.strip(), conventions)
    rule: Selector = plugins.make("selectors", name, spec, factory, extra)
    return guarded(name, rule)


def _scored_by(options: str) -> tuple[str, dict[str, str]]:
    """Split the options of a rule from a verifier with options of its own, which comes last:
    `ties=first,score=judge:n=2,as=verdict`."""
    before, found, verifier = f",{options}".partition(",score=")
    if not found or ":" not in verifier:
        return options, {}
    return before[1:], {"score": verifier}


def split(text: str) -> list[str]:
    """Return the rules of a list separated by commas. Commas separate options, too."""
    specs: list[str] = []
    rules = plugins.installed("selectors")
    for part in (part.strip() for part in text.split(",")):
        key, equals, _ = part.partition("=")
        continues = equals and key not in rules and ":" not in key and ">" not in key
        if continues and specs and ":" in specs[-1]:
            specs[-1] += f",{part}"
        elif part:
            specs.append(part)
    return specs
