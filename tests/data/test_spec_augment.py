"""SpecAugment: what it covers, how much at the most, and where never."""

from __future__ import annotations

import pytest
import torch

from bakeoff.data.audio.augment import SpecAugment
from bakeoff.errors import ConfigError


def masked(augment: SpecAugment, lengths: list[int], *, seed: int = 0) -> torch.Tensor:
    """What is covered in frames of ones, True there; padding is 0 before and is not counted."""
    torch.manual_seed(seed)
    frames_BTK = torch.ones(len(lengths), max(lengths), 12)
    for row, length in enumerate(lengths):
        frames_BTK[row, length:] = 0.0
    (changed_BTK, _), _ = augment((frames_BTK, torch.tensor(lengths)), None)
    return (frames_BTK == 1) & (changed_BTK == 0)


def test_bands_cover_all_frames_and_are_each_recordings_own() -> None:
    covered_BTK = masked(SpecAugment(frequency_masks=1, frequency_width=5, time_masks=0), [30] * 200)
    assert torch.equal(covered_BTK.all(dim=1), covered_BTK.any(dim=1))
    widths_B = covered_BTK[:, 0].sum(dim=1)
    assert set(widths_B.tolist()) == {0, 1, 2, 3, 4, 5}
    assert covered_BTK[:, 0].any(dim=0).all() and len({tuple(row) for row in covered_BTK[:, 0].tolist()}) > 20


def test_stretches_keep_within_a_recording_and_its_share() -> None:
    lengths = [10, 100, 400] * 60
    covered_BTK = masked(SpecAugment(frequency_masks=0, time_masks=1, time_width=40, time_share=0.2), lengths)
    assert torch.equal(covered_BTK.all(dim=2), covered_BTK.any(dim=2))
    frames_B = covered_BTK[:, :, 0].sum(dim=1)
    for length, most in ((10, 2), (100, 20), (400, 40)):
        own = frames_B[[row for row, other in enumerate(lengths) if other == length]]
        assert 0 <= int(own.min()) <= 1 and most - 3 <= int(own.max()) <= most


def test_a_seed_repeats_and_nothing_asked_is_nothing_done() -> None:
    augment = SpecAugment()
    assert torch.equal(masked(augment, [50] * 4), masked(augment, [50] * 4))
    assert not torch.equal(masked(augment, [50] * 4), masked(augment, [50] * 4, seed=1))
    assert not masked(SpecAugment(frequency_masks=0, time_masks=0), [50] * 4).any()


@pytest.mark.parametrize("setting", [{"time_masks": -1}, {"time_share": 1.5}, {"frequency_width": -2}])
def test_settings_out_of_range_are_refused(setting: dict) -> None:
    with pytest.raises(ConfigError, match=rf"augment\.{next(iter(setting))}"):
        SpecAugment(**setting)
