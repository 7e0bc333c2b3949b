"""Every end of a pipeline has its exit code, and Hydra leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from bakeoff.config.running import run_pipeline
from bakeoff.errors import DataError, ErrorGroup, TrackerNotSynced


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    assert list(folder.iterdir()) == []


class Recorder:
    """A pipeline that notes what it gets and fails for some seeds."""

    def __init__(self, **failures):
        self.failures = {int(seed.removeprefix("seed")): error for seed, error in failures.items()}
        self.configs = []

    def __call__(self, config):
        self.configs.append(config)
        if config["seed"] in self.failures:
            raise self.failures[config["seed"]]


def run(main, *words, **options):
    try:
        run_pipeline("train", main, argv=words, **options)
    except SystemExit as stop:
        return stop.code
    return 0


def lost():
    return DataError("data.not_found", "data.path", "x", "there is no such folder")


def test_the_pipeline_gets_plain_resolved_values_and_its_command():
    main = Recorder()
    assert run(main, "model=lenet", "seed=7", "optimizer.amsgrad=true") == 0
    [config] = main.configs
    assert type(config) is dict
    assert type(config["task"]["metrics"]) is list
    assert config["seed"] == 7
    assert config["optimizer"]["amsgrad"] is True
    assert config["data"]["module"]["batch_size"] == config["data"]["batch_size"]
    assert config["command"].endswith("model=lenet seed=7 optimizer.amsgrad=true")
    assert "hydra" not in config


def test_a_multirun_goes_on_after_a_failed_job_and_says_which_failed(capsys):
    main = Recorder(seed1=lost(), seed2=RuntimeError("two\nlines"))
    assert run(main, "-m", "seed=0,1,2,3", "model=lenet") == 6
    assert [config["seed"] for config in main.configs] == [0, 1, 2, 3]
    error = capsys.readouterr().err.splitlines()
    assert error[0].startswith("error[data.not_found] data.path=x: there is no such folder")
    assert error[1] == "error[internal] RuntimeError: two lines; next: debug=true"
    problem = "2 of 4 jobs failed: seed=1 model=lenet (data.not_found), seed=2 model=lenet (internal)"
    assert error[2].startswith(f"error[trials.failed] -m: {problem}; next: ")
    assert len(error) == 3


def test_a_single_run_ends_with_the_code_of_its_error(capsys):
    assert run(Recorder(seed0=lost())) == 3
    assert run(Recorder(seed0=RuntimeError("boom"))) == 1
    assert run(Recorder(seed0=ErrorGroup([lost(), lost()]))) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert not any("Traceback" in line for line in lines)


def test_debug_adds_the_traceback(capsys):
    assert run(Recorder(seed0=RuntimeError("boom")), "debug=true") == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.splitlines()[-1] == "error[internal] RuntimeError: boom; next: debug=true"


def test_nothing_runs_when_the_words_are_wrong():
    main = Recorder()
    assert run(main, "-m", "seed=0,1", "model=lenet,lenett") == 2
    assert run(main, "modle=lenet") == 2
    assert main.configs == []


def test_what_finishes_a_pipeline_is_called_once_whatever_happened(capsys):
    called = []

    def finish():
        called.append(True)
        raise TrackerNotSynced("tracking.not_synced", "tracking.uri", None, "MLflow is behind")

    assert run(Recorder(), "-m", "seed=0,1", finish=finish) == 7
    assert run(Recorder(seed0=lost()), finish=finish) == 3
    assert len(called) == 2
    assert "MLflow is behind" in capsys.readouterr().err


def test_a_pipeline_that_asks_is_told_about_its_siblings():
    told = []

    def main(config, *, multirun=False):
        told.append(multirun)

    assert run(main, "-m", "seed=0,1") == 0
    assert run(main) == 0
    assert told == [True, True, False]


def test_ctrl_c_ends_with_130(capsys):
    assert run(Recorder(seed0=KeyboardInterrupt())) == 130

    def interrupted(config):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)

    assert run(interrupted) == 130
    assert capsys.readouterr().err.splitlines() == ["stopped by Ctrl-C"]


def test_ctrl_c_ends_with_130_even_where_a_library_swallows_it():
    def swallowing(config):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
        except KeyboardInterrupt:
            sys.exit(1)

    assert run(swallowing, "-m", "seed=0,1") == 130


def test_sigterm_unwinds_and_ends_with_143(tmp_path):
    program = """
        import sys, time
        from bakeoff.config.running import run_pipeline

        def main(config):
            try:
                print("ready", flush=True)
                time.sleep(30)
            finally:
                print("cleaned up", flush=True)

        run_pipeline("train", main, argv=[])
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (143, "cleaned up\n", "stopped by SIGTERM\n")


def test_signal_handlers_and_arguments_are_as_before():
    before = (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.argv, dict(os.environ))
    run(Recorder(), "-m", "seed=0,1")
    assert before == (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), sys.argv, dict(os.environ))


def test_flags_may_stand_anywhere():
    for words in (["-m", "seed=0,1", "model=vit"], ["seed=0,1", "-m", "model=vit"], ["seed=0,1", "model=vit", "-m"]):
        main = Recorder()
        assert run(main, *words) == 0
        assert [(config["seed"], config["model"]["name"]) for config in main.configs] == [(0, "vit"), (1, "vit")]


def test_hydras_own_flags_pass_through(capsys):
    assert run(Recorder(), "--cfg", "job", "--package", "trainer", "trainer.max_epochs=3") == 0
    assert "max_epochs: 3" in capsys.readouterr().out
    assert run(Recorder(), "--info", "defaults") == 0
    assert "optimizer/adamw" in capsys.readouterr().out


def test_a_users_tree_is_searched_too(tmp_path):
    (tmp_path / "tree" / "model").mkdir(parents=True)
    (tmp_path / "tree" / "model" / "mine.yaml").write_text("defaults: [lenet, _self_]\nname: mine\n")
    main = Recorder()
    assert run(main, "--config-dir", str(tmp_path / "tree"), "-m", "model=mine,vit") == 0
    assert [config["model"]["name"] for config in main.configs] == ["mine", "vit"]
