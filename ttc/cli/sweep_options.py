"""Options of `ttc sweep` that take one of a few words."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli.completing import choices, words
from ttc.curves.cost_axes import FLAGS

Value = Annotated[
    str,
    typer.Option(
        metavar="correct|score[:VERIFIER]",
        help="A draw's value: right or wrong, or its score (partial credit).",
        autocompletion=words("correct", "score"),
    ),
]
Cost = Annotated[
    str,
    typer.Option(
        help=f"The cost beside each k: {', '.join([*FLAGS][:-1])} or {[*FLAGS][-1]}.",
        autocompletion=words(*FLAGS),
    ),
]
Interval = Annotated[
    str,
    typer.Option(
        help="Interval for problems like these: gaffke, wilson, percentile, bca.",
        autocompletion=words(*choices.INTERVAL),
    ),
]
Ties = Annotated[
    str,
    typer.Option(
        help="A tied vote: split, first or strict (wrong).", autocompletion=words(*choices.TIES)
    ),
]
Invalid = Annotated[
    str,
    typer.Option(
        help="Draws without an answer: abstain, class or wrong.",
        autocompletion=words(*choices.INVALID),
    ),
]
Draw = Annotated[
    str,
    typer.Option(
        help="k draws without or with replacement, or the first k: prefix.",
        autocompletion=words(*choices.DRAW),
    ),
]
Eflops = Annotated[
    str,
    typer.Option(
        help="Decoding steps of eflops: race (the longest draw) or kinetics (mean).",
        autocompletion=words(*choices.EFLOPS),
    ),
]
Population = Annotated[
    str | None,
    typer.Option(
        metavar="problems|draws",
        help="What varies by chance: only draws (default of --baseline), or problems, too (of "
        "--compare).",
        autocompletion=words(*choices.POPULATION),
    ),
]
