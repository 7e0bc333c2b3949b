"""Series with classes: the archives' files, long tables, missing values, scaling, and new series for a finished run."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pyarrow.csv as csv
import pytest

from bakeoff.config import build
from bakeoff.config.running import run_pipeline
from bakeoff.data.labelled_series.formats import read_series
from bakeoff.data.labelled_series.module import LabelledSeries
from bakeoff.data.labelled_series.table import completed
from bakeoff.data.sources.series_table import SeriesTable
from bakeoff.errors import ConfigError, DataError, EnvironmentFault
from tests.contracts.test_data import section_of

TS = """# a comment
@problemName made
@timeStamps false
@univariate false
@equalLength false
@classLabel true left right
@data
1,2,?:0.5,-1e-1,3:left
4,NaN:0,0:right
"""
STAMPED = """@problemName made
@timeStamps true
@classLabel true a:b c
@data
(2007-01-01 00:00:00,-2.5),(2007-01-01 00:01:00,7):c
"""
STEPS = """who,trial,ms,x,y,gesture
anna,b,20,2.5,-1,wave
anna,b,0,1,-1,wave
ben,a,0,4,-1,push
anna,b,10,2,-1,wave
ben,a,10,5,-1,push
"""


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_ts_files_hold_channels_of_any_length_and_missing_values(tmp_path) -> None:
    found = read_series(written(tmp_path, "made.ts", TS), key="data.file")
    assert found.labels == ["left", "right"]
    assert found.lines == [8, 9]
    np.testing.assert_equal(found.series[0], [[1, 2, np.nan], [0.5, -0.1, 3]])
    np.testing.assert_equal(found.series[1], [[4, np.nan], [0, 0]])


def test_stamped_values_keep_their_sign_and_whole_numbers(tmp_path) -> None:
    """aeon 1.6.0 reads 2.5 of -2.5 here, and leaves 7 out."""
    found = read_series(written(tmp_path, "made.ts", STAMPED), key="data.file")
    assert found.series == [[[-2.5, 7.0]]]
    assert found.labels == ["c"]


def test_tables_of_the_archive_end_where_a_shorter_series_ended(tmp_path) -> None:
    text = "1.0000000e+00\t0.5\t-1\t2\n2.0000000e+00\t3\tNaN\tNaN\n1.0000000e+00\tNaN\t1\tNaN\n"
    found = read_series(written(tmp_path, "Made_TRAIN.tsv", text), key="data.file")
    assert found.labels == ["1", "2", "1"]
    np.testing.assert_equal(found.series, [[[0.5, -1, 2]], [[3]], [[np.nan, 1]]])
    assert found.notes == (
        "2 series of Made_TRAIN.tsv end in missing values, which are left out: they are shorter than the longest.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TS.replace("0.5", "0;5"), "line 8 holds '0;5' where a number should be"),
        (TS.replace("@data\n", ""), "line 7 holds values before @data"),
        (TS.replace("@classLabel true left right", "@targetLabel true"), "regression"),
        ("@problemName made\n@data\n", "holds no series"),
    ],
)
def test_what_is_no_ts_file_is_refused_with_its_line(text: str, said: str, tmp_path) -> None:
    with pytest.raises(DataError, match=said):
        read_series(written(tmp_path, "made.ts", text), key="data.file")


def test_missing_values_are_refused_or_filled() -> None:
    own_TK = np.array([[np.nan, 1], [1, 2], [np.nan, np.nan], [4, 5]], dtype=np.float32)
    with pytest.raises(DataError, match=r"data.missing_values.*3 values are missing, in 1 of 1 series \(first: a\)"):
        completed([own_TK], "error", ["a"])
    [linear_TK], [note] = completed([own_TK], "linear", ["a"])
    assert linear_TK.tolist() == [[1, 1], [1, 2], [2.5, 3.5], [4, 5]]
    assert "(data.fill=linear)" in note
    [zero_TK], _ = completed([own_TK], "zero", ["a"])
    assert zero_TK.tolist() == [[0, 1], [1, 2], [0, 0], [4, 5]]
    with pytest.raises(DataError, match="channel 1 of a has no value at all"):
        completed([np.full((3, 1), np.nan, dtype=np.float32)], "linear", ["a"])


def test_a_long_table_becomes_a_row_a_series_in_the_order_of_time(tmp_path) -> None:
    source = SeriesTable(file=str(written(tmp_path, "g.csv", STEPS)), series="trial", label="gesture", time="ms")
    rows = source.load()["train"]
    assert rows["__example__"][:] == ["b", "a"]
    assert rows["label"][:] == ["wave", "push"]
    assert rows["who"][:] == ["anna", "ben"]  # to split by
    assert rows["series"][:] == [[[1.0, 2.0, 2.5]], [[4.0, 5.0]]]  # y never changes: no channel unless it is named
    named = SeriesTable(file=str(tmp_path / "g.csv"), series="trial", label="gesture", values=["x", "y"]).load()[
        "train"
    ]
    assert named["series"][0] == [[2.5, 1.0, 2.0], [-1.0, -1.0, -1.0]]


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("anna,b,10,2,-1,wave", "anna,b,10,2,-1,push", "data.several_classes"),
        ("anna,b,10", "anna,b,20", "data.duplicate_times"),
        ("ben,a,0,4", "ben,a,0,four", "data.missing_column"),
    ],
)
def test_a_long_table_that_is_no_series_is_refused(before: str, after: str, code: str, tmp_path) -> None:
    file = written(tmp_path, "g.csv", STEPS.replace(before, after))
    with pytest.raises(DataError, match=code.replace(".", r"\.")):
        SeriesTable(file=str(file), series="trial", label="gesture", time="ms").load()


def test_the_archives_test_part_is_found_beside_the_training_part(tmp_path) -> None:
    lines = [f"{1 + row % 2}\t{row}\t{row * row}\t1" for row in range(40)]
    written(tmp_path, "Made_TRAIN.tsv", "\n".join(lines[:30]))
    written(tmp_path, "Made_TEST.tsv", "\n".join(lines[30:]))
    section = section_of("series_classes", {"file": str(tmp_path / "Made_TRAIN.tsv")})
    data: LabelledSeries = build(section.module, seed=0)
    assert data.num_examples("test") == 10
    assert "Made_TEST.tsv beside Made_TRAIN.tsv is the test (data.test_file)." in data.spec.notes


def test_each_series_can_be_scaled_by_itself_and_else_channels_are_by_train(tmp_path) -> None:
    lines = [f"{'ab'[row % 2]}\t{row}\t{row + 2}\t{row + 4}" for row in range(20)]
    file = written(tmp_path, "made.tsv", "\n".join(line.replace("a", "1").replace("b", "2") for line in lines))
    settings = {"file": str(file), "batch_size": 64}
    alone: LabelledSeries = build(section_of("series_classes", {**settings, "scaling": "series"}).module, seed=0)
    assert np.allclose(alone.raw("train")[0][:, 0], [-(1.5**0.5), 0, 1.5**0.5])
    data: LabelledSeries = build(section_of("series_classes", settings).module, seed=0)
    frames_BTK = next(iter(data.train_dataloader())).inputs[0]
    assert frames_BTK.mean() == pytest.approx(0, abs=1e-6)
    assert frames_BTK.std(correction=0) == pytest.approx(1, abs=1e-6)
    assert alone.fingerprint != data.fingerprint


def test_jagged_channels_and_other_numbers_of_channels_are_refused(tmp_path) -> None:
    for changed, said in (("0.5,-1e-1", "0.5"), ("0,0:", "")):
        file = written(tmp_path, "made.ts", TS.replace(changed, said).replace("?", "1").replace("NaN", "1"))
        with pytest.raises(DataError, match=r"data\.uneven_channels"):
            build(section_of("series_classes", {"file": str(file)}).module, seed=0).prepare_data()


def test_a_set_that_the_package_lacks_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"data\.name=Gunpoint.*JapaneseVowels.*next: data\.name=GunPoint"):
        build(section_of("ucr", {"name": "Gunpoint"}).module, seed=0)


def test_without_the_package_its_command_is_named(monkeypatch) -> None:
    def lacking(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", lacking)
    with pytest.raises(EnvironmentFault, match=r"pip install --no-deps aeon==1\.6\.0"):
        build(section_of("ucr", {}).module, seed=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run on a long table."""
    folder = tmp_path_factory.mktemp("gestures")
    rng = np.random.default_rng(0)
    rows = [
        f"t{trial},{step},{step * (trial % 2) + rng.normal():.3f},{rng.normal():.3f},{('up', 'down')[trial % 2]}"
        for trial in range(30)
        for step in range(6 + trial % 3)
    ]
    written(folder, "steps.csv", "\n".join(["trial,ms,x,y,gesture", *rows]))
    words = ["task=series_classification", "data=series_table", f"data.file={folder / 'steps.csv'}"]
    words += ["data.columns.series=trial", "data.columns.label=gesture", "data.columns.time=ms"]
    words += ["model.net.width=8", "trainer.max_epochs=2", "trainer.accelerator=cpu", "tracking=none"]
    run_pipeline("train", argv=[*words, f"output_dir={folder / 'run'}"])
    return folder


def predicted(folder: Path, file: Path) -> dict[str, list]:
    """The table that `predict` writes."""
    output = folder / "said.csv"
    output.unlink(missing_ok=True)
    run_pipeline("predict", argv=[f"run={folder / 'run'}", f"input={file}", f"output={output}"])
    return csv.read_csv(output).to_pydict()


def test_predict_says_the_class_of_each_series_of_a_table(trained, tmp_path) -> None:
    file = written(tmp_path, "new.csv", "trial,ms,y,x\nn1,1,0,3\nn1,0,0.5,1\nn2,0,1,0\n")
    said = predicted(trained, file)
    assert said["series"] == ["n1", "n2"]
    assert said["steps"] == [2, 1]
    assert set(said["prediction"]) <= {"up", "down"}
    assert np.allclose(np.add(said["p(up)"], said["p(down)"]), 1, atol=1e-3)


def test_predict_refuses_other_channels(trained, tmp_path, capsys) -> None:
    file = written(tmp_path, "new.ts", "@problemName n\n@classLabel false\n@data\n1,2,3\n")
    with pytest.raises(SystemExit):
        predicted(trained, file)
    assert "input=new.ts: its series have 1 channels, and those of the run 2" in capsys.readouterr().err
