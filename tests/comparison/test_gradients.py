"""Gradient flow of models by name, and of finished runs before and after training."""

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.measuring.gradients import of_contenders, of_runs, runs_of_bakeoff
from bakeoff.config.composition import Composer
from bakeoff.errors import ConfigError
from bakeoff.files import read_json, write_json
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial

SETTINGS = {"lengths": [4, 12], "batch_size": 2, "seed": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One epoch of a tiny GRU on a few texts."""
    folder = tmp_path_factory.mktemp("gradients")
    rows = "\n".join(f"{'good' if k % 2 else 'bad'} number {k},{k % 2}" for k in range(40))
    (folder / "texts.csv").write_text(f"text,label\n{rows}\n")
    overrides = [
        "task=text_classification",
        "data=csv",
        f"data.file={folder / 'texts.csv'}",
        "model=gru",
        "model.net.width=8",
        "model.net.depth=1",
        "trainer.max_epochs=1",
        "trainer.accelerator=cpu",
    ]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", overrides).cfg, resolve=True))
    run_trial(Training(config, folder / "run"), label=TrialLabel("t0", "gru"))
    return folder / "run"


def test_every_contender_has_a_curve_a_length():
    entries = [{"model": "rnn", "width": 8}, {"model": "tcn", "width": 8, "levels": 2, "name": "short"}]
    found = of_contenders(entries, **SETTINGS)
    assert [entry["name"] for entry in found] == ["rnn (width=8)", "short"]
    assert {entry["state"] for entry in found} == {"initial"}
    assert [len(curve["by_distance"]) for entry in found for curve in entry["curves"]] == [4, 12, 4, 12]


def test_the_same_seed_gives_the_same_figures():
    assert of_contenders([{"model": "gru", "width": 8}], **SETTINGS) == of_contenders(
        [{"model": "gru", "width": 8}], **SETTINGS
    )


def test_a_model_of_images_is_refused():
    with pytest.raises(ConfigError, match="lenet is no sequence model"):
        of_contenders(["lenet"], **SETTINGS)


def test_a_run_is_looked_at_before_and_after_training(trained):
    before, after = of_runs({"gru": trained}, **SETTINGS)
    assert (before["state"], after["state"]) == ("initial", "trained")
    assert before["curves"] != after["curves"]
    assert all(norm > 0 for norm in after["curves"][1]["by_distance"])


def test_a_bakeoff_gives_the_first_finished_trial_of_each_contender(trained, tmp_path):
    config = read_json(trained / "config.json")
    contenders = [
        {"name": "gru", "role": "contender", "trials": ["a", "b"], "config": config},
        {"name": "rnn", "role": "baseline", "trials": ["c"], "config": config},
    ]
    write_json(tmp_path / "plan.json", {"contenders": contenders})
    with pytest.raises(ConfigError, match="no contender of this bakeoff has a finished trial"):
        runs_of_bakeoff(tmp_path)
    for trial in ("b", "c"):
        write_json(tmp_path / "trials" / trial / "result.json", {})
        (tmp_path / "trials" / trial / "weights.safetensors").touch()
    assert runs_of_bakeoff(tmp_path) == {"gru": tmp_path / "trials" / "b"}
