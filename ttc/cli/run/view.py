"""What `ttc view` does once its options are parsed."""

from __future__ import annotations

import os
import shlex
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from ttc.cli.job_log import in_ci
from ttc.cli.output import document
from ttc.cli.signals import stoppable
from ttc.errors import Stopped
from ttc.messages.counts import size, some
from ttc.session import Session
from ttc.store.named import store_with
from ttc.view import export as exporting
from ttc.view import serving


def serve(
    session: Session,
    pools: Sequence[str],
    verifier: str | None,
    port: int,
    no_open: bool,
    as_json: bool,
) -> None:
    """Serve the page until Ctrl-C; print its address, and open it in the browser."""

    def started(address: str) -> None:
        if as_json:
            document({"schema": 1, "url": address, "pid": os.getpid()})
        else:
            print(address)
        sys.stdout.flush()
        if no_open or not has_browser():
            session.say("open this address in a browser on this machine; Ctrl-C ends it")
        else:
            session.say("opening the browser; Ctrl-C ends it")
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    with stoppable():
        try:
            serving.serve(
                database(session, pools), pools, verifier=verifier, port=port, started=started
            )
        except Stopped:
            session.say("ttc view has ended")
            raise


def export(
    session: Session, folder: Path, pools: Sequence[str], verifier: str | None, as_json: bool
) -> None:
    """Write the page to a folder; say how large it is and how to open it."""
    where, progress = database(session, pools), session.progress
    with stoppable():
        made = exporting.export(where, folder, pools, verifier=verifier, progress=progress)
    if as_json:
        about = {"page": str(made.page), "files": made.files, "bytes": made.bytes}
        document({"schema": 1, **about})
        return
    print(made.page)
    session.say(
        f"{some(made.files, 'file', grouped=True)}, {size(made.bytes)}; open it in a browser: "
        f"{made.page.as_uri()}, or serve it: "
        f"python -m http.server -d {shlex.quote(str(made.page.parent))}"
    )


def database(session: Session, pools: Sequence[str]) -> Path:
    """Return the store. UsageError if a pool is named and there is no store."""
    return store_with(session.database, pools[0]) if pools else session.database


def has_browser() -> bool:
    """Return whether a browser can be opened here: not in CI, over SSH or without a display.

    If BROWSER names a command it can be, as editors do that show pages of a machine far away.
    """
    if in_ci():
        return False
    if os.environ.get("BROWSER"):
        return True
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
