"""Which of the problems are drawn for: by identifier, in another order, and how many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ttc import paths
from ttc.errors import UsageError, wrong_option
from ttc.records import Problem

_NEAR = 3  # identifiers that an error proposes
_COMPARED = 10_000  # identifiers that are compared with a misspelt one, which takes a while


@dataclass(frozen=True, slots=True)
class Choosing:
    """Which problems are chosen, in this order: `ids`, `shuffle`, `offset`, `limit`.

    An identifier that ends in `*` stands for all that begin so. `shuffle` is a seed: the order is
    that of a digest of it and of the identifier, so problems that are added later change nothing
    about the order of the others. `offset` leaves out so many, `limit` takes so many.
    """

    ids: tuple[str, ...] = ()
    shuffle: int | None = None
    offset: int = 0
    limit: int | None = None


def parse_ids(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the identifiers of `a,b,c`, of `@FILE` (one a line), or of a list of them.

    UsageError for a file that cannot be read, and for a text without identifiers.
    """
    if given is None:
        return ()
    if not isinstance(given, str):
        found = [str(each) for each in given]
    elif given.startswith("@"):
        try:
            found = (
                Path(paths.expanded(given[1:], "--ids"))
                .read_text(encoding="utf-8-sig")
                .splitlines()
            )
        except OSError as error:
            raise wrong_option("ids", given, error.strerror or str(error)) from None
        except UnicodeDecodeError as error:
            raise wrong_option("ids", given, f"{error}; convert the file with iconv") from None
    else:
        found = given.split(",")
    ids = tuple(dict.fromkeys(each.strip() for each in found if each.strip()))
    if not ids:
        raise wrong_option("ids", str(given), "it names no problem")
    return ids


def select(problems: Iterable[Problem], choosing: Choosing | int | None) -> tuple[Problem, ...]:
    """Return the problems that are chosen; a number is a limit. UsageError if none is left, or if
    there is no problem of an identifier."""
    if not isinstance(choosing, Choosing):
        choosing = Choosing(limit=choosing)
    chosen = list(problems)
    if choosing.ids:
        chosen = _named(chosen, choosing.ids)
    if choosing.shuffle is not None:
        chosen.sort(key=lambda problem: _rank(choosing.shuffle, problem.id))
    end = None if choosing.limit is None else choosing.offset + choosing.limit
    found = tuple(chosen[choosing.offset : end])
    if not found:
        if choosing.offset:
            have = f"there are {len(chosen):,}"
            raise wrong_option("offset", choosing.offset, f"no problems are left; {have}")
        raise UsageError("no problems are left; raise --limit")
    return found


def _rank(seed: int | None, name: str) -> tuple[bytes, str]:
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest(), name


def _named(problems: Sequence[Problem], ids: Sequence[str]) -> list[Problem]:
    """Return the problems of the identifiers, in the order of the data."""
    known = {problem.id for problem in problems}
    wanted: set[str] = set()
    for name in ids:
        if name in known:
            wanted.add(name)
            continue
        stem = name.removesuffix("*")
        begun = {each for each in known if each.startswith(stem)} if stem != name else set()
        if not begun:
            raise wrong_option("ids", name, f"no problem has this id; {_near(name, problems)}")
        wanted |= begun
    return [problem for problem in problems if problem.id in wanted]


def _near(name: str, problems: Sequence[Problem]) -> str:
    names = [problem.id for problem in problems]
    stem = name.removesuffix("*")
    # A number may be the place in an identifier that the file's name begins.
    ends = [each for each in names if each.endswith(f"/{stem}")]
    near = ends[:_NEAR] or get_close_matches(stem, names[:_COMPARED], _NEAR, 0.4)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are {', '.join(names[:_NEAR])}{', …' * (len(names) > _NEAR)}"
