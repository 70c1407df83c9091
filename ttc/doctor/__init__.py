"""Checks this installation and gives the fix for each fault.

    from ttc import doctor

    for check in doctor.examine():
        print(check.status, check.group, check.what, check.detail, check.remedy)

Each group of checks is a module with `steps` and runs in its own process, so a check that raises,
hangs or crashes in native code is reported as failed like any other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from ttc.doctor.checks import Check, DoctorOptions
from ttc.errors import UsageError

__all__ = ["GROUPS", "Check", "DoctorOptions", "examine"]

# The order of the report.
GROUPS = ("system", "settings", "store", "engine", "sandbox", "plugins", "servers", "extras")
SELF_TEST = "self-test"
_AT_ONCE = 3  # groups; more would slow down the checks that measure time


def examine(
    options: DoctorOptions | None = None,
    *,
    limit: float | None = None,
    trace: Callable[[str], None] = lambda text: None,
) -> Iterator[Check]:
    """Yield the checks of the groups in `options` (default: all), in the order of GROUPS.

    `limit` is a lower time limit (seconds) for each step; `trace` gets the traceback of a check
    that raises. UsageError for an unknown group.
    """
    options = options or DoctorOptions()
    for name in options.groups:
        if name not in GROUPS:
            near = get_close_matches(name, GROUPS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"groups: {', '.join(GROUPS)}"
            raise UsageError(f"there is no group of checks {name!r}; {hint}")
    return _examined(options, limit, trace)


def _examined(
    options: DoctorOptions, limit: float | None, trace: Callable[[str], None]
) -> Iterator[Check]:
    from concurrent.futures import ThreadPoolExecutor

    from ttc.doctor.children import Children

    children = Children(options, limit, trace)
    executor = ThreadPoolExecutor(min(_AT_ONCE, os.cpu_count() or 1), "ttc-doctor")
    chosen = [name for name in GROUPS if name in options.groups or not options.groups]
    waiting = [executor.submit(children.run, name) for name in chosen]
    try:
        for future in waiting:
            yield from future.result()
        if options.self_test:  # uses all processors, so it runs after the others
            yield from children.run(SELF_TEST)
    finally:
        children.close()
        executor.shutdown(cancel_futures=True)
