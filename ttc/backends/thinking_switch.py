"""The variables by which chat templates turn reasoning on or off."""

from __future__ import annotations

NAMES = ("enable_thinking", "thinking", "reasoning")


def arguments(thinking: str) -> dict[str, bool]:
    """Return the variables that turn reasoning `on` or `off` in a chat template."""
    return dict.fromkeys(NAMES, thinking == "on")


def without_effect(wanted: str | None, thinking: int, draws: int, overlong: int = 0) -> str | None:
    """Return a line if --thinking had no visible effect, else None; `thinking` of `draws` draws
    have a thought, `overlong` one of more tokens than it allows."""
    if overlong:
        return f"--thinking {wanted}: {overlong} of {draws} draws have a thought of more tokens"
    if wanted == "off" and thinking:
        return f"--thinking off had no effect: {thinking} of {draws} draws have a thought"
    if wanted is None or thinking or not draws:
        return None
    if wanted == "on":
        return f"--thinking on had no visible effect: none of {draws} draws has a thought"
    if wanted.isdigit() and wanted != "0":
        return (
            f"--thinking {wanted} had no visible effect: none of {draws} draws has a thought to end"
        )
    return None
