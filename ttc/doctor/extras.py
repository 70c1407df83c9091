"""Optional packages: which are installed, and how to install the others."""

from __future__ import annotations

from collections.abc import Iterator

from ttc import plugins
from ttc.doctor.checks import Check, DoctorOptions, Step, note, ok
from ttc.plugins import installing

# Extras for developers; and the sandbox, which has its own group.
_LEFT_OUT = frozenset({"dev", "test", "sandbox"})
# Extras that exclude each other.
_EITHER = {"ttc-vllm": ("cuda", "cpu")}


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    return [Step("extras", _extras)]


def _extras() -> Iterator[Check]:
    if not installing.can_tell():
        how = installing.install("packaging")
        yield note("extras", "not checked: needs the package `packaging`", how)
        return
    brought = {
        plugins.distribution(entry)[0]
        for group in plugins.GROUPS
        for entry in plugins.installed(group).values()
    }
    others = sorted(brought - {installing.OWN, "unknown"})
    for package in (installing.OWN, *others):
        if installing.version_of(package) is not None:
            yield from _of(package)


def _of(package: str) -> Iterator[Check]:
    lacking = {
        extra: installing.unmet(package, extra)
        for extra in installing.extras(package)
        if extra not in _LEFT_OUT
    }
    either = _EITHER.get(package, ())
    one = any(extra in lacking and not lacking[extra] for extra in either)
    for extra, missing in lacking.items():
        what = f"{package}[{extra}]"
        if not missing:
            yield ok(what, "installed")
        elif not (one and extra in either):
            yield note(what, f"missing: {', '.join(missing)}", installing.install(what))
