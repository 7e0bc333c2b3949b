"""Pairing by design is checked against the splits that the table names."""

import numpy as np
import pandas as pd
import pytest

from bakeoff.errors import DataError
from bakeoff.statistics import race_verdict, verdict_from_scores


def table(*, seeds=10, examples=40):
    rng = np.random.default_rng(0)
    rows = [
        pd.DataFrame({"contender": name, "seed": seed, "example": range(examples), "score": rng.normal(size=examples)})
        for name in "ab"
        for seed in range(seeds)
    ]
    return pd.concat(rows, ignore_index=True)


def notes(frame, **options):
    warnings = verdict_from_scores(frame, paired=True, **options).warnings
    return [text for text in warnings if "seeds had" in text or "trust" in text]


def test_shared_splits_pass_without_a_word():
    frame = table()
    assert notes(frame.assign(split=frame["seed"].map(lambda seed: f"split-{seed}"))) == []


def test_without_the_column_it_is_taken_on_trust():
    assert "paired by design is taken on trust" in notes(table())[0]
    assert notes(table(), edition=1) == []


def test_splits_that_were_not_shared_are_refused():
    frame = table()
    own = frame.assign(split=frame["contender"] + frame["seed"].astype(str))
    with pytest.raises(DataError, match=r"unshared_splits.*seed 0"):
        verdict_from_scores(own, paired=True)
    with pytest.raises(DataError, match="unshared_splits"):
        race_verdict(own, looks=(10, 20), paired=True)
    assert verdict_from_scores(own).pairs


def test_one_split_for_all_leaves_nothing_to_pair():
    assert "all seeds had one split" in notes(table().assign(split="only"))[0]
