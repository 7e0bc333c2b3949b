"""What a bakeoff came to, as ``verdict.json`` holds it: the verdict, its pairs and the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bakeoff.record.reading import known, read, require, rows
from bakeoff.statistics.estimates import Estimate

REQUIRED = ("verdict", "winner", "sentence", "metric", "direction", "margin", "contenders", "leaderboard")


@dataclass(frozen=True)
class MeanOverSeeds:
    """A mean over seeds with its interval, and the value of each seed (in the order of the plan's seeds)."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] = ()

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> MeanOverSeeds:
        """Read one ``{mean, low, high, values}``."""
        return cls(**{**known(cls, raw), "values": tuple(raw.get("values") or ())})


@dataclass(frozen=True)
class LeaderboardRow:
    """One line of the leaderboard: quality and every cost of a contender or baseline, means over seeds."""

    name: str = ""
    family: str = "baseline"
    role: str = "contender"
    params: int | None = None
    non_embedding_params: int | None = None
    train_flops: float | None = None
    train_seconds: float | None = None
    examples_seen: float | None = None
    examples_per_second: float | None = None
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    latency_repeats_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    energy_j: float | None = None
    co2e_g: float | None = None
    energy_by: str | None = None
    failures: int = 0
    test: Mapping[str, MeanOverSeeds] = field(default_factory=dict)
    validation: Mapping[str, MeanOverSeeds] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> LeaderboardRow:
        """Read one entry of ``verdict.json``'s leaderboard."""
        quality = {
            split: {metric: MeanOverSeeds.from_dict(value) for metric, value in (raw.get(split) or {}).items()}
            for split in ("test", "validation")
        }
        timed = {key: raw.get(key) or {} for key in ("latency_ms", "latency_repeats_ms")}
        return cls(**{**known(cls, raw), **timed, **quality})

    @property
    def is_baseline(self) -> bool:
        """Whether it is there to compare against, not to win."""
        return self.role == "baseline"

    def quality(self, metric: str) -> MeanOverSeeds:
        """What it reaches on test; nothing that is known where it lacks the metric."""
        return self.test.get(metric, MeanOverSeeds())


@dataclass(frozen=True)
class RecordedPair:
    """One comparison: mean score of ``a`` minus that of ``b``, its interval at ``level``, and where the doubt is from.

    ``v_a``, ``v_b`` are the variances of the two means over seeds, ``vex`` that over test examples and ``c`` the part
    counted twice (STATISTICS.md, rule 12).
    """

    a: str = ""
    b: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    level: float = 0.05
    df: float | None = None
    v_a: float | None = None
    v_b: float | None = None
    vex: float | None = None
    c: float | None = None
    significant: bool | None = None
    equivalent: bool = False
    equivalence_level: float | None = None
    num_seeds_when_settled: int | None = None
    variance: float | None = None
    guard: float = 0.0
    skewness: float | None = None
    num_seeds: int | None = None

    def estimate(self, num_units: int | None) -> Estimate | None:
        """The difference as the statistics had it, of so many test examples (or clusters); None if not all is recorded.

        The guard counts whole, as if for a kappa of 1: what kappa it was made with is not recorded.
        """
        names = ("difference", "v_a", "v_b", "vex", "c", "variance", "df", "num_seeds", "guard", "skewness")
        numbers: dict[str, Any] = {name: getattr(self, name) for name in names}
        if num_units is None or None in list(numbers.values())[:-1]:
            return None
        return Estimate(**numbers, num_examples=num_units, guard_unit=self.guard)

    @property
    def is_decided(self) -> bool:
        """Whether one was shown to be better; judged by the interval where that is not recorded."""
        if self.significant is not None:
            return self.significant
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def from_better(self) -> RecordedPair:
        """The same pair with the better mean first."""
        return self.seen_from(self.b) if (self.difference or 0) < 0 else self

    def seen_from(self, name: str) -> RecordedPair:
        """The same pair with ``name`` first, signs turned where needed."""
        if self.a == name:
            return self
        low, high = (None if bound is None else -bound for bound in (self.high, self.low))
        difference = None if self.difference is None else -self.difference
        skewness = None if self.skewness is None else -self.skewness
        turned = {"a": self.b, "b": self.a, "difference": difference, "low": low, "high": high, "skewness": skewness}
        return RecordedPair(**{**vars(self), **turned, "v_a": self.v_b, "v_b": self.v_a})


@dataclass(frozen=True)
class RecordedVerdict:
    """The conclusion (``verdict.json``)."""

    verdict: str = "NOT_ENOUGH_EVIDENCE"
    winner: str | None = None
    equivalent: tuple[str, ...] = ()
    sentence: str = ""
    claim: str = ""
    kind: str = "configuration"
    metric: str = ""
    direction: str = "maximize"
    best_of: int | None = None
    alpha: float | None = None
    provisional: bool = False
    exploratory: bool = False
    margin: float | None = None
    advice: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pairs: tuple[RecordedPair, ...] = ()
    contenders: tuple[Mapping[str, Any], ...] = ()
    leaderboard: tuple[LeaderboardRow, ...] = ()
    trivial: float | None = None
    trivial_words: str = "the trivial predictor"
    failures: tuple[Mapping[str, Any], ...] = ()
    flops_ratio: float | None = None
    indicative: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    edges: tuple[Mapping[str, Any], ...] = ()
    over_baseline: tuple[Mapping[str, Any], ...] = ()
    """Each contender minus the best baseline: ``name``, ``baseline``, ``difference``, ``low``, ``high``."""
    looks: tuple[Mapping[str, Any], ...] = ()
    saved_trials: int | None = None
    edition: int = 1
    unit: str = "example"
    num_units: int | None = None
    rule: str = ""
    retraining: str = ""
    futile: bool = False
    findings: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The JSON itself."""

    @classmethod
    def read(cls, path: Path) -> RecordedVerdict:
        """The verdict of a file, to be held against what it was drawn from.

        Raises:
            DataError: it can't be read, or lacks something.
        """
        raw = read(path)
        require(raw, REQUIRED, path)
        return cls.from_dict(raw)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> RecordedVerdict:
        """Read the JSON of ``verdict.json``, for what is there."""
        pairs = tuple(RecordedPair(**known(RecordedPair, pair)) for pair in raw.get("pairs", ()))
        board = tuple(LeaderboardRow.from_dict(row) for row in raw.get("leaderboard", ()))
        lists = ("contenders", "equivalent", "failures", "warnings", "edges", "over_baseline", "looks", "findings")
        plain = {key: rows(raw, key) for key in lists}
        plain["advice"] = _advice(raw.get("advice"))
        typed: dict[str, Any] = {"pairs": pairs, "leaderboard": board, "raw": raw}
        typed |= {key: raw.get(key) or {} for key in ("indicative", "curves")}
        return cls(**{**known(cls, raw), **typed, **plain})

    @property
    def leader(self) -> str | None:
        """The winner, or else the contender with the best rank."""
        ranked = sorted(self.contenders, key=lambda row: row.get("rank") or len(self.contenders) + 1)
        return self.winner or (ranked[0]["name"] if ranked else None)

    @property
    def word(self) -> str:
        """The verdict in a cell: its word, and the winner."""
        return f"{self.verdict} ({self.winner})" if self.winner else self.verdict

    @property
    def leaders_pairs(self) -> list[RecordedPair]:
        """The leader's pairs, each seen from it."""
        leader = self.leader
        return [pair.seen_from(leader) for pair in self.pairs if leader in (pair.a, pair.b)] if leader else []

    def board(self, metric: str) -> list[LeaderboardRow]:
        """The leaderboard in its order; in a family claim contenders have the quality and the rank of the verdict."""
        if self.kind != "family":
            return list(self.leaderboard)
        told = {str(row["name"]): row for row in self.contenders}
        board = [_expected(row, told[row.name], metric) if row.name in told else row for row in self.leaderboard]
        last = len(board)
        return sorted(board, key=lambda row: (row.is_baseline, told.get(row.name, {}).get("rank") or last))

    def runs_of(self, name: str) -> int | None:
        """How many trials of a contender the verdict rests on; fewer than planned where it left a race."""
        return next((row.get("num_seeds") for row in self.contenders if row["name"] == name), None)


def _expected(row: LeaderboardRow, told: Mapping[str, Any], metric: str) -> LeaderboardRow:
    values = row.test[metric].values if metric in row.test else ()
    found = MeanOverSeeds(told.get("mean"), told.get("low"), told.get("high"), values)
    return replace(row, test={**row.test, metric: found})


def _advice(value: Any) -> tuple[str, ...]:
    """Sentences, whether one text, several, or a mapping with its numbers and a ``text``."""
    if isinstance(value, Mapping):
        value = value.get("text")
    return (value,) if isinstance(value, str) and value else tuple(value or ())
