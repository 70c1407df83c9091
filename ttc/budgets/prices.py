"""Prices of models: the one format of `[models.X] price` and of the files of `sweep --rates`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

PER = 1e6  # tokens
EXAMPLE = "{ usd_prompt = 0.15, usd_completion = 0.6 }"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens of a prompt and of a completion, thoughts included.

    `batch` is the share of it that draws by batch files cost (`-m batch:ALIAS`): 1 unless the alias
    says so.
    """

    usd_prompt: float
    usd_completion: float
    batch: float = 1.0

    @classmethod
    def of(cls, table: Any) -> Price:
        """Return the price of a table of an alias. ValueError says what is wrong with it."""
        names = [each.name for each in fields(cls)]
        if not isinstance(table, Mapping):
            raise ValueError(f"price must be a table, as in price = {EXAMPLE}")
        for name, value in table.items():
            if name not in names:
                raise ValueError(f"price has no {name!r}; there are {', '.join(names)}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise ValueError(f"price.{name} must be a number from 0, not {value!r}")
        if lacking := [name for name in names[:2] if name not in table]:
            raise ValueError(f"price lacks {' and '.join(lacking)}, as in price = {EXAMPLE}")
        return cls(**table)

    def usd(self, prompt: float, completion: float) -> float:
        """Return what so many tokens cost."""
        return (prompt * self.usd_prompt + completion * self.usd_completion) / PER

    @property
    def by_batch(self) -> Price:
        """The price of draws by batch files."""
        return Price(self.usd_prompt * self.batch, self.usd_completion * self.batch)
