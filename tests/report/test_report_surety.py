"""How sure is that: intervals that hold at once, what the doubt is made of, and what more of either would buy."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from bakeoff.record.plan import RecordedPlan
from bakeoff.record.verdict import RecordedVerdict
from bakeoff.report.analysis.widths import simultaneous, told_pair, widths_of
from bakeoff.statistics import race_verdict, simultaneous_intervals, verdict_from_scores
from bakeoff.statistics.components import components_of
from tests.report.built_page import Built, built
from tests.report.synthetic_bakeoff import ENTRIES, TUNED, Recipe, write_bakeoff


def scores(*, contenders=3, seeds=8, examples=300, skewed=False):
    rng = np.random.default_rng(3)
    ease = rng.normal(size=examples)
    parts = []
    for place in range(contenders):
        latent = (
            1.0 - 0.25 * place + ease + 0.1 * rng.normal(size=(seeds, 1)) + 0.6 * rng.normal(size=(seeds, examples))
        )
        found = np.exp(0.5 * latent) if skewed else (latent > 0).astype(float)
        index = pd.MultiIndex.from_product([range(seeds), range(examples)], names=["seed", "example"])
        parts.append(pd.Series(found.ravel(), index=index, name="score").reset_index().assign(contender="abcd"[place]))
    return pd.concat(parts)


def recorded(verdict):
    return RecordedVerdict.from_dict(json.loads(json.dumps(verdict.to_dict())))


@pytest.mark.parametrize("skewed", [False, True])
def test_what_is_recorded_of_a_pair_gives_its_interval_and_that_of_all_pairs_again(skewed):
    verdict = verdict_from_scores(scores(skewed=skewed), margin=0.01)
    found = recorded(verdict)
    together = simultaneous_intervals(verdict)
    for own, pair in zip(verdict.pairs, found.pairs, strict=True):
        estimate = pair.estimate(found.num_units)
        assert estimate.interval(pair.level) == pytest.approx((own.low, own.high), rel=1e-12)
        assert simultaneous(pair, RecordedPlan(), found) == pytest.approx(together[pair.a, pair.b], rel=1e-12)
    assert replace(found.pairs[0], variance=None).estimate(300) is None
    assert simultaneous(found.pairs[0], RecordedPlan(), replace(found, edition=1)) is None


def test_at_a_look_all_at_once_spends_what_the_look_may():
    table = scores(contenders=2, seeds=10)
    verdict = race_verdict(table[table["seed"] < 5], looks=(5, 10))
    found = recorded(verdict)
    (pair,) = found.pairs
    assert pair.level < 0.05
    assert simultaneous(pair, RecordedPlan(looks=(5, 10)), found) == pytest.approx((pair.low, pair.high), rel=1e-12)
    levels = RecordedPlan(looks=(5, 10), look_levels=(0.01, 0.04))
    at_1_percent = pair.estimate(found.num_units).interval(0.01)
    assert simultaneous(pair, levels, found) == pytest.approx(at_1_percent, rel=1e-12)


def test_widths_follow_the_components_of_the_variance():
    verdict = verdict_from_scores(scores(), margin=0.01)
    own = verdict.pairs[0]
    found = widths_of(recorded(verdict).pairs[0], num_units=300)
    assert (found.num_runs, found.num_units, found.today) == (8, 300, pytest.approx((own.high - own.low) / 2))
    assert found.at(1, runs=True) == pytest.approx(found.today, rel=1e-3)
    components = components_of(own.estimate, kappa=2.0)

    def half(seeds, examples):
        return (
            student.ppf(1 - own.level / 2, components.df(seeds, examples)) * components.variance(seeds, examples) ** 0.5
        )

    for times in (2, 5, 20):
        assert found.at(times, runs=True) == pytest.approx(found.today * half(8 * times, 300) / half(8, 300), rel=1e-3)
        assert found.at(times, runs=False) == pytest.approx(found.today * half(8, 300 * times) / half(8, 300), rel=1e-3)
    assert found.endless_runs == pytest.approx(found.today * half(1e9, 300) / half(8, 300), rel=1e-6)
    assert found.endless_units == pytest.approx(found.today * half(8, 1e9) / half(8, 300), rel=1e-6)
    whole = own.estimate.variance
    assert found.shares["guard"] == pytest.approx(own.estimate.guard / whole)
    assert found.shares["runs"] + found.shares["both"] == pytest.approx(own.estimate.v_seeds / whole)
    assert found.shares["units"] == pytest.approx(own.estimate.s2_examples / whole)


def test_the_verdict_is_told_by_the_leader_and_its_nearest_rival_or_by_what_keeps_it_open():
    won = recorded(verdict_from_scores(scores(seeds=10, examples=3000), margin=0.01))
    assert won.winner == "a" and (told_pair(won).a, told_pair(won).b) == ("a", "b")
    open_ = recorded(verdict_from_scores(scores(examples=60), margin=0.01))
    advised = open_.raw["advice"]
    assert open_.winner is None and (told_pair(open_).a, told_pair(open_).b) == (advised["a"], advised["b"])
    gone = [replace(pair, num_seeds_when_settled=5) if pair.b == "b" else pair for pair in won.pairs]
    assert told_pair(replace(won, pairs=tuple(gone))).b == "c"


def test_the_page_tells_the_intervals_apart_and_draws_what_more_would_buy(report: Built) -> None:
    page, words = report.html, " ".join(report.outline.text.split())
    assert "Thick: the interval by which the pair was judged" in words and "intervals that hold all at once" in words
    assert "all at once" in page and page.count("all at once −") + page.count("all at once +") == 6, "3 pairs, 2 sizes"
    assert "What more seeds and more test examples would buy" in words and "today ±" in page
    assert "no number of seeds brings it below" in words and "where today&#x27;s doubt" not in page
    assert words.count("where today's doubt comes from") == 2
    for name in ("seeds", "examples", "margin", "lead"):
        assert f">{name}</text>" in page


def test_two_contenders_have_no_second_interval_and_trials_are_called_so(tmp_path: Path) -> None:
    two = tuple(entry for entry in ENTRIES if entry.name != "vit")
    page = built(write_bakeoff(tmp_path / "two", Recipe(entries=two))).html
    assert "hold all at once" not in page.split('id="glossary"')[0] and "widths-wide" in page
    tuned = built(write_bakeoff(tmp_path / "tuned", TUNED)).html
    assert "What more trials and more test examples would buy" in tuned
    assert "Single answers" not in tuned, "a family has no such part"
