"""What becomes of a claim follows from the verdict's intervals alone."""

import pytest

from bakeoff.comparison.judging.ruling import rule
from bakeoff.record.ruling import Claim
from bakeoff.record.verdict import RecordedVerdict

MARGIN = 0.02
SPLIT = {
    "v_a": 1e-5,
    "v_b": 1e-5,
    "vex": 2e-5,
    "c": 0.0,
    "variance": 4e-5,
    "df": 20.0,
    "num_seeds": 10,
    "skewness": None,
}


def pair(a, b, difference, low, high, *, significant=False, equivalent=False):
    about = {"a": a, "b": b, "difference": difference, "low": low, "high": high, "p": 0.04, "level": 0.05}
    return {
        **about,
        **SPLIT,
        "guard": 0.0,
        "significant": significant,
        "equivalent": equivalent,
        "equivalence_level": 0.05,
    }


def verdict(*pairs, **more):
    known = {"metric": "accuracy", "margin": MARGIN, "alpha": 0.05, "score_range": [0.0, 1.0], "num_units": 500}
    return RecordedVerdict.from_dict({**known, "pairs": list(pairs), **more})


def claim(*, better=(), equal=()):
    return Claim.from_dict(
        {"name": "it", "source": "someone 2020", "statement": "so", "here": "small", "better": better, "equal": equal}
    )


AHEAD = pair("cnn", "rnn", 0.05, 0.03, 0.07, significant=True)
SLIGHTLY_AHEAD = pair("cnn", "rnn", 0.01, 0.005, 0.015, significant=True, equivalent=True)
OPEN = pair("cnn", "rnn", 0.01, -0.02, 0.04)
EVEN = pair("cnn", "rnn", 0.001, -0.009, 0.011, equivalent=True)
AHEAD_BY_SOME = pair("cnn", "rnn", 0.025, 0.01, 0.04, significant=True)


@pytest.mark.parametrize(
    ("found", "better", "worse", "equal"),
    [
        (AHEAD, "UPHELD", "REFUTED", "REFUTED"),
        (SLIGHTLY_AHEAD, "UPHELD", "REFUTED", "UPHELD"),
        (OPEN, "UNDECIDED", "UNDECIDED", "UNDECIDED"),
        (EVEN, "REFUTED", "REFUTED", "UPHELD"),
        (AHEAD_BY_SOME, "UPHELD", "REFUTED", "UNDECIDED"),
    ],
)
def test_each_saying_is_ruled_by_the_interval_of_its_pair(found, better, worse, equal):
    assert rule(claim(better=[["cnn", "rnn"]]), verdict(found)).ruling == better
    assert rule(claim(better=[["rnn", "cnn"]]), verdict(found)).ruling == worse
    assert rule(claim(equal=[["cnn", "rnn"]]), verdict(found)).ruling == equal
    assert rule(claim(equal=[["rnn", "cnn"]]), verdict(found)).ruling == equal


def test_a_claim_stands_with_all_that_it_says_and_falls_with_the_first():
    found = verdict(
        AHEAD, pair("rnn", "vit", 0.01, -0.01, 0.03), pair("cnn", "vit", 0.06, 0.04, 0.08, significant=True)
    )
    assert rule(claim(better=[["cnn", "rnn"], ["cnn", "vit"]]), found).ruling == "UPHELD"
    assert rule(claim(better=[["cnn", "rnn"], ["rnn", "vit"]]), found).ruling == "UNDECIDED"
    ruled = rule(claim(better=[["cnn", "rnn"], ["rnn", "vit"], ["vit", "cnn"]]), found)
    assert ruled.ruling == "REFUTED"
    assert [one.ruling for one in ruled.pairs] == ["UPHELD", "UNDECIDED", "REFUTED"]


def test_numbers_are_those_of_the_saying_and_the_sentence_those_of_the_better_one():
    ruled = rule(claim(better=[["rnn", "cnn"]]), verdict(AHEAD))
    (one,) = ruled.pairs
    assert (one.difference, one.low, one.high, one.level) == (-0.05, -0.07, -0.03, 0.05)
    assert ruled.sentence == "cnn is better than rnn by 5.00 points (95 % interval 3.00 to 7.00)."


def test_what_is_undecided_says_what_would_decide_it():
    (one,) = rule(claim(better=[["cnn", "rnn"]]), verdict(OPEN)).pairs
    assert (one.seeds or one.examples) and str(one.seeds or f"{one.examples:,}") in one.needs


def test_two_that_differ_by_about_the_margin_take_more_than_two_that_differ():
    """A lead of 2.5 points with a standard error of 0.63 is seen at once; that it is more than a margin of 2 is not."""
    (one,) = rule(claim(equal=[["cnn", "rnn"]]), verdict(AHEAD_BY_SOME)).pairs
    assert one.ruling == "UNDECIDED" and one.sentence.endswith(", beside the margin of 2.00 points")
    assert one.needs.startswith("Not practical")  # its chance of being more is 80 % only where nothing is left to luck


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"provisional": True}, "fewer than five seeds decide nothing"),
        ({"unit": "speaker", "num_units": 19}, "19 speakers decide nothing; it takes at least 20"),
        ({"score_range": None, "num_units": 12}, "12 examples decide nothing; it takes at least 20"),
    ],
)
def test_what_may_name_no_winner_rules_on_nothing(more, why):
    ruled = rule(claim(better=[["cnn", "rnn"]]), verdict(AHEAD, **more))
    assert (ruled.ruling, ruled.pairs[0].needs) == ("UNDECIDED", why)


def test_a_baseline_is_held_against_by_the_interval_over_it():
    over = [{"name": "transformer", "baseline": "ridge", "difference": -0.04, "low": -0.06, "high": -0.01}]
    found = verdict(AHEAD, over_baseline=over)
    assert rule(claim(better=[["ridge", "transformer"]]), found).ruling == "UPHELD"
    assert rule(claim(equal=[["ridge", "transformer"]]), found).ruling == "UNDECIDED"
    over[0] |= {"low": -0.015, "high": 0.01, "difference": -0.002}
    assert rule(claim(equal=[["ridge", "transformer"]]), verdict(AHEAD, over_baseline=over)).ruling == "UPHELD"
    assert rule(claim(better=[["naive", "transformer"]]), found).pairs[0].needs == "the two were not compared"


def test_a_ruling_reads_in_the_unit_of_its_verdict():
    ruled = rule(claim(better=[["cnn", "rnn"]]), verdict(AHEAD, points=True, score_range=None))
    assert ruled.sentence == "cnn is better than rnn by 5.00 points (95 % interval 3.00 to 7.00)."
    assert " points" not in rule(claim(better=[["cnn", "rnn"]]), verdict(AHEAD, points=False)).sentence
