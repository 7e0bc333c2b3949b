"""The nearest series, beside what the UCR archive publishes of it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from bakeoff.config import build
from bakeoff.data.labelled_series.module import LabelledSeries
from bakeoff.models.baseline.nearest_series import NearestSeries
from bakeoff.tables import column
from tests.contracts.test_data import section_of


@pytest.mark.parametrize(
    ("name", "error"), [("GunPoint", 0.0867), ("ItalyPowerDemand", 0.0447), ("ArrowHead", 0.2000), ("OSULeaf", 0.4793)]
)
def test_its_error_is_that_of_the_archives_table(name: str, error: float) -> None:
    """Column "ED (w=0)" of Dau et al. 2019; all of train and test."""
    data: LabelledSeries = build(section_of("ucr", {"name": name, "split.val": 10}).module, seed=0)
    model = NearestSeries()
    rows = [data.cases(split) for split in ("train", "val")]
    train = [series for part in rows for series in part.raw]
    model.fit(train, pa.concat_tables([part.labels for part in rows]), data.spec)
    test = data.cases("test")
    said = column(model.respond(list(test.raw)), "probabilities").argmax(axis=1)
    assert np.mean(said != column(test.labels, "label")) == pytest.approx(error, abs=5e-5)


def test_series_of_other_lengths_are_stretched_and_kept(tmp_path) -> None:
    class Two:
        num_classes = 2

    rising, falling = (np.linspace(*ends, 9, dtype=np.float32)[:, None] for ends in ((0, 1), (1, 0)))
    model = NearestSeries()
    model.fit([rising, falling], pa.table({"label": [1, 0]}), Two)
    model.save(tmp_path)
    loaded = NearestSeries()
    loaded.load(tmp_path)
    answers = column(loaded.respond([rising[::2], falling[::4]]), "probabilities")
    assert answers.tolist() == [[0.0, 1.0], [1.0, 0.0]]
