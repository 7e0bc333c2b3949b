"""Logistic regression on TF-IDF features of words: what a text model must beat.

Sparck Jones 1972, "A statistical interpretation of term specificity and its application in retrieval", Journal of
Documentation 28; Cox 1958, "The regression analysis of binary sequences".

N texts, F features, K classes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from safetensors.numpy import load_file, save_file
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count, Positive
from bakeoff.tables import column, table_of

_WORDS, _ARRAYS = "tfidf.json", "tfidf.safetensors"


class Tfidf(FittedModel):
    """Scikit-learn's TF-IDF of word n-grams and multinomial logistic regression (Cox 1958; Sparck Jones 1972).

    With several labels a text, one binary regression a class.

    Args:
        ngrams: the longest sequences of words that are features.
        max_features: the most features, the most frequent ones.
        min_count: texts that a feature must occur in.
        sublinear: ``1 + log(count)`` in place of the count.
        strength: C, the inverse of the regularisation.
    """

    def __init__(
        self,
        *,
        ngrams: Count = 2,
        max_features: Count = 50_000,
        min_count: Count = 1,
        sublinear: bool = True,
        strength: Positive = 1.0,
    ) -> None:
        if ngrams < 1 or max_features < 1 or min_count < 1 or strength <= 0:
            found = f"ngrams={ngrams}, max_features={max_features}, min_count={min_count}, strength={strength}"
            raise ValueError(f"ngrams, max_features and min_count must be at least 1, strength above 0; got {found}")
        self.max_features = max_features
        self.strength = strength
        self.settings = {"ngram_range": (1, ngrams), "min_df": min_count, "sublinear_tf": sublinear}
        self.vectorizer: TfidfVectorizer | None = None
        self.weights_FK = np.empty((0, 0))
        self.bias_K = np.empty(0)
        self.multi_label = False

    def num_parameters(self, spec: Any) -> int:
        """A weight for each feature and class, and a bias a class."""
        return (self.max_features + 1) * spec.num_classes

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Features from the train texts alone, then the regression."""
        targets = column(labels, "label")
        self.vectorizer = TfidfVectorizer(max_features=self.max_features, **self.settings)
        features_NF = self.vectorizer.fit_transform(list(examples))
        self.multi_label = targets.ndim == 2
        if self.multi_label:
            found = [self._one_class(features_NF, target_N) for target_N in targets.T]
            coefficients_KF, bias_K = (np.concatenate(parts) for parts in zip(*found, strict=True))
        else:
            coefficients_KF, bias_K = self._regression(features_NF, targets)
            if len(bias_K) == 1:  # two classes: the logit of the second against the first
                coefficients_KF = np.concatenate([np.zeros_like(coefficients_KF), coefficients_KF])
                bias_K = np.array([0.0, bias_K[0]])
        self.weights_FK, self.bias_K = np.ascontiguousarray(coefficients_KF.T), bias_K

    def _regression(self, features_NF: Any, target_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        regression: Any = LogisticRegression(C=self.strength, max_iter=1000).fit(features_NF, target_N)
        return regression.coef_, regression.intercept_

    def _one_class(self, features_NF: Any, target_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The regression of one of several labels; of one that all train texts have, or none, its smoothed log odds."""
        count = int(target_N.sum())
        if 0 < count < len(target_N):
            return self._regression(features_NF, target_N)
        odds = (count + 0.5) / (len(target_N) - count + 0.5)
        return np.zeros((1, features_NF.shape[1])), np.array([np.log(odds)])

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """Class probabilities, shape ``(N, K)``."""
        assert self.vectorizer is not None
        logits_NK = self.vectorizer.transform(list(examples)) @ self.weights_FK + self.bias_K
        probabilities_NK = expit(logits_NK) if self.multi_label else softmax(logits_NK, axis=1)
        return table_of(probabilities=probabilities_NK.astype(np.float32))

    def save(self, folder: Path) -> None:
        """The words as JSON, the weights as safetensors."""
        assert self.vectorizer is not None
        words = self.vectorizer.get_feature_names_out().tolist()
        (folder / _WORDS).write_text(json.dumps({"multi_label": self.multi_label, "words": words}))
        arrays = {"idf": self.vectorizer.idf_, "weights": self.weights_FK, "bias": self.bias_K}
        save_file(arrays, folder / _ARRAYS)

    def load(self, folder: Path) -> None:
        """Words and weights again."""
        stored, arrays = json.loads((folder / _WORDS).read_text()), load_file(folder / _ARRAYS)
        self.multi_label = bool(stored["multi_label"])
        self.vectorizer = TfidfVectorizer(vocabulary=stored["words"], **self.settings)
        self.vectorizer.idf_ = arrays["idf"]
        self.weights_FK, self.bias_K = arrays["weights"], arrays["bias"]
