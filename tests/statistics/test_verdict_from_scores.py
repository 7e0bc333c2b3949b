"""The word of the verdict, what it may claim, and what must not change it."""

import json
import time

import numpy as np
import pandas as pd
import pytest
from verdict_simulation import scores

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics import (
    EQUIVALENT,
    NOT_ENOUGH_EVIDENCE,
    WINS,
    WINS_SMALL,
    Options,
    crossed_mean,
    verdict_from_matrices,
    verdict_from_scores,
)
from bakeoff.statistics.guards import Guard


def simulated(accuracies, *, seeds=10, examples=2000, seed=0, same=False):
    rng = np.random.default_rng(seed)
    return scores(rng, seeds=seeds, examples=examples, seed_sd=0.3, same=same, accuracies=accuracies)


def frame_of(matrices):
    return pd.concat(
        pd.DataFrame(
            {
                "contender": name,
                "seed": np.repeat(np.arange(len(matrix)), matrix.shape[1]),
                "example": np.tile(np.arange(matrix.shape[1]), len(matrix)),
                "score": matrix.ravel(),
            }
        )
        for name, matrix in matrices.items()
    )


def shifted(*gaps, seeds=6, examples=400, noise=0.05):
    """Contenders whose scores differ by known gaps on every example, with small independent noise."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=examples)
    return {
        name: shared + gap + noise * rng.normal(size=(seeds, examples))
        for name, gap in zip("abcdef", gaps, strict=False)
    }


def word(gaps, **options):
    return verdict_from_matrices(shifted(*gaps), options=Options(**options))


def test_a_clear_lead_wins():
    verdict = word([0.5, 0.0], margin=0.1)
    assert (verdict.verdict, verdict.winner, verdict.decided) == (WINS, "a", True)
    assert verdict.pairs[0].low > 0 and verdict.pairs[0].difference == pytest.approx(0.5, abs=0.02)
    assert "a wins" in verdict.sentence and "b" in verdict.sentence


def test_a_sure_lead_below_the_margin_is_small():
    verdict = word([0.05, 0.0], margin=0.1)
    assert (verdict.verdict, verdict.winner) == (WINS_SMALL, "a")
    assert verdict.pairs[0].high < 0.1
    assert "less than matters" in verdict.sentence


def test_no_gap_inside_the_margin_is_equivalent():
    verdict = word([0.0, 0.0], margin=0.1)
    assert (verdict.verdict, verdict.winner, verdict.equivalent) == (EQUIVALENT, None, ("a", "b"))
    low, high = verdict.pairs[0].estimate.interval(0.10)
    assert max(-low, high) < 0.1
    assert "90 % interval" in verdict.sentence


def test_without_a_margin_nothing_is_equivalent():
    verdict = word([0.0, 0.0])
    assert verdict.verdict == NOT_ENOUGH_EVIDENCE
    assert any("no margin" in warning for warning in verdict.warnings)


def test_margin_is_a_tenth_of_the_best_validation_error():
    verdict = verdict_from_scores(frame_of(shifted(0.0, 0.0)), margin_reference=0.2)
    assert verdict.margin == pytest.approx(0.02)
    with pytest.raises(ConfigError, match="not both"):
        verdict_from_scores(frame_of(shifted(0.0, 0.0)), margin=0.1, margin_reference=0.2)


def test_a_winner_must_beat_every_other():
    verdict = word([0.5, 0.5, 0.0])
    assert verdict.verdict == NOT_ENOUGH_EVIDENCE and verdict.winner is None
    assert "worse than at least one other: c" in verdict.sentence
    assert word([0.5, 0.3, 0.0, 0.1]).winner == "a"


def test_equal_leaders_are_equivalent_though_a_third_is_behind():
    verdict = word([0.5, 0.5, 0.0], margin=0.1)
    assert (verdict.verdict, verdict.equivalent) == (EQUIVALENT, ("a", "b"))
    assert "a and b are equivalent" in verdict.sentence and "worse than at least one other: c" in verdict.sentence


def test_pairs_are_tested_at_the_levels_of_shaffer():
    verdict = word([0.5, 0.3, 0.0])
    levels = sorted(round(pair.level, 5) for pair in verdict.pairs)
    assert levels == [0.01667, 0.05, 0.05]
    for pair in verdict.pairs:
        assert (pair.low, pair.high) == pair.estimate.interval(pair.level)
        assert pair.significant == (pair.p <= pair.level)


def test_three_seeds_are_provisional_and_name_no_winner():
    for seeds in (3, 4):
        found = {name: matrix[:seeds] for name, matrix in shifted(5.0, 0.0).items()}
        verdict = verdict_from_matrices(found, options=Options(margin=0.1))
        assert verdict.provisional and verdict.winner is None and verdict.verdict == NOT_ENOUGH_EVIDENCE
        assert verdict.sentence.startswith("Provisional") and verdict.advice.seeds == 5


@pytest.mark.parametrize(("edition", "pair"), [(2, "c leads b"), (3, "a leads c")])
def test_who_would_win_is_told_of_where_too_few_seeds_name_nobody(edition, pair):
    found = shifted(5.0, 0.01, 0.0, seeds=3, noise=0.5)
    verdict = verdict_from_matrices(found, options=Options(edition=edition))
    assert [pair.significant for pair in verdict.pairs] == [True, True, False]
    assert f"Provisional, no winner is named: {pair} by" in verdict.sentence


def test_lower_is_better_when_asked():
    verdict = word([0.0, 0.5], direction="minimize")
    assert verdict.winner == "a" and verdict.pairs[0].difference > 0
    assert verdict.contenders[0].mean == pytest.approx(shifted(0.0, 0.5)["a"].mean())
    assert verdict.contenders[0].low < verdict.contenders[0].mean < verdict.contenders[0].high


def test_many_failures_are_called_unstable():
    failed = {"a": ["a-1", "a-2"], "b": ["b-0"]}
    verdict = verdict_from_matrices(shifted(0.5, 0.0), options=Options(failed=failed))
    assert {row.name: row.unstable for row in verdict.contenders} == {"a": True, "b": False}
    assert any("unstable: 2 of 6 trials failed (a)" in warning for warning in verdict.warnings)
    assert verdict.sentence.endswith("a is unstable (2 of 6 trials failed).")
    with pytest.raises(ConfigError, match="no such contender"):
        verdict_from_matrices(shifted(0.5, 0.0), options=Options(failed={"z": ["1"]}))


def test_unequal_seeds_are_compared_and_said():
    found = shifted(0.5, 0.0)
    found["b"] = found["b"][:5]
    verdict = verdict_from_matrices(found, options=Options())
    assert verdict.winner == "a" and any("unequal numbers of seeds: a 6, b 5" in w for w in verdict.warnings)


def test_pairing_needs_ten_seeds_and_the_same_seeds():
    frame = frame_of(shifted(0.5, 0.0))
    assert any("without pairing" in warning for warning in verdict_from_scores(frame, paired=True).warnings)
    frame.loc[frame["contender"] == "b", "seed"] += 1
    with pytest.raises(DataError, match="same seeds"):
        verdict_from_scores(frame, paired=True)


def test_pairing_uses_the_rows_that_share_a_seed():
    found = shifted(0.02, 0.0, seeds=10)
    split = np.random.default_rng(1).normal(size=(10, 1))
    found = {name: matrix + split for name, matrix in found.items()}
    frame = frame_of(found).sample(frac=1, random_state=0)
    assert verdict_from_scores(frame, paired=True).winner == "a"
    assert verdict_from_scores(frame).winner is None


def test_reordering_contenders_and_relabelling_seeds_changes_nothing():
    frame = frame_of(simulated((0.92, 0.91, 0.90), examples=300))
    one = verdict_from_scores(frame, margin=0.01).to_dict()
    relabelled = frame.assign(seed=frame["seed"].map({s: f"run-{(7 * s + 3) % 10}" for s in range(10)}))
    assert verdict_from_scores(relabelled, margin=0.01).to_dict() == one
    assert verdict_from_scores(frame.iloc[::-1], margin=0.01).to_dict() == one
    by_contender = pd.concat([frame[frame["contender"] == name] for name in "cab"])
    assert verdict_from_scores(by_contender, margin=0.01).to_dict() == one


def test_relabelling_changes_nothing_where_rows_are_paired_either():
    frame = frame_of(simulated((0.92, 0.91), examples=300))
    relabelled = frame.assign(seed=frame["seed"].map({s: f"run-{(7 * s + 3) % 10}" for s in range(10)}))
    one, two = (verdict_from_scores(found, paired=True).to_dict() for found in (frame, relabelled))
    assert one == two


def test_json_is_plain_and_complete():
    verdict = verdict_from_scores(frame_of(simulated((0.92, 0.91, 0.90), examples=200)), margin=0.01)
    plain = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    assert plain["schema"] == 1 and len(plain["pairs"]) == 3 and len(plain["contenders"]) == 3
    needed = {"a", "b", "difference", "low", "high", "p", "level", "v_a", "v_b", "vex", "c", "df"}
    assert needed <= set(plain["pairs"][0])
    assert "tuning luck not included" in plain["claim"]


def test_one_example_decides_nothing_and_is_still_json():
    found = {"a": np.ones((5, 1)), "b": np.zeros((5, 1))}
    verdict = verdict_from_matrices(found, options=Options(margin=0.1))
    assert verdict.verdict == NOT_ENOUGH_EVIDENCE and verdict.advice.limit == "examples"
    assert json.loads(json.dumps(verdict.to_dict(), allow_nan=False))["pairs"][0]["low"] is None


def test_identical_contenders_are_equivalent_not_winners():
    matrix = simulated((0.9,), examples=200)["a"]
    verdict = verdict_from_matrices({"a": matrix, "b": matrix.copy()}, options=Options(margin=0.02))
    assert verdict.winner is None


def test_right_or_wrong_scores_read_in_points():
    verdict = verdict_from_scores(frame_of(simulated((0.95, 0.90))), metric="accuracy")
    assert " points" in verdict.sentence
    assert " points" not in word([0.5, 0.0]).sentence


@pytest.mark.parametrize("shift", [0.5, 0.0])
def test_the_sentence_calls_the_metric_by_its_label(shift):
    verdict = word([shift, 0.0], metric="map_50", label="mAP at 0.5")
    assert "mAP at 0.5" in verdict.sentence and "map_50" not in verdict.sentence
    assert verdict.metric == "map_50" and "map_50" in word([shift, 0.0], metric="map_50").sentence


@pytest.mark.parametrize(
    "options", [{"alpha": 0.0}, {"alpha": 0.7}, {"margin": 0.0}, {"margin": -1.0}, {"direction": "up"}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigError):
        verdict_from_scores(frame_of(shifted(0.5, 0.0)), **options)


def test_ten_seeds_by_ten_thousand_examples_by_five_contenders_take_less_than_a_second():
    found = simulated((0.92, 0.915, 0.91, 0.905, 0.90), examples=10_000)
    frame = frame_of(found).sample(frac=1, random_state=0)
    names = np.array([f"example-{index}" for index in range(10_000)], dtype=object)
    frame["example"] = names[frame["example"]]
    start = time.process_time()
    verdict_from_scores(frame, margin=0.01)
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("margin", [0.0, -0.1, float("nan"), float("inf")])
def test_a_margin_that_is_no_size_is_refused(margin):
    with pytest.raises(ConfigError, match=r"\[config.margin\]"):
        verdict_from_scores(frame_of(shifted(0.0, 0.0)), margin=margin)


def test_of_equal_means_neither_is_said_to_lead():
    matrix = shifted(0.0)["a"]
    verdict = verdict_from_scores(frame_of({"a": matrix, "b": matrix.copy()}))
    assert verdict.sentence.startswith("No winner yet: a and b have the same mean score")
    few = verdict_from_scores(frame_of({"a": matrix[:3], "b": matrix[:3].copy()}))
    assert "a and b have the same mean score" in few.sentence and "leads" not in few.sentence


def test_the_own_interval_of_a_contender_is_at_95_percent_whatever_the_error_rate():
    matrices = shifted(0.2, 0.0)
    loose, strict = (verdict_from_matrices(matrices, options=Options(alpha=alpha)) for alpha in (0.2, 0.01))
    low, high = crossed_mean(matrices["a"], guard=Guard(skewness=True, tails=True)).interval(0.05)
    for row in (loose.contenders[0], strict.contenders[0]):
        assert (row.low, row.high) == pytest.approx((low, high))


def test_shares_read_in_points_whatever_single_scores_are():
    found = word([0.5, 0.0], shares=True)
    assert " by 49.70 points" in found.sentence and found.to_dict()["points"]
    assert "points" not in word([0.5, 0.0], shares=True, edition=2).to_dict()  # which had no such figure
