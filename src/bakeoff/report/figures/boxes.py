"""Boxes over a picture as inline SVG: answers solid, the truth dashed, each with its label."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from bakeoff.report.figures.canvas import printable, text_width
from bakeoff.report.numbers import is_number, share
from bakeoff.report.palette import overlay
from bakeoff.tasks.exhibits import Box

_SHOWN_WIDTH_PX, _FONT_PX = 340, 13


def boxes_figure(boxes: Sequence[Box], *, width: int, height: int, label: str) -> Markup:
    """The boxes as a layer over a picture, a colour a class.

    Args:
        boxes: In the picture's pixels.
        width: Of the picture, as ``height``.
        label: What the picture shows; what is in the boxes is added to it.
    """
    classes = sorted({box.label for box in boxes})
    ordered = sorted(boxes, key=lambda box: box.is_truth)
    drawn = Markup("").join(_box(box, overlay(classes.index(box.label)), width, height) for box in ordered)
    told = [f"{'truth' if box.is_truth else 'answer'} {box_text(box)}" for box in ordered]
    opening = Markup('<svg class="boxes" role="img" aria-label="{}" viewBox="0 0 {} {}">')
    return opening.format(f"{label}: {'; '.join(told) or 'no boxes'}.", width, height) + drawn + Markup("</svg>")


def box_text(box: Box) -> str:
    """Class and confidence: ``cat 93 %``."""
    return box.label + (f" {share(box.score)}" if is_number(box.score) else "")


def _box(box: Box, colour: str, width: int, height: int) -> Markup:
    """A dark edge below a coloured one, so that it is seen on any picture, and the label."""
    place = (box.left, box.top, max(box.right - box.left, 0), max(box.bottom - box.top, 0))
    rect = Markup('<rect class="{}" style="stroke: {}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>')
    kind = "dashed" if box.is_truth else "solid"
    edges = rect.format(f"edge {kind}", "#000", *place) + rect.format(kind, colour, *place)
    return edges + _label(box, colour, width, height)


def _label(box: Box, colour: str, width: int, height: int) -> Markup:
    """Answers above their box and the truth below it, or inside where there is no room."""
    size = _FONT_PX * width / _SHOWN_WIDTH_PX
    text = printable(box_text(box), limit=24)
    x = max(min(box.left, width - text_width(text, size=size)), 0)
    if box.is_truth:
        y = box.bottom + size if box.bottom + 1.3 * size < height else box.bottom - 0.4 * size
    else:
        y = box.top - 0.4 * size if box.top > 1.3 * size else box.top + size
    return Markup('<text style="fill: {}" font-size="{:.2f}" x="{:.2f}" y="{:.2f}">{}</text>').format(
        colour, size, x, y, text
    )
