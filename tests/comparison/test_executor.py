"""Trials in processes of their own: whatever becomes of one, the others and the record stand."""

import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.judging.beside import starved
from bakeoff.comparison.judging.scoring import ScoredTrial
from bakeoff.comparison.running import kernel_kills, trial_process
from bakeoff.comparison.running.executor import LocalExecutor, visible_gpus
from bakeoff.comparison.running.job import Job
from bakeoff.comparison.running.kernel_kills import KernelKills
from bakeoff.comparison.running.order import modules_of
from bakeoff.config import allow
from bakeoff.config.composition import Composer
from bakeoff.files import read_json
from bakeoff.record.contenders import Point
from bakeoff.record.plan import PlannedTrial
from bakeoff.record.trials import RecordedTrial
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.run import TrialLabel

HUNGRY = "tests.comparison.hungry_model"


def job(folder, *overrides, name="t0", allow_code=()):
    base = ["model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu", *overrides]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", base).cfg, resolve=True))
    return Job(config.raw, folder / name, TrialLabel(name, "linear", "contender", "b0"), list(allow_code))


def run(jobs, **options):
    ended = []
    LocalExecutor(**options).run(jobs, on_end=lambda job, result: ended.append((job.label.trial_id, result["status"])))
    return ended


def test_every_trial_runs_once_and_finished_ones_not_again(tmp_path):
    jobs = [job(tmp_path, f"seed={seed}", name=f"t{seed}") for seed in range(3)]
    assert sorted(run(jobs, workers=2)) == [("t0", "finished"), ("t1", "finished"), ("t2", "finished")]
    times = [(one.folder / "result.json").stat().st_mtime_ns for one in jobs]
    assert run(jobs) == []
    assert [(one.folder / "result.json").stat().st_mtime_ns for one in jobs] == times


def test_a_failing_trial_becomes_a_result_and_takes_nobody_along(tmp_path):
    bad = job(tmp_path, "data=image_folder", f"data.path={tmp_path / 'nowhere'}", name="bad")
    assert sorted(run([bad, job(tmp_path)], workers=1)) == [("bad", "failed"), ("t0", "finished")]
    assert "data.not_found" in read_json(bad.folder / "result.json")["why"]
    assert "Traceback" in (bad.folder / "log.txt").read_text()


def test_a_trial_over_its_time_is_stopped_and_scored_as_failed(tmp_path):
    slow = job(tmp_path, "trainer.max_epochs=1000000")
    assert run([slow], timeout_s=3.0) == [("t0", "failed")]
    assert "stopped after 3 s" in read_json(slow.folder / "result.json")["why"]


@pytest.mark.parametrize(("kills", "status"), [(1, "finished"), (2, "failed")])
def test_a_killed_trial_is_started_once_more_with_its_seed_and_noted(tmp_path, monkeypatch, kills, status):
    executor = LocalExecutor(workers=1, retries=1)
    original, started = executor._start, []

    def start_and_kill(attempt, slot):
        running = original(attempt, slot)
        started.append(attempt.job.config["seed"])
        if len(started) <= kills:
            os.kill(running.process.pid, signal.SIGKILL)
        return running

    monkeypatch.setattr(executor, "_start", start_and_kill)
    ended = []
    trial = job(tmp_path, "seed=7")
    executor.run([trial], on_end=lambda _, result: ended.append(result))
    assert [result["status"] for result in ended] == [status]
    assert started == [7, 7]
    assert "ended with exit code -9 and no result\n" in (trial.folder / "log.txt").read_text()


def test_a_trial_that_runs_out_of_memory_is_run_again_with_smaller_parts_of_its_batches(tmp_path):
    allow([HUNGRY])
    target = f"model.net._target_={HUNGRY}.Hungry"
    hungry = job(tmp_path, target, name="hungry", allow_code=[HUNGRY])
    hopeless = job(tmp_path, target, "data.batch_size=512", name="hopeless", allow_code=[HUNGRY])
    assert sorted(run([hungry, hopeless], workers=2, retries=0)) == [("hopeless", "failed"), ("hungry", "finished")]
    result = read_json(hungry.folder / "result.json")
    assert (result["batch_size"], result["accumulate"], result["out_of_memory"]) == (64, 4, 2)
    assert read_json(hungry.folder / "config.json")["trainer"]["accumulate"] == 1
    assert (hungry.folder / "log.txt").read_text().count("exit code 77 and no result, out of memory") == 2
    assert read_json(hopeless.folder / "result.json")["why"] == "out of memory, also with batches in 4 parts"


def test_the_verdict_says_which_contender_ran_out_of_memory():
    def trial(contender, parts, times):
        recorded = RecordedTrial(Path(), status="finished", accumulate=parts, out_of_memory=times)
        return ScoredTrial(PlannedTrial("t0", contender, "contender", Point(0, 0)), recorded, {})

    (said,) = starved([trial("vit", 2, 1), trial("vit", 4, 2), trial("lenet", 1, 0)])
    assert said.startswith("Out of memory: 2 trials of vit went through each batch in up to 4 parts")


def test_a_kill_is_for_want_of_memory_only_where_the_kernel_counts_it(monkeypatch):
    count = [5]
    monkeypatch.setattr(kernel_kills, "kills", lambda: count[0])
    kills = KernelKills()
    assert not kills.take()
    count[0] = 6
    assert kills.take()
    assert not kills.take(), "one victim explains one death"


