"""What each budget mode holds equal."""

import math
from pathlib import Path

import pytest

from bakeoff.comparison.planning.plan import make_plan
from bakeoff.errors import ConfigError
from bakeoff.training.loop.limits import steps_for_examples
from bakeoff.training.trial.configuration import TrialConfig
from tests.comparison.bakeoff_config import small_bakeoff


def test_equal_parameters_within_five_percent():
    plan = make_plan(small_bakeoff("budget.value=30_000"))
    assert all(abs(contender.params / 30_000 - 1) <= 0.05 for contender in plan.entered)
    assert next(c for c in plan.contenders if c.role == "baseline").params == 650


def test_equal_flops_by_what_each_trains_on():
    plan = make_plan(small_bakeoff("budget=flops", "budget.value=1e10"))
    for contender in plan.entered:
        _, trained = steps_for_examples(contender.config["trainer"]["max_examples"], 64, plan.data.spec.num_train)
        spent = trained * contender.train_flops_per_example
        assert spent == pytest.approx(1e10, rel=0.05)
        assert contender.relative_error == pytest.approx(spent / 1e10 - 1)


def test_without_a_value_flops_are_those_of_the_cheapest_contender():
    plan = make_plan(small_bakeoff("budget=flops", "trainer.max_epochs=20"))
    cheapest = min(plan.entered, key=lambda contender: contender.train_flops_per_example)
    assert cheapest.config["trainer"]["max_examples"] == pytest.approx(20 * plan.data.spec.num_train, abs=1)


def test_a_flops_budget_below_a_few_batches_is_refused():
    with pytest.raises(ConfigError, match=r"config\.budget_unreachable"):
        make_plan(small_bakeoff("budget=flops", "budget.value=1e6"))


def test_time_and_examples_set_the_stop_and_leave_sizes():
    timed = make_plan(small_bakeoff("budget=time", "budget.value=2.5"))
    assert {contender.config["trainer"]["max_seconds"] for contender in timed.entered} == {2.5}
    counted = make_plan(small_bakeoff("budget=examples", "budget.value=5000"))
    assert {contender.config["trainer"]["max_examples"] for contender in counted.entered} == {5000}
    assert [c.params for c in timed.contenders] == [c.params for c in counted.contenders]
    assert all(not contender.size_args for contender in [*timed.contenders, *counted.contenders])


def test_baselines_keep_their_own_training():
    plan = make_plan(small_bakeoff("budget=examples", "budget.value=5000"))
    (baseline,) = [contender for contender in plan.contenders if contender.role == "baseline"]
    assert baseline.config["trainer"]["max_examples"] is None


def test_an_argument_that_the_entry_sets_is_not_turned():
    config = small_bakeoff("contenders=[lenet,{model: vit, mlp_width: 32}]", "budget.value=30_000")
    vit = make_plan(config).entered[1]
    assert vit.config["model"]["net"]["mlp_width"] == 32
    assert "mlp_width" not in vit.size_args


def test_a_change_that_a_knob_refers_to_reaches_it():
    vit = make_plan(small_bakeoff("contenders=[lenet,{model: vit, heads: 3}]", "budget.value=30_000")).entered[1]
    assert vit.config["model"]["net"]["width"] % 3 == 0


@pytest.mark.parametrize(
    ("examples", "expected"),
    [(1, (1, 4)), (4, (1, 4)), (7, (2, 8)), (9, (2, 8)), (10, (3, 10)), (13, (4, 14)), (25, (7, 24)), (100, (30, 100))],
)
def test_steps_come_nearest_to_the_examples_asked_for(examples, expected):
    assert steps_for_examples(examples, batch_size=4, examples_an_epoch=10) == expected


@pytest.mark.parametrize("words", [["trainer.max_epochs=20"], ["trainer.max_epochs=20", "budget=flops"]])
def test_a_part_of_the_train_examples_is_seen_as_often_more_as_it_is_smaller(words):
    whole, part = (make_plan(small_bakeoff(*words, *more)) for more in ((), ("train_fraction=0.3",)))
    assert part.data.spec.num_train == pytest.approx(0.3 * whole.data.spec.num_train, abs=1)
    for split in ("val", "test"):
        assert part.data.examples(split) == whole.data.examples(split)
    for one, other in zip(whole.entered, part.entered, strict=True):
        seen = [_examples_seen(plan, contender) for plan, contender in ((whole, one), (part, other))]
        assert seen[1] == pytest.approx(seen[0], rel=0.02)
        assert one.params == other.params
    assert "train_fraction" not in whole.trial.raw and part.contenders[0].config["train_fraction"] == 0.3
    assert {row["what"]: row["value"] for row in part.to_dict(Path())["held_equal"]}["Train part"].startswith("0.3 of")
    assert whole.bakeoff_id != part.bakeoff_id and whole.data.fingerprint == part.data.fingerprint


def _examples_seen(plan, contender):
    trainer = TrialConfig.of(contender.config | {"seed": 0}).trainer
    return min(trainer.max_examples or math.inf, trainer.max_epochs * plan.data.spec.num_train)
