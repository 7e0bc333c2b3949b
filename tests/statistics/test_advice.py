"""The first edition's advice against values worked by hand, and against the variances it predicts."""

import math

import pytest

from bakeoff.statistics import Estimate
from bakeoff.statistics.advice import advise


def estimate(difference, *, v_seeds, vex, c=0.0, num_seeds=5, num_examples=1000):
    total = max(v_seeds + vex - c, v_seeds, vex)
    return Estimate(
        difference,
        v_seeds / 2,
        v_seeds / 2,
        vex,
        c,
        total,
        20.0,
        num_seeds=num_seeds,
        num_examples=num_examples,
    )


def ask(found, **options):
    return advise(found, a="cnn", b="rnn", level=0.05, equivalence_level=0.05, **{"margin": None, **options})


def test_seeds_that_settle_the_difference():
    # s2_seed = 5 * 0.002 = 0.01; 2 sqrt(0.01 / S + 0.0001) <= 0.05 at S = 0.01 / (0.000625 - 0.0001) = 19.05.
    advice = ask(estimate(0.05, v_seeds=0.002, vex=0.0001))
    assert (advice.limit, advice.seeds) == ("seeds", 20)
    assert "About 20 seeds per contender (now 5) would settle cnn against rnn" in advice.text


def test_more_seeds_cannot_settle_it_where_the_examples_alone_are_too_wide():
    # 2 sqrt(s2_ex) = 2 sqrt(0.0004) = 0.04 > 0.02: N = 1000 * 0.0004 / (0.0001 - 0.00001) = 4444.4.
    advice = ask(estimate(0.02, v_seeds=0.00001, vex=0.0005, c=0.0001))
    assert (advice.limit, advice.examples, advice.seeds) == ("examples", 4445, None)
    assert "more seeds cannot settle this; it needs about 4,445 test examples (now 1,000)" in advice.text


def test_both_are_asked_for_where_the_seeds_are_too_wide_as_well():
    # Half of the allowed 0.0001 goes to seeds: S = 5 * 0.0002 / 0.00005 = 20, N = 1000 * 0.0004 / 0.00005 = 8000.
    advice = ask(estimate(0.02, v_seeds=0.0002, vex=0.0004))
    assert (advice.limit, advice.seeds, advice.examples) == ("both", 20, 8000)


def test_the_margin_caps_the_target():
    wide = ask(estimate(0.05, v_seeds=0.002, vex=0.0001), margin=0.03)
    # 0.01 / (0.03^2 / 4 - 0.0001) = 80.
    assert wide.seeds == 80


def test_near_zero_the_way_out_is_equivalence():
    # 1.645 sqrt(0.01 / S + 0.0001) <= 0.03 - 0.001 at S = 0.01 / ((0.029 / 1.6449)^2 - 0.0001) = 47.4.
    advice = ask(estimate(0.001, v_seeds=0.002, vex=0.0001), margin=0.03)
    assert advice.seeds == math.ceil(0.01 / ((0.029 / 1.6448536) ** 2 - 0.0001)) == 48


def test_no_difference_without_margin_asks_for_a_margin():
    assert "margin" in ask(estimate(0.0, v_seeds=0.002, vex=0.0001)).text


def test_stricter_levels_ask_for_more():
    found = estimate(0.05, v_seeds=0.002, vex=0.0001)
    strict = advise(found, a="cnn", b="rnn", level=0.05 / 3, equivalence_level=0.05, margin=None)
    assert strict.seeds > ask(found).seeds


def test_never_advises_fewer_seeds_than_there_are():
    advice = ask(estimate(0.05, v_seeds=0.0001, vex=0.0001, num_seeds=10))
    assert advice.seeds == 11


def test_advice_is_plain_json():
    assert ask(estimate(0.05, v_seeds=0.002, vex=0.0001)).to_dict() == {
        "text": "About 20 seeds per contender (now 5) would settle cnn against rnn.",
        "limit": "seeds",
        "seeds": 20,
        "examples": None,
        "a": "cnn",
        "b": "rnn",
        "practical": None,
        "smallest_difference": None,
    }


@pytest.mark.parametrize("examples", [1])
def test_one_example_asks_for_examples(examples):
    found = Estimate(1.0, 0.0, 0.0, math.inf, 0.0, math.inf, 1.0, num_seeds=5, num_examples=examples)
    assert ask(found).limit == "examples"
