"""What networks look at in the same test examples, and whether their attributions hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bakeoff.data.batches.batch import Tree, num_rows, walk
from bakeoff.data.contract import Loader, TaskData
from bakeoff.insight.attributions import attributions
from bakeoff.insight.faithfulness import Curves, against_random, curves_of, joined, random_curves
from bakeoff.tasks.contract import Task
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.training.trial.saved_run import SavedRun

_SEED = 2018


@dataclass(frozen=True)
class Examined:
    """What was found of one network.

    Attributes:
        attributions: of each by name, its `against_random`.
        shown: the examples to show, each with its attributions, in the order that was asked for.
    """

    attributions: Mapping[str, Any]
    shown: Sequence[Exhibit]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"attributions": self.attributions, "shown": [exhibit.to_dict() for exhibit in self.shown]}


def drawn_examples(data: TaskData, count: int) -> list[int]:
    """Places of so many test examples, or of all there are: the same ones whenever they are drawn."""
    found: list[int] = np.random.default_rng(_SEED).permutation(data.num_examples("test"))[:count].tolist()
    return found


def why_not(saved: SavedRun) -> str | None:
    """Why nothing is said of what a run looks at; None where there is."""
    if saved.net is None:
        return "is fitted in one go and is no network"
    if type(saved.task).explained is Task.explained:
        return f"{saved.trial.task} says nothing of what its networks look at"
    return None


def examine(saved: SavedRun, data: TaskData, examples: Sequence[int], shown: Sequence[int]) -> Examined:
    """What a run's network looks at.

    Args:
        saved: the run.
        data: its own.
        examples: places in the test of those on which attributions are held against random orders.
        shown: those of them that are shown.
    """
    net, task = saved.net, saved.task
    assert net is not None
    cases, units, generator = data.cases("test"), data.units("test"), torch.Generator().manual_seed(_SEED)
    random: list[Curves] = []
    curves: dict[str, list[Curves]] = {}
    pictures: dict[int, Exhibit] = {}
    order: list[int] = []
    for inputs, places in _chosen(data.predict_dataloader("test"), set(examples)):
        explained = task.explained(net, inputs)
        assert explained is not None
        found = attributions(net, explained)
        order += places
        random.append(random_curves(explained, generator))
        for name, shares_BP in found.items():
            curves.setdefault(name, []).append(curves_of(explained, shares_BP, generator))
        for row, place in enumerate(places):
            if place in shown:
                own = {name: shares_BP[row].cpu().numpy() for name, shares_BP in found.items()}
                case = cases.at([place])
                pictures[place] = replace(explained.drawn(row, own, case), title=case.names[0])
    own_units = None if units is None else [units[place] for place in order]
    by_chance = joined(random)
    against = {name: against_random(joined(parts), by_chance, own_units) for name, parts in curves.items()}
    return Examined(against, [pictures[place] for place in shown])


def _chosen(loader: Loader, wanted: set[int]) -> Iterator[tuple[Tree, list[int]]]:
    """The rows of each batch that are wanted, and their places in the order of the split."""
    seen = 0
    for inputs in loader:
        count = num_rows(inputs)
        places = np.arange(seen, seen + count) if loader.positions is None else loader.positions[seen : seen + count]
        seen += count
        rows = [row for row, place in enumerate(places.tolist()) if place in wanted]
        if rows:
            yield walk(inputs, partial(_taken, rows=rows)), places[rows].tolist()


def _taken(tensor: Tensor, *, rows: list[int]) -> Tensor:
    return tensor[rows]
