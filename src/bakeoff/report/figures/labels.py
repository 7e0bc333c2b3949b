"""Names beside the marks they belong to, placed where they cover least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bakeoff.report.figures.canvas import FONT_SIZE, Canvas, printable, text_width
from bakeoff.report.palette import sentinel

Box = tuple[float, float, float, float]
_LIFTS = (0, 9, -9, 17, -17, 27, -27, 38, -38)


@dataclass(frozen=True)
class Spot:
    """A mark that wants a name; ``x`` and ``y`` in px from the lower left of the figure."""

    text: str
    x: float
    y: float


def write_labels(canvas: Canvas, spots: Sequence[Spot], *, lines: Sequence[Box] = ()) -> None:
    """Write each spot's text near it, where it covers the least of other labels, marks and lines.

    Texts choose from top to bottom; one that has to stand off its mark is tied to it by a hairline.

    Args:
        canvas: The figure, with its final limits.
        spots: The marks to name.
        lines: Thin boxes (left, bottom, right, top) in px that are better not crossed.
    """
    taken: list[Box] = []
    lines = [*lines, *_tick_labels(canvas)]
    marks = [(spot.x - 6, spot.y - 6, spot.x + 6, spot.y + 6) for spot in spots]
    for spot in sorted(spots, key=lambda spot: -spot.y):
        text = printable(spot.text, limit=20)
        places = _places(spot, text_width(text), canvas)
        box = min(places, key=lambda box: _cost(box, spot, solid=[*taken, *marks], thin=lines))
        taken.append(box)
        _write(canvas, spot, text, box)


def _write(canvas: Canvas, spot: Spot, text: str, box: Box) -> None:
    back = canvas.axes.transData.inverted().transform
    height = (box[1] + box[3]) / 2
    if abs(height - spot.y) > 16:
        start = min(max(spot.x, box[0]), box[2])
        ends = back([(spot.x, spot.y), (start, height + (6 if spot.y > height else -6) * (box[0] <= spot.x <= box[2]))])
        canvas.axes.plot(ends[:, 0], ends[:, 1], color=sentinel("muted"), linewidth=0.6, zorder=1)
    left, middle = back((box[0], height))
    canvas.axes.text(left, middle, text, size=FONT_SIZE, va="center", ha="left", color=sentinel("ink"))


def write_ends(
    canvas: Canvas,
    ends: Mapping[str, Sequence[float] | np.ndarray],
    *,
    lines: Sequence[Box] = (),
    edge: float | None = None,
) -> None:
    """Write the name of each line at its end: in a column where it ends at the edge, beside the end elsewhere.

    Args:
        canvas: The figure, with its final limits.
        ends: The last point of each line, in the axes' own units.
        lines: As of `write_labels`.
        edge: Where lines end that reach all the way, in px from the left; None is where the last of them does.
    """
    spots = [Spot(name, *canvas.axes.transData.transform(end)) for name, end in ends.items()]
    reached = max((spot.x for spot in spots), default=0.0) if edge is None else edge
    write_column(canvas, [spot for spot in spots if spot.x >= reached - 12])
    write_labels(canvas, [spot for spot in spots if spot.x < reached - 12], lines=lines)


def write_column(canvas: Canvas, spots: Sequence[Spot], *, gap: float = 14) -> None:
    """Write the texts of spots that stand above each other in a column right of them, in their order, with leaders."""
    back = canvas.axes.transData.inverted().transform
    ordered = sorted(spots, key=lambda spot: spot.y)
    for spot, height in zip(ordered, _apart([spot.y for spot in ordered], gap=gap), strict=True):
        left, middle = back((spot.x + 18, height))
        ends = back([(spot.x + 6, spot.y), (spot.x + 16, height)])
        canvas.axes.plot(ends[:, 0], ends[:, 1], color=sentinel("muted"), linewidth=0.7, clip_on=False)
        canvas.axes.text(left, middle, printable(spot.text), size=FONT_SIZE, va="center", color=sentinel("ink"))


def _apart(heights: Sequence[float], *, gap: float) -> list[float]:
    """Rising heights moved as little as possible until neighbours are ``gap`` apart."""
    clusters: list[list[float]] = []
    for height in heights:
        clusters.append([height])
        while len(clusters) > 1 and _spread(clusters[-2], gap)[-1] + gap > _spread(clusters[-1], gap)[0]:
            last = clusters.pop()
            clusters[-1] += last
    return [place for cluster in clusters for place in _spread(cluster, gap)]


def _spread(cluster: Sequence[float], gap: float) -> list[float]:
    middle = sum(cluster) / len(cluster)
    return [middle + gap * (place - (len(cluster) - 1) / 2) for place in range(len(cluster))]


def _places(spot: Spot, width: float, canvas: Canvas) -> list[Box]:
    """Boxes in the order of preference: right, left, above, below, farther; all inside the figure, above the axis."""
    foot = canvas.axes.transAxes.transform((0, 0))[1] - 4
    beside = [(left, lift) for lift in _LIFTS for left in (spot.x + 9, spot.x - 9 - width)]
    centred = [(spot.x - width / 2, lift) for lift in (15, -15)]
    found = [
        (left, spot.y + lift - 7, left + width, spot.y + lift + 7)
        for left, lift in [*beside[:2], *centred, *beside[2:]]
        if left > 2 and left + width < canvas.width - 1 and spot.y + lift - 7 > foot
    ]
    return found or [(max(2.0, canvas.width - 1 - width), spot.y + 6, canvas.width - 1, spot.y + 20)]


def _tick_labels(canvas: Canvas) -> list[Box]:
    """Where the numbers of the vertical axis stand."""
    axes = canvas.axes
    edge = axes.transAxes.transform((0, 0))[0]
    low, high = axes.get_ylim()
    heights = [axes.transData.transform((0, tick))[1] for tick in axes.get_yticks() if low <= tick <= high]
    return [(edge - 34, height - 7, edge - 2, height + 7) for height in heights]


def _cost(box: Box, spot: Spot, *, solid: Sequence[Box], thin: Sequence[Box]) -> float:
    """What speaks against a place: covering things, thin ones above their area, and being far from the mark."""
    far = abs((box[1] + box[3]) / 2 - spot.y)
    return _covered(box, solid) + 3 * _covered(box, thin) + 2 * far


def _covered(box: Box, others: Sequence[Box]) -> float:
    """Area in px² that ``box`` shares with the others."""
    area = 0.0
    for left, bottom, right, top in others:
        wide = min(box[2], right) - max(box[0], left)
        tall = min(box[3], top) - max(box[1], bottom)
        area += max(wide, 0.0) * max(tall, 0.0)
    return area
