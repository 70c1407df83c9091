"""What a plugin may have besides its protocol, asked with `isinstance`.

    if isinstance(backend, Tunable):
        backend.tune(…)

The protocols of optional members are beside the required ones: `ttc.backends.extras`,
`ttc.verifiers.extras`, `ttc.selectors.extras`. Here are those that are asked of what an entry
point names, which is a class or a function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from abc import ABCMeta as ProtocolMeta
else:
    ProtocolMeta = type(Protocol)


class AbilityMeta(ProtocolMeta):
    """Has `isinstance` look members up as an access does.

    That of typing does not call `__getattr__` since Python 3.12, so it finds none of the members
    that a guard (`ttc.plugins.guards`) or a plugin's own wrapper passes on.
    """

    def __instancecheck__(cls, instance: Any) -> bool:  # noqa: N805 (of a metaclass)
        if not getattr(cls, "_is_protocol", False):  # a plugin's class that derives from one
            return super().__instancecheck__(instance)
        return all(
            _has(instance, name, vars(base).get(name))
            for base in cls.__mro__
            if isinstance(base, AbilityMeta)
            for name in {*vars(base), *getattr(base, "__annotations__", {})}
            if not name.startswith("_")
        )


def _has(instance: Any, name: str, declared: Any) -> bool:
    """Whether an object has a member. A method that is None is none."""
    if callable(declared):
        return callable(getattr(instance, name, None))
    return hasattr(instance, name)


@runtime_checkable
class Ability(Protocol, metaclass=AbilityMeta):
    """The base of protocols of optional members."""


@runtime_checkable
class Taking(Ability, Protocol):
    """A factory that takes all text behind `NAME:` as its one argument if `takes` is `text`."""

    takes: str


@runtime_checkable
class Needing(Ability, Protocol):
    """A strategy that names the capabilities it needs of a backend."""

    needs: frozenset[str]


@runtime_checkable
class Referring(Ability, Protocol):
    """A verifier's class that says whether it reads the reference, whatever its options."""

    reads_reference: bool | None


@runtime_checkable
class Scoring(Ability, Protocol):
    """A strategy that says whether it needs a scorer."""

    scores: bool


@runtime_checkable
class Drafting(Ability, Protocol):
    """A strategy that says whether it draws from a second, smaller model."""

    drafts: bool
