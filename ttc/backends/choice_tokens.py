"""The tokens with which a model may begin a given string, for the capability `choose`."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def spellings(choice: str) -> list[str]:
    """Return the spellings of a choice: in either case, with and without a blank before it."""
    cased = dict.fromkeys([choice, choice.lower(), choice.upper(), choice.capitalize()])
    return [blank + each for each in cased for blank in ("", " ")]


def first_tokens(
    choices: Sequence[str],
    encode: Callable[[str], Sequence[int]],
    blank: Callable[[int], bool],
) -> dict[str, list[int]]:
    """Return the first tokens of each choice's spellings. ValueError if two choices share one.

    `encode` returns the tokens of a text without special tokens; `blank` returns whether a token is
    only white space, with which any string may begin.
    """
    found: dict[str, list[int]] = {}
    owner: dict[int, str] = {}
    for choice in choices:
        firsts: dict[int, None] = {}
        for spelling in spellings(choice):
            tokens = encode(spelling)
            if tokens and not blank(tokens[0]):
                firsts[tokens[0]] = None
        for token in firsts:
            if owner.setdefault(token, choice) != choice:
                raise ValueError(
                    f"{owner[token]!r} and {choice!r} begin with the same token for this model"
                )
        if not firsts:
            raise ValueError(f"this model has no token that {choice!r} begins with")
        found[choice] = list(firsts)
    return found
