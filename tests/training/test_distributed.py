"""Several processes train as one does: the same steps on unequal shares of each batch, one voice, one error."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

from bakeoff.config.composition import Composer
from bakeoff.errors import DataError, EnvironmentFault
from bakeoff.files import read_json
from bakeoff.tables import column
from bakeoff.training.devices.rank_processes import run_on_devices
from bakeoff.training.loop.interruption import Interruption
from bakeoff.training.loop.metric_log import read_log
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.predictions import sealed_answers
from bakeoff.training.trial.run import TrialLabel, run_trial
from tests.training import forked_ranks
from tests.training.forked_ranks import run_forked

LABEL = TrialLabel("t0", "m")
ROOT = Path(__file__).parents[2]
IMAGES = ["model=lenet", "trainer.max_epochs=2", "data.split.val=0.301"]
PIECE_SIZES = ["data.block_bytes=1024", "data.sequence_length=16"]
STREAMS = ["task=language_modeling", "data=stdlib", "data.part=docstrings", "data.max_bytes=60000", *PIECE_SIZES]
PAIRS = ["task=translation", "data=number_words", "data.high=1000", "data.count=200", "data.split.val=37"]
SMALL = ["model.net.width=8", "model.net.dropout=0"]
CASES = {
    "images": ([*IMAGES], 12),
    "streams with carried state": ([*STREAMS, *SMALL, "model=lstm", "trainer.max_examples=160"], 4),
    "pairs of unequal lengths": ([*PAIRS, *SMALL, "model=gru", "data.split.test=30", "trainer.max_epochs=1"], 17),
}


def config(*overrides):
    composed = Composer().compose("train", ["trainer.accelerator=cpu", *overrides]).cfg
    return TrialConfig.of(OmegaConf.to_container(composed, resolve=True))


def without_clocks(records):
    return [{name: value for name, value in record.items() if name not in ("time", "seconds")} for record in records]


@pytest.fixture(scope="module")
def pairs_of_runs(tmp_path_factory):
    """Each case by one process at twice the batch, and by two; made when first asked for."""
    made = {}

    def run(case):
        if case not in made:
            overrides, batch = CASES[case]
            folder = tmp_path_factory.mktemp("runs")
            run_trial(Training(config(*overrides, f"data.batch_size={2 * batch}"), folder / "one"), label=LABEL)
            two = config(*overrides, f"data.batch_size={batch}", "trainer.devices=2")
            run_trial(Training(two, folder / "two"), label=LABEL, own_process=True)
            made[case] = folder / "one", folder / "two"
        return made[case]

    return run


@pytest.mark.parametrize("case", CASES)
def test_two_processes_take_the_steps_that_one_takes_at_twice_the_batch(pairs_of_runs, case):
    one, two = (without_clocks(read_log(folder / "metrics.jsonl")) for folder in pairs_of_runs(case))
    assert len(one) == len(two)
    for expected, found in zip(one, two, strict=True):
        assert found.keys() == expected.keys()
        assert found["examples_seen"] == expected["examples_seen"]
        for name in expected.keys() - {"kind", "flops"}:  # smaller batches of texts have less padding to count
            assert found[name] == pytest.approx(expected[name], rel=1e-5, abs=1e-5), name


@pytest.mark.parametrize("case", CASES)
def test_metrics_of_unequal_shares_are_those_that_one_process_finds_for_the_same_weights(pairs_of_runs, case):
    _, folder = pairs_of_runs(case)
    result = read_json(folder / "result.json")  # found by one process, after training
    (together,) = [
        record
        for record in read_log(folder / "metrics.jsonl")
        if record["kind"] == "val" and record["epoch"] == result["selected_epoch"]
    ]
    for name, value in result["validation"].items():
        assert together[f"val/{name}"] == pytest.approx(value, rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("case", CASES)
def test_all_test_predictions_are_there_in_order(pairs_of_runs, case):
    found = []
    for folder in pairs_of_runs(case):
        table = sealed_answers(folder, read_json(folder / "result.json"))
        found.append({name: column(table, name) for name in table.column_names})
    one, two = found
    assert one.keys() == two.keys()
    for name, values in one.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(two[name], values, rtol=1e-4, atol=1e-5)
        else:
            assert two[name].tolist() == values.tolist()


def test_the_shares_were_unequal(pairs_of_runs):
    assert read_json(pairs_of_runs("images")[1] / "spec.json")["num_train"] % 24 % 2 == 1
    assert read_json(pairs_of_runs("images")[1] / "spec.json")["num_val"] % 2 == 1
    assert read_json(pairs_of_runs("pairs of unequal lengths")[1] / "result.json")["examples_seen"] % 2 == 1


def test_only_one_process_writes(pairs_of_runs):
    one, two = pairs_of_runs("images")
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in two.iterdir())
    assert len(read_log(two / "metrics.jsonl")) == 4


def test_a_fresh_tree_takes_no_rank_from_the_program_that_starts_it(monkeypatch):
    stale = {"RANK": "3", "LOCAL_RANK": "3", "WORLD_SIZE": "7", "NODE_RANK": "2", "MASTER_ADDR": "10.0.0.1"}
    for name, value in {**stale, "TORCHELASTIC_USE_AGENT_STORE": "True", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    answer = run_on_devices(forked_ranks.tell, {"word": "hello"}, num_ranks=2, interruption=Interruption())
    assert [one["rank"] for one in answer["told"]] == [0, 1]
    assert {one["world"] for one in answer["told"]} == {2}
    assert len({one["parent"] for one in answer["told"]} - {os.getpid()}) == 1
    assert answer["environment"]["WORLD_SIZE"] == "2"
    assert answer["environment"]["MASTER_ADDR"] == "127.0.0.1"
    assert answer["environment"]["NODE_RANK"] is None
    assert answer["environment"]["TORCHELASTIC_USE_AGENT_STORE"] is None
    assert answer["word"] == "hello"


def test_an_error_of_one_process_ends_all_and_is_the_one_that_is_told():
    with pytest.raises(DataError, match=r"data\.missing") as raised:
        run_forked(forked_ranks.fail_on_the_second, num_ranks=2)
    assert raised.value.key == "data.file"


def test_a_killed_process_ends_all():
    with pytest.raises(EnvironmentFault, match=r"env\.rank_died.*exit code -9"):
        run_forked(forked_ranks.die_on_the_second, num_ranks=2)


def test_processes_that_see_other_data_do_not_train_together():
    with pytest.raises(EnvironmentFault, match="not the same data: fingerprint 0 on rank 0, fingerprint 1 on rank 1"):
        run_forked(forked_ranks.differ, num_ranks=2)


def test_a_network_cut_in_parts_trains_as_a_whole_one_and_is_saved_as_one(tmp_path):
    small = ["model=vit", *SMALL, "model.net.depth=2", "trainer.max_epochs=2", "trainer.max_examples=400"]
    for strategy in ("ddp", "fsdp"):
        words = [*small, "trainer.devices=2", f"trainer.strategy={strategy}"]
        run_trial(Training(config(*words), tmp_path / strategy), label=LABEL, own_process=True)
    expected, found = (load_file(tmp_path / name / "weights.safetensors") for name in ("ddp", "fsdp"))
    assert found.keys() == expected.keys()
    losses = [read_log(tmp_path / name / "metrics.jsonl")[0]["train/loss"] for name in ("ddp", "fsdp")]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert all(torch.allclose(found[name], tensor, atol=1e-4) for name, tensor in expected.items())


class Stopped(Exception):
    """Stands for a kill of all processes: nothing after it runs."""


@pytest.mark.parametrize(
    ("task", "strategy"),
    [
        ("streams", "ddp"),
        pytest.param("images", "ddp", marks=pytest.mark.slow),
        pytest.param("images", "fsdp", marks=pytest.mark.slow),
        pytest.param("streams", "fsdp", marks=pytest.mark.slow),
    ],
)
def test_several_processes_resume_in_mid_epoch_as_if_nothing_had_happened(tmp_path, monkeypatch, task, strategy):
    words = ["trainer.devices=2", f"trainer.strategy={strategy}", "trainer.checkpoint_every_s=0"]
    words += ["trainer.steps_per_call=2", "trainer.max_epochs=2", "data.batch_size=8", "trainer.max_examples=400"]
    words += ["model=lenet", "augment=light"] if task == "images" else [*STREAMS, *SMALL, "model=lstm"]
    run_trial(Training(config(*words), tmp_path / "whole"), label=LABEL, own_process=True)
    original = TrainingModule.training_step

    def stops(self, batches, batch_index):
        if self.global_step == 6:
            raise Stopped
        original(self, batches, batch_index)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingModule, "training_step", stops)
        with pytest.raises(Stopped):
            run_trial(Training(config(*words), tmp_path / "broken"), label=LABEL, own_process=True)
    assert (tmp_path / "broken" / "last.ckpt").exists()
    run_trial(Training(config(*words), tmp_path / "broken"), label=LABEL, own_process=True)
    whole, broken = (without_clocks(read_log(tmp_path / name / "metrics.jsonl")) for name in ("whole", "broken"))
    # The mean training loss adds what the processes gathered up to the stop in another order: the last digit.
    losses = [[line.pop("train/loss", 0.0) for line in log] for log in (whole, broken)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
    assert broken == whole
    weights = [load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "broken")]
    assert all(torch.equal(weights[1][name], tensor) for name, tensor in weights[0].items())


# Slow proofs ------------------------------------------------------------------------------------------------------


def train(words, folder, *, launcher=(), timeout=900):
    command = [sys.executable, *launcher, str(ROOT / "pipelines" / "train.py"), *words, "trainer.accelerator=cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout)


def torchrun(*flags):
    return ["-m", "torch.distributed.run", "--nproc-per-node", "2", *flags]


def one_at_twice_the_batch(words, folder):
    return run_trial(Training(config(*words), folder), label=LABEL)


@pytest.mark.slow
def test_under_torchrun_the_first_process_speaks(tmp_path):
    words = ["model=lenet", "trainer.max_epochs=1", "tracking=none", "output_dir=out"]
    done = train([*words, "trainer=ddp", "data.batch_size=16"], tmp_path, launcher=torchrun("--standalone"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("test/accuracy") == 1
    found = read_json(tmp_path / "out" / "result.json")
    one = one_at_twice_the_batch(["model=lenet", "trainer.max_epochs=1", "data.batch_size=32"], tmp_path / "one")
    assert found["validation"] == pytest.approx(one["validation"], abs=1e-5)


@pytest.mark.slow
def test_two_nodes_train_together(tmp_path):
    words = ["model=lenet", "trainer.max_epochs=1", "tracking=none", "output_dir=out", "trainer=ddp"]
    words += ["trainer.devices=1", "trainer.num_nodes=2", "data.batch_size=16", "trainer.accelerator=cpu"]
    rendezvous = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:29533", "--rdzv-id", "two"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1", *rendezvous]
    nodes = [
        subprocess.Popen(
            [*command, "--local-addr", "127.0.0.1", str(ROOT / "pipelines" / "train.py"), *words],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [node.communicate(timeout=900) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], said
    assert sum(out.count("test/accuracy") for out, _ in said) == 1
    found = read_json(tmp_path / "out" / "result.json")
    one = one_at_twice_the_batch(["model=lenet", "trainer.max_epochs=1", "data.batch_size=32"], tmp_path / "one")
    assert found["validation"] == pytest.approx(one["validation"], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [[], ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]])
def test_jobs_of_a_multirun_on_several_devices_run_once_each(tmp_path, launcher):
    words = ["-m", *launcher, "model=linear", "trainer.max_epochs=1", "trainer.devices=1,2", "seed=0,1"]
    done = train([*words, "tracking=none", "output_dir=out"], tmp_path)
    assert done.returncode == 0, done.stderr
    results = [json.loads(path.read_text()) for path in tmp_path.glob("out/*/result.json")]
    assert [result["status"] for result in results] == ["finished"] * 4
    # one device leaves the epoch's odd example out; two see each example of the same epoch once between them
    assert len({result["examples_seen"] for result in results}) == 1
    assert done.stdout.count("test/accuracy") == 4


@pytest.mark.slow
def test_sigterm_saves_and_the_same_command_goes_on(tmp_path):
    words = ["model=lenet", "trainer.max_epochs=60", "trainer=ddp", "trainer.accelerator=cpu", "tracking=none"]
    command = [sys.executable, str(ROOT / "pipelines" / "train.py"), *words, "output_dir=out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    log = tmp_path / "out" / "metrics.jsonl"
    deadline = time.monotonic() + 600
    while len(read_log(log)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=300)
    assert run.returncode == 143, said
    assert said.count("the same command goes on from there") == 1
    assert (tmp_path / "out" / "last.ckpt").exists()
    before = len(read_log(log))
    done = train([*words, "trainer.max_epochs=60", "output_dir=out"], tmp_path)
    assert done.returncode == 0, done.stderr
    steps = [record["step"] for record in read_log(log) if record["kind"] == "train"]
    assert before >= 4
    assert steps == sorted(set(steps))
    assert len(steps) == 60


@pytest.mark.slow
def test_a_compiled_network_trains_alike(tmp_path):
    small = ["model=lenet", "trainer.max_epochs=1"]
    plain = run_trial(Training(config(*small), tmp_path / "plain"), label=LABEL)
    compiled = run_trial(Training(config(*small, "trainer.compile=true"), tmp_path / "compiled"), label=LABEL)
    assert compiled["validation"]["loss"] == pytest.approx(plain["validation"]["loss"], rel=1e-3)
    weights = [load_file(tmp_path / name / "weights.safetensors") for name in ("plain", "compiled")]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.isfinite(tensor).all() for tensor in weights[1].values())
