"""Equal tuning: same number of trials and dimensions, independent streams, fresh seeds."""

import numpy as np
import pytest
from scipy.stats import kstest

from bakeoff.comparison.planning.declared import check_declared
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.comparison.planning.tuning import draw_points, edges
from bakeoff.errors import ConfigError
from bakeoff.record.contenders import Contender, Point
from tests.comparison.bakeoff_config import small_bakeoff

TUNE = {"trials": 12, "best_of": 3, "seed": 0}


def contender(name, **search):
    config = {"optimizer": {"lr": 1.0, "weight_decay": 0.0}, "model": {"name": name, "family": "cnn", "search": search}}
    return Contender.of(name, "contender", config)


LR = {"optimizer.lr": {"low": 1e-4, "high": 1e-1, "scale": "log"}}


def test_points_are_spread_evenly_over_the_scale():
    (one,) = [contender("a", **LR)]
    draw_points([one], {**TUNE, "trials": 2000})
    logs = (np.log10([point.values["optimizer.lr"] for point in one.points]) + 4) / 3
    assert kstest(logs, "uniform").pvalue > 1e-3
    assert len({point.seed for point in one.points}) == 2000


def test_streams_differ_between_contenders_and_do_not_depend_on_their_order():
    a, b = contender("a", **LR), contender("b", **LR)
    draw_points([a, b], TUNE)
    again_b, again_a = contender("b", **LR), contender("a", **LR)
    draw_points([again_b, again_a], TUNE)
    assert a.points == again_a.points
    assert b.points == again_b.points
    assert not {p.values["optimizer.lr"] for p in a.points} & {p.values["optimizer.lr"] for p in b.points}
    assert not {p.seed for p in a.points} & {p.seed for p in b.points}


@pytest.mark.parametrize(
    ("searches", "code"),
    [
        ([LR, LR | {"optimizer.weight_decay": {"low": 0, "high": 1}}], "config.unequal_search"),
        ([{}, {}], "config.unequal_search"),
        ([{"optimizer.lrr": {"low": 0, "high": 1}}], "config.unknown_key"),
        ([{"optimizer.lr": {"low": 1, "high": 0}}], "config.bad_value"),
        ([{"optimizer.lr": {"low": 0, "high": 1, "scale": "log"}}], "config.bad_value"),
    ],
)
def test_unequal_or_impossible_searches_are_refused(searches, code):
    with pytest.raises(ConfigError) as refused:
        draw_points([contender(str(index), **search) for index, search in enumerate(searches)], TUNE)
    assert refused.value.code == code


@pytest.mark.parametrize(("trials", "best_of"), [(8, None), (12, 4)])
def test_too_few_trials_for_the_claim_are_refused(trials, best_of):
    with pytest.raises(ConfigError):
        check_declared(small_bakeoff(f"tune.trials={trials}", f"tune.best_of={best_of or 'null'}"))


def test_a_best_trial_at_the_edge_of_its_range_is_reported():
    one = contender("a", **LR)
    values = [1e-2, 0.0999, 1e-3]
    one.points = [Point(index, index, {"optimizer.lr": value}) for index, value in enumerate(values)]
    assert edges([one], {"a": [0.5, 0.9, 0.6]})[0]["value"] == 0.0999
    assert edges([one], {"a": [0.9, 0.5, 0.6]}) == []


def test_a_point_reaches_the_trial_and_leaves_the_contender_alone():
    plan = make_plan(small_bakeoff("tune.trials=12", "tune.best_of=3", "budget.value=30_000"))
    first = plan.entered[0]
    trial = first.trial(first.points[0])
    assert trial["optimizer"]["lr"] == first.points[0].values["optimizer.lr"] != first.config["optimizer"]["lr"]
    assert trial["seed"] == first.points[0].seed


def test_every_shipped_contender_has_a_search_space_of_the_same_size():
    from bakeoff.config.catalog import Catalog
    from bakeoff.config.locate import conf_dir

    catalog = Catalog([conf_dir()])
    models = [catalog.content("model", name) for name in catalog.options("model")]
    sizes = {model["name"]: len(model.get("search", {})) for model in models if model["family"] != "baseline"}
    assert set(sizes.values()) == {3}, sizes
