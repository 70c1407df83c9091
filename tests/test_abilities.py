"""Optional members of plugins: asked with isinstance, and seen through guards and wrappers."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from ttc import plugins
from ttc.backends import (
    Backend,
    Completion,
    ModelInfo,
    Probeable,
    Reporting,
    Request,
    Settling,
    Slotted,
    Spread,
    Stepped,
    Tunable,
    Wide,
    extras,
)
from ttc.backends.guarded import GuardedBackend
from ttc.backends.simulated import SimulatedBackend
from ttc.backends.supported_params import settled
from ttc.errors import BackendError
from ttc.plugins import abilities
from ttc.plugins.abilities import Ability
from ttc.plugins.guards import Guarded
from ttc.records import SamplingParams
from ttc.selectors import extras as of_selectors
from ttc.selectors import spec
from ttc.selectors.exact import estimates
from ttc.selectors.exact.estimates import Estimating
from ttc.selectors.guard import GuardedSelector
from ttc.selectors.majority import Majority
from ttc.strategies.guard import GuardedStrategy
from ttc.verifiers import extras as of_verifiers

PROTOCOLS = sorted(
    {
        member
        for module in (abilities, extras, of_selectors, of_verifiers, estimates)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if isinstance(member, type(Ability)) and member is not Ability
    },
    key=lambda protocol: protocol.__name__,
)


def members(protocol: type) -> dict[str, Any]:
    """Return an implementation of each member of a protocol."""
    found: dict[str, Any] = {}
    for base in reversed(protocol.__mro__):
        if isinstance(base, type(Ability)):
            found |= dict.fromkeys(inspect.get_annotations(base), "a value")
            for name, member in vars(base).items():
                if not name.startswith("_"):
                    method = inspect.isfunction(member)
                    found[name] = (lambda self, *args, **options: "called") if method else "a value"
    return found


class Wrapper:
    """What a plugin may put around another's object: everything is passed on."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Plain:
    """Has no optional member."""

    name = "plain"


def test_every_optional_member_has_a_protocol() -> None:
    assert {Tunable, Probeable, Stepped, Slotted, Spread} <= set(PROTOCOLS)
    assert len(PROTOCOLS) > 25
    assert all(members(protocol) for protocol in PROTOCOLS)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.__name__)
def test_what_has_the_members_is_an_instance(protocol: type) -> None:
    able = type("Able", (), members(protocol))()
    for seen in (able, Wrapper(able), Guarded("backends", "able", able)):
        assert isinstance(seen, protocol)
    for seen in (Plain(), Wrapper(Plain()), Guarded("backends", "plain", Plain()), None, 3):
        assert not isinstance(seen, protocol)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.__name__)
def test_each_member_is_needed(protocol: type) -> None:
    every = members(protocol)
    for lacking in every:
        able = type("Able", (), {name: each for name, each in every.items() if name != lacking})()
        assert not isinstance(able, protocol)
        assert not isinstance(Guarded("backends", "able", able), protocol)


def test_a_method_that_is_none_is_none() -> None:
    assert not isinstance(type("Off", (), {"room": None})(), Wide)
    assert isinstance(type("On", (), {"slots": None})(), Slotted)


def test_a_class_that_derives_from_a_protocol_is_named_by_descent() -> None:
    class Mine(Wide):
        def room(self) -> int:
            return 1

    class Other:
        def room(self) -> int:
            return 2

    assert isinstance(Mine(), Mine)
    assert isinstance(Mine(), Wide)
    assert not isinstance(Other(), Mine)


def test_protocols_build_on_each_other() -> None:
    assert not isinstance(type("One", (), {"room": lambda self: 1})(), Spread)
    both = {"room": lambda self: 1, "status": lambda self: "well"}
    assert isinstance(type("Both", (), both)(), Spread)


def backend(**more: Any) -> Backend:
    script = SimulatedBackend(ModelInfo("m", "f"), lambda request: Completion("", "x", "stop"))
    for name, member in more.items():
        setattr(script, name, member)
    return GuardedBackend("scripted", script)


def test_what_a_guarded_backend_can_do_is_checked_when_it_does_it() -> None:
    guarded = backend(room=lambda: "many", status=lambda: "2 of 4 replicas")
    assert isinstance(guarded, Wide)
    assert isinstance(guarded, Reporting)
    assert isinstance(guarded, Stepped)
    assert isinstance(guarded, Slotted)
    assert guarded.status() == "2 of 4 replicas"
    with pytest.raises(BackendError, match="gave a str from room, not a int"):
        guarded.room()
    with pytest.raises(LookupError):
        guarded.step()
    assert not isinstance(guarded, (Tunable, Probeable, Settling))


def test_settled_asks_a_backend_that_can_tell() -> None:
    model = ModelInfo("m", "f", unset=("top_p",))
    assert settled(backend(settle=lambda params: model), SamplingParams()) == model
    assert settled(backend(), SamplingParams()).unset == ()


def test_a_property_that_fails_is_the_plugins_fault() -> None:
    class Broken:
        @property
        def slots(self) -> int:
            raise ValueError("out of order")

    with pytest.raises(BackendError, match="cannot tell its slots: ValueError: out of order"):
        isinstance(Guarded("backends", "broken", Broken()), Slotted)


def test_rules_and_strategies_behind_their_guards() -> None:
    rule: Any = GuardedSelector("mine", Majority())
    assert isinstance(rule, of_selectors.Replacing)
    assert not isinstance(rule, (Estimating, of_selectors.Stoppable))
    assert not of_selectors.is_oracle(rule)
    assert of_selectors.is_oracle(spec.build("coverage"))
    assert of_selectors.scorers_of(spec.build("keep=2:score=rm>weighted:score=judge")) == {
        "rm",
        "judge",
    }
    drafting: Any = GuardedStrategy("specreason", plugins.build("strategies", "specreason"))
    assert isinstance(drafting, abilities.Drafting)
    assert not isinstance(
        GuardedStrategy("beam", plugins.build("strategies", "beam")), abilities.Drafting
    )


def test_a_backend_with_the_protocol_alone_is_enough() -> None:
    class Least:
        model = ModelInfo("m", "f")
        capabilities: frozenset[str] = frozenset()

        def submit(self, request: Request) -> None: ...
        def wait(self) -> Completion:
            raise LookupError

        def cancel(self, request_id: str) -> None: ...
        def close(self) -> None: ...

    least = GuardedBackend("least", Least())
    abilities_of_backends = (Tunable, Probeable, Stepped, Slotted, Wide, Reporting, Settling)
    assert not any(isinstance(least, ability) for ability in abilities_of_backends)
