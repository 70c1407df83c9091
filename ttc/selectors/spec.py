"""The grammar of rule names: `majority:ties=strict`, `short-3`, `keep=8:by=logprob>majority`.

    RULE = NAME [-NUMBER | =ARGUMENT] [:key=value,…] [> RULE]

The part before `>` chooses draws, and the rule after it is applied to those. A class that takes an
argument names its keyword in `argument`; one that is followed by a rule takes that as `then`.

The field's spellings are understood as well, also with a budget: `pass@8`, `maj@16`, `bon@4`,
`best-of-8`, `pass^8`, `g-pass@16_0.5`. `named` translates them to the names above.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from ttc import plugins
from ttc.errors import UsageError
from ttc.options import parse_spec
from ttc.selectors import Selector
from ttc.selectors.exact.by_picks import with_means
from ttc.selectors.extras import Argued, Chaining, Conventional
from ttc.selectors.guard import guarded

_NUMBERED = re.compile(r"(.+)-(\d+)")
_AT = re.compile(r"(.+?)@(?:(\d+)|[kKnN])(?:_(\d*\.?\d+))?")
_HAT = re.compile(r"pass(?:\^|-hat-)(?:(\d+)|[kKnN])", re.IGNORECASE)

# Names of the field → ttc's rules. Case does not count, and `_` is `-`.
SYNONYMS = {
    "acc": "mean",
    "accuracy": "mean",
    "any": "coverage",
    "average": "mean",
    "avg": "mean",
    "bayes": "bayes",
    "best": "max",
    "best-of": "best-of-n",
    "bo": "best-of-n",
    "bom": "best-of-majority",
    "bon": "best-of-n",
    "cons": "majority",
    "consensus": "majority",
    "ffs": "first-finish",
    "gpass": "g-pass",
    "maj": "majority",
    "majority-of-the-bests": "majority-of-bests",
    "majority-vote": "majority",
    "mgpass": "mg-pass",
    "mob": "majority-of-bests",
    "pass": "coverage",
    "plurality": "majority",
    "ppl": "perplexity",
    "sc": "majority",
    "self-consistency": "majority",
    "unanimous": "pass^k",
    "vote": "majority",
    "voting": "majority",
    "weighted-majority": "weighted",
    "wmaj": "weighted",
}
# Of these, NAME-NUMBER and NAMENUMBER have the budget in their name: `best-of-8`, `bo8`.
_COUNTED = re.compile(r"(best-of|bo)-?(\d+)")


class Named(NamedTuple):
    """A rule by ttc's own name, and the budget that its spelling has; None if it has none."""

    rule: str
    k: int | None = None


def named(spelling: str) -> Named:
    """Return the rule and the budget that a spelling stands for: `maj@16` is (majority, 16).

    What is no spelling of the field is returned as it is. UsageError for two budgets.
    """
    installed = plugins.installed("selectors")
    parts = [_part(part.strip(), installed) for part in spelling.split(">")]
    ks = [k for _, k in parts if k is not None]
    if len(ks) > 1 or (ks and parts[-1].k is None):
        raise UsageError(f"{spelling}: write one budget, at the end")
    return Named(">".join(rule for rule, _ in parts), ks[0] if ks else None)


def without_budget(spelling: str) -> str:
    """Return the rule of a spelling where no budget may be named. UsageError if it has one."""
    rule, k = named(spelling)
    if k is not None:
        raise UsageError(f"{spelling}: no budget is named here; write {rule}")
    return rule


def in_gate(text: str) -> str:
    """Return a gate in which the field's spellings of a budget have the form RULE@K."""
    text = re.sub(r"(?i)\bpass\^(\d+)(?!@)", r"pass^k@\1", text)
    return re.sub(r"(?i)\b(g[-_]?pass)@(\d+)_(\d*\.?\d+)", r"\1:tau=\3@\2", text)


def _part(text: str, installed: Mapping[str, object]) -> Named:
    """Translate one rule of a chain."""
    head, colon, options = text.partition(":")
    k: str | None = None
    if head in installed or "=" in head:
        return _option_budget(head, colon, options)
    if (found := _HAT.fullmatch(head)) is not None:
        return Named(f"pass^k{colon}{options}", int(found[1]) if found[1] else None)
    tau: str | None = None
    if (found := _AT.fullmatch(head)) is not None:
        head, k, tau = found.groups()
    plain = head.lower().replace("_", "-")
    if k is None and (found := _COUNTED.fullmatch(plain)) is not None:
        plain, k = found.groups()
    name = SYNONYMS.get(plain) or next((each for each in (head, plain) if each in installed), head)
    if tau is not None:
        colon, options = ":", f"tau={tau}" + (f",{options}" if options else "")
    if found is None:
        return _option_budget(name, colon, options)
    return Named(f"{name}{colon}{options}", None if k is None else int(k))


def _option_budget(name: str, colon: str, options: str) -> Named:
    """Take the budget behind the options, `ties=strict@8`; the name of a scorer may hold an @."""
    before, at, k = options.rpartition("@")
    if at and k.isdecimal() and "score=" not in options:
        return Named(f"{name}{colon}{before}", int(k))
    return Named(f"{name}{colon}{options}")


def build(spec: str, conventions: Mapping[str, str] | None = None) -> Selector:
    """Return the rule that `spec` names. UsageError if there is none, or an option is wrong.

    `conventions` are options for each rule of the spec that takes them and does not set them.
    """
    spec = without_budget(spec)
    head, chained, rest = spec.partition(">")
    called, colon, options_text = head.strip().partition(":")
    name, equals, argument = called.partition("=")
    installed = plugins.installed("selectors")
    if name not in installed and (numbered := _NUMBERED.fullmatch(name)):
        # `best-of-n` is a name, `short-3` the name `short` with a number.
        name, argument = (*numbered.groups(),) if numbered[1] in installed else (name, argument)
    before, scorer = _scored_by(options_text)
    _, options = parse_spec(f"{name}{colon}{before}")
    if name not in installed:
        raise _unknown(name, installed)
    factory = plugins.load("selectors", name)
    takes = factory.conventions if isinstance(factory, Conventional) else frozenset()
    common = {key: value for key, value in (conventions or {}).items() if key in takes}
    extra: dict[str, Any] = {**common, **options, **scorer}
    usage = factory.usage if isinstance(factory, Argued) else name
    if isinstance(factory, Argued):
        # `short:m=3` is `short-3`.
        argument = argument or extra.pop(factory.argument, "")
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
    rule = with_means(plugins.make("selectors", name, spec, factory, extra))
    return guarded(name, rule)


def _unknown(name: str, installed: Mapping[str, object]) -> UsageError:
    plain = name.lower().replace("_", "-")
    near = get_close_matches(plain, [*installed, *SYNONYMS], n=1)
    if not near:
        return UsageError(f"no selector {name!r}; there are {', '.join(installed) or 'none'}")
    meant = SYNONYMS.get(near[0], near[0])
    return UsageError(
        f"no selector {name!r}; did you mean {near[0]}"
        + ("?" if meant == near[0] else f" ({meant})?")
    )


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
