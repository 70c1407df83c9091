"""The options of a selection rule: unknown ones and unknown values are refused."""

from __future__ import annotations

from collections.abc import Mapping


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


def _listed(known: Mapping[str, tuple[str, ...]]) -> str:
    return " and ".join(f"{option} ({', '.join(values)})" for option, values in known.items())
