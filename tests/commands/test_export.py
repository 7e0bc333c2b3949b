"""``bakeoff export``: a folder that onnxruntime runs, measured beside the network, or one line that says why not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from bakeoff.config.running import run_pipeline
from bakeoff.delivery import package
from bakeoff.delivery.graph import NotExportable
from bakeoff.training.trial.saved_run import load_run
from tests.comparison.finished_bakeoffs import finished

__all__ = ["finished"]

QUICK = ["trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.threads=1", "tracking=none", "progress=none"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on 90 short texts of two lengths, which a table that is still there holds."""
    folder = tmp_path_factory.mktemp("texts")
    words = {"good": "fine great lovely", "bad": "poor awful dull"}
    rows = [(f"{text} {n}" + " really" * (n % 4), kind) for n in range(45) for kind, text in words.items()]
    (folder / "rows.csv").write_text("text,label\n" + "".join(f"{text},{kind}\n" for text, kind in rows))
    where = ["task=text_classification", "data=csv", f"data.file={folder / 'rows.csv'}"]
    run_pipeline("train", argv=[*where, "model=lstm", "model.net.width=16", *QUICK, f"output_dir={folder / 'run'}"])
    return folder / "run"


def export(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    run_pipeline("export", argv=list(words))
    return capsys.readouterr().out


def refusal(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        export(*words, capsys=capsys)
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_the_folder_has_all_it_takes_and_says_what_was_measured(texts: Path, tmp_path: Path, capsys) -> None:
    home = tmp_path / "home"
    said = export(f"run={texts}", f"output_dir={home}", "int8=true", capsys=capsys)
    names = ["README.md", "config.json", "export.json", "model.int8.onnx", "model.onnx"]
    assert sorted(path.name for path in home.iterdir()) == [*names, "result.json", "spec.json", "weights.safetensors"]
    assert "ONNX opset 20, by torch's torchscript exporter: at most " in said
    assert "In whole numbers (int8): 2 MatMul, 4 LSTM; as before: nothing." in said
    about = json.loads((home / "export.json").read_text())
    assert about["inputs"] == {"inputs": {"0": "batch", "1": "inputs_1"}} and about["outputs"] == ["outputs"]
    assert about["largest_difference"] < 1e-4
    accuracy = {form: found["accuracy"] for form, found in about["validation"].items()}
    saved = load_run(texts)
    assert set(accuracy) == {"torch", "onnx", "int8"} == set(about["latency_ms"])
    assert accuracy["torch"] == accuracy["onnx"] == pytest.approx(saved.result["validation"]["accuracy"])
    tokens = np.array([[4, 5, 6, 0], [7, 0, 0, 0], [5, 5, 5, 5]])
    with torch.inference_mode():
        expected = saved.module()(torch.from_numpy(tokens)).numpy()
    session = onnxruntime.InferenceSession(str(home / "model.onnx"))
    np.testing.assert_allclose(session.run(None, {"inputs": tokens})[0], expected, atol=1e-5)
    card = (home / "README.md").read_text()
    for words in ("## ONNX", "for any batch size and length", "import onnxruntime", "## Limits", "95"):
        assert words in card or words == "95"


def test_again_without_int8_leaves_none_of_an_earlier_export(texts: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "model.int8.onnx").write_bytes(b"older")
    said = export(f"run={texts}", f"output_dir={tmp_path}", "max_examples=0", capsys=capsys)
    assert not (tmp_path / "model.int8.onnx").exists()
    assert "Validation" not in said and "A batch of 32 on this machine: torch " in said


def test_data_that_is_gone_is_told_and_costs_the_figures_alone(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    table = texts.parent / "rows.csv"
    table.rename(tmp_path / "away.csv")
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "empty"))
    try:
        said = export(f"run={texts}", f"output_dir={tmp_path / 'home'}", capsys=capsys)
    finally:
        (tmp_path / "away.csv").rename(table)
    assert "Note: not measured again: error[" in said and "rows.csv" in said
    assert (tmp_path / "home" / "model.onnx").exists()


def test_of_a_bakeoff_comes_the_contender_with_verdict_and_interval(finished, tmp_path: Path, capsys) -> None:
    bakeoff = finished("plain")
    said = export(f"run={bakeoff}", "contender=lenet", f"output_dir={tmp_path}", capsys=capsys)
    assert "lenet, the best of its trials on validation: " in said
    card = (tmp_path / "README.md").read_text()
    assert "Verdict of its bakeoff: " in card
    assert "Test accuracy over the 3 seeds of its bakeoff: 0." in card
    assert "for any batch size\n" in card
    line = refusal(f"run={bakeoff}", "contender=resnet", capsys=capsys)
    assert "run=resnet: there is no such contender; allowed: lenet, dense, linear" in line


def test_what_is_no_network_or_is_not_right_is_refused_in_one_line(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    assert "only a bakeoff has contenders" in refusal(f"run={texts}", "contender=lstm", capsys=capsys)

    def wrong(*given: object) -> None:
        raise NotExportable("dynamo: an output is 1.0e-01 from torch's")

    monkeypatch.setattr(package, "write_graph", wrong)
    line = refusal(f"run={texts}", f"output_dir={tmp_path / 'home'}", capsys=capsys)
    assert line.count("\n") == 1
    assert "no ONNX file says what lstm says (dynamo: an output is 1.0e-01 from torch's); next: bakeoff predict" in line
    where = ["task=text_classification", "data=csv", f"data.file={texts.parent / 'rows.csv'}", "model=tfidf", *QUICK]
    run_pipeline("train", argv=[*where, f"output_dir={tmp_path / 'fitted'}"])
    assert "tfidf is fitted in one go and is no network" in refusal(f"run={tmp_path / 'fitted'}", capsys=capsys)


def test_a_missing_package_is_a_fault_of_the_machine(texts: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(SystemExit) as stop:
        export(f"run={texts}", capsys=capsys)
    assert stop.value.code == 4
    assert "pip install 'bakeoff[export]'" in capsys.readouterr().err
