"""What an open engine tells of its work, for a display of progress."""

from __future__ import annotations

from collections.abc import Callable

from ttc.backends import Backend
from ttc.backends.extras import Counting, Loading, Reporting, Slotted
from ttc.messages.progress import Pulse


def pulse_of(backend: Backend) -> Callable[[], Pulse]:
    """Return a function that asks a backend how it is; it may be called from another thread."""
    counting = backend if isinstance(backend, Counting) else None
    loading = backend if isinstance(backend, Loading) else None
    slotted = backend if isinstance(backend, Slotted) else None
    reporting = backend if isinstance(backend, Reporting) else None

    def pulse() -> Pulse:
        return Pulse(
            None if counting is None else counting.generated,
            "" if loading is None else loading.loading,
            None if slotted is None else slotted.slots,
            "" if reporting is None else reporting.status(),
        )

    return pulse
