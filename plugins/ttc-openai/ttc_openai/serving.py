"""Comparison of servers that draw under one identity by what they report about their weights.

A private server is identified by the name of its model alone, so that a restart, another port or
another machine does not start another pool. Two servers that use one name for different models
would then share their draws. So what each address reports is kept, and compared when another one
begins to draw.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ttc import keys, paths
from ttc.errors import BackendError
from ttc.messages import notes
from ttc_openai.address import Address, is_loopback
from ttc_openai.server import weights_of
from ttc_openai.server_traits import SCHEMA, write_json

# If any of these agrees, the weights are the same; the other fields can only show a difference.
_TELLING = ("digest", "sha256", "size", "n_params")


def reported_weights(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry of a server's list says about a model's weights."""
    reported = weights_of(row)
    root = row.get("root")
    return {**reported, "root": root} if isinstance(root, str) and root else reported


def find_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Return the first difference in what two servers report about their weights, None if there is
    none."""
    for name in sorted({*one} & {*other} - {"root"}):
        if one[name] != other[name]:
            return f"{name} {one[name]} here, {other[name]} there"
    return None


def same_weights(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two servers report enough to show that their weights are the same."""
    telling = [name for name in (*_TELLING, "root") if name in one and name in other]
    return any(one[name] == other[name] for name in telling) and find_difference(one, other) is None


def check_same_weights(address: Address, fingerprint: str, row: Mapping[str, Any]) -> None:
    """Compare a server with those that drew under the same identity, and keep what it reports.

    Prints a note if another address begins to draw and it is unknown whether its model is the same.
    Raises BackendError if it is another.
    """
    path = _path(fingerprint)
    known, here, reported = _kept(path), _normalized(address), reported_weights(row)
    for there, before in known.items():
        if (difference := find_difference(reported, before)) is not None:
            who = "it did before" if there == here else f"{there} has"
            raise BackendError(
                f"{address.spec}: reports other weights than {who} under this name "
                f"({difference}), and their draws would be mixed; to give it pools of its own, "
                f"run ttc models probe {address.spec} or set the option revision of an alias"
            )
    others = [there for there in known if there != here]
    if (
        others
        and here not in known
        and not any(same_weights(reported, known[each]) for each in others)
    ):
        notes.tell(
            f"{address.base_url}: calls its model {address.model!r} as {others[-1]} does, and "
            "it is unknown whether the models are the same; their draws go to the same pools, "
            "unless the option revision of an alias separates them"
        )
    if known.get(here) != reported:
        with suppress(OSError):
            about = {"schema": SCHEMA, "model": address.model, "servers": {**known, here: reported}}
            write_json(path, about)


def _normalized(address: Address) -> str:
    """Return an address in one spelling: this machine has several names."""
    host = urlsplit(address.base_url).hostname or ""
    if not is_loopback(host):
        return address.base_url
    shown = f"[{host}]" if ":" in host else host
    return address.base_url.replace(f"//{shown}", "//localhost", 1)


def _path(fingerprint: str) -> Path:
    digest = keys.digest("serving1", [fingerprint]).rpartition(":")[2]
    return paths.data_folder() / "servers" / f"{digest}.serving.json"


def _kept(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["servers"]
        return {str(url): dict(reported) for url, reported in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
