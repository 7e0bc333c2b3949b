"""A class that one row in thirty has: trained with weights, decided by a threshold from validation, judged by ranks."""

import csv
import json
import random

import pandas as pd
import pytest

from bakeoff.config.running import run_pipeline

COMMON = (
    "order",
    "parcel",
    "shop",
    "week",
    "email",
    "address",
    "price",
    "colour",
    "account",
    "number",
    "please",
    "hello",
)
TELLING = ("charged", "refund", "stolen")


def write_claims(path, *, rows, share):
    """Texts of common words, of which a share is ``fraud``; telling words are usual there and rare elsewhere."""
    rng = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for row in range(rows):
            is_fraud = row % round(1 / share) == 0
            words = rng.choices(COMMON, k=rng.randint(6, 12))
            if rng.random() < (0.9 if is_fraud else 0.02):
                words.insert(rng.randrange(len(words)), rng.choice(TELLING))
            table.writerow([f"{' '.join(words)} n{row}", "fraud" if is_fraud else "other"])


def test_the_threshold_of_validation_is_kept_and_applied_to_the_test_and_by_predict(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_claims(tmp_path / "claims.csv", rows=900, share=0.1)
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
