"""Several datasets: the unit is the dataset mean (rule 20; Demsar 2006, JMLR 7, with Benavoli et al. 2016 on pairwise
tests).

Under 7 datasets a table is all one may print: the smallest p of the signed-rank test on 6 datasets is 0.03, and Holm
over three pairs already needs 0.017. From 7 on every pair gets an exact Wilcoxon signed-rank test, Holm over the
pairs; but where even contenders that differ on every dataset could not pass Holm's first level (four on 7 datasets,
five on 7 or 8), there is a table alone (rule 30). Mean ranks and the critical difference are for the picture only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from bakeoff.errors import DataError
from bakeoff.statistics.multiplicity import holm
from bakeoff.statistics.options import Options
from bakeoff.statistics.rows import finite

MIN_DATASETS = 7


@dataclass(frozen=True)
class DatasetPair:
    """Two contenders over several datasets: median difference (positive: ``a`` is better), exact p, its level."""

    a: str
    b: str
    median_difference: float
    wins_a: int
    wins_b: int
    p: float
    level: float
    significant: bool


@dataclass(frozen=True)
class DatasetsSummary:
    """Comparison over several datasets.

    Attributes:
        table: the means given, datasets x contenders.
        mean_ranks: 1 is best, ties share; best first.
        pairs: empty where there are too few datasets for a test.
        critical_difference: of mean ranks (Nemenyi), for the diagram; None where ``pairs`` is empty.
        sentence: what may be said.
    """

    table: pd.DataFrame
    mean_ranks: dict[str, float]
    pairs: tuple[DatasetPair, ...]
    critical_difference: float | None
    sentence: str

    def to_dict(self) -> dict:
        """Plain JSON: the attributes by name, ``table`` as {dataset: {contender: mean}}, and both lists of names."""
        return {
            "schema": 1,
            "datasets": [str(name) for name in self.table.index],
            "contenders": list(self.mean_ranks),
            "table": {
                str(name): {str(key): finite(value) for key, value in row.items()}
                for name, row in self.table.iterrows()
            },
            "mean_ranks": self.mean_ranks,
            "pairs": [vars(pair) for pair in self.pairs],
            "critical_difference": self.critical_difference,
            "sentence": self.sentence,
        }


def datasets_summary(means: pd.DataFrame, *, alpha: float = 0.05, direction: str = "maximize") -> DatasetsSummary:
    """Summarise contenders over datasets.

    Args:
        means: one row per dataset (its name as index), one column per contender, mean scores.
        alpha: error rate over all pairs.
        direction: ``minimize`` if lower means are better.

    Raises:
        DataError: NaN or infinity, fewer than two contenders, a dataset twice.
        ConfigError: an alpha that is no error rate, an unknown direction.
    """
    Options(alpha=alpha, direction=direction)
    known = np.isfinite(means.to_numpy(dtype=np.float64)).all()
    if not known or means.shape[1] < 2 or means.index.has_duplicates or means.empty:
        problem = "expected one finite mean per dataset and contender, at least two contenders, each dataset once"
        raise DataError("data.bad_scores", "means", None, problem)
    scores_DK = means.to_numpy(dtype=np.float64) * (1.0 if direction == "maximize" else -1.0)
    from scipy.stats import rankdata  # half a second to import, which no other verdict needs

    ranks_K = rankdata(-scores_DK, axis=1).mean(axis=0)
    ranks = {
        str(means.columns[k]): float(ranks_K[k])
        for k in sorted(range(len(ranks_K)), key=lambda k: (ranks_K[k], str(means.columns[k])))
    }
    needed = datasets_needed(len(ranks), alpha=alpha)
    if len(means) < needed:
        sentence = (
            f"{len(means)} datasets: a table only; from {needed} on {len(ranks)} contenders can be tested against each "
            "other."
        )
        return DatasetsSummary(means, ranks, (), None, sentence)
    column = {str(name): scores_DK[:, k] for k, name in enumerate(means.columns)}
    pairs = _pairs([(a, b, column[a] - column[b]) for a, b in combinations(ranks, 2)], alpha)
    return DatasetsSummary(
        means,
        ranks,
        pairs,
        critical_difference(len(ranks), len(means), alpha=alpha),
        _sentence(pairs, ranks, len(means)),
    )


def datasets_needed(num_contenders: int, *, alpha: float = 0.05) -> int:
    """The fewest datasets on which a pair can be told apart: 7, or more where Holm's first level asks for it.

    On D datasets the smallest p of the signed-rank test is 2 / 2^D.
    """
    num_pairs = num_contenders * (num_contenders - 1) // 2
    return max(MIN_DATASETS, math.ceil(math.log2(2 * num_pairs / alpha)))


def signed_rank_p(differences_D: np.ndarray) -> float:
    """Exact two-sided p of Wilcoxon's signed-rank test, ties and zeros included.

    Zeros are ranked and then left out (Pratt 1959), ties share ranks; the null distribution over all signs is counted
    exactly, by adding one rank at a time, and is what ``scipy.stats.wilcoxon`` gives where there are neither ties nor
    zeros.
    """
    differences_D = np.asarray(differences_D, dtype=np.float64)
    # Doubled midranks are whole numbers, so sums of ranks can be counted in an array.
    from scipy.stats import rankdata

    doubled_D = np.rint(2 * rankdata(np.abs(differences_D))).astype(int)[differences_D != 0]
    positive = int(doubled_D[differences_D[differences_D != 0] > 0].sum())
    total = int(doubled_D.sum())
    share = np.zeros(total + 1)
    share[0] = 1.0
    for rank in doubled_D:
        moved = np.zeros_like(share)
        moved[rank:] = share[: share.size - rank]
        share = (share + moved) / 2
    tail = min(positive, total - positive)
    return min(1.0, 2 * float(share[: tail + 1].sum()))


def critical_difference(num_contenders: int, num_datasets: int, *, alpha: float = 0.05) -> float:
    """Nemenyi's difference of mean ranks, ``q sqrt(k (k + 1) / (6 N))``; for the picture, not for the verdict."""
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, num_contenders, np.inf)) / math.sqrt(2)
    return q * math.sqrt(num_contenders * (num_contenders + 1) / (6 * num_datasets))


def _pairs(differences: list[tuple[str, str, np.ndarray]], alpha: float) -> tuple[DatasetPair, ...]:
    p_values = [signed_rank_p(d_D) for _, _, d_D in differences]
    tests = holm(p_values, alpha=alpha)
    return tuple(
        DatasetPair(
            a, b, float(np.median(d_D)), int((d_D > 0).sum()), int((d_D < 0).sum()), p, test.level, test.rejected
        )
        for (a, b, d_D), p, test in zip(differences, p_values, tests, strict=True)
    )


def _sentence(pairs: tuple[DatasetPair, ...], ranks: dict[str, float], num_datasets: int) -> str:
    better = [f"{pair.a} and {pair.b} differ (p {pair.p:.2g})" for pair in pairs if pair.significant]
    lead = f"Over {num_datasets} datasets {next(iter(ranks))} has the best mean rank"
    return f"{lead}; {'; '.join(better)}." if better else f"{lead}, but no two contenders differ beyond chance."
