"""Whether verdicts were made by the version of a verifier that is installed now."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ttc import plugins
from ttc.errors import TtcError


def outdated(verifier: Mapping[str, Any], pool: str) -> str | None:
    """Return a line if verdicts on a pool are by another version of their verifier, else None.

    `verifier` has the name, version and configuration with which they are stored. The installed
    version of a verifier that cannot be imported is unknown: None.
    """
    if not verifier or "imported" in verifier["config"]:
        return None
    name = str(verifier["name"])
    try:
        now = getattr(plugins.load("verifiers", name), "version", None)
    except TtcError:
        return None
    if not isinstance(now, str) or now == verifier["version"]:
        return None
    return (
        f"its verdicts are by version {verifier['version']} of {name}, and version {now} is "
        f"installed, which may judge otherwise; {command(pool, verifier)} judges again"
    )


def command(pool: str, verifier: Mapping[str, Any] | None) -> str:
    """Return the command that judges the draws of a pool by a verifier, as it is stored."""
    if not verifier or "imported" in verifier["config"]:
        return f"ttc verify {shlex.quote(pool)} -V NAME"
    spec = _spec(str(verifier["name"]), verifier["config"])
    return f"ttc verify {shlex.quote(pool)} -V {shlex.quote(spec)}"


def _spec(name: str, config: Mapping[str, Any]) -> str:
    """Return the spec of a verifier with a configuration: its bare name if that is the default."""
    try:
        default = dict(plugins.build("verifiers", name).config)
    except TtcError:
        return name
    if json.dumps(default, sort_keys=True) == json.dumps(dict(config), sort_keys=True):
        return name
    options = [f"{key}={_option(value)}" for key, value in config.items() if value is not None]
    return f"{name}:{','.join(options)}"


def _option(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
