"""The axes of cost: what `--cost` takes, tables and plots are headed with, and JSON and CSV hold.

The last three need rates. Those of `flops` and `eflops` are known for pools that llamacpp and vllm
drew: from the GGUF or the config and weights of the model, a mixture of experts by the parameters
that one token uses. Others, and prices, come from the files of `--rates`, which override what is
known; an axis that is unknown for every curve is an error.

`eflops` has two conventions (`costs.EFLOPS`). In `race` the prompt's cache is read until the last
draw ends, which is what happens; `kinetics` reads it for the mean length of a draw, as the paper
averages.

The table has no imports of weight, so that `ttc sweep --help` can list it.
"""

from __future__ import annotations

from typing import NamedTuple

from ttc.errors import wrong_option

# What a lower cost is, by unit.
LESS = {
    "draws": "fewer samples",
    "tokens": "fewer tokens",
    "steps": "fewer steps",
    "seconds": "less time",
    "operations": "fewer operations",
    "USD": "less money",
}


class Axis(NamedTuple):
    """One way to count what k draws of one problem cost.

    `flag` is the value of `--cost`, `label` the heading of tables and plots, `unit` a key of LESS.
    """

    flag: str
    label: str
    unit: str
    meaning: str

    @property
    def less(self) -> str:
        """A lower cost, in words."""
        return LESS[self.unit]

    def text(self, cost: float | None) -> str:
        """Return a cost as tables show it; a dash if it is unknown."""
        if cost is None:
            return "–"
        if self.unit in ("operations", "USD"):
            return f"{cost:.3g}"
        return f"{cost:.0f}" if cost >= 100 else f"{cost:.1f}"


# By the name of the axis in JSON and CSV.
AXES = {
    "samples": Axis("samples", "samples", "draws", "draws"),
    "tokens": Axis(
        "tokens", "tokens", "tokens", "completion tokens, those of cancelled draws included"
    ),
    "latency_tokens": Axis(
        "latency",
        "latency (tokens)",
        "steps",
        "decoding steps until the rule can decide, all draws running in parallel",
    ),
    "uncancelled_tokens": Axis(
        "uncancelled", "tokens uncancelled", "tokens", "completion tokens if no draw is cancelled"
    ),
    "total_tokens": Axis(
        "total",
        "tokens with prompt",
        "tokens",
        "prompt tokens (once), completion tokens and the verifier's tokens",
    ),
    "unshared_tokens": Axis(
        "unshared",
        "tokens, prompt unshared",
        "tokens",
        "as total, with the prompt tokens counted for each draw",
    ),
    "seconds": Axis(
        "seconds",
        "seconds",
        "seconds",
        "time until the rule can decide, all draws running in parallel",
    ),
    "sequential_seconds": Axis(
        "sequential",
        "seconds in sequence",
        "seconds",
        "time if the draws run one after another and none is cancelled",
    ),
    "flops": Axis(
        "flops",
        "FLOPs",
        "operations",
        "floating-point operations: 2 · parameters for each token, and attention",
    ),
    "eflops": Axis(
        "eflops",
        "eFLOPs",
        "operations",
        "FLOPs, and the memory traffic of decoding as operations (Kinetics)",
    ),
    "usd": Axis("usd", "USD", "USD", "price of the prompt tokens (once) and completion tokens"),
}
FLAGS = {axis.flag: name for name, axis in AXES.items()}


def axis_of(flag: str) -> str:
    """Return the name in `AXES` of a value of `--cost`. UsageError if there is no such axis."""
    if flag not in FLAGS:
        raise wrong_option("cost", flag, f"there are {', '.join(FLAGS)}")
    return FLAGS[flag]
