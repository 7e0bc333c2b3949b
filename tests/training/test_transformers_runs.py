"""Pretrained models of transformers from a folder to a finished run and its predictions, once for each text task."""

import random
from pathlib import Path

import pandas as pd
import pytest

from bakeoff.config.running import run_pipeline
from bakeoff.files import read_json
from tests.models.tiny_transformers import WORDS, saved

COMMON = ["trainer.max_epochs=1", "trainer.accelerator=cpu", "tracking=none", "model=hf", "model.pretrained=true"]
COMMON += ["data.tokenizer.kind=pretrained", "model.name=pretrained", "data.tokenizer.path=pretrained"]
FIXED = ["data.split.val=20", "data.split.test=20", "data.batch_size=16", "output_dir=run"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(count: int) -> list[str]:
    """Sequences of words, all different."""
    drawn, draw = [], random.Random(0)
    while len(drawn) < count:
        text = " ".join(draw.choices(WORDS, k=draw.randint(3, 7)))
        drawn += [text] if text not in drawn else []
    return drawn


def finished() -> dict:
    result = read_json(Path("run/result.json"))
    assert result["status"] == "finished"
    return result


def predicted(*words: str) -> pd.DataFrame:
    run_pipeline("predict", argv=["run=run", "output=answers.csv", *words])
    return pd.read_csv("answers.csv")


def test_a_bert_classifies(folder: Path) -> None:
    saved("roberta", folder / "pretrained")
    rows = texts(100)
    pd.DataFrame({"text": rows, "label": ["alpha" in row for row in rows]}).to_csv("rows.csv", index=False)
    data = ["data=csv", "data.file=rows.csv", "data.columns.text=text", "data.columns.label=label"]
    run_pipeline("train", argv=["task=text_classification", *data, *COMMON, *FIXED, "model.freeze=all_but_head"])
    assert finished()["params"] == 2 * 16 * 2 + 2  # the head alone, on mean and maximum
    assert len(predicted("input=alpha beta")) == 1


@pytest.mark.slow
def test_a_gpt_models_language(folder: Path) -> None:
    saved("gpt2", folder / "pretrained")
    (folder / "text.txt").write_text("\n".join(texts(200)))
    data = ["data=text_file", "data.file=text.txt", "data.block_bytes=200", "data.sequence_length=8"]
    run_pipeline("train", argv=["task=language_modeling", *data, *COMMON, *FIXED[2:]])
    assert 0 < finished()["validation"]["bits_per_byte"] < 8
    answer = predicted("input=alpha beta", "task.predict.num_tokens=12", "task.predict.sampling.temperature=1.0")
    assert set(str(answer["continuation"][0]).split()) <= set(WORDS)


@pytest.mark.slow
def test_a_t5_translates(folder: Path) -> None:
    saved("t5", folder / "pretrained")
    rows = texts(100)
    pd.DataFrame({"one": rows, "other": [" ".join(reversed(row.split())) for row in rows]}).to_csv("p.csv", index=False)
    data = ["data=parallel", "data.file=p.csv", "data.columns.source=one", "data.columns.target=other"]
    run_pipeline("train", argv=["task=translation", *data, *COMMON, *FIXED])
    assert 0 <= finished()["validation"]["token_accuracy"] <= 1
    answer = predicted("input=alpha beta gamma")["translation"][0]
    assert set(str(answer).split()) - {"nan"} <= set(WORDS)


def test_another_tokenizer_is_refused_before_anything_is_written(folder: Path, capsys) -> None:
    saved("bert", folder / "pretrained")
    rows = texts(100)
    pd.DataFrame({"text": rows, "label": ["alpha" in row for row in rows]}).to_csv("rows.csv", index=False)
    words = ["task=text_classification", "data=csv", "data.file=rows.csv", *COMMON, *FIXED, "data.tokenizer.kind=word"]
    with pytest.raises(SystemExit, match="3"):
        run_pipeline("train", argv=words)
    assert "next: data.tokenizer.kind=pretrained data.tokenizer.path=pretrained" in capsys.readouterr().err
    assert not (folder / "run").exists()
