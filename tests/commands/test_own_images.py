"""A user's own pictures: trained, evaluated and used for prediction without touching code."""

import contextlib
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, Image
from PIL import Image as Picture

from bakeoff.config.running import run_pipeline

SMALL = ["model=lenet", "trainer.max_epochs=15", "trainer.accelerator=cpu", "optimizer.lr=3e-3", "tracking=none"]


def picture(kind, index):
    """12 x 12, gray: a bright left half (``left``) or right half (``right``) on noise."""
    random = np.random.default_rng([kind == "left", index])
    pixels = random.integers(0, 80, (12, 12), dtype=np.uint8)
    pixels[:, :6] += np.uint8(120 if kind == "left" else 0)
    pixels[:, 6:] += np.uint8(0 if kind == "left" else 120)
    return Picture.fromarray(pixels)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def image_folder(root):
    for kind in ("left", "right"):
        (root / kind).mkdir(parents=True)
        for index in range(60):
            picture(kind, index).save(root / kind / f"{index}.png")
    return ["data=image_folder", f"data.path={root}"]


def parquet(root):
    root.mkdir()
    kinds = ["left", "right"] * 60
    features = Features({"picture": Image(), "side": ClassLabel(names=["left", "right"])})
    rows = {"picture": [picture(kind, index) for index, kind in enumerate(kinds)], "side": kinds}
    Dataset.from_dict(rows, features=features).to_parquet(root / "sides.parquet")
    return ["data=hf", f"data.path={root / 'sides.parquet'}", "data.name=sides"]


@pytest.mark.parametrize("make", [image_folder, pytest.param(parquet, marks=pytest.mark.slow)])
def test_train_evaluate_and_predict(folder, capsys, make):
    data = make(folder / "own")
    run_pipeline("train", argv=[*data, *SMALL, "output_dir=run"])
    trained = dict(line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("test/"))
    assert float(trained["test/accuracy"]) > 0.9

    run_pipeline("evaluate", argv=["run=run"])
    evaluated = dict(line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("test/"))
    assert evaluated == {name: value for name, value in trained.items() if name in evaluated}
    assert "test/accuracy" in evaluated

    new = folder / "new"
    new.mkdir()
    for index, kind in enumerate(["left", "right", "right"]):
        picture(kind, 1000 + index).resize((24, 24)).convert("RGB").save(new / f"{index}.png")
    run_pipeline("predict", argv=["run=run", f"input={new}", "output=answers.csv"])
    table = pd.read_csv("answers.csv")
    assert table["prediction"].tolist() == ["left", "right", "right"]
    assert np.allclose(table["p(left)"] + table["p(right)"], 1.0)
    assert table["file"].str.endswith(("0.png", "1.png", "2.png")).all()


ON_DIGITS = ["data=digits", "model=linear", "trainer.max_epochs=1", "trainer.accelerator=cpu", "output_dir=run"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run, and what was said while it trained."""
    folder = tmp_path_factory.mktemp("trained")
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as said:
        run_pipeline("train", argv=[*ON_DIGITS, "tracking=none"])
    return folder / "run", said.getvalue()


@pytest.fixture
def run(folder, trained):
    """A copy of it in the current folder."""
    return shutil.copytree(trained[0], folder / "run")


def test_a_run_says_the_same_in_its_result_and_on_the_console(trained):
    run, said = trained
    printed = dict(line.split() for line in said.splitlines() if line.startswith("test/"))
    result = json.loads((run / "result.json").read_text())
    assert printed == {f"test/{name}": f"{value:.4f}" for name, value in result["test"].items()}


def test_the_same_command_again_trains_nothing(run, capsys):
    written = (run / "result.json").stat().st_mtime_ns
    run_pipeline("train", argv=[*ON_DIGITS, "tracking=none"])
    assert "finished before" in capsys.readouterr().out
    assert (run / "result.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("truncate", "checkpoint.changed"),
        ("foreign_target", "checkpoint.mismatch"),
        ("unfinished", "checkpoint.unfinished"),
    ],
)
def test_a_run_that_is_not_to_be_trusted_is_refused_with_exit_5(run, capsys, damage, code):
    if damage == "truncate":
        weights = run / "weights.safetensors"
        weights.write_bytes(weights.read_bytes()[:20])
    elif damage == "unfinished":
        (run / "result.json").unlink()
    else:
        config = json.loads((run / "config.json").read_text())
        config["model"]["net"]["_target_"] = "torch.nn.Linear"
        (run / "config.json").write_text(json.dumps(config))
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        run_pipeline("evaluate", argv=[f"run={run}"])
    assert stop.value.code == 5
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"error[{code}]")
    assert "\n" not in error


@pytest.mark.slow  # `tests/tracking/test_follower.py` sees that it fails nothing
def test_a_tracker_that_is_away_costs_nothing_but_exit_7(folder, capsys):
    with pytest.raises(SystemExit) as stop:
        run_pipeline("train", argv=[*ON_DIGITS, "tracking.uri=http://127.0.0.1:9"])
    assert stop.value.code == 7
    assert "error[tracking.not_synced]" in capsys.readouterr().err
    assert json.loads((folder / "run" / "result.json").read_text())["status"] == "finished"
    run_pipeline("train", argv=ON_DIGITS)
    assert "finished before" in capsys.readouterr().out
    assert (folder / "run" / "mlflow.db").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_training(folder, capsys):
    (folder / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        run_pipeline("train", argv=["data=digits", "model=linear", "output_dir=file/run"])
    assert stop.value.code == 4
    assert capsys.readouterr().err.startswith("error[env.not_writable] output_dir=file/run")


def test_pictures_unlike_those_of_training_are_told_and_others_are_not(folder, capsys):
    data = image_folder(folder / "own")
    run_pipeline("train", argv=[*data, *SMALL, "output_dir=run"])
    for name, kinds in (("alike", ["left", "right"] * 12), ("unlike", ["left"] * 24)):
        (folder / name).mkdir()
        for index, kind in enumerate(kinds):
            picture(kind, 2000 + index).save(folder / name / f"{index}.png")
        capsys.readouterr()
        run_pipeline("predict", argv=["run=run", f"input={folder / name}", "output=answers.csv"])
        told = capsys.readouterr().out
        assert ("[data.drift]" in told) == (name == "unlike"), told
    assert "these 24 inputs are answered otherwise than the" in told
