"""Kinds of mistakes, on scenes that have one of each, and what mending them is worth."""

from __future__ import annotations

import numpy as np
import pytest

from bakeoff.data.boxes.answers import answers_of, objects_of, table_of_answers
from bakeoff.tasks.object_detection.error_kinds import KINDS, costs, find, table
from bakeoff.tasks.object_detection.matching import NOTHING
from tests.tasks.test_detection_scores import drawn, labels_of

THING = [10.0, 10.0, 50.0, 50.0]
CASES = {
    "wrong class": (THING, 1, 0.9),
    "badly placed": ([30.0, 10.0, 70.0, 50.0], 0, 0.9),
    "wrong class and place": ([30.0, 10.0, 70.0, 50.0], 1, 0.9),
    "double": ([11.0, 10.0, 51.0, 50.0], 0, 0.5),
    "false": ([100.0, 100.0, 130.0, 130.0], 0, 0.9),
}


def found(answers: list[tuple[list[float], int, float]], crowd: bool = False) -> dict[str, int]:
    """Mistakes of answers to an image with one thing of class 0."""
    labels = labels_of([(np.array([THING]), np.array([0]), np.array([crowd]))])
    boxes, kinds, scores = zip(*answers, strict=True) if answers else ([], [], [])
    said = table_of_answers([np.array(boxes)], [np.array(kinds)], [np.array(scores)])
    mistakes = find(answers_of(said), objects_of(labels), num_classes=2)
    return {kind: count for kind, count in zip(KINDS, mistakes.counts, strict=True) if count}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_mistake_is_told_from_the_others(kind: str) -> None:
    right = (THING, 0, 0.8)
    assert found([right, CASES[kind]]) == {kind: 1}


def test_what_is_nearly_found_is_not_missed() -> None:
    assert found([]) == {"missed": 1}
    assert found([CASES["false"]]) == {"false": 1, "missed": 1}
    assert found([CASES["badly placed"]]) == {"badly placed": 1}
    assert found([CASES["wrong class"]]) == {"wrong class": 1}


def test_answers_on_a_crowd_are_no_mistakes() -> None:
    assert found([(THING, 0, 0.9), ([12.0, 12.0, 30.0, 30.0], 0, 0.8)], crowd=True) == {}


def test_mending_is_worth_what_precision_gains() -> None:
    labels = labels_of([(np.array([THING, [100, 100, 140, 140]]), np.array([0, 0]), np.array([False, False]))])
    said = table_of_answers(
        [np.array([THING, [120, 100, 160, 140]])], [np.array([0, 0])], [np.array([0.5, 0.9])]
    )  # one badly placed above one that is right: precision 0.5 up to a recall of a half
    mistakes = find(answers_of(said), objects_of(labels), num_classes=1)
    now = 0.5 * 51 / 101
    gains = dict(zip(KINDS, costs(mistakes, objects_of(labels)), strict=True))
    assert gains["badly placed"] == pytest.approx(1 - now)
    assert gains["missed"] == gains["false"] == gains["wrong class"] == 0.0


def test_a_table_has_what_each_kind_costs_every_contender() -> None:
    answers, labels = drawn(5, count=20)
    exhibit = table({"a": [answers, answers], "none": []}, labels, num_classes=4)
    assert exhibit.columns == ["mistake", "a"]
    assert [row[0] for row in exhibit.rows] == list(KINDS)
    gains = [float(row[1].split()[0]) for row in exhibit.rows]
    assert all(gain >= 0 for gain in gains) and sum(gains) > 0
    found_by = find(answers_of(answers), objects_of(labels), num_classes=4)
    ignored = found_by.matches.ignored_RTD[0, 0] | (found_by.matches.objects_RTD[0, 0] != NOTHING)
    assert sum(found_by.counts[:-1]) == (~ignored).sum()
