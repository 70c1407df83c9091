"""What a plugin is: what it does, its options, what it needs, and the package that it is from."""

from __future__ import annotations

import contextlib
import os
import shlex
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from inspect import cleandoc
from pathlib import Path
from typing import Any

from ttc import plugins
from ttc.backends.asking.capabilities import can_at_most
from ttc.errors import TtcError
from ttc.formats import ReadsDraws, ReadsProblems, ReadsRecords, WritesDraws
from ttc.formats.loading import named as format_named
from ttc.plugins import installing
from ttc.plugins.abilities import Drafting, Needing, Referring, Scoring, Taking
from ttc.plugins.option_reading import Read, meanings, options_of, parameters_of, shown
from ttc.selectors import spec
from ttc.selectors.exact.estimates import Estimating
from ttc.selectors.extras import Argued, is_graded, is_oracle

# How a rule is written that cannot stand alone.
WRITTEN = {
    "accept": "accept=0.5>best-of-n",
    "best-of-majority": "best-of-majority:alpha=0.2",
    "keep": "keep=8:by=logprob>majority",
    "mean-of-best": "mean-of-best:m=3",
    "short": "short-3",
    "solve-verify": "solve-verify:v=8,of=32",
    "threshold": "threshold:at=0.9",
}
# What a verifier is made with where it needs something.
MADE = {
    "cmd": ("true",),
    "regex": ("a",),
    "rm": ("hf:OWNER/NAME",),
    "schema": ("answer.schema.json",),
}
# The model with which a backend is opened for its options; others get a name.
OPENED = {"scripted": "", "synth": ""}
# The extras of ttc-cli that its own members need.
EXTRAS = {
    "verifiers": {"constraint": "constraint", "math": "math", "rm": "rm", "schema": "schema"},
    "selectors": {"rpc": "rpc"},
    "strategies": {"ets": "rpc"},
    "formats": {"parquet": "arrow", "arrow": "arrow", "yaml": "yaml", "zstd": "zstd"},
}
# The fields of an outcome that a rule reads, as users know them.
FIELDS = {
    "answer": "answers",
    "correct": "verdicts",
    "completion_tokens": "token counts",
    "logprob": "log-probabilities",
    "score": "a score",
    "scores": "scores",
    "text": "texts",
    "think_tokens": "tokens of thoughts",
    "tokens": "token counts",
}


def describe(group: str, name: str) -> dict[str, Any]:
    """Return the row of a plugin as `plugins.survey` does, and what more is known of it.

    `details` is the docstring behind its first line, `use` a command that names it, `options` has
    a row for each, `needs` what it must be given, `extras` the optional packages it needs or has.
    They are left out for a plugin that is broken.
    """
    entry = plugins.installed(group)[name]
    package, version = plugins.distribution(entry)
    row: dict[str, Any] = {"kind": group, "name": name, "package": f"{package} {version}"}
    row |= {"from": entry.value, "about": ""}
    try:
        told: dict[str, Any] = plugins.guarded(
            group, name, "be described", partial(_told, group, name)
        )
        return row | told
    except TtcError as error:
        return row | {"about": f"broken: {error}"}


def _told(group: str, name: str) -> dict[str, Any]:
    member = plugins.load(group, name)
    about, _, details = cleandoc(getattr(member, "__doc__", None) or "").partition("\n")
    rows = option_rows(group, name)
    found: dict[str, Any] = {
        "about": about,
        "details": details.strip("\n").rstrip(),
        "use": use(group, name, bool(rows)),
        "options": rows,
        "needs": needs(group, name),
        "extras": extras(group, name),
    }
    if group == "backends":
        able = can_at_most(name)
        found["capabilities"] = None if able is None else sorted(able)
    return found


def use(group: str, name: str, has_options: bool) -> str:
    """Return a command that uses a plugin, in the form in which it is named."""
    member = plugins.load(group, name)
    takes = member.takes if isinstance(member, Taking) else ""
    behind = ":key=value,…" if has_options else ""
    if group == "formats":
        return _use_of_format(name)
    if group == "backends":
        model = ":key=value,…" if name in OPENED else ":MODEL"
        return f"ttc sample FILE -m {name}{model}"
    if group == "strategies":
        return f"ttc solve 'QUESTION' --method {name}{behind}"
    if group == "selectors":
        if isinstance(member, Argued) or name in WRITTEN:
            form = member.usage if isinstance(member, Argued) else WRITTEN[name]
            return f"ttc sweep POOL -s '{form}'"
        return f"ttc sweep POOL -s {shlex.quote(name)}{behind}"
    if takes == "text":
        return f"ttc verify POOL -V {name}:{(MADE.get(name) or ('TEXT',))[0]}"
    made = f":{MADE[name][0]}" if name in MADE else ""
    return f"ttc verify POOL -V {name}{made or behind}"


