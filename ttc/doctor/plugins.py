"""Plugins: can each be imported, and are its requirements installed?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points

from ttc import plugins
from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok
from ttc.errors import TtcError
from ttc.plugins import installing


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group: one per plugin, so that a crash names the broken one."""
    own: dict[str, list[str]] = {}
    others: list[tuple[str, EntryPoint]] = []
    for group in plugins.GROUPS:
        for name, entry in plugins.installed(group).items():
            if plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION:
                own.setdefault(group, []).append(name)
            else:
                others.append((group, entry))
    return [
        Step("ttc's own", lambda: _own(own), 30.0),
        *(
            Step(f"{plugins.kind_of(group)} {entry.name}", _imported(group, entry), 20.0)
            for group, entry in others
        ),
        Step("requirements", lambda: _requirements([entry for _, entry in others])),
        Step("names", _taken),
    ]


def _own(own: dict[str, list[str]]) -> Iterator[Check]:
    whole = True
    for group, names in own.items():
        for name in names:
            try:
                plugins.load(group, name)
            except TtcError as error:
                whole = False
                what = f"{plugins.kind_of(group)} {name}"
                yield fail(what, _reason(error), installing.install("ttc-cli"))
    counts = ", ".join(f"{len(names)} {group}" for group, names in own.items())
    if not own:
        how = "install ttc-cli with pip; a bare checkout has no entry points"
        yield fail("ttc's own", "ttc-cli has no entry points", how)
    elif whole:
        yield ok("ttc's own", counts)
    if os.environ.get("TTC_NO_PLUGINS"):
        yield note("plugins", "off: TTC_NO_PLUGINS is set", "unset TTC_NO_PLUGINS")


def _imported(group: str, entry: EntryPoint) -> Callable[[], Iterator[Check]]:
    what = f"{plugins.kind_of(group)} {entry.name}"
    package, version = plugins.distribution(entry)

    def run() -> Iterator[Check]:
        try:
            plugins.load(group, entry.name)
        except TtcError as error:
            yield fail(what, _reason(error), _again(package))
        else:
            yield ok(what, f"{package} {version}")

    return run


def _reason(error: TtcError) -> str:
    return str(error).removesuffix("; -vv shows where")


def _again(package: str) -> str:
    """Return how to repair or remove a plugin that cannot be imported."""
    missing = installing.unmet(package) if installing.version_of(package) else []
    if missing:
        return installing.install(missing[0].partition(",")[0])
    return f"{installing.install(package)}, or remove it: pip uninstall {package}"


def _requirements(entries: list[EntryPoint]) -> Iterator[Check]:
    packages = sorted({plugins.distribution(entry)[0] for entry in entries} - {"unknown"})
    for package in packages:
        if missing := installing.unmet(package):
            yield fail(package, f"needs {', '.join(missing)}", installing.install(package))


def _taken() -> Iterator[Check]:
    """Report names that two packages register, of which only one is used."""
    if os.environ.get("TTC_NO_PLUGINS"):
        return
    for group in plugins.GROUPS:
        registered = plugins.installed(group)
        for entry in entry_points(group=f"ttc.{group}"):
            package, used = (
                plugins.distribution(each)[0] for each in (entry, registered[entry.name])
            )
            if package != used:
                what = f"{plugins.kind_of(group)} {entry.name}"
                yield note(what, f"{package} and {used} both register it; that of {used} is used")
