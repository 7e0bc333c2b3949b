"""TF-IDF with logistic regression, where a label says nothing."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bakeoff.models.baseline.tfidf import Tfidf
from bakeoff.tables import column, table_of

TEXTS = [f"word{row % 5} other{row % 3}" for row in range(30)]


def test_labels_that_all_texts_or_none_have_get_their_smoothed_share():
    labels_NK = np.stack([np.arange(30) % 5 == 1, np.ones(30), np.zeros(30)], axis=1).astype(np.uint8)
    model = Tfidf(ngrams=1)
    model.fit(TEXTS, table_of(label=labels_NK), None)
    probabilities_NK = column(model.respond(TEXTS), "probabilities")
    features = TfidfVectorizer(sublinear_tf=True).fit_transform(TEXTS)
    alone = LogisticRegression(max_iter=1000).fit(features, labels_NK[:, 0]).predict_proba(features)[:, 1]
    assert probabilities_NK[:, 0] == pytest.approx(alone, abs=1e-6)
    assert probabilities_NK[:, 1] == pytest.approx(np.full(30, 30.5 / 31), abs=1e-6)
    assert probabilities_NK[:, 2] == pytest.approx(np.full(30, 0.5 / 31), abs=1e-6)
