"""The shared rule for small images, worked by hand."""

import pytest

from bakeoff.models.contracts import ImageTooSmall
from bakeoff.models.downsampling import Downsampling, fit_to_image, map_size, total_strides
from bakeoff.models.scaling import scaled

STEM = Downsampling(kernel=7, stride=2, padding=3)
POOL = Downsampling(kernel=3, stride=2, padding=1)
PATCH = Downsampling(kernel=4, stride=4, padding=0)
VALID_POOL = Downsampling(kernel=3, stride=2, padding=0)


def test_sizes_are_those_of_the_papers() -> None:
    assert map_size((224, 224), [STEM, POOL, POOL, POOL, POOL]) == (7, 7)
    alexnet = [Downsampling(kernel=11, stride=4, padding=2), VALID_POOL, VALID_POOL, VALID_POOL]
    assert [map_size((224, 224), alexnet[:count])[0] for count in (1, 2, 3, 4)] == [55, 27, 13, 6]


def test_an_image_large_enough_keeps_every_stride() -> None:
    steps = [STEM, POOL, POOL]
    assert fit_to_image(steps, image_size=(16, 16), final_map=2) == tuple(steps)


def test_the_earliest_strides_go_first_and_patches_by_halves() -> None:
    steps = fit_to_image([PATCH, POOL, POOL], image_size=(16, 16), final_map=2)
    assert total_strides(steps) == (2, 4, 8)
    steps = fit_to_image([PATCH, POOL, POOL], image_size=(8, 8), final_map=2)
    assert total_strides(steps) == (1, 2, 4)
    steps = fit_to_image([PATCH, POOL, POOL], image_size=(4, 4), final_map=2)
    assert total_strides(steps) == (1, 1, 2)
    assert steps[0] == Downsampling(kernel=3, stride=1, padding=1)


def test_the_shorter_side_decides() -> None:
    steps = fit_to_image([POOL, POOL, POOL], image_size=(64, 4), final_map=2)
    assert total_strides(steps) == (1, 1, 2)
    assert map_size((64, 4), steps) == (32, 2)


def test_a_window_larger_than_the_image_counts_as_too_small() -> None:
    steps = fit_to_image([VALID_POOL, VALID_POOL], image_size=(2, 2), final_map=1)
    assert map_size((2, 2), steps) == (2, 2)


def test_an_image_smaller_than_the_final_map_is_refused_with_the_least_size() -> None:
    with pytest.raises(ImageTooSmall, match=r"3x9 px .* least size is 4x4"):
        fit_to_image([POOL], image_size=(3, 9), final_map=4)


def test_a_final_map_of_no_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        fit_to_image([POOL], image_size=(8, 8), final_map=0)


def test_channels_round_each_on_their_own_and_never_vanish() -> None:
    assert [scaled(64, width) for width in (1.0, 0.5, 0.039, 0.001)] == [64, 32, 2, 1]
    assert scaled(96, 0.03, multiple_of=2) == 2
    assert scaled(256, 0.0123, multiple_of=2) == 4
    with pytest.raises(ValueError, match="positive"):
        scaled(64, 0.0)
