"""What may befall inputs after training, at three severities."""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = (1, 2, 3)
SEED = 1903
"""Of what is random in it: every contender and trial reads the same corrupted inputs."""


@dataclass(frozen=True)
class Corruption:
    """One way to spoil inputs.

    Attributes:
        words: what the amounts are, in words.
        amounts: at each severity, mild to strong.
    """

    words: str
    amounts: tuple[float, float, float]

    def amount(self, severity: int) -> float:
        """At severity 1, 2 or 3."""
        return self.amounts[severity - 1]
