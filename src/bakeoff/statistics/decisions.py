"""From estimated differences to the word of the verdict (rules 14, 15 and 17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

from bakeoff.statistics.estimates import Estimate
from bakeoff.statistics.information import Spending
from bakeoff.statistics.multiplicity import Test, holm, pair_tests, sequential_p
from bakeoff.statistics.rows import Pair
from bakeoff.statistics.words import EQUIVALENT, NOT_ENOUGH_EVIDENCE, WINS, WINS_SMALL


@dataclass(frozen=True)
class Decision:
    """The word, the winner, the contenders shown to be equivalent, and all pairs as tested.

    Attributes:
        settled: pairs of contenders that left a race earlier, as they stood then.
    """

    word: str
    winner: str | None
    equivalent: tuple[str, ...]
    pairs: tuple[Pair, ...]
    settled: tuple[Pair, ...] = ()

    @property
    def settles(self) -> bool:
        """Whether the word is final."""
        return self.word != NOT_ENOUGH_EVIDENCE

    @property
    def open_pair(self) -> Pair:
        """The first pair, from the best down, that keeps it open: unbeaten, both, and not shown equivalent."""
        beaten = {pair.b for pair in self.pairs if pair.significant}
        still_open = [p for p in self.pairs if p.a not in beaten and p.b not in beaten and not p.equivalent]
        unsettled = [p for p in self.pairs if not p.significant]
        return (still_open or unsettled or list(self.pairs))[0]

    @property
    def nearest_rival(self) -> Pair:
        """The best contender's pair with the least lead."""
        return min(self._leads, key=lambda pair: pair.difference)

    @property
    def leads_all(self) -> bool:
        """Whether the best contender is better than every other, winner or not."""
        return all(pair.significant for pair in self._leads)

    @property
    def _leads(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.a == (self.winner or self.pairs[0].a)]

    @property
    def smallest_lead(self) -> tuple[str, float]:
        """The rival over whom the winner's interval ends first, and that upper end."""
        return smallest_lead(self.winner, [*self.pairs, *self.settled])


def decide(
    names: Sequence[str],
    estimates: Mapping[tuple[str, str], Estimate],
    *,
    alpha: float,
    margin: float | None,
    may_decide: bool = True,
    settled: Sequence[Pair] = (),
    spending: Spending | None = None,
) -> Decision:
    """Test all pairs and find the word they license.

    A contender wins if it beats every other. The win is small if against some rival even the upper end is below the
    margin. Otherwise the contenders that nobody beats are equivalent if every two of them are. Each equivalence is
    tested at the level of Holm over all rivals of either of the two: the truly best contender is among the unbeaten
    except by a false win, so a false EQUIVALENT needs a contender a margin behind it to pass one of its tests.

    Args:
        names: contenders, best mean first.
        estimates: difference of every pair, the better mean first.
        alpha: error rate of the whole verdict.
        margin: smallest difference that matters; without it no equivalence and no small win.
        may_decide: False (too few seeds, or failed guards) computes every pair and names nothing.
        settled: pairs of contenders that left a race earlier; a win over one of them can be small too.
        spending: levels of a look that spends by information; None where ``alpha`` is spent here and now.
    """
    pairs = _tested(names, estimates, alpha=alpha, margin=margin, spending=spending)
    beaten = {pair.b for pair in pairs if pair.significant}
    best = [name for name in names if name not in beaten]
    beaten_by_first = {pair.b for pair in pairs if pair.significant and pair.a == names[0]}
    if not may_decide:
        return Decision(NOT_ENOUGH_EVIDENCE, None, (), pairs)
    if len(beaten_by_first) == len(names) - 1:
        small = margin is not None and smallest_lead(names[0], [*pairs, *settled])[1] < margin
        return Decision(WINS_SMALL if small else WINS, names[0], (), pairs, tuple(settled))
    if len(best) > 1 and all(pair.equivalent for pair in pairs if pair.a in best and pair.b in best):
        return Decision(EQUIVALENT, None, tuple(sorted(best)), pairs)
    return Decision(NOT_ENOUGH_EVIDENCE, None, (), pairs)


def smallest_lead(winner: str | None, pairs: Sequence[Pair]) -> tuple[str, float]:
    """Over which rival the interval of a winner's lead ends first, and where; a pair may name the winner second."""
    ends = [(pair.high, pair.b) for pair in pairs if pair.a == winner]
    ends += [(-pair.low, pair.a) for pair in pairs if pair.b == winner]
    high, rival = min(ends)
    return rival, high


def _tested(
    names: Sequence[str],
    estimates: Mapping[tuple[str, str], Estimate],
    *,
    alpha: float,
    margin: float | None,
    spending: Spending | None,
) -> tuple[Pair, ...]:
    keys = list(combinations(names, 2))
    levels = {key: _Levels(estimates[key], alpha, len(keys), spending) for key in keys}
    p_values = [levels[key].two_sided.of_all_looks(estimates[key].p) for key in keys]
    tests = pair_tests(p_values, num_contenders=len(names), alpha=alpha) if keys else []
    equivalences = {} if margin is None else _equivalences(names, estimates, levels, alpha, margin)
    pairs = []
    for key, test in zip(keys, tests, strict=True):
        estimate, equivalence = estimates[key], equivalences.get(key)
        pairs.append(
            Pair(
                a=key[0],
                b=key[1],
                estimate=estimate,
                level=levels[key].two_sided.here(test.level),
                significant=test.rejected and estimate.difference != 0,
                equivalence_level=levels[key].one_sided.here(equivalence.level) if equivalence else None,
                equivalent=equivalence is not None and equivalence.rejected,
                p_equivalent=estimate.p_equivalent(margin) if margin is not None else None,
                share=test.level,
            )
        )
    return tuple(pairs)


def _equivalences(
    names: Sequence[str],
    estimates: Mapping[tuple[str, str], Estimate],
    levels: Mapping[tuple[str, str], _Levels],
    alpha: float,
    margin: float,
) -> dict[tuple[str, str], Test]:
    """The stricter of the two tests that a pair gets, once among the rivals of each of its contenders."""
    by_contender: dict[str, dict[tuple[str, str], Test]] = {}
    for name in names:
        keys = [key for key in combinations(names, 2) if name in key]
        p_values = [levels[key].one_sided.of_all_looks(estimates[key].p_equivalent(margin)) for key in keys]
        by_contender[name] = dict(zip(keys, holm(p_values, alpha=alpha), strict=True))
    return {
        key: min(by_contender[key[0]][key], by_contender[key[1]][key], key=lambda test: (test.rejected, test.level))
        for key in combinations(names, 2)
    }


class _Levels:
    """A pair's levels at this look, of its two tests."""

    def __init__(self, estimate: Estimate, alpha: float, num_pairs: int, spending: Spending | None) -> None:
        shares = [alpha / divisor for divisor in range(1, num_pairs + 1)]
        two_sided = None if spending is None else partial(spending, estimate)
        one_sided = None if spending is None else partial(spending.one_sided, estimate)
        self.two_sided, self.one_sided = _Nominal(two_sided, shares), _Nominal(one_sided, shares)


@dataclass(frozen=True)
class _Nominal:
    """The level here for a level of all looks together, and the p of all looks for a p here."""

    level: Callable[[float], float] | None
    shares: Sequence[float]

    def here(self, share: float) -> float:
        return share if self.level is None else self.level(share)

    def of_all_looks(self, p: float) -> float:
        return p if self.level is None else sequential_p(p, self.level, self.shares)
