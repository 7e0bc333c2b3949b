"""Finding the run that a path names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.config.running import run_pipeline
from bakeoff.errors import CheckpointError, ConfigError
from bakeoff.training.trial.saved_run import find_run, load_run


def write_run(folder: Path, **about: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(about))
    return folder


def test_runs_to_choose_from_are_told_apart_by_contender_and_seed(tmp_path: Path) -> None:
    for number, (contender, seed) in enumerate([("vit", 1), ("gru", 1), ("gru", 0), ("vit", 0)]):
        write_run(tmp_path / f"t{number}", contender=contender, seed=seed)
    with pytest.raises(ConfigError, match=r"config.several_runs\] run=.*: it holds 4 runs; name one") as caught:
        find_run(tmp_path)
    assert caught.value.allowed == ", ".join(
        f"{tmp_path}/{run}" for run in ("t2 (gru, seed 0)", "t3 (vit, seed 0)", "t1 (gru, seed 1)", "t0 (vit, seed 1)")
    )


def test_of_many_runs_some_are_listed_also_without_their_names(tmp_path: Path) -> None:
    for number in range(9):
        write_run(tmp_path / f"t{number}")
    with pytest.raises(ConfigError) as caught:
        find_run(tmp_path)
    assert caught.value.allowed.startswith(f"{tmp_path}/t0, ")
    assert caught.value.allowed.endswith("t5, ...")


def test_a_lone_run_is_found_below_a_folder_once_it_has_finished(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a" / "b", contender="gru", seed=0)
    with pytest.raises(CheckpointError, match=r"checkpoint\.unfinished"):
        find_run(tmp_path)
    (run / "result.json").write_text("{}")
    assert find_run(tmp_path) == find_run(run) == run


def test_a_run_finds_its_own_data_again_where_a_setting_of_a_part_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = [
        "data.num_train=32",
        "data.num_val=16",
        "data.num_test=16",
        "data.problem.length=12",
        "trainer.max_epochs=1",
    ]
    words = ["task=sequence_probe", "data=adding", "model=gru", "model.net.width=4", *small, "tracking=none"]
    run_pipeline("train", argv=[*words, "task.metric=mse", "task.direction=minimize", "output_dir=run"])
    saved = load_run("run")
    assert saved.data({}).fingerprint == saved.result["data_fingerprint"]
    assert saved.data({"problem.length": 20}).fingerprint != saved.result["data_fingerprint"]


@pytest.mark.parametrize(("model", "file"), [("linear", "weights.safetensors"), ("tfidf", "tfidf.safetensors")])
def test_a_model_of_which_a_bit_has_changed_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{'a lovely' if n % 2 else 'an awful'} day {n},{'good' if n % 2 else 'bad'}" for n in range(40)]
    (tmp_path / "days.csv").write_text("\n".join(["text,label", *rows]))
    texts = ["task=text_classification", "data=csv", "data.file=days.csv"] if model == "tfidf" else ["data=digits"]
    run_pipeline("train", argv=[*texts, f"model={model}", "trainer.max_epochs=1", "tracking=none", "output_dir=run"])
    load_run("run")
    (path,) = Path("run").glob(f"**/{file}")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"checkpoint\.changed.*{file} is not what the trial wrote"):
        load_run("run")
