"""What a comparison fixed before its test set was opened, checked (rules 16, 17, 19)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from bakeoff.errors import ConfigError, nearest
from bakeoff.statistics.looks import Looks

DIRECTIONS = ("maximize", "minimize")
ALPHA = 0.05
MARGIN_SHARE = 0.1
MIN_SEEDS = 5
MIN_SEEDS_PROVISIONAL = 3
EDITIONS = (1, 2, 3)
EDITION = 3
"""Of the protocol: from 2 on it guards few errors, skewed scores and clusters, and spends looks by information; 3
takes the margin from what was learnt where that is less than what is lacking."""


@dataclass(frozen=True)
class Stage:
    """Where a comparison stands: its seeds, the look they are, and the error rate that may be spent."""

    num_seeds: int
    look: int | None
    alpha: float
    last: bool
    provisional: bool
    exploratory: bool


@dataclass(frozen=True)
class Options:
    """What was fixed before the test was opened, checked.

    Attributes:
        alpha: error rate of the verdict (of all its looks together).
        margin: smallest difference that matters, score units; None for none.
        metric: name of the score.
        label: what its sentences call it; None: ``metric``.
        direction: ``maximize`` or ``minimize``.
        failed: names of failed trials per contender.
        notes: sentences that the verdict must carry among its warnings.
        looks: declared looks; None for a single one at any number of seeds.
        score_range: lowest and highest possible score per example; None takes (0, 1) where all are 0 or 1.
        bounded_influence: scores are pseudo-values of a metric that has bounds, so that no tail is hidden.
        shares: scores are shares of 1, so that differences are told in percentage points also
            where single ones are not right or wrong.
        futility: stop between looks where a decision by the last one has become unlikely (rule 29).
        edition: of the protocol; 1 and 2 derive the figures of older bakeoffs again.
    """

    alpha: float = ALPHA
    margin: float | None = None
    metric: str = "score"
    label: str | None = None
    direction: str = "maximize"
    failed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    looks: Looks | None = None
    score_range: tuple[float, float] | None = None
    bounded_influence: bool = False
    shares: bool = False
    futility: bool = False
    edition: int = EDITION

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 0 < self.alpha < 0.5:
            raise ConfigError("config.alpha", "alpha", self.alpha, "not an error rate", allowed="between 0 and 0.5")
        if self.margin is not None and not 0 < self.margin < math.inf:
            raise ConfigError(
                "config.margin", "margin", self.margin, "the margin is a size, score units", allowed="above 0"
            )
        if self.direction not in DIRECTIONS:
            raise ConfigError("config.direction", "direction", self.direction, "unknown direction", allowed=DIRECTIONS)
        if self.edition not in EDITIONS:
            raise ConfigError("config.edition", "edition", self.edition, "no such edition", allowed=EDITIONS)
        if self.futility and not (self.looks and self.looks.by_information):
            problem = "a stop for futility needs looks that spend by information"
            raise ConfigError("config.futility", "futility", True, problem, next_step="looks=every")

    @property
    def sign(self) -> float:
        """Factor that makes higher scores better."""
        return 1.0 if self.direction == "maximize" else -1.0

    def stage(self, counts: Sequence[int]) -> Stage:
        """What the contenders' numbers of seeds are: a declared look, too few (provisional), or undeclared.

        A look is one only where every contender has its number of seeds; anything else is exploratory.
        """
        num_seeds = min(counts)
        provisional = num_seeds < MIN_SEEDS
        if self.looks is None:
            return Stage(num_seeds, None, self.alpha, True, provisional, False)
        look = self.looks.index_at(num_seeds) if max(counts) == num_seeds else None
        if look is None:
            # Between the looks nothing was promised; the strictest level is the least misleading.
            level = self.alpha / len(self.looks.seeds) if self.looks.by_information else min(self.looks.alphas)
            return Stage(num_seeds, None, level, not provisional, provisional, not provisional)
        level = self.alpha if self.looks.by_information else self.looks.alphas[look]
        return Stage(num_seeds, look, level, self.looks.is_last(look), False, False)


class Rules(TypedDict, total=False):
    """What every verdict lets its caller fix, with the meaning and the defaults of ``verdict_from_scores``."""

    alpha: float
    margin: float | None
    margin_reference: float | None
    failed: Mapping[str, Sequence[str]] | None
    direction: str
    metric: str
    label: str | None
    score_range: tuple[float, float] | None
    bounded_influence: bool
    shares: bool
    futility: bool
    edition: int


def options_of(*, looks: Looks | None, notes: Sequence[str], **rules: Unpack[Rules]) -> Options:
    """The options of a verdict.

    Args:
        looks: declared.
        notes: sentences that it must carry.
        **rules: what its caller fixed.
    """
    given: dict[str, Any] = dict(rules)
    margin = margin_of(given.pop("margin", None), given.pop("margin_reference", None))
    failed = given.pop("failed", None) or {}
    return Options(margin=margin, failed=failed, looks=looks, notes=notes, **given)


def margin_of(margin: float | None, margin_reference: float | None) -> float | None:
    """The margin given, or 10 % of the best validation error (rule 17).

    Raises:
        ConfigError: both given, or a reference that is not positive.
    """
    if margin_reference is None:
        return margin
    if margin is not None:
        raise ConfigError("config.margin", "margin", margin, "give the margin or its reference, not both")
    if not margin_reference > 0:
        problem = "10 % of the best validation error needs an error above 0"
        raise ConfigError(
            "config.margin", "margin_reference", margin_reference, problem, next_step="give margin itself"
        )
    return MARGIN_SHARE * margin_reference


def check_failed(failed: Mapping[str, Sequence[str]], names: Sequence[str]) -> None:
    """Failed trials belong to contenders of the table.

    Raises:
        ConfigError: a name that is not there.
    """
    for name in failed:
        if name not in names:
            raise ConfigError("config.failed", "failed", name, "no such contender", allowed=nearest(name, names))
