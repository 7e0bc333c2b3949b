"""What is shown of a training: a bar on a terminal, and lines at a growing distance elsewhere."""

import os
import pty
import sys
import threading
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from omegaconf import OmegaConf

from bakeoff.config.composition import Composer
from bakeoff.data.batches.loaders import PlannedLoader
from bakeoff.training.loop import live_bar
from bakeoff.training.loop.live_bar import Spacing, wants_bar
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.loop.progress import TrainingProgress, told
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial

SMALL = ["model=lenet", "trainer.accelerator=cpu", "trainer.max_epochs=3", "trainer.steps_per_call=8"]


@contextmanager
def terminal(monkeypatch, *, kind="xterm"):
    """Standard error as a terminal of 100 columns within the block; a list of the bytes that it gets."""
    ours, theirs = pty.openpty()
    read: list[bytes] = []

    def reader():
        try:
            while found := os.read(ours, 4096):
                read.append(found)
        except OSError:  # the other end is closed
            return

    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    with monkeypatch.context() as patch, os.fdopen(theirs, "w") as file:
        patch.setattr(sys, "stderr", file)
        for name, value in {"TERM": kind, "COLUMNS": "100"}.items():
            patch.setenv(name, value)
        yield read
    thread.join(10)
    os.close(ours)


def train(folder, *overrides, progress="auto"):
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", [*SMALL, *overrides]).cfg, resolve=True))
    return run_trial(Training(config, folder, say=print, progress=progress), label=TrialLabel("t0", "lenet"))


def test_a_terminal_gets_a_bar_and_standard_output_keeps_its_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(live_bar, "REFRESH_S", 0.0)
    with terminal(monkeypatch) as got:
        train(tmp_path)
    shown, said = b"".join(got).decode(), capsys.readouterr().out
    assert "epoch 1/3  step 8/20" in shown and "epoch 3/3  step 20/20" in shown and "100%" in shown
    assert "val/accuracy" in shown and "loss" in shown and "left" in shown
    assert shown.endswith("\x1b[?25h\r\x1b[1A\x1b[2K"), "the cursor is back, and the line gone"
    assert "\r" not in said and "\x1b" not in said
    assert said.splitlines()[-1].startswith("epoch 3/3  val/accuracy ")


def test_a_pipe_gets_lines_alone(tmp_path, capsys):
    train(tmp_path)
    said = capsys.readouterr()
    assert said.err == "" and "\r" not in said.out
    assert said.out.splitlines()[0].startswith("epoch 1/3  val/accuracy ")
    assert said.out.splitlines()[-1].startswith("epoch 3/3  val/accuracy ")


def test_a_run_in_silence_says_nothing(tmp_path, capsys):
    train(tmp_path, "trainer.max_epochs=1", progress="none")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("term", "progress", "bar"),
    [("xterm", "auto", True), ("dumb", "auto", False), ("xterm", "lines", False), ("xterm", "none", False)],
)
def test_who_gets_a_bar(monkeypatch, term, progress, bar):
    with terminal(monkeypatch, kind=term):
        assert wants_bar(progress) == bar


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the test moves on."""
    time = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.monotonic", lambda: time.now)
    return time


def test_lines_of_a_log_grow_apart(clock):
    spacing, said = Spacing(1.0), []
    for second in range(10 * 3600):
        clock.now = float(second)
        if spacing.due:
            spacing.spoken()
            said.append(second)
    assert said[:23] == [*range(21), 22, 24], "each second, while that is a twentieth of the time"
    assert all(late - early == 600 for early, late in pairwise(said) if early > 12_000), "ten minutes at most"
    assert len(said) < 200


def test_a_resumed_run_tells_the_time_that_is_left_to_it(clock):
    """Half was done before; a quarter took 30 s, so the last quarter takes 30 s."""
    lines, module = [], Mock(spec=TrainingModule, share_done=0.5 + 1 / 64, steps_in_call=1)
    module.latest_losses = torch.tensor([1.0, 2.0])
    loader = Mock(spec=PlannedLoader, chunk=1, num_batches=64)
    trainer = SimpleNamespace(
        global_step=33, current_epoch=0, max_epochs=1, is_global_zero=True, sanity_checking=False, should_stop=False
    )
    trainer.train_dataloader, trainer.callback_metrics = loader, {"val/accuracy": 0.25}
    shown = TrainingProgress("val/accuracy", lines.append)
    shown.on_train_start(trainer, module)
    shown.on_train_batch_end(trainer, module, None, None, 32)
    clock.now, module.share_done, trainer.global_step = 30.0, 0.75, 48
    shown.on_train_batch_end(trainer, module, None, None, 47)
    assert lines == ["epoch 1/1  step 48/64  loss 1.5000  0:30 left"]
    shown.on_validation_end(trainer, module)
    assert lines[1:] == ["epoch 1/1  val/accuracy 0.2500  0:30 left"]


def test_long_validations_and_answers_tell_how_far_they_are(clock):
    lines = []
    shown = TrainingProgress("val/accuracy", lines.append)
    trainer = SimpleNamespace(
        current_epoch=1, max_epochs=3, is_global_zero=True, sanity_checking=False, num_val_batches=[40]
    )
    module = Mock(spec=TrainingModule, share_done=0.5)
    for index in range(40):
        clock.now = 2.0 * index
        shown.on_validation_batch_end(trainer, module, None, None, index)
    assert lines[:2] == ["epoch 2/3  validation 6/40", "epoch 2/3  validation 11/40"]
    lines.clear()
    for batch in told(list(range(9)), "test", lines.append):
        clock.now += 4.0 + batch
    assert lines == ["test 4/9", "test 6/9", "test 8/9", "test 9/9"]
