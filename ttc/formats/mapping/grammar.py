"""The parts of a mapping, and how they are written; `ttc.formats.mapping` has the grammar."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ttc.formats.paths import Path


class MapSyntaxError(ValueError):
    """Text that is no mapping: what is wrong, and at which character."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of a join that is the same in all records."""

    text: str

    def __str__(self) -> str:
        return json.dumps(self.text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison that makes a value true or false."""

    operator: str
    operand: Any

    def __str__(self) -> str:
        return f":{self.operator}{json.dumps(self.operand, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Value:
    """The right side of a pair. `raw` is the text as it was typed."""

    pieces: tuple[Path | Text, ...]
    test: Test | None = None
    raw: str = field(default="", compare=False)

    def __str__(self) -> str:
        joined = "+".join(map(str, self.pieces))
        return f"{joined}{'' if self.test is None else self.test}"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths in it; at least one."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Path))
