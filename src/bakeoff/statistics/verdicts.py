"""The verdict as an object: its word, its numbers, and what it may claim (rules 10, 14, 15, 17, 19)."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from bakeoff.statistics.advice import Advice
from bakeoff.statistics.rows import Contender, Pair, finite
from bakeoff.statistics.words import NOT_ENOUGH_EVIDENCE


@dataclass(frozen=True)
class Verdict:
    """What the scores license one to say.

    Attributes:
        verdict: one of ``WORDS``.
        winner: the contender shown to be better than every other; None if there is none.
        equivalent: contenders shown to be equivalent, in alphabetical order; empty unless the word is EQUIVALENT.
        pairs: all pairs, best contender first.
        contenders: leaderboard, best first.
        sentence: the verdict for someone who has never read a t test.
        claim: what the verdict is about, and what it is not.
        advice: what would change it.
        warnings: everything that weakens it, one sentence each.
        provisional: fewer than 5 seeds, so that no winner is named.
        exploratory: seeds were added that no look declared.
        margin: smallest difference that matters, score units; None if none was fixed.
        alpha: error rate of the whole verdict at this look.
        metric: name of the score.
        direction: ``maximize`` or ``minimize``.
        kind: ``configuration`` (rule 10) or ``family`` (rule 9).
        num_examples: test examples.
        look: index of the look from 0; None if no looks were declared or this was none of them.
        last_look: no further look may follow.
        best_of: m of the family claim; None for configurations.
        curves: family claim only: per contender, expected score and interval for m = 1..T / 4.
        edition: of the protocol that it was judged by.
        unit: what is independent among the test examples: ``example``, or what a cluster of them is called.
        num_units: how many of these there are.
        score_range: lowest and highest possible score, where they are known.
        points: sentences tell differences in percentage points; of earlier editions it is not recorded.
        rule: the rule that decided, in a line.
        chance: chance that a further declared look decides; None where none is to come, or it is decided.
        futile: no further look is worth its seeds; a stop, not a verdict.
        retraining: whether the leader would stay ahead if both were trained again, a sentence.
    """

    verdict: str
    winner: str | None
    equivalent: tuple[str, ...]
    pairs: tuple[Pair, ...]
    contenders: tuple[Contender, ...]
    sentence: str
    claim: str
    advice: Advice
    warnings: tuple[str, ...]
    provisional: bool
    exploratory: bool
    margin: float | None
    alpha: float
    metric: str
    direction: str
    kind: str
    num_examples: int
    look: int | None = None
    last_look: bool = True
    best_of: int | None = None
    curves: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    edition: int = 1
    unit: str = "example"
    num_units: int = 0
    score_range: tuple[float, float] | None = None
    points: bool = False
    rule: str = ""
    chance: float | None = None
    futile: bool = False
    retraining: str = ""

    @property
    def decided(self) -> bool:
        """Whether the word is final, so that no further seeds are needed."""
        return self.verdict != NOT_ENOUGH_EVIDENCE

    @property
    def racing(self) -> tuple[str, ...]:
        """Contenders that can still win and so go on receiving trials; none once it is over."""
        if self.decided or self.last_look or self.futile:
            return ()
        return tuple(row.name for row in self.contenders if row.beaten_by is None)

    def to_dict(self) -> dict:
        """Plain JSON (no NaN or infinity: an unknown or unbounded number is null).

        Schema, version 1::

            schema        1
            edition       1 | 2 | 3         of the protocol
            verdict       "WINS" | "WINS_SMALL" | "EQUIVALENT" | "NOT_ENOUGH_EVIDENCE"
            winner        string | null
            equivalent    [string]          contenders shown to be equivalent
            kind          "configuration" | "family"
            metric, direction ("maximize" | "minimize"), sentence, claim: strings
            margin        number | null     smallest difference that matters, score units
            alpha         number            error rate of the verdict (at this look)
            num_examples  integer
            unit, num_units: string, integer        what is independent, and how many there are
            score_range   [low, high] | null
            points        boolean           sentences tell percentage points; from edition 3 on
            rule, retraining: strings
            chance        number | null     that a further look decides
            futile        boolean           stopped without a verdict
            provisional, exploratory, decided, last_look: booleans
            look, best_of: integer | null
            contenders    [{name, rank, mean, low | null, high | null, seed_sd, num_seeds, unstable,
                            failed: [string], beaten_by: string | null}]
            pairs         [{a, b, difference, low | null, high | null, p, level, significant, equivalent,
                            equivalence_level | null, p_equivalent | null, v_a, v_b, vex, c, variance, df,
                            guard, skewness | null, heaviest, retrained | null,
                            num_seeds, num_seeds_when_settled | null}]
                          difference > 0 means that a is better, whatever the direction of the metric
            advice        {text, limit: "seeds" | "examples" | "both" | null, seeds | null, examples | null,
                            a | null, b | null, practical | null, smallest_difference | null}
            warnings      [string]
            racing        [string]          contenders that go on receiving trials
            curves        {contender: [{m, mean, low, high}]}, family claim only, else {}
        """
        nested = ("equivalent", "score_range", "points", "contenders", "pairs", "advice", "warnings", "curves")
        return {
            "schema": 1,
            **{entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in nested},
            "decided": self.decided,
            "equivalent": list(self.equivalent),
            "score_range": None if self.score_range is None else list(self.score_range),
            **({"points": self.points} if self.edition > 2 else {}),
            "contenders": [row.to_dict() for row in self.contenders],
            "pairs": [pair.to_dict() for pair in self.pairs],
            "advice": self.advice.to_dict(),
            "warnings": list(self.warnings),
            "racing": list(self.racing),
            "curves": {
                name: [{key: finite(value) for key, value in point.items()} for point in points]
                for name, points in self.curves.items()
            },
        }
