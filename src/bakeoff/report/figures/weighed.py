"""Values over time, and under them how much each step moves the answer, a strip of bars a way of asking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from bakeoff.report.figures.canvas import Canvas, figure, printable
from bakeoff.report.numbers import round_number
from bakeoff.report.palette import Look, sentinel
from bakeoff.report.pictures import spectrum_pixels
from bakeoff.tasks.exhibits import MOST_LINES

_WIDTH, _COURSE, _STRIP = 360, 150, 44
_LOW, _HIGH = 0.08, 0.92


@figure
def weighed_figure(
    history: np.ndarray,
    answer: np.ndarray,
    truth: np.ndarray,
    *,
    shares: Mapping[str, np.ndarray],
    look: Look,
    name: str,
    label: str,
) -> Canvas:
    """The course above, strips below; bars up move the answer towards what it is, bars down away from it.

    Args:
        history: the values, ``(L,)``, NaN where there is none.
        answer: of the steps after them.
        truth: what came; empty where that is not known.
        shares: of each step in [-1, 1], by name.
        look: of the contender.
        name: unique in the page.
        label: what the figure shows.
    """
    canvas = _canvas(len(shares), name, label)
    per_strip = _STRIP / _COURSE
    draw_weighed(canvas.axes, history, answer, truth, shares=shares, colours=_colours(look), per_strip=per_strip)
    return _with_axis(canvas, "step, 0 the first to be forecast")


@figure
def frames_figure(
    frames_TK: np.ndarray, hop_s: float | None, *, shares: Mapping[str, np.ndarray], look: Look, name: str, label: str
) -> Canvas:
    """The series or spectrogram above, strips below; bars up speak for the answer, bars down against it.

    Args:
        frames_TK: the numbers of each step.
        hop_s: from step to step, in seconds; None: steps are counted from 1.
        shares: of each step in [-1, 1], by name.
        look: of the contender.
        name: unique in the page.
        label: what the figure shows.
    """
    canvas = _canvas(len(shares), name, label)
    draw_frames(canvas.axes, frames_TK, hop_s, shares=shares, colours=_colours(look), per_strip=_STRIP / _COURSE)
    return _with_axis(canvas, "step" if hop_s is None else "seconds")


def _canvas(strips: int, name: str, label: str) -> Canvas:
    return Canvas(_WIDTH, _COURSE + _STRIP * strips + 40, margins=(8, 40, 8, 8), name=name, label=label)


def _colours(look: Look) -> Mapping[str, str]:
    return {"history": sentinel("muted"), "truth": sentinel("ink"), "answer": look.colour}


def _with_axis(canvas: Canvas, title: str) -> Canvas:
    canvas.ticks("x", count=5, label=round_number)
    canvas.axis_title("x", title)
    canvas.axes.set_yticks([])
    return canvas


def draw_frames(
    axes: Axes,
    frames_TK: np.ndarray,
    hop_s: float | None,
    *,
    shares: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
    per_strip: float,
) -> None:
    """Draws it: a few channels as lines between 0 and 1, many as a picture; each strip below, ``per_strip`` high."""
    width = hop_s or 1.0
    x_T = np.arange(len(frames_TK)) * width + (hop_s is None)
    ends = (float(x_T[0] - width / 2), float(x_T[-1] + width / 2))
    if frames_TK.shape[1] > MOST_LINES:
        axes.imshow(spectrum_pixels(frames_TK.T), extent=(*ends, 0, 1), aspect="auto", interpolation="none")
    else:
        axes.plot(x_T, _placed(frames_TK, frames_TK), color=colours["history"], lw=1.2)
    _strips(axes, x_T, shares, colours, per_strip=per_strip, width=width)
    axes.set_xlim(*ends)


def draw_weighed(
    axes: Axes,
    history: np.ndarray,
    answer: np.ndarray,
    truth: np.ndarray,
    *,
    shares: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
    per_strip: float,
) -> None:
    """Draws it: the course between 0 and 1, each strip below, ``per_strip`` high."""
    past, ahead = np.arange(-len(history), 0), np.arange(len(answer))
    every = np.concatenate([history, answer, truth])
    axes.plot(past, _placed(history, every), color=colours["history"], lw=1.2)
    if len(truth):
        axes.plot(ahead, _placed(truth, every), color=colours["truth"], lw=1.4)
    axes.plot(ahead, _placed(answer, every), color=colours["answer"], lw=2)
    _strips(axes, past, shares, colours, per_strip=per_strip, width=1.0)
    axes.set_xlim(-len(history) - 0.5, len(answer) - 0.5)


def _placed(values: np.ndarray, every: np.ndarray) -> np.ndarray:
    """Values as heights in the upper part, which every one of these shares."""
    known = every[np.isfinite(every)]
    least, span = (float(known.min()), float(np.ptp(known))) if len(known) else (0.0, 0.0)
    found: np.ndarray = _LOW + (_HIGH - _LOW) * (values - least) / (span or 1.0)
    return found


def _strips(
    axes: Axes,
    x_T: np.ndarray,
    shares: Mapping[str, np.ndarray],
    colours: Mapping[str, str],
    *,
    per_strip: float,
    width: float,
) -> None:
    for row, (name, own) in enumerate(shares.items()):
        middle = -(row + 0.68) * per_strip
        axes.bar(x_T, own * 0.28 * per_strip, bottom=middle, width=width, color=colours["answer"], linewidth=0)
        axes.axhline(middle, color=colours["history"], lw=0.5)
        place, where = (0.0, -(row + 0.04) * per_strip), ("axes fraction", "data")
        axes.annotate(printable(name), place, xycoords=where, va="top", color=colours["history"])
    axes.set_ylim(-per_strip * len(shares), 1.0)
