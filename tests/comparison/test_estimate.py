"""The time to expect: trials that workers share, cores that all of them share, and what can not be known."""

import pytest

from bakeoff.comparison.planning import estimate
from bakeoff.comparison.planning.estimate import (
    FITTING_S,
    TRIAL_OVERHEAD_S,
    expected_seconds,
    makespan,
    unknown,
)
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running import executor
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.comparison.running.job import Needs
from bakeoff.files import write_json
from bakeoff.training.trial.configuration import TrialConfig
from tests.comparison.bakeoff_config import small_bakeoff

STEP_S = 0.5
EPOCH = 20
"""Batches of 64 that the digits' train split has."""
MLPS = "contenders=[{model: mlp, name: dense},{model: mlp, name: small, width: 0.1}]"


class Machine:
    """An executor with so many slots and cores."""

    def __init__(self, slots, cores):
        self._slots, self._cores = slots, cores

    def slots(self, needs):
        return self._slots

    def cores(self):
        return self._cores


@pytest.fixture
def expect(tmp_path, monkeypatch):
    """The estimate for two contenders of three seeds, whose every step takes half a second."""
    monkeypatch.setattr(estimate, "_seconds_a_step", lambda module, batch: STEP_S)

    def ask(*overrides, slots=1, cores=8):
        plan = make_plan(small_bakeoff(MLPS, "baselines=[]", "budget=none", "seeds=3", *overrides))
        assert len(plan.data.train_dataloader()) == EPOCH
        return expected_seconds(plan, tmp_path, Machine(slots, cores))

    return ask


def test_jobs_start_in_order_where_one_has_ended():
    assert makespan([3.0, 1.0, 1.0, 1.0], 2) == 3.0
    assert makespan([1.0, 1.0, 1.0, 3.0], 2) == 4.0
    assert makespan([2.0, 2.0], 5) == 2.0
    assert makespan([], 3) == 0.0


def test_one_trial_after_the_other_takes_the_sum_of_them(expect):
    assert expect() == pytest.approx(6 * (EPOCH * STEP_S + TRIAL_OVERHEAD_S))


def test_a_limit_of_examples_is_one_of_steps(expect):
    assert expect("trainer.max_examples=640") == pytest.approx(6 * (10 * STEP_S + TRIAL_OVERHEAD_S))


def test_workers_share_the_trials_and_the_cores(expect):
    trial = EPOCH * STEP_S + TRIAL_OVERHEAD_S
    assert expect(slots=4) == pytest.approx(2 * trial), "four, then the two that are left"
    assert expect(slots=4, cores=2) == pytest.approx(2 * 2 * trial)
    assert expect(slots=100, cores=2) == pytest.approx(3 * trial), "six at once, on two cores"
    assert expect("trainer.threads=2", slots=4, cores=4) == pytest.approx(2 * 2 * trial)


def test_finished_trials_take_nothing(expect, tmp_path):
    plan = make_plan(small_bakeoff(MLPS, "baselines=[]", "budget=none", "seeds=3"))
    for job in plan.jobs(tmp_path)[:4]:
        write_json(job.folder / "result.json", {})
    assert expect() == pytest.approx(2 * (EPOCH * STEP_S + TRIAL_OVERHEAD_S))


def test_a_baseline_that_is_fitted_takes_no_steps(monkeypatch, expect):
    class Fitted(TrialConfig):
        is_fitted = property(lambda trial: trial.model == "linear")

    monkeypatch.setattr(estimate, "TrialConfig", Fitted)
    assert expect("baselines=[linear]") - expect() == pytest.approx(3 * (FITTING_S + TRIAL_OVERHEAD_S))


def test_what_can_not_be_timed_is_not_guessed(expect, monkeypatch):
    monkeypatch.setattr(estimate, "usable_accelerators", lambda: ["cpu", "gpu"])
    assert expect("trainer.accelerator=auto") is None
    assert expect("trainer.accelerator=cpu") is not None
    assert expect("trainer.compile=true") is None
    assert expect("trainer.devices=2") is None
    settings = {"accelerator": "cpu", "compile": False, "devices": 1}
    assert unknown(settings) is None
    assert unknown(settings | {"accelerator": "auto"}) == "steps are timed on the CPU, and these run elsewhere"
    assert unknown(settings | {"compile": True}) == "torch.compile takes its time at the first step"
    assert "tell each other" in unknown(settings | {"devices": 2})


def test_needs_are_those_of_the_largest_trial():
    small = {"threads": 1, "devices": 4, "accelerator": "cpu"}
    assert Needs.of(small, small | {"threads": 3, "devices": 1}) == Needs(threads=3, devices=4, on_cpu=True)
    assert not Needs.of(small, small | {"accelerator": "auto"}).on_cpu
    assert Needs.of() == Needs(threads=1, devices=1, on_cpu=False)


def test_local_slots_are_groups_of_gpus_or_of_cores(monkeypatch):
    monkeypatch.setattr(executor.os, "cpu_count", lambda: 12)
    monkeypatch.setattr(executor.torch.cuda, "device_count", lambda: 4)
    assert LocalExecutor().slots(Needs(devices=2)) == 2
    assert LocalExecutor().slots(Needs(threads=2, devices=2, on_cpu=True)) == 3
    assert LocalExecutor(workers=5).slots(Needs(devices=2)) == 5
