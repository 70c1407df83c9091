"""What to read of judged draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ttc import interchange
from ttc.formats.mapping import check_mapping
from ttc.outcomes.opinions import NOBODY, Asked
from ttc.selectors import Selector, worth
from ttc.selectors.extras import scorers_of

MAPPABLE = (*interchange.FIELDS, "scores.*", "tags.*")


class Asking(Protocol):
    """The options of a sweep that say what to read."""

    @property
    def value(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def confusion(self) -> tuple[str, ...]: ...
    @property
    def agreement(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of each draw.

    `verifier` is the one whose verdicts count (None: the only one there is); `mapping` renames
    the fields of a file, ours to theirs; `scorers` are verifiers whose scores are read as well;
    `beside` are the names of all sources that are read together; `tags` those to group problems
    by; with `scored` a line of a file that has a score is judged, whether it is correct or not;
    `asked` are further verifiers whose opinions are read; `format` is the kind of a file. `row` is
    the row id of the verifier, of a pool whose verifier was chosen already.
    UsageError for an unknown field.
    """

    verifier: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    text: bool = False
    scorers: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    scored: bool = False
    asked: Asked = NOBODY
    format: str | None = None
    row: int | None = None

    def __post_init__(self) -> None:
        check_mapping(self.mapping, MAPPABLE)

    @classmethod
    def by(
        cls,
        rules: Iterable[Selector],
        *,
        verifier: str | None = None,
        mapping: Mapping[str, str] | None = None,
        beside: Iterable[str] = (),
        options: Asking | None = None,
        form: str | None = None,
    ) -> Wanted:
        """Return what these rules, and the options of a sweep, need of a source."""
        listed = list(rules)
        value = worth.CORRECT if options is None else options.value
        asked = NOBODY if options is None else Asked(options.confusion, options.agreement)
        scorers = (scorers_of(rule) for rule in listed)
        return cls(
            verifier or asked.truth,
            mapping or {},
            text=any("text" in rule.needs for rule in listed),
            scorers=frozenset({worth.scorer_of(value)} - {""}).union(*scorers),
            beside=tuple(beside),
            tags=() if options is None else options.tags,
            scored=value != worth.CORRECT,
            asked=asked,
            format=form,
        )


DEFAULT = Wanted()
