"""The counts of a run of draws."""

from __future__ import annotations

from dataclasses import dataclass, field

from ttc.errors import BackendError
from ttc.messages.counts import some
from ttc.messages.progress import Stage
from ttc.samples.spending import Spending


@dataclass(slots=True)
class Tally:
    """What a run has done so far.

    `drawn` counts the finished draws, `tokens` all generated tokens, those of cancelled draws
    included; `uncounted` draws are those whose tokens the engine does not report. `copies` repeat
    the text of an earlier draw at a temperature above 0; `thinking` have a thought, if reasoning
    was to be turned on or off, and `overlong` have a longer one than --thinking allows. `unlike`
    ended by themselves and are no JSON, with --schema. `stopped` says why no more draws were asked
    for, `broken` why the backend failed. `spending` is the account of a run with a budget.
    """

    drawn: int = 0
    copies: int = 0
    thinking: int = 0
    overlong: int = 0
    unlike: int = 0
    tokens: int = 0
    uncounted: int = 0
    truncated: int = 0
    cancelled: int = 0
    errors: list[str] = field(default_factory=list)
    stopped: str = ""
    spending: Spending | None = None
    broken: str | None = None

    def show(self, stage: Stage) -> None:
        """Set the counters of a stage."""
        stage.done, stage.tokens, stage.uncounted = self.drawn, self.tokens, self.uncounted

    def raise_errors(self) -> None:
        """Raise BackendError with the first failure, if there was one."""
        if self.broken is not None:
            raise BackendError(self.broken)
        if self.errors:
            raise BackendError(
                f"{some(len(self.errors), 'draw')} failed; the first: {self.errors[0]}"
            )
