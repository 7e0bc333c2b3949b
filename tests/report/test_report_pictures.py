"""How test images become pictures of the page."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from bakeoff.report.pictures import is_signal, picture_uri


def opened(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_a_picture_keeps_its_pixels() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert opened(picture_uri(pixels)).tolist() == pixels.tolist()


@pytest.mark.parametrize(
    ("shape", "expected"), [((40, 1), True), ((40, 1, 1), True), ((40, 1, 3), False), ((1, 1), False), ((1, 40), False)]
)
def test_one_column_of_grey_is_a_signal(shape: tuple[int, ...], expected: bool) -> None:
    assert is_signal(np.zeros(shape, dtype=np.uint8)) is expected


@pytest.mark.parametrize("values", [np.arange(40), np.full(40, 7)])
def test_a_signal_is_a_line_from_left_to_right(values: np.ndarray) -> None:
    opacity = opened(picture_uri(values.astype(np.uint8)[:, None]))[..., 3]
    rows, columns = np.nonzero(opacity > 128)
    assert columns.min() <= 1 and columns.max() >= 94
    rises = rows[columns == 1].mean() - rows[columns == 94].mean()
    assert rises == pytest.approx(59 if np.ptp(values) else 0, abs=2)
