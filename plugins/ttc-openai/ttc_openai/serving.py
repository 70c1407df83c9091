"""Which servers draw under one identity, and whether what they tell of their weights agrees.

A server of one's own is told by the name of its model alone, so that a restart, another port or
another machine makes no other pool. Two that give one name to different models would then share
their draws: what each address told is kept, and compared when another one begins to draw.
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
from ttc_openai.server import weights
from ttc_openai.server_traits import SCHEMA, write_json

# Any of these that agrees tells the same weights; others only tell different ones.
_TELLING = ("digest", "sha256", "size", "n_params")


def weights_in_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row of a server's list tells of a model's weights."""
    told = weights(row)
    root = row.get("root")
    return {**told, "root": root} if isinstance(root, str) and root else told


def find_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Return what two servers tell differently of their weights, None if nothing."""
    for name in sorted({*one} & {*other} - {"root"}):
        if one[name] != other[name]:
            return f"{name} {one[name]} here, {other[name]} there"
    return None


def same_weights(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two servers tell enough to say that their weights are the same."""
    telling = [name for name in (*_TELLING, "root") if name in one and name in other]
    return any(one[name] == other[name] for name in telling) and find_difference(one, other) is None


def check_same_weights(address: Address, fingerprint: str, row: Mapping[str, Any]) -> None:
    """Hold a server against those that drew under the same identity, and keep what it tells.

    Says a line where another address begins to draw and it cannot be told whether the model is
    the same. BackendError where it is another.
    """
    path = _path(fingerprint)
    known, here, told = _kept(path), _spelled(address), weights_in_row(row)
    for there, before in known.items():
        if (difference := find_difference(told, before)) is not None:
            who = "it did before" if there == here else f"{there} does"
            raise BackendError(
                f"{address.spec}: tells of other weights than {who} under this name "
                f"({difference}), and draws of both would be mixed; "
                f"ttc models probe {address.spec} gives it pools of its own, and so does the "
                "option revision of an alias"
            )
    others = [there for there in known if there != here]
    if others and here not in known and not any(same_weights(told, known[each]) for each in others):
        notes.tell(
            f"{address.base_url}: calls its model {address.model!r} as {others[-1]} does, and "
            "whether it is the same cannot be told; their draws go to the same pools, unless an "
            "alias tells them apart by the option revision"
        )
    if known.get(here) != told:
        with suppress(OSError):
            about = {"schema": SCHEMA, "model": address.model, "servers": {**known, here: told}}
            write_json(path, about)


def _spelled(address: Address) -> str:
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
        return {str(url): dict(told) for url, told in found.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
