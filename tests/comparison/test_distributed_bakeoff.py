"""A bakeoff whose every trial trains on several devices: processes on a CPU that talk through gloo."""

import pytest

from bakeoff.comparison.judging.audit import audit
from bakeoff.comparison.planning.folder import open_folder
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.running import worker
from bakeoff.comparison.running.bakeoff import run_bakeoff
from bakeoff.comparison.running.executor import LocalExecutor
from bakeoff.comparison.running.job import Needs
from bakeoff.comparison.running.order import RANK_KILLED, Order
from bakeoff.files import read_json
from bakeoff.training.devices.rank_root import rank_died
from tests.comparison.bakeoff_config import small_bakeoff
from tests.killed_writer import left_by_a_killed_writer

CONTENDERS = "contenders=[lenet,{model: mlp, name: dense, width: 0.1}]"
SHORT = ("baselines=[]", "budget=none", "seeds=3", "trainer.max_examples=256")


@pytest.fixture(scope="module")
def on_two_devices(tmp_path_factory):
    """The plan, the folder and the outcome."""
    plan = make_plan(small_bakeoff(CONTENDERS, *SHORT, "trainer=ddp", "trainer.devices=2"))
    folder = tmp_path_factory.mktemp("bakeoff")
    open_folder(folder, plan)
    return plan, folder, run_bakeoff(plan, folder, LocalExecutor(workers=1), lambda line: None)


def test_the_verdict_arrives_and_its_audit_agrees(on_two_devices, digits_module):
    _, folder, outcome = on_two_devices
    assert outcome.failures == 0
    assert (outcome.record["verdict"], outcome.record["provisional"]) == ("NOT_ENOUGH_EVIDENCE", True)
    assert audit(folder, data=digits_module).agrees


def test_each_trial_took_half_the_steps_of_one_device_and_measured_itself(on_two_devices):
    plan, folder, _ = on_two_devices
    for job in plan.jobs(folder):
        result = read_json(job.folder / "result.json")
        assert result["examples_seen"] == 256, "of both devices together, at 64 each"
        assert 0 < result["train_seconds"] < result["wall_seconds"]
        assert result["started"] < result["first_step_at"] < result["started"] + result["wall_seconds"]
        assert 0 < result["peak_memory_mb"] < 1000, "above the imports that all processes share"
        assert "Traceback" not in (job.folder / "log.txt").read_text()


def test_the_plan_says_of_how_many_devices_a_batch_is(on_two_devices):
    plan, folder, _ = on_two_devices
    held = {entry["what"]: entry["value"] for entry in read_json(folder / "plan.json")["held_equal"]}
    assert held["Batches"] == "64 examples on each of 2 devices, in the same order for the same seed"
    assert Needs.of(plan.config["trainer"]) == Needs(threads=1, devices=2, on_cpu=True)


def test_the_next_start_clears_what_a_kill_cut_off_and_trains_nothing_again(on_two_devices):
    plan, folder, _ = on_two_devices
    trial = plan.jobs(folder)[0].folder
    before = sorted((path.name, path.stat().st_mtime_ns) for path in trial.iterdir() if path.suffix != ".json")
    left_by_a_killed_writer(trial / "mlflow.json")
    run_bakeoff(plan, folder, LocalExecutor(workers=1), lambda line: None)
    assert sorted((path.name, path.stat().st_mtime_ns) for path in trial.iterdir() if path.suffix != ".json") == before


def test_a_trial_that_lost_a_rank_ends_without_a_result_and_can_be_tried_again(on_two_devices, tmp_path, monkeypatch):
    def loses_a_rank(*_, **__):
        raise rank_died("the process of rank 1 ended with exit code -9")

    monkeypatch.setattr(worker, "run_trial", loses_a_rank)
    monkeypatch.setattr(worker, "_follow_parent", lambda: None)
    label = {"trial_id": "t0", "contender": "m", "role": "contender", "bakeoff_id": "b0"}
    plan, folder, _ = on_two_devices
    with pytest.raises(SystemExit) as ended:
        worker.work(Order(plan.jobs(folder)[0].config, tmp_path, label, []), None)
    assert ended.value.code == RANK_KILLED
    assert not (tmp_path / "result.json").exists()
