"""Rows that are paired by design: the same train/validation split per replicate for every contender (rules 13, 31)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bakeoff.errors import DataError

MIN_SEEDS_PAIRED = 10
SPLIT = "split"
UNPAIRED = "each trial of a search has a seed of its own, so there is nothing to pair"


def check_paired(labelled: Mapping[str, tuple[list, np.ndarray]]) -> None:
    """Rows that are to be paired carry the same seeds for every contender.

    Raises:
        DataError: they do not.
    """
    if len({tuple(labels) for labels, _ in labelled.values()}) > 1:
        problem = "paired by design needs the same seeds for every contender"
        raise DataError("data.unequal_seeds", "paired", True, problem, next_step="paired=false")


def pairing_notes(frame: pd.DataFrame) -> list[str]:
    """What is to be said of a claim that splits were shared: nothing where the table's ``split`` column shows it.

    Raises:
        DataError: contenders had different splits under one seed.
    """
    if SPLIT not in frame.columns:
        return ["paired by design is taken on trust: the table has no column split to check it against"]
    shared = frame.groupby("seed", observed=True)[SPLIT].nunique(dropna=False)
    if (shared > 1).any():
        seed = shared.index[int(np.flatnonzero(shared > 1)[0])]
        problem = f"contenders had different splits, first with seed {seed}: their rows share no design"
        raise DataError("data.unshared_splits", "paired", True, problem, next_step="paired=false")
    if frame[SPLIT].nunique() == 1:
        return ["all seeds had one split: seeds of equal label have nothing in common that pairing could take off"]
    return []
