"""What a verdict says of its decision: the sentence, and the advice."""

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
from bakeoff.statistics.sentences import open_pair, plain_sentence
from bakeoff.statistics.setting import Setting
from bakeoff.statistics.words import EQUIVALENT, WINS, WINS_SMALL


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
        """The pair that the verdict is told by: the winner and its nearest rival, or what keeps it open."""
        if self.decision.winner is None:
            return open_pair(self.decision)
        rivals = [pair for pair in self.decision.pairs if pair.a == self.decision.winner]
        return min(rivals, key=lambda pair: pair.difference)

    @property
    def amounts(self) -> Amounts:
        """How differences are written."""
        return Amounts(points=self.setting.points)

    def sentence(self, rows: Sequence[Contender], *, beaten: Sequence[str]) -> str:
        """The verdict for someone who has never read a t test."""
        units = self.setting.units
        plain = plain_sentence(
            self.decision,
            metric=self.options.metric,
            amounts=self.amounts,
            margin=self.options.margin,
            provisional=self.stage.provisional,
            beaten=beaten,
            unit=self.setting.runs,
            units=units.plural,
        )
        parts = ["Exploratory:"] if self.stage.exploratory else []
        parts.append(plain)
        if not units.enough:
            parts.append(f"{units.few[0].upper()}{units.few[1:]}")
        if self.futile:
            parts.append(f"Stopped: the chance that a further look decides is under {FUTILE:.0%}.".replace("%", " %"))
        if units.clusters is not None:
            parts.append(units.sentence)
        parts += [f"{row.name} is unstable ({failures(row)})." for row in rows if row.unstable]
        return " ".join(parts)

    def advice(self) -> Advice:
        """What would change the verdict."""
        decision, amounts = self.decision, self.amounts
        if self.stage.provisional:
            text = f"At least {MIN_SEEDS} seeds per contender are needed for a verdict; 10 are recommended."
            return Advice(text, "seeds", seeds=MIN_SEEDS)
        if not self.setting.units.enough:
            return Advice(f"{self.setting.units.few} Score examples of more of them.", "examples")
        if decision.word in (WINS, WINS_SMALL):
            _, end = decision.smallest_lead
            change = "above" if decision.word == WINS else "of at most"
            turn = "make the win small" if decision.word == WINS else "make it a full win"
            return Advice(f"Settled. Only a margin {change} {amounts.size(end)} would {turn}.")
        if decision.word == EQUIVALENT:
            return Advice("Settled. Only a smaller margin would reopen it; it must be fixed before the test is opened.")
        return self._of_open(open_pair(decision))

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
