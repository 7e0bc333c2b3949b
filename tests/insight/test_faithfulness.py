"""Deletion and insertion by hand, where a network is a sum, and intervals where examples belong together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.insight.faithfulness import SHARES_K, Curves, against_random, areas, curves_of, interval, random_curves
from bakeoff.tasks.explained import Explained

WEIGHTS = torch.tensor([8.0, 4.0, 2.0, 1.0, 1.0])


def weighed_sum(real: list[list[bool]]) -> Explained:
    """A network that adds up its places, each with a weight; 16 of all of them."""
    real_BP = torch.tensor(real)
    features = torch.ones(*real_BP.shape, 1)
    weights_BP = WEIGHTS.expand(real_BP.shape)

    def total(features: torch.Tensor, weights_BP: torch.Tensor) -> torch.Tensor:
        return (features[..., 0] * weights_BP).sum(dim=1)

    return Explained(
        features=features,
        blank=torch.zeros_like(features),
        vector_axis=2,
        real_BP=real_BP,
        others=(weights_BP,),
        driven=total,
        kept=total,
        drawn=lambda row, shares, case: pytest.fail("nothing is drawn"),
    )


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_most_important_places_go_and_come_first() -> None:
    explained = weighed_sum([[True] * 5])
    found = curves_of(explained, WEIGHTS[None], generator())
    left = {0: 16, 1: 8, 2: 4, 3: 2, 4: 1, 5: 0}
    gone = [round(share * 5) for share in SHARES_K.tolist()]
    assert found.deletion_NK[0].tolist() == [left[count] for count in gone]
    assert found.insertion_NK[0].tolist() == [16 - left[count] for count in gone]


def test_the_worst_order_is_the_other_way_round() -> None:
    explained = weighed_sum([[True] * 5])
    best, worst = (curves_of(explained, sign * WEIGHTS[None], generator()) for sign in (1, -1))
    assert areas(best.deletion_NK) < areas(worst.deletion_NK)
    assert areas(best.insertion_NK) > areas(worst.insertion_NK)


def test_padding_is_never_deleted_and_counts_for_no_share() -> None:
    explained = weighed_sum([[True, True, False, False, False]])
    found = curves_of(explained, -torch.ones(1, 5), generator())
    assert found.deletion_NK[0, -1] == 4 == found.insertion_NK[0, 0]
    assert set(found.deletion_NK[0, 1:-1].tolist()) <= {16, 12, 8, 4}


def test_equal_places_go_in_a_random_order_not_from_the_first_to_the_last() -> None:
    explained = weighed_sum([[True] * 5] * 400)
    found = curves_of(explained, torch.zeros(400, 5), generator())
    # on average a share of the places has that share of the sum
    counts = np.array([round(share * 5) for share in SHARES_K.tolist()]) / 5
    np.testing.assert_allclose(found.deletion_NK.mean(axis=0), 16 * (1 - counts), atol=0.8)


def test_an_attribution_that_is_right_beats_random_and_a_random_one_does_not() -> None:
    explained = weighed_sum([[True] * 5] * 64)
    random = random_curves(explained, generator())
    right = against_random(curves_of(explained, WEIGHTS.expand(64, 5), generator()), random, None)
    assert right["deletion"]["low"] > 3 and right["insertion"]["low"] > 3
    noise = torch.rand(64, 5, generator=generator().manual_seed(7))
    chance = against_random(curves_of(explained, noise, generator()), random, None)
    assert all(found["low"] < 0 < found["high"] for found in chance.values())


def test_better_means_less_of_deletion_and_more_of_insertion() -> None:
    high, low = np.ones((3, 17)), np.zeros((3, 17))
    found = against_random(Curves(low, low), Curves(high, high), None)
    assert found["deletion"]["better_by"] == 1 == -found["insertion"]["better_by"]
    assert (found["deletion"]["low"], found["insertion"]["high"]) == (1, -1)


def test_the_interval_is_that_of_the_units_where_examples_belong_together() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=20), 50)
    alone, together = interval(values, None), interval(values, [str(k // 50) for k in range(1000)])
    assert together[1] - together[0] > 5 * (alone[1] - alone[0])
    deviation = values.std() / np.sqrt(20)
    assert together[1] - together[0] == pytest.approx(2 * 1.96 * deviation, rel=0.15)
