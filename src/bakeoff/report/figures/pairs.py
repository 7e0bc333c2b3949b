"""The interval forest: every pair's difference, at the level at which it was tested, and together with all others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from bakeoff.record.verdict import RecordedPair
from bakeoff.report.figures.canvas import Canvas, figure, printable, text_width
from bakeoff.report.numbers import Metric, is_number, share
from bakeoff.report.palette import sentinel


@figure
def pairs_figure(
    pairs: Sequence[RecordedPair],
    *,
    at_once: Sequence[tuple[float, float] | None],
    metric: Metric,
    margin: float | None,
    is_narrow: bool,
) -> Canvas:
    """One line a pair; right of zero the first named is better. The shaded band is the margin that matters.

    The thick line is the interval by which the pair was judged; the thin one with end marks holds with those of all.

    Args:
        pairs: Each as seen from its better contender.
        at_once: Of each the simultaneous interval; None where there is none of its own.
        metric: The primary metric.
        margin: Half-width of the band, in the metric's own unit (accuracy: a fraction).
        is_narrow: Whether it is for a phone: names stand above the lines instead of beside them.
    """
    kind = "narrow" if is_narrow else "wide"
    label = "Differences between contenders with intervals. " + "; ".join(map(_spoken, pairs, at_once, repeat(metric)))
    names = [f"{printable(pair.a, limit=16)} − {printable(pair.b, limit=16)}" for pair in pairs]
    step = 46 if is_narrow else 34
    left = 12 if is_narrow else 16 + max(text_width(name, size=12) for name in names)
    width, margins = 340 if is_narrow else 700, (left, 42, 16 if is_narrow else 74, 4)
    canvas = Canvas(width, step * len(pairs) + 50, margins=margins, name=f"pairs-{kind}", label=label)
    axes = canvas.axes
    for place, (pair, name) in enumerate(zip(pairs, names, strict=True)):
        _zero(canvas, metric, margin, bottom=-place - 0.5, top=-place + (0.06 if is_narrow else 0.5))
        _whiskers(canvas, at_once[place], metric, y=-place - (0.2 if is_narrow else 0))
        _line(canvas, pair, metric, y=-place - (0.2 if is_narrow else 0))
        _names(canvas, name, f"at {share(1 - pair.level)}", y=-place, is_narrow=is_narrow)
    axes.set_ylim(-len(pairs) + 0.45, 0.55)
    axes.set_yticks([])
    axes.set_xlim(*_limits(pairs, at_once, metric, margin))
    canvas.grid("x")
    canvas.ticks(
        "x", count=5 if is_narrow else 7, label=lambda value: f"{value:+g}".replace("-", "−") if value else "0"
    )
    unit = f" ({metric.step})" if metric.step else ""
    canvas.axis_title("x", f"difference in test {metric.label}{unit}")
    return canvas


def _spoken(pair: RecordedPair, at_once: tuple[float, float] | None, metric: Metric) -> str:
    bounds = f"{metric.difference(pair.low, unit=False)} to {metric.difference(pair.high, unit=False)}"
    told = f"{pair.a} minus {pair.b}: {metric.difference(pair.difference)}, {share(1 - pair.level)} interval {bounds}"
    if at_once is None:
        return told
    return f"{told}, all at once {' to '.join(metric.difference(end, unit=False) for end in at_once)}"


def _whiskers(canvas: Canvas, ends: tuple[float, float] | None, metric: Metric, *, y: float) -> None:
    if ends is not None and all(map(is_number, ends)):
        x = [metric.scaled(end) for end in ends]
        canvas.axes.plot(x, [y, y], color=sentinel("muted"), lw=1, marker="|", ms=8, mew=1, solid_capstyle="butt")


def _zero(canvas: Canvas, metric: Metric, margin: float | None, *, bottom: float, top: float) -> None:
    """Zero and the margin around it beside one pair, clear of the name that stands above it."""
    if is_number(margin):
        ends = [-metric.scaled(margin), metric.scaled(margin)]
        canvas.axes.fill_between(ends, bottom, top, color=sentinel("margin"), linewidth=0)
    canvas.axes.plot([0, 0], [bottom, top], color=sentinel("muted"), linewidth=1.2, solid_capstyle="butt")


def _line(canvas: Canvas, pair: RecordedPair, metric: Metric, *, y: float) -> None:
    colour = sentinel("accent" if pair.is_decided else "muted")
    if is_number(pair.low) and is_number(pair.high):
        ends = [metric.scaled(pair.low), metric.scaled(pair.high)]
        canvas.axes.plot(ends, [y, y], color=colour, linewidth=2.5, solid_capstyle="round")
    if is_number(pair.difference):
        fill = colour if pair.is_decided else sentinel("paper")
        at = metric.scaled(pair.difference)
        canvas.axes.plot([at], [y], marker="o", markersize=8.5, markerfacecolor=fill, markeredgecolor=colour, mew=2)


def _names(canvas: Canvas, name: str, note: str, *, y: float, is_narrow: bool) -> None:
    axes, place = canvas.axes, canvas.axes.get_yaxis_transform()
    lift = 0.26 if is_narrow else 0.0
    left, right = (0.0, 1.0) if is_narrow else (-0.02, 1.02)
    sides = ("left", "right") if is_narrow else ("right", "left")
    axes.text(left, y + lift, name, transform=place, ha=sides[0], va="center", size=12, color=sentinel("ink"))
    axes.text(right, y + lift, note, transform=place, ha=sides[1], va="center", size=11, color=sentinel("muted"))


def _limits(
    pairs: Sequence[RecordedPair],
    at_once: Sequence[tuple[float, float] | None],
    metric: Metric,
    margin: float | None,
) -> tuple[float, float]:
    values = [v for pair in pairs for v in (pair.low, pair.high, pair.difference) if is_number(v)]
    values += [end for ends in at_once if ends for end in ends if is_number(end)]
    if is_number(margin):
        values += [margin, -margin]
    scaled = [metric.scaled(value) for value in [*values, 0.0]]
    air = 0.05 * (max(scaled) - min(scaled)) or 0.5
    return min(scaled) - air, max(scaled) + air
