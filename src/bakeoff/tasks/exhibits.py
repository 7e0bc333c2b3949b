"""What a task shows of a contender's answers in the report: kinds that the report knows how to draw.

Each is plain JSON in ``exhibits.json``, under its ``kind``: ``{"schema_version": 1, "contenders": {name: [exhibit,
...]}, "overview": [exhibit, ...]}``. Exhibits of the same place in the contenders' lists are of the same example and
stand side by side; those of the overview are of all contenders and the whole test. Pictures, masks and sounds are
packed; everything else can be read in the file.

H height, W width, C channels, M mel bands, T frames.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

SCHEMA_VERSION = 1
MOST_LINES = 6
"""Channels of a series that are drawn as lines."""
_PACKED = ("uint8", "uint16", "int16", "float32")


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What all kinds have.

    Attributes:
        title: one line above it; empty for none.
    """

    kind: ClassVar[str]
    packed: ClassVar[Mapping[str, str]] = {}
    """The type of number of each attribute that is stored packed."""

    title: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        stored = {name: pack(values[name], kind) for name, kind in self.packed.items() if values[name] is not None}
        return {"kind": self.kind} | {name: _plain(value) for name, value in (values | stored).items()}


@dataclass(frozen=True, kw_only=True)
class TextExhibit(_Shown):
    """A text, and what was answered to it; ``truth`` is what should have been, where there is such a thing."""

    kind = "text"

    input: str
    output: str
    truth: str = ""


@dataclass(frozen=True, kw_only=True)
class AttentionExhibit(_Shown):
    """An answer, and what each of its tokens (a row) looked at in the input (a column); rows of weights sum to 1."""

    kind = "attention"

    input: str
    output: str
    rows: Sequence[str]
    columns: Sequence[str]
    weights: Sequence[Sequence[float]] | np.ndarray
    truth: str = ""


@dataclass(frozen=True, kw_only=True)
class TableExhibit(_Shown):
    """Some rows of text and numbers, each as long as ``columns``."""

    kind = "table"

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box in a picture, in pixels from its upper left corner.

    Attributes:
        label: its class.
        score: how sure the contender is, in [0, 1]; None where that is not said.
        is_truth: whether it belongs to the labels instead of the answer.
    """

    left: float
    top: float
    right: float
    bottom: float
    label: str
    score: float | None = None
    is_truth: bool = False


@dataclass(frozen=True, kw_only=True)
class PictureExhibit(_Shown):
    """An image, with boxes or a mask over it.

    Attributes:
        pixels_HWC: uint8, of 1 or 3 channels.
        boxes: answers and truth.
        mask_HW: the answer as a class number for each pixel, 0 for none; None for no mask.
        true_mask_HW: the truth, drawn as a second picture.
        mask_names: what the numbers mean, from 0.
        caption: what stands below, such as an answer in words.
    """

    kind = "picture"
    packed: ClassVar[Mapping[str, str]] = {"pixels_HWC": "uint8", "mask_HW": "uint16", "true_mask_HW": "uint16"}

    pixels_HWC: np.ndarray
    boxes: Sequence[Box] = ()
    mask_HW: np.ndarray | None = None
    true_mask_HW: np.ndarray | None = None
    mask_names: Sequence[str] = ()
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class GlancesExhibit(_Shown):
    """An image, what was written about it, and where in it a contender looked for each token.

    Attributes:
        pixels_HWC: uint8, of 1 or 3 channels.
        output: what was written.
        truth: what should have been, where there is such a thing.
        tokens: of the output; empty where nothing is known of where it looked.
        weights_LHW: of each token over places of the image, in rows and columns of equal size.
    """

    kind = "glances"
    packed: ClassVar[Mapping[str, str]] = {"pixels_HWC": "uint8", "weights_LHW": "float32"}

    pixels_HWC: np.ndarray
    output: str
    truth: str = ""
    tokens: Sequence[str] = ()
    weights_LHW: np.ndarray


@dataclass(frozen=True, kw_only=True)
class CurveExhibit(_Shown):
    """A course over time or place: what was before, what came, what was answered, and between which bounds.

    Attributes:
        x: positions of ``answer``, ``truth``, ``low`` and ``high``; ``history_x`` those of ``history``.
        low: lower end of the band around the answer, and ``high`` its upper end; empty for none.
        band: what the band is, such as "80 % interval".
        x_label: of the axis, as ``y_label``.
    """

    kind = "curve"

    x: Sequence[float] | np.ndarray
    answer: Sequence[float] | np.ndarray
    truth: Sequence[float] | np.ndarray = ()
    history_x: Sequence[float] | np.ndarray = ()
    history: Sequence[float] | np.ndarray = ()
    low: Sequence[float] | np.ndarray = ()
    high: Sequence[float] | np.ndarray = ()
    band: str = ""
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True, kw_only=True)
class WeighedTextExhibit(_Shown):
    """A text whose tokens speak for an answer (above 0) or against it (below).

    Attributes:
        output: the answer; ``truth`` is what it should have been.
        tokens: of the text.
        weights: of each token, in several ways, by name.
    """

    kind = "weighed_text"

    output: str
    tokens: Sequence[str]
    weights: Mapping[str, Sequence[float] | np.ndarray]
    truth: str = ""


@dataclass(frozen=True, kw_only=True)
class WeighedCourseExhibit(_Shown):
    """A course of values, whose steps move an answer towards what it is (above 0) or away from it (below).

    Attributes:
        history: the values, NaN where there is none.
        answer: what was said to come next, and ``truth`` what came.
        weights: of each step of the history, in several ways, by name.
    """

    kind = "weighed_course"

    history: Sequence[float] | np.ndarray
    answer: Sequence[float] | np.ndarray
    weights: Mapping[str, Sequence[float] | np.ndarray]
    truth: Sequence[float] | np.ndarray = ()


@dataclass(frozen=True, kw_only=True)
class WeighedFramesExhibit(_Shown):
    """A series or a recording whose steps speak for an answer (above 0) or against it (below).

    Attributes:
        output: the answer; ``truth`` is what it should have been.
        frames_TK: the numbers of each step: up to `MOST_LINES` channels are drawn as lines, more as a picture.
        hop_s: from step to step, in seconds; None: steps are counted.
        weights: of each step, in several ways, by name.
    """

    kind = "weighed_frames"
    packed: ClassVar[Mapping[str, str]] = {"frames_TK": "float32"}

    output: str
    truth: str = ""
    frames_TK: np.ndarray
    hop_s: float | None = None
    weights: Mapping[str, Sequence[float] | np.ndarray]


@dataclass(frozen=True, kw_only=True)
class AudioExhibit(_Shown):
    """A sound to listen to, with its mel spectrogram.

    Attributes:
        samples: in [-1, 1]; stored with 16 bits.
        sample_rate_hz: of them.
        mel_MT: low bands first; None for none.
        caption: what is said in it.
    """

    kind = "audio"
    packed: ClassVar[Mapping[str, str]] = {"samples": "int16", "mel_MT": "float32"}

    samples: np.ndarray
    sample_rate_hz: int
    mel_MT: np.ndarray | None = None
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Some words that are equal, or were put in place of others, left out or added.

    Attributes:
        kind: ``equal``, ``substitute``, ``delete`` or ``insert``.
        true: what was said.
        read: what was read.
    """

    kind: str
    true: str = ""
    read: str = ""


