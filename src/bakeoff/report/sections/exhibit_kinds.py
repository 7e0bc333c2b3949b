"""How each kind of exhibit is drawn: a function that turns its JSON into what the template of its kind prints.

A further kind is a class in ``bakeoff.tasks.exhibits``, an entry here, and ``templates/exhibits/<kind>.html.j2``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

import numpy as np

from bakeoff.report.figures.attention import attention_figure
from bakeoff.report.figures.boxes import boxes_figure
from bakeoff.report.figures.canvas import printable
from bakeoff.report.figures.course import Course, course_figure
from bakeoff.report.figures.lines import lines_figure
from bakeoff.report.figures.timeline import timeline_figure
from bakeoff.report.numbers import UNKNOWN, duration, is_number, significant, typeset
from bakeoff.report.palette import Look, overlay
from bakeoff.report.pictures import heat_uri, is_tiny, mask_uri, picture_uri, spectrum_uri
from bakeoff.report.sections.weighed import weighed_course, weighed_frames, weighed_text
from bakeoff.report.sounds import LONGEST_S, sound_uri
from bakeoff.tasks.exhibits import Box, unpack

_LONGEST_TEXT = 4000
_LONGEST_MAP = 60
_LARGEST_PICTURE_PX = 640
_MOST_ITEMS = 20
_MOST_GLANCES = 24
_MOST_TOKENS = 48
_EDITS = ("equal", "substitute", "delete", "insert")
_GLANCE = (255, 0, 200)
_COURSE = ("x", "answer", "truth", "low", "high", "history_x", "history")

Entry: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where an exhibit stands: whose it is, a name that is unique in the page, and what stands beside it."""

    name: str
    unique: str
    look: Look
    beside: Sequence[Entry] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of exhibit.

    Attributes:
        draw: What its template prints; raises where the entries don't fit together.
        how: How to read it, in a sentence; empty where that is plain.
    """

    draw: Callable[[Entry, Place], Mapping[str, Any]]
    how: str = ""


def clipped(text: object, *, limit: int = _LONGEST_TEXT) -> str:
    """A text from data, cut where it is very long; its lines stay lines."""
    whole = str(text)
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"


def _text(entry: Entry, place: Place) -> Mapping[str, Any]:
    return {"output": clipped(entry["output"]), "truth": clipped(entry.get("truth") or "")}


def _attention(entry: Entry, place: Place) -> Mapping[str, Any]:
    rows, columns = ([str(token) for token in entry[axis]] for axis in ("rows", "columns"))
    if max(len(rows), len(columns)) > _LONGEST_MAP:
        note = f"The map of {len(rows)} by {len(columns)} tokens is too large to be shown."
        return {**_text(entry, place), "note": note}
    weights_LS = np.asarray(entry["weights"], dtype=float).reshape(len(rows), len(columns))
    label = f"What {place.name} looked at in the input for each token of its answer {clipped(entry['output'])}."
    return {
        **_text(entry, place),
        "figure": attention_figure(rows, columns, weights_LS, name=place.unique, label=label),
    }


def _table(entry: Entry, place: Place) -> Mapping[str, Any]:
    columns = [str(column) for column in entry["columns"]]
    rows = [[_cell(value) for value in row] for row in entry["rows"]]
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"expected rows of {len(columns)} cells")
    numeric = [all(isinstance(row[k], int | float | None) for row in entry["rows"]) for k in range(len(columns))]
    return {"columns": list(zip(columns, numeric, strict=True)), "rows": rows, "numeric": numeric}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return significant(value, digits=4)
    return UNKNOWN if value is None else typeset(str(value)) if isinstance(value, int) else clipped(value)


def _picture(entry: Entry, place: Place) -> Mapping[str, Any]:
    pixels_HWC = unpack(entry["pixels_HWC"])
    height, width = pixels_HWC.shape[:2]
    base = picture_uri(pixels_HWC, largest_px=_LARGEST_PICTURE_PX)
    boxes = [_box(box) for box in entry.get("boxes") or ()]
    over = boxes_figure(boxes, width=width, height=height, label=f"Boxes of {place.name}") if boxes else None
    masks = {word: entry.get(key) for word, key in (("answer", "mask_HW"), ("truth", "true_mask_HW"))}
    drawn = {word: unpack(stored) for word, stored in masks.items() if stored is not None}
    if any(mask.shape != (height, width) for mask in drawn.values()):
        raise ValueError(f"expected masks of {height} by {width} pixels")
    layers = [(word, mask_uri(mask, largest_px=_LARGEST_PICTURE_PX)) for word, mask in drawn.items()]
    legend = _legend(list(drawn.values()), entry.get("mask_names") or ())
    said = {"legend": legend, "caption": clipped(entry.get("caption") or "")}
    return {
        "base": base,
        "boxes": over,
        "layers": layers,
        "is_tiny": is_tiny(pixels_HWC, below_px=128),
        **said,
    }


def _box(raw: Entry) -> Box:
    box = Box(**{item.name: raw[item.name] for item in fields(Box) if item.name in raw})
    if not all(is_number(edge) for edge in (box.left, box.top, box.right, box.bottom)):
        raise ValueError("expected numbers for the edges of a box")
    return Box(**{**vars(box), "label": str(box.label)})


def _legend(masks: Sequence[np.ndarray], names: Sequence[str]) -> list[tuple[str, str]]:
    """Colour and name of each class that is seen in any of the masks."""
    numbers = sorted({int(number) for mask in masks for number in np.unique(mask)} - {0})
    return [(overlay(k - 1), str(names[k]) if k < len(names) else f"class {k}") for k in numbers]


def _glances(entry: Entry, place: Place) -> Mapping[str, Any]:
    pixels_HWC, weights_LHW = unpack(entry["pixels_HWC"]), unpack(entry["weights_LHW"])
    tokens = [printable(token, limit=20) for token in entry["tokens"]]
    if weights_LHW.ndim != 3 or len(tokens) != len(weights_LHW):
        raise ValueError(f"expected a map for each of {len(tokens)} tokens")
    largest_L = np.maximum(weights_LHW.max(axis=(1, 2), initial=0), 1e-9)
    shares_LHW = weights_LHW / largest_L[:, None, None]
    glances = [(token, heat_uri(own_HW, colour=_GLANCE)) for token, own_HW in zip(tokens, shares_LHW, strict=True)]
    return {
        **_text(entry, place),
        "base": picture_uri(pixels_HWC, largest_px=_LARGEST_PICTURE_PX),
        "is_tiny": is_tiny(pixels_HWC, below_px=128),
        "glances": glances[:_MOST_GLANCES],
        "left_out": max(0, len(glances) - _MOST_GLANCES),
    }


def _curve(entry: Entry, place: Place) -> Mapping[str, Any]:
    course = _course(entry)
    beside = [_course(other) for other in place.beside if other.get("kind") == "curve"]
    label = f"What {place.name} answered over {course.x_label or 'time'}, {len(course.answer)} values."
    figure = course_figure(course, look=place.look, beside=beside, name=place.unique, label=label)
    return {"figure": figure, "band": clipped(entry.get("band") or "", limit=60) if len(course.low) else ""}


def _course(entry: Entry) -> Course:
    """Lists of numbers as arrays, what is not known as NaN."""
    values = {
        name: np.array([np.nan if value is None else value for value in entry.get(name) or ()], dtype=float)
        for name in _COURSE
    }
    return Course(**values, x_label=str(entry.get("x_label") or ""), y_label=str(entry.get("y_label") or ""))


def _weighed_text(entry: Entry, place: Place) -> Mapping[str, Any]:
    return {**_text(entry, place), "rows": weighed_text(entry)}


def _weighed_course(entry: Entry, place: Place) -> Mapping[str, Any]:
    label = f"Which steps move the forecast of {place.name}, of {len(entry['history'])}."
    return {"figure": weighed_course(entry, look=place.look, name=place.unique, label=label)}


def _weighed_frames(entry: Entry, place: Place) -> Mapping[str, Any]:
    label = f"Which steps speak for the answer of {place.name} or against it."
    return {**_text(entry, place), "figure": weighed_frames(entry, look=place.look, name=place.unique, label=label)}


def _audio(entry: Entry, place: Place) -> Mapping[str, Any]:
    samples, rate_hz = unpack(entry["samples"]), int(entry["sample_rate_hz"])
    if not 1 <= rate_hz <= 384_000:
        raise ValueError(f"expected a rate of 1 to 384,000 Hz, got {rate_hz}")
    seconds, mel = len(samples) / rate_hz, entry.get("mel_MT")
    note = f", of which the first {LONGEST_S} s" if seconds > LONGEST_S else ""
    return {
        "sound": sound_uri(samples, sample_rate_hz=rate_hz),
        "spectrum": spectrum_uri(unpack(mel)) if mel else None,
        "length": duration(seconds) + note,
        "caption": clipped(entry.get("caption") or ""),
    }


def _spoken(entry: Entry, place: Place) -> Mapping[str, Any]:
    edits = [
        (str(edit["kind"]), clipped(edit["true"], limit=400), clipped(edit["read"], limit=400))
        for edit in entry["edits"]
    ]
    if any(kind not in _EDITS for kind, *_ in edits):
        raise ValueError(f"expected edits of {', '.join(_EDITS)}")
    tokens, spans = (
        [str(token) for token in entry["tokens"]],
        [(float(start), float(end)) for start, end in entry["spans"]],
    )
    if len(tokens) != len(spans):
        raise ValueError("expected a span for each token")
    label = f"Where {place.name} found {' '.join(tokens) or 'nothing'}."
    sound = _audio(entry, place)
    return {
        "sounds": sound,
        "edits": edits,
        "is_right": all(kind == "equal" for kind, *_ in edits),
        "timeline": timeline_figure(tokens, spans, label=label) if len(tokens) <= _MOST_TOKENS else None,
    }


def _ranked(entry: Entry, place: Place) -> Mapping[str, Any]:
    items, right = [str(item) for item in entry["items"]], [str(item) for item in entry.get("right") or ()]
    scores = [significant(score) for score in entry.get("scores") or ()] or [""] * len(items)
    rows = [(item, score, item in right) for item, score in zip(items, scores, strict=True)]
    return {
        "context": printable("; ".join(str(item) for item in entry.get("context") or ()), limit=400),
        "items": rows[:_MOST_ITEMS],
        "missed": [item for item in right if item not in items[:_MOST_ITEMS]],
    }


def _lines(entry: Entry, place: Place) -> Mapping[str, Any]:
    lines = {str(line["name"]): np.array([line["x"], line["y"]], dtype=float) for line in entry["lines"]}
    marks = {str(line["name"]): tuple(map(float, line["mark"])) for line in entry["lines"] if line.get("mark")}
    level = entry.get("level")
    picture = lines_figure(
        lines,
        marks=marks,
        looks={name: place.looks.get(name, Look("other-0", "v", ())) for name in lines},
        axes=(str(entry.get("x_label") or ""), str(entry.get("y_label") or "")),
        limits=None if entry.get("y_limits") is None else tuple(map(float, entry["y_limits"])),
        level=None if level is None else (float(level), str(entry.get("level_name") or "")),
        name=place.unique,
        label=f"{clipped(entry.get('title') or 'Lines', limit=120)}, of {', '.join(lines)}.",
    )
    return {"figure": picture, "note": clipped(entry.get("note") or "", limit=200)}


KINDS: Mapping[str, Kind] = {
    "text": Kind(_text),
    "attention": Kind(
        _attention,
        "A map shows what a contender looked at in the input, a row for each token of its answer: the larger the "
        "square, the more.",
    ),
    "table": Kind(_table),
    "picture": Kind(_picture, "Boxes and colours over a picture are answers; dashed boxes are the truth."),
    "glances": Kind(
        _glances,
        "Under a picture stands where in it a contender looked for each token that it wrote: the more, the stronger "
        "the colour.",
    ),
    "curve": Kind(
        _curve,
        "A curve shows what a contender was given, then what came (the truth) and in its own colour what it answered, "
        "with a band where it gave one.",
    ),
    "weighed_text": Kind(
        _weighed_text,
        "The stronger a token's colour, the more it speaks for the answer, or with a line under it against.",
    ),
    "weighed_course": Kind(
        _weighed_course,
        "Under a course, bars show which steps move the forecast: up towards what it is, down away from it.",
    ),
    "weighed_frames": Kind(
        _weighed_frames,
        "Under a series, or a spectrogram with low pitches at the bottom, bars show which steps speak for the answer, "
        "up, or against it, down.",
    ),
    "audio": Kind(_audio, "Below a sound stands its mel spectrogram, low pitches at the bottom."),
    "spoken": Kind(
        _spoken,
        "A recording stands above with its mel spectrogram, low pitches at the bottom; over each transcript, what was "
        "read where. Words that were said and not read are struck through, those read and not said underlined.",
    ),
    "lines": Kind(_lines),
    "ranked": Kind(_ranked, "In a ranked list, best first, a tick marks what was right."),
}
