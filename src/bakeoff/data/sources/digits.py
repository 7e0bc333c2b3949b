"""The embedded sample: 1,797 handwritten digits of 8 x 8 pixels, 10 classes, from scikit-learn (UCI optdigits)."""

from __future__ import annotations

from typing import Any

import numpy as np
from datasets import Array2D, ClassLabel, Dataset, DatasetDict, Features

from bakeoff.data.sources.source import Source

_INK_LEVELS = 16  # the source counts ink from 0 to 16


class Digits(Source):
    """Digits as gray images, ink 0 to 16 scaled to 0 to 255; no given splits."""

    def identity(self) -> dict[str, Any]:
        """The package that ships the data, and its version."""
        import importlib.metadata

        return {"source": "digits", "scikit-learn": importlib.metadata.version("scikit-learn")}

    def load(self) -> DatasetDict:
        """All 1,797 rows in one split."""
        from sklearn.datasets import load_digits  # costs a second, and prepared data does without

        digits = load_digits()
        images_NHW = np.round(digits.images * (255 / _INK_LEVELS)).astype(np.uint8)
        features = Features(image=Array2D(images_NHW.shape[1:], "uint8"), label=ClassLabel(names=list("0123456789")))
        return DatasetDict(train=Dataset.from_dict({"image": images_NHW, "label": digits.target}, features=features))
