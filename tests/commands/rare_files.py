"""Files of which one row in 32 has the class that is looked for, made from a seed: texts as CSV, images as Parquet.

python -m tests.commands.rare_files FOLDER [ROWS]
"""

from __future__ import annotations

import csv
import io
import random
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

EVERY = 32
COMMON = (
    "order",
    "parcel",
    "shop",
    "week",
    "email",
    "address",
    "price",
    "colour",
    "account",
    "number",
    "please",
    "hello",
)
TELLING = ("charged", "refund", "stolen")


def write_claims(path: Path, *, rows: int, every: int = EVERY) -> None:
    """Texts of common words, ``other`` or each so many ``fraud``; telling words are usual there and rare elsewhere."""
    rng = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for row in range(rows):
            is_fraud = row % every == 0
            words = rng.choices(COMMON, k=rng.randint(6, 12))
            if rng.random() < (0.9 if is_fraud else 0.02):
                words.insert(rng.randrange(len(words)), rng.choice(TELLING))
            table.writerow([f"{' '.join(words)} n{row}", "fraud" if is_fraud else "other"])


def write_cracks(path: Path, *, rows: int, contrast: float = 60.0) -> None:
    """Noise of 8 by 8 pixels, ``sound``, or each so many ``crack``: a short diagonal somewhere, one and a half times as
    bright as the noise is wide."""
    rng = np.random.default_rng(0)
    cracked_N = np.arange(rows) % EVERY == 0
    pixels_NHW = rng.normal(110, 40, (rows, 8, 8))
    for index in np.flatnonzero(cracked_N):
        top, left = rng.integers(0, 4, 2)
        pixels_NHW[index, top : top + 5, left : left + 5] += contrast * np.eye(5)
    images = [{"bytes": _png(pixels_HW), "path": None} for pixels_HW in np.clip(pixels_NHW, 0, 255).astype(np.uint8)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    labels = np.where(cracked_N, "crack", "sound")
    pq.write_table(pa.table({"image": pa.array(images, type=kind), "label": labels}), path)


def _png(pixels_HW: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels_HW).save(content, "PNG")
    return content.getvalue()


if __name__ == "__main__":
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4000
    write_claims(folder / "claims.csv", rows=count)
    write_cracks(folder / "cracks.parquet", rows=count)
