"""Small multiples: test quality against each cost, with the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from bakeoff.report.figures.canvas import Canvas, draw, printable, text_width
from bakeoff.report.numbers import Metric, compact, is_number
from bakeoff.report.palette import Look, sentinel
from bakeoff.report.pareto import Cost, Point, front

_WIDTH, _HEIGHT = 340, 262
_LOG_FROM = 4.0


def cost_figure(cost: Cost, *, metric: Metric, looks: Mapping[str, Look]) -> Markup:
    """One panel: points with intervals, a step line through what nothing beats, names beside the points.

    A baseline far below the contenders would flatten them; it is drawn at the lower edge as an arrow, with its value.
    """
    best = ", ".join(point.name for point in front(cost.points, metric=metric))
    told = "; ".join(f"{p.name} {compact(p.cost)}, {metric.value(p.quality.mean)}" for p in cost.points)
    label = f"Test {metric.label} against {cost.title}. {told}. On the Pareto front: {best}."
    return draw(lambda: _paint(cost, metric, looks), name=f"cost-{cost.key}", label=label)


def _paint(cost: Cost, metric: Metric, looks: Mapping[str, Look]) -> Canvas:
    canvas = Canvas(_WIDTH, _HEIGHT, margins=(46, 44, 14, 12))
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
    _labels(canvas, cost.points, metric)
    canvas.grid("both")
    canvas.ticks("y", count=5)
    axes.xaxis.set_major_locator(FixedLocator(_round_ticks(left, right, is_log=is_log)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.set_xlabel(cost.title, color=sentinel("muted"), labelpad=6)
    return canvas


def _short(value: float) -> str:
    return compact(value).replace(".00", "").replace(".0", "") if value >= 1000 else f"{value:g}"


def _front_line(canvas: Canvas, points: Sequence[Point], metric: Metric) -> None:
    right = canvas.axes.get_xlim()[1]
    quality = [metric.scaled(point.value()) for point in points]
    x = [*(point.cost for point in points), right]
    canvas.axes.plot(x, [*quality, quality[-1]], drawstyle="steps-post", color=sentinel("accent"), lw=1.2, alpha=0.7)


def _point(canvas: Canvas, point: Point, metric: Metric, look: Look, *, floor: float) -> None:
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
    canvas.axes.plot([point.cost], [y], marker=look.marker, markersize=9, markerfacecolor=fill, markeredgecolor=edge)


def _labels(canvas: Canvas, points: Sequence[Point], metric: Metric) -> None:
    """Names beside the points, on the side that is free, moved apart where they would overlap."""
    to_px = canvas.axes.transData.transform
    low, _ = canvas.axes.get_ylim()
    taken: list[tuple[float, float, float, float]] = []
    spots = [(point, *to_px((point.cost, max(metric.scaled(point.value()), low)))) for point in points]
    marks = [(x - 6, y - 6, x + 6, y + 6) for _, x, y in spots]
    for point, x, y in spots:
        is_off_scale = metric.scaled(point.value()) < low
        name = printable(point.name, limit=14) + (f" {metric.value(point.value())}" if is_off_scale else "")
        width = text_width(name, size=11)
        box = min(_candidates(x, y, width), key=lambda box: _overlap(box, [*taken, *marks]))
        taken.append(box)
        left, middle = canvas.axes.transData.inverted().transform((box[0], (box[1] + box[3]) / 2))
        canvas.axes.text(left, middle, name, size=11, va="center", ha="left", color=sentinel("ink"))


def _candidates(x: float, y: float, width: float) -> list[tuple[float, float, float, float]]:
    """Boxes (left, bottom, right, top) in px, in the order of preference, that stay inside the figure."""
    found = []
    for lift in (0, 9, -9, 17, -17, 27, -27, 38, -38):
        for left in (x + 9, x - 9 - width):
            if left > 4 and left + width < _WIDTH - 2:
                found.append((left, y + lift - 7, left + width, y + lift + 7))
    return found or [(max(4, _WIDTH - 2 - width), y + 8, _WIDTH - 2, y + 22)]


def _overlap(box: tuple[float, float, float, float], others: Sequence[tuple[float, float, float, float]]) -> float:
    """Area in px² that ``box`` shares with the others; leaving the axes at the foot costs extra."""
    shared = 0.0
    for other in others:
        wide = min(box[2], other[2]) - max(box[0], other[0])
        tall = min(box[3], other[3]) - max(box[1], other[1])
        shared += max(wide, 0) * max(tall, 0)
    return shared + 100 * max(44 - box[1], 0) * (box[1] < 40) + 100 * max(box[3] - (_HEIGHT - 2), 0)


def _quality_limits(points: Sequence[Point], metric: Metric) -> tuple[float, float]:
    """The contenders with their intervals, and those baselines that leave the contenders half of the height."""
    serious = [point for point in points if not point.is_baseline] or list(points)
    seen = [metric.scaled(v) for p in serious for v in (p.quality.mean, p.quality.low, p.quality.high) if is_number(v)]
    low, high = min(seen), max(seen)
    spread = (high - low) or 1.0
    extra = [metric.scaled(point.value()) for point in points if point.is_baseline]
    near = [value for value in extra if low - 1.5 * spread <= value <= high + 1.5 * spread]
    low, high = min([low, *near]), max([high, *near])
    air = 0.1 * ((high - low) or 1.0)
    return low - air, high + air


def _cost_limits(values: Sequence[float]) -> tuple[float, float, bool]:
    low, high = min(values), max(values)
    if low > 0 and high / low >= _LOG_FROM:
        air = (high / low) ** 0.1
        return low / air, high * air, True
    air = 0.14 * (high - low) or 0.1 * abs(high) or 1.0
    return max(low - air, 0.0), high + air, False


def _round_ticks(left: float, right: float, *, is_log: bool) -> list[float]:
    """Two to five round numbers between the limits."""
    if not is_log:
        ticks = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]).tick_values(left, right)
        return [float(tick) for tick in ticks if left <= tick <= right]
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [digit * 10.0**power for power in range(-12, 24) for digit in digits]
        found = [tick for tick in found if left <= tick <= right]
        if len(found) >= 3:
            break
    return found[:: -(-len(found) // 5) or 1]
