"""What the card of a registered model says of what validation settled."""

from bakeoff.record.verdict import LeaderboardRow
from bakeoff.tracking.model_card import Origin, model_card
from bakeoff.training.trial.configuration import TrialConfig
from tests.comparison.bakeoff_config import small_bakeoff
from tests.tasks.test_image_classification import SPEC

RESULT = {"model": "lenet", "family": "cnn", "params": 1000, "trial_id": "t", "seed": 0, "data_fingerprint": "f"}
RESULT |= {"epochs": 1, "examples_seen": 10, "train_seconds": 1.0}


def card(result, row=None):
    trial = TrialConfig.of({**small_bakeoff(), "seed": 0})
    return model_card(trial, SPEC, result, Origin("bakeoff compare", "lenet wins.", row), files={}, note="")


def test_a_threshold_that_the_model_itself_does_not_apply_is_stated():
    settled = card(RESULT | {"settled": {"threshold": {"crack": 0.25}}})
    assert 'applied by `bakeoff predict`, not by the model itself: `{"threshold": {"crack": 0.25}}`' in settled
    assert "Settled" not in card(RESULT | {"settled": {}})


def test_a_bakeoffs_model_comes_with_the_interval_over_its_seeds_and_what_it_costs():
    row = LeaderboardRow.from_dict(
        {
            "test": {"accuracy": {"mean": 0.9, "low": 0.85, "high": 0.93, "values": [0.88, 0.92]}},
            "latency_ms": {"1": 0.5},
            "peak_memory_mb": 120.0,
        }
    )
    said = card(RESULT, row)
    assert "Test accuracy over the 2 seeds of its bakeoff: 0.9000, 95 % interval 0.8500 to 0.9300." in said
    assert "1,000 parameters, 1.0 s to train, 120 MB at the most, 0.50 ms to answer a batch of 1." in said
    assert "95 % interval" not in card(RESULT)
