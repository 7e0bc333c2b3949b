"""Byte n-grams beside text that they have hardly seen."""

import numpy as np
import pytest

from bakeoff.models.baseline.ngram import ByteNgrams
from bakeoff.tables import column, table_of


def test_a_train_text_shorter_than_the_longest_context_is_no_error():
    model = ByteNgrams(order=6)
    model.fit(["ab"], table_of(bytes=np.ones(1)), None)
    bits = column(model.respond(["abcabc", "x"]), "bits")
    assert bits[1] == pytest.approx(9.0)  # of a byte never seen: a half of 1/256 by the two seen bytes of two kinds
    assert 0 < bits[0] < 6 * 9.0
