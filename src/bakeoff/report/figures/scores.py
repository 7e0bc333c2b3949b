"""The headline figure: the test metric of every contender, its seeds and its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bakeoff.record.verdict import LeaderboardRow
from bakeoff.report.analysis.spread import spread
from bakeoff.report.figures.canvas import Canvas, figure, longest_width, printable
from bakeoff.report.numbers import Metric, is_number
from bakeoff.report.palette import Look, sentinel
from bakeoff.report.scales import drawn

_REACH = 0.5


@figure
def scores_figure(
    rows: Sequence[LeaderboardRow],
    *,
    metric: Metric,
    looks: Mapping[str, Look],
    scale: str,
    is_narrow: bool,
    together: bool = False,
) -> Canvas:
    """One line a contender, best on top: small marks are its trials, the large one the estimate, the bar its interval.

    Args:
        rows: Contenders in the order to draw.
        metric: The primary metric.
        looks: How each contender is drawn.
        scale: What the axis shows, without the unit.
        is_narrow: Whether it is for a phone: names stand above the lines instead of beside them.
        together: Whether lines stand for the trials: a thin one for the middle 90 %, a thick one for the middle half.
    """
    kind = "narrow" if is_narrow else "wide"
    told = "; ".join(_spoken(row, metric) for row in rows)
    label = f"{scale[:1].upper()}{scale[1:]}, each contender with interval. {told}"
    width, step = (340, 52) if is_narrow else (700, 46)
    left, right = (12, 16) if is_narrow else (16 + longest_width([row.name for row in rows], size=14), 84)
    margins = (left, 42, right, 4)
    canvas = Canvas(width, step * len(rows) + 50, margins=margins, name=f"scores-{kind}", label=label)
    canvas.axes.set_xlim(*_limits(rows, metric, together=together))
    for place, row in enumerate(rows):
        y = -place - (0.12 if is_narrow else 0)
        (_trials_together if together else _trials)(canvas, row, metric, looks[row.name], y=y - 0.17)
        _line(canvas, row, metric, looks[row.name], y=y)
        _names(canvas, printable(row.name), metric.value(row.test[metric.name].mean), y=-place, is_narrow=is_narrow)
    axes = canvas.axes
    axes.set_ylim(-len(rows) + 0.45, 0.55)
    axes.set_yticks([])
    canvas.grid("x")
    canvas.ticks("x", count=5 if is_narrow else 7)
    canvas.axis_title("x", f"{scale}{metric.unit}")
    return canvas


def _spoken(row: LeaderboardRow, metric: Metric) -> str:
    found = drawn(row.test[metric.name], metric)
    return f"{row.name} {metric.value(found.mean)}, interval {metric.value(found.low)} to {metric.value(found.high)}"


def _trials(canvas: Canvas, row: LeaderboardRow, metric: Metric, look: Look, *, y: float) -> None:
    low, high = canvas.axes.get_xlim()
    for value in (metric.scaled(value) for value in row.test[metric.name].values if is_number(value)):
        shape = "<" if value < low else ">" if value > high else look.marker
        at = min(max(value, low), high)
        canvas.axes.plot([at], [y], shape, color=look.colour, alpha=0.5, ms=6 * look.size, mew=0, clip_on=False)


def _trials_together(canvas: Canvas, row: LeaderboardRow, metric: Metric, look: Look, *, y: float) -> None:
    found = spread(row.test[metric.name].values)
    if found is None:
        return
    for ends, width in (((found.low, found.high), 1.5), ((found.first, found.third), 6)):
        x = [metric.scaled(end) for end in ends]
        canvas.axes.plot(x, [y, y], color=look.colour, alpha=0.5, linewidth=width, solid_capstyle="butt")


def _line(canvas: Canvas, row: LeaderboardRow, metric: Metric, look: Look, *, y: float) -> None:
    found = drawn(row.test[metric.name], metric)
    if is_number(found.low) and is_number(found.high):
        ends = [metric.scaled(found.low), metric.scaled(found.high)]
        canvas.axes.plot(ends, [y, y], color=look.colour, linewidth=2.5, solid_capstyle="round")
    if is_number(found.mean):
        mean = metric.scaled(found.mean)
        canvas.axes.plot(
            [mean], [y], look.marker, color=look.colour, ms=11.5 * look.size, markeredgecolor=sentinel("paper")
        )


def _names(canvas: Canvas, name: str, value: str, *, y: float, is_narrow: bool) -> None:
    axes, ink = canvas.axes, sentinel("ink")
    lift = 0.28 if is_narrow else 0.0
    left, right = (0.0, 1.0) if is_narrow else (-0.02, 1.02)
    sides = ("left", "right") if is_narrow else ("right", "left")
    place = axes.get_yaxis_transform()
    size = 12.5 if is_narrow else 14
    axes.text(left, y + lift, name, transform=place, ha=sides[0], va="center", size=size, color=ink, weight="bold")
    axes.text(right, y + lift, value, transform=place, ha=sides[1], va="center", size=size, color=ink)


def _limits(rows: Sequence[LeaderboardRow], metric: Metric, *, together: bool) -> tuple[float, float]:
    """The intervals and every trial that is not far from them, with a little air; far ones become arrows.

    Where lines stand for trials, the middle 90 % of them.
    """
    found = [drawn(row.test[metric.name], metric) for row in rows]
    core = [metric.scaled(v) for e in found for v in (e.mean, e.low, e.high) if is_number(v)] or [0.0, 1.0]
    reach = _REACH * (max(core) - min(core))
    spreads = [spread(estimate.values) for estimate in found] if together else []
    ends = [end for own in spreads if own for end in (own.low, own.high)]
    trials = [metric.scaled(v) for v in (ends if together else [v for e in found for v in e.values]) if is_number(v)]
    shown = [*core, *(v for v in trials if min(core) - reach <= v <= max(core) + reach)]
    air = 0.06 * (max(shown) - min(shown)) or 0.5
    return min(shown) - air, max(shown) + air
