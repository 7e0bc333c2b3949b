"""A trial that was stopped at any step ends, weights, records and results, bit for bit like an undisturbed one."""

import os
import random
import signal
from contextlib import contextmanager

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

from bakeoff.config.composition import Composer
from bakeoff.files import read_json
from bakeoff.tasks.language_modeling.streams import StreamPass
from bakeoff.training.loop.interruption import Interrupted
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial

LABEL = TrialLabel("t0", "m")
DIGITS = ["data=digits", "data.batch_size=128", "augment.rotation=10", "trainer.steps_per_call=4"]
STREAMS = ["task=language_modeling", "data=stdlib", "data.max_bytes=12_000", "data.sequence_length=32"]
STREAMS += [
    "data.batch_size=8",
    "data.tokenizer.kind=byte",
    "task.network.embedding_width=8",
    "trainer.steps_per_call=8",
]
RUNS = {
    "cnn": [*DIGITS, "model=lenet"],
    "rnn": [*DIGITS, "model=row_lstm"],
    "transformer": [*DIGITS, "model=vit", "model.net.dropout=0.1", "model.net.width=16", "model.net.depth=1"],
    "language model": [*STREAMS, "model=lstm", "model.net.width=16", "model.net.depth=1"],
    "language model in half precision": [
        *STREAMS,
        "model=gru",
        "model.net.width=16",
        "model.net.depth=1",
        "trainer.precision=bf16-mixed",
    ],
}
SLOW = {"rnn", "language model in half precision"}
FAMILIES = ["cnn", "rnn", "transformer"]
CLOCKS = {"time", "seconds", "started", "wall_seconds", "train_seconds", "examples_per_second", "first_step_at"}
MEASURES = {"peak_memory_mb", "latency_ms"}


class Crash(Exception):
    """Stands for a kill: nothing after it runs."""


def crash():
    raise Crash


def signal_itself():
    os.kill(os.getpid(), signal.SIGTERM)


def settings(run, *overrides):
    words = ["trainer.max_epochs=2", "trainer.accelerator=cpu", "trainer.select=last", *RUNS[run], *overrides]
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True))


@contextmanager
def at_step(step, action, hook="_seed_step"):
    """Does something once: within the optimizer step of this number, or in the validation after so many."""
    original, done = getattr(TrainingModule, hook), []

    def watched(self, *arguments):
        value = original(self, *arguments)
        if self.global_step == step and not done:
            done.append(step)
            action()
        return value

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingModule, hook, watched)
        yield
    assert done, f"step {step} was never taken"


def outcome(folder):
    """All that must be equal: the last weights, the records and the result, but for clocks."""
    result = read_json(folder / "result.json")
    records = [{k: v for k, v in record.items() if k not in CLOCKS} for record in read_log(folder / "metrics.jsonl")]
    kept = {k: v for k, v in result.items() if k not in CLOCKS | MEASURES}
    return load_file(folder / "weights.safetensors"), records, kept


