"""What `ttc serve` does once its options are parsed."""

from __future__ import annotations

from pathlib import Path

from ttc.cli.session import stdout_kept_clean
from ttc.errors import Exit
from ttc.serving import server
from ttc.serving.asking.catalog import Catalog
from ttc.serving.options import ServeOptions
from ttc.session import Session


def serve(session: Session, options: ServeOptions, config: Path | None) -> int:
    """Serve until a signal ends it."""

    def started(url: str, catalog: Catalog) -> None:
        print(f"{url}/v1", flush=True)
        session.say(f"serving {', '.join(catalog.names)}; Ctrl-C ends it")

    with stdout_kept_clean():
        server.run(session, options, config, started)
    return Exit.DONE
