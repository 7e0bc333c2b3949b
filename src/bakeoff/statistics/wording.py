"""What a verdict says of its decision: the claim, the sentence that a newcomer understands, and the advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.statistics.advice import Advice, advise
from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.assurance import Question, assured_advice
from bakeoff.statistics.caveats import failures
from bakeoff.statistics.decisions import Decision
from bakeoff.statistics.information import FUTILE
from bakeoff.statistics.options import MIN_SEEDS, Options, Stage
from bakeoff.statistics.rows import Contender, Pair
from bakeoff.statistics.setting import Setting
from bakeoff.statistics.words import EQUIVALENT, WINS, WINS_SMALL

CONFIGURATION_CLAIM = (
    "for these configurations; tuning luck not included. It covers new seeds and new test examples like these, "
    "not other settings of the same models."
)


def family_claim(m: int, num_trials: int) -> str:
    """What the family verdict is about (rule 9)."""
    return (
        f"for the best of {m} by validation among random trials of each contender's search space (estimated from "
        f"{num_trials} trials each); tuning luck, seeds and test examples are included."
    )


@dataclass(frozen=True)
class Wording:
    """A decision with all that its words depend on.

    Attributes:
        futile: further looks are given up.
    """

    decision: Decision
    options: Options
    stage: Stage
    setting: Setting
    futile: bool

    @property
    def pair(self) -> Pair:
        """The pair that the verdict is told by: the winner and its nearest rival, or what keeps it open.

        Who beats every other, but is no winner for want of seeds or units, is told of like one from edition 3 on.
        """
        ahead = self.decision.winner is not None or (self.options.edition > 2 and self.decision.leads_all)
        return self.decision.nearest_rival if ahead else self.decision.open_pair

    @property
    def amounts(self) -> Amounts:
        """How differences are written."""
        return Amounts(points=self.setting.points)

    @property
    def _metric(self) -> str:
        """What the score is called."""
        return self.options.label or self.options.metric

    def sentence(self, rows: Sequence[Contender], *, beaten: Sequence[str]) -> str:
        """The verdict for someone who has never read a t test."""
        units = self.setting.units
        parts = ["Exploratory:"] if self.stage.exploratory else []
        parts.append(self._plain(beaten))
        if self.futile:
            parts.append(f"Stopped: the chance that a further look decides is under {FUTILE:.0%}.".replace("%", " %"))
        if units.clusters is not None:
            parts.append(units.sentence)
        parts += [f"{row.name} is unstable ({failures(row)})." for row in rows if row.unstable]
        return " ".join(parts)

    def _plain(self, beaten: Sequence[str]) -> str:
        """The word in a sentence or two."""
        if self.decision.winner is not None:
            return self._win(beaten)
        if self.decision.word == EQUIVALENT:
            return self._equivalent(beaten)
        pair, metric = self.pair, self._metric
        tied = pair.difference == 0
        lead = f"{pair.a} leads {pair.b} by {self.amounts.size(pair.difference)} of {metric}"
        lead = f"{pair.a} and {pair.b} have the same mean {metric}" if tied else lead
        shown = self.amounts.interval(pair.low, pair.high, pair.level)
        if self.stage.provisional:
            few = f"fewer than {MIN_SEEDS} seeds cannot tell skill from luck"
            return f"Provisional, no winner is named: {lead} ({shown}), and {few}."
        if not self.setting.enough_units:
            return f"No winner is named: {lead} ({shown}). {self.setting.units.few}"
        behind = self._behind([pair.a, pair.b], beaten)
        if tied:
            return f"No winner yet: {lead} ({shown} for the difference), so either may be better.{behind}"
        return (
            f"No winner yet: {lead}, but the interval of that lead includes zero ({shown}), so it may be luck of the "
            f"{self.setting.runs} or of the {self.setting.units.plural}.{behind}"
        )

    def _win(self, beaten: Sequence[str]) -> str:
        decision, amounts, margin, nearest = self.decision, self.amounts, self.options.margin, self.pair
        others = sum(pair.a == decision.winner for pair in decision.pairs) - 1 + len(beaten)
        shown = amounts.interval(nearest.low, nearest.high, nearest.level)
        by = f"{amounts.size(nearest.difference)} ({shown})"
        lead = f"its {self._metric} is better than that of {nearest.b} by {by}"
        lead += f", and it beats the other {'one' if others == 1 else others} too" if others else ""
        if decision.word == WINS_SMALL and margin is not None:
            return (
                f"{decision.winner} wins, but by less than matters: {lead}; over {decision.smallest_lead[0]} "
                f"the lead is below the margin of {amounts.size(margin)}."
            )
        ahead = f"With new {self.setting.runs} and new {self.setting.units.plural} it would be expected to stay ahead."
        return f"{decision.winner} wins: {lead}. {ahead}"

    def _equivalent(self, beaten: Sequence[str]) -> str:
        equal, amounts = self.decision.equivalent, self.amounts
        inside = [pair for pair in self.decision.pairs if pair.a in equal and pair.b in equal]
        levels = {id(pair): 2 * (pair.equivalence_level or 0.05) for pair in inside}
        shown = {id(pair): pair.estimate.interval_equivalent(levels[id(pair)]) for pair in inside}
        widest = max(inside, key=lambda pair: max(map(abs, shown[id(pair)])))
        interval = amounts.interval(*shown[id(widest)], levels[id(widest)])
        pair = "" if len(inside) == 1 else f" for {widest.a} over {widest.b}, the widest"
        margin = amounts.size(self.options.margin or 0.0)
        return (
            f"{', '.join(equal[:-1])} and {equal[-1]} are equivalent: their {self._metric} differs by less than "
            f"the margin of {margin} ({interval}{pair}), so choose by cost, size or latency."
            f"{self._behind(equal, beaten)}"
        )

    def _behind(self, named: Sequence[str], beaten: Sequence[str]) -> str:
        significant = {pair.b for pair in self.decision.pairs if pair.significant}
        worse = sorted((significant | set(beaten)) - set(named))
        return f" Shown to be worse than at least one other: {', '.join(worse)}." if worse else ""

    def advice(self) -> Advice:
        """What would change the verdict."""
        decision, amounts = self.decision, self.amounts
        if self.stage.provisional:
            text = f"At least {MIN_SEEDS} seeds per contender are needed for a verdict; 10 are recommended."
            return Advice(text, "seeds", seeds=MIN_SEEDS)
        if not self.setting.enough_units:
            return Advice(f"{self.setting.units.few} Score examples of more of them.", "examples")
        if decision.word in (WINS, WINS_SMALL):
            _, end = decision.smallest_lead
            change = "above" if decision.word == WINS else "of at most"
            turn = "make the win small" if decision.word == WINS else "make it a full win"
            return Advice(f"Settled. Only a margin {change} {amounts.size(end)} would {turn}.")
        if decision.word == EQUIVALENT:
            return Advice("Settled. Only a smaller margin would reopen it; it must be fixed before the test is opened.")
        return self._of_open(decision.open_pair)

    def _of_open(self, pair: Pair) -> Advice:
        equivalence_level = pair.equivalence_level or self.stage.alpha
        if self.options.edition == 1:
            return advise(
                pair.estimate,
                a=pair.a,
                b=pair.b,
                level=pair.level,
                equivalence_level=equivalence_level,
                margin=self.options.margin,
                unit=self.setting.runs,
            )
        question = Question(
            a=pair.a,
            b=pair.b,
            estimate=pair.estimate,
            level=pair.level,
            equivalence_level=equivalence_level,
            margin=self.options.margin,
            runs=self.setting.runs,
            units=self.setting.units.plural,
            going_on=not self.stage.last and not self.futile,
        )
        return assured_advice(question, self.amounts)
