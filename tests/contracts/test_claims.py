"""Every claim of ``conf/claim`` is about contenders of its own bakeoff, and says where it is from and what differs."""

import re

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.planning.claims import check_claim
from bakeoff.comparison.planning.plan import make_plan
from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.record.contenders import Contender
from bakeoff.record.ruling import Claim
from bakeoff.statistics.setting import MIN_UNITS

NAMES = Catalog().options("claim")


@pytest.fixture(scope="module")
def composer():
    return Composer()


def entered(config, role):
    entries = config[f"{role}s"] or ()
    return [Contender(entry if isinstance(entry, str) else entry["name"], role) for entry in entries]


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_is_about_its_own_contenders(name, composer):
    config = composer.compose("compare", [f"claim={name}"]).cfg
    claim = Claim.from_dict(config.claim)
    check_claim(config.claim, [*entered(config, "contender"), *entered(config, "baseline")])
    assert claim.name == name and claim.sayings
    assert re.search(r"\b(19|20)\d\d, ", claim.source) and re.search(
        r"arXiv:\d{4}\.\d{4,5}|doi:|ACL|Neural", claim.source
    )
    assert claim.here and config.seeds == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_bakeoff_of_a_claim_can_be_planned(name, composer):
    """Its contenders reach the budget, validation measures its metric, and enough independent units are tested."""
    config = OmegaConf.to_container(composer.compose("compare", [f"claim={name}"]).cfg, resolve=True)
    plan = make_plan(config)
    units = plan.data.units("test")
    assert units is None or len(set(units)) >= MIN_UNITS


def test_there_are_claims_on_each_of_the_eleven_tasks(composer):
    tasks = {composer.compose("compare", [f"claim={name}"]).cfg.task.name for name in NAMES}
    assert tasks >= {
        *("image_classification", "object_detection", "semantic_segmentation", "image_captioning"),
        *("text_classification", "language_modeling", "translation", "recommendation"),
        *("speech_recognition", "speech_synthesis", "forecasting"),
    }
