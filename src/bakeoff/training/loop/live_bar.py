"""How a person follows what takes its time: a bar on a terminal, lines at a growing distance in a log."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

REFRESH_S = 0.2


def wants_bar(progress: str) -> bool:
    """Whether standard error is a terminal that can redraw a line.

    Args:
        progress: the configuration's; ``auto`` leaves it to the terminal, all else is without a bar.
    """
    return progress == "auto" and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


class LiveBar:
    """One line on standard error, drawn at most five times a second, and gone at its end."""

    def __init__(self) -> None:
        from rich.console import Console  # only where there is a terminal
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]}", markup=False),
        )
        console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            *columns,
            console=console,
            auto_refresh=False,
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("", total=1.0, state="")
        self._drawn_at = 0.0

    @property
    def due(self) -> bool:
        """Whether the last drawing is old."""
        return time.monotonic() - self._drawn_at >= REFRESH_S

    def draw(self, name: str, share: float, state: str) -> None:
        """Shows ``name``, the bar at ``share`` of 1, and ``state``."""
        self._drawn_at = time.monotonic()
        self._progress.update(self._task, description=name, completed=min(share, 1.0), state=state)
        if self._progress.live.is_started:
            self._progress.refresh()
        else:
            self._progress.start()

    def clear(self) -> None:
        """Takes the bar away, for other lines or for good; the next `draw` brings it back."""
        self._progress.stop()

    def beside(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Prints lines where the bar was, which comes back below them."""

        def line(text: str) -> None:
            self.clear()
            say(text)

        return line


class Spacing:
    """When another line of a log is due: after a twentieth of the time so far, ten minutes at most.

    Args:
        least_s: seconds at least; the first line is due at once.
    """

    def __init__(self, least_s: float) -> None:
        self.least_s = least_s
        self._began = time.monotonic()
        self._last: float | None = None

    @property
    def due(self) -> bool:
        """Whether it is time."""
        now = time.monotonic()
        return self._last is None or now - self._last >= max(self.least_s, min((now - self._began) / 20, 600.0))

    def spoken(self) -> None:
        """A line has been printed."""
        self._last = time.monotonic()


def clock(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
