"""The test score against the number of training examples, of finished bakeoffs that differ in nothing else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.record.layout import PLAN, VERDICT
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import RecordedVerdict


@dataclass(frozen=True)
class Sized:
    """A finished bakeoff, and the part of the train examples that it learnt from."""

    fraction: float
    plan: RecordedPlan
    verdict: RecordedVerdict

    @classmethod
    def read(cls, fraction: float, folder: Path) -> Sized:
        """Of a folder.

        Raises:
            DataError: it holds no plan and verdict that can be read.
        """
        return cls(fraction, RecordedPlan.read(folder / PLAN), RecordedVerdict.read(folder / VERDICT))

    @property
    def num_train(self) -> int:
        """Training examples of a trial, of the first seed."""
        return int(self.plan.spec["num_train"])

    @property
    def about(self) -> dict[str, Any]:
        """What a curve says of this size."""
        return {"fraction": self.fraction, "num_train": self.num_train, "verdict": self.verdict.word}

    def mean(self, name: str) -> float | None:
        """What a contender reaches on the test."""
        return next((row.quality(self.plan.metric).mean for row in self._board if row.name == name), None)

    def point(self, name: str) -> dict[str, Any]:
        """The same with its interval."""
        row = next((row for row in self._board if row.name == name), None)
        found = row.quality(self.plan.metric) if row else None
        values = {key: getattr(found, key, None) for key in ("mean", "low", "high")}
        return {"fraction": self.fraction, "num_train": self.num_train, **values}

    def is_decided(self, one: str, other: str) -> bool:
        """Whether one of two was shown to be better."""
        return any({pair.a, pair.b} == {one, other} and pair.is_decided for pair in self.verdict.pairs)

    @property
    def _board(self) -> Any:
        return self.verdict.board(self.plan.metric)


def data_sizes(found: Sequence[Sized]) -> dict[str, Any]:
    """The curve of each contender and baseline, and where two contenders change places; plain JSON.

    Args:
        found: at least two, the smallest first.
    """
    plan = found[-1].plan
    return {
        "task": plan.task,
        "data": plan.data_title,
        "metric": plan.aim.to_dict(),
        "seeds": len(plan.seeds),
        "sizes": [sized.about for sized in found],
        "contenders": [
            {
                "name": contender.name,
                "family": contender.family,
                "role": contender.role,
                "points": [sized.point(contender.name) for sized in found],
            }
            for contender in plan.contenders
        ],
        "crossings": [
            crossing
            for one, other in itertools.combinations([contender.name for contender in plan.entered], 2)
            for crossing in _crossings(found, one, other)
        ],
    }


def _crossings(found: Sequence[Sized], one: str, other: str) -> list[dict[str, Any]]:
    """Where the better mean passes from one contender to the other, between two sizes that follow each other."""
    crossings = []
    for smaller, larger in itertools.pairwise(found):
        leads = [_lead(sized, one, other) for sized in (smaller, larger)]
        if leads[0] * leads[1] >= 0:
            continue
        before, after = (one, other) if leads[0] > 0 else (other, one)
        way = leads[0] / (leads[0] - leads[1])
        crossings.append(
            {
                "before": before,
                "after": after,
                "between": [smaller.num_train, larger.num_train],
                "at": round(math.exp((1 - way) * math.log(smaller.num_train) + way * math.log(larger.num_train))),
                "shown": [sized.is_decided(one, other) for sized in (smaller, larger)],
            }
        )
    return crossings


def _lead(sized: Sized, one: str, other: str) -> float:
    """How much better the first one's mean is; 0 where one is not known."""
    means = [sized.mean(name) for name in (one, other)]
    if means[0] is None or means[1] is None:
        return 0.0
    return sized.plan.aim.sign * (means[0] - means[1])