@dataclass(frozen=True, kw_only=True)
class SpokenExhibit(AudioExhibit):
    """A recording of speech, and what a contender read off it.

    Attributes:
        edits: what was said and what was read, in their order.
        tokens: what was read, token by token or word by word.
        spans: where in the sound each of these was found: its start and its end, as shares of the whole.
    """

    kind = "spoken"

    edits: Sequence[Edit]
    tokens: Sequence[str] = ()
    spans: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, kw_only=True)
class RankedExhibit(_Shown):
    """A ranked list, best first.

    Attributes:
        context: what it answers, such as the last items of a user.
        items: in order.
        scores: one an item; empty for none.
        right: the items that were right, whether they are in the list or not.
    """

    kind = "ranked"

    context: Sequence[str]
    items: Sequence[str]
    scores: Sequence[float] | np.ndarray = ()
    right: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of values over positions, with a mark at one place; its name is a contender's, whose colour it has."""

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    mark: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class LinesExhibit(_Shown):
    """Several contenders' lines in one picture.

    Attributes:
        x_label: of the axis, as ``y_label``.
        y_limits: lowest and highest value of the picture; None takes those of the lines.
        level: a value to compare with, drawn across; None for none.
        level_name: what it is.
        note: what stands below, such as what the marks are.
    """

    kind = "lines"

    lines: Sequence[Line]
    x_label: str = ""
    y_label: str = ""
    y_limits: tuple[float, float] | None = None
    level: float | None = None
    level_name: str = ""
    note: str = ""


Exhibit: TypeAlias = (
    TextExhibit
    | AttentionExhibit
    | TableExhibit
    | PictureExhibit
    | GlancesExhibit
    | CurveExhibit
    | WeighedTextExhibit
    | WeighedCourseExhibit
    | WeighedFramesExhibit
    | AudioExhibit
    | SpokenExhibit
    | RankedExhibit
    | LinesExhibit
)


def pack(values: Any, kind: str) -> dict[str, Any]:
    """An array as JSON: its type, its shape, and its bytes (little-endian, row by row) in base64.

    Args:
        values: to be stored; fractions in [-1, 1] become whole numbers of 16 bits where ``kind`` is ``int16``.
        kind: ``uint8``, ``uint16``, ``int16`` or ``float32``.
    """
    array = np.asarray(values)
    if kind == "int16" and array.dtype.kind == "f":
        array = np.rint(32767 * np.clip(array, -1, 1))
    data = array.astype(np.dtype(kind).newbyteorder("<"))
    return {"dtype": kind, "shape": list(data.shape), "base64": base64.b64encode(data.tobytes()).decode("ascii")}


def unpack(stored: Mapping[str, Any]) -> np.ndarray:
    """The inverse of `pack`.

    Raises:
        ValueError: the bytes are not of that type and shape, or the type is none of the four.
        KeyError: one of the three entries is missing.
    """
    if stored["dtype"] not in _PACKED:
        raise ValueError(f"expected one of {', '.join(_PACKED)}, got {stored['dtype']!r}")
    data = base64.b64decode(stored["base64"], validate=True)
    return np.frombuffer(data, np.dtype(stored["dtype"]).newbyteorder("<")).reshape(stored["shape"])


def _plain(value: Any) -> Any:
    """Lists for sequences and arrays, mappings for records, Python's numbers for numpy's."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
