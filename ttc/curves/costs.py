"""What k draws cost: tokens, latency, floating-point operations and money, for one problem.

The k draws are a race run side by side, a token each per step. A rule that waits for m finishes
ends it there and cancels the rest; otherwise it runs until the last draw ends. A draw pays for
the tokens it made until then, so a cancelled one pays as much as the race was long.

A truncated draw stops at its limit without finishing. As in the ranking of first-finish it comes
after all that finish, whatever its length: it never ends a race, and one in which fewer than m
draws finish lasts until the last of all has stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ttc.config import read_toml
from ttc.curves.cost_axes import AXES as AXES
from ttc.curves.order_statistics import Race
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors.checks import check_budgets
from ttc.selectors.exact.subsets import Floats, as_list, log_choose


@dataclass(frozen=True, slots=True)
class Rates:
    """What turns tokens into operations and money; None is unknown, and so is what needs it.

    `parameters` are those active for a token; `layers`, `heads`, `kv_heads` and `head_dim` the
    attention's shape; `intensity` how many operations the hardware does while it moves a byte
    (562.5 for a B200); prices are per million tokens.
    """

    parameters: float | None = None
    layers: float | None = None
    heads: float | None = None
    kv_heads: float | None = None
    head_dim: float | None = None
    intensity: float = 562.5
    usd_prompt: float | None = None
    usd_completion: float | None = None

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Rates:
        """Return the rates of a table; ValueError names what is unknown or no positive number."""
        known = [each.name for each in fields(cls)]
        for name, value in table.items():
            if name not in known:
                raise ValueError(f"no rate is called {name!r}; there are {', '.join(known)}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise ValueError(f"{name} must be a number from 0, not {value!r}")
        return cls(**table)


def order_statistic(values: Sequence[int], j: int, k: int) -> float:
    """Return the expected j-th smallest of k of the n values, drawn without replacement.

        E x_(j:k) = Σ_r C(r − 1, j − 1) · C(n − r, k − j) / C(n, k) · x_(r),   r = 1..n

    where x_(r) is the r-th smallest of all: j − 1 of the others come from below it and k − j from
    above (David and Nagaraja 2003, "Order Statistics", on finite populations). With j = k it
    is the latency of k draws that all run to their end; with j = 1, that of first-finish.
    """
    n = len(values)
    check_budgets([k], n)
    if not 1 <= j <= k:
        raise ValueError(f"j must be between 1 and k = {k}, not {j}")
    r = np.arange(j, n - k + j + 1)
    ways = log_choose(r - 1, j - 1) + log_choose(n - r, k - j)
    weights = np.exp(ways - log_choose(n, k))
    return float(weights @ np.sort(np.asarray(values, dtype=np.float64))[r - 1])


def expected_cost(
    outcomes: Sequence[Outcome],
    ks: Sequence[int],
    finishes: int | None,
    rates: Rates = Rates(),
    *,
    replaced: bool = False,
) -> list[dict[str, float | None]]:
    """Return the expected cost of k draws on each of `AXES`, for each k in 1..len(outcomes).

    `finishes` is m, the number of draws that the rule waits for before it cancels the others, or
    None if it waits for all. An axis is None where a draw or the rates lack what it needs.

    Summed over time: when F of the n draws have finished, D are truncated and R still run, the
    race of a k-subset is on if fewer than m of it have finished and some of it still run. Hence

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
        race = Race(lengths, cut, ks, finishes, replaced)
        tokens, latency = race.paid(lambda t: t), race.lasts()
        put("tokens", tokens)
        put("latency_tokens", latency)
        put("uncancelled_tokens", budgets * lengths.mean())
        if prompt is not None:
            judged = sum(outcome.verifier_tokens or 0 for outcome in outcomes) / n * budgets
            put("total_tokens", tokens + prompt + judged)
            put("unshared_tokens", tokens + budgets * prompt + judged)
            _put_rated(put, race, prompt, tokens, latency, rates)
    if (seconds := _column(outcomes, "seconds")) is not None and n:
        cut = [outcome.truncated for outcome in outcomes]
        race = Race(seconds, cut, ks, finishes, replaced)
        put("seconds", race.lasts())
        put("sequential_seconds", budgets * seconds.mean())
    return costs


def _put_rated(
    put: Callable[[str, Floats], None],
    race: Race,
    prompt: float,
    tokens: Floats,
    latency: Floats,
    rates: Rates,
) -> None:
    """Put the axes that need rates.

    Kinetics (Sadhukhan et al. 2025): a trial of G tokens after a prompt of L decodes in
    2PG + 2(2L + G)·G·H·d operations and moves 2·G²·H_kv·d bytes of its own cache, d = head
    dimension × layers, at two bytes a number; the prompt's cache, 4·L·H_kv·d bytes a step, is
    read once for all trials. A byte counts as `intensity` operations.
    """
    if rates.usd_prompt is not None and rates.usd_completion is not None:
        put("usd", (prompt * rates.usd_prompt + tokens * rates.usd_completion) / 1e6)
    if None in (rates.parameters, rates.layers, rates.heads, rates.head_dim):
        return
    parameters, heads = float(rates.parameters or 0), float(rates.heads or 0)
    size = float(rates.head_dim or 0) * float(rates.layers or 0)
    decoding = race.paid(lambda t: 2 * parameters * t + 2 * (2 * prompt + t) * t * heads * size)
    put("flops", decoding + 2 * parameters * prompt + 2 * prompt**2 * heads * size)
    if rates.kv_heads is not None:
        shared = 4 * prompt * latency * rates.kv_heads * size
        own = race.paid(lambda t: 2 * t * t) * rates.kv_heads * size
        put("eflops", decoding + rates.intensity * (shared + own))


def _column(outcomes: Sequence[Outcome], field: str) -> Floats | None:
    values = [getattr(outcome, field) for outcome in outcomes]
    return None if None in values else np.asarray(values, dtype=np.float64)


def read_rates(path: str | None) -> Rates:
    """Return the rates of a TOML file, unknown ones without a file. UsageError if it is wrong."""
    if path is None:
        return Rates()
    try:
        return Rates.of(read_toml(Path(path)))
    except ValueError as error:
        raise UsageError(f"--rates {path}: {error}") from None
