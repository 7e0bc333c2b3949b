"""What a bad table of scores gets: one line with a code, never a number."""

import math

import numpy as np
import pandas as pd
import pytest

from bakeoff.errors import DataError
from bakeoff.statistics import verdict_from_scores
from bakeoff.statistics.scores import score_table


def table(contenders=("cnn", "rnn"), seeds=5, examples=4):
    rows = [(c, s, f"e{i}", float((s + i) % 2)) for c in contenders for s in range(seeds) for i in range(examples)]
    return pd.DataFrame(rows, columns=["contender", "seed", "example", "score"])


def refused(frame):
    with pytest.raises(DataError) as caught:
        verdict_from_scores(frame)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_matrices_are_seeds_by_examples_whatever_the_row_order():
    frame = table()
    frame["score"] = np.arange(len(frame), dtype=float)
    found = score_table(frame.sample(frac=1, random_state=0)).matrices
    assert found["rnn"].tolist() == np.arange(20, 40).reshape(5, 4).tolist()


def test_missing_column_names_it_and_the_nearest():
    message = refused(table().rename(columns={"contender": "contenders"}))
    assert message.startswith("error[data.missing_column] contender:") and "rename 'contenders'" in message


def test_nan_score_is_located():
    frame = table()
    frame.loc[6, "score"] = math.nan
    assert "1 scores are NaN or infinite, first: contender cnn, seed 1, example e2" in refused(frame)


def test_duplicate_row_is_located():
    frame = table()
    message = refused(pd.concat([frame, frame.iloc[[25]]]))
    assert "[data.duplicate_rows]" in message and "contender rnn, seed 1, example e1" in message


def test_missing_row_is_located():
    message = refused(table().drop(index=25))
    assert "[data.missing_rows]" in message and "contender rnn, seed 1, example e1" in message


def test_examples_that_only_one_contender_scored_are_refused():
    frame = table()
    frame.loc[frame["contender"] == "rnn", "example"] += "x"
    assert "[data.missing_rows]" in refused(frame)


def test_missing_seed_label_is_refused():
    frame = table().astype({"seed": float})
    frame.loc[0, "seed"] = math.nan
    assert "[data.missing_value] seed" in refused(frame)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (table(contenders=("cnn",)), "data.one_contender"),
        (table(seeds=2), "data.too_few_seeds"),
        (table().iloc[:0], "data.empty"),
        (table().assign(score="good"), "data.bad_scores"),
    ],
)
def test_what_cannot_be_compared_is_refused(frame, code):
    assert f"error[{code}]" in refused(frame)


def test_boolean_scores_are_right_or_wrong():
    frame = table()
    assert verdict_from_scores(frame.assign(score=frame["score"] > 0)).num_examples == 4


def test_a_number_and_a_text_that_read_alike_are_not_merged_into_one_contender():
    frame = table(contenders=("cnn", "rnn", "vit")).astype({"contender": object})
    frame["contender"] = frame["contender"].map({"cnn": 1, "rnn": "1", "vit": "vit"})
    assert "[data.bad_names] contender: two values read '1'" in refused(frame)


def test_lists_and_mappings_are_no_names():
    frame = table()
    frame["example"] = frame["example"].map(lambda name: [name])
    assert refused(frame) == "error[data.bad_names] example: must be names or numbers"
    frame["example"] = frame["example"].map(lambda name: {"id": name[0]})
    assert "[data.bad_names]" in refused(frame)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scores_whose_squares_do_not_fit_are_refused_instead_of_certain(scale):
    frame = table()
    frame["score"] = np.random.default_rng(0).normal(size=len(frame)) * scale
    assert "too far apart or too close for their squares" in refused(frame)


def test_constant_scores_of_any_size_are_compared():
    frame = table()
    frame["score"] = 1e-200
    assert verdict_from_scores(frame).pairs[0].p == 1


@pytest.mark.parametrize("kind", ["complex128", "datetime64[ns]", "timedelta64[ns]"])
def test_dates_and_complex_numbers_are_no_scores(kind):
    frame = table().astype({"score": "int64"}).astype({"score": kind})
    assert refused(frame) == f"error[data.bad_scores] score: scores must be numbers, got {kind}"


def test_a_column_that_is_there_twice_is_named():
    frame = table()
    assert "score: the scores table has this column twice" in refused(pd.concat([frame, frame[["score"]]], axis=1))
