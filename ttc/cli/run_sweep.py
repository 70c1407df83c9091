"""What `ttc sweep` does once its options are parsed."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ttc import curves, gates, interchange, jsonl, keys, plugins
from ttc.cli.output import document
from ttc.cli.session import Session, is_file, pool_named, store_with
from ttc.errors import Exit, GateError, StoreError, UsageError
from ttc.records import Curve, Outcome
from ttc.selectors import Selector, naming
from ttc.store import Store, samples, verdicts

MAPPABLE = tuple(interchange.FIELDS)
COSTS = {"samples": "samples", "tokens": "tokens", "latency": "latency_tokens"}


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    sources: tuple[str, ...]
    selectors: str
    budgets: str | None
    verifier: str | None
    cost: str
    ci: float
    seed: int
    asserted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the result goes, besides the table."""

    csv: str | None
    md: str | None
    plot: str | None
    as_json: bool


@dataclass(slots=True)
class Source:
    """The judged draws of one source by problem; how many had no verdict or were cancelled."""

    name: str
    problems: dict[str, list[Outcome]]
    unjudged: int = 0
    cancelled: int = 0

    @property
    def n(self) -> int:
        """The most draws that a problem has."""
        return max(map(len, self.problems.values()), default=0)


def sweep(session: Session, order: Order, mapping: str, targets: Targets) -> int:
    """Compute the curves of all sources and print them; return the exit code."""
    if order.cost not in COSTS:
        raise UsageError(f"--cost {order.cost}: there are {', '.join(COSTS)}")
    rules = _selectors(order.selectors)
    asserted = [gates.parse(text) for text in order.asserted]
    terms = [term for gate in asserted for term in gate.terms]
    for rule, _ in terms:
        rules.setdefault(rule, naming.build(rule))
    text = any("text" in rule.needs for rule in rules.values())
    renamed = jsonl.parse_mapping(mapping, MAPPABLE)
    sources = [_read(session, name, order.verifier, renamed, text) for name in order.sources]
    ks = _budgets(order.budgets) or curves.default_ks(max(source.n for source in sources))
    ks = [*ks, *(k for _, k in terms)]
    drawn: list[Curve] = []
    warnings: list[str] = []
    for source in sources:
        ci = order.ci or None
        drawn += curves.curves(
            source.problems, rules, ks, source=source.name, ci=ci, seed=order.seed
        )
        warnings += _warnings(source, several=len(sources) > 1)
    decisions = [
        gates.decide(gate, [curve for curve in drawn if curve.source == source.name], source.name)
        for gate in asserted
        for source in sources
    ]
    _write(order, targets, sources, drawn, warnings)
    for line in warnings:
        session.say(f"note: {line}")
    if broken := [decision for decision in decisions if not decision.met]:
        reasons = (
            f"{failed.source}: {failed.gate} (it is {failed.value:.6g})" for failed in broken
        )
        raise GateError(f"not met: {'; '.join(reasons)}")
    return Exit.DONE


def _selectors(text: str) -> dict[str, Selector]:
    specs = naming.split(text)
    if not specs:
        raise UsageError(f"-s: name a rule: {', '.join(plugins.installed('selectors'))}")
    return {spec: naming.build(spec) for spec in specs}


def _budgets(text: str | None) -> list[int]:
    if text is None:
        return []
    try:
        ks = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        ks = []
    if not ks or min(ks) < 1:
        raise UsageError(f"-k {text}: write whole numbers from 1, separated by commas")
    return ks


def _collect(name: str, outcomes: Iterable[tuple[str, bool, Outcome]]) -> Source:
    source = Source(name, {})
    for problem, judged, outcome in outcomes:
        if judged:
            source.problems.setdefault(problem, []).append(outcome)
        else:
            source.unjudged += 1
    return source


