"""Numbers as a person reads them: metrics in percent, costs with their unit, ``—`` for what is not known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from bakeoff.metrics import MetricFacts, facts_of

UNKNOWN = "—"
_MINUS = re.compile(r"(?<![\w.)\]-])-(?=\.?\d)")
_THIN = "\u202f"
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_UNITS = {"fraction": " (%)", "points": "", "seconds": " (s)", "none": ""}
_STEPS = {"fraction": " points", "points": " points", "seconds": f"{_THIN}s", "none": ""}


@dataclass(frozen=True)
class Metric:
    """How a metric is printed, by the facts that its task declares: fractions in percent, their differences in points.

    Attributes:
        facts: What is known of it.
    """

    facts: MetricFacts

    @classmethod
    def named(cls, name: str, declared: Iterable[MetricFacts], *, direction: str = "maximize") -> Metric:
        """The metric of that name; ``direction`` is that of one that is not among the declared."""
        return cls(facts_of(name, declared, direction=direction))

    @property
    def name(self) -> str:
        """Its key in the files."""
        return self.facts.name

    @property
    def label(self) -> str:
        """The name that people use."""
        return self.facts.label

    @property
    def is_lower_better(self) -> bool:
        """Whether smaller is better."""
        return self.facts.direction == "minimize"

    @property
    def unit(self) -> str:
        """What stands on an axis after the label."""
        return _UNITS.get(self.facts.unit, "")

    @property
    def step(self) -> str:
        """The unit of a difference; empty for none."""
        return _STEPS.get(self.facts.unit, "").strip()

    def scaled(self, value: float) -> float:
        """The number that is plotted: percent for fractions."""
        return 100 * value if self.facts.unit == "fraction" else value

    def value(self, value: float | None, *, unit: bool = True) -> str:
        """A value: ``98.06 %``, ``34.20`` of 100, ``0.6120 s``, or four significant digits."""
        if not is_number(value):
            return UNKNOWN
        if self.facts.unit in ("fraction", "points"):
            text = typeset(f"{self.scaled(value):.2f}")
            return f"{text}{_THIN}%" if unit and self.facts.unit == "fraction" else text
        text = significant(value, digits=4)
        return f"{text}{_THIN}s" if unit and self.facts.unit == "seconds" else text

    def interval(self, low: float | None, high: float | None) -> str:
        """An interval, as far as it lies in the metric's range: ``97.11 – 100.00``."""
        if not (is_number(low) and is_number(high)):
            return UNKNOWN
        return " – ".join(self.value(self.facts.nearest(end), unit=False) for end in (low, high))

    def difference(self, value: float | None, *, unit: bool = True) -> str:
        """A difference with its sign: ``+0.53 points`` or four significant digits."""
        if not is_number(value):
            return UNKNOWN
        return ("+" if (value >= 0 and self._is_in_points) or value > 0 else "") + self._distance(value, unit=unit)

    def size(self, value: float | None) -> str:
        """A width or margin, without a sign: ``0.31 points``."""
        return self._distance(value, unit=True) if is_number(value) else UNKNOWN

    @property
    def _is_in_points(self) -> bool:
        return self.facts.unit in ("fraction", "points")

    def _distance(self, value: float, *, unit: bool) -> str:
        text = _points(self.scaled(value)) if self._is_in_points else significant(value, digits=4)
        return typeset(text) + (_STEPS.get(self.facts.unit, "") if unit else "")


def _points(value: float) -> str:
    """To two decimals; what would round to zero and is not, to its first digit."""
    text = f"{value:.2f}"
    return text if float(text) != 0 or value == 0 else f"{value:.1g}"


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether there is a number to print."""
    return value is not None and math.isfinite(value)


def typeset(text: str) -> str:
    """With a true minus sign."""
    return text.replace("-", "−")


def prose(text: str) -> str:
    """A sentence with a true minus sign before its numbers, whose percent signs stay in their line.

    Hyphens within words, dates and names stay.
    """
    return _MINUS.sub("−", text).replace(" %", f"{_THIN}%")


def significant(value: float | None, *, digits: int = 3) -> str:
    """A number to so many significant digits, without an exponent where that can be read."""
    if not is_number(value):
        return UNKNOWN
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return typeset(f"{value:,.0f}")
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return typeset(f"{value:.{decimals}f}" if decimals <= 8 else f"{value:.{digits - 1}e}")


def count(value: float | None) -> str:
    """A whole number with thousands marked: ``98,432``."""
    return f"{value:,.0f}" if is_number(value) else UNKNOWN


def compact(value: float | None) -> str:
    """A large number in short: ``98.4k``, ``1.2M``, ``4.1T``."""
    if not is_number(value):
        return UNKNOWN
    for limit, letter in _PREFIXES:
        if abs(value) >= limit:
            return significant(value / limit) + letter
    return significant(value)


def round_number(value: float) -> str:
    """A round number on an axis: ``0.03``, ``20``, ``100k``."""
    for limit, letter in _PREFIXES:
        if abs(value) >= limit:
            return typeset(f"{value / limit:g}{letter}")
    return typeset(f"{value:g}")


def flops(value: float | None) -> str:
    """Floating-point operations: ``4.12 TFLOP``."""
    if not is_number(value):
        return UNKNOWN
    short = compact(value)
    return f"{short[:-1]} {short[-1]}FLOP" if short[-1].isalpha() else f"{short} FLOP"


def duration(seconds: float | None) -> str:
    """A time span: ``18.3 s``, ``2 min 05 s``, ``1 h 03 min``."""
    if not is_number(seconds):
        return UNKNOWN
    if seconds < 60:
        return f"{significant(seconds)} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"


def milliseconds(value: float | None) -> str:
    """A latency: ``0.61 ms``."""
    return f"{significant(value)} ms" if is_number(value) else UNKNOWN


def megabytes(value: float | None) -> str:
    """A memory size: ``412 MB``."""
    return f"{significant(value)} MB" if is_number(value) else UNKNOWN


def joules(value: float | None) -> str:
    """An energy: ``412 J``, ``1.2 kJ``."""
    if not is_number(value):
        return UNKNOWN
    return f"{significant(value)} J" if value < 1e3 else f"{significant(value / 1e3)} kJ"


def grams(value: float | None) -> str:
    """A mass: ``0.61 g``, ``12 mg``."""
    if not is_number(value):
        return UNKNOWN
    return f"{significant(value)} g" if value >= 0.1 else f"{significant(value * 1e3)} mg"


def probability(value: float | None) -> str:
    """A p-value: ``0.012``, ``< 0.001``."""
    if not is_number(value):
        return UNKNOWN
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def share(value: float | None) -> str:
    """A share of a whole, in percent with one decimal where it has one: ``63 %``, ``98.3 %``.

    Nearly all or next to nothing takes up to three: ``99.97 %``.
    """
    if not is_number(value):
        return UNKNOWN
    for digits in (1, 2, 3):
        percent = round(100 * value, digits)
        if percent not in (0, 100):
            break
    return f"{percent:g}{_THIN}%"


def signed_share(value: float | None) -> str:
    """A relative error: ``+1.2 %``."""
    return typeset(f"{100 * value:+.1f}{_THIN}%") if is_number(value) else UNKNOWN
