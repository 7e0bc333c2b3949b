"""What contenders look at, as PNG files: one an example, the contenders one below the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from bakeoff.report.figures.canvas import printable
from bakeoff.report.figures.weighed import draw_frames, draw_weighed
from bakeoff.report.sections.weighed import frames_of, shares_of, weighed_text
from bakeoff.tasks.exhibits import unpack

_DPI, _WIDTH_IN, _TITLE_IN = 110, 9.0, 0.35
_COLOURS = {"history": "#777777", "truth": "#111111", "answer": "#b3006b"}
_SIDES = {"for": "#ff7ad1", "against": "#8f9bff", "": "#ffffff"}
_HEAT = (1.0, 0.0, 0.78)
_LETTERS_A_LINE = 92


def write_pictures(folder: Path, found: Mapping[str, Any]) -> list[Path]:
    """Writes ``1.png``, ``2.png``, ... of what ``explanations.json`` holds, and returns their paths."""
    names = [entry["name"] for entry in found["contenders"]]
    paths = []
    for number, row in enumerate(zip_longest(*(entry["shown"] for entry in found["contenders"])), start=1):
        folder.mkdir(parents=True, exist_ok=True)
        paths.append(folder / f"{number}.png")
        entries = [(name, entry) for name, entry in zip(names, row, strict=True) if entry]
        FigureCanvasAgg(_picture(entries)).print_png(paths[-1])
    return paths


def _picture(entries: list[tuple[str, Mapping[str, Any]]]) -> Figure:
    heights = [_TITLE_IN, *(_HEIGHTS_IN[entry["kind"]](entry) for _, entry in entries)]
    picture = Figure(figsize=(_WIDTH_IN, sum(heights)), dpi=_DPI, facecolor="white")
    title, *parts = picture.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    title.text(0.01, 0.5, printable(str(entries[0][1]["title"]), limit=100), va="center", fontsize=11)
    columns = 1 + max(len(entry.get("tokens", ())) for _, entry in entries)
    for part, (name, entry) in zip(parts, entries, strict=True):
        said = f": {printable(str(entry['output']), limit=60)}" if "output" in entry else ""
        right = f" (right: {printable(str(entry['truth']), limit=40)})" if isinstance(entry.get("truth"), str) else ""
        part.text(0.01, 0.98, f"{printable(name)}{said}{right}", va="top", fontsize=10, weight="bold")
        _PAINTERS[entry["kind"]](part, entry, columns)
    return picture


def _glances(part: SubFigure, entry: Mapping[str, Any], columns: int) -> None:
    pixels_HWC, weights_LHW = unpack(entry["pixels_HWC"]), unpack(entry["weights_LHW"])
    grey = {"cmap": "gray", "vmin": 0, "vmax": 255} if pixels_HWC.shape[-1] == 1 else {}
    shown = pixels_HWC[..., 0] if pixels_HWC.shape[-1] == 1 else pixels_HWC
    places = part.subplots(1, columns, gridspec_kw={"top": 0.78, "bottom": 0.02, "left": 0.01, "right": 0.99})
    for axes in places:
        axes.set_axis_off()
    for axes, title, weights_HW in zip(places, ["as it is", *entry["tokens"]], [None, *weights_LHW], strict=False):
        axes.imshow(shown, aspect="auto" if pixels_HWC.shape[1] == 1 else "equal", **grey)
        if weights_HW is not None:
            opacity = np.sqrt(np.clip(weights_HW / max(float(weights_HW.max()), 1e-9), 0, 1))
            over = np.concatenate([np.broadcast_to(_HEAT, (*opacity.shape, 3)), 0.85 * opacity[..., None]], axis=-1)
            axes.imshow(over, aspect=axes.get_aspect())
        axes.set_title(printable(title), fontsize=9)


def _weighed_text(part: SubFigure, entry: Mapping[str, Any], columns: int) -> None:
    axes = part.subplots(gridspec_kw={"top": 0.9, "bottom": 0, "left": 0.01, "right": 0.99})
    axes.set_axis_off()
    ways = [(way, _lines(tokens)) for way, tokens in weighed_text(entry)]
    step = 1 / (sum(1 + len(lines) for _, lines in ways) + 0.5)
    height = 1.0
    for way, lines in ways:
        height -= step
        axes.text(0, height, way, fontsize=8, color="#666666")
        for line in lines:
            height -= step
            _write(axes, line, height)


def _write(axes: Axes, line: list[tuple[str, str, float]], height: float) -> None:
    across = 0
    for token, side, colour in line:
        box = {"facecolor": _SIDES[side], "alpha": colour / 62 if side else 0, "edgecolor": "none", "pad": 1}
        axes.text(across / _LETTERS_A_LINE, height, token, fontsize=9, family="monospace", bbox=box)
        across += len(token) + 1


def _lines(tokens: list[tuple[str, str, float]]) -> list[list[tuple[str, str, float]]]:
    lines: list[list[tuple[str, str, float]]] = [[]]
    across = 0
    for token in tokens:
        if across + len(token[0]) > _LETTERS_A_LINE and lines[-1]:
            lines, across = [*lines, []], 0
        lines[-1].append(token)
        across += len(token[0]) + 1
    return lines


def _weighed_course(part: SubFigure, entry: Mapping[str, Any], columns: int) -> None:
    history, answer, truth = (
        np.array([np.nan if value is None else value for value in entry[key]], dtype=float)
        for key in ("history", "answer", "truth")
    )
    shares = shares_of(entry, places=len(history))
    draw_weighed(_over_time(part), history, answer, truth, shares=shares, colours=_COLOURS, per_strip=0.35)


def _weighed_frames(part: SubFigure, entry: Mapping[str, Any], columns: int) -> None:
    frames_TK, hop_s = frames_of(entry)
    shares = shares_of(entry, places=len(frames_TK))
    draw_frames(_over_time(part), frames_TK, hop_s, shares=shares, colours=_COLOURS, per_strip=0.35)


def _over_time(part: SubFigure) -> Axes:
    axes: Axes = part.subplots(gridspec_kw={"top": 0.88, "bottom": 0.12, "left": 0.02, "right": 0.98})
    axes.set_yticks([])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    return axes


_PAINTERS: Mapping[str, Callable[[SubFigure, Mapping[str, Any], int], None]] = {
    "glances": _glances,
    "weighed_text": _weighed_text,
    "weighed_course": _weighed_course,
    "weighed_frames": _weighed_frames,
}
_HEIGHTS_IN: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "glances": lambda entry: 2.1,
    "weighed_text": lambda entry: 0.35 + 0.25 * sum(1 + len(_lines(tokens)) for _, tokens in weighed_text(entry)),
    "weighed_course": lambda entry: 1.7 + 0.45 * len(entry["weights"]),
    "weighed_frames": lambda entry: 1.7 + 0.45 * len(entry["weights"]),
}
