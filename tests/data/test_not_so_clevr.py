"""Not-so-Clevr: each place once, a quadrant or a fifth of them for the test; coordinates by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.data.sources.not_so_clevr import NotSoClevr
from bakeoff.data.table import EXAMPLE_COLUMN
from bakeoff.models.cnn.coordconv import CoordConv, places


def made(**changes: object) -> NotSoClevr:
    return NotSoClevr(**{"side": 8, "square": 3, "held_out": "quadrant", "seed": 0} | changes)


def test_the_test_holds_the_places_right_and_below_and_training_all_others() -> None:
    loaded = made().load()
    tested = {f"place {left},{top}" for left in (3, 4, 5) for top in (3, 4, 5)}
    assert set(loaded["test"][EXAMPLE_COLUMN]) == tested
    assert len(set(loaded["train"][EXAMPLE_COLUMN]) - tested) == 36 - 9
    rows, columns = ({name.split()[1].split(",")[k] for name in loaded["train"][EXAMPLE_COLUMN]} for k in (0, 1))
    assert rows == columns == set("012345"), "each row and each column of the quadrant is trained on, but not together"


def test_a_fifth_of_all_places_is_drawn_by_the_seed() -> None:
    first, again, other = (made(held_out="uniform", seed=seed).load()["test"][EXAMPLE_COLUMN] for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 7


def test_the_colour_tells_the_place_and_the_mask_shows_the_square() -> None:
    rows = made().load()["train"].with_format("numpy")
    row = rows[list(rows[EXAMPLE_COLUMN]).index("place 2,0")]
    assert (row["image"] == np.array([102, 0, 0])).all()
    assert row["mask"].tolist() == [[0, 0, 1, 1, 1, 0, 0, 0]] * 3 + [[0] * 8] * 5


@pytest.mark.parametrize("change", [{"square": 8}, {"side": 400}, {"held_out": "half"}])
def test_settings_that_leave_no_places_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"side must be|held_out must be"):
        made(**change)


def test_coordinates_run_from_minus_one_to_one() -> None:
    found_BCHW = places(torch.zeros(2, 3, 3, 5))
    assert found_BCHW[1, 0].tolist() == [[-1.0] * 5, [0.0] * 5, [1.0] * 5]
    assert found_BCHW[0, 1].tolist() == [[-1.0, -0.5, 0.0, 0.5, 1.0]] * 3


@pytest.mark.parametrize("coordinates", [True, False])
def test_only_with_coordinates_does_an_image_of_one_colour_give_a_map_of_several(coordinates: bool) -> None:
    torch.manual_seed(0)
    net = CoordConv(in_channels=3, image_size=(8, 8), width=4, depth=2, coordinates=coordinates).eval()
    (map_BCHW,) = net(torch.ones(1, 3, 8, 8))
    spread = float((map_BCHW - map_BCHW[:, :, :1, :1]).detach().abs().max())
    assert (spread > 1e-3) is coordinates
