"""Recordings are read whole whatever their format, and features of one do not depend on others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torchaudio

from bakeoff.data.audio.front_end import FrontEnd, front_end_of
from bakeoff.data.audio.recordings import UnreadableAudio, header_of, read_recording, resampled
from bakeoff.errors import ConfigError
from tests.data.made_audio import RATE_HZ, encoded, flac_without_length, tone, without_length

SOUND = tone()


@pytest.mark.parametrize(
    ("form", "subtype", "error"),
    [
        ("WAV", "PCM_16", 4e-5),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "FLOAT", 0.0),
        ("WAV", "PCM_U8", 0.01),
        ("WAV", "ULAW", 0.01),
        ("FLAC", "PCM_16", 4e-5),
    ],
)
def test_every_width_gives_the_same_sound(form: str, subtype: str, error: float) -> None:
    found = read_recording({"bytes": encoded(SOUND, form=form, subtype=subtype)})
    assert found.sample_rate_hz == RATE_HZ and found.channels == 1
    assert found.is_lossy == (subtype in ("PCM_U8", "ULAW"))
    assert np.abs(found.samples_T - SOUND).max() <= error


@pytest.mark.parametrize("form", ["OGG", "MP3"])
def test_compressed_sound_is_read_whole(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"a.{form.lower()}"
    file.write_bytes(encoded(SOUND, form=form))
    found = read_recording({"bytes": None, "path": str(file)})
    assert abs(found.seconds - 0.5) < 0.05
    assert np.abs(found.samples_T[2000:6000]).max() == pytest.approx(0.3, abs=0.02)


def test_streams_whose_header_knows_no_length_are_read_to_their_end() -> None:
    whole = read_recording({"bytes": encoded(SOUND)}).samples_T
    for stream in (without_length(encoded(SOUND)), flac_without_length(encoded(SOUND, form="FLAC"))):
        assert np.allclose(read_recording({"bytes": stream}).samples_T, whole, atol=4e-5)
        assert header_of({"bytes": stream}) == (0.5, RATE_HZ, 1)


NOT_A_NUMBER = tone()
NOT_A_NUMBER[100] = np.nan


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"bytes": encoded(SOUND[:0])}, "no samples"),
        ({"bytes": encoded(SOUND)[:8000]}, r"header says 0\.50 s, there are 0\.25 s"),
        ({"bytes": encoded(SOUND)[:44]}, "no samples|cut off"),
        ({"bytes": encoded(SOUND, form="FLAC")[:3000]}, "cut off"),
        ({"bytes": encoded(SOUND, form="OGG")[:3000]}, "cut off"),
        ({"bytes": encoded(NOT_A_NUMBER, subtype="FLOAT")}, "sample 100 is no finite number"),
        ({"bytes": b"this is text"}, "not audio"),
        ({"bytes": None, "path": "nowhere.wav"}, "does not exist"),
        ({"bytes": None, "path": None}, "no recording"),
    ],
)
def test_what_is_no_whole_recording_is_refused_with_its_reason(record: dict, reason: str) -> None:
    with pytest.raises(UnreadableAudio, match=reason):
        read_recording(record)


def test_stereo_is_the_mean_but_for_channels_that_cancel_out() -> None:
    left, right = tone(hz=300), tone(hz=500)
    both = read_recording({"bytes": encoded(np.stack([left, right], axis=1), subtype="FLOAT")})
    assert both.channels == 2
    assert np.allclose(both.samples_T, (left + right) / 2, atol=1e-6)
    opposite = read_recording({"bytes": encoded(np.stack([left, -0.9 * left], axis=1), subtype="FLOAT")})
    assert np.allclose(opposite.samples_T, left, atol=1e-6)


def test_arrays_with_their_rate_are_recordings_too() -> None:
    found = read_recording({"array": SOUND.tolist(), "sampling_rate": 8000})
    assert found.seconds == 1.0
    assert np.array_equal(found.samples_T, SOUND)


def test_clipped_and_silent_recordings_are_known() -> None:
    loud = read_recording({"bytes": encoded(np.clip(5 * SOUND, -1, 1))})
    silent = read_recording({"bytes": encoded(0 * SOUND)})
    assert loud.is_clipped and not loud.is_silent
    assert silent.is_silent and not silent.is_clipped
    assert not read_recording({"bytes": encoded(SOUND)}).is_clipped


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 44_100, 48_000, 22_051])
def test_another_rate_keeps_pitch_and_length(rate_hz: int) -> None:
    found = resampled(tone(1.0, rate_hz=rate_hz), from_hz=rate_hz, to_hz=RATE_HZ)
    assert abs(len(found) - RATE_HZ) <= 2
    assert np.abs(found[1000:-1000] - tone(1.0)[1000 : len(found) - 1000]).max() < 0.01


def test_log_mels_are_those_of_torchaudio() -> None:
    front_end = FrontEnd(num_mels=40)
    reference = torchaudio.transforms.MelSpectrogram(
        RATE_HZ, 512, 400, 160, f_min=20.0, n_mels=40, pad_mode="constant"
    )(torch.from_numpy(SOUND))
    assert np.allclose(front_end(SOUND), reference.clamp(min=1e-10).log().T, atol=1e-4)
    assert front_end(SOUND).shape == (front_end.num_frames(len(SOUND)), 40)


def test_mfccs_are_the_dct_of_log_mels_by_the_formula() -> None:
    bands_FM = FrontEnd(num_mels=20)(SOUND).astype(np.float64)
    coefficients_FK = FrontEnd(kind="mfcc", num_mels=20, num_coefficients=5)(SOUND)
    places_M = np.arange(20) + 0.5
    for number in range(5):
        scale = np.sqrt((1 if number == 0 else 2) / 20)
        expected_F = scale * bands_FM @ np.cos(np.pi * number * places_M / 20)
        assert np.allclose(coefficients_FK[:, number], expected_F, atol=1e-3)


def test_a_loud_neighbour_changes_no_recording() -> None:
    """torchaudio's MFCC clips a batch 80 dB under its loudest value."""
    quiet = tone(level=1e-6)
    together = torch.stack([torch.from_numpy(SOUND), torch.from_numpy(quiet)])
    front_end = FrontEnd(kind="mfcc")
    mfcc = torchaudio.transforms.MFCC(RATE_HZ, 13, melkwargs={"n_mels": 40, "n_fft": 512, "hop_length": 160})
    assert not torch.allclose(mfcc(together)[1], mfcc(together[1:])[0], atol=1.0)
    alone = front_end(quiet)
    front_end(SOUND)
    assert np.array_equal(front_end(quiet), alone)


def test_a_recording_shorter_than_the_window_has_frames() -> None:
    assert FrontEnd()(SOUND[:10]).shape == (1, 40)
    assert np.isfinite(FrontEnd()(0 * SOUND)).all()


def test_what_is_stated_makes_the_same_front_end_again() -> None:
    front_end = FrontEnd(kind="mfcc", hop_ms=20.0, sample_rate_hz=8000, num_mels=24)
    facts = front_end.facts()
    assert facts["hop_length"] == 160 and facts["fft_size"] == 256
    assert front_end_of(facts) == front_end


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"num_mels": 200}, "num_mels"),
        ({"high_hz": 9000.0}, "high_hz"),
        ({"kind": "mfcc", "num_coefficients": 41}, "num_coefficients"),
        ({"kind": "melody"}, "kind"),
        ({"hop_ms": 0.01}, "hop_ms"),
    ],
)
def test_front_ends_that_can_not_be_are_refused(settings: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.features\.{key}"):
        FrontEnd(**settings)
