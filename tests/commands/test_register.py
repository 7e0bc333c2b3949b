"""``bakeoff register`` makes a version that MLflow lists, describes, gives back and runs, without any pickle."""

import hashlib
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from omegaconf import OmegaConf

from bakeoff.commands.register import run
from bakeoff.config.composition import Composer
from bakeoff.errors import ConfigError
from bakeoff.files import read_json, write_json
from bakeoff.tracking.settings import Tracking
from bakeoff.tracking.watch import Watch
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
from bakeoff.training.trial.saved_run import load_run
from tests.tracking.folders import PLAN


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two tiny trials of one contender; the second one is better on validation."""
    words = ["data=digits", "model=lenet", "trainer.max_epochs=1", "trainer.accelerator=cpu"]
    config = OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True)
    folder = tmp_path_factory.mktemp("trained")
    for seed in (0, 1):
        label = TrialLabel(f"{seed:012x}", "lenet", "contender", "b0")
        trial = folder / label.trial_id
        run_trial(Training(TrialConfig.of({**config, "seed": seed}), trial), label=label)
        result = read_json(trial / "result.json")
        write_json(trial / "result.json", result | {"validation": {"accuracy": 0.5 + seed / 10}})
        write_json(trial / "test_metrics.json", {"accuracy": 0.4 + seed / 10})
    return folder


@pytest.fixture
def bakeoff(trained, tmp_path, store_uri):
    """A bakeoff with a winner whose two trials these are."""
    folder = tmp_path / "bakeoff"
    (folder / "trials").mkdir(parents=True)
    trials = sorted(path.name for path in trained.iterdir())
    for name in trials:
        (folder / "trials" / name).mkdir()
        for file in (trained / name).iterdir():
            (folder / "trials" / name / file.name).write_bytes(file.read_bytes())
    entry = {"name": "lenet", "trials": trials}
    write_json(folder / "plan.json", PLAN | {"contenders": [entry], "command": "bakeoff compare data.token=hunter2"})
    verdict = {"verdict": "WINS", "winner": "lenet", "sentence": "lenet wins.", "leaderboard": []}
    write_json(folder / "verdict.json", verdict)
    (folder / "report.html").write_text("<html></html>")
    Watch.of("bakeoff", folder, tracking=Tracking(uri=store_uri), root=tmp_path, experiment="e").remember()
    return folder


def test_the_winner_is_listed_with_its_signature_comes_back_equal_and_answers(bakeoff, store_uri, tmp_path, capsys):
    run([str(bakeoff)])
    run([str(bakeoff)])
    said = capsys.readouterr().out
    assert "registered: image_classification-digits-lenet version 1" in said
    assert "registered before: image_classification-digits-lenet version 1" in said
    client = MlflowClient(store_uri)
    (version,) = client.search_model_versions()
    best = bakeoff / "trials" / f"{1:012x}"
    assert client.get_run(version.run_id).data.tags["trial_id"] == best.name, "the best one on validation"
    assert version.tags["test.accuracy"] == "0.5"
    mlflow.set_tracking_uri(store_uri)
    address = f"models:/{version.name}/{version.version}"
    signature = mlflow.models.get_model_info(address).signature
    assert [spec.shape for spec in signature.inputs] == [(-1, 1, 8, 8)]
    assert [(spec.name, spec.shape) for spec in signature.outputs] == [("outputs", (-1, 10))]
    back = Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=str(tmp_path / "back")))
    for name in ("weights.safetensors", "config.json", "spec.json"):
        assert digest(back / name) == digest(best / name)
    images = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    answers = mlflow.pyfunc.load_model(address).predict(images)
    with torch.inference_mode():
        own = load_run(best).module()(torch.from_numpy(images))
    np.testing.assert_array_equal(answers["outputs"], own.numpy())


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_card_tells_data_values_command_use_and_limits_and_no_secret(bakeoff, store_uri):
    run([str(bakeoff), "--name", "reader"])
    (version,) = MlflowClient(store_uri).search_model_versions("name = 'reader'")
    card = version.description
    for words in ("lenet wins.", "digits: ", "| accuracy | 0.6000 | 0.5000 |", "bakeoff compare", "## Limits"):
        assert words in card
    assert "hunter2" not in card


def test_a_name_may_hold_quotes(bakeoff, store_uri, capsys):
    name = """Ada's "best" = 1"""
    run([str(bakeoff), "--name", name])
    run([str(bakeoff), "--name", name])
    said = capsys.readouterr().out
    assert f"registered: {name} version 1" in said
    assert f"registered before: {name} version 1" in said
    assert [(found.name, found.version) for found in MlflowClient(store_uri).search_model_versions()] == [(name, 1)]


def test_a_bakeoff_without_a_winner_asks_for_a_name(bakeoff, store_uri):
    write_json(bakeoff / "verdict.json", read_json(bakeoff / "verdict.json") | {"verdict": "UNDECIDED", "winner": None})
    with pytest.raises(ConfigError, match="no winner: the verdict is UNDECIDED"):
        run([str(bakeoff)])
    run([str(bakeoff), "--contender", "lenet"])
    assert len(MlflowClient(store_uri).search_model_versions()) == 1


def test_a_run_that_was_never_tracked_needs_a_tracker(trained, store_uri, tmp_path):
    folder = tmp_path / "alone"
    folder.mkdir()
    for file in (trained / f"{0:012x}").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ConfigError, match="untracked"):
        run([str(folder)])
    run([str(folder), "--uri", store_uri])
    assert len(MlflowClient(store_uri).search_model_versions()) == 1