def test_the_kernels_count_is_read(tmp_path):
    assert kernel_kills.kills() >= 0
    (tmp_path / "memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    assert kernel_kills._count(tmp_path / "memory.events") == 2
    assert kernel_kills._count(tmp_path / "nothing") is None


def test_when_the_bakeoff_is_stopped_trials_save_what_they_have(tmp_path):
    endless = job(tmp_path, "trainer.max_epochs=1000000", "trainer.checkpoint_every_s=1000", name="endless")

    class Stopped(Exception):
        pass

    def stop_once_both_train(_, result):
        deadline = time.monotonic() + 100
        while not (endless.folder / "metrics.jsonl").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        raise Stopped

    with pytest.raises(Stopped):
        LocalExecutor(workers=2).run([endless, job(tmp_path)], on_end=stop_once_both_train)
    assert not endless.finished
    assert (endless.folder / "last.ckpt").exists()
    assert "ended by SIGTERM, saved after step" in (endless.folder / "log.txt").read_text()


def test_a_trial_on_several_gpus_sees_its_own():
    shown = [visible_gpus(slot, gpus=4, devices=2) for slot in range(3)]
    assert shown == ["0,1", "2,3", "0,1"]
    assert [visible_gpus(slot, gpus=2, devices=1) for slot in range(3)] == ["0", "1", "0"]
    assert visible_gpus(0, gpus=0, devices=2) is None


def test_trials_take_no_module_from_the_current_folder(tmp_path):
    (tmp_path / "queue.py").write_text("raise SystemExit('not Python\\'s own queue')")
    (tmp_path / "datasets.py").write_text("raise SystemExit('not the library')")
    start = "from bakeoff.comparison.running.trial_process import warm_up; p = warm_up([]); p.join(); exit(p.exitcode)"
    done = subprocess.run([sys.executable, "-P", "-c", start], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_fork_server_has_in_memory_what_the_trials_name(tmp_path):
    config = {
        "data": {
            "module": {"_target_": "bakeoff.data.text.labelled.LabelledTexts", "source": {"_target_": "own.Rows"}}
        },
        "callbacks": [{"_target_": "bakeoff.data.image.augment.Crop"}, {"_target_": "torch.nn.ReLU"}],
        "seed": 0,
    }
    assert modules_of(config) == ["bakeoff.data.image.augment", "bakeoff.data.text.labelled"]
    digits = modules_of(job(tmp_path).order.config)
    assert {"bakeoff.data.image.classified", "bakeoff.tasks.image_classification.task"} < set(digits)
    tweets = modules_of(job(tmp_path, "task=text_classification", "model=tfidf").order.config)
    assert {"bakeoff.data.text.labelled", "bakeoff.models.baseline.tfidf"} < set(tweets)
    assert not {"bakeoff.data.image.classified", "bakeoff.tasks.image_classification.task"} & set(tweets)


def test_what_runs_trials_reads_no_kind_of_data_by_itself():
    program = "import sys, bakeoff.comparison.running.worker; print('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split("LOADED")[1].split()
    assert "bakeoff.data.contract" in loaded
    kinds = {module for module in loaded if module.startswith(("bakeoff.data.image", "bakeoff.data.text."))}
    assert kinds == {"bakeoff.data.text.spec", "bakeoff.data.text.tokenizer"}, "those that a contract of models names"


@pytest.mark.parametrize("when", [pytest.param("before a trial", marks=pytest.mark.slow), "during one"])
def test_the_death_of_the_fork_server_is_that_of_its_trials(tmp_path, monkeypatch, when):
    executor = LocalExecutor(workers=1, retries=1)
    original, started = executor._start, []

    def start_and_kill_its_server(attempt, slot):
        if when == "before a trial" and not started:
            kill_fork_server()
        running = original(attempt, slot)
        started.append(attempt.job.label.trial_id)
        if when == "during one" and len(started) == 1:
            kill_fork_server()
        return running

    monkeypatch.setattr(executor, "_start", start_and_kill_its_server)
    trial_process.warm_up([]).join()
    ended = []
    executor.run([job(tmp_path), job(tmp_path, name="t1")], on_end=lambda one, found: ended.append(found["status"]))
    assert ended == ["finished", "finished"]
    assert started == (["t0", "t1"] if when == "before a trial" else ["t0", "t0", "t1"])


def kill_fork_server():
    os.kill(multiprocessing.forkserver._forkserver._forkserver_pid, signal.SIGKILL)


FILL = """
set -e
mount -t tmpfs -o size=300m tmpfs "$1"
cd "$1"
said=$1-said
shift
"$@" 2>"$said" &
while [ -z "$(find . -name metrics.jsonl)" ]; do kill -0 $!; sleep 0.1; done
head -c 400m /dev/zero > filling 2>/dev/null || true
code=0
wait $! || code=$?
tail -n 1 "$said"
test -z "$(find . -name result.json)" && echo no result
exit $code
"""


@pytest.mark.skipif(subprocess.run(["unshare", "-Urm", "true"], check=False).returncode != 0, reason="no namespaces")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["train", "trainer.max_epochs=100000", "output_dir=run"], marks=pytest.mark.slow),
        ["compare", "contenders=[lenet,resnet]", "trainer.max_epochs=100000", "executor.workers=1", "output_dir=run"],
    ],
    ids=["train", "compare"],
)
def test_a_disk_that_fills_is_a_fault_of_the_machine(tmp_path, words):
    small = ["tracking=none", "trainer.checkpoint_every_s=0.2", "trainer.accelerator=cpu"]
    command = [sys.executable, "-m", "bakeoff.cli", *words, *small]
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", FILL, "sh", tmp_path, *command], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 4, done.stderr
    assert "error[env.disk_full] output_dir" in done.stdout and "goes on from there" in done.stdout
    assert "no result" in done.stdout
