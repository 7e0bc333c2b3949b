"""What a task says of answers: what each example scores, all metrics, and what the trivial predictor would answer.

And a trial as the verdict sees it, once its answers have been scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from bakeoff.data.contract import Cases, TaskData
from bakeoff.data.spec import Spec
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.layout import TEST_METRICS
from bakeoff.record.plan import PlannedTrial, RecordedPlan
from bakeoff.record.reading import read
from bakeoff.record.trials import RecordedTrial
from bakeoff.tasks.contract import Task
from bakeoff.training.trial.configuration import TrialConfig


@dataclass(frozen=True)
class Scorer:
    """A task's scores, for the metric that decides."""

    task: Task[Any]
    metric: str

    @classmethod
    def of(cls, trial: TrialConfig, spec: Spec) -> Scorer:
        """The scorer of a trial's answers."""
        return cls(trial.make_task(spec), trial.metric)

    @classmethod
    def of_plan(cls, plan: RecordedPlan) -> Scorer:
        """The scorer of a bakeoff whose data is not at hand."""
        trial = TrialConfig.of(plan.trial_config)
        return cls.of(trial, trial.recorded_spec(plan.spec))

    def scores(self, answers: pa.Table, labels: pa.Table) -> np.ndarray:
        """Each example's share of the metric."""
        return self.task.score_examples(answers, labels, self.metric)

    def metrics(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""
        return self.task.summarise(answers, labels)

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """What the trivial predictor answers to each input."""
        return self.task.trivial(train, inputs)


@dataclass(frozen=True)
class Trivial:
    """The trivial predictor on a bakeoff's data; a failed trial is scored with it (rule 19)."""

    scorer: Scorer
    data: TaskData

    @cached_property
    def answers(self) -> pa.Table:
        """To the test inputs."""
        return self.scorer.trivial(self.data.cases("train"), self.data.raw("test"))

    @cached_property
    def on_test(self) -> float:
        """The metric of the test."""
        return self.scorer.metrics(self.answers, self.data.labels("test"))[self.scorer.metric]

    @cached_property
    def validation_answers(self) -> pa.Table:
        """To the validation inputs."""
        return self.scorer.trivial(self.data.cases("train"), self.data.raw("val"))

    @cached_property
    def on_validation(self) -> float:
        """The mean of what validation examples score."""
        return float(self.scorer.scores(self.validation_answers, self.data.labels("val")).mean())

    @cached_property
    def metric_of_validation(self) -> float:
        """The metric of validation, which there is of a single example too, where pseudo-values are not."""
        return self.scorer.metrics(self.validation_answers, self.data.labels("val"))[self.scorer.metric]


@dataclass(frozen=True)
class ScoredTrial:
    """A trial that the plan names, with its result and what the test, once opened, says of it."""

    planned: PlannedTrial
    recorded: RecordedTrial
    test: Mapping[str, float]
    """All metrics of the test, by name."""

    @property
    def contender(self) -> str:
        """Whose trial it is."""
        return self.planned.contender

    @property
    def entered(self) -> bool:
        """Whether it is a contender's, and no baseline's."""
        return self.planned.role == "contender"

    @property
    def number(self) -> int:
        """Which of its contender's trials it is, from 0."""
        return self.planned.number

    @property
    def failed(self) -> bool:
        """Whether it was scored as the trivial predictor."""
        return self.recorded.failed


def scored_trials(bakeoff: RecordedBakeoff) -> list[ScoredTrial]:
    """The trials of a bakeoff whose test is open, up to its stage, one of each contender after the other."""
    return [ScoredTrial(planned, recorded, read(recorded.folder / TEST_METRICS)) for planned, recorded in bakeoff.ran]
