"""Examples that hang together: the cluster is the unit."""

import numpy as np
import pandas as pd
import pytest

from bakeoff.errors import DataError
from bakeoff.statistics import Options, family_verdict, pseudo_values, verdict_from_matrices, verdict_from_scores
from bakeoff.statistics.clusters import cluster_values, clusters_of


def table(*, clusters=25, size=4, gap=0.4, seeds=6):
    rng = np.random.default_rng(0)
    common = np.repeat(rng.normal(size=clusters), size)
    parts = []
    for name, better in (("a", gap), ("b", 0.0)):
        for seed in range(seeds):
            score = better + common + 0.2 * rng.normal(size=clusters * size)
            columns = {"contender": name, "seed": seed, "example": [f"x{i}" for i in range(clusters * size)]}
            parts.append(pd.DataFrame({**columns, "score": score, "cluster": np.repeat(np.arange(clusters), size)}))
    return pd.concat(parts, ignore_index=True)


def test_values_are_those_of_leaving_each_cluster_out():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 7, 40)
    scores = rng.normal(size=(3, 40))
    ours = cluster_values(scores, clusters_of(labels))
    order = pd.unique(labels)
    for row, found in zip(scores, ours, strict=True):
        members = [np.flatnonzero(labels == label) for label in order]
        metric = lambda kept, row=row, members=members: row[np.concatenate([members[g] for g in kept])].mean()  # noqa: E731
        assert found == pytest.approx(pseudo_values(metric, len(order)))
        assert found.mean() == pytest.approx(row.mean())


def test_clusters_of_one_example_are_the_examples():
    frame = table(size=1, clusters=60)
    alone = verdict_from_scores(frame)
    assert alone.to_dict() == verdict_from_scores(frame.drop(columns="cluster")).to_dict()
    assert (alone.unit, alone.num_units) == ("example", 60)


def test_copies_of_an_example_add_nothing_to_the_evidence():
    frame = table(size=1, clusters=60)
    copies = pd.concat([frame.assign(example=frame["example"] + suffix) for suffix in ("", "-2", "-3")])
    once, thrice = verdict_from_scores(frame.drop(columns="cluster")), verdict_from_scores(copies)
    assert thrice.pairs[0].vex == pytest.approx(once.pairs[0].vex)
    assert thrice.pairs[0].p == pytest.approx(once.pairs[0].p)
    assert (thrice.num_units, thrice.num_examples) == (60, 180)


def test_the_unit_and_its_number_are_said():
    verdict = verdict_from_scores(table(), cluster_name="speaker")
    assert (verdict.unit, verdict.num_units, verdict.num_examples) == ("speaker", 25, 100)
    assert "The unit is the speaker: 25 of them, with 100 test examples in all." in verdict.sentence
    assert "new speakers" in verdict.sentence and "6 seeds and 25 speakers" in verdict.rule
    assert (verdict.to_dict()["unit"], verdict.to_dict()["num_units"]) == ("speaker", 25)


@pytest.mark.parametrize(("clusters", "named"), [(19, False), (20, True)])
def test_under_20_clusters_no_winner_is_named(clusters, named):
    verdict = verdict_from_scores(table(clusters=clusters, gap=5.0), margin=0.1)
    assert (verdict.winner == "a") is named and verdict.decided is named
    assert ("19 clusters are too few to name a winner" in verdict.sentence) is not named
    if not named:
        assert verdict.advice.limit == "examples" and "Score examples of more of them" in verdict.advice.text


def test_row_order_and_cluster_names_change_nothing():
    frame = table()
    renamed = frame.assign(cluster="c" + ((frame["cluster"] * 7) % 25).astype(str))
    shuffled = renamed.sample(frac=1, random_state=3)
    assert verdict_from_scores(shuffled).to_dict() == verdict_from_scores(renamed).to_dict()
    ours, theirs = verdict_from_scores(frame).pairs[0], verdict_from_scores(renamed).pairs[0]
    assert (ours.p, ours.vex) == pytest.approx((theirs.p, theirs.vex))


def test_bounded_scores_are_guarded_by_the_cluster():
    # 30 clusters of 1 and of 3 in turn, all right for A: R^2 mean(size^2) / N^2 = (0.5 + 4.5) / 60^2.
    labels = np.repeat(np.arange(30), [1, 3] * 15)
    right = np.ones((5, 60))
    wrong = right.copy()
    wrong[:, 0] = 0
    verdict = verdict_from_matrices({"a": right, "b": wrong}, options=Options(), clusters=clusters_of(labels))
    assert verdict.pairs[0].estimate.guard == pytest.approx(5 / 3600)


def test_tuned_families_have_clusters_too():
    frame = table(seeds=12).rename(columns={"seed": "trial"})
    validation = frame.groupby(["contender", "trial"], as_index=False)["score"].mean()
    verdict = family_verdict(frame, validation, cluster_name="series")
    assert (verdict.unit, verdict.num_units, verdict.num_examples) == ("series", 25, 100)
    plain = family_verdict(frame.drop(columns="cluster"), validation)
    assert verdict.pairs[0].difference == pytest.approx(plain.pairs[0].difference)
    assert verdict.pairs[0].v_a == pytest.approx(plain.pairs[0].v_a)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda frame: frame.assign(cluster=frame["cluster"].astype(float).replace(3.0, np.nan)), "data.missing_value"),
        (lambda frame: frame.assign(cluster=0), "data.one_cluster"),
        (lambda frame: frame.assign(cluster=frame["cluster"] + (frame["seed"] == 2)), "data.two_clusters"),
    ],
)
def test_clusters_that_cannot_be_meant_are_refused(change, code):
    with pytest.raises(DataError, match=code):
        verdict_from_scores(change(table()))
