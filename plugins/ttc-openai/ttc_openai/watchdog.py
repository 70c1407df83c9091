"""Detection of requests that no longer make progress, and a note if the server is silent."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from ttc.messages import notes
from ttc.messages.counts import some

if TYPE_CHECKING:
    from ttc_openai.scheduler import Scheduler
    from ttc_openai.server import ModelServer

# Seconds that an answer whose draws are all over gets for its token counts and its end.
_REST = 10.0
# Seconds without anything new before the user is informed.
SILENCE = 30.0


async def watch(scheduler: Scheduler, server: ModelServer) -> None:
    """End requests that have been silent for too long, however many bytes keep trickling in."""
    while True:
        await asyncio.sleep(min(server.options.timeout / 4, 1.0))
        for call, task in list(scheduler.running.values()):
            before = max(draw.stalls for draw in call.draws)
            limit = scheduler.stall_timeout.limit(call.moved, before)
            if call.over and not call.read:
                limit = min(limit, _REST)
            if monotonic() - call.moved > limit and call.silent is None:
                call.silent = limit
                task.cancel()
        _report_silence(scheduler, server)


def _report_silence(scheduler: Scheduler, server: ModelServer) -> None:
    """Print once that nothing has come for long although draws are open."""
    pending = len(scheduler.running) + len(scheduler.pausing)
    if not pending:
        return
    moved = [call.moved for call, _ in scheduler.running.values() if call.heard]
    if monotonic() - max(scheduler.began, scheduler.alive, *moved) < SILENCE:
        return
    where = server.address.base_url
    last = f" ({scheduler.last_error})" if scheduler.last_error else ""
    if scheduler.retry_policy.ever_answered:
        notes.tell(
            f"{where}: nothing new for {SILENCE:.0f} s{last}; {some(pending, 'draw')} still open"
        )
        return
    notes.tell(
        f"no answer yet from {where} after {SILENCE:.0f} s{last}; "
        f"a request may take {server.options.timeout:g} s (the option timeout)"
    )
