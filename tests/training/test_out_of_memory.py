"""Memory that runs out ends a run's process, not the run: a fresh one goes on with smaller parts of each batch."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import psutil
import pytest
from omegaconf import OmegaConf

from bakeoff.config import allow
from bakeoff.config.composition import Composer
from bakeoff.errors import EnvironmentFault
from bakeoff.files import read_json
from bakeoff.training.devices import placement
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial

LABEL = TrialLabel("t0", "m")
HUNGRY = "tests.comparison.hungry_model"
ROOT = Path(__file__).parents[2]


def config(*overrides):
    words = ["model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu", *overrides]
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True))


def starving(*_, **__):
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")


@pytest.fixture
def attempts(monkeypatch):
    """The way of each attempt; all run out of memory."""
    made = []

    def attempt(how):
        return lambda *args, **options: (made.append(how), starving())

    monkeypatch.setattr(placement, "train_model", attempt("here"))
    monkeypatch.setattr(placement, "run_on_devices", attempt("in processes"))
    return made


@pytest.mark.slow
def test_two_fresh_processes_try_with_smaller_parts_then_one_line_says_what_is_left(tmp_path, attempts):
    said = []
    with pytest.raises(EnvironmentFault) as raised:
        run_trial(Training(config("trainer.accumulate=2"), tmp_path, say=said.append), label=LABEL)
    assert attempts == ["here", "in processes", "in processes"]
    assert said == [
        f"out of memory: again in a fresh process, each batch in {parts} parts, with the same steps" for parts in (4, 8)
    ]
    assert raised.value.exit_code == 4
    assert raised.value.line() == (
        "error[env.out_of_memory] model=linear: memory ran out, also with each batch in 8 parts; "
        "next: trainer.accumulate=16 takes less memory a step, a smaller model less throughout"
    )
    assert not (tmp_path / "result.json").exists()
    assert read_json(tmp_path / "error.json") == {"why": raised.value.line()}


def test_the_same_command_starts_with_the_smallest_parts(tmp_path, attempts):
    for _ in range(2):
        with pytest.raises(EnvironmentFault, match="in 4 parts"):
            run_trial(Training(config(), tmp_path), label=LABEL)
    assert attempts == ["here", "in processes", "in processes", "here"]


def test_batches_that_are_too_small_to_part_are_not_tried_again(tmp_path, attempts):
    with pytest.raises(EnvironmentFault, match=r"linear: memory ran out; next: trainer\.accumulate=2"):
        run_trial(Training(config("data.batch_size=3"), tmp_path), label=LABEL)
    assert attempts == ["here"]


def test_several_devices_have_no_smaller_parts(tmp_path, attempts):
    with pytest.raises(EnvironmentFault, match=r"trainer\.devices=2: memory ran out; next: a smaller data\.batch_size"):
        run_trial(Training(config("trainer.devices=2"), tmp_path), label=LABEL)
    assert attempts == ["in processes"]


def test_a_process_of_the_trials_own_leaves_it_to_whoever_started_it(tmp_path, attempts):
    with pytest.raises(RuntimeError, match="can't allocate"):
        run_trial(Training(config(), tmp_path), label=LABEL, own_process=True)
    assert attempts == ["here"]


def test_other_errors_are_no_reason_to_try_again(tmp_path, monkeypatch):
    def breaks(*_, **__):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(placement, "train_model", breaks)
    with pytest.raises(RuntimeError, match="shapes differ"):
        run_trial(Training(config(), tmp_path), label=LABEL)
    assert read_json(tmp_path / "error.json") == {"why": "RuntimeError: shapes differ"}


@pytest.mark.slow
def test_a_fresh_process_takes_the_steps_that_memory_ran_out_for(tmp_path):
    allow([HUNGRY])
    run_trial(Training(config("data.batch_size=32"), tmp_path / "fed"), label=LABEL)
    words = [f"model.net._target_={HUNGRY}.Hungry", "data.batch_size=32"]
    run = multiprocessing.get_context("fork").Process(
        target=run_trial, args=(Training(config(*words), tmp_path / "hungry"),), kwargs={"label": LABEL}
    )
    run.start()
    run.join()
    assert run.exitcode == 0
    result = read_json(tmp_path / "hungry" / "result.json")
    assert (result["batch_size"], result["accumulate"], result["out_of_memory"]) == (32, 2, 1)
    fed, hungry = (read_log(tmp_path / name / "metrics.jsonl") for name in ("fed", "hungry"))
    assert [record["step"] for record in hungry] == [record["step"] for record in fed]
    assert hungry[-1]["val/loss"] == pytest.approx(fed[-1]["val/loss"], rel=1e-5)
    assert not (tmp_path / "hungry" / "error.json").exists()


# Slow proofs ------------------------------------------------------------------------------------------------------


def command(words, uri, *flags):
    target = [f"model.net._target_={HUNGRY}.HungryProgram", f"allow_code=[{HUNGRY}]", f"tracking.uri={uri}"]
    words = ["model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu", "output_dir=out", *target, *words]
    return [sys.executable, str(ROOT / "pipelines" / "train.py"), *flags, *words]


def options(folder):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return {"cwd": folder, "env": environment, "text": True}


def train(words, folder, uri, *flags):
    return subprocess.run(command(words, uri, *flags), capture_output=True, timeout=600, **options(folder))


def tracked(uri):
    client = mlflow.MlflowClient(uri)
    runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    return [(run.info.status, run.data.tags.get("last_error")) for run in runs]


@pytest.mark.slow
def test_a_command_that_runs_out_of_memory_ends_as_any_other(tmp_path, store_uri):
    done = train([], tmp_path, store_uri)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("out of memory: again in a fresh process") == 2
    assert done.stdout.count("test/accuracy") == 1
    assert read_json(tmp_path / "out" / "result.json")["accumulate"] == 4
    assert tracked(store_uri) == [("FINISHED", None)]


@pytest.mark.slow
def test_jobs_of_a_multirun_go_on_by_themselves(tmp_path, store_uri):
    done = train(["seed=0,1", "data.batch_size=32"], tmp_path, store_uri, "-m")
    assert done.returncode == 0, done.stderr
    results = [read_json(path) for path in tmp_path.glob("out/*/result.json")]
    assert sorted((result["seed"], result["accumulate"]) for result in results) == [(0, 2), (1, 2)]
    assert tracked(store_uri) == [("FINISHED", None)] * 2


@pytest.mark.slow
def test_a_hopeless_command_ends_with_one_line_and_a_failed_run(tmp_path, store_uri):
    done = train(["data.batch_size=512"], tmp_path, store_uri)
    assert done.returncode == 4, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error[")]
    assert "memory ran out, also with each batch in 4 parts; next: trainer.accumulate=8" in line
    assert [status for status, _ in tracked(store_uri)] == ["FAILED"]
    assert "env.out_of_memory" in tracked(store_uri)[0][1]


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_fresh_process_too_and_the_same_command_goes_on(tmp_path, store_uri, sent, code):
    words = ["data.batch_size=32", "trainer.max_epochs=60", "trainer.checkpoint_every_s=0"]
    pipe = subprocess.PIPE
    run = subprocess.Popen(
        command(words, store_uri), stdout=pipe, stderr=pipe, start_new_session=True, **options(tmp_path)
    )
    log = tmp_path / "out" / "metrics.jsonl"
    deadline = time.monotonic() + 300
    while not log.exists() or len(read_log(log)) < 4:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.1)
    family = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, sent)  # as a terminal does with Ctrl-C
    said, complained = run.communicate(timeout=60)
    assert run.returncode == code, complained
    assert said.count("out of memory: again") == 1
    assert "Traceback" not in complained
    assert not psutil.wait_procs(family, timeout=20)[1]
    assert [status for status, _ in tracked(store_uri)] == ["KILLED"]
    done = train(words, tmp_path, store_uri)
    assert done.returncode == 0, done.stderr
    result = read_json(tmp_path / "out" / "result.json")
    assert (result["accumulate"], result["out_of_memory"], result["epochs"]) == (2, 1, 60)
    steps = [record["step"] for record in read_log(log) if record["kind"] == "train"]
    assert steps == sorted(set(steps))
    assert [status for status, _ in tracked(store_uri)] == ["FINISHED"]
