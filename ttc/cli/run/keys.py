"""What `ttc keys` does once its options are parsed. No key is ever printed."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from ttc.backends import addresses, resolve, server_keys
from ttc.cli.output import document
from ttc.cli.run.config import NOTHING
from ttc.errors import Exit, TtcError, UsageError
from ttc.messages import secrets
from ttc.messages.near import did_you_mean
from ttc.messages.visible import for_stdout
from ttc.report.tables.columns import columns
from ttc.session import Session


def server_of(session: Session, name: str) -> str:
    """Return the origin that a URL, a host, an alias or `openai` stands for. UsageError."""
    if name == "openai":
        return server_keys.origin(server_keys.default_url())
    if name in session.config.aliases:
        found = _of_model(session, name)
        if found is None:
            raise UsageError(f"{name}: a model of this machine, which needs no key")
        return found
    url = addresses.local(name) or addresses.meant(name) or name
    url = f"http://{url}" if re.fullmatch(r"[\w-]+:\d+", url) else url
    url = f"https://{url}" if "." in url and not addresses.is_url(url) else url
    try:
        if addresses.is_url(url) and (server := server_keys.origin(url)).rpartition("/")[2]:
            return server
    except ValueError:
        pass
    known = [*session.config.aliases, "openai"]
    hint = did_you_mean(name, known, "write https://HOST, or an alias (ttc models)")
    raise UsageError(f"{name}: no server is called so; {hint}")


def _of_model(session: Session, alias: str) -> str | None:
    """Return the origin of an alias's server; None if it is on none, or cannot be resolved."""
    try:
        choice = resolve.resolve(alias, session.config)
        if choice.backend not in resolve.SERVERS:
            return None
        base = choice.model if addresses.is_url(choice.model) else choice.options.get("base_url")
        return server_keys.origin(str(base or server_keys.default_url()))
    except (TtcError, ValueError):
        return None


def store(session: Session, name: str, more: Sequence[str]) -> int:
    """Read a key without echo, or from a pipe, and store it. UsageError if one is an argument."""
    for each in more:
        secrets.keep(each)
    if more:
        raise UsageError(
            "a key must not stand in the command, for the shell's history keeps it: end with "
            f"ttc keys set {name}, which asks for the key (and take it out of the history)"
        )
    server, ring = server_of(session, name), server_keys.Keyring()
    if sys.stdin is not None and sys.stdin.isatty():
        given = getpass.getpass(f"key of {server}: ")
    else:
        given = sys.stdin.readline() if sys.stdin is not None else ""
    key = server_keys.checked(given, f"the key of {server}")
    if key is None:
        raise UsageError(f"no key was given for {server}; nothing was stored")
    ring.store(server, key)
    session.say(f"{server}: stored in the keyring ({ring.name}){_in(ring.file)}")
    if (source := server_keys.source_of(server)) != "keyring":
        session.say(f"{source} is set as well, and wins over the keyring")
    return Exit.DONE


def _in(file: str | None) -> str:
    return "" if file is None else f", in {file}"


def remove(session: Session, name: str) -> int:
    """Remove a key from the keyring; exit code 1 if there is none."""
    server = server_of(session, name)
    if not server_keys.Keyring().remove(server):
        session.say(f"{server}: the keyring has no key of it")
        return NOTHING
    session.say(f"{server}: removed from the keyring")
    if source := server_keys.source_of(server):
        session.say(f"{source} still has a key of it")
    return Exit.DONE


def listing(session: Session, as_json: bool) -> int:
    """Print the servers of aliases, the environment and the keyring, and whence their keys come."""
    models: dict[str, list[str]] = {}
    for alias in session.config.aliases:
        if (server := _of_model(session, alias)) is not None:
            models.setdefault(server, []).append(alias)
    try:
        stored = server_keys.Keyring().servers()
    except UsageError as error:
        stored = []
        session.say(str(error))
    named = [server for server, _ in server_keys.pairs()]
    if os.environ.get("OPENAI_API_KEY"):
        named.append(server_keys.origin(server_keys.default_url()))
    rows: list[dict[str, Any]] = [
        {
            "server": server,
            "key": server_keys.source_of(server),
            "models": models.get(server, []),
        }
        for server in sorted({*models, *stored, *named})
    ]
    if as_json:
        document({"schema": 1, "servers": rows})
    elif rows:
        columns([{**row, "models": ", ".join(models.get(row["server"], []))} for row in rows])
    else:
        session.say("no key is stored and no server named; ttc keys set https://HOST stores one")
    return Exit.DONE


def show_place(as_json: bool) -> int:
    """Print the keyring's name, and its file if it has one."""
    ring = server_keys.Keyring()
    name, file = ring.name, ring.file
    if as_json:
        document({"schema": 1, "keyring": name, "path": file})
    else:
        print(for_stdout(file or name))
    return Exit.DONE
