"""A translation memory: the translation of the most similar source that was seen.

Sato and Nagao 1990, "Toward memory-based translation", COLING; similarity by TF-IDF of character n-grams.

N examples.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import TfidfVectorizer

from bakeoff.models.contracts import FittedModel
from bakeoff.ranges import Count
from bakeoff.tables import table_of

_FILE = "memory.json"
_ROWS_AT_ONCE = 256


class TranslationMemory(FittedModel):
    """The nearest train source's translation, word for word (Sato and Nagao 1990).

    Args:
        ngrams: the longest character sequences that are compared.
    """

    def __init__(self, *, ngrams: Count = 5) -> None:
        if ngrams < 1:
            raise ValueError(f"ngrams must be at least 1; got {ngrams}")
        self.ngrams = ngrams
        self.sources: list[str] = []
        self.targets: list[str] = []

    def fit(self, examples: Sequence[Any], labels: pa.Table, spec: Any) -> None:
        """Keeps what it is shown."""
        self.sources, self.targets = [str(example) for example in examples], labels["reference"].to_pylist()

    def respond(self, examples: Sequence[Any]) -> pa.Table:
        """A translation of each source, shape ``(N,)``; of equally near ones the first."""
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, self.ngrams))
        known = vectorizer.fit_transform(self.sources).T.tocsr()
        asked = vectorizer.transform([str(example) for example in examples])
        nearest = [
            (asked[start : start + _ROWS_AT_ONCE] @ known).toarray().argmax(axis=1)
            for start in range(0, asked.shape[0], _ROWS_AT_ONCE)
        ]
        return table_of(text=[self.targets[row] for row in np.concatenate(nearest)])

    def save(self, folder: Path) -> None:
        """The examples, as JSON."""
        (folder / _FILE).write_text(json.dumps({"sources": self.sources, "targets": self.targets}))

    def load(self, folder: Path) -> None:
        """The examples again."""
        stored = json.loads((folder / _FILE).read_text())
        self.sources, self.targets = stored["sources"], stored["targets"]
