"""Selection rules and strategies: what each does, needs and takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generator.markdown import code, escaped, rest, summary, table
from generator.options import option_table
from ttc import plugins
from ttc.doctor.describing import WRITTEN, needs, traits
from ttc.selectors import spec
from ttc.selectors.extras import Argued


def own(group: str) -> dict[str, Any]:
    """Return the members of a group that ttc itself has, by name; those for tests are left out."""
    return {
        name: plugins.load(group, name)
        for name, entry in plugins.installed(group).items()
        if plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION
        and not entry.value.startswith("ttc.testing.")
    }


def sections(group: str, about: Callable[[str, Any], str]) -> str:
    """Return a section for each member of a group; `about` gives a paragraph for name and class."""
    parts = [
        f"### {name}\n\n{escaped(summary(factory))}\n\n{about(name, factory)}\n\n"
        f"{escaped(rest(factory))}\n{option_table(group, name)}"
        for name, factory in own(group).items()
    ]
    return "\n" + "\n".join(parts) + "\n"


def rules() -> str:
    """Return a section for each selection rule."""
    return sections("selectors", _traits)


def _traits(name: str, factory: Any) -> str:
    """Return the table of what a rule reads and how it is computed."""
    told = traits(name)
    usage = factory.usage if isinstance(factory, Argued) else WRITTEN.get(name, name)
    return table(
        ("written", "reads", "mean over all k-subsets", "graded verdicts", "oracle"),
        [
            (
                code(usage),
                ", ".join(needs("selectors", name)),
                "exact" if told["exact"] else "exact, or with its error",
                "yes" if told["graded"] else "no",
                "yes †" if told["oracle"] else "no",
            )
        ],
    ).rstrip("\n")


def synonyms() -> str:
    """Return the table of the field's spellings."""
    rows: dict[str, list[str]] = {}
    for spelling, name in spec.SYNONYMS.items():
        if spelling != name:
            rows.setdefault(name, []).append(code(spelling))
    return table(("rule", "also"), [(code(name), ", ".join(rows[name])) for name in sorted(rows)])


def strategy_needs(name: str) -> str:
    """Return what a strategy needs: abilities of the model, a scorer, a second model."""
    found = needs("strategies", name)
    return ", ".join(each if " " in each else code(each) for each in found) or "nothing but draws"


def strategy_table() -> str:
    """Return a row for each strategy."""
    rows = [
        (f"[`{name}`](../reference/strategies.md#{name})", summary(each), strategy_needs(name))
        for name, each in own("strategies").items()
    ]
    return table(("`--method`", "what it does", "needs"), rows)


def strategies() -> str:
    """Return a section for each strategy."""
    return sections("strategies", lambda name, _: f"Needs: {strategy_needs(name)}.")
