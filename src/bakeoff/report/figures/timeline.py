"""What was found where in a sound, as inline SVG: a bar a token, from its first moment to its last, and its name."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from bakeoff.report.figures.canvas import printable

_WIDTH, _HEIGHT, _FONT, _BAR, _GAP = 352, 51, 12, 3, 2
_ROWS = (16, 30, 44)
_CHARACTER = 0.62
"""The width of a character of a monospaced font, as a share of its size."""


def timeline_figure(tokens: Sequence[str], spans: Sequence[tuple[float, float]], *, label: str) -> Markup:
    """Bars along the top, and the names below them, one row lower where they would run into the last one.

    Args:
        tokens: in the order of their places.
        spans: start and end of each, as shares of the whole.
        label: what is shown, in words.
    """
    free = [-float(_GAP)] * len(_ROWS)
    drawn = Markup("")
    for token, (start, end) in zip(tokens, spans, strict=True):
        text = printable(token, limit=12) or "\u2423"
        middle, half = _WIDTH * (start + end) / 2, _CHARACTER * _FONT * len(text) / 2
        row = next((row for row, taken in enumerate(free) if middle - half >= taken), 0)
        free[row] = middle + half + _GAP
        drawn += _bar(start, end)
        drawn += Markup('<text font-size="{}" x="{:.1f}" y="{}">{}</text>').format(_FONT, middle, _ROWS[row], text)
    opening = Markup('<svg class="timeline" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">')
    return opening.format(printable(label, limit=400), _WIDTH, _HEIGHT) + drawn + Markup("</svg>")


def _bar(start: float, end: float) -> Markup:
    rect = Markup('<rect x="{:.1f}" y="0" width="{:.1f}" height="{}"/>')
    return rect.format(_WIDTH * start, max(_WIDTH * (end - start), 1.0), _BAR)
