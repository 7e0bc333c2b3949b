"""Whether attributions say what a network looks at: what is left of its answer as places go, or come.

Petsiuk et al. 2018, "RISE: Randomized input sampling for explanation of black-box models", arXiv:1806.07421, section
4.3: places are deleted (made blank), most important first, and inserted into blank features in the same order. A
faithful attribution leaves little of the answer after few deletions (a small area under the curve), and much after few
insertions (a large one). Held against random orders of the same places of the same examples.

B batch, N examples, P places, K shares of the places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bakeoff.tasks.explained import Explained

SHARES_K = np.linspace(0.0, 1.0, 17)
"""Of the places that are gone, or have come."""
RANDOM_ORDERS = 5
"""Of each example; their curves are averaged."""
LEVEL, RESAMPLES = 0.95, 10_000


class Curves(NamedTuple):
    """What is left of each example's answer, ``(N, K)``, when shares of its places are deleted, or inserted."""

    deletion_NK: np.ndarray
    insertion_NK: np.ndarray


def curves_of(explained: Explained, attribution_BP: Tensor, generator: torch.Generator) -> Curves:
    """The curves of an attribution; places that are equally important go in a random order."""
    ranks_BP, counts_B = _ranks(attribution_BP, explained.real_BP, generator), explained.real_BP.flatten(1).sum(dim=1)
    deleted, inserted = [], []
    for share in SHARES_K:
        cut_B = torch.round(share * counts_B).view(-1, *[1] * (ranks_BP.ndim - 1))
        first_BP, padding_BP = ranks_BP < cut_B, ~explained.real_BP
        deleted.append(_kept(explained, ~first_BP | padding_BP))
        inserted.append(_kept(explained, first_BP | padding_BP))
    return Curves(np.stack(deleted, axis=1), np.stack(inserted, axis=1))


def random_curves(explained: Explained, generator: torch.Generator) -> Curves:
    """The mean curves of random orders."""
    blank_BP = torch.zeros(explained.real_BP.shape)
    found = [curves_of(explained, blank_BP, generator) for _ in range(RANDOM_ORDERS)]
    return Curves(*(np.mean(parts, axis=0) for parts in zip(*found, strict=True)))


def joined(parts: Sequence[Curves]) -> Curves:
    """The curves of several batches."""
    return Curves(*(np.concatenate(own) for own in zip(*parts, strict=True)))


def areas(curves_NK: np.ndarray) -> np.ndarray:
    """Under each curve, ``(N,)``: the mean of what is left over all shares."""
    found: np.ndarray = np.trapezoid(curves_NK, SHARES_K, axis=1)
    return found


def against_random(own: Curves, random: Curves, units: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Of ``deletion`` and ``insertion``: both areas, by how much the attribution is better, and the mean curves.

    Args:
        own: of an attribution.
        random: of the same examples.
        units: what each example belongs to, where they are not independent.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, own_NK, random_NK, sign in zip(("deletion", "insertion"), own, random, (-1, 1), strict=True):
        own_N, random_N = areas(own_NK), areas(random_NK)
        low, high = interval(sign * (own_N - random_N), units)
        found[name] = {
            "area": float(own_N.mean()),
            "random_area": float(random_N.mean()),
            "better_by": float(sign * (own_N - random_N).mean()),
            "low": low,
            "high": high,
            "curve": own_NK.mean(axis=0).tolist(),
            "random_curve": random_NK.mean(axis=0).tolist(),
        }
    return found


def interval(values_N: np.ndarray, units: Sequence[str] | None) -> tuple[float, float]:
    """Of the mean, by a percentile bootstrap over units, with all examples of each (Efron and Tibshirani 1993)."""
    places_N = np.unique(np.asarray(units), return_inverse=True)[1] if units is not None else np.arange(len(values_N))
    sums_U, counts_U = np.bincount(places_N, values_N), np.bincount(places_N)
    drawn_RU = np.random.default_rng(0).integers(len(sums_U), size=(RESAMPLES, len(sums_U)))
    means_R = sums_U[drawn_RU].sum(axis=1) / counts_U[drawn_RU].sum(axis=1)
    low, high = np.quantile(means_R, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@torch.no_grad()
def _kept(explained: Explained, present_BP: Tensor) -> np.ndarray:
    kept_B: np.ndarray = explained.kept(explained.partly(present_BP), *explained.others).double().cpu().numpy()
    return kept_B


def _ranks(attribution_BP: Tensor, real_BP: Tensor, generator: torch.Generator) -> Tensor:
    """The place of each in the order of importance, 0 for the first; what is not real comes last."""
    flat_BP = attribution_BP.cpu().masked_fill(~real_BP.cpu(), -torch.inf).flatten(1)
    shuffled_BP = torch.rand(flat_BP.shape, generator=generator).argsort(dim=1)
    order_BP = flat_BP.gather(1, shuffled_BP).argsort(dim=1, descending=True, stable=True)
    ranks_BP = shuffled_BP.gather(1, order_BP).argsort(dim=1)
    return ranks_BP.view_as(attribution_BP).to(real_BP.device)
