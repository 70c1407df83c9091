"""Methods by name: a strategy, else a selection rule that can pick."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from ttc import plugins
from ttc.errors import UsageError
from ttc.options import parse_spec
from ttc.selectors import Selector
from ttc.selectors import spec as naming
from ttc.strategies import Strategy
from ttc.strategies.guard import GuardedStrategy


def build(method: str, n: int | None) -> tuple[Strategy | None, Selector | None]:
    """Return the strategy or the rule that `NAME:options` names. UsageError for what is neither.

    `n` is a strategy's as well, where it has such a number and its options do not say it.
    """
    name = method.partition(":")[0]
    strategies = plugins.installed("strategies")
    if name in strategies:
        return _strategy(method, n), None
    rules = plugins.installed("selectors")
    if name.partition("=")[0].partition("-")[0] not in {each.partition("-")[0] for each in rules}:
        near = get_close_matches(name, [*rules, *strategies], n=1)
        if near:
            raise UsageError(f"no method {name!r}; did you mean {near[0]}?")
        raise UsageError(
            f"no method {name!r}; rules are {', '.join(rules)}; "
            f"strategies are {', '.join(strategies)}"
        )
    selector: Selector = naming.build(method)
    if selector.needs == {"correct"}:
        raise UsageError(
            f"{method} is a measure, not a rule that can pick; take majority, first-finish or mbr"
        )
    return None, selector


def _strategy(spec: str, n: int | None) -> Strategy:
    name, options = parse_spec(spec)
    guarded: Any = GuardedStrategy(name, plugins.build("strategies", spec))
    if n is not None and "n" in guarded.config and "n" not in options:
        spec += f"{',' if options else ':'}n={n}"
        guarded = GuardedStrategy(name, plugins.build("strategies", spec))
    made: Strategy = guarded
    return made