def _use_of_format(name: str) -> str:
    """Return the commands that use a format, by what it can do."""
    made = format_named(name)
    ways = {
        f"ttc sample FILE --format {name}": isinstance(made, (ReadsProblems, ReadsRecords)),
        f"ttc import FILE --format {name} --pool POOL": isinstance(made, ReadsDraws),
        f"ttc export POOL --format {name}": isinstance(made, WritesDraws),
    }
    return " · ".join(way for way, can in ways.items() if can) or "found by the bytes of a file"


def options(group: str, name: str) -> list[Read]:
    """Return the options of a plugin, in the order in which it reads them."""
    member = plugins.load(group, name)
    with _schema_file():
        reads = options_of(_maker(group, name, member))
    if group == "selectors":
        # A rule within it reads its own.
        reads = [each for each in reads if each.owner == name] or reads
    takes = member.takes if isinstance(member, Taking) else ""
    if group == "formats" or group == "backends" or takes == "text":
        return reads
    argument = member.argument if isinstance(member, Argued) else ""
    known = {argument, *(each.name for each in reads)}
    return [*reads, *(each for each in parameters_of(member) if each.name not in known)]


def _maker(group: str, name: str, member: Any) -> Callable[[], object]:
    """Return the call that makes a plugin with as little as it needs."""
    if group == "selectors":
        return partial(spec.build, WRITTEN.get(name, name))
    if group == "backends":
        # An option that none has ends it before a server or a file is looked for.
        model = OPENED.get(name, "OWNER/NAME")
        return partial(member, model, {"?": ""})
    if group == "formats":
        return partial(format_named, name)
    return partial(member, *MADE.get(name, ()) if group == "verifiers" else ())


def option_rows(group: str, name: str) -> list[dict[str, Any]]:
    """Return a row for each option: its name, default, what a value must be, and its meaning."""
    reads = options(group, name)
    told = meanings(plugins.load(group, name), reads)
    return [
        {
            "name": each.name,
            "default": shown(each.default) or None,
            "value": each.need,
            "meaning": told.get(each.name, ""),
        }
        for each in reads
    ]


def needs(group: str, name: str) -> list[str]:
    """Return what a plugin must be given: abilities of the model, a scorer, fields of draws."""
    member = plugins.load(group, name)
    if group == "strategies":
        found = sorted(member.needs) if isinstance(member, Needing) else []
        found += ["a scorer"] if isinstance(member, Scoring) and member.scores else []
        return found + (["a draft model"] if isinstance(member, Drafting) and member.drafts else [])
    if group == "selectors":
        with contextlib.suppress(TtcError):
            rule = spec.build(WRITTEN.get(name, name))
            return sorted({FIELDS.get(need, need) for need in rule.needs})
    if group == "formats":
        made = format_named(name)
        return [f"the field {each}" for each in sorted(_fields(made))]
    if group == "verifiers" and isinstance(member, Referring):
        return {True: ["the reference"], None: ["the reference, as its options say"]}.get(
            member.reads_reference, []
        )
    return []


def _fields(made: Any) -> frozenset[str]:
    return frozenset(made.fields) if isinstance(made, ReadsProblems) else frozenset()


def traits(name: str) -> dict[str, bool]:
    """Return what a selection rule is: its mean exact, for graded draws, an oracle."""
    rule = spec.build(WRITTEN.get(name, name))
    return {
        "exact": not isinstance(rule, Estimating),
        "graded": is_graded(rule),
        "oracle": is_oracle(rule),
    }


def extras(group: str, name: str) -> list[dict[str, Any]]:
    """Return the extras that a plugin of ttc needs, or that the package of another one has: the
    requirement, whether it is installed, and the command that installs it."""
    package = plugins.distribution(plugins.installed(group)[name])[0]
    if package == plugins.OWN_DISTRIBUTION:
        extra = EXTRAS.get(group, {}).get(name)
        names = [extra] if extra else []
    elif installing.version_of(package) is None:
        names = []
    else:
        names = [each for each in installing.extras(package) if each not in ("dev", "test")]
    rows = []
    for each in names:
        what = f"{package}[{each}]"
        known = installing.can_tell()
        row = {"name": what, "installed": not installing.unmet(package, each) if known else None}
        rows.append(row | {"install": installing.install(what)})
    return rows


@contextlib.contextmanager
def _schema_file() -> Iterator[None]:
    """Provide the file that `schema` reads when it is made."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("answer.schema.json").write_text("{}", encoding="utf-8")
        try:
            yield
        finally:
            os.chdir(before)
