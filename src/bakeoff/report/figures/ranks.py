"""The critical-difference diagram: mean ranks over datasets, bars over those that are too close to tell apart.

After Demsar 2006 ("Statistical comparisons of classifiers over multiple datasets", JMLR 7). A picture only: the tests
are those of the pairs (Benavoli et al. 2016, "Should we really use post-hoc tests based on mean-ranks?", JMLR 17).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bakeoff.report.figures.canvas import Canvas, figure, printable
from bakeoff.report.palette import Look, sentinel

ROW, BAR = 24, 11
"""Pixels between names, and between bars."""


def cliques(ranks: Sequence[float], critical_difference: float) -> list[tuple[int, int]]:
    """Longest runs of contenders, first and last of each, whose mean ranks lie within the critical difference.

    Args:
        ranks: mean ranks, ascending.
        critical_difference: what two mean ranks must differ by.
    """
    runs: list[tuple[int, int]] = []
    for first, best in enumerate(ranks):
        last = max(index for index, rank in enumerate(ranks) if rank - best <= critical_difference)
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


@figure
def ranks_figure(
    ranks: Mapping[str, float], critical_difference: float, *, looks: Mapping[str, Look], is_narrow: bool
) -> Canvas:
    """Mean ranks on a line, the best on the left, names hung below it.

    Args:
        ranks: mean rank by contender, best first.
        critical_difference: drawn as a bracket above the line.
        looks: how each contender is drawn.
        is_narrow: whether it is for a phone.
    """
    spoken = ", ".join(f"{name} {rank:.2f}" for name, rank in ranks.items())
    label = f"Mean ranks, 1 is best: {spoken}. Critical difference {critical_difference:.2f}."
    kind = "narrow" if is_narrow else "wide"
    values = list(ranks.values())
    runs = cliques(values, critical_difference)
    half = (len(values) + 1) // 2
    depth = BAR * (len(runs) + 1) + ROW * half
    side = 92 if is_narrow else 150
    width, margins = 340 if is_narrow else 700, (side, 6, side, 60)
    canvas = Canvas(width, depth + 66, margins=margins, name=f"ranks-{kind}", label=label)
    axes = canvas.axes
    axes.set_xlim(1, len(values))
    axes.set_ylim(-depth, 0)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["top"].set_visible(True)
    axes.spines["top"].set_color(sentinel("muted"))
    axes.xaxis.set_ticks_position("top")
    axes.set_xticks(range(1, len(values) + 1))
    axes.tick_params(length=4, color=sentinel("muted"))
    for place, (first, last) in enumerate(runs):
        y = -BAR * (place + 1)
        ends = [values[first] - 0.03, values[last] + 0.03]
        axes.plot(ends, [y, y], color=sentinel("accent"), linewidth=4, solid_capstyle="round", clip_on=False)
    for place, (name, rank) in enumerate(ranks.items()):
        row = place if place < half else len(values) - 1 - place
        bottom = -BAR * (len(runs) + 1) - ROW * (row + 0.5)
        _hang(canvas, name, rank, bottom, looks.get(name), is_left=place < half, is_narrow=is_narrow)
    _bracket(canvas, min(critical_difference, len(values) - 1.0), critical_difference)
    return canvas


def _hang(
    canvas: Canvas, name: str, rank: float, y: float, look: Look | None, *, is_left: bool, is_narrow: bool
) -> None:
    """A line from the rank down and out to the name."""
    axes = canvas.axes
    edge = axes.get_xlim()[0 if is_left else 1]
    axes.plot([rank, rank, edge], [0, y, y], color=sentinel("muted"), linewidth=1, clip_on=False)
    marker, colour = (look.marker, look.colour) if look else ("o", sentinel("ink"))
    axes.plot([rank], [0], marker=marker, color=colour, markersize=8, clip_on=False, zorder=3)
    text = printable(name, limit=11 if is_narrow else 18)
    shown = f"{text} {rank:.2f}" if is_left else f"{rank:.2f} {text}"
    side, gap = ("right", -6) if is_left else ("left", 6)
    ink = sentinel("ink")
    axes.annotate(shown, (edge, y), xytext=(gap, 0), textcoords="offset points", ha=side, va="center", color=ink)


def _bracket(canvas: Canvas, length: float, critical_difference: float) -> None:
    """The critical difference as a length, above the line."""
    axes = canvas.axes
    place = axes.get_xaxis_transform()
    height = 1 + 34 / (canvas.figure.get_figheight() * 72 - 66)
    axes.plot([1, 1 + length], [height, height], color=sentinel("ink"), linewidth=1.6, transform=place, clip_on=False)
    text = f"critical difference {critical_difference:.2f}"
    axes.annotate(
        text, (1, height), xycoords=place, xytext=(0, 5), textcoords="offset points", color=sentinel("muted"), size=11
    )
