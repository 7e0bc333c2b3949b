"""Where commands print their pages."""

from __future__ import annotations

import sys

from rich.console import Console

PIPE_WIDTH = 120
"""Columns where no terminal tells them."""


def page_console(*, soft_wrap: bool = True) -> Console:
    """Standard output, as wide as the terminal, or `PIPE_WIDTH` columns where it goes elsewhere.

    Args:
        soft_wrap: the terminal breaks long lines; else tables are made as narrow as it is.
    """
    return Console(highlight=False, soft_wrap=soft_wrap, width=None if sys.stdout.isatty() else PIPE_WIDTH)
