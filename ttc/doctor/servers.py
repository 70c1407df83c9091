"""Configured servers: each is asked for its list of models, and for nothing else."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from ttc import plugins
from ttc.backends import resolve
from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok, refused
from ttc.doctor.engine import REMOTE, checked, findings
from ttc.errors import TtcError
from ttc.plugins import installing

_PATIENCE = 5.0  # seconds between two bytes from a server
_WHOLE = 12.0  # seconds for all servers, which are asked in parallel
_VARIABLES = ("TTC_OPENAI_BASE_URL", "OPENAI_BASE_URL")


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    return [Step("servers", lambda: _asked(_servers(options), options), _WHOLE + 10)]


def _servers(options: DoctorOptions) -> dict[str, resolve.ModelChoice]:
    """Return the servers of the settings and the environment, by the setting that names them."""
    settings = options.settings()
    default = options.model or settings.values["model"].value
    named = {f"alias {name}": name for name in settings.aliases}
    if default is not None and default not in settings.aliases:
        named = {f"model {_safe(default)}": default, **named}
    found = {}
    for what, spec in named.items():
        try:
            choice = resolve.resolve(spec, settings)
        except TtcError:
            continue  # the group `settings` reports it
        if choice.backend == REMOTE:
            found[what] = choice
    for variable in _VARIABLES:
        if url := os.environ.get(variable):
            found[variable] = resolve.ModelChoice(REMOTE, "", {"base_url": url})
            break
    return found


def _safe(spec: str) -> str:
    """Return a spec without the user and password of its URL."""
    scheme, slashes, rest = spec.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


def _asked(servers: Mapping[str, resolve.ModelChoice], options: DoctorOptions) -> Iterator[Check]:
    if not servers:
        yield note("servers", "none configured")
        return
    if REMOTE not in plugins.installed("backends"):
        for what in servers:
            how = installing.install(plugins.KNOWN_BACKENDS[REMOTE])
            yield fail(what, f"no backend {REMOTE!r} is installed", how)
        return
    answers: queue.SimpleQueue[tuple[str, list[Check]]] = queue.SimpleQueue()
    for what, choice in servers.items():
        threading.Thread(target=_ask, args=(what, choice, options, answers), daemon=True).start()
    deadline, waiting = time.monotonic() + _WHOLE, dict(servers)
    while waiting:
        try:
            what, found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        del waiting[what]
        yield from found
    for what in waiting:
        yield fail(what, f"no answer within {_WHOLE:g} s", "check that the server runs")


def _ask(what: str, choice: resolve.ModelChoice, options: DoctorOptions, answers: Any) -> None:
    """Check one server and put the checks into a queue, even if this raises."""
    quick = {"retries": 0, "timeout": min(_PATIENCE, _seconds(choice.options.get("timeout")))}
    choice = replace(choice, options={**choice.options, **quick})
    try:
        found = list(_answered(what, choice, options))
    except TtcError as error:
        found = [refused(what, error)]
    except Exception as error:  # noqa: BLE001 (the other servers are still checked)
        found = [fail(what, f"this check failed: {type(error).__name__}: {error}")]
    answers.put((what, found))


def _seconds(given: Any) -> float:
    return float(given) if isinstance(given, (int, float)) and given > 0 else _PATIENCE


def _answered(what: str, choice: resolve.ModelChoice, options: DoctorOptions) -> Iterator[Check]:
    # Without a model the backend would ask the server for one.
    nameless = choice if choice.model else replace(choice, model="any")
    with closing(resolve.open_backend(nameless, options.store())) as backend:
        found = [each for each in findings(backend) if choice.model or each.what == "server"]
        for finding in found:
            yield replace(checked(finding), what=f"{what}: {finding.what}")
        if not found:
            yield ok(what, "opened; this backend has no further check")
