"""Comparisons whose verdicts by the first edition are stored in first_edition.json, made with the code of then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from verdict_simulation import scores, tuned_arms

from bakeoff.statistics import Options, declare_looks, family_verdict_from_matrices, verdict_from_matrices

FIGURES = ("verdict", "winner", "equivalent", "sentence", "margin", "alpha", "provisional", "look", "racing", "pairs")
OF_CONTENDERS = ("name", "rank", "mean", "low", "high", "seed_sd")
OF_ADVICE = ("text", "limit", "seeds", "examples")


def cases(edition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Figures of the verdicts; ``edition`` is passed on to the options."""
    for number in range(8):
        rng = np.random.default_rng(number)
        accuracies = tuple(0.9 + 0.02 * rng.standard_normal(2 + number % 3))
        found = scores(rng, seeds=(5, 10)[number % 2], examples=120, seed_sd=0.5, accuracies=accuracies)
        if number == 5:
            found = {name: np.exp(matrix + rng.standard_normal(120)) for name, matrix in found.items()}
        if number == 6:
            found = {name: np.full((5, 60), 0.9 + 0.01 * k) for k, name in enumerate("ab")}
        looks = {"looks": declare_looks((5, 10))} if number % 4 == 3 else {}
        options = Options(margin=0.05, direction=("maximize", "minimize")[number == 5], **looks, **edition)
        yield _figures(verdict_from_matrices(found, options=options, paired=number == 1).to_dict())
    arms = tuned_arms(np.random.default_rng(8), families=2, trials=12, examples=100)
    family = family_verdict_from_matrices(dict(zip("ab", arms, strict=True)), options=Options(margin=0.05, **edition))
    yield _figures(family.to_dict())


def _figures(record: dict[str, Any]) -> dict[str, Any]:
    rows = [{name: row[name] for name in OF_CONTENDERS} for row in record["contenders"]]
    advice = {name: record["advice"][name] for name in OF_ADVICE}
    return {name: record[name] for name in FIGURES} | {"contenders": rows, "advice": advice}
