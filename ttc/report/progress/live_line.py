"""A live line on a terminal, by rich. Imported once there is something to draw."""

from __future__ import annotations

import sys
import time

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.text import Text

from ttc.report.progress.status_line import Status
from ttc.report.tables.width import columns_of, terminal_width

LEAST_BAR, MOST_BAR = 8, 30  # columns
LOWEST = 20  # columns that a line takes at least


class _Console(Console):
    """A console that leaves the cursor visible: a run that is killed could not show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        """Do nothing."""
        return False


class LiveLine:
    """One line that is drawn again in place; what others print on stderr stands above it."""

    def __init__(self) -> None:
        # With soft wrapping, a long note of others is broken by the terminal, and not by rich.
        self._console = _Console(
            stderr=True, soft_wrap=True, markup=False, emoji=False, highlight=False
        )
        self._spinner = Spinner(_spinner_for(self._console))
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=True,
        )
        self._live.start()

    def show(self, status: Status) -> None:
        """Draw a status."""
        self._live.update(_Line(status, self._spinner, _width()), refresh=True)
        # What another program of a pipeline prints on this terminal begins a line of its own.
        self._console.file.write("\r")
        self._console.file.flush()

    def close(self) -> None:
        """Clear the line."""
        self._live.stop()


class _Line:
    """A spinner, the name, a bar if there is room for one, and the figures."""

    def __init__(self, status: Status, spinner: Spinner, width: int) -> None:
        self._status = status
        self._spinner = spinner
        self._width = width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyph = self._spinner.render(time.monotonic())
        room = self._width - 2  # of the spinner and its blank
        what, rest = self._status.fitted(room)
        if cell_len(what) > len(what):  # wide characters
            what = set_cell_size(what, max(room - cell_len(rest) - 1, 1)).rstrip()
        bar = min(room - cell_len(what) - cell_len(rest) - 2, MOST_BAR)
        yield Text.assemble(str(glyph), " ", (f"{what} ".lstrip(), "bold"), end="")
        if self._status.share is not None and bar >= LEAST_BAR:
            yield ProgressBar(total=1.0, completed=self._status.share, width=bar)
            yield Text(" ", end="")
        yield Text(rest if options.encoding.startswith("utf") else _plain(rest), end="")


def _plain(text: str) -> str:
    return text.replace("·", "-")


def _spinner_for(console: Console) -> str:
    options = console.options
    return "line" if options.ascii_only or options.legacy_windows else "dots"


def _width() -> int:
    """Return the columns of the terminal of stderr, less one: a full line would wrap on some."""
    return max((terminal_width(sys.stderr) or columns_of(sys.stderr)) - 1, LOWEST)
