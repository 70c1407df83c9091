"""Functions of the tests that take the function under test, such as HumanEval's `check`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_CHECK = re.compile(r"check|test_?check|(?:run_?)?tests?$|evaluate|verify|validate", re.I)
_TAKERS = {
    "candidate", "func", "fn", "function", "f", "solution", "sol", "solve", "solver", "impl",
    "implementation", "program", "submission", "callable", "method", "target", "answer",
}  # fmt: skip


def is_taker(parameter: str, entry: str | None) -> bool:
    """Return whether a parameter stands for the function under test by its name."""
    return parameter.lower() in _TAKERS or parameter == entry


def is_check(name: str, required: Sequence[str], entry: str | None) -> bool:
    """Return whether a function of the tests is called with the function under test."""
    if len(required) != 1:
        return False
    if name.startswith("test_") and not name.startswith("test_check"):
        return is_taker(required[0], entry)
    named = _CHECK.match(name) is not None
    return (named and not name.startswith("check_")) or (
        is_taker(required[0], entry) and (named or name.startswith(("test", "check", "run")))
    )


def checks_of(
    functions: Sequence[tuple[str, Sequence[str]]], called: Collection[str], entry: str | None
) -> list[str]:
    """Return the names of those functions that the tests do not call themselves.

    `functions` are names with required parameters. If there is `check` or `test_check`, only these
    are: others are their helpers.
    """
    found = [name for name, required in functions if is_check(name, required, entry)]
    main = [name for name in found if name in ("check", "test_check", "check_solution")]
    return [name for name in main or found if name not in called]
