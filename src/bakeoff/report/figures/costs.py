"""Small multiples: test quality against each cost, with the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bakeoff.report.analysis.pareto import Cost, CostPoint, front
from bakeoff.report.figures.canvas import Canvas, figure
from bakeoff.report.figures.labels import Box, Spot, write_labels
from bakeoff.report.numbers import Metric, compact, is_number
from bakeoff.report.palette import Look, sentinel
from bakeoff.report.scales import legible_range, round_numbers

_WIDTH, _HEIGHT = 320, 270
_LOG_FROM = 4.0


@figure
def cost_figure(cost: Cost, *, metric: Metric, looks: Mapping[str, Look]) -> Canvas:
    """One panel: points with intervals, a step line through what nothing beats, names beside the points.

    A baseline far below the contenders would flatten them; it is drawn at the lower edge as an arrow, with its value.
    """
    best = ", ".join(point.name for point in front(cost.points, metric=metric))
    told = "; ".join(f"{p.name} {compact(p.cost)}, {metric.value(p.quality.mean)}" for p in cost.points)
    label = f"Test {metric.label} against {cost.title}. {told}. On the Pareto front: {best}."
    canvas = Canvas(_WIDTH, _HEIGHT, margins=(40, 46, 14, 26), name=f"cost-{cost.key}", label=label)
    low, high = _quality_limits(cost.points, metric)
    left, right, is_log = _cost_limits([point.cost for point in cost.points])
    axes = canvas.axes
    if is_log:
        axes.set_xscale("log")
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    _front_line(canvas, front(cost.points, metric=metric), metric)
    for point in cost.points:
        _point(canvas, point, metric, looks[point.name], floor=low)
    canvas.grid("both")
    canvas.ticks("y", count=5)
    _labels(canvas, cost, metric)
    canvas.marks("x", round_numbers(left, right, is_log=is_log, most=5 if is_log else 4))
    canvas.axis_title("x", cost.title)
    canvas.axis_title("y", f"test {metric.label}{metric.unit}")
    return canvas


def _front_line(canvas: Canvas, points: Sequence[CostPoint], metric: Metric) -> None:
    right = canvas.axes.get_xlim()[1]
    quality = [metric.scaled(point.value()) for point in points]
    x = [*(point.cost for point in points), right]
    canvas.axes.plot(x, [*quality, quality[-1]], drawstyle="steps-post", color=sentinel("accent"), lw=1.2, alpha=0.7)


def _point(canvas: Canvas, point: CostPoint, metric: Metric, look: Look, *, floor: float) -> None:
    y = metric.scaled(point.value())
    if y < floor:
        canvas.axes.plot([point.cost], [floor], marker="v", color=look.colour, markersize=8, clip_on=False)
        return
    found = point.quality
    if is_number(found.low) and is_number(found.high):
        ends = [metric.scaled(found.low), metric.scaled(found.high)]
        canvas.axes.plot([point.cost] * 2, ends, color=look.colour, linewidth=1.6, alpha=0.55)
    fill = sentinel("paper") if point.is_baseline else look.colour
    edge = look.colour if point.is_baseline else sentinel("paper")
    canvas.axes.plot([point.cost], [y], look.marker, ms=9.5 * look.size, mfc=fill, mec=edge, clip_on=False)


def _labels(canvas: Canvas, cost: Cost, metric: Metric) -> None:
    """Names beside the points; one that is off the scale also tells its value."""
    to_px = canvas.axes.transData.transform
    low, _ = canvas.axes.get_ylim()
    spots, lines = [], []
    for point in cost.points:
        value = metric.scaled(point.value())
        x, y = to_px((point.cost, max(value, low)))
        spots.append(Spot(point.name if value >= low else f"{point.name} {metric.value(point.value())}", x, y))
        if is_number(point.quality.low) and is_number(point.quality.high):
            ends = [to_px((point.cost, metric.scaled(end)))[1] for end in (point.quality.low, point.quality.high)]
            lines.append((x - 1, ends[0], x + 1, ends[1]))
    write_labels(canvas, spots, lines=[*lines, *_steps(canvas, front(cost.points, metric=metric), metric)])


def _steps(canvas: Canvas, points: Sequence[CostPoint], metric: Metric) -> list[Box]:
    """The front line as thin boxes in px."""
    to_px = canvas.axes.transData.transform
    corners = [tuple(to_px((point.cost, metric.scaled(point.value())))) for point in points]
    found: list[Box] = []
    for (x, y), (next_x, next_y) in pairwise([*corners, (canvas.width, corners[-1][1])]):
        found += [(x, y - 1, next_x, y + 1), (next_x - 1, min(y, next_y), next_x + 1, max(y, next_y))]
    return found


def _quality_limits(points: Sequence[CostPoint], metric: Metric) -> tuple[float, float]:
    """The legible range with a little air."""
    split = [[point.quality for point in points if point.is_baseline is kind] for kind in (False, True)]
    low, high = (metric.scaled(end) for end in legible_range(*split))
    air = 0.08 * ((high - low) or 1.0)
    return low - air, high + air


def _cost_limits(values: Sequence[float]) -> tuple[float, float, bool]:
    low, high = min(values), max(values)
    if low > 0 and high / low >= _LOG_FROM:
        air = (high / low) ** 0.1
        return low / air, high * air, True
    air = 0.14 * (high - low) or 0.1 * abs(high) or 1.0
    return max(low - air, 0.0), high + air, False
