"""The options of `ttc solve` that change answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from ttc.samples.recipe import Sampling
from ttc.selectors import Selector
from ttc.solving.method import build
from ttc.store.names import PoolName
from ttc.strategies import Strategy

DEFAULT_N = 8


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How to solve: the options of `ttc solve` that change answers or where they are kept.

    - `model`, `draft`, `verifier`, `scorer`: specs as on the command line (`NAME:key=value,…`)
    - `method`: a strategy or a selection rule with its options; None: `default_rule` of the draws
    - `n`: draws of a problem; None: the strategy's own number, or the setting (8)
    - `aggregate`: how the scores of a trace's steps are combined: last, min, prod or mean
    - `oracle`: a verifier that reads the reference may accept answers to problems that have one
    - `budget`: limits of each problem, as in `tokens=4000,seconds=60`
    - `jobs`: problems that are solved side by side
    - `keep`: the pool that answers are kept in as samples; `new_pool`: take a new name if that pool
      has other settings
    """

    model: str | None = None
    n: int | None = None
    method: str | None = None
    verifier: str | None = None
    scorer: str | None = None
    aggregate: str = "last"
    budget: str | None = None
    draft: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    jobs: int = 1
    keep: str | None = None
    new_pool: bool = False
    oracle: bool = False

    @property
    def pool(self) -> PoolName | None:
        """The name of the pool that answers are kept in, if they are."""
        if self.keep is None:
            return None
        return PoolName(self.keep, other="--keep OTHER").given(self.keep, new=self.new_pool)


def parts_of(options: SolveOptions) -> tuple[Strategy | None, Selector | None]:
    """Return the strategy or the selection rule of the method. UsageError if it is neither."""
    return (None, None) if options.method is None else build(options.method, options.n)
