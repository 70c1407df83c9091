"""Notes on a solution that is there."""

from __future__ import annotations

from ttc.answers import thinking
from ttc.backends.thinking_switch import without_effect
from ttc.samples.plan import Recipe
from ttc.solving.solve import Solution


def notes_on(recipe: Recipe, solution: Solution) -> list[str]:
    """Return what a solution's draws show of what was asked for, a line each."""
    return [line for line in (_thinking(recipe, solution), _cut(recipe, solution)) if line]


def _cut(recipe: Recipe, solution: Solution) -> str | None:
    """Return a note if an answer ends before it is what a constraint asks for."""
    asked = recipe.params.constraints
    if not asked or solution.node is None or solution.node.finish != "length":
        return None
    return (
        f"--{asked[0]}: the answer was cut at the token limit, before what is asked for was "
        "complete; raise --max-tokens"
    )


def _thinking(recipe: Recipe, solution: Solution) -> str | None:
    """Return a note if reasoning was to be turned on or off and the draws do not show it."""
    wanted = recipe.params.thinking
    if wanted is None:
        return None
    begun = [node for node in solution.run.nodes if node.parent is None and node.model == "main"]
    thinks = sum(bool(node.think_tokens) or thinking.read(node.text).thought for node in begun)
    most = recipe.params.thinking_budget
    overlong = sum(most is not None and (node.think_tokens or 0) > most for node in begun)
    return without_effect(wanted, thinks, len(begun), overlong)
