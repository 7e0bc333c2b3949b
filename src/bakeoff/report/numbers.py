"""Numbers as a person reads them: metrics in percent, costs with their unit, ``—`` for what is not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard

UNKNOWN = "—"
_THIN = "\u202f"
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_FRACTIONS = {
    "accuracy",
    "f1_macro",
    "calibration_error",
    "pixel_accuracy",
    "exact_match",
    "miou",
    "dice",
    "wer",
    "cer",
}
_LABELS = {"f1_macro": "macro-F1", "calibration_error": "calibration error", "miou": "mIoU", "wer": "WER", "cer": "CER"}


@dataclass(frozen=True)
class Metric:
    """How a metric is named and printed.

    Attributes:
        name: Its key in the files, such as ``f1_macro``.
        is_fraction: Whether it lies in [0, 1] and is printed in percent; differences are then in points.
        is_lower_better: Whether smaller is better.
    """

    name: str
    is_fraction: bool
    is_lower_better: bool

    @classmethod
    def named(cls, name: str, *, direction: str | None = None) -> Metric:
        """The metric of that name; ``direction`` (maximize or minimize) overrides what the name suggests."""
        lower = direction == "minimize"
        return cls(name, name in _FRACTIONS, lower)

    @property
    def label(self) -> str:
        """The name that people use."""
        return _LABELS.get(self.name, self.name.replace("_", " "))

    @property
    def unit(self) -> str:
        """What stands on an axis after the label."""
        return " (%)" if self.is_fraction else ""

    def scaled(self, value: float) -> float:
        """The number that is plotted: percent for fractions."""
        return 100 * value if self.is_fraction else value

    def value(self, value: float | None, *, unit: bool = True) -> str:
        """A value: ``98.06 %`` or four significant digits."""
        if not is_number(value):
            return UNKNOWN
        if not self.is_fraction:
            return significant(value, digits=4)
        return f"{100 * value:.2f}" + (f"{_THIN}%" if unit else "")

    def difference(self, value: float | None, *, unit: bool = True) -> str:
        """A difference with its sign: ``+0.53 points`` or four significant digits."""
        if not is_number(value):
            return UNKNOWN
        if not self.is_fraction:
            return ("+" if value > 0 else "") + significant(value, digits=4)
        return typeset(_points(value, "+")) + (" points" if unit else "")

    def size(self, value: float | None) -> str:
        """A width or margin, without a sign: ``0.31 points``."""
        if not is_number(value):
            return UNKNOWN
        return f"{typeset(_points(value))} points" if self.is_fraction else significant(value, digits=4)


def _points(value: float, sign: str = "") -> str:
    """Percentage points to two decimals; what would round to zero and is not, to its first digit."""
    text = f"{100 * value:{sign}.2f}"
    return text if float(text) != 0 or value == 0 else f"{100 * value:{sign}.1g}"


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether there is a number to print."""
    return value is not None and math.isfinite(value)


def typeset(text: str) -> str:
    """With a true minus sign."""
    return text.replace("-", "−")


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
