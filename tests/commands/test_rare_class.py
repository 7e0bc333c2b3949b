"""A class that one row in thirty has: trained with weights, decided by a threshold from validation, judged by ranks."""

import json

import pandas as pd
import pytest

from bakeoff.config.running import run_pipeline
from tests.commands.rare_files import write_claims, write_cracks


def test_the_threshold_of_validation_is_kept_and_applied_to_the_test_and_by_predict(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_claims(tmp_path / "claims.csv", rows=900, every=10)
    data = ["task=text_classification", "data=csv", "data.file=claims.csv", "tracking=none"]
    for model, more in (("tfidf", []), ("text_cnn", ["model.net.width=8", "trainer.max_epochs=1"])):
        settings = ["task.module.threshold=f1", "task.module.class_weights=balanced", "task.metric=f1", *more]
        run_pipeline("train", argv=[f"model={model}", *data, *settings, f"output_dir={model}"])
        result = json.loads((tmp_path / model / "result.json").read_text())
        threshold = result["settled"]["threshold"]["fraud"]
        assert 0 < threshold < 1
        run_pipeline("evaluate", argv=[f"run={model}", "output_dir=again"])
        again = json.loads((tmp_path / "again" / "evaluation.json").read_text())["metrics"]
        assert again == pytest.approx(result["test"])
        run_pipeline("predict", argv=[f"run={model}", "input=claims.csv", "output=answers.csv"])
        table = pd.read_csv("answers.csv")
        assert ((table["prediction"] == "fraud") == (table["p(fraud)"] >= threshold)).all()
        assert table["prediction"].nunique() == 2


def compared(*changes):
    """A bakeoff of two small networks on the images of this folder."""
    pair = "contenders=[lenet,{model: mlp, name: dense}]"
    small = [pair, "baselines=null", "budget=none", "seeds=5", "trainer.max_epochs=6"]
    data = ["task=image_classification", "data=hf", "data.path=cracks.parquet", "data.split.test=0.4"]
    run_pipeline("compare", argv=[*data, *small, *changes, "tracking=none", "output_dir=bakeoff"])


@pytest.mark.usefixtures("trials_in_this_process")
def test_a_bakeoff_on_average_precision_finds_what_accuracy_does_not_see(tmp_path, monkeypatch, capsys):
    """Weights on: both contenders rank cracks far above chance, and decide by the threshold of validation."""
    monkeypatch.chdir(tmp_path)
    write_cracks(tmp_path / "cracks.parquet", rows=1600, contrast=120.0)
    settings = ["task.metric=average_precision", "task.module.class_weights=balanced", "task.module.threshold=f1"]
    compared(*settings)
    told = capsys.readouterr().out
    verdict = json.loads((tmp_path / "bakeoff" / "verdict.json").read_text())
    assert verdict["trivial"] == pytest.approx(1 / 32, abs=0.002)
    rows = {row["name"]: row for row in verdict["leaderboard"]}
    for name in ("lenet", "dense"):
        precision = rows[name]["test"]["average_precision"]
        assert verdict["trivial"] < precision["low"] < precision["mean"] < precision["high"]
        assert rows[name]["test"]["f1"]["mean"] > 2 / 33  # of calling everything a crack
    assert not [line for line in verdict["warnings"] if "[" in line]
    page = (tmp_path / "bakeoff" / "report.html").read_text(encoding="utf-8")
    assert "Precision against recall: crack" in page and "class_weights balanced, threshold f1" in page
    trial = next((tmp_path / "bakeoff" / "trials").glob("*/result.json"))
    assert set(json.loads(trial.read_text())["settled"]["threshold"]) == {"crack"}
    assert "warning" not in told.partition("trials:")[0]
