"""Verifiers and backends: what each does, reads and takes."""

from __future__ import annotations

from typing import Any

from generator.markdown import code, escaped, summary, table
from generator.methods import own, sections
from ttc import plugins
from ttc.backends.asking.capabilities import MEANINGS, can_at_most
from ttc.doctor.describing import extras
from ttc.plugins.abilities import Referring

BACKENDS = ("llamacpp", "openai", "batch", "vllm", "ray", "replay", "scripted", "synth")


def reads(factory: Any) -> str:
    """Return whether a verifier reads the reference."""
    told = factory.reads_reference if isinstance(factory, Referring) else None
    return {True: "yes", False: "no"}.get(told, "as its options say") if told is not None else "no"


def verifier_table() -> str:
    """Return a row for each verifier."""
    rows = [
        (
            f"[`{name}`](../reference/verifiers.md#{name})",
            summary(factory),
            ", ".join(code(f"pip install '{each['name']}'") for each in extras("verifiers", name)),
        )
        for name, factory in own("verifiers").items()
    ]
    return table(("`-V`", "what makes a sample correct", "needs"), rows)


def verifiers() -> str:
    """Return a section for each verifier."""
    return sections("verifiers", lambda _, factory: f"Reads the reference: {reads(factory)}.")


def backends() -> str:
    """Return a row for each backend of this repository."""
    rows = []
    for name in BACKENDS:
        package = plugins.KNOWN_BACKENDS.get(name, plugins.OWN_DISTRIBUTION)
        about = summary(plugins.load("backends", name)) if name in _here() else ""
        rows.append((code(name), code(package), escaped(about)))
    return table(("backend", "package", "what it opens"), rows)


def _here() -> set[str]:
    return set(plugins.installed("backends"))


def capabilities() -> str:
    """Return what models of each backend can do at most."""
    able = {name: can_at_most(name) for name in BACKENDS if name in _here()}
    names = [name for name, found in able.items() if found is not None]
    rows = [
        (code(each), meaning, *("yes" if each in (able[name] or ()) else "" for name in names))
        for each, meaning in MEANINGS.items()
    ]
    return table(("capability", "what it is for", *map(code, names)), rows)
