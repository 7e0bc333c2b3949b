"""The protocol in pictures: simulated bakeoffs, judged by `bakeoff.statistics` itself.

S seeds, N test examples.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import stats

from bakeoff.report.figures.canvas import Canvas, figure
from bakeoff.report.palette import sentinel
from bakeoff.statistics import Options, Verdict, crossed_t, verdict_from_matrices

MARGIN = 0.03
SITUATIONS = {
    "far ahead": (0.10, 2_000, 5),
    "ahead by little": (0.015, 20_000, 10),
    "alike, many examples": (0.0, 8_000, 10),
    "few examples": (0.03, 300, 5),
}
"""True difference in accuracy, test examples and seeds of each."""
BAKEOFFS, SEEDS, EXAMPLES = 30, 10, 360
_LUCK_OF_SEEDS, _ACCURACY, _OWN = 0.006, 0.8, 0.5


def scores(rng: np.random.Generator, *, gap: float, num_seeds: int, num_examples: int) -> dict[str, np.ndarray]:
    """Right or wrong of two contenders, (S, N) each: examples are hard for both, and each seed has its luck."""
    hardness_N = rng.normal(size=num_examples)
    found = {}
    for name, accuracy in (("a", _ACCURACY + gap), ("b", _ACCURACY)):
        own_N = rng.normal(size=num_examples)
        noise_SN = rng.normal(size=(num_seeds, num_examples))
        accuracy_S1 = accuracy + _LUCK_OF_SEEDS * rng.normal(size=(num_seeds, 1))
        total_SN = (hardness_N + _OWN * own_N + _OWN * noise_SN) / np.sqrt(1 + 2 * _OWN**2)
        found[name] = (total_SN < stats.norm.ppf(accuracy_S1)).astype(float)
    return found


@cache
def verdicts() -> dict[str, Verdict]:
    """What is said of each situation."""
    return {
        told: verdict_from_matrices(
            scores(np.random.default_rng(1), gap=gap, num_seeds=num_seeds, num_examples=num_examples),
            options=Options(margin=MARGIN, metric="accuracy"),
        )
        for told, (gap, num_examples, num_seeds) in SITUATIONS.items()
    }


def decisions() -> str:
    """An interval a verdict, beside zero and the margin."""
    return _figure(_decisions())


@figure
def _decisions() -> Canvas:
    canvas = _canvas(4, name="decisions", label="Four differences with their intervals, beside zero and the margin")
    canvas.axes.axvspan(-100 * MARGIN, 100 * MARGIN, color=sentinel("margin"), linewidth=0)
    for row, (told, verdict) in enumerate(verdicts().items()):
        [pair] = verdict.pairs
        sign = 1 if pair.a == "a" else -1
        ends = sorted(100 * sign * end for end in (pair.low, pair.high))
        colour = sentinel("muted" if verdict.verdict == "NOT_ENOUGH_EVIDENCE" else "accent")
        _interval(canvas, ends, 100 * sign * pair.difference, y=-row, colour=colour)
        _beside(canvas, told, verdict.verdict, y=-row)
    canvas.axis_title("x", f"difference in accuracy, points; shaded: the margin of {100 * MARGIN:g} points")
    return canvas


@cache
def _equals() -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Of bakeoffs between equals, the intervals of Welch's t on seed means and of the crossed t."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(BAKEOFFS):
        made = scores(rng, gap=0.0, num_seeds=SEEDS, num_examples=EXAMPLES)
        a_S, b_S = (made[name].mean(axis=1) for name in "ab")
        welch = stats.ttest_ind(a_S, b_S, equal_var=False).confidence_interval(0.95)
        found.append(((welch.low, welch.high), crossed_t(made["a"], made["b"]).interval(0.05)))
    return found


def false_winners() -> tuple[int, int]:
    """In how many of these bakeoffs between equals Welch's interval excludes zero, and in how many the crossed t's."""
    counts = np.array([[low > 0 or high < 0 for low, high in both] for both in _equals()]).sum(axis=0)
    return int(counts[0]), int(counts[1])


def two_lucks() -> str:
    """Intervals of the same bakeoffs by two tests."""
    welch, crossed = false_winners()
    told = (
        f"{BAKEOFFS} simulated bakeoffs of two contenders that are equally good ({SEEDS} seeds, {EXAMPLES} test"
        f" examples, 95 % intervals). Above: Welch's t on the means of seeds excludes zero in {welch}. Below: the"
        f" crossed t, in {crossed}."
    )
    return f"{_figure(_two_lucks())}\n\n{told}"


@figure
def _two_lucks() -> Canvas:
    canvas = _canvas(
        9, name="lucks", label="Intervals of bakeoffs between equals, by Welch's t and by the crossed t", left=16
    )
    canvas.axes.axvline(0, color=sentinel("muted"), linewidth=1.2)
    for column, top in enumerate((0.3, -4.3)):
        for row, both in enumerate(_equals()):
            low, high = (100 * end for end in both[column])
            colour = sentinel("rnn-0" if low > 0 or high < 0 else "muted")
            y = top - 4 * row / BAKEOFFS
            canvas.axes.plot([low, high], [y, y], color=colour, linewidth=1.8)
    canvas.axis_title("x", "difference in accuracy, points; coloured: zero is outside, a false winner")
    return canvas


def reach() -> str:
    """How far a difference is known, by seeds and test examples."""
    return _figure(_reach())


@figure
def _reach() -> Canvas:
    label = "Half the width of the interval against the number of seeds, for three numbers of test examples"
    canvas = Canvas(660, 300, margins=(46, 46, 130, 24), name="reach", label=label)
    seeds = [3, 5, 7, 10, 15, 20]
    for shade, num_examples in enumerate((300, 2_000, 20_000)):
        made = scores(np.random.default_rng(3), gap=0.0, num_seeds=seeds[-1], num_examples=num_examples)
        ends = [crossed_t(made["a"][:count], made["b"][:count]).interval(0.05) for count in seeds]
        halves = [100 * (high - low) / 2 for low, high in ends]
        colour = sentinel(f"cnn-{shade}")
        canvas.axes.plot(seeds, halves, color=colour, linewidth=2, marker="o", markersize=5)
        canvas.axes.annotate(
            f"{num_examples:,} examples",
            (seeds[-1], halves[-1]),
            xytext=(8, -4),
            textcoords="offset points",
            color=colour,
        )
    canvas.axes.set_ylim(bottom=0)
    canvas.grid("y")
    canvas.marks("x", seeds)
    canvas.axis_title("x", "seeds of each contender")
    canvas.axis_title("y", "± points of accuracy")
    return canvas


def _canvas(rows: int, *, name: str, label: str, left: float = 150) -> Canvas:
    right = 170 if left > 100 else 16
    canvas = Canvas(700, 36 * rows + 50, margins=(left, 42, right, 6), name=name, label=label)
    canvas.axes.set_yticks([])
    canvas.axes.set_ylim(-rows + 0.4, 0.6)
    canvas.grid("x")
    if left > 100:
        canvas.axes.axvline(0, color=sentinel("muted"), linewidth=1.2)
    return canvas


def _interval(canvas: Canvas, ends: list[float], at: float, *, y: float, colour: str) -> None:
    canvas.axes.plot(ends, [y, y], color=colour, linewidth=2.5, solid_capstyle="round")
    canvas.axes.plot([at], [y], marker="o", markersize=8, color=colour)


def _beside(canvas: Canvas, left: str, right: str, *, y: float) -> None:
    place = canvas.axes.get_yaxis_transform()
    canvas.axes.text(-0.02, y, left, transform=place, ha="right", va="center", color=sentinel("ink"))
    canvas.axes.text(1.02, y, right, transform=place, ha="left", va="center", color=sentinel("muted"))


def _figure(picture: str) -> str:
    return f'<figure class="drawn">{picture}</figure>'
