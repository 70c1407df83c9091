"""What every selection rule refuses in the same words: unknown options, budgets out of range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def read_options(
    selector: str, given: Mapping[str, str], known: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """Return the options of a rule; `known` holds the values of each, the default first."""
    for option, value in given.items():
        if option not in known:
            raise ValueError(
                f"{selector} has no option {option!r}; "
                + ("it takes none" if not known else f"it takes {_listed(known)}")
            )
        if value not in known[option]:
            raise ValueError(
                f"{selector}: {option} must be one of {', '.join(known[option])}, not {value!r}"
            )
    return {option: given.get(option, values[0]) for option, values in known.items()}


def check_budgets(ks: Sequence[int], n: int) -> None:
    """Refuse a k for which no k-subset of n draws exists."""
    for k in ks:
        if not 1 <= k <= n:
            raise ValueError(f"k must be between 1 and the {n} draws there are, not {k}")


def _listed(known: Mapping[str, tuple[str, ...]]) -> str:
    return " and ".join(f"{option} ({', '.join(values)})" for option, values in known.items())
