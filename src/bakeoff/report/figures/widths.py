"""What the doubt is made of, and what more seeds and more test examples would buy: one picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bakeoff.report.analysis.widths import Widths
from bakeoff.report.figures.canvas import Canvas, figure, text_width
from bakeoff.report.figures.labels import write_ends
from bakeoff.report.numbers import Metric, compact, count, is_number, share
from bakeoff.report.palette import sentinel

MULTIPLES = (1, 2, 5, 10, 20)
HIGHEST = 2.5
"""A margin or lead of more than so many times the widest interval would flatten the lines, and is left out."""
COLOURS = {"runs": "accent", "both": "muted", "units": "ink", "guard": "rule"}
_SMALL, _FOOT = 11.0, 84
_SHORT_FROM = 10_000


@figure
def widths_figure(
    found: Widths, *, metric: Metric, margin: float | None, words: Mapping[str, str], is_narrow: bool
) -> Canvas:
    """A bar of the parts of the variance; below, the interval's half-width against multiples of what was run.

    Args:
        found: of the pair that the verdict is told by.
        metric: The primary metric.
        margin: The smallest difference that matters, in the metric's own unit.
        words: What the parts of the variance are called, by their key in `Widths.shares`.
        is_narrow: Whether it is for a phone.
    """
    kind, label = "narrow" if is_narrow else "wide", _spoken(found, metric, margin, words)
    width, left, above = (340, 66, 122) if is_narrow else (700, 92, 92)
    canvas = Canvas(width, above + 330, margins=(left, _FOOT, 84, above), name=f"widths-{kind}", label=label)
    _doubt(canvas, found, words)
    canvas.axes.set_xscale("log")
    canvas.axes.set_xlim(found.times[0], found.times[-1])
    ends = _lines(canvas, found, metric, words) | _levels(canvas, found, metric, margin)
    canvas.axes.set_ylim(0, 1.08 * max(canvas.axes.dataLim.y1, *ends.values()))
    _today(canvas, metric.scaled(found.today), f"today ±{metric.size(found.today)}")
    canvas.grid("y")
    canvas.ticks("y", count=5)
    _multiples(canvas, found, words)
    write_ends(canvas, {name: (found.times[-1], at) for name, at in ends.items()})
    return canvas


def _spoken(found: Widths, metric: Metric, margin: float | None, words: Mapping[str, str]) -> str:
    parts = ", ".join(f"{words[name]} {share(round(part, 2))}" for name, part in found.seen.items())
    told = [f"Doubt between {found.pair.a} and {found.pair.b}: {parts}"]
    told.append(f"half-width today {metric.size(found.today)}")
    for runs, what in ((True, words["runs"]), (False, words["units"])):
        ends = ", ".join(f"{metric.size(found.at(times, runs=runs))} with {times} times" for times in MULTIPLES[1:])
        told.append(f"more {what}: {ends}")
    if is_number(margin):
        told.append(f"margin {metric.size(margin)}")
    return "; ".join(told) + "."


def _doubt(canvas: Canvas, found: Widths, words: Mapping[str, str]) -> None:
    """The bar on top, with a legend that breaks where the figure ends."""
    height = canvas.figure.get_figheight() * 72
    left, right, y = 16.0, canvas.width - 16.0, height - 24
    axes = canvas.figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, canvas.width)
    axes.set_ylim(0, height)
    axes.axis("off")
    axes.text(left, height - 4, "where today's doubt comes from", va="top", color=sentinel("muted"), size=_SMALL)
    at, row, place = left, y - 24, left
    for name, part in found.seen.items():
        wide = part * (right - left)
        axes.fill_between([at, at + wide], y - 12, y, color=sentinel(COLOURS[name]), linewidth=0)
        at += wide
        text = f"{words[name]} {share(round(part, 2))}"
        if place > left and place + 16 + text_width(text, size=_SMALL) > right:
            row, place = row - 17, left
        axes.fill_between([place, place + 10], row - 5, row + 5, color=sentinel(COLOURS[name]), linewidth=0)
        axes.text(place + 15, row, text, va="center", color=sentinel("ink"), size=_SMALL)
        place += 32 + text_width(text, size=_SMALL)


def _lines(canvas: Canvas, found: Widths, metric: Metric, words: Mapping[str, str]) -> dict[str, float]:
    """Half-widths with more seeds and with more test examples; where each ends."""
    unit = f", {metric.step}" if metric.step else ""
    text, place = f"half-width of the {share(1 - found.pair.level)} interval{unit}", canvas.axes.transAxes
    canvas.axes.text(0, 1, text, transform=place, va="bottom", color=sentinel("muted"), size=_SMALL)
    ends = {}
    for part, widths, style in (("runs", found.of_runs, "solid"), ("units", found.of_units, (0, (5, 2)))):
        y = [metric.scaled(width) for width in widths]
        canvas.axes.plot(found.times, y, color=sentinel(COLOURS[part]), lw=2.2, linestyle=style)
        ends[words[part]] = y[-1]
    return ends


def _levels(canvas: Canvas, found: Widths, metric: Metric, margin: float | None) -> dict[str, float]:
    """The lead and the margin across the figure, as far as they are near the lines; where they stand."""
    highest = HIGHEST * max(found.of_runs.max(), found.of_units.max())
    levels = {"lead": abs(found.pair.difference or 0.0), "margin": margin}
    shown = {name: metric.scaled(at) for name, at in levels.items() if is_number(at) and at < highest}
    for name, at in shown.items():
        colour, style = ("accent", "solid") if name == "margin" else ("muted", (0, (1, 2)))
        canvas.axes.axhline(at, color=sentinel(colour), linewidth=1.2, linestyle=style, alpha=0.8)
    return shown


def _today(canvas: Canvas, at: float, text: str) -> None:
    axes = canvas.axes
    paper: dict[str, Any] = {"facecolor": sentinel("paper"), "edgecolor": "none", "pad": 1, "alpha": 0.85}
    axes.axvline(1, color=sentinel("rule"), linewidth=1)
    axes.plot([1], [at], "o", ms=9, color=sentinel("ink"), markeredgecolor=sentinel("paper"), zorder=5)
    style: dict[str, Any] = {"size": 12, "color": sentinel("ink"), "weight": "bold", "va": "bottom", "bbox": paper}
    axes.annotate(text, (1, at), (9, 7), textcoords="offset points", **style)


def _multiples(canvas: Canvas, found: Widths, words: Mapping[str, str]) -> None:
    """Three rows below the axis: times what was run, and the seeds and the test examples that this comes to."""
    axes = canvas.axes
    canvas.marks("x", [times for times in MULTIPLES if found.times[0] <= times])
    axes.set_xticklabels([])
    rows = (
        ("times", "muted", [f"×{times}" for times in MULTIPLES]),
        (words["runs"], "accent", [_told(times * found.num_runs) for times in MULTIPLES]),
        (words["units"], "ink", [_told(times * found.num_units) for times in MULTIPLES]),
    )
    for row, (head, colour, texts) in enumerate(rows):
        y = _FOOT - 18 - 19 * row
        style: dict[str, Any] = {"va": "center", "size": _SMALL, "color": sentinel(colour)}
        axes.annotate(head, (4, y), xycoords="figure points", ha="left", **style)
        for times, text in zip(MULTIPLES, texts, strict=True):
            axes.annotate(text, (times, y), xycoords=("data", "figure points"), ha="center", **style)


def _told(number: float) -> str:
    return count(number) if number < _SHORT_FROM else compact(number)
