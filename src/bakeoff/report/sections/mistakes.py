"""The most confident mistakes, from the stored predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bakeoff.errors import BakeoffError
from bakeoff.report.analysis.confusions import Errors, Mistake, agreement_of, confident_mistakes
from bakeoff.report.figures.canvas import printable
from bakeoff.report.pictures import is_tiny, picture_uri
from bakeoff.report.reading import Bakeoff

Examples = Callable[[Sequence[int]], Sequence[np.ndarray | str]]
"""Test examples by their place in the test set, as a person would look at them: uint8 pixels (H, W, C), or text."""

_NUM_MISTAKES = 24
_LONGEST_TEXT = 300


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


def mistakes_context(bakeoff: Bakeoff, errors: Mapping[str, Errors], *, examples: Examples | None) -> dict[str, Any]:
    """The cards of the contenders' mistakes, and how many examples all or none of their trials get right.

    Args:
        bakeoff: What was read.
        errors: Of each contender; those of baselines play no part.
        examples: Returns test examples by their places in the test set.
    """
    if bakeoff.labels is None or not errors:
        return {"agreement": None, "mistakes": (), "picture_problem": ""}
    cards = _cards(errors, bakeoff.labels, bakeoff, examples=examples)
    return {"agreement": agreement_of(errors.values()), **cards}


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
    return MistakeCard(example, true, answers, picture_uri(shown), is_tiny=is_tiny(shown, below_px=64))
