"""The parts of a difference's variance, and what they come to at other numbers of seeds and test examples.

    V(S, N) = seed / S + residual / (S N) + example / N + kappa R^2 / N^2

``seed`` is what a seed moves on all examples, ``example`` what examples differ in for the two contenders, ``residual``
what changes with both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bakeoff.statistics.distributions import chdtri
from bakeoff.statistics.estimates import Estimate


@dataclass(frozen=True)
class Components:
    """Variance components of the difference of two contenders, for one seed of each and one example.

    Attributes:
        seed: variance over seeds that all examples share.
        residual: variance of single scores that neither seed nor example explains, both contenders'.
        example: variance over examples.
        span: range of the scores; 0 without bounds.
        kappa: of the guard at the level that is planned for.
    """

    seed: float
    residual: float
    example: float
    span: float = 0.0
    kappa: float = 0.0

    def variance(self, seeds: Any, examples: Any) -> Any:
        """V at so many seeds and examples; numbers or arrays."""
        by_example = self.example / examples + self.kappa * (self.span / examples) ** 2
        return (self.seed + self.residual / examples) / seeds + by_example

    def df(self, seeds: Any, examples: Any) -> Any:
        """Degrees of freedom to expect of the crossed t there."""
        of_seeds = (self.seed + self.residual / examples) / seeds
        of_examples = self.variance(seeds, examples) - of_seeds
        squares = of_seeds**2 / np.maximum(2 * (seeds - 1), 1) + of_examples**2 / np.maximum(examples - 1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(squares > 0, (of_seeds + of_examples) ** 2 / squares, 1.0)

    def with_kappa(self, kappa: float) -> Components:
        """The same under another guard."""
        return replace(self, kappa=kappa)


def components_of(estimate: Estimate, *, kappa: float = 0.0) -> Components:
    """The components as one comparison estimates them."""
    num_seeds, num_examples = estimate.num_seeds, estimate.num_examples
    residual = min(estimate.c, estimate.v_seeds)
    return Components(
        seed=num_seeds * (estimate.v_seeds - residual),
        residual=num_seeds * residual * num_examples,
        example=num_examples * estimate.s2_examples,
        span=math.sqrt(estimate.guard_unit) * num_examples,
        kappa=kappa,
    )


def upper_components(estimate: Estimate, *, confidence: float = 0.8, kappa: float = 0.0) -> Components:
    """Upper limits of the components, for plans that must not rest on a lucky pilot (rule 32).

    The seeds' limit is that of the chi-square distribution with Satterthwaite's degrees of freedom, the examples' with
    degrees of freedom after the kurtosis of the differences. The residual is known well from S x N scores.
    """
    found = components_of(estimate, kappa=kappa)
    squares = estimate.v_a**2 + estimate.v_b**2
    df_seeds = (estimate.num_seeds - 1) * (estimate.v_seeds**2 / squares if squares > 0 else 2.0)
    whole_seed = estimate.s2_seed * upper_factor(df_seeds, confidence)
    whole_example = estimate.vex * upper_factor(estimate.df_examples or estimate.num_examples - 1.0, confidence)
    per_run = found.residual / estimate.num_examples
    return replace(
        found,
        seed=max(whole_seed - per_run, 0.0),
        example=estimate.num_examples * max(whole_example - per_run / estimate.num_seeds, 0.0),
    )


def upper_factor(df: float, confidence: float) -> float:
    """Upper limit of a variance with so many degrees of freedom, as a multiple of its estimate."""
    return float(df / chdtri(df, confidence))
