"""What a task shows of a contender's answers in the report: kinds that the report knows how to draw.

Each is plain JSON in ``exhibits.json``, under its ``kind``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeAlias


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What all kinds have.

    Attributes:
        title: one line above it; empty for none.
    """

    kind: ClassVar[str]

    title: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class TextExhibit(_Shown):
    """A text, and what was answered to it."""

    kind = "text"

    input: str
    output: str


@dataclass(frozen=True, kw_only=True)
class AttentionExhibit(_Shown):
    """An answer, and what each of its tokens (a row) looked at in the input (a column); rows of weights sum to 1."""

    kind = "attention"

    input: str
    output: str
    rows: Sequence[str]
    columns: Sequence[str]
    weights: Sequence[Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class TableExhibit(_Shown):
    """Some rows of text and numbers."""

    kind = "table"

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class PictureExhibit(_Shown):
    """An image with boxes or masks over it.

    Attributes:
        pixels_HWC: uint8, 1 or 3 channels, as nested lists.
        boxes: ``{"box": [left, top, right, bottom], "label", "score", "truth"}``, in pixels; the last two may be left
            out.
        mask_HW: a class number for each pixel, 0 for none; None for no mask.
        mask_names: what the numbers mean, from 0.
        caption: what stands below.
    """

    kind = "picture"

    pixels_HWC: Sequence[Sequence[Sequence[int]]]
    boxes: Sequence[Mapping[str, Any]] = ()
    mask_HW: Sequence[Sequence[int]] | None = None
    mask_names: Sequence[str] = ()
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class CurveExhibit(_Shown):
    """A course over time or place: what was before, what came, what was said, and between which bounds.

    Attributes:
        x: positions of ``truth`` and ``said``; ``before_x`` those of ``before``.
        low: lower end of the band around ``said``, and ``high`` its upper end; empty for none.
        x_label: of the axes, as ``y_label``.
    """

    kind = "curve"

    x: Sequence[float]
    said: Sequence[float]
    truth: Sequence[float] = ()
    before_x: Sequence[float] = ()
    before: Sequence[float] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True, kw_only=True)
class AudioExhibit(_Shown):
    """A sound to listen to, with its mel spectrogram.

    Attributes:
        samples: in [-1, 1].
        sample_rate_hz: of them.
        mel_MT: mel bands by frames, low bands first; empty for none.
        caption: what is said in it.
    """

    kind = "audio"

    samples: Sequence[float]
    sample_rate_hz: int
    mel_MT: Sequence[Sequence[float]] = ()
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class RankedExhibit(_Shown):
    """A ranked list, best first.

    Attributes:
        context: what it answers, such as the last items of a user.
        items: in order.
        scores: one an item; empty for none.
        right: the items that were right.
    """

    kind = "ranked"

    context: Sequence[str]
    items: Sequence[str]
    scores: Sequence[float] = ()
    right: Sequence[str] = ()


Exhibit: TypeAlias = (
    TextExhibit | AttentionExhibit | TableExhibit | PictureExhibit | CurveExhibit | AudioExhibit | RankedExhibit
)
