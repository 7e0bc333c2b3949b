"""The ruling on a published claim: a function of the claim and of the verdict's stored intervals, and of nothing else.

That ``a`` is better than ``b`` is upheld where the test of the pair says so, refuted where it says the opposite or
shows that they differ by less than the margin. That two are equal is upheld where they are shown to differ by less than
the margin, refuted where the whole interval lies beyond it. What is neither is undecided. A claim that says several
things is refuted with the first of them, and upheld with all. Pairs of contenders were tested together at the verdict's
error rate; a pair with a baseline has an interval of its own (`over_baseline`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bakeoff.record.ruling import BETTER, EQUAL, REFUTED, UNDECIDED, UPHELD, Claim, RuledPair, Ruling, Saying
from bakeoff.record.verdict import RecordedPair, RecordedVerdict
from bakeoff.statistics.advice import Advice
from bakeoff.statistics.amounts import Amounts
from bakeoff.statistics.assurance import Question, assured_advice
from bakeoff.statistics.setting import MIN_UNITS


def rule(claim: Claim, verdict: RecordedVerdict) -> Ruling:
    """What a verdict makes of a claim.

    Args:
        claim: what is said.
        verdict: of the bakeoff that put it to the test.
    """
    pairs = tuple(_Case(saying, verdict, _pair(saying, verdict)).ruled for saying in claim.sayings)
    found = {pair.ruling for pair in pairs}
    ruling = REFUTED if REFUTED in found else UNDECIDED if UNDECIDED in found else UPHELD
    return Ruling(claim.name, ruling, "; ".join(pair.sentence for pair in pairs) + ".", pairs)


def _pair(saying: Saying, verdict: RecordedVerdict) -> RecordedPair | None:
    """The recorded comparison that a saying is about, seen from its first; None where there is none."""
    for pair in (*verdict.pairs, *_with_baseline(verdict)):
        if {pair.a, pair.b} == {saying.a, saying.b}:
            return pair.seen_from(saying.a)
    return None


def _with_baseline(verdict: RecordedVerdict) -> list[RecordedPair]:
    """Contenders against the best baseline; within the margin where their whole interval is."""
    found = []
    for row in verdict.over_baseline:
        low, high, margin = row["low"], row["high"], verdict.margin
        inside = margin is not None and None not in (low, high) and -margin < low and high < margin
        pair = RecordedPair(row["name"], row["baseline"], row["difference"], low, high, equivalent=inside)
        found.append(RecordedPair(**{**vars(pair), "level": verdict.alpha or pair.level}))
    return found


@dataclass(frozen=True)
class _Case:
    """A saying, with the comparison that decides it."""

    saying: Saying
    verdict: RecordedVerdict
    pair: RecordedPair | None

    @property
    def ruled(self) -> RuledPair:
        """The saying as ruled."""
        ruling, sentence = self._ruling(), self._sentence()
        needs = self._needs() if ruling == UNDECIDED else Advice("")
        pair, said = self.pair or RecordedPair(), self.saying
        return RuledPair(
            said.a,
            said.b,
            said.relation,
            ruling,
            difference=pair.difference,
            low=pair.low,
            high=pair.high,
            level=pair.level,
            sentence=sentence,
            needs=needs.text,
            seeds=needs.seeds,
            examples=needs.examples,
        )

    def _why_closed(self) -> str:
        """Why this verdict may decide nothing; empty where it may."""
        verdict = self.verdict
        if self.pair is None:
            return "the two were not compared"
        if verdict.provisional:
            return "fewer than five seeds decide nothing"
        guarded = verdict.unit == "example" and verdict.raw.get("score_range") is not None
        if not guarded and (verdict.num_units or 0) < MIN_UNITS:
            return f"{verdict.num_units} {verdict.unit}s decide nothing; it takes at least {MIN_UNITS}"
        return ""

    def _ruling(self) -> str:
        if self._why_closed() or self.pair is None:
            return UNDECIDED
        pair, margin = self.pair, self.verdict.margin
        low, high = (float("nan") if end is None else end for end in (pair.low, pair.high))
        if self.saying.relation == BETTER:
            decided = pair.is_decided
            upheld = decided and (pair.difference or 0.0) > 0
            refuted = not upheld and (decided or pair.equivalent)
        else:
            upheld = pair.equivalent
            refuted = margin is not None and (low > margin or high < -margin)
        return UPHELD if upheld else REFUTED if refuted else UNDECIDED

    def _sentence(self) -> str:
        if self.pair is None:
            return f"{self.saying.a} and {self.saying.b} were not compared"
        better = self.pair.from_better
        amounts, margin = self._amounts, self.verdict.margin
        if better.difference is None or better.low is None or better.high is None:
            return f"{self.saying.a} and {self.saying.b} have no interval"
        by = f"{amounts.size(better.difference)} ({amounts.interval(better.low, better.high, better.level)})"
        within = "" if margin is None else f"the margin of {amounts.size(margin)}"
        if self._why_closed() or not (better.is_decided or better.equivalent):
            return f"{better.a} leads {better.b} by {by}, which may be luck"
        if better.is_decided:
            is_of_margin = self.saying.relation == EQUAL and margin is not None
            beside = f", less than {within}" if better.equivalent else f", beside {within}" if is_of_margin else ""
            return f"{better.a} is better than {better.b} by {by}{beside}"
        return f"{better.a} and {better.b} differ by less than {within}: {by}"

    def _needs(self) -> Advice:
        """What would settle the pair with a chance of 80 %."""
        pair, verdict = self.pair, self.verdict
        estimate = None if pair is None else pair.estimate(verdict.num_units)
        if (why := self._why_closed()) or pair is None or estimate is None:
            return Advice(why or "what would decide it is not reckoned for baselines")
        alpha, margin = verdict.alpha or 0.05, verdict.margin
        if self.saying.relation == EQUAL and margin is not None:  # settled by an interval on one side of the margin
            estimate, margin = replace(estimate, difference=abs(estimate.difference) - margin), None
        question = Question(
            a=pair.a,
            b=pair.b,
            estimate=estimate,
            level=pair.level,
            equivalence_level=pair.equivalence_level or alpha,
            margin=margin,
            units="test examples" if verdict.unit == "example" else f"{verdict.unit}s",
        )
        return assured_advice(question, self._amounts)

    @property
    def _amounts(self) -> Amounts:
        raw = self.verdict.raw
        return Amounts(points=raw.get("points", list(raw.get("score_range") or ()) == [0.0, 1.0]))
