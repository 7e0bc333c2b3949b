"""A signal is held back until the state is saved, then passed on; Slurm is asked for another run."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bakeoff.files import read_json
from bakeoff.training.loop.interruption import SIGNALS, Interrupted, interruptible, requeue
from tests.training.test_resume import assert_same

SLURM = """#!/bin/sh
echo "$@" >> "{folder}/asked"
[ -e "{folder}/refuse" ] && echo "Job is not requeueable" >&2 && exit 1
exit 0
"""
"""Stands for Slurm's ``scontrol``, which no machine without Slurm has."""


@pytest.fixture
def slurm(tmp_path, monkeypatch) -> Path:
    """The folder of a ``scontrol`` that notes what it is asked, within job 4711."""
    script = tmp_path / "scontrol"
    script.write_text(SLURM.format(folder=tmp_path))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    return tmp_path


def interrupted_by(number: signal.Signals, *, step: int | None = 7) -> Interrupted:
    """What a block raises that is sent a signal, sees it, and ends."""
    with pytest.raises(Interrupted) as caught, interruptible() as interruption:
        os.kill(os.getpid(), number)
        assert interruption.requested
        raise Interrupted(step)
    return caught.value


def test_a_signal_asks_and_ends_nothing_by_itself(capsys):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)]
    assert interrupted_by(signal.SIGTERM).code == 143
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)] == before
    said = "ended by SIGTERM, saved after step 7: the same command goes on from there\n"
    assert capsys.readouterr().err == said


@pytest.fixture
def heeds_ctrl_c():
    """As programs do, but those that a shell has started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_is_held_back_too_and_the_second_one_is_not(capsys):
    with pytest.raises(KeyboardInterrupt), interruptible() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.requested
        raise Interrupted(7)
    assert capsys.readouterr().err == "ended by Ctrl-C, saved after step 7: the same command goes on from there\n"
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the second one should end it")


def test_who_ignores_ctrl_c_goes_on_to_do_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible() as interruption:
            os.kill(os.getpid(), signal.SIGINT)
            assert not interruption.requested
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_nobody_saw_is_not_lost(capsys):
    with pytest.raises(Interrupted), interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
    assert "the last resume point stands" in capsys.readouterr().err
    with pytest.raises(Interrupted), interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
        raise ValueError("a run that diverges at that moment")


def test_without_a_signal_errors_pass_and_nothing_is_said(capsys):
    with interruptible() as interruption:
        assert not interruption.requested
    with pytest.raises(ValueError, match="mine"), interruptible():
        raise ValueError("mine")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("asked", SIGNALS)
def test_whoever_handled_the_signal_before_is_told_after_all_is_saved(slurm, asked):
    """submitit 1.5.4 handles SIGUSR2: it puts the job back into the queue itself, so Slurm is not asked twice."""
    told = []

    def handle(number, frame):
        told.append(number)
        raise SystemExit(143)

    before = signal.signal(asked, handle)
    try:
        with pytest.raises(SystemExit, match="143"), interruptible() as interruption:
            os.kill(os.getpid(), asked)
            assert told == []
            assert interruption.requested
            raise Interrupted(1)
        assert told == [asked]
        assert not (slurm / "asked").exists()
    finally:
        signal.signal(asked, before)


def test_outside_of_the_main_thread_nothing_is_taken():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work():
        with interruptible():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_users_signal_in_a_slurm_job_queues_it_again(slurm, capsys, number):
    assert interrupted_by(number).code == 143
    assert (slurm / "asked").read_text() == "requeue 4711\n"
    assert "Slurm runs job 4711 again" in capsys.readouterr().err


def test_sigterm_in_a_slurm_job_queues_nothing(slurm):
    interrupted_by(signal.SIGTERM)
    assert not (slurm / "asked").exists()


def test_a_refusal_of_slurm_is_told(slurm, monkeypatch):
    (slurm / "refuse").touch()
    assert "Job is not requeueable" in requeue()
    monkeypatch.setenv("PATH", "/nowhere")
    assert "submit the job again" in requeue()


def test_outside_of_slurm_nobody_is_asked(slurm, monkeypatch, capsys):
    monkeypatch.delenv("SLURM_JOB_ID")
    interrupted_by(signal.SIGUSR1)
    assert not (slurm / "asked").exists()


TRAIN = ["train", "model=lenet", "tracking=none", "trainer.accelerator=cpu", "trainer.steps_per_call=2"]
TRAIN += ["trainer.max_epochs=60", "trainer.select=last", "augment.rotation=10"]


def started(folder: Path) -> subprocess.Popen:
    """The command in a process of its own, once it trains."""
    command = [sys.executable, "-m", "bakeoff.cli", *TRAIN, f"output_dir={folder}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any(line.startswith("epoch ") for line in process.stdout)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_stopped_command_ends_with_143_and_goes_on_to_the_same_end(slurm, tmp_path, number):
    whole = started(tmp_path / "whole")
    assert whole.wait(timeout=300) == 0
    stopped = started(tmp_path / "stopped")
    stopped.send_signal(number)
    _, error = stopped.communicate(timeout=60)
    assert stopped.returncode == (130 if number is signal.SIGINT else 143)
    name = "Ctrl-C" if number is signal.SIGINT else number.name
    assert f"ended by {name}, saved after step" in error or f"ended by {name}, the last resume point stands" in error
    assert (slurm / "asked").exists() == (number is signal.SIGUSR1)
    assert not (tmp_path / "stopped" / "result.json").exists()
    assert (tmp_path / "stopped" / "last.ckpt").exists()
    assert started(tmp_path / "stopped").wait(timeout=300) == 0
    assert read_json(tmp_path / "stopped" / "result.json")["status"] == "finished"
    assert_same(tmp_path / "stopped", tmp_path / "whole")
