"""The rates of each source: from files, and from what backends say about their models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ttc import paths
from ttc.config import read_toml
from ttc.curves.cost_axes import AXES
from ttc.curves.costs import EFLOPS, Rates
from ttc.curves.table import Table
from ttc.errors import UsageError, wrong_option

if TYPE_CHECKING:
    from ttc.outcomes import Source

# By source; "" has those of every other one.
SourceRates: TypeAlias = Mapping[str, Rates]

PRICES = {"usd_prompt": 0.15, "usd_completion": 0.6}
# Qwen3-8B's, as an example that works.
GEOMETRY = {"parameters": 8190000000, "layers": 36, "heads": 32, "kv_heads": 8, "head_dim": 128}
# What an axis needs, with the values of an example.
NEEDS: Mapping[str, Mapping[str, float]] = {
    "usd": PRICES,
    "flops": {name: value for name, value in GEOMETRY.items() if name != "kv_heads"},
    "eflops": GEOMETRY,
}


def read_rates(given: Iterable[str]) -> SourceRates:
    """Return the rates of FILE and SOURCE=FILE, each a TOML file.

    FILE holds for every source; SOURCE=FILE adds to it, or replaces values, for that source.
    UsageError if a file cannot be read, or has an unknown name or a value below 0.
    """
    tables: dict[str, dict[str, Any]] = {}
    for text in given:
        source, equals, path = text.partition("=")
        if not equals or Path(text).is_file():
            source, path = "", text
        elif not source or not path:
            raise wrong_option("rates", text, "write FILE, or POOL=FILE")
        tables[source] = tables.get(source, {}) | _table(path)
    return _by_source(tables)


def convert_rates(given: Any) -> SourceRates:
    """Return the rates that Python code gives: None, a TOML file, `Rates`, a mapping of rates by
    name, or a mapping of these by source ("": of every source). UsageError as `read_rates`."""
    if isinstance(given, Mapping) and not any(isinstance(v, (int, float)) for v in given.values()):
        return _by_source({source: _table(value) for source, value in given.items()})
    return _by_source({} if given is None else {"": _table(given)})


def _by_source(tables: Mapping[str, Mapping[str, Any]]) -> SourceRates:
    shared = tables.get("", {})
    return {source: Rates.of({**shared, **table}) for source, table in {"": {}, **tables}.items()}


def _table(given: Any) -> dict[str, Any]:
    """Return rates by name. UsageError if they are not."""
    if isinstance(given, Rates):
        return given.table()
    if isinstance(given, Mapping):
        table, shown = dict(given), str(dict(given))
    else:
        shown = paths.expanded(given, "--rates")
        table = read_toml(Path(shown))
    try:
        Rates.of(table)
    except ValueError as error:
        raise wrong_option("rates", shown, str(error)) from None
    return table


def check_sources(rates: SourceRates, names: Sequence[str]) -> None:
    """Raise UsageError if rates are given for a source that is not there."""
    for name in rates:
        if name and name not in names:
            raise wrong_option(
                "rates", name, f"no source has this name; there are {', '.join(names)}"
            )


def rates_of(rates: SourceRates, source: Source, eflops: str = EFLOPS[0]) -> Rates:
    """Return the rates of one source; what is not given is taken from what is known of its
    model."""
    given = rates.get(source.name, rates.get("", Rates()))
    known = {name: value for name, value in _known(source).items() if getattr(given, name) is None}
    return replace(given, **known, eflops=eflops)


def _known(source: Source) -> dict[str, int]:
    about = source.known
    names = {
        "parameters": "active" if "active" in about else "parameters",
        "layers": "layers",
        "heads": "heads",
        "kv_heads": "kv_heads",
        "head_dim": "head_size",
    }
    return {name: about[key] for name, key in names.items() if key in about}


def origins(rates: SourceRates, source: Source, axis: str) -> list[str]:
    """Return the line that says where the geometry of a source comes from, if the axis counts it
    and not all of it was given."""
    given = rates.get(source.name, rates.get("", Rates()))
    known = {name: value for name, value in _known(source).items() if getattr(given, name) is None}
    if axis not in ("flops", "eflops") or not known:
        return []
    words = {
        "parameters": "{:,} parameters" + (" a token" if "active" in source.known else ""),
        "layers": "{} layers",
        "heads": "{} heads",
        "kv_heads": "{} kv heads",
        "head_dim": "head dimension {}",
    }
    listed = ", ".join(words[name].format(value) for name, value in known.items())
    read_from = source.known.get("read_from", "its backend")
    return [f"rates of {source.name} from {read_from}: {listed}"]


def check_known(axis: str, tables: Sequence[Table], rates: SourceRates) -> list[str]:
    """Return a line for each source of which no cost on this axis is known.

    UsageError with the remedy if that is so for every source. Tokens, the axis where none is
    chosen, may be unknown.
    """
    without = [table for table in tables if not _any_known(axis, table)]
    if axis == "tokens" or not without:
        return []
    reasons = {table.source: _reason(axis, table, rates[table.source]) for table in without}
    if len(without) < len(tables):
        return [
            f"{name}: {AXES[axis].label} unknown: {why}"
            + (f"; --rates {name}=FILE gives them" if example else "")
            for name, (why, example) in reasons.items()
        ]
    (why, example), *_ = reasons.values()
    flag = f"--cost {AXES[axis].flag}"
    if not example:
        raise UsageError(f"{flag}: {why}", python=f"cost={AXES[axis].flag!r}: {why}")
    lines = "".join(f"{name} = {value}\\n" for name, value in example.items())
    raise UsageError(
        f"{flag}: {why}; write them to a file, for instance with printf '{lines}' > rates.toml, "
        "and add --rates rates.toml",
        python=f"cost={AXES[axis].flag!r}: {why}; pass, for instance, rates={dict(example)}",
    )


def _any_known(axis: str, table: Table) -> bool:
    return any(cost.get(axis) is not None for cell in table.cells for cost in cell.costs)


def _reason(axis: str, table: Table, rates: Rates) -> tuple[str, Mapping[str, float]]:
    """Return why no cost is known, and an example of the rates that lack, if these are why."""
    needed = NEEDS.get(axis, {})
    if lacking := [name for name in needed if getattr(rates, name) is None]:
        example = {name: needed[name] for name in lacking}
        return f"needs the rates {', '.join(lacking)} of {table.source}", example
    timed = axis in ("seconds", "sequential_seconds")
    fields = ["seconds"] if timed else ["completion_tokens"]
    if needed or axis in ("total_tokens", "unshared_tokens"):
        fields.append("prompt_tokens")
    draws = [draw for pool in table.pools for draw in pool]
    for field in fields:
        if count := sum(getattr(draw, field) is None for draw in draws):
            return f"needs {field}, which {count} of {len(draws)} draws lack", {}
    return "is not known for rules that stop by themselves, and no other rule is asked for", {}
