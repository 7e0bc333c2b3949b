"""A voice from a folder of recordings, by the commands that a user gives, and a recogniser that listens to it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bakeoff.config.running import run_pipeline
from bakeoff.errors import ConfigError
from bakeoff.training.trial.listening import Listener
from tests.data.made_audio import write_folder

TEXTS = [f"{one} {two}" for one in ("on", "no", "non") for two in ("oo", "nn", "on", "no")]
SMALL = ["data.features.sample_rate_hz=8000", "data.features.num_mels=12", "data.batch_size=4", "data.split.val=2"]
SHORT = ["data.split.test=2", "trainer.max_epochs=1", "tracking=none", "debug=true", "model=gru", "model.net.width=8"]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("said"), TEXTS)


@pytest.fixture(scope="module")
def listener(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("listener")
    words = ["task=speech_recognition", "data=audio_folder", f"data.folder={recordings}", *SMALL, *SHORT]
    run_pipeline("train", argv=[*words, f"output_dir={folder}"])
    return folder


@pytest.fixture(scope="module")
def voice(recordings: Path, listener: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voice")
    words = ["task=speech_synthesis", "data=audio_folder", f"data.folder={recordings}", *SMALL, *SHORT]
    run_pipeline("train", argv=[*words, f"task.listener={listener}", f"output_dir={folder}"])
    return folder


def test_a_folder_of_recordings_gives_a_voice_that_is_listened_to(
    voice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_pipeline("evaluate", argv=[f"run={voice}", "debug=true"])
    told = capsys.readouterr().out
    assert all(
        f"test/{name}" in told for name in ("mcd", "mel_error", "rate_error", "tone_error", "cer", "diagonality")
    )
    assert "duration_error" not in told


def test_texts_become_files_where_the_listener_has_gone_too(
    voice: Path, listener: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_pipeline("predict", argv=[f"run={voice}", "text=no on", "debug=true"])
    (row,) = csv.DictReader(Path("predictions.csv").read_text().splitlines())
    assert Path(row["file"]).read_bytes()[:4] == b"RIFF" and float(row["seconds"]) > 0 and "heard" in row
    away = listener.rename(listener.with_name("moved"))
    try:
        run_pipeline("predict", argv=[f"run={voice}", "text=no on", "debug=true"])
    finally:
        away.rename(listener)
    (row,) = csv.DictReader(Path("predictions.csv").read_text().splitlines())
    assert "heard" not in row


def test_who_cannot_listen_is_refused_before_anything_is_trained(
    voice: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["task=speech_synthesis", "data=spoken_sentences", f"output_dir={tmp_path}"]
    with pytest.raises(SystemExit) as ended:
        run_pipeline("train", argv=[*words, "task.listener=nowhere"])
    assert ended.value.code == 2
    assert "error[config.no_run] task.listener=nowhere: there is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run_pipeline("train", argv=["task=speech_synthesis", "data=digits", f"output_dir={tmp_path}"])
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error[config.data_misfit] data=digits: its kind of data is image")
    with pytest.raises(ConfigError, match="it is a run of speech_synthesis; allowed: a run of speech_recognition"):
        Listener(run=str(voice))
    with pytest.raises(ConfigError, match="no finished run there"):
        Listener(run=str(tmp_path))
    assert not Listener(run=None).is_there
