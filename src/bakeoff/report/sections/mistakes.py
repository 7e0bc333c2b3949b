"""What the sections on confusions, mistakes and classes need, from the stored predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.errors import BakeoffError
from bakeoff.report.figures.canvas import printable
from bakeoff.report.figures.classes import classes_figure
from bakeoff.report.palette import Look
from bakeoff.report.pictures import heat_uri, picture_uri
from bakeoff.report.reading import Bakeoff
from bakeoff.report.sections.agreement import read_agreement
from bakeoff.report.sections.confusions import Errors, Mistake, confident_mistakes, errors_of
from bakeoff.report.sections.tables import Cell, class_rows, confusion_cells

Examples = Callable[[Sequence[int]], Sequence[np.ndarray | str]]
"""Test examples by their place in the test set, as a person would look at them: uint8 pixels (H, W, C), or text."""

_NUM_MISTAKES = 24
_LONGEST_TEXT = 300
_NUM_CONFUSIONS = 5
_LARGEST_TABLE = 20
_LARGEST_HEAT = 400
_DRAWN_CLASSES = 30
_HEAT_COLOUR = (140, 95, 180)


@dataclass(frozen=True)
class Confused:
    """A frequent confusion, in class names."""

    true: str
    predicted: str
    times: int


@dataclass(frozen=True)
class ConfusionView:
    """One contender's confusion matrix, as table cells where there are few classes and as a picture where many."""

    name: str
    num_seeds: int
    cells: list[list[Cell]]
    heat: str | None
    top: list[Confused]


@dataclass(frozen=True)
class Answer:
    """What one contender says about a test example."""

    name: str
    predicted: str
    confidence: float
    is_right: bool


@dataclass(frozen=True)
class MistakeCard:
    """One mistake, ready to print; ``picture`` is a data URI, ``text`` the example itself; either may be ``None``."""

    example: str
    true: str
    answers: list[Answer]
    picture: str | None
    is_tiny: bool
    text: str | None = None


def mistakes_context(bakeoff: Bakeoff, looks: Mapping[str, Look], *, examples: Examples | None) -> dict[str, Any]:
    """Confusion matrices, most confident mistakes and accuracy by class; empty where predictions are missing."""
    names = [row.name for row in bakeoff.contenders]
    seeds = {name: {t.seed for t in bakeoff.typical_trials(name) if t.seed is not None} for name in names}
    agreement = read_agreement(bakeoff.folder / "scores.parquet", seeds)
    if agreement is None and bakeoff.plan.class_names:
        bakeoff.missing.append("scores.parquet holds no right-or-wrong scores that can be read.")
    labels, class_names = bakeoff.labels, bakeoff.plan.class_names
    if labels is None or labels.ndim != 1 or not class_names or (len(labels) and labels.max() >= len(class_names)):
        return {"agreement": agreement, "figures": {}}
    errors = _errors(bakeoff, labels, len(class_names))
    contending = {name: errors[name] for name in names if name in errors}
    leading = bakeoff.verdict.leader
    order = sorted(errors, key=lambda name: name != leading)
    return {
        "agreement": agreement,
        "class_names": class_names,
        "confusions": [_confusion(name, errors[name], class_names) for name in order],
        **_cards(contending, labels, bakeoff, examples=examples),
        **_classes(errors, list(contending), labels, class_names, looks),
    }


def _errors(bakeoff: Bakeoff, labels: np.ndarray, num_classes: int) -> dict[str, Errors]:
    """Errors by name, contenders in the order of the leaderboard and then baselines; those without any are noted."""
    found = {}
    for row in [*bakeoff.contenders, *bakeoff.baselines]:
        errors = errors_of(bakeoff.typical_trials(row.name), labels, num_classes=num_classes)
        if errors is not None:
            found[row.name] = errors
        else:
            bakeoff.missing.append(f"No trial of {row.name} has predictions that fit the test labels.")
    return found


def _confusion(name: str, errors: Errors, class_names: Sequence[str]) -> ConfusionView:
    top = [Confused(class_names[t], class_names[p], n) for t, p, n in errors.most_confused(count=_NUM_CONFUSIONS)]
    is_table = len(class_names) <= _LARGEST_TABLE
    shares = errors.confusion / np.maximum(errors.confusion.sum(1, keepdims=True), 1)
    is_heat = not is_table and len(class_names) <= _LARGEST_HEAT
    heat = heat_uri(shares, colour=_HEAT_COLOUR) if is_heat else None
    return ConfusionView(name, errors.num_seeds, confusion_cells(errors) if is_table else [], heat, top)


def _cards(
    errors: Mapping[str, Errors], labels: np.ndarray, bakeoff: Bakeoff, *, examples: Examples | None
) -> dict[str, Any]:
    found = confident_mistakes(dict(errors), labels, count=_NUM_MISTAKES)
    shown: Sequence[np.ndarray | str | None] = [None] * len(found)
    problem = ""
    if examples is None:
        problem = "The examples are not shown, because the data was not at hand when this page was written."
    elif found:
        try:
            shown = examples([mistake.index for mistake in found])
        except (OSError, BakeoffError) as error:
            problem = f"The examples can't be shown: {error}"
    cards = [_card(mistake, example, bakeoff) for mistake, example in zip(found, shown, strict=True)]
    return {"mistakes": cards, "picture_problem": problem}


def _card(mistake: Mistake, shown: np.ndarray | str | None, bakeoff: Bakeoff) -> MistakeCard:
    names, examples = bakeoff.plan.class_names, bakeoff.examples
    answers = [Answer(name, names[said], sure, said == mistake.true) for name, said, sure in mistake.answers]
    example = examples[mistake.index] if mistake.index < len(examples) else f"test example {mistake.index}"
    true = names[mistake.true]
    if shown is None:
        return MistakeCard(example, true, answers, None, is_tiny=False)
    if isinstance(shown, str):
        return MistakeCard(example, true, answers, None, is_tiny=False, text=printable(shown, limit=_LONGEST_TEXT))
    return MistakeCard(example, true, answers, picture_uri(shown), is_tiny=max(shown.shape) < 64)


def _classes(
    errors: Mapping[str, Errors],
    drawn_names: Sequence[str],
    labels: np.ndarray,
    class_names: Sequence[str],
    looks: Mapping[str, Look],
) -> dict[str, Any]:
    """The table of all classes and models; the figure leaves the baselines out, which would flatten it."""
    if not drawn_names:
        return {"figures": {}}
    rows = class_rows(class_names, labels, {name: found.per_class for name, found in errors.items()})
    drawn = [row for row in rows[:_DRAWN_CLASSES] if row.num_examples]
    places = {name: place for place, name in enumerate(errors)}
    per_class = {name: np.array([row.shares[places[name]] for row in drawn]) for name in drawn_names}
    figure = classes_figure([row.name for row in drawn], per_class, looks=looks)
    columns = {"class_columns": list(errors), "class_marks": list(drawn_names), "num_drawn_classes": len(drawn)}
    return {"classes": rows, **columns, "figures": {"classes": figure}}
