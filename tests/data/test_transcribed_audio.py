"""Recordings with transcripts: batches by hand, faults in one line, splits by speaker, and a cache that is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.recordings import read_recording
from bakeoff.data.audio.transcribed import TranscribedAudio
from bakeoff.data.sources.audio_folder import AudioFolder
from bakeoff.data.sources.audio_table import AudioTable
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.ragged import Ragged
from bakeoff.data.text.spec import PAD
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_audio import RATE_HZ, encoded, tone, write_folder

TEXTS = [f"{one} {two}" for one in ("one", "two", "three") for two in ("six", "seven", "eight", "nine")]
FRONT_END = FrontEnd(num_mels=8, sample_rate_hz=8000)


def data(folder: Path, **changes: Any) -> TranscribedAudio:
    """Of a folder."""
    changes = {"columns": AudioColumns(), "split": SplitRule(val=2, test=2), "source": None} | changes
    source = changes.pop("source") or AudioFolder(folder=str(folder))
    settings: dict[str, Any] = {"features": FRONT_END, "tokenizer": TokenizerRule(kind="character"), "batch_size": 4}
    return TranscribedAudio(name="made", source=source, **settings | changes)


def test_batches_are_normalised_padded_frames_and_characters(tmp_path: Path) -> None:
    made = data(write_folder(tmp_path, TEXTS))
    batches = list(made.train_dataloader())
    assert sum(batch.size for batch in batches) == made.spec.num_train == 8
    frames_BTK, lengths_B = batches[0].inputs
    assert frames_BTK.dtype == torch.float32 and frames_BTK.shape == (4, int(lengths_B.max()), 8)
    for frames_TK, length in zip(frames_BTK, lengths_B.tolist(), strict=True):
        assert not frames_TK[length:].any()
    real_NK = torch.cat([x[:n] for batch in batches for x, n in zip(*batch.inputs, strict=True)])
    assert torch.allclose(real_NK.mean(dim=0), torch.zeros(8), atol=1e-4)
    assert torch.allclose(real_NK.std(dim=0, correction=0), torch.ones(8), atol=1e-4)
    spelled = {
        "".join(made.spec.tokenizer["characters"][token - 4] for token in row if token != PAD)
        for batch in batches
        for row in batch.targets.tolist()
    }
    assert spelled <= set(TEXTS) and len(spelled) == 8


def test_an_example_is_the_front_end_of_its_recording_alone(tmp_path: Path) -> None:
    made = data(write_folder(tmp_path, TEXTS))
    frames_BTK, lengths_B = next(iter(made.predict_dataloader("test")))
    first = int(made.predict_dataloader("test").positions[0])
    alone_TK = FRONT_END.of(made.raw("test")[first])
    expected_TK = (alone_TK - np.array(made.spec.mean)) / np.array(made.spec.std)
    assert lengths_B[0] == len(alone_TK)
    assert np.allclose(frames_BTK[0, : len(alone_TK)].numpy(), expected_TK, atol=1e-4)


def test_speeds_are_drawn_anew_each_epoch_and_in_training_alone(tmp_path: Path) -> None:
    write_folder(tmp_path, TEXTS)
    made, plain = data(tmp_path, speeds=[1.0, 0.5, 2.0]), data(tmp_path)
    loader = made.train_dataloader()
    frames = []
    for epoch in range(3):
        loader.set_epoch(epoch)
        frames.append(sorted(int(n) for batch in loader for n in batch.inputs[1]))
    assert len(set(map(tuple, frames))) == 3
    lengths = sorted(int(n) for batch in plain.train_dataloader() for n in batch.inputs[1])
    assert min(map(min, frames)) < 0.6 * min(lengths) and max(map(max, frames)) > 1.8 * max(lengths)
    for split in ("val", "test"):
        assert made.labels(split).equals(plain.labels(split))
    assert made.spec.max_frames > 1.8 * plain.spec.max_frames


def test_speakers_are_on_one_side_and_units(tmp_path: Path) -> None:
    write_folder(tmp_path, TEXTS, speakers=6)
    made = data(tmp_path, split=SplitRule(val=2, test=4, group="speaker"))
    speakers = {split: set(made.units(split) or ()) for split in ("train", "val", "test")}
    assert not (speakers["train"] & speakers["test"] or speakers["train"] & speakers["val"])
    assert set.union(*speakers.values()) == {f"s{number}" for number in range(6)}


def test_everything_out_of_the_ordinary_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path, TEXTS)
    forms = [
        encoded(np.stack([tone(), tone(hz=300)], axis=1), rate_hz=RATE_HZ),
        encoded(tone(rate_hz=44_100, hz=310), rate_hz=44_100),
        encoded(tone(rate_hz=4000, hz=320), rate_hz=4000),
        encoded(tone(hz=330), subtype="ULAW"),
        encoded(np.clip(9 * tone(hz=340), -1, 1)),
        encoded(0 * tone()),
    ]
    for row, content in enumerate(forms):
        (tmp_path / f"{row:02d}.wav").write_bytes(content)
    notes = data(tmp_path, max_seconds=0.59).spec.notes
    for said in (
        "1 of 12 recordings are longer than 0.59 s and were left out (data.max_seconds).",
        "resampled to 8,000 Hz: 4,000 Hz (1), 16,000 Hz (10), 44,100 Hz (1).",
        "1 of 12 recordings have several channels",
        "1 of 12 recordings have a lower rate than data.features.sample_rate_hz",
        "1 of 12 recordings were stored with about 8 bits",
        "1 of 12 recordings are clipped: waves are cut off at full scale (first: 04.wav).",
        "1 of 12 recordings are silent (first: 05.wav).",
    ):
        assert any(said in note for note in notes), (said, notes)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(encoded(tone()[:0]), "no samples"), (encoded(tone())[:6000], "cut off"), (b"text", "not audio")],
)
def test_unreadable_recordings_are_named_with_their_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    write_folder(tmp_path, TEXTS)
    (tmp_path / "03.wav").write_bytes(content)
    with pytest.raises(DataError, match=rf"data\.corrupt_recording.*1 of 12 recordings.*03\.wav: .*{reason}"):
        data(tmp_path).setup()


def test_a_hundredth_of_unreadable_recordings_may_be_skipped(tmp_path: Path) -> None:
    write_folder(tmp_path, [f"number {row}" for row in range(100)])
    (tmp_path / "50.wav").unlink()
    made = data(tmp_path, on_bad="skip")
    assert made.spec.num_train + made.spec.num_val + made.spec.num_test == 99
    assert any("1 of 100 recordings cannot be read and were skipped (50.wav" in note for note in made.spec.notes)


def test_missing_transcripts_are_told_or_dropped(tmp_path: Path) -> None:
    write_folder(tmp_path, ["", *TEXTS, "..."])
    with pytest.raises(DataError, match=r"data\.missing_transcript.*1 of 14 recordings.*00\.wav"):
        data(tmp_path).setup()
    made = data(tmp_path, on_missing="drop")
    assert "1 recordings without a transcript were dropped (data.on_missing)." in made.spec.notes


def test_characters_that_training_lacks_are_told(tmp_path: Path) -> None:
    for split, said in (("train", TEXTS[:8]), ("val", TEXTS[8:10]), ("test", ["zwölf", "six"])):
        (tmp_path / split).mkdir()
        write_folder(tmp_path / split, said)
        for file in (tmp_path / split).glob("*.wav"):
            file.write_bytes(encoded(tone(0.4, hz=100 * len(split) + 10 * int(file.stem))))
    notes = data(tmp_path).spec.notes
    assert any("3 transcripts to test or validate on have tokens that training lacks" in note for note in notes)


def test_transcripts_are_spelled_as_asked(tmp_path: Path) -> None:
    write_folder(tmp_path, ["  One,\u00a0two ", "Don\u2019t!", "A\tB", "x"])
    found = [
        data(tmp_path, columns=AudioColumns(spelling=how), split=SplitRule(val=1, test=1))
        for how in ("written", "lower", "words")
    ]
    said = [
        sorted(text for part in ("train", "val", "test") for text in made.labels(part)["text"].to_pylist())
        for made in found
    ]
    assert said == [
        ["A B", "Don\u2019t!", "One, two", "x"],
        ["a b", "don\u2019t!", "one, two", "x"],
        ["a b", "don't", "one two", "x"],
    ]


def test_copies_in_another_lossless_format_are_copies(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / split).mkdir()
        write_folder(tmp_path / split, TEXTS[:4])
        for row, file in enumerate(sorted((tmp_path / split).glob("*.wav"))):
            file.write_bytes(encoded(tone(0.4, hz=len(split) * 100 + row)))
    same = tone(0.4, hz=777)
    (tmp_path / "train" / "00.wav").write_bytes(encoded(same))
    (tmp_path / "test" / "01.wav").write_bytes(
        encoded(read_recording({"bytes": encoded(same)}).samples_T, subtype="PCM_24")
    )
    with pytest.raises(DataError, match=r"data\.duplicates.*train/00\.wav = test/01\.wav"):
        data(tmp_path).setup()


def test_what_was_fitted_is_found_again_and_another_is_not(tmp_path: Path) -> None:
    made = data(write_folder(tmp_path, TEXTS))
    recorded = made.spec.to_dict()
    assert made.refit_problem(recorded) is None
    assert "mean" in str(made.refit_problem(recorded | {"mean": [0.0] * 8}))
    assert made.refit_problem(recorded | {"tokenizer": {**recorded["tokenizer"], "characters": ["q"]}}) is not None


def test_ngrams_are_counted_in_train_alone(tmp_path: Path) -> None:
    made = data(write_folder(tmp_path, TEXTS), ngram_order=2)
    ids = {letter: place + 4 for place, letter in enumerate(made.spec.tokenizer["characters"])}
    said = made.labels("train")["text"].to_pylist()
    assert made.spec.ngrams[f"{ids['s']} {ids['i']}"] == sum(text.count("si") for text in said)
    assert made.refit_problem(made.spec.to_dict()) is None
    assert "n-grams" in str(made.refit_problem(made.spec.to_dict() | {"ngrams": {}}))
    assert data(tmp_path).spec.ngrams == {}


def test_a_table_elsewhere_names_recordings_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    write_folder(tmp_path / "wavs", TEXTS)
    lines = ["path,said", *(f"wavs/{row:02d}.wav,{text}" for row, text in enumerate(TEXTS))]
    (tmp_path / "all.csv").write_text("\n".join(lines))
    source = AudioTable(file=str(tmp_path / "all.csv"))
    made = data(tmp_path, source=source, columns=AudioColumns(audio="audio", text="said"))
    assert made.spec.num_train == 8
    before = source.identity()
    (tmp_path / "wavs" / "00.wav").write_bytes(encoded(tone(0.9)))
    assert AudioTable(file=str(tmp_path / "all.csv")).identity() != before


def test_a_folder_without_table_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(encoded(tone()))
    with pytest.raises(DataError, match=r"data\.missing_table\] data\.folder.*columns file_name and text"):
        data(tmp_path).setup()


@pytest.mark.parametrize("speeds", [[], [0.9, 1.0], [1.0, 3.0]])
def test_speeds_that_can_not_be_are_refused(tmp_path: Path, speeds: list[float]) -> None:
    with pytest.raises(ConfigError, match=r"data\.speeds"):
        data(tmp_path, speeds=speeds)


def test_rows_of_frames_written_as_they_come_are_read_as_they_were(tmp_path: Path) -> None:
    rows = [np.full((length, 3), length, dtype=np.float32) for length in (2, 0, 5)]
    found = Ragged.stream(tmp_path, "made", iter(rows), like=rows[0])
    assert all(np.array_equal(found.row(number), row) for number, row in enumerate(rows))
    assert Ragged.stream(tmp_path, "none", iter([]), like=rows[0]).values.shape == (0, 3)


def test_a_folder_is_known_for_recordings_by_its_table_or_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "a.wav").write_bytes(encoded(tone()))
    assert AudioFolder.argument_for(tmp_path / "sounds") == "folder"
    for number in range(3):
        (tmp_path / "sounds" / f"{number}.txt").write_text("one")
    assert AudioFolder.argument_for(tmp_path / "sounds") is None
    (tmp_path / "sounds" / "metadata.csv").write_text("file_name,text\na.wav,one")
    assert AudioFolder.argument_for(tmp_path / "sounds") == "folder"
    assert AudioFolder.argument_for(tmp_path / "sounds" / "a.wav") is None
