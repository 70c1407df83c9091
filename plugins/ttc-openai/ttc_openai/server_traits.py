"""The traits of a server, found by `ttc models probe` and kept between runs.

Without a probe little is assumed (see the defaults): no seeds, no log-probabilities, no prefixes,
and a request that sets min_p or top_k is rejected, since a server that ignored it would draw from
another distribution than the sample's key says.
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
    """How a server behaves with a model; None for what was not found out.

    `seed`: equal seeds give equal draws, and others do not. `n`: one request may ask for several
    draws. `top_k`, `min_p`: they take effect. `logprobs`: they are of the unfiltered temperature-1
    distribution. `prefix`: how an answer's beginning is continued, a name of `dialect.PREFIXES`; ""
    if it is not. `stop_told`: it reports which stop string fired. `usage`: a stream ends with its
    token counts. `chunks`: a piece of a stream is a token. `frees`: a closed connection ends its
    draw. `caches`: a known prompt is not computed again. `slots`: how many draws it runs at a time
    if it cuts off more. `bears`: how many open requests it sustained at the end of the last run, if
    that is few. `schema`, `grammar`, `regex`, `switch`, `effort`, `budget`: the form (`forms`) by
    which it takes them; "" if it does not. `template_arguments`, `logit_bias`, `penalties`: they
    take effect; `repeat_penalty`: the field by which it does. `logprobs_constrained`,
    `logprobs_biased`: log-probabilities are of the same distribution under constraints, and with
    biases and penalties. `weights`: what it reports about them. `unset`: parameters that it rejects
    even where they are off; `taken`: those that it accepts there (both found without a probe).
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
    schema: str | None = None
    grammar: str | None = None
    regex: str | None = None
    switch: str | None = None
    effort: str | None = None
    budget: str | None = None
    template_arguments: bool | None = None
    logit_bias: bool | None = None
    penalties: bool | None = None
    repeat_penalty: str | None = None
    logprobs_constrained: bool | None = None
    logprobs_biased: bool | None = None
    weights: Mapping[str, Any] = field(default_factory=dict)
    probed: bool = False
    unset: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        """The capabilities of the backend protocol that it has."""
        able = {
            "seed": self.seed,
            "logprobs": self.logprobs,
            "alternatives": self.logprobs,
            "prefix": bool(self.prefix),
            "stop-kept": self.stop_told or bool(self.chunks),
            # What is passed to the server's chat template, which cannot be seen from here: without
            # a probe it may have an effect.
            "thinking": self.switch != "",
            "template-arguments": self.template_arguments is not False,
            "thinking-effort": bool(self.effort),
            "thinking-budget": bool(self.budget),
            "schema": bool(self.schema),
            "grammar": bool(self.grammar),
            "regex": bool(self.regex),
            "logit-bias": self.logit_bias is True,
            "penalties": self.penalties is True,
            "repeat-penalty": bool(self.repeat_penalty),
            "token-logprobs": self.logprobs,
        }
        always = {"cancel", "request-fields"}
        return frozenset(always | {name for name, able in able.items() if able})


def path_of(address: Address) -> Path:
    """Return the file of a server and model."""
    digest = keys.digest("server1", [address.base_url, address.model]).rpartition(":")[2]
    return paths.data_folder() / "servers" / f"{digest}.json"


def read(address: Address) -> ServerTraits:
    """Return the kept traits; the defaults if there are none or they cannot be read."""
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
    """Keep traits. Raises OSError if the file cannot be written."""
    about = {"schema": SCHEMA, "server": address.base_url, "model": address.model}
    return write_json(path_of(address), {**about, "traits": asdict(traits)})


def keep_unset(address: Address, unset: Collection[str], taken: Collection[str]) -> ServerTraits:
    """Add parameters that the server rejects or accepts where they are off; return all traits.

    If they cannot be written, the next run finds them out again.
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
    """Keep that a server rejects parameters where they are off."""
    keep_unset(address, names, ())


def keep_limit(address: Address, bears: int | None) -> None:
    """Keep how many open requests a server sustained. Raises OSError if it cannot be written."""
    known = read(address)
    if known.bears != bears:
        write(address, replace(known, bears=bears))


def only_model(base_url: str, found: str | None = None) -> str | None:
    """Keep the only model of a server, or return the kept one, so that a finished run needs no
    server."""
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
