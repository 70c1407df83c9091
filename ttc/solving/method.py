"""Methods by name: a strategy, or a selection rule that can pick."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from ttc import plugins
from ttc.errors import UsageError
from ttc.options import parse_spec
from ttc.selectors import Selector, spec
from ttc.strategies import Strategy
from ttc.strategies.guard import GuardedStrategy


def build(method: str, n: int | None) -> tuple[Strategy | None, Selector | None]:
    """Return the strategy or the rule that `NAME:options` names; the other is None.

    `n` is the option `n` of a strategy that has one and is not given it. UsageError for an unknown
    name, for wrong options, and for a measure, which cannot pick.
    """
    name = method.partition(":")[0]
    strategies = plugins.installed("strategies")
    if name in strategies:
        return _strategy(method, n), None
    rules = plugins.installed("selectors")
    rule, k = spec.named(method)
    if k is not None:
        raise UsageError(
            f"{method}: the budget of a method is n; write --method {rule} -n {k}",
            python=f"{method}: the budget of a method is n; write method={rule!r}, n={k}",
        )
    method, name = rule, rule.partition(":")[0]
    if name.partition("=")[0].partition("-")[0] not in {each.partition("-")[0] for each in rules}:
        near = get_close_matches(name, [*rules, *strategies], n=1)
        if near:
            raise UsageError(f"no method {name!r}; did you mean {near[0]}?")
        raise UsageError(
            f"no method {name!r}; rules are {', '.join(rules)}; "
            f"strategies are {', '.join(strategies)}"
        )
    selector: Selector = spec.build(method)
    if selector.needs == {"correct"}:
        raise UsageError(
            f"{method} is a measure, so it cannot pick an answer; use majority, first-finish or mbr"
        )
    return None, selector


def _strategy(method: str, n: int | None) -> Strategy:
    name, options = parse_spec(method)
    guarded: Any = GuardedStrategy(name, plugins.build("strategies", method))
    if n is not None and "n" in guarded.config and "n" not in options:
        method += f"{',' if options else ':'}n={n}"
        guarded = GuardedStrategy(name, plugins.build("strategies", method))
    made: Strategy = guarded
    return made
