"""Selection rules and strategies: what each does, needs and takes."""

from __future__ import annotations

from functools import partial
from typing import Any

from generator.markdown import code, escaped, rest, summary, table
from generator.options import option_table, options_of
from ttc import plugins
from ttc.plugins.abilities import Drafting, Needing, Scoring
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
NEEDS = {
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


def own(group: str) -> dict[str, Any]:
    """Return the members of a group that ttc itself has, by name; those for tests are left out."""
    return {
        name: plugins.load(group, name)
        for name, entry in plugins.installed(group).items()
        if plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION
        and not entry.value.startswith("ttc.testing.")
    }


def rules() -> str:
    """Return a section for each selection rule."""
    parts = []
    for name, factory in own("selectors").items():
        written = WRITTEN.get(name, name)
        rule = spec.build(written)
        usage = factory.usage if isinstance(factory, Argued) else written
        about = table(
            ("written", "reads", "mean over all k-subsets", "graded verdicts", "oracle"),
            [
                (
                    code(usage),
                    ", ".join(sorted(NEEDS.get(need, need) for need in rule.needs)),
                    "exact, or with its error" if isinstance(rule, Estimating) else "exact",
                    "yes" if is_graded(rule) else "no",
                    "yes †" if is_oracle(rule) else "no",
                )
            ],
        )
        options = option_table(options_of(partial(spec.build, written)))
        parts.append(
            f"### {name}\n\n{escaped(summary(factory))}\n\n{about}\n{escaped(rest(factory))}\n"
            f"{options}"
        )
    return "\n" + "\n".join(parts) + "\n"


def synonyms() -> str:
    """Return the table of the field's spellings."""
    rows: dict[str, list[str]] = {}
    for spelling, name in spec.SYNONYMS.items():
        if spelling != name:
            rows.setdefault(name, []).append(code(spelling))
    return table(("rule", "also"), [(code(name), ", ".join(rows[name])) for name in sorted(rows)])


def strategy_needs(strategy: Any) -> str:
    """Return what a strategy needs: abilities of the model, a scorer, a second model."""
    needs = [code(need) for need in sorted(strategy.needs)] if isinstance(strategy, Needing) else []
    needs += ["a scorer"] if isinstance(strategy, Scoring) and strategy.scores else []
    needs += ["a draft model"] if isinstance(strategy, Drafting) and strategy.drafts else []
    return ", ".join(needs) or "nothing but draws"


def strategy_table() -> str:
    """Return a row for each strategy."""
    rows = [
        (f"[`{name}`](../reference/strategies.md#{name})", summary(each), strategy_needs(each))
        for name, each in own("strategies").items()
    ]
    return table(("`--method`", "what it does", "needs"), rows)


def strategies() -> str:
    """Return a section for each strategy."""
    parts = []
    for name, factory in own("strategies").items():
        options = option_table(options_of(factory))
        parts.append(
            f"### {name}\n\n{escaped(summary(factory))}\n\nNeeds: {strategy_needs(factory)}.\n\n"
            f"{escaped(rest(factory))}\n{options}"
        )
    return "\n" + "\n".join(parts) + "\n"
