"""Costs of k draws of one problem: tokens, latency, floating-point operations and money.

The k draws run in parallel, one token each per step. A rule that waits for m draws to finish then
cancels the others; any other rule waits until the last draw ends. A cancelled draw costs the
tokens that it has generated until then.

A truncated draw stops at its limit without finishing. It ranks after all draws that finish,
whatever its length, as in first-finish: where fewer than m of the k draws finish, the rule waits
until the last one has stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ttc.budgets.prices import Price
from ttc.curves.cost_axes import AXES as AXES
from ttc.curves.order_statistics import ParallelDraws
from ttc.curves.thinking_race import ThinkingRace
from ttc.records import Outcome
from ttc.selectors.exact.subsets import Floats, as_list, check_budgets

# How long the prompt's cache is read: until the last draw ends, or for the mean length of a draw.
EFLOPS = ("race", "kinetics")


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates that turn tokens into operations and money; None is unknown.

    `parameters` are those active for a token; `layers`, `heads`, `kv_heads` and `head_dim` the
    attention's shape; `intensity` the operations that the hardware does while it moves a byte
    (562.5 for a B200). Prices are in USD per million tokens. An axis is unknown if a rate that it
    needs is. `eflops` is the convention of that axis (`EFLOPS`), no rate.
    """

    parameters: float | None = None
    layers: float | None = None
    heads: float | None = None
    kv_heads: float | None = None
    head_dim: float | None = None
    intensity: float = 562.5
    usd_prompt: float | None = None
    usd_completion: float | None = None
    eflops: str = EFLOPS[0]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Rates:
        """Return the rates of a table. ValueError for an unknown name or a value below 0."""
        known = [each.name for each in fields(cls) if each.name != "eflops"]
        for name, value in table.items():
            if name not in known:
                raise ValueError(f"no rate is called {name!r}; there are {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise ValueError(f"{name} must be a number from 0, not {value!r}")
        return cls(**table)

    def table(self) -> dict[str, float]:
        """Return the rates that are known, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {n: value for n, value in values.items() if n != "eflops" and value is not None}


def expected_cost(
    outcomes: Sequence[Outcome],
    ks: Sequence[int],
    finishes: int | None,
    rates: Rates = Rates(),
    *,
    replaced: bool = False,
    thinks: int | None = None,
) -> list[dict[str, float | None]]:
    """Return the expected cost of k draws on each of `AXES`, for each k in 1..len(outcomes).

    `finishes` is m, the number of draws that the rule waits for before it cancels the others, or
    None if it waits for all; `thinks` the same for thoughts (`ThinkingRace`; the time in seconds is
    then unknown). An axis is None where a draw or the rates lack what it needs.

    Summed over time: when F of the n draws have finished, D are truncated and R still run, a
    k-subset still runs if fewer than m of its draws have finished and some have not ended. Hence

        E tokens  = Σ_t R · Σ_{j<m} C(F, j) · C(n − 1 − F, k − 1 − j) / C(n, k)
        E latency = Σ_t Σ_{j<m} C(F, j) · [C(n − F, k − j) − C(D, k − j)] / C(n, k)

    over the steps t. Without truncation this is Σ_{j≤m} E L_(j:k) + (k − m) · E L_(m:k) tokens
    and E L_(m:k) steps; where all run to their end, k · mean L and E L_(k:k). What grows faster
    than tokens (attention) is summed over t by its increments. `replaced`: the k are drawn with
    replacement, and the hypergeometric chances are binomial.
    """
    n = len(outcomes)
    if not replaced:
        check_budgets(ks, n)
    costs: list[dict[str, float | None]] = [dict.fromkeys(AXES) | {"samples": k} for k in ks]
    budgets = np.asarray(ks)

    def put(axis: str, values: Floats) -> None:
        for cost, value in zip(costs, as_list(values), strict=True):
            cost[axis] = value

    prompts = [outcome.prompt_tokens for outcome in outcomes if outcome.prompt_tokens is not None]
    prompt = float(np.mean(prompts)) if n and len(prompts) == n else None
    if (lengths := _column(outcomes, "completion_tokens")) is not None and n:
        cut = [outcome.truncated for outcome in outcomes]
        draws = ParallelDraws(lengths, cut, ks, finishes, replaced)
        if thinks is not None and (thoughts := _column(outcomes, "think_tokens")) is not None:
            draws = ThinkingRace(lengths, thoughts, cut, ks, thinks, replaced)
        tokens, latency = draws.total(lambda t: t), draws.duration()
        put("tokens", tokens)
        put("latency_tokens", latency)
        put("uncancelled_tokens", budgets * lengths.mean())
        if prompt is not None:
            judged = sum(outcome.verifier_tokens or 0 for outcome in outcomes) / n * budgets
            put("total_tokens", tokens + prompt + judged)
            put("unshared_tokens", tokens + budgets * prompt + judged)
            _put_rated(put, draws, prompt, tokens, latency, rates)
    if (seconds := _column(outcomes, "seconds")) is not None and n:
        cut = [outcome.truncated for outcome in outcomes]
        if thinks is None:
            draws = ParallelDraws(seconds, cut, ks, finishes, replaced)
            put("seconds", draws.duration())
        put("sequential_seconds", budgets * seconds.mean())
    return costs


def _put_rated(
    put: Callable[[str, Floats], None],
    draws: ParallelDraws,
    prompt: float,
    tokens: Floats,
    latency: Floats,
    rates: Rates,
) -> None:
    """Put the axes that need rates.

    Kinetics (Sadhukhan et al. 2025): a trial of G tokens after a prompt of L decodes in
    2PG + 2(2L + G)·G·H·d operations and moves 2·G²·H_kv·d bytes of its own cache, d = head
    dimension × layers, at two bytes a number; the prompt's cache, 4·L·H_kv·d bytes a step, is
    read once for all trials. A byte counts as `intensity` operations. Of trials that differ in
    length, that step is taken until the last one ends (`race`); the paper averages the cost over
    the lengths, so that it is taken for the mean length (`kinetics`).
    """
    if rates.usd_prompt is not None and rates.usd_completion is not None:
        price = Price(rates.usd_prompt, rates.usd_completion)
        put("usd", np.asarray([price.usd(prompt, each) for each in as_list(tokens)]))
    if None in (rates.parameters, rates.layers, rates.heads, rates.head_dim):
        return
    parameters, heads = float(rates.parameters or 0), float(rates.heads or 0)
    size = float(rates.head_dim or 0) * float(rates.layers or 0)
    decoding = draws.total(lambda t: 2 * parameters * t + 2 * (2 * prompt + t) * t * heads * size)
    put("flops", decoding + 2 * parameters * prompt + 2 * prompt**2 * heads * size)
    if rates.kv_heads is not None:
        steps = latency if rates.eflops == "race" else tokens / draws.budgets
        shared = 4 * prompt * steps * rates.kv_heads * size
        own = draws.total(lambda t: 2 * t * t) * rates.kv_heads * size
        put("eflops", decoding + rates.intensity * (shared + own))


def _column(outcomes: Sequence[Outcome], field: str) -> Floats | None:
    values = [getattr(outcome, field) for outcome in outcomes]
    return None if None in values else np.asarray(values, dtype=np.float64)
