"""Which models a request may name, and how each answers.

A request's `model` is the name of a preset, an alias or the model that is served, or
`METHOD[:OPTIONS]@NAME`. Other models (files, servers) are refused unless the operator allows them:
a client would choose what this machine opens.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ttc import plugins
from ttc.backends import resolve
from ttc.config import Config
from ttc.errors import UsageError
from ttc.messages import secrets
from ttc.messages.near import near
from ttc.options import parse_spec
from ttc.serving.errors import ApiError
from ttc.serving.options import ServeOptions
from ttc.solving.options import DEFAULT_N, SolveOptions, parts_of
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.scoring import AGGREGATES, LikelihoodScorer


@dataclass(frozen=True, slots=True)
class Entry:
    """A name that a request may give, and how it is answered. `said` is the name as given."""

    said: str
    options: SolveOptions


class Catalog:
    """All names. UsageError for a model or a method that does not exist."""

    def __init__(
        self, config: Config, options: ServeOptions, presets: Mapping[str, SolveOptions]
    ) -> None:
        self._config = config
        self._base = options.solve
        self._any, self._most = options.any_model, options.most_draws
        self._created = int(time.time())
        self.default = _short(config.get("model", options.solve.model) or "smollm2")
        self._entries: dict[str, SolveOptions] = dict(presets)
        for name in config.aliases:
            self._entries.setdefault(name, replace(options.solve, model=name))
        self._entries.setdefault(self.default, options.solve)
        for name, each in self._entries.items():
            self._check(name, each)

    def _check(self, name: str, options: SolveOptions) -> None:
        """Raise UsageError if a method is wrong, or what a preset names is not there."""
        try:
            parts_of(options)
            Budget.parse(options.budget)
            _check_tools(options)
            if (asked := self._too_many(options)) is not None:
                raise UsageError(
                    f"n={asked} is more than --max-draws {self._most}; raise that, or lower n"
                )
            if name == self.default or name not in self._config.aliases:
                resolve.resolve(options.model, self._config)
        except UsageError as error:
            raise UsageError(str(error) if name == self.default else f"{name}: {error}") from None

    @property
    def names(self) -> list[str]:
        """The names, that of the served model first."""
        return [self.default, *(name for name in self._entries if name != self.default)]

    def find(self, said: str | None, *, method: str | None = None, n: int | None = None) -> Entry:
        """Return the entry that a request names (None: the served model), answered by `method` and
        with `n` draws if they are given. ApiError if there is none, or it asks for too much."""
        wanted = said or self.default
        options = self._known(wanted)
        at = wanted.find("@")
        while options is None and at > 0:
            model = self._known(wanted[at + 1 :])
            if model is not None:
                method = method or wanted[:at]
                options = model
            at = wanted.find("@", at + 1)
        if options is None:
            raise self.unknown(wanted)
        if method is not None:
            options = self._by(method, options, wanted)
        if n is not None:
            options = replace(options, n=n)
        self._refuse_too_many(options)
        return Entry(wanted, options)

    def _known(self, name: str) -> SolveOptions | None:
        found = self._entries.get(name)
        if found is None and name and name == self._config.get("model", self._base.model):
            return self._base
        if found is None and self._any and name:
            try:
                resolve.resolve(name, self._config)
            except UsageError:
                return None
            return replace(self._base, model=name)
        return found

    def unknown(self, name: str) -> ApiError:
        """Return the error for a model that no entry has."""
        meant = near(name.rpartition("@")[2], self.names)
        hint = f"did you mean {meant}? " if meant else ""
        message = (
            f"The model {name[:200]!r} does not exist here. {hint}Known: {', '.join(self.names)}; "
            f"METHOD@NAME answers by another method, as majority:n=16@{self.default}"
        )
        return ApiError(404, message, param="model", code="model_not_found")

    def _by(self, method: str, options: SolveOptions, said: str) -> SolveOptions:
        """Return options with a method; its option n is the number of draws where it is a rule."""
        try:
            n = options.n
            name, given = parse_spec(method)
            if name not in plugins.installed("strategies") and "n" in given:
                n = _draws(given.pop("n"), method)
                rest = ",".join(f"{key}={value}" for key, value in given.items())
                method = f"{name}:{rest}" if rest else name
            by = replace(options, method=method, n=n)
            parts_of(by)
        except UsageError as error:
            missing = str(error).startswith("no method")
            status, code = (404, "model_not_found") if missing else (400, "invalid_value")
            message = f"The model {said[:200]!r}: {error}"
            raise ApiError(status, message, param="model", code=code) from None
        return by

    def _refuse_too_many(self, options: SolveOptions) -> None:
        if (asked := self._too_many(options)) is not None:
            message = f"n={asked} is more than the {self._most} that this server allows"
            raise ApiError(400, message, param="model", code="invalid_value")

    def _too_many(self, options: SolveOptions) -> int | None:
        """Return how many draws options ask for if those are more than are allowed."""
        strategy, _ = parts_of(options)
        asked = self._config.get("n", options.n, DEFAULT_N)
        if strategy is not None:
            asked = strategy.config.get("n", 0)
        return asked if isinstance(asked, int) and asked > self._most else None

    def listing(self) -> list[dict[str, Any]]:
        """Return the names as OpenAI lists models."""
        return [self.describe(name) for name in self.names]

    def describe(self, name: str) -> dict[str, Any]:
        """Return a name as OpenAI describes a model, with how it answers. ApiError."""
        options = self.find(name).options
        strategy, _ = parts_of(options)
        n = self._config.get("n", options.n, DEFAULT_N)
        about = {
            "model": _short(self._config.get("model", options.model) or "smollm2"),
            "method": options.method or "vote",
            "n": n if strategy is None else strategy.config.get("n"),
        }
        return {
            "id": name,
            "object": "model",
            "created": self._created,
            "owned_by": "ttc",
            "ttc": about,
        }


def _check_tools(options: SolveOptions) -> None:
    """Raise UsageError for a verifier, a scorer or an aggregate that does not exist."""
    for spec in (options.verifier, options.scorer):
        if spec is not None and spec != LikelihoodScorer.name:
            plugins.load("verifiers", spec.partition(":")[0])
    if options.aggregate not in AGGREGATES:
        known = ", ".join(AGGREGATES)
        raise UsageError(f"--aggregate {options.aggregate}: it must be one of {known}")


def _draws(text: str, method: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise UsageError(f"{method}: n must be a whole number from 1, not {text!r}")
    return int(text)


def _short(spec: str) -> str:
    """Return a model's name without the folders of a file, which are this machine's alone."""
    if "://" not in spec and ("/" in spec or "\\" in spec) and spec.endswith(".gguf"):
        return Path(spec).stem
    return secrets.redacted(spec)
