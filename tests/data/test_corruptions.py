"""Corruptions change what they say by as much as they say, the same way each time, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.data.image.corruptions import CORRUPTIONS, corrupted_pixels
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
