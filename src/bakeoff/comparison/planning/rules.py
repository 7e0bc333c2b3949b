"""Rules of judging that contradict each other, the metric or the contenders: told before any trial is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from bakeoff.comparison.judging.scoring import Scorer
from bakeoff.data.contract import TaskData
from bakeoff.errors import ConfigError, DataError
from bakeoff.record.contenders import Contender
from bakeoff.statistics import EDITION, Looks, Options
from bakeoff.statistics.family import looks_of_trials
from bakeoff.statistics.looks import edition_looks
from bakeoff.statistics.pairing import UNPAIRED
from bakeoff.training.trial.assembly import task_class

FEWEST_TEST_EXAMPLES = 2
FEW = 20
"""Train examples with which a metric is tried, each twice since some metrics need more than one."""


def check_looks(config: Mapping[str, Any]) -> Looks | None:
    """The declared looks, of seeds or of the trials of a search; None for a single one at the end.

    Raises:
        ConfigError: numbers of which no look can be, or that are not those of ``seeds`` or ``tune.trials``; a stop for
            futility without them.
    """
    alpha, declared = float(config["alpha"]), config["looks"] or None
    trials, seeds = int(config["tune"]["trials"]), config["seeds"]
    if trials:
        looks = looks_of_trials(declared, config["tune"]["best_of"], alpha=alpha, edition=EDITION)
    else:
        looks = edition_looks(declared, alpha=alpha, edition=EDITION)
    Options(alpha=alpha, margin=config["margin"], looks=looks, futility=config["futility"])
    if looks is None:
        return None
    last, problem = looks.seeds[-1], ""
    if trials and last != trials:
        problem, step = f"the last look is at {last} trials, and the search has {trials}", f"tune.trials={last}"
    elif not trials and (seeds > last if isinstance(seeds, int) else len(seeds) != last):
        count = seeds if isinstance(seeds, int) else len(seeds)
        problem, step = f"the last look is at {last} seeds, and {count} are asked for", f"seeds={last}"
    if problem:
        raise ConfigError("config.contradiction", "looks", config["looks"], problem, next_step=step)
    return looks


def check_selection(config: Mapping[str, Any]) -> None:
    """Weights and contenders are chosen by what validation measures, the way in which it is better.

    Raises:
        ConfigError: a metric of the test alone, or one whose worst would be chosen.
    """
    metric, direction = config["task"]["metric"], config["task"]["direction"]
    facts = task_class(config).facts(metric, direction=direction)
    if not facts.in_validation:
        problem = "validation, which selects, doesn't measure it"
        raise ConfigError("config.unknown_metric", "task.metric", metric, problem)
    if direction != facts.direction:
        better = "less" if facts.direction == "minimize" else "more"
        problem = f"the worst would be chosen, since {better} {metric} is better"
        step = f"task.direction={facts.direction}"
        raise ConfigError("config.contradiction", "task.direction", direction, problem, next_step=step)


def check_pairing(config: Mapping[str, Any], contenders: Sequence[Contender]) -> None:
    """Pairing by seed has seeds that can be paired.

    Raises:
        ConfigError: tuned contenders, whose seeds are fresh, or an offset that gives one of them other seeds.
    """
    if not config["paired"]:
        return
    problem = ""
    if int(config["tune"]["trials"]):
        problem = UNPAIRED
    elif len({contender.seed_offset for contender in contenders}) > 1:
        problem = "contenders of another seed_offset have other seeds, so there is nothing to pair"
    if problem:
        raise ConfigError("config.contradiction", "paired", True, problem, next_step="paired=false")


def check_metric(config: Mapping[str, Any], data: TaskData) -> None:
    """An example's share of the metric is known, which the test of the verdict needs; tried on train labels.

    Raises:
        ConfigError: a metric that trials report and no verdict can be about.
    """
    scorer, train = Scorer.of(config, data.spec), data.cases("train")
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