def _read(
    session: Session, name: str, verifier: str | None, mapping: dict[str, str], text: bool
) -> Source:
    if name == "-" or is_file(name):
        source = _collect(name, interchange.read_outcomes(name, mapping, text=text))
        remedy = f"ttc verify {name} -V NAME -o FILE first, or --map correct=FIELD"
    else:
        source = _read_pool(session, name, verifier, text)
        remedy = f"ttc verify {name} -V NAME first"
    if not source.problems:
        what = "samples have a verdict" if source.unjudged else "samples are there"
        raise UsageError(f"{name}: no {what}; {remedy}")
    return source


def _read_pool(session: Session, name: str, verifier: str | None, text: bool) -> Source:
    with Store.reading(store_with(session, name)) as store:
        pool = pool_named(store, name)
        by = _choose_verifier(verdicts.verifiers_of(store.reader, pool), verifier, name)
        source = _collect(name, verdicts.outcomes(store.reader, pool, by, text=text))
        source.cancelled = samples.cancelled_in(store.reader, pool)
        return source


def _choose_verifier(found: list[dict[str, Any]], wanted: str | None, pool: str) -> int | None:
    """Return the verifier whose verdicts count: the one asked for, or the only one there is."""
    # The latest version of each comes first; older verdicts stand in its shadow.
    latest = {(row["name"], row["config"]): row for row in reversed(found)}
    if wanted is not None:
        from ttc.verdicts import identify, make

        name, options = plugins.parse_spec(wanted)
        chosen = [row for row in latest.values() if row["name"] == name]
        if options:
            config = keys.canonical_json(identify(make(wanted)).config)
            chosen = [row for row in chosen if row["config"] == config]
        if not chosen:
            raise UsageError(f"{pool}: no verdicts by {wanted}; ttc verify {pool} -V {wanted}")
    else:
        chosen = list(latest.values())
    if len(chosen) > 1:
        listed = ", ".join(f"{row['name']} {row['config']}" for row in chosen)
        raise UsageError(f"{pool}: verdicts by {listed}; choose one with -V NAME:key=value")
    return int(chosen[0]["id"]) if chosen else None


def _warnings(source: Source, several: bool) -> list[str]:
    lines = curves.warnings(source.problems)
    if source.unjudged:
        lines.append(
            f"{source.unjudged} draws have no verdict yet and are left out; "
            f"ttc verify {source.name}"
        )
    if source.cancelled:
        lines.append(
            f"{source.cancelled} draws were cancelled and are missing, which leaves the short "
            "ones: not a fair sample until they are drawn (ttc sample)"
        )
    return [f"{source.name}: {line}" for line in lines] if several else lines


def _write(
    order: Order,
    targets: Targets,
    sources: list[Source],
    drawn: list[Curve],
    warnings: list[str],
) -> None:
    from ttc.report import tables

    axis = COSTS[order.cost]
    written_to_stdout = targets.as_json or "-" in (targets.csv, targets.md)
    if targets.as_json:
        document(_document(sources, drawn, warnings))
    writers: list[tuple[str | None, Callable[[], str]]] = [
        (targets.csv, lambda: tables.as_csv(drawn)),
        (targets.md, lambda: tables.as_markdown(drawn, axis)),
    ]
    for target, made in writers:
        if target is not None:
            _put(target, made())
    if targets.plot is not None:
        from ttc.report.plot import draw

        draw(drawn, axis, targets.plot)
    if not written_to_stdout:
        tables.show(drawn, axis, {source.name: len(source.problems) for source in sources})


def _document(sources: list[Source], drawn: list[Curve], warnings: list[str]) -> dict[str, Any]:
    names = [source.name for source in sources]
    problems = {problem for source in sources for problem in source.problems}
    whole = curves.as_document(drawn, source=names[0], problems=len(problems), warnings=warnings)
    if len(names) > 1:
        whole["source"] = names
        for curve, entry in zip(drawn, whole["curves"], strict=True):
            entry["source"] = curve.source
    return whole


def _put(target: str, text: str) -> None:
    if target == "-":
        sys.stdout.write(text)
        return
    try:
        with open(target, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        kind = StoreError if error.errno == errno.ENOSPC else UsageError
        raise kind(f"{target}: {error.strerror}") from None
