"""How strategies read their options: each is taken out, and what is left is unknown."""

from __future__ import annotations


def whole(options: dict[str, str], name: str, default: int, least: int = 1) -> int:
    """Take a whole number from options. ValueError."""
    text = options.pop(name, str(default))
    if not (text.lstrip("-").isdecimal() and int(text) >= least):
        raise ValueError(f"{name} must be a whole number from {least}, not {text!r}")
    return int(text)


def number(options: dict[str, str], name: str, default: float) -> float:
    """Take a number from options. ValueError."""
    text = options.pop(name, str(default))
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} must be a number, not {text!r}") from None


def one_of(options: dict[str, str], name: str, known: tuple[str, ...]) -> str:
    """Take a word from options, the first of `known` by default. ValueError."""
    text = options.pop(name, known[0])
    if text not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, not {text!r}")
    return text


def no_more(options: dict[str, str], strategy: str) -> None:
    """Refuse what is left of options. ValueError."""
    if options:
        raise ValueError(f"{strategy} has no option {', '.join(sorted(options))}")
