"""What is known of a metric: a task declares it, and guards, margin, leaderboard, report and tracker read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias

Direction: TypeAlias = Literal["maximize", "minimize"]
Unit: TypeAlias = Literal["fraction", "points", "seconds", "none"]


def sign_of(direction: str) -> float:
    """What makes higher better: 1 where it is, -1 where lower is."""
    return 1.0 if direction == "maximize" else -1.0


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """A metric as its task declares it.

    Args:
        name: its key in files and configuration, such as ``f1_macro``.
        label: what people call it, ``macro-F1``.
        direction: which way is better.
        perfect: the value of a perfect answer; what is missing to it is the error, of which the margin is a part.
        unit: ``fraction`` (in [0, 1], printed in percent), ``points`` (of 100), ``seconds``, or ``none``.
        in_validation: whether validation measures it, so that weights and contenders can be chosen by it.
        is_mean: whether it is the mean of what each example scores; of others, pseudo-values are tested.
        meaning: one sentence for the glossary.
    """

    name: str
    label: str
    direction: Direction
    perfect: float
    unit: Unit = "none"
    in_validation: bool = True
    is_mean: bool = True
    meaning: str = ""

    @classmethod
    def share(cls, name: str, label: str, meaning: str, **more: Any) -> MetricFacts:
        """A fraction of which more is better."""
        return cls(name=name, label=label, direction="maximize", perfect=1.0, unit="fraction", meaning=meaning, **more)

    @classmethod
    def of_100(cls, name: str, label: str, meaning: str, **more: Any) -> MetricFacts:
        """Points of a hundred."""
        return cls(name=name, label=label, direction="maximize", perfect=100.0, unit="points", meaning=meaning, **more)

    @classmethod
    def error(cls, name: str, label: str, meaning: str, *, perfect: float = 0.0, **more: Any) -> MetricFacts:
        """What is to be small, such as a loss."""
        return cls(name=name, label=label, direction="minimize", perfect=perfect, meaning=meaning, **more)

    @property
    def sign(self) -> float:
        """What makes higher better."""
        return sign_of(self.direction)

    @property
    def score_range(self) -> tuple[float, float] | None:
        """The lowest and highest that an example can score; None where that is not known, as of losses."""
        return (0.0, self.perfect) if self.is_mean and self.is_bounded else None

    @property
    def is_bounded(self) -> bool:
        """Whether it lies between 0 and a perfect answer's value."""
        return self.direction == "maximize" and self.unit in ("fraction", "points")

    @property
    def has_bounded_influence(self) -> bool:
        """Whether scores are pseudo-values without bounds, but of a metric that has some: their tails end."""
        return self.is_bounded and not self.is_mean

    def nearest(self, value: float) -> float:
        """The nearest value that it can take: an interval by the t distribution may leave its range."""
        if self == MetricFacts.unknown(self.name, self.direction):
            return value
        if self.direction == "minimize":
            return max(value, self.perfect)
        return min(max(value, 0.0) if self.unit in ("fraction", "points") else value, self.perfect)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> MetricFacts:
        """The inverse of `to_dict`; keys of later versions are passed over."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in plain.items() if name in names})

    @classmethod
    def unknown(cls, name: str, direction: str = "maximize") -> MetricFacts:
        """Of a metric that no task declares: its name, and which way is better."""
        way: Direction = "minimize" if direction == "minimize" else "maximize"
        return cls(name=name, label=name.replace("_", " "), direction=way, perfect=0.0 if way == "minimize" else 1.0)


def facts_of(name: str, declared: Iterable[MetricFacts], *, direction: str = "maximize") -> MetricFacts:
    """What is declared of a metric; of one that is not, its name and the direction that the configuration gives."""
    return next((facts for facts in declared if facts.name == name), MetricFacts.unknown(name, direction))
