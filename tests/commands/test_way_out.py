"""Data with several faults: all are told at once, with a command that has none of them."""

import shlex

import pandas as pd
import pytest

from bakeoff.config.running import run_pipeline
from tests.data.made_texts import sentences


@pytest.fixture
def file(tmp_path):
    """A table in which a text stands twice under one label, and two classes have one row."""
    texts = sentences(60)
    labels = ["good", "bad"] * 29 + ["odd", "strange"]
    frame = pd.DataFrame({"text": [*texts, *texts[:12]], "label": [*labels, *labels[:12]]})
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    return tmp_path / "reviews.csv"


def said(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        run_pipeline("train", argv=words)
    assert stopped.value.code == 3
    return capsys.readouterr().err.splitlines()


def test_all_faults_are_told_and_the_command_given_trains(file, tmp_path, capsys):
    words = ["task=text_classification", "data=csv", f"data.file={file}", "model=text_cnn", "trainer.max_epochs=1"]
    words += ["tracking=none", f"output_dir={tmp_path / 'o'}"]
    *told, corrected, error = said(words, capsys)
    assert error.startswith("error[data.duplicates]")
    assert [line[: line.index(":", 17)] for line in told] == ["also in the way: data.on_rare=drop"]
    start, _, command = corrected.partition(": ")
    assert start == "with that mended" and not (tmp_path / "o").exists()
    given = shlex.split(command)
    run_pipeline("train", argv=given[given.index("task=text_classification") :])
    assert (tmp_path / "o" / "result.json").exists()


def test_where_no_setting_helps_the_error_stands_alone(tmp_path, capsys):
    pd.DataFrame({"text": sentences(20), "label": ["one"] * 20}).to_csv(tmp_path / "f.csv", index=False)
    words = ["task=text_classification", "data=csv", f"data.file={tmp_path / 'f.csv'}", "tracking=none"]
    (line,) = said(words, capsys)
    assert line.startswith("error[data.one_class]")
