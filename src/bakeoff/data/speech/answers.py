"""What is said, in tables with one row a text: by networks and baselines, and in the recordings.

Answers and labels have a column ``mel``, float16 numbers ``(F, M)`` as bytes, the natural logarithms of bands' energies
frame by frame, and ``durations``, the frames of each token (null where not known).

N texts, F frames, M mel bands, S tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bakeoff.tables import table_of


def table_of_mels(
    mels: Sequence[NDArray[np.floating]], durations: Sequence[Sequence[float] | None], **more: Any
) -> pa.Table:
    """Answers or labels.

    Args:
        mels: ``(F, M)`` of each text, at least one frame.
        durations: frames of each token of each text, or None.
        **more: further columns.
    """
    return table_of(
        mel=pa.array([mel.astype(np.float16).tobytes() for mel in mels], pa.binary()),
        durations=pa.array(durations, pa.list_(pa.float32())),
        **more,
    )


def mels_of(table: pa.Table, num_mels: int) -> list[NDArray[np.float32]]:
    """The frames of each row, ``(F, M)``."""
    return [
        np.frombuffer(mel, dtype=np.float16).reshape(-1, num_mels).astype(np.float32)
        for mel in table["mel"].to_pylist()
    ]
