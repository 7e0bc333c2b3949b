"""Which test examples the report shows."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from bakeoff.comparison.judging.networks import telling_examples
from bakeoff.metrics import MetricFacts

EXAMPLES = ["e", "d", "c", "b", "a"]
SCORES = {"one": [0.9, 0.2, 0.5, 0.1, 0.7], "two": [0.9, 0.0, 0.5, 0.5, 0.7], "baseline": [0.0, 1.0, 1.0, 1.0, 1.0]}


@pytest.mark.parametrize(("direction", "middle", "worst"), [("maximize", 2, [1, 3]), ("minimize", 2, [0, 4])])
def test_the_worst_test_examples_and_the_middle_one_are_shown_by_mean_score_of_all_contenders(
    direction: str, middle: int, worst: list[int]
) -> None:
    """Means of the two contenders: 0.9, 0.1, 0.5, 0.3 and 0.7; the baseline has no say."""
    rows = [
        {"contender": name, "example": example, "score": score}
        for name, scores in SCORES.items()
        for example, score in reversed(list(zip(EXAMPLES, scores, strict=True)))
    ]
    entered = [SimpleNamespace(name="one"), SimpleNamespace(name="two")]
    plan = SimpleNamespace(entered=entered, aim=MetricFacts.unknown("made", direction))
    evidence = SimpleNamespace(bakeoff=SimpleNamespace(plan=plan), scores=pd.DataFrame(rows))
    found = telling_examples(evidence, EXAMPLES)
    assert list(found) == [middle, *worst]
    assert found[worst[0]] == "the worst by mean score"
    assert found[middle] == "the middle one by mean score"
