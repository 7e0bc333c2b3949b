"""Several datasets: exact signed ranks against scipy and enumeration, a table only under 7."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, wilcoxon

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics import datasets_summary
from bakeoff.statistics.datasets import critical_difference, signed_rank_p


def means(num_datasets, *, seed=0):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(num_datasets, 1)) + 0.1 * rng.normal(size=(num_datasets, 3)) + [0.5, 0.0, -0.5]
    return pd.DataFrame(table, columns=["cnn", "rnn", "vit"], index=[f"data{i}" for i in range(num_datasets)])


def test_exact_p_equals_scipy_without_ties():
    rng = np.random.default_rng(0)
    for count in (7, 8, 12, 20):
        d = rng.normal(size=count) + 0.3
        assert signed_rank_p(d) == pytest.approx(wilcoxon(d, method="exact").pvalue, rel=1e-12)


def test_exact_p_equals_enumerating_all_signs_with_ties_and_zeros():
    d = np.array([1.0, 1.0, -1.0, 2.0, 2.0, 0.0, 3.0, 0.0])
    kept = rankdata(np.abs(d))[d != 0]
    observed = kept[d[d != 0] > 0].sum()
    sums = np.array([np.dot(kept, signs) for signs in itertools.product((0, 1), repeat=len(kept))])
    expected = min(1.0, 2 * min((sums <= observed).mean(), (sums >= observed).mean()))
    assert signed_rank_p(d) == pytest.approx(expected, rel=1e-12)


def test_no_difference_anywhere_has_p_one():
    assert signed_rank_p(np.zeros(8)) == 1.0


def test_under_seven_datasets_there_is_only_a_table():
    summary = datasets_summary(means(6))
    assert summary.pairs == () and summary.critical_difference is None
    assert "table only" in summary.sentence
    assert summary.mean_ranks == {"cnn": 1.0, "rnn": 2.0, "vit": 3.0}


def test_from_seven_on_all_pairs_are_tested_with_holm():
    summary = datasets_summary(means(8))
    # All 8 differences point one way: p = 2 / 2^8 for every pair, tied, so all at alpha / 3.
    assert [(pair.p, round(pair.level, 6), pair.significant) for pair in summary.pairs] == [
        (2 / 256, 0.016667, True)
    ] * 3


def test_lower_can_be_better():
    assert next(iter(datasets_summary(means(8), direction="minimize").mean_ranks)) == "vit"


def test_critical_difference_is_that_of_the_published_table():
    # Demsar 2006, table 5: q = 2.569 for four contenders at 0.05; 14 datasets give 1.25.
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_nan_is_refused():
    table = means(8)
    table.iloc[0, 0] = np.nan
    with pytest.raises(DataError):
        datasets_summary(table)


def test_means_and_error_rates_that_are_none_are_refused():
    means = pd.DataFrame({"a": [1.0] * 7, "b": [0.5] * 6 + [np.inf]})
    with pytest.raises(DataError, match="finite"):
        datasets_summary(means)
    with pytest.raises(ConfigError, match="alpha"):
        datasets_summary(means.replace(np.inf, 0.5), alpha=2.0)


@pytest.mark.parametrize(("contenders", "needed"), [(2, 7), (3, 7), (4, 8), (5, 9)])
def test_where_even_a_clean_sweep_could_not_pass_holm_there_is_a_table_alone(contenders, needed):
    rng = np.random.default_rng(0)
    gaps = np.arange(contenders) * -1.0

    def summary(count):
        table = rng.normal(size=(count, 1)) + 0.01 * rng.normal(size=(count, contenders)) + gaps
        return datasets_summary(pd.DataFrame(table, columns=list("abcdefg")[:contenders]))

    few, enough = summary(needed - 1), summary(needed)
    assert few.pairs == () and f"a table only; from {needed} on {contenders} contenders" in few.sentence
    assert all(pair.significant for pair in enough.pairs)
