"""The entry point: `ttc`, `python -m ttc`.

Until the command line is imported, Ctrl-C ends the process without a traceback.
"""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line of this process and exit."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ttc.cli.main import main as command

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()


if __name__ == "__main__":
    main()
