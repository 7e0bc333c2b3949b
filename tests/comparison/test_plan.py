"""The plan is the same for the same command, and refuses what can't be compared."""

import json
from types import SimpleNamespace

import pytest

from bakeoff.comparison.planning.folder import manifest, open_folder
from bakeoff.comparison.planning.held_equal import held_equal, split_in_words
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.errors import ConfigError, DataError
from tests.comparison.bakeoff_config import small_bakeoff

SMALL = ("budget=none",)


def told(override):
    """What the plan says is held equal."""
    plan = make_plan(small_bakeoff(*SMALL, override))
    return held_equal(plan.config, plan.data, plan.seeds)


def test_the_same_command_finds_its_folder_and_another_does_not(tmp_path):
    open_folder(tmp_path, make_plan(small_bakeoff(*SMALL)))
    open_folder(tmp_path, make_plan(small_bakeoff(*SMALL)))
    with pytest.raises(ConfigError, match=r"config\.folder_taken"):
        open_folder(tmp_path, make_plan(small_bakeoff(*SMALL, "optimizer.lr=1e-4")))


def test_more_seeds_may_be_added_and_make_it_exploratory(tmp_path):
    open_folder(tmp_path, make_plan(small_bakeoff(*SMALL, "seeds=5")))
    more = make_plan(small_bakeoff(*SMALL, "seeds=6"))
    open_folder(tmp_path, more)
    assert more.exploratory
    again = make_plan(small_bakeoff(*SMALL, "seeds=6"))
    open_folder(tmp_path, again)
    assert again.exploratory, "the stamp stays"
    assert json.loads((tmp_path / "manifest.json").read_text())["rules"]["seeds"] == [0, 1, 2, 3, 4]
    with pytest.raises(ConfigError, match=r"config\.folder_taken"):
        open_folder(tmp_path, make_plan(small_bakeoff(*SMALL, "seeds=5")))


def test_the_manifest_holds_every_rule_of_judging(tmp_path):
    first = manifest(make_plan(small_bakeoff(*SMALL)).to_dict(tmp_path))
    for change in ("alpha=0.01", "margin=0.02", "seeds=7", "optimizer.lr=1e-4", "task.metric=f1_macro"):
        changed = make_plan(small_bakeoff(*SMALL, change)).to_dict(tmp_path)
        assert manifest(changed)["sha256"] != first["sha256"], change


def test_a_model_entered_twice_needs_seeds_of_its_own():
    twins = "contenders=[lenet,{model: lenet, name: other}]"
    with pytest.raises(ConfigError, match=r"config\.same_contender"):
        make_plan(small_bakeoff(*SMALL, twins))
    with pytest.raises(ConfigError, match=r"config\.same_contender.*2 of its 5 trials would be those of lenet"):
        make_plan(small_bakeoff(*SMALL, twins.replace("other", "other, seed_offset: 3")))
    plan = make_plan(small_bakeoff(*SMALL, twins.replace("other", "other, seed_offset: 100")))
    assert [point.seed for point in plan.entered[1].points] == [100, 101, 102, 103, 104]


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("seeds=2", "config.too_few_seeds"),
        ("seeds=[1,2]", "config.too_few_seeds"),
        ("looks=[4,8]", "config.looks"),
        ("task.metric=loss", "config.contradiction"),
        ("alpha=0.6", "config.alpha"),
        ("task.direction=minimize", "config.contradiction"),
    ],
)
def test_what_allows_no_comparison_is_refused(override, code, tmp_path):
    with pytest.raises(ConfigError) as refused:
        open_folder(tmp_path, make_plan(small_bakeoff(*SMALL, override)))
    assert refused.value.code == code


@pytest.mark.parametrize("rules", [("tune.trials=12",), ("contenders=[lenet,{model: lenet, seed_offset: 100}]",)])
def test_pairing_needs_seeds_to_pair(rules):
    with pytest.raises(ConfigError, match=r"config\.contradiction\] paired=True"):
        make_plan(small_bakeoff(*SMALL, *rules, "paired=true"))


def test_a_metric_that_no_verdict_can_be_about_is_told_before_any_trial():
    text = "task=language_modeling", "data=stdlib", "contenders=[gru,transformer]", "baselines=[]"
    with pytest.raises(ConfigError, match=r"config\.unknown_metric\] task\.metric=perplexity: no verdict about it"):
        make_plan(small_bakeoff(*SMALL, *text, "task.metric=perplexity", "task.direction=minimize"))


def test_a_metric_that_no_test_result_reports_is_told_before_any_trial():
    with pytest.raises(ConfigError, match=r"config\.unknown_metric\] task\.metric=loss: no test result reports it"):
        make_plan(small_bakeoff(*SMALL, "task.metric=loss", "task.direction=minimize"))


def test_a_metric_of_the_test_alone_selects_nothing():
    text = "task=translation", "data=number_words", "contenders=[gru,transformer]", "baselines=[]"
    with pytest.raises(ConfigError, match=r"config\.unknown_metric\] task\.metric=chrf: validation"):
        make_plan(small_bakeoff(*SMALL, *text, "task.metric=chrf"))


def test_looks_run_the_seeds_of_the_last_one_and_trials_come_contender_by_contender(tmp_path):
    plan = make_plan(small_bakeoff(*SMALL, "looks=[5,10]"))
    jobs = plan.jobs(tmp_path, first=5)
    flops = {contender.name: contender.train_flops_per_example or 0.0 for contender in plan.contenders}
    names = ["row_gru", "lenet", "linear"]
    assert names == sorted(flops, key=flops.get, reverse=True)
    last_two_together = ["row_gru", "row_gru", "lenet", "lenet", "linear", "linear"]
    assert [job.label.contender for job in jobs] == [*names * 3, *last_two_together], "so that workers end together"
    later = plan.jobs(tmp_path, racing=["lenet"])
    assert {job.label.contender for job in later} == {"lenet", "linear"}
    assert len({job.label.trial_id for job in plan.jobs(tmp_path)}) == 30


@pytest.mark.parametrize(("override", "words"), [("augment=none", "none"), ("augment.rotation=15", "rotation 15")])
def test_the_plan_names_an_augmentation_only_where_there_is_one(override, words):
    equal = {item["what"]: item["value"] for item in told(override)}
    assert equal["Augmentation"].startswith(words)


def test_the_plan_says_whether_validation_is_drawn_anew():
    equal = {item["what"]: item["value"] for item in told("seeds=3")}
    assert equal["Data"] == "digits: one test set; train and validation drawn anew for each seed"
    given = split_in_words(SimpleNamespace(val_follows_seed=False))
    assert given == "the same train, validation and test set for each seed"


@pytest.mark.parametrize(("epochs", "words"), [(1, ": 1 epoch;"), (2, ": 2 epochs;")])
def test_the_plan_counts_epochs_in_words(epochs, words):
    equal = told(f"trainer.max_epochs={epochs}")
    assert words in equal[0]["value"]


def test_a_single_test_example_is_refused_before_any_training(tmp_path):
    with pytest.raises(DataError, match=r"data\.too_few_examples"):
        make_plan(small_bakeoff(*SMALL, "data.split.test=1"))
