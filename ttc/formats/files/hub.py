"""Datasets of the Hugging Face Hub, and folders in its layouts: `hf:OWNER/NAME[:CONFIG][@SPLIT]`.

Read with the package datasets, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ttc.errors import UsageError
from ttc.jsonl import Line

PREFIX = "hf:"
_FORM = re.compile(r"(?P<path>[^:@]+)(?::(?P<config>[^@]+))?(?:@(?P<split>.+))?")
_SPLITS = ("test", "validation")
_OFFLINE = "ConnectionError, ConnectTimeout, OfflineModeIsEnabled, LocalEntryNotFoundError"


class Name(NamedTuple):
    """A dataset as the user names it."""

    path: str
    config: str | None
    split: str | None


def is_name(source: str) -> bool:
    """Return whether a source names a dataset; a file of that name comes first."""
    return source.startswith(PREFIX) and not Path(source).exists()


def parse(source: str) -> Name:
    """Return the parts of `hf:OWNER/NAME[:CONFIG][@SPLIT]`. UsageError for another form."""
    found = _FORM.fullmatch(source.removeprefix(PREFIX))
    if found is None:
        raise UsageError(f"{source}: write hf:OWNER/NAME, :CONFIG and @SPLIT behind it")
    return Name(found["path"], found["config"], found["split"])


def label(source: str) -> str:
    """Return the name that problems and pools take from a dataset."""
    return Path(parse(source).path).name


def records(source: str) -> Iterator[Line]:
    """Yield the rows of a dataset with their numbers. UsageError if it cannot be read."""
    yield from ()
