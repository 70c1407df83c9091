"""Datasets of the Hugging Face Hub, and folders in its layouts: `hf:OWNER/NAME[:CONFIG][@SPLIT]`.

Read with the package datasets, row by row; a folder may be one of data files, or what
`save_to_disk` wrote.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ttc.errors import UsageError
from ttc.formats.files.arrow import plain
from ttc.jsonl import Line
from ttc.plugins.installing import install

PREFIX = "hf:"
_FORM = re.compile(r"(?P<path>[^:@]+)(?::(?P<config>[^@]+))?(?:@(?P<split>.+))?")
_DEFAULT = ("test", "validation")  # splits, in this order
_SECONDS = 20  # to wait for the Hub
_SHOWN = 12


class Name(NamedTuple):
    """A dataset as the user names it."""

    path: str
    config: str | None
    split: str | None

    @property
    def local(self) -> bool:
        """Whether it is a folder."""
        return Path(self.path).is_dir() or self.path.startswith((".", "/", "~"))


class Opened(NamedTuple):
    """A split of a dataset, its revision on the Hub (None: a folder), and its rows."""

    split: str
    revision: str | None
    rows: Iterable[Mapping[str, Any]]


def is_name(source: str) -> bool:
    """Return whether a source names a dataset; a file of that name comes first."""
    return source.startswith(PREFIX) and not Path(source).exists()


def parse(source: str) -> Name:
    """Return the parts of `hf:OWNER/NAME[:CONFIG][@SPLIT]`. UsageError for another form."""
    text = source.removeprefix(PREFIX).removeprefix("//").removeprefix("datasets/")
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(f"{source}: write hf:OWNER/NAME, with :CONFIG and @SPLIT behind it")
    return Name(os.path.expanduser(found["path"]), found["config"], found["split"])


def label(source: str) -> str:
    """Return the name that problems and pools take from a dataset."""
    return Path(parse(source).path).resolve().name


def about(source: str) -> str:
    """Return what to say of a dataset besides its name: its split, and the revision it is of."""
    opened = _opened(source)
    revision = f", revision {opened.revision[:12]}" if opened.revision else ""
    return f"split {opened.split}{revision}"


def records(source: str) -> Iterator[Line]:
    """Yield the rows of a dataset with their numbers. UsageError if it cannot be read."""
    opened = _opened(source)
    rows = iter(opened.rows)
    number = 0
    while (row := _asked(source, lambda: next(rows, None))) is not None:
        number += 1
        yield Line(f"{source}:row {number}", plain(row))


@lru_cache(maxsize=16)
def _opened(source: str) -> Opened:
    """Open a dataset. UsageError if there is none, or no way to it, or a choice to be made."""
    name = parse(source)
    datasets = _library(source)
    if name.local:
        folder = Path(name.path)
        if not folder.is_dir():
            raise UsageError(f"{source}: there is no such folder")
        if any((folder / each).is_file() for each in ("dataset_dict.json", "state.json")):
            return _split(source, name, _asked(source, lambda: _saved(datasets, folder)), None)
    revision = None if name.local else _asked(source, lambda: _revision(name.path))
    builder = _asked(source, lambda: _builder(datasets, source, name, revision))
    splits = _asked(source, builder.as_streaming_dataset)
    return _split(source, name, splits, revision)


def _saved(datasets: Any, folder: Path) -> Mapping[str, Any]:
    """Return the splits of a dataset that `save_to_disk` wrote."""
    found = datasets.load_from_disk(str(folder))
    return found if isinstance(found, Mapping) else {str(found.split or "train"): found}


def _split(source: str, name: Name, splits: Mapping[str, Any], revision: str | None) -> Opened:
    wanted = name.split or next((each for each in _DEFAULT if each in splits), None)
    if wanted is None and len(splits) == 1:
        wanted = next(iter(splits))
    if wanted is None or wanted not in splits:
        there = ", ".join(splits)
        base = source.partition("@")[0]
        what = "several splits" if wanted is None else f"no split {wanted!r}"
        raise UsageError(f"{source}: {what}; choose one: {base}@SPLIT with SPLIT of {there}")
    rows = splits[wanted]
    # Images and sounds stay files: nothing here looks at them.
    return Opened(wanted, revision, rows.decode(False) if hasattr(rows, "decode") else rows)


def _builder(datasets: Any, source: str, name: Name, revision: str | None) -> Any:
    path = os.path.abspath(name.path) if name.local else name.path
    try:
        return datasets.load_dataset_builder(path, name.config, revision=revision)
    except ValueError as error:
        # It has several configurations, and none or an unknown one was named.
        if "onfig" not in str(error):
            raise
        there = datasets.get_dataset_config_names(path, revision=revision)
        shown = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
        which = "several configurations" if name.config is None else f"no {name.config!r}"
        split = f"@{name.split}" if name.split else ""
        raise UsageError(
            f"{source}: {which}; choose one: hf:{name.path}:CONFIG{split} with CONFIG of {shown}"
        ) from None


def _revision(path: str) -> str | None:
    """Return the commit of a dataset on the Hub; None if this process is to stay offline."""
    hub = import_module("huggingface_hub")
    if hub.constants.HF_HUB_OFFLINE:
        return None
    return str(hub.HfApi().dataset_info(path, timeout=_SECONDS).sha)


def _library(source: str) -> Any:
    try:
        datasets = import_module("datasets")
    except ImportError:
        raise UsageError(
            f"{source}: it needs a package: {install('ttc-cli[hub]')}; or download its Parquet "
            "files from the page of the dataset, and name those"
        ) from None
    datasets.disable_progress_bars()
    for library in ("datasets", "huggingface_hub", "httpx", "fsspec"):
        logging.getLogger(library).setLevel(logging.ERROR)
    return datasets


def _asked(source: str, act: Callable[[], Any]) -> Any:
    """Return what a library gives; a UsageError with the remedy for what it raises."""
    try:
        return act()
    except (UsageError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise UsageError(f"{source}: {_remedy(error, parse(source))}") from error


def _remedy(error: Exception, name: Name) -> str:
    kind = type(error).__name__
    text = " ".join(str(error).split())
    if "Gated" in kind or "gated dataset" in text:
        return "it is gated: accept its terms on its page, then: `hf auth login`"
    if kind in ("DatasetNotFoundError", "RepositoryNotFoundError", "HFValidationError"):
        return "no such dataset; if it is private: `hf auth login`"
    if "onnect" in kind + text or "Offline" in kind + text or "imeout" in kind:
        return (
            f"the Hub cannot be reached ({text[:120]}); with a network: `hf download "
            f"--repo-type dataset {name.path} --local-dir FOLDER`, then hf:./FOLDER"
        )
    return f"cannot be read ({kind}: {text[:300]})"
