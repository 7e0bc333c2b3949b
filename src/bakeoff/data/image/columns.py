"""Which column holds the images."""

from __future__ import annotations

import dataclasses

from datasets import Array2D, Array3D, Dataset, Features, Image, Value

from bakeoff.data.columns import choose_column
from bakeoff.data.labels import LabelKind
from bakeoff.errors import DataError

_FILES = {"string", "large_string", "string_view", "binary", "large_binary", "binary_view"}


@dataclasses.dataclass(frozen=True)
class ImageColumns:
    """The names of the columns; null finds the one column of the right kind.

    Args:
        image: the column of images.
        label: the column of classes.
        label_kind: what labels are that look like quantities or like missing values, see `LabelKind`.
    """

    image: str | None = None
    label: str | None = None
    label_kind: LabelKind | None = None


def image_column(features: Features, wanted: str | None) -> str:
    """The column that holds the images: the one named, else the only one of an image feature.

    Raises:
        DataError: no such column, or several that could be meant.
    """
    found = [name for name, feature in features.items() if isinstance(feature, Image | Array2D | Array3D)]
    return choose_column("image", wanted, found, features)


def undecoded_images(dataset: Dataset, column: str) -> Dataset:
    """The images alone, as records that `bakeoff.data.image.records` decodes, in a column called ``image``.

    Raises:
        DataError: the column holds neither images nor paths or bytes of images.
    """
    images = dataset.select_columns([column])
    if column != "image":
        images = images.rename_column(column, "image")
    feature = images.features["image"]
    if isinstance(feature, Array2D | Array3D):
        return images.with_format("numpy")
    is_file = isinstance(feature, Value) and feature.dtype in _FILES
    is_struct = isinstance(feature, dict) and set(feature) == {"bytes", "path"}
    if not (isinstance(feature, Image) or is_file or is_struct):
        allowed = "the hub's Image feature, paths, encoded bytes, arrays of uint8 (Array2D, Array3D)"
        raise DataError("data.image_type", "data.columns.image", column, f"holds {feature}, no images", allowed=allowed)
    return images.cast_column("image", Image(decode=False))
