"""Every strategy by name: it decides with its defaults, says where it is from, and is strict."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from dataclasses import asdict

import pytest
from worlds import driver, task

from ttc import keys, plugins
from ttc import strategies as protocol
from ttc.errors import BackendError
from ttc.store import Store
from ttc.strategies.guard import GuardedStrategy

NAMES = sorted(
    name
    for name, entry in plugins.installed("strategies").items()
    if plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION
)
SOURCE = re.compile(r"\(.*\b(19|20)\d\d.*\)|\(.*search-and-learn.*\)")


def test_there_are_strategies() -> None:
    assert len(NAMES) >= 18


@pytest.mark.parametrize("name", NAMES)
def test_it_decides_with_its_defaults(name: str, store: Store) -> None:
    strategy = plugins.load("strategies", name)()
    assert strategy.name == name
    run = driver(store).solve(strategy, task(1))
    assert run.decision.node is not None
    assert run.decision.note
    assert not run.exhausted
    assert run.errors == ()
    assert any(node is run.decision.node for node, _ in run.decision.finals)
    assert run.usage.tokens == sum(node.tokens for node in run.nodes) > 0
    assert json.loads(json.dumps(asdict(run.usage))) == asdict(run.usage)


@pytest.mark.parametrize("name", NAMES)
def test_its_first_line_names_its_source(name: str) -> None:
    first = (plugins.load("strategies", name).__doc__ or "").partition("\n")[0]
    assert SOURCE.search(first), first


@pytest.mark.parametrize("name", NAMES)
def test_its_options_are_told_and_no_other_is_taken(name: str) -> None:
    factory = plugins.load("strategies", name)
    config = factory().config
    assert config
    assert json.loads(keys.canonical_json(config)) == json.loads(json.dumps(config))
    with pytest.raises(ValueError, match="unknown option 'colour'; it takes: "):
        factory(colour="red")
    for option in set(config) - {"step", "end", "wait", "cue"}:
        with pytest.raises(ValueError, match=option):
            factory(**{option: "many things"})


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("beam", {"n": "0"}, "n must be a whole number from 1"),
        ("beam", {"pick": "worst"}, "pick must be one of best, weighted, majority"),
        ("dvts", {"n": "10", "m": "4"}, "n must be a multiple of m"),
        ("particles", {"n": "2", "iterations": "3"}, "at least the iterations"),
        ("particles", {"tau": "0"}, "tau above 0"),
        ("rebase", {"temperature": "0"}, "temperature must be a number above 0"),
        ("ets", {"memory": "-1"}, "memory must be a number from 0"),
        ("prune", {"keep": "1.5"}, "keep must be a number above 0 and at most 1"),
        ("adaptive", {"batches": "1/0"}, "batches must be numbers"),
        ("deepconf", {"keep": "0"}, "keep must be a number above 0 and at most 100"),
    ],
)
def test_what_is_out_of_range_is_refused(name: str, options: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plugins.load("strategies", name)(**options)


def test_the_example_of_the_protocol_works(store: Store) -> None:
    """What the docstring of `ttc.strategies` shows an author runs as it stands."""
    shown = (protocol.__doc__ or "").partition("    class Mine:")
    body = "".join(shown[1:]).partition("\nRegister the class")[0]
    made = dict(vars(protocol))
    exec(textwrap.dedent(body), made)
    strategy = GuardedStrategy("mine", made["Mine"](n="5"))
    assert SOURCE.search(made["Mine"].__doc__)
    run = driver(store).solve(strategy, task(1))  # type: ignore[arg-type]
    assert [call.depth for call in run.nodes] == [1] * 5
    assert run.usage.scores == 5
    assert run.decision.node in run.nodes


def test_without_a_solver_ets_says_so_before_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(BackendError, match=r"ets needs scipy; .*pip install .*\[rpc\]'"):
        plugins.load("strategies", "ets")()
    assert plugins.load("strategies", "ets")(memory="0", variety="0").memory == 0
