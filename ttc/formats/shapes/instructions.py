"""Instructions with inputs: Alpaca, Dolly and their kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import noting, turns
from ttc.formats.shapes.fields import answer, ask, asked, has, optional, scalar
from ttc.formats.shapes.noting import plain
from ttc.formats.shapes.shape import Asked, Shape, of
from ttc.records import Message


class Alpaca(Shape):
    """Read Alpaca: `instruction` and `input` together, and the `output`. Verifier: judge.

    LLaMA-Factory's `system` and `history` are turns before it.
    """

    name = "alpaca"
    fields = of("instruction", "output")
    verifier = "judge"
    gold: ClassVar[str] = "output"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the instruction with its input, and the output."""
        first, last = asked(record, "instruction"), optional(record, "input")
        whole = first
        if last:
            noting.role(record, "question", "input")
            whole = f"{first.strip()}\n\n{last}"
        gold = turns.said(record, self.gold)
        before = (*_system(record), *_history(record))
        return Asked((*before, *ask(whole)) if before else whole, gold)


class AlpacaPreference(Alpaca):
    """Read preferences with Alpaca's fields: `instruction`, `input`, `chosen`. Verifier: judge."""

    name = "alpaca-dpo"
    fields = of("instruction", "chosen", "rejected")
    gold = "chosen"


class InputsTargets(Shape):
    """Read Flan and Aya: texts in `inputs` and `targets`. Verifier: judge."""

    name = "inputs-targets"
    fields = of("inputs", "targets")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether both are texts."""
        return has(record, "inputs", str) and has(record, "targets", str)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the input and the target."""
        return Asked(asked(record, "inputs"), answer(record, "targets"))


def _system(record: Mapping[str, Any]) -> list[Message]:
    found = optional(record, "system")
    return [Message("system", found)] if found else []


def _history(record: Mapping[str, Any]) -> list[Message]:
    if not plain(record).get("history"):
        return []
    pairs = record["history"]
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)
        for pair in pairs
    ):
        raise ValueError("'history' must be a list of pairs of texts")
    noting.role(record, "question", "history")
    return [
        Message(role, said)
        for pair in pairs
        for role, said in zip(("user", "assistant"), pair, strict=True)
    ]


class Dolly(Shape):
    """Read Dolly: `context` and `instruction` together, and the `response`. Verifier: judge."""

    name = "dolly"
    fields = of("instruction", "context", "response")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the instruction behind its context, and the response."""
        gold = scalar("response", record["response"])
        if gold is not None:
            noting.role(record, "reference", "response")
        return Asked(asked(record, "context", "instruction"), gold)