def assert_same(folder, whole):
    (weights, records, result), (own_weights, own_records, own_result) = outcome(whole), outcome(folder)
    assert own_records == records
    assert own_result == result
    assert own_weights.keys() == weights.keys()
    assert all(torch.equal(own_weights[name], tensor) for name, tensor in weights.items())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of a run that nothing stopped, and its number of steps."""
    folders = {}

    def get(run, *overrides):
        key = (run, *overrides)
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp("whole")
            run_trial(Training(settings(run, *overrides), folders[key]), label=LABEL)
        return folders[key], read_log(folders[key] / "metrics.jsonl")[-1]["step"]

    return get


@pytest.mark.parametrize("run", [pytest.param(run, marks=pytest.mark.slow) if run in SLOW else run for run in RUNS])
def test_a_trial_stopped_many_times_ends_like_an_undisturbed_one(tmp_path, undisturbed, run):
    whole, steps = undisturbed(run)
    config = settings(run)
    stops = [2, steps // 2 - 1, steps // 2 + 5, steps - 1]
    if run.endswith("half precision"):  # a processor's is slow, and a resume point holds nothing more for it
        stops = stops[2:3]
    for step in stops:
        with at_step(step, signal_itself), pytest.raises(Interrupted) as stopped:
            run_trial(Training(config, tmp_path), label=LABEL)
        assert stopped.value.step == step + 1
        assert not (tmp_path / "result.json").exists()
    run_trial(Training(config, tmp_path), label=LABEL)
    assert_same(tmp_path, whole)
    assert not list(tmp_path.glob("*.ckpt"))


@pytest.mark.parametrize("run", ["cnn", "language model"])
def test_a_crashed_trial_goes_on_from_its_last_resume_point(tmp_path, undisturbed, run):
    whole, steps = undisturbed(run)
    config = settings(run, "trainer.checkpoint_every_s=0")
    for step in (1, steps // 2, steps - 2):
        with at_step(step, crash), pytest.raises(Crash):
            run_trial(Training(config, tmp_path), label=LABEL)
    run_trial(Training(config, tmp_path), label=LABEL)
    assert_same(tmp_path, whole)


def test_a_damaged_resume_point_gives_way_to_the_one_before(tmp_path, undisturbed):
    whole, steps = undisturbed("cnn")
    config = settings("cnn", "trainer.checkpoint_every_s=0")
    with at_step(steps - 2, crash), pytest.raises(Crash):
        run_trial(Training(config, tmp_path), label=LABEL)
    (tmp_path / "last.ckpt").write_bytes(b"")
    said = []
    run_trial(Training(config, tmp_path, say=said.append), label=LABEL)
    assert "last.ckpt" in said[0]
    assert "truncated" in said[0]
    assert_same(tmp_path, whole)


@pytest.mark.parametrize("step", ["middle", "end"])
def test_a_signal_in_a_validation_is_answered_after_it(tmp_path, undisturbed, step):
    whole, steps = undisturbed("cnn")
    with (
        at_step(steps // 2 if step == "middle" else steps, signal_itself, "validation_step"),
        pytest.raises(Interrupted),
    ):
        run_trial(Training(settings("cnn"), tmp_path), label=LABEL)
    assert len(read_log(tmp_path / "metrics.jsonl")) == (2 if step == "middle" else 4)
    run_trial(Training(settings("cnn"), tmp_path), label=LABEL)
    assert_same(tmp_path, whole)


@pytest.mark.parametrize("hook", ["_seed_step", "validation_step"])
def test_a_run_with_a_limit_of_examples_ends_at_the_limit_after_a_stop_too(tmp_path, undisturbed, hook):
    limit = "trainer.max_examples=2000"
    whole, steps = undisturbed("cnn", limit)
    with at_step(steps if hook == "validation_step" else steps - 1, signal_itself, hook), pytest.raises(Interrupted):
        run_trial(Training(settings("cnn", limit), tmp_path), label=LABEL)
    run_trial(Training(settings("cnn", limit), tmp_path), label=LABEL)
    assert_same(tmp_path, whole)


@pytest.mark.parametrize("overrides", [("trainer.val_every=2",), ("trainer.steps_per_call=1",)])
def test_metrics_gathered_before_a_stop_are_not_lost(tmp_path, undisturbed, overrides):
    whole, steps = undisturbed("cnn", *overrides)
    for step in (3, steps - 3):
        with at_step(step, signal_itself), pytest.raises(Interrupted):
            run_trial(Training(settings("cnn", *overrides), tmp_path), label=LABEL)
    run_trial(Training(settings("cnn", *overrides), tmp_path), label=LABEL)
    assert_same(tmp_path, whole)


def test_steps_are_the_same_however_many_make_a_call(tmp_path, undisturbed):
    whole, _ = undisturbed("transformer")
    run_trial(Training(settings("transformer", "trainer.steps_per_call=3"), tmp_path), label=LABEL)
    (weights, *_), (own_weights, *_) = outcome(whole), outcome(tmp_path)
    assert all(torch.equal(own_weights[name], tensor) for name, tensor in weights.items())


def test_streams_carry_their_state_over_a_stop(tmp_path, undisturbed, monkeypatch):
    """A check of the checks: with a state that is lost, the end is another one."""
    whole, steps = undisturbed("language model")
    with at_step(steps // 2 + 5, signal_itself), pytest.raises(Interrupted):
        run_trial(Training(settings("language model"), tmp_path), label=LABEL)
    monkeypatch.setattr(StreamPass, "restore", lambda self, state: None)
    run_trial(Training(settings("language model"), tmp_path), label=LABEL)
    with pytest.raises(AssertionError):
        assert_same(tmp_path, whole)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", [signal_itself, crash])
@pytest.mark.parametrize("run", FAMILIES)
def test_stopped_at_twenty_random_steps_each_end_is_the_undisturbed_one(tmp_path, undisturbed, run, how):
    whole, steps = undisturbed(run)
    for step in random.Random(f"{run} {how.__name__}").sample(range(steps), min(20, steps)):
        folder = tmp_path / str(step)
        config = settings(run, "trainer.checkpoint_every_s=0")
        with at_step(step, how), pytest.raises((Interrupted, Crash)):
            run_trial(Training(config, folder), label=LABEL)
        run_trial(Training(config, folder), label=LABEL)
        assert_same(folder, whole)
