"""``scale.json`` as a section of the report, a page of its own, and tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.report import numbers
from bakeoff.report.figures.growth import growth_figure
from bakeoff.report.palette import Look


@dataclass(frozen=True)
class MeasuredCost:
    """One of the measured costs."""

    key: str
    title: str
    unit: str
    factor: float

    def text(self, value: float | None) -> str:
        """A measured value in the unit, without naming it."""
        return numbers.significant(value * self.factor if numbers.is_number(value) else None)


COSTS = (
    MeasuredCost("train_seconds", "training step", "ms", 1e3),
    MeasuredCost("inference_seconds", "answer", "ms", 1e3),
    MeasuredCost("train_memory_mb", "peak memory of training", "MB", 1.0),
    MeasuredCost("inference_memory_mb", "peak memory of an answer", "MB", 1.0),
)
DRAWN = COSTS[:3]
AXES = {"length": "sequence length (steps)", "width": "model width"}


@dataclass(frozen=True)
class MeasuredAxis:
    """Everything that was measured along one axis, as texts.

    Attributes:
        name: ``length`` or ``width``.
        sizes: the sizes of all points, ascending.
        tables: of each cost, a row of texts a contender.
        exponents: a row of texts a contender, one text a cost.
        figures: one a drawn cost.
    """

    name: str
    sizes: tuple[int, ...]
    tables: Mapping[str, Mapping[str, Sequence[str]]]
    exponents: Mapping[str, Sequence[str]]
    figures: tuple[Markup, ...] = ()


def scaling_context(found: Mapping[str, Any] | None, looks: Mapping[str, Look]) -> dict[str, Any]:
    """What the section needs; ``scaling`` is None where nothing was measured."""
    if found is None:
        return {"scaling": None}
    axes = [replace(axis, figures=_figures(found, axis.name, looks)) for axis in measured_axes(found)]
    return {"scaling": found, "scaling_axes": axes, "scaling_costs": COSTS, "scaling_skipped": skipped(found)}


def measured_axes(found: Mapping[str, Any]) -> list[MeasuredAxis]:
    """The axes along which there are points, without figures."""
    return [axis for axis in (_axis(found, name) for name in AXES) if axis.sizes]


def _axis(found: Mapping[str, Any], name: str) -> MeasuredAxis:
    points = _points(found, name)
    sizes = tuple(sorted({point["size"] for own in points.values() for point in own}))
    tables = {cost.key: {contender: _row(own, cost, sizes) for contender, own in points.items()} for cost in COSTS}
    exponents = {
        entry["name"]: [exponent_text(entry["exponents"].get(name, {}).get(cost.key)) for cost in COSTS]
        for entry in found["contenders"]
    }
    return MeasuredAxis(name, sizes, tables, exponents)


def _figures(found: Mapping[str, Any], axis: str, looks: Mapping[str, Look]) -> tuple[Markup, ...]:
    figures = []
    for cost in DRAWN:
        lines = {name: _line(own, cost) for name, own in _points(found, axis).items()}
        lines = {name: line for name, line in lines.items() if line}
        if lines:
            title = f"{cost.title} ({cost.unit})"
            figures.append(growth_figure(lines, name=f"{axis}-{cost.key}", size=AXES[axis], cost=title, looks=looks))
    return tuple(figures)


def _points(found: Mapping[str, Any], axis: str) -> dict[str, list[Mapping[str, Any]]]:
    return {entry["name"]: [p for p in entry["points"] if p["axis"] == axis] for entry in found["contenders"]}


def exponent_text(fitted: Mapping[str, Any] | None) -> str:
    """``1.02 ± 0.03``, the standard error after the sign."""
    if not fitted:
        return numbers.UNKNOWN
    value, error = fitted["value"], fitted.get("standard_error")
    text = numbers.typeset(f"{value:.2f}")
    return f"{text} ± {error:.2f}" if numbers.is_number(error) else text


def skipped(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each point that was not measured, and why."""
    return [
        (entry["name"], f"{point['axis']} {point['size']:,}: {point['skipped']}")
        for entry in found["contenders"]
        for point in entry["points"]
        if point["skipped"]
    ]


def print_scaling(found: Mapping[str, Any], console: Console) -> None:
    """A table an axis and drawn cost, exponents at its right; then what was skipped."""
    for axis in measured_axes(found):
        for place, cost in enumerate(DRAWN):
            table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
            table.add_column(f"{cost.title} ({cost.unit}) by {axis.name}", no_wrap=True)
            for column in [*(f"{size:,}" for size in axis.sizes), "exponent"]:
                table.add_column(column, justify="right", no_wrap=True)
            for contender, row in axis.tables[cost.key].items():
                table.add_row(Text(contender), *row, axis.exponents[contender][place])
            console.print(table)
            console.print()
    for contender, why in skipped(found):
        console.print(Text(f"skipped: {contender}, {why}", style="yellow"), soft_wrap=True)


def _line(points: Sequence[Mapping[str, Any]], cost: MeasuredCost) -> list[tuple[float, float]]:
    known = [(point["size"], point.get(cost.key)) for point in points]
    return [(float(size), value * cost.factor) for size, value in known if numbers.is_number(value) and value > 0]


def _row(points: Sequence[Mapping[str, Any]], cost: MeasuredCost, sizes: Sequence[int]) -> list[str]:
    known = {point["size"]: point.get(cost.key) for point in points}
    return [cost.text(known.get(size)) for size in sizes]
