"""What the report computes itself, against values worked by hand or a plain loop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bakeoff.record.contenders import Contender
from bakeoff.record.trials import RecordedTrial
from bakeoff.record.verdict import LeaderboardRow, MeanOverSeeds, RecordedPair
from bakeoff.report.analysis.confusions import Errors, agreement_of, confident_mistakes, errors_of
from bakeoff.report.analysis.learning import learning_curves
from bakeoff.report.analysis.pareto import Cost, CostPoint, costs, front
from bakeoff.report.figures.labels import _apart
from bakeoff.report.palette import looks
from bakeoff.report.scales import legible_range
from bakeoff.report.sections.configurations import flattened, settings
from bakeoff.report.sections.evidence import doubt, pair_matrix
from bakeoff.tables import table_of, to_bytes
from tests.report.declared_metrics import metric

ACCURACY = metric("accuracy")


def trial(folder: Path, probabilities: np.ndarray | None = None, log: list[dict] | None = None) -> RecordedTrial:
    folder.mkdir()
    if probabilities is not None:
        (folder / "test_predictions.arrow").write_bytes(
            to_bytes(table_of(probabilities=probabilities.astype(np.float32)))
        )
    if log is not None:
        (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, log)) + '\n{"kind": "val", "val/acc')
    return RecordedTrial(folder, contender="net", seed=0, status="finished")


def validations(*points: tuple[float, float, float]) -> list[dict]:
    names = ("examples_seen", "seconds", "val/accuracy")
    return [{"kind": "val", **dict(zip(names, point, strict=True))} for point in points]


def test_confusions_equal_a_plain_count(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 50)
    runs = rng.dirichlet(np.ones(4), (3, 50))
    found = errors_of([trial(tmp_path / f"{k}", run) for k, run in enumerate(runs)], labels, num_classes=4)
    expected = np.zeros((4, 4), dtype=int)
    for run in runs.astype(np.float32):
        for label, row in zip(labels, run, strict=True):
            expected[label, int(np.argmax(row))] += 1
    assert found is not None and found.num_seeds == 3
    np.testing.assert_array_equal(found.confusion, expected)
    np.testing.assert_allclose(found.per_class, [expected[k, k] / expected[k].sum() for k in range(4)])
    np.testing.assert_array_equal(found.predicted, runs.mean(0).argmax(1))
    np.testing.assert_allclose(found.confidence, runs.mean(0).max(1), atol=1e-6)


def test_decisions_of_a_threshold_are_what_was_said(tmp_path: Path) -> None:
    yes = np.array([0.1, 0.2, 0.3, 0.6], dtype=np.float32)
    for name, decisions in (("a", [0, 1, 1, 1]), ("b", [0, 0, 1, 1]), ("c", [0, 0, 1, 1])):
        (tmp_path / name).mkdir()
        answers = table_of(probabilities=np.column_stack([1 - yes, yes]), decisions=np.array(decisions))
        (tmp_path / name / "test_predictions.arrow").write_bytes(to_bytes(answers))
    trials = [RecordedTrial(tmp_path / name, contender="net", seed=0, status="finished") for name in "abc"]
    found = errors_of(trials, np.array([0, 0, 1, 1]), num_classes=2)
    assert found is not None
    assert found.confusion.tolist() == [[5, 1], [0, 6]]
    assert found.predicted.tolist() == [0, 0, 1, 1] and found.hits.tolist() == [3, 2, 3, 3]
    np.testing.assert_allclose(found.confidence, [0.9, 0.8, 0.3, 0.6], atol=1e-6)


def test_predictions_of_another_shape_are_passed_over(tmp_path: Path) -> None:
    labels = np.array([0, 1, 1])
    fits, other = np.eye(2)[labels], np.eye(3)[labels]
    found = errors_of([trial(tmp_path / "a", other), trial(tmp_path / "b", fits)], labels, num_classes=2)
    assert found is not None and found.num_seeds == 1
    assert errors_of([trial(tmp_path / "c", other)], labels, num_classes=2) is None


def test_most_frequent_confusions_come_first_and_right_answers_never() -> None:
    errors = Errors(np.array([[90, 3, 0], [7, 80, 1], [0, 0, 5]]), np.zeros(0), np.zeros(0), np.zeros(0), 1)
    assert errors.most_confused(count=9) == [(1, 0, 7), (0, 1, 3), (1, 2, 1)]


def test_mistakes_of_all_contenders_come_before_more_confident_ones_of_one() -> None:
    labels, no_hits = np.array([0, 0, 0, 0]), np.zeros(4)
    first = Errors(np.zeros((2, 2)), np.array([1, 1, 1, 0]), np.array([0.99, 0.60, 0.70, 0.90]), no_hits, 1)
    second = Errors(np.zeros((2, 2)), np.array([0, 1, 1, 0]), np.array([0.80, 0.60, 0.80, 0.90]), no_hits, 1)
    found = confident_mistakes({"a": first, "b": second}, labels, count=9)
    assert [(mistake.index, mistake.num_wrong) for mistake in found] == [(2, 2), (1, 2), (0, 1)]
    assert found[0].answers == (("a", 1, 0.70), ("b", 1, 0.80))


def test_curves_average_seeds_and_a_stopped_seed_keeps_its_last_value(tmp_path: Path) -> None:
    long = validations((10, 1.0, 0.5), (20, 2.0, 0.7), (30, 3.0, 0.9))
    short = validations((10, 2.0, 0.4), (20, 4.0, 0.6))
    trials = [trial(tmp_path / "a", log=long), trial(tmp_path / "b", log=short)]
    curve = learning_curves(trials, metric="accuracy")["examples_seen"]
    np.testing.assert_allclose(curve.x, [10, 20, 30])
    np.testing.assert_allclose(curve.mean, [0.45, 0.65, 0.75])
    np.testing.assert_allclose(curve.low, [0.4, 0.6, 0.6])
    np.testing.assert_allclose(curve.high, [0.5, 0.7, 0.9])
    by_time = learning_curves(trials, metric="accuracy")["seconds"]
    np.testing.assert_allclose(by_time.x, [2, 3, 4])
    np.testing.assert_allclose(by_time.mean, [(0.7 + 0.4) / 2, (0.9 + 0.5) / 2, (0.9 + 0.6) / 2])


def test_a_log_without_the_metric_has_no_curve(tmp_path: Path) -> None:
    assert learning_curves([trial(tmp_path / "a", log=[{"kind": "val", "seconds": 1.0}])], metric="accuracy") == {}
    assert learning_curves([trial(tmp_path / "b")], metric="accuracy") == {}


def point(name: str, cost: float, quality: float) -> CostPoint:
    return CostPoint(name, cost, MeanOverSeeds(mean=quality), is_baseline=False)


def test_the_front_holds_what_nothing_beats() -> None:
    points = [point("a", 1, 0.80), point("b", 2, 0.90), point("c", 3, 0.85), point("d", 2, 0.95), point("e", 9, 0.95)]
    assert [best.name for best in front(points, metric=ACCURACY)] == ["a", "d"]
    assert [best.name for best in front(points, metric=metric("mae"))] == ["a"]


def test_rows_without_a_cost_or_a_score_have_no_point() -> None:
    scored = {"accuracy": MeanOverSeeds(mean=0.9)}
    rows = [
        LeaderboardRow(name="a", params=10, test=scored),
        LeaderboardRow(name="b", test=scored),
        LeaderboardRow(name="c", params=5),
    ]
    (params,) = costs(rows, metric=ACCURACY)
    assert isinstance(params, Cost) and params.key == "params"
    assert [found.name for found in params.points] == ["a"]


def test_agreement_counts_examples_by_who_gets_them_right_in_all_trials(tmp_path: Path) -> None:
    labels = np.array([0, 1, 1, 0])
    said = {"a": [[0, 1, 1, 1], [0, 1, 0, 1]], "b": [[0, 1, 0, 1]]}
    errors = [
        errors_of([trial(tmp_path / f"{name}{k}", np.eye(2)[run]) for k, run in enumerate(runs)], labels, num_classes=2)
        for name, runs in said.items()
    ]
    found = agreement_of([own for own in errors if own is not None])
    assert found is not None
    assert (found.num_examples, found.always_right, found.never_right, found.contested) == (4, 2, 1, 1)
    assert agreement_of([]) is None


def test_a_pair_seen_from_the_other_side_turns_its_signs() -> None:
    pair = RecordedPair(a="x", b="y", difference=0.02, low=0.01, high=0.03, v_a=1.0, v_b=2.0)
    turned = pair.seen_from("y")
    assert (turned.a, turned.b, turned.difference, turned.low, turned.high) == ("y", "x", -0.02, -0.03, -0.01)
    assert (turned.v_a, turned.v_b) == (2.0, 1.0)
    assert pair.seen_from("x") is pair
    assert pair_matrix(["y", "x"], [pair]) == [[None, turned], [pair, None]]


def test_doubt_divides_between_seeds_and_examples() -> None:
    found = doubt(RecordedPair(v_a=1.0, v_b=2.0, vex=8.0, c=1.0))
    assert found is not None and (found.seeds, found.examples) == (0.3, 0.7)
    assert doubt(RecordedPair(v_a=0.0, v_b=0.0, vex=0.0, c=0.0)) is None


def test_configurations_are_compared_key_by_key() -> None:
    assert flattened({"a": {"b": 1, "c": {}}, "d": [1, None]}) == {"a.b": "1", "a.c": "{}", "d": "[1, null]"}
    entries = [Contender(config={"same": 1, "lr": rate, **extra}) for rate, extra in ((3, {}), (1, {"x": 2}), (1, {}))]
    rows = settings(entries)
    assert [(row.key, row.differs) for row in rows] == [("lr", True), ("x", True), ("same", False)]
    assert rows[0].is_odd == [True, False, False]
    assert rows[1].is_odd == [False, True, False]


def test_a_hopeless_baseline_does_not_set_the_scale() -> None:
    contenders = [MeanOverSeeds(0.97, 0.95, 0.98), MeanOverSeeds(0.95, 0.94, 0.96)]
    near, far = MeanOverSeeds(0.90, 0.89, 0.91), MeanOverSeeds(0.10, 0.09, 0.11)
    assert legible_range(contenders, [near, far]) == (0.89, 0.98)
    assert legible_range([], [far]) == (0.09, 0.11)


def test_contenders_look_different_from_each_other_and_alike_within_a_family() -> None:
    found = looks([(f"cnn{k}", "cnn") for k in range(6)] + [("lstm", "rnn"), ("new", "state-space")])
    assert len({(look.variable, look.marker) for look in found.values()}) == 8
    assert all(look.variable.startswith("cnn-") for name, look in found.items() if name.startswith("cnn"))
    assert found["new"].variable == "other-0"


def test_labels_in_a_column_keep_their_order_and_distance() -> None:
    placed = _apart([10.0, 11.0, 12.0, 60.0], gap=14)
    assert placed == [-3.0, 11.0, 25.0, 60.0]
    gaps = np.diff(_apart([0.0, 10.0, 20.0, 30.0, 31.0], gap=14))
    assert (gaps >= 14 - 1e-9).all()
