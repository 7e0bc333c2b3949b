"""``gradients.json`` as a section of the report, a page of its own and a table; and warnings about training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bakeoff.report import numbers
from bakeoff.report.figures.reach import reach_figure
from bakeoff.report.palette import Look
from bakeoff.report.reading import Bakeoff

REACHED = 1e-3
"""A step is reached where its gradient is at least this share of the largest."""
_MOST_NAMED = 10
STATES = {"initial": "before training", "trained": "after training"}


@dataclass(frozen=True)
class Reach:
    """One contender at one length.

    Attributes:
        steps: how far from the loss the farthest step is that it reaches.
        far: the norm at the first step over the largest, as a power of ten.
        layers: the smallest layer's gradient over the largest's, as a power of ten.
        smallest: the name of that layer.
    """

    name: str
    state: str
    length: int
    steps: int
    far: str
    layers: str
    smallest: str

    @classmethod
    def of(cls, entry: Mapping[str, Any], curve: Mapping[str, Any]) -> Reach:
        """What a curve of ``gradients.json`` says."""
        norms, by_layer = curve["by_distance"], curve["by_layer"]
        largest = max(norms)
        steps = max((k for k, norm in enumerate(norms) if largest and norm >= REACHED * largest), default=0)
        smallest = min(by_layer, key=lambda layer: by_layer[layer], default="")
        ratio = by_layer[smallest] / (max(by_layer.values()) or 1.0) if by_layer else 0.0
        far = power_of_ten(norms[-1] / (largest or 1.0))
        name, state = entry["name"], STATES[entry["state"]]
        return cls(name, state, curve["length"], steps, far, power_of_ten(ratio), smallest)


def power_of_ten(ratio: float) -> str:
    """``10^-3.2``, ``1`` or ``0``."""
    power = round(math.log10(ratio), 1) if ratio > 0 else -math.inf
    return {0.0: "1", -math.inf: "0"}.get(power, numbers.typeset(f"10^{power:.1f}"))


def gradients_context(found: Mapping[str, Any] | None, looks: Mapping[str, Look]) -> dict[str, Any]:
    """What the section needs; ``gradients`` is None where nothing was looked at."""
    if found is None:
        return {"gradients": None}
    figures = {words: _figures(found, state, looks) for state, words in STATES.items()}
    return {
        "gradients": found,
        "gradient_figures": {words: drawn for words, drawn in figures.items() if drawn},
        "gradient_rows": reaches(found),
        "gradient_layers": [(f"{entry['name']}, {STATES[entry['state']]}", *_layers(entry)) for entry in _told(found)],
    }


def reaches(found: Mapping[str, Any]) -> list[Reach]:
    """One row a contender, state and length."""
    return [Reach.of(entry, curve) for entry in _told(found) for curve in entry["curves"]]


def print_gradients(found: Mapping[str, Any], console: Console) -> None:
    """How far the loss reaches, a row a contender, state and length."""
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for column in ("contender", "when", "steps", "reached", "first step", "smallest layer", "which"):
        table.add_column(column, justify="right" if column in ("steps", "reached") else "left", no_wrap=True)
    for row in reaches(found):
        cells = (row.state, f"{row.length:,}", f"{row.steps:,}", row.far, row.layers)
        table.add_row(Text(row.name), *cells, Text(row.smallest))
    console.print(table)


def gradient_warnings(bakeoff: Bakeoff) -> list[str]:
    """One sentence for each contender whose gradients vanished or exploded in training."""
    sentences = []
    for flag, words in (("vanishing", "vanished"), ("exploding", "exploded")):
        for entry in bakeoff.plan.contenders:
            trials = [trial for trial in bakeoff.trials_of(entry.name) if trial.status != "missing"]
            flagged = [trial.folder.name for trial in trials if trial.gradients == flag]
            if flagged:
                named = ", ".join(flagged[:_MOST_NAMED]) + (", ..." if len(flagged) > _MOST_NAMED else "")
                share = f"{len(flagged)} of {len(trials)} trials"
                sentences.append(f"Gradients {words} in {share} of {entry.name}: {named}.")
    return sentences


def _told(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in found["contenders"] if entry["curves"]]


def _figures(found: Mapping[str, Any], state: str, looks: Mapping[str, Look]) -> list[Markup]:
    figures = []
    for length in found["lengths"]:
        norms: dict[str, Sequence[float]] = {
            entry["name"]: curve["by_distance"]
            for entry in _told(found)
            for curve in entry["curves"]
            if entry["state"] == state and curve["length"] == length
        }
        if norms:
            figures.append(reach_figure(norms, name=f"reach-{state}-{length}", length=length, looks=looks))
    return figures


def _layers(entry: Mapping[str, Any]) -> tuple[list[int], list[tuple[str, list[str]]]]:
    """Lengths, and the root mean square of each layer's gradient at each."""
    curves = entry["curves"]
    rows = [
        (layer, [numbers.typeset(f"{curve['by_layer'][layer]:.1e}") for curve in curves])
        for layer in curves[0]["by_layer"]
    ]
    return [curve["length"] for curve in curves], rows
