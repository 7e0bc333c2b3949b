"""Quality against tuning: what shorter and longer searches reach, and every point tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bakeoff.record.contenders import Contender
from bakeoff.report.analysis.search import Dimension, Tried, crossings, tried_points
from bakeoff.report.figures.expected import expected_figure
from bakeoff.report.figures.searched import SearchPanel, searched_figure
from bakeoff.report.numbers import Metric, is_number, round_number, significant
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff

_MOST_PANELS = 12
_MOST_POINTS = 60
_MOST_SIZES = 10


@dataclass(frozen=True)
class Search:
    """The table of one contender's search; ``num_trials`` of which the best are shown."""

    name: str
    keys: tuple[str, ...]
    rows: Sequence[Tried]
    num_trials: int


def tuning_context(bakeoff: Bakeoff, metric: Metric, looks: Mapping[str, Look]) -> dict[str, Any]:
    """The expected quality against m, every point tried, and the warnings on edges; empty where nothing was tuned."""
    if not bakeoff.plan.num_tuning:
        return {"tuned": False, "searched_names": ()}
    curves = told_curves(bakeoff)
    entered = [entry for row in bakeoff.contenders if (entry := bakeoff.searched(row.name))]
    searches = {entry.name: _tried(bakeoff, entry, metric) for entry in entered}
    best_of = bakeoff.verdict.best_of
    return {
        "tuned": True,
        "searched_names": tuple(searches),
        "curves": curves,
        "curve_sizes": curve_sizes(curves, best_of=best_of),
        "expected": expected_figure(curves, best_of=best_of, metric=metric, looks=looks) if curves else "",
        "crossing_words": crossing_words(bakeoff, metric),
        "search_figures": _panels(entered, searches, metric, looks),
        "searches": [
            Search(entry.name, tuple(entry.search), searches[entry.name][:_MOST_POINTS], len(searches[entry.name]))
            for entry in entered
        ],
        "edge_words": edge_words(bakeoff),
    }


def told_curves(bakeoff: Bakeoff) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Expected quality by m of each contender that has it, best contender first."""
    curves = bakeoff.verdict.curves
    return {row.name: curves[row.name] for row in bakeoff.contenders if curves.get(row.name)}


def curve_sizes(curves: Mapping[str, Sequence[Mapping[str, Any]]], *, best_of: int | None) -> list[int]:
    """Some ten m of the curves, ascending, that of the verdict among them."""
    sizes = sorted({int(point["m"]) for points in curves.values() for point in points})
    chosen = sizes[:: -(-len(sizes) // _MOST_SIZES) or 1]
    return sorted({*chosen, *(size for size in sizes if size == best_of)})


def _tried(bakeoff: Bakeoff, entry: Contender, metric: Metric) -> list[Tried]:
    row = next(row for row in bakeoff.contenders if row.name == entry.name)
    tests = row.test[metric.name].values if metric.name in row.test else ()
    return tried_points(entry, bakeoff.validation, tests, best_of=bakeoff.verdict.best_of or 1, metric=metric)


def crossing_words(bakeoff: Bakeoff, metric: Metric) -> str:
    """Which contender leads with a short search and which with a longer one, where that changes."""
    found = crossings(bakeoff.verdict.curves, metric=metric)
    if not found:
        return "No two curves cross: who leads does not depend on how many trials a search has."
    told = "; ".join(
        f"{first} leads with a search of {_trials(before)}, {then} with one of {_trials(after)}"
        for first, before, then, after in found
    )
    return f"Curves cross, so the order depends on how much is tuned: {told}."


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def _panels(
    entered: Sequence[Contender],
    searches: Mapping[str, Sequence[Tried]],
    metric: Metric,
    looks: Mapping[str, Look],
) -> list[Markup]:
    """One figure a searched setting, shared by contenders that search it in the same range; the shared ones first."""
    shared: dict[tuple[str, str], list[str]] = {}
    for entry in entered:
        for key, space in entry.search.items():
            shared.setdefault((key, str(space)), []).append(entry.name)
    by_name = {entry.name: entry for entry in entered}
    ordered = sorted(shared.items(), key=lambda item: -len(item[1]))[:_MOST_PANELS]
    panels = [
        SearchPanel(
            f"searched-{number}",
            Dimension.from_dict(key, by_name[names[0]].search[key]),
            {name: searches[name] for name in names},
        )
        for number, ((key, _), names) in enumerate(ordered)
    ]
    return [searched_figure(panel, metric=metric, looks=looks) for panel in panels]


def edge_words(bakeoff: Bakeoff) -> list[tuple[str, str]]:
    """Contender and sentence for each best trial that lies at an edge of its range (STATISTICS.md, rule 11)."""
    return [(str(edge.get("contender")), _edge_words(edge)) for edge in bakeoff.verdict.edges]


def _edge_words(edge: Mapping[str, Any]) -> str:
    low, high, value = edge.get("low"), edge.get("high"), edge.get("value")
    if not (is_number(low) and is_number(high) and is_number(value)):
        return f"its best trial lies at an edge of {edge.get('key')}."
    side = "upper" if abs(high - value) < abs(value - low) else "lower"
    return (
        f"its best trial has {edge.get('key')} {significant(value)}, at the {side} edge of the range searched "
        f"({round_number(low)} to {round_number(high)}); a wider range may serve it better."
    )
