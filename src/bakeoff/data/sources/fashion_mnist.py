"""Fashion-MNIST: 60,000 + 10,000 gray images of 28 x 28 pixels, 10 kinds of clothing.

Source: Xiao et al. 2017, arXiv:1708.07747.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets import Array2D, ClassLabel, Dataset, DatasetDict, Features

from bakeoff.data.sources.hub import HuggingFace
from bakeoff.data.sources.idx import read_idx
from bakeoff.data.sources.source import Source, existing_path, file_states
from bakeoff.errors import DataError

_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_STEMS = {"train": "train", "test": "t10k"}
_KINDS = {"image": "images-idx3-ubyte", "label": "labels-idx1-ubyte"}


class FashionMNIST(Source):
    """The given train and test splits, from the hub or from a folder of the four IDX files.

    Args:
        path: a folder of ``train-images-idx3-ubyte`` and so on, plain or ``.gz``; null downloads from the hub.
        hub_name: the data set's name on the hub.
        revision: the hub's commit, so that the data cannot change.
    """

    def __init__(self, *, path: str | None, hub_name: str, revision: str) -> None:
        self._path = path
        self._hub = HuggingFace(path=hub_name, config=None, revision=revision)

    def identity(self) -> dict[str, Any]:
        """The hub's commit, or the state of the four files."""
        if self._path is None:
            return self._hub.identity()
        files = self._files(existing_path(self._path))
        states = [state for file in files.values() for state in file_states([file], relative_to=file.parent)]
        return {"source": "idx", "files": states}

    def load(self) -> DatasetDict:
        """The 70,000 rows in two splits."""
        if self._path is None:
            return self._hub.load()
        files = self._files(existing_path(self._path))
        return DatasetDict({split: _read_split(files[split, "image"], files[split, "label"]) for split in _STEMS})

    def _files(self, folder: Path) -> dict[tuple[str, str], Path]:
        found, missing = {}, []
        for split, stem in _STEMS.items():
            for column, kind in _KINDS.items():
                plain = folder / f"{stem}-{kind}"
                candidates = [plain, plain.with_name(f"{plain.name}.gz")]
                file = next((candidate for candidate in candidates if candidate.is_file()), None)
                if file is None:
                    missing.append(plain.name)
                else:
                    found[split, column] = file
        if missing:
            problem = f"{folder} lacks {', '.join(missing)} (plain or .gz)"
            next_step = "give the folder of the four IDX files, or data.path=null to download from the hub"
            raise DataError("data.not_found", "data.path", self._path, problem, next_step=next_step)
        return found


def _read_split(image_file: Path, label_file: Path) -> Dataset:
    images_NHW, labels_N = read_idx(image_file), read_idx(label_file)
    if images_NHW.ndim != 3 or labels_N.ndim != 1 or len(images_NHW) != len(labels_N):
        problem = f"{images_NHW.shape} images do not go with labels of shape {labels_N.shape} in {label_file.name}"
        raise DataError("data.bad_idx", "data.path", image_file, problem, next_step="download the files again")
    if len(labels_N) and labels_N.max() >= len(_CLASSES):
        problem = f"holds label {labels_N.max()} where there are {len(_CLASSES)} classes"
        raise DataError("data.bad_idx", "data.path", label_file, problem, next_step="check that it is Fashion-MNIST")
    features = Features(image=Array2D(images_NHW.shape[1:], "uint8"), label=ClassLabel(names=list(_CLASSES)))
    return Dataset.from_dict({"image": images_NHW, "label": labels_N}, features=features)
