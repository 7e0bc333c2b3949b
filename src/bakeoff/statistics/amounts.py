"""How differences and shares are written."""

from __future__ import annotations


class Amounts:
    """Writes differences: right-or-wrong scores in percentage points, everything else in units of the score."""

    def __init__(self, *, points: bool) -> None:
        self.points = points

    def size(self, value: float) -> str:
        """A difference with its unit."""
        return f"{self.number(value)} points" if self.points else self.number(value)

    def number(self, value: float) -> str:
        """A difference without its unit, never rounded to zero unless it is zero."""
        if not self.points:
            return f"{value:.4g}"
        text = f"{100 * value:.2f}"
        return text if float(text) != 0 or value == 0 else f"{100 * value:.1g}"

    def interval(self, low: float, high: float, level: float) -> str:
        """An interval with its confidence."""
        return f"{percent(1 - level)} interval {self.number(low)} to {self.number(high)}"


def percent(share: float) -> str:
    """0.95 -> '95 %', 0.98333 -> '98.3 %', 0.99974 -> '99.97 %': what is not certain is never 100 %."""
    texts = [f"{100 * share:.{digits}g}" for digits in (3, 4, 5)]
    return f"{next((text for text in texts if text != '100'), texts[-1])} %"
