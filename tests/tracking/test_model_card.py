"""What the card of a registered model says of what validation settled."""

from bakeoff.tracking.model_card import Origin, model_card
from bakeoff.training.trial.configuration import TrialConfig
from tests.comparison.bakeoff_config import small_bakeoff
from tests.tasks.test_image_classification import SPEC

RESULT = {"model": "lenet", "family": "cnn", "params": 1000, "trial_id": "t", "seed": 0, "data_fingerprint": "f"}
RESULT |= {"epochs": 1, "examples_seen": 10, "train_seconds": 1.0}


def test_a_threshold_that_the_model_itself_does_not_apply_is_stated():
    trial = TrialConfig.of({**small_bakeoff(), "seed": 0})
    settled = model_card(trial, SPEC, RESULT | {"settled": {"threshold": {"crack": 0.25}}}, Origin(None))
    assert 'applied by `bakeoff predict`, not by the model itself: `{"threshold": {"crack": 0.25}}`' in settled
    assert "Settled" not in model_card(trial, SPEC, RESULT | {"settled": {}}, Origin(None))
