"""Serve a session's models until a signal ends it: what the command and Python call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import socket

from ttc import loopback
from ttc.errors import UsageError
from ttc.serving.asking import presets
from ttc.serving.asking.catalog import Catalog
from ttc.serving.engines.means import telling_once
from ttc.serving.options import PORT, ServeOptions
from ttc.serving.service import Service
from ttc.session import Session


def run(
    session: Session,
    options: ServeOptions,
    config: Path | None = None,
    started: Callable[[str, Catalog], None] = lambda url, catalog: None,
) -> None:
    """Serve; `started` is called with the address and the names once requests are accepted.

    `config` is the settings file in place of the user's. UsageError for wrong options, BackendError
    if the model cannot be opened, StoreError if the store cannot, Stopped when a signal ended it.
    """
    loopback.check_installed("serve")
    from ttc.serving.app import Endpoint
    from ttc.serving.log import Log

    if not options.keys and not loopback.is_loopback(options.host):
        raise UsageError(
            f"--host {options.host}: others could draw here without a key; name a file with one by "
            "--key-file, or set TTC_SERVE_KEY"
        )
    catalog = Catalog(session.config, options, presets.read(config, options.solve))
    once = telling_once(session)
    with (
        closing(_listen(options)) as listening,
        closing(Service(once, options, catalog)) as service,
    ):
        service.open()
        url = loopback.url_of(listening)
        application = Endpoint(service, Log(session.say, once.say)).application()
        loopback.serve(application, listening, lambda: started(url, catalog))


def _listen(options: ServeOptions) -> socket:
    """Listen on the port that is named, else on PORT or, if that is taken, on a free one."""
    if options.port is not None:
        return loopback.listen(options.port, options.host)
    try:
        return loopback.listen(PORT, options.host)
    except loopback.TakenError:
        return loopback.listen(loopback.ANY_PORT, options.host)
