"""Rules of judging that contradict the metric or the data: told before any trial is run."""

from __future__ import annotations

import pyarrow as pa

from bakeoff.comparison.judging.scoring import Scorer
from bakeoff.data.contract import TaskData
from bakeoff.data.spec import Spec
from bakeoff.errors import ConfigError, DataError
from bakeoff.training.trial.configuration import TrialConfig

FEWEST_TEST_EXAMPLES = 2
FEW = 20
"""Train examples with which a metric is tried, each twice since some metrics need more than one."""


def check_selection(trial: TrialConfig) -> None:
    """Weights and contenders are chosen by what validation measures, the way in which it is better.

    Raises:
        ConfigError: a metric of the test alone, or one whose worst would be chosen.
    """
    metric, direction, facts = trial.metric, trial.direction, trial.facts
    if not facts.in_validation:
        problem = "validation, which selects, doesn't measure it"
        raise ConfigError("config.unknown_metric", "task.metric", metric, problem)
    if direction != facts.direction:
        better = "less" if facts.direction == "minimize" else "more"
        problem = f"the worst would be chosen, since {better} {metric} is better"
        step = f"task.direction={facts.direction}"
        raise ConfigError("config.contradiction", "task.direction", direction, problem, next_step=step)


def check_measured(trial: TrialConfig, spec: Spec) -> None:
    """What selects is measured of this data, which the first validation would show otherwise.

    Raises:
        ConfigError: such as a metric of two classes, of which there are three.
    """
    task = trial.make_task(spec)
    why = task.unmeasured(trial.metric)
    if why is not None:
        names = [facts.name for facts in task.metrics_declared if facts.in_validation]
        allowed = [name for name in names if task.unmeasured(name) is None]
        problem = f"it is not measured of this data: {why}"
        raise ConfigError("config.unknown_metric", "task.metric", trial.metric, problem, allowed=allowed)


def check_metric(trial: TrialConfig, data: TaskData) -> None:
    """An example's share of the metric is known, which the test of the verdict needs; tried on train labels.

    Raises:
        ConfigError: a metric that trials report and no verdict can be about.
    """
    scorer, train = Scorer.of(trial, data.spec), data.cases("train")
    metric, few = scorer.metric, train.first(FEW)
    labels = pa.concat_tables([few.labels, few.labels])
    answers = scorer.trivial(train, [*few.raw, *few.raw])
    try:
        scorer.scores(answers, labels)
        reported = scorer.metrics(answers, labels)
    except DataError:  # of so few examples a metric may be undefined that is defined of a test set
        return
    except ValueError as error:
        raise ConfigError("config.unknown_metric", "task.metric", metric, f"no verdict about it: {error}") from error
    if metric not in reported:
        problem = f"no test result reports it, only {', '.join(sorted(reported))}"
        raise ConfigError("config.unknown_metric", "task.metric", metric, problem)


def check_test_examples(data: TaskData) -> None:
    """A single test example has no spread, which must be said before hours of training.

    Raises:
        DataError: there is no other.
    """
    found = data.num_examples("test")
    if found < FEWEST_TEST_EXAMPLES:
        raise DataError(
            "data.too_few_examples",
            "data.split.test",
            None,
            f"the test split of {data.name} has {found} example{'' if found == 1 else 's'}",
            allowed=f"{FEWEST_TEST_EXAMPLES} or more",
            next_step="more data, or a larger data.split.test",
        )
