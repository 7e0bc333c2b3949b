"""Texts to be spoken: tokens, durations that add up, styles, tones, and what is refused in one line."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset, DatasetDict

from bakeoff.data.audio.columns import AudioColumns
from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.contract import Reading
from bakeoff.data.sources.audio_folder import AudioFolder
from bakeoff.data.sources.source import Source
from bakeoff.data.speech.answers import mels_of
from bakeoff.data.speech.spec import SpeechSpec
from bakeoff.data.speech.spoken import SpokenTexts
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.errors import ConfigError, DataError
from tests.data.made_audio import RATE_HZ, encoded, tone, write_folder

FRONT_END = FrontEnd(num_mels=8, sample_rate_hz=8000, window_ms=50.0, hop_ms=12.5)
TEXTS = [f"{one} {two}" for one in ("on", "no", "non") for two in ("oo", "nn", "on", "no")]
WITH_PHONEMES = AudioColumns(audio="audio", text="text", phonemes="phonemes", durations="durations", style="style")


class Made(Source):
    """Tones of two styles, said in phonemes of the letters; ``changes`` are of row 3."""

    def __init__(self, *, durations_as_text: bool = False, **changes: Any) -> None:
        self._changes = changes
        self._as_text = durations_as_text

    def identity(self) -> dict[str, Any]:
        return {"made": json.dumps([self._changes, self._as_text])}

    def load(self) -> DatasetDict:
        rows = []
        for row, text in enumerate(TEXTS):
            letters = text.replace(" ", "")
            level, seconds, hz = 0.3 - 0.01 * row, 0.06 * len(letters) * (1 + row % 2), (110.0, 220.0)[row % 2]
            samples_T = tone(seconds, hz=hz, level=level) + tone(seconds, hz=2 * hz, level=level)
            durations = [seconds / len(letters)] * len(letters)
            rows.append(
                {
                    "audio": {"bytes": encoded(samples_T), "path": None},
                    "text": text,
                    "phonemes": " ".join(letters),
                    "durations": str(durations) if self._as_text else durations,
                    "style": ("low", "high")[row % 2],
                }
                | {key: value for key, value in self._changes.items() if row == 3}
            )
        return DatasetDict(train=Dataset.from_list(rows))


def data(source: Source, columns: AudioColumns, **changes: Any) -> SpokenTexts:
    settings: dict[str, Any] = {"features": FRONT_END, "tokenizer": TokenizerRule(kind="character"), "batch_size": 4}
    return SpokenTexts(
        name="made", source=source, columns=columns, split=SplitRule(val=2, test=2), **settings | changes
    )


@pytest.fixture(scope="module")
def with_phonemes() -> SpokenTexts:
    made = data(Made(), WITH_PHONEMES)
    made.setup()
    return made


def test_batches_hold_tokens_styles_frames_and_durations_that_add_up(with_phonemes: SpokenTexts) -> None:
    for batch in with_phonemes.train_dataloader():
        tokens_BS, styles_B, frames_BFM, durations_BS = batch.inputs
        target_BFM, num_frames_B, target_BS = batch.targets
        assert target_BFM is frames_BFM and target_BS is durations_BS
        assert set(styles_B.tolist()) <= {0, 1}
        assert np.array_equal(tokens_BS > 0, durations_BS > 0)
        assert np.allclose(durations_BS.sum(dim=1), num_frames_B)
        for row, count in enumerate(num_frames_B.tolist()):
            real_S = durations_BS[row][durations_BS[row] > 0]
            assert np.allclose(real_S, count / len(real_S))
            assert not frames_BFM[row, count:].any()


def test_spec_and_labels_say_what_the_recordings_are(with_phonemes: SpokenTexts) -> None:
    spec, labels = with_phonemes.spec, with_phonemes.labels("test")
    assert spec.style_names == ("high", "low") and spec.reads_phonemes and spec.knows_durations
    assert spec.kind == "transcribed_audio"
    assert SpeechSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert with_phonemes.refit_problem(json.loads(json.dumps(spec.to_dict()))) is None
    for script, tone_hz in zip(with_phonemes.raw("test"), labels["tone_hz"].to_pylist(), strict=True):
        assert tone_hz == pytest.approx({"low": 110, "high": 220}[script.style], rel=0.03)
    mels = mels_of(labels, 8)
    assert [len(mel) for mel in mels] == [pytest.approx(sum(own)) for own in labels["durations"].to_pylist()]
    assert str(with_phonemes.raw("test")[0]).endswith(("(low)", "(high)"))


def test_inputs_to_predict_are_texts_and_styles_alone(with_phonemes: SpokenTexts) -> None:
    loader = with_phonemes.predict_dataloader("train")
    sizes = [(tokens_BS.shape[0], styles_B.shape[0]) for tokens_BS, styles_B in loader]
    assert sum(size for size, _ in sizes) == with_phonemes.spec.num_train
    assert all(texts == styles for texts, styles in sizes)


def test_transcripts_of_a_folder_serve_letter_by_letter(tmp_path: Path) -> None:
    made = data(AudioFolder(folder=str(write_folder(tmp_path, TEXTS))), AudioColumns())
    assert not made.spec.reads_phonemes and not made.spec.knows_durations
    assert made.spec.style_names == ("plain",)
    assert made.labels("test")["durations"].null_count == 2
    tokens_BS, _, _, durations_BS = next(iter(made.train_dataloader())).inputs
    assert made.spec.vocab_size == 4 + len({" ", "o", "n"})
    assert np.array_equal(tokens_BS > 0, durations_BS > 0)


@pytest.mark.parametrize(
    ("changes", "columns", "message"),
    [
        ({"durations": [0.1]}, WITH_PHONEMES, r"train/3 has 4 phonemes, and 1 durations"),
        ({"durations": [0.1, 0.1, -0.1, 0.1]}, WITH_PHONEMES, r"the least -0\.1"),
        ({"durations": [2.0, 2.0, 2.0, 2.0]}, WITH_PHONEMES, r"train/3 add up to 8\.00 s, it has 0\.4\d s"),
        ({"phonemes": " "}, WITH_PHONEMES, r"data\.columns\.phonemes=phonemes: 1 of 12 rows have nothing there"),
        ({"style": ""}, WITH_PHONEMES, r"data\.columns\.style=style: 1 of 12 rows"),
        ({}, AudioColumns(text="text", durations="durations"), r"name one with data\.columns\.phonemes"),
        ({}, AudioColumns(text="text", style="mood"), r"data\.columns\.style=mood"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_one_line(
    changes: dict[str, Any], columns: AudioColumns, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        data(Made(**changes), columns).prepare_data()


def test_durations_may_be_written_as_text(with_phonemes: SpokenTexts) -> None:
    made = data(Made(durations_as_text=True), WITH_PHONEMES)
    assert made.labels("test")["durations"] == with_phonemes.labels("test")["durations"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"features": FrontEnd(kind="mfcc", num_mels=13)}, r"data\.features\.kind"),
        ({"speeds": (1.0, 1.1)}, r"data\.speeds"),
    ],
)
def test_features_without_a_way_back_and_other_speeds_are_refused(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        data(Made(), WITH_PHONEMES, **changes).prepare_data()


def test_a_style_that_a_run_does_not_know_is_refused(with_phonemes: SpokenTexts) -> None:
    other = data(Made(style="angry"), WITH_PHONEMES)
    with pytest.raises(DataError, match="the run knows no style angry; allowed: high, low"):
        other.preprocess_as(with_phonemes.spec)


def test_new_texts_are_phonemes_or_what_espeak_says_of_words(with_phonemes: SpokenTexts) -> None:
    new = SpokenTexts.read_new(with_phonemes.spec, Reading(source="n o o n", is_text=True))
    ((tokens_1S, styles_1),) = list(new.loader)
    words = with_phonemes.spec.tokenizer["words"]
    assert [words[token - 4] for token in tokens_1S[0].tolist()] == ["n", "o", "o", "n"]
    assert styles_1.tolist() == [0]
    with pytest.raises(DataError, match="which training never heard"):
        SpokenTexts.read_new(with_phonemes.spec, Reading(source="cat", is_text=True))


def test_wav_bytes_are_a_file_of_sixteen_bits() -> None:
    from bakeoff.data.audio.wav import wav_bytes

    with wave.open(io.BytesIO(wav_bytes(np.array([0.0, 1.0, -1.0, 2.0]), sample_rate_hz=RATE_HZ))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [0, 32767, -32767, 32767]
