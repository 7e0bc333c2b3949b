"""Corruptions change what they say by as much as they say, the same way each time, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.data.audio.corruptions import CORRUPTIONS as OF_RECORDINGS
from bakeoff.data.audio.corruptions import corrupted_recording
from bakeoff.data.audio.recordings import Recording
from bakeoff.data.image.corruptions import CORRUPTIONS, corrupted_pixels
from bakeoff.data.labelled_series.corruptions import CORRUPTIONS as OF_SERIES
from bakeoff.data.labelled_series.corruptions import corrupted_series
from bakeoff.data.series.corruptions import corrupted_windows
from bakeoff.data.series.history import History
from bakeoff.data.text.typos import with_typos

GREY = np.full((50, 16, 12, 1), 128, dtype=np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_images_stay_images_and_are_spoilt_the_same_way_each_time(name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    found = [corrupted_pixels(pixels, name, 0.3) for _ in range(2)]
    assert found[0].dtype == np.uint8 and found[0].shape == pixels.shape
    assert (found[0] == found[1]).all() and (found[0] != pixels).any()


def test_noise_has_the_deviation_that_is_named() -> None:
    noisy = corrupted_pixels(GREY, "noise", 0.1).astype(float)
    assert noisy.std() == pytest.approx(25.5, rel=0.05) and noisy.mean() == pytest.approx(128, abs=1)


def test_contrast_draws_each_image_to_its_own_mean() -> None:
    stripes = np.zeros((2, 4, 4, 1), dtype=np.uint8)
    stripes[:, ::2], stripes[1] = 200, stripes[1] // 2
    found = corrupted_pixels(stripes, "contrast", 0.4)
    assert set(found[0].ravel().tolist()) == {60, 140}  # 100 - 40 and 100 + 40


def test_blur_spreads_a_point_as_a_bell_of_that_width_and_keeps_channels_apart() -> None:
    point = np.zeros((1, 41, 41, 2), dtype=np.uint8)
    point[0, 20, 20, 0] = 255
    blurred = corrupted_pixels(point, "blur", 2 / 41)[0].astype(float)
    assert blurred[..., 1].max() == 0
    along = np.arange(41) - 20
    assert blurred[20, 20, 0] == pytest.approx(255 / (2 * np.pi * 4), abs=1)
    assert (blurred[..., 0] * along**2).sum() / blurred[..., 0].sum() == pytest.approx(4, rel=0.2)


def test_a_signal_of_one_column_is_blurred_along_time() -> None:
    signal = np.zeros((1, 40, 1, 1), dtype=np.uint8)
    signal[0, 20] = 250
    assert 0 < corrupted_pixels(signal, "blur", 0.05)[0, 20, 0, 0] < 100


def test_typos_befall_that_share_of_letters_and_nothing_else() -> None:
    text = "the quick brown fox jumps over the lazy dog 12345 !? " * 40
    (found,) = with_typos([text], 0.1)
    assert (found,) == tuple(with_typos([text], 0.1)) and with_typos([text], 0.0) == [text]
    assert [sign for sign in found if not sign.isalpha()] == [sign for sign in text if not sign.isalpha()]
    words = list(zip(text.split(), found.split(), strict=True))
    assert 0.2 < np.mean([one != other for one, other in words]) < 0.5


def window() -> tuple[list[tuple[torch.Tensor, ...]], list[History]]:
    values = np.arange(30.0)
    scaled = torch.from_numpy(((values[-20:] - 19.5) / 5).astype(np.float32))
    inputs = torch.stack([scaled, torch.zeros(20)], dim=1)[None].repeat(2, 1, 1)
    history = History(values, np.ones(30, dtype=bool), window=20, horizon=3, season=1, known=np.empty((3, 0)))
    return [(inputs, torch.tensor([[19.5, 5.0]] * 2))], [history] * 2


def test_a_missing_step_is_marked_and_the_value_before_stands_in() -> None:
    batches, histories = window()
    ((spoilt, _),), (first, second) = corrupted_windows(batches, histories, "missing", 0.4)
    lost = spoilt[0, :, 1] == 1
    assert 3 <= lost.sum() <= 13 and not lost[0]
    for step in np.flatnonzero(lost.numpy()):
        assert spoilt[0, step, 0] == spoilt[0, step - 1, 0]
    assert torch.equal(spoilt[0, ~lost, 0], batches[0][0][0, ~lost, 0])
    np.testing.assert_array_equal(first.observed[-20:], ~lost.numpy())
    np.testing.assert_allclose(first.values[-20:], spoilt[0, :, 0].double() * 5 + 19.5, rtol=1e-6)
    np.testing.assert_array_equal(first.values[:10], np.arange(10.0))
    assert (first.observed != second.observed).any()  # each window loses its own
    assert histories[0].values[-1] == 29 and (batches[0][0][..., 1] == 0).all()  # those given stay as they are


def test_noise_of_a_window_is_measured_by_its_own_deviation() -> None:
    batches, histories = window()
    wide = [(batches[0][0].repeat(400, 1, 1), batches[0][1].repeat(400, 1))]
    ((spoilt, _),), _ = corrupted_windows(wide, histories * 400, "noise", 0.3)
    noise = (spoilt - wide[0][0])[..., 0]
    assert float(noise.std()) == pytest.approx(0.3 * float(batches[0][0][0, :, 0].std(correction=0)), rel=0.05)


RAMP = np.stack([np.arange(200.0), 7 - 3 * np.arange(200.0)], axis=1).astype(np.float32)


@pytest.mark.parametrize("name", OF_SERIES)
def test_series_keep_their_length_and_are_spoilt_the_same_way_each_time(name: str) -> None:
    for amount in OF_SERIES[name].amounts:
        once, again = (corrupted_series([RAMP, RAMP[:20]], name, amount) for _ in range(2))
        assert [own.shape for own in once] == [(200, 2), (20, 2)] and {own.dtype for own in once} == {RAMP.dtype}
        assert all(np.isfinite(own).all() for own in once)
        np.testing.assert_array_equal(once[0], again[0])
        if name != "missing":  # what lies on a line is filled as it was, but for the ends
            assert (once[0] != RAMP).any()


def test_missing_steps_of_a_line_are_filled_on_it() -> None:
    bent = np.abs(RAMP - 100)
    (filled,) = corrupted_series([bent], "missing", 0.5)
    changed = np.flatnonzero((filled != bent).any(axis=1))
    inside = changed[(changed > 12) & (changed < 187)]
    assert set(inside.tolist()) <= set(range(95, 106)) | set(range(30, 40))  # where a channel bends
    (alone,) = corrupted_series([RAMP[:1]], "missing", 1.0)
    np.testing.assert_array_equal(alone, RAMP[:1])


def test_noise_of_a_series_is_measured_by_each_channel() -> None:
    wide = np.tile(RAMP, (50, 1))
    (noisy,) = corrupted_series([wide], "noise", 0.3)
    np.testing.assert_allclose((noisy - wide).std(axis=0), 0.3 * wide.std(axis=0), rtol=0.05)


def test_a_shifted_series_has_its_first_or_last_value_in_front_or_behind() -> None:
    seen = set()
    for shifted in corrupted_series([RAMP] * 20, "shift", 0.1):
        late = shifted[100, 0] < 100
        seen.add(bool(late))
        np.testing.assert_array_equal(shifted[20:] if late else shifted[:-20], RAMP[:-20] if late else RAMP[20:])
        np.testing.assert_array_equal(shifted[0] if late else shifted[-1], RAMP[0] if late else RAMP[-1])
    assert seen == {True, False}


def spoilt_tone(name: str, amount: float) -> tuple[np.ndarray, np.ndarray]:
    samples = np.sin(np.arange(16_000) / 5).astype(np.float32)
    found = corrupted_recording(Recording(samples, 16_000), name, amount, np.random.default_rng(3))
    assert found.sample_rate_hz == 16_000 and found.samples_T.dtype == np.float32 and len(found.samples_T) == 16_000
    return samples, found.samples_T


def test_a_recording_lies_above_its_noise_by_so_many_decibels() -> None:
    whole, noisy = spoilt_tone("noise", 10.0)
    assert 10 * np.log10(np.square(whole).mean() / np.square(noisy - whole).mean()) == pytest.approx(10, abs=0.2)


def test_a_quieter_recording_has_less_power_by_so_many_decibels() -> None:
    whole, quiet = spoilt_tone("gain", 6.0)
    assert 20 * np.log10(whole.std() / quiet.std()) == pytest.approx(6)


def test_gaps_are_silent_and_twenty_milliseconds_long() -> None:
    whole, torn = spoilt_tone("missing", 0.2)
    lost = (torn == 0).reshape(50, 320).all(axis=1)
    assert 5 <= lost.sum() <= 16
    np.testing.assert_array_equal(torn.reshape(50, 320)[~lost], whole.reshape(50, 320)[~lost])


def test_a_shifted_recording_begins_or_ends_in_silence() -> None:
    whole, moved = spoilt_tone("shift", 0.25)
    late = not moved[:4000].any()
    np.testing.assert_array_equal(moved[4000:] if late else moved[:-4000], whole[:-4000] if late else whole[4000:])
    assert late or not moved[-4000:].any()


def test_silence_stays_silence_under_noise() -> None:
    silent = Recording(np.zeros(100, dtype=np.float32), 8000)
    for name, corruption in OF_RECORDINGS.items():
        found = corrupted_recording(silent, name, corruption.amounts[2], np.random.default_rng(0))
        assert not found.samples_T.any()
