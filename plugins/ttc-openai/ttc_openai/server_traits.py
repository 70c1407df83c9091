"""What is known of a server: what `ttc models probe` found, kept between runs.

Without a probe little is taken for granted (see the defaults): no seeds, no log-probabilities, no
prefixes, and a request that sets min_p or top_k is refused, since a server that ignored it would
draw from another distribution than its key says.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ttc import keys, paths
from ttc_openai.address import Address

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ServerTraits:
    """How a server behaves with a model. What is None was not found out.

    `seed`: equal seeds give equal draws, and others do not. `n`: one request may ask for several
    draws. `top_k`, `min_p`: they take effect. `logprobs`: those of the unfiltered temperature-1
    distribution. `prefix`: how a chat's answer is begun, by a name of `dialect.PREFIXES`;
    "" if it cannot be. `stop_told`: it says which stop string fired. `usage`: a stream ends with
    its token counts. `chunks`: a piece of a stream is a token. `frees`: a closed connection ends
    its draw. `caches`: a prompt that was seen is not computed again. `slots`: how many draws it
    runs at a time where more are cut. `bears`: how many requests under way it bore at the end of
    the last run, where that is few. `weights`: what it tells of them. `unset`: parameters that it
    refuses even where they are off; `taken`: those that it takes there (both without a probe).
    """

    seed: bool = False
    n: bool = False
    top_k: bool | None = None
    min_p: bool | None = None
    logprobs: bool = False
    prefix: str = ""
    stop_told: bool = False
    stop_stripped: bool | None = None
    usage: bool | None = None
    chunks: bool | None = None
    raw: bool | None = None
    frees: bool | None = None
    caches: bool | None = None
    slots: int | None = None
    bears: int | None = None
    weights: Mapping[str, Any] = field(default_factory=dict)
    probed: bool = False
    unset: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        """What of the Backend protocol it can do."""
        able = {
            "seed": self.seed,
            "logprobs": self.logprobs,
            "alternatives": self.logprobs,
            "prefix": bool(self.prefix),
            "stop-kept": self.stop_told or bool(self.chunks),
        }
        # A switch for thinking goes to the server's chat template, which cannot be seen from here.
        return frozenset({"cancel", "thinking"} | {name for name, able in able.items() if able})


def path_of(address: Address) -> Path:
    """Return the file of a server and model."""
    digest = keys.digest("server1", [address.base_url, address.model]).rpartition(":")[2]
    return paths.data_folder() / "servers" / f"{digest}.json"


def read(address: Address) -> ServerTraits:
    """Return what was kept; the defaults if nothing was, or nothing that can be read."""
    try:
        kept = json.loads(path_of(address).read_text(encoding="utf-8"))
        if kept["schema"] != SCHEMA:
            return ServerTraits()
        known = {each.name for each in fields(ServerTraits)}
        found = {name: value for name, value in kept["traits"].items() if name in known}
        names = {name: tuple(map(str, found.get(name, ()))) for name in ("unset", "taken")}
        return ServerTraits(**{**found, **names})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ServerTraits()


def write(address: Address, traits: ServerTraits) -> Path:
    """Keep what was found out. OSError if it cannot be written."""
    about = {"schema": SCHEMA, "server": address.base_url, "model": address.model}
    return write_json(path_of(address), {**about, "traits": asdict(traits)})


def settle(address: Address, unset: Collection[str], taken: Collection[str]) -> ServerTraits:
    """Add what a server refuses and takes where it is off, and return all that is known.

    Where it cannot be kept, the next run finds it out again.
    """
    before = read(address)
    known = {*before.unset, *unset}
    traits = replace(
        before, unset=tuple(sorted(known)), taken=tuple(sorted({*before.taken, *taken} - known))
    )
    with contextlib.suppress(OSError):
        write(address, traits)
    return traits


def leave_out(address: Address, names: Collection[str]) -> None:
    """Keep that a server refuses parameters where they are off."""
    settle(address, names, ())


def keep_limit(address: Address, bears: int | None) -> None:
    """Keep how many requests under way a server bore. OSError if it cannot be written."""
    known = read(address)
    if known.bears != bears:
        write(address, replace(known, bears=bears))


def only_model(base_url: str, found: str | None = None) -> str | None:
    """Keep the only model of a server, or return the one kept: a finished run asks no server."""
    path = path_of(Address(base_url, "")).with_suffix(".model.json")
    if found is not None:
        write_json(path, {"schema": SCHEMA, "server": base_url, "model": found})
        return found
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["model"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a file whole or not at all. OSError if it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with paths.replacing(path) as part:
        part.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path
