"""Racing: contenders that can no longer win stop receiving trials (issue 3; after F-Race, Birattari et al. 2002).

At a declared look, a contender that another one beats at that look's level leaves: to win it would have to beat the
one that beat it. The rest go on, and at the next look only their pairs are tested. Why this cannot make more than
alpha false winners:

- A contender leaves only by a rejection that the family-wise test of that look made, so a false departure is a false
  difference, and those of all looks together stay within alpha.
- Without one, contenders that share the best true mean all stay until the end, so at every look their pairs are at
  least as many as the levels allow for, whoever else has left.
- The winner is better than those that left because it is better than the one that beat them, or is it, or so on along
  the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import pandas as pd

from bakeoff.errors import ConfigError, DataError
from bakeoff.statistics.configuration import verdict_from_matrices
from bakeoff.statistics.family import family_verdict_from_matrices, first_best_of, looks_of_trials, tuned_trials
from bakeoff.statistics.looks import Declared, edition_looks
from bakeoff.statistics.options import ALPHA, EDITION, Options, Rules, options_of
from bakeoff.statistics.pairing import UNPAIRED, check_paired, pairing_notes
from bakeoff.statistics.scores import score_table
from bakeoff.statistics.verdicts import Verdict


def race_verdict(
    frame: pd.DataFrame,
    *,
    looks: Declared,
    previous: Verdict | None = None,
    paired: bool = False,
    validation: pd.DataFrame | None = None,
    m: int | None = None,
    notes: Sequence[str] = (),
    cluster_name: str = "cluster",
    **rules: Unpack[Rules],
) -> Verdict:
    """Verdict at one look of a race. ``.racing`` names who goes on to the next look; it is empty when the race is over.

    Call it at each declared number of seeds in turn, with the verdict of the look before::

        verdict = None
        for seeds in (5, 10, 20):
            frame = scores_at(seeds, contenders)                    # trials only for these contenders
            verdict = race_verdict(frame, looks=(5, 10, 20), previous=verdict, margin=0.01)
            contenders = verdict.racing
            if not contenders:
                break

    Args:
        frame: as for ``verdict_from_scores``; rows of contenders that left earlier are ignored.
        looks: declared before the first run.
        previous: verdict at the look before; None at the first.
        validation, m: for a race of tuned families, as for ``family_verdict``, as are ``frame`` and ``looks`` then.
        paired, notes, cluster_name: as for ``verdict_from_scores``.
        **rules: alpha, margin, margin_reference, failed, direction, metric, label, score_range, bounded_influence,
            shares, futility, edition: likewise.

    Raises:
        DataError: as ``verdict_from_scores``; a contender that is still racing has no scores.
        ConfigError: the race is over already, looks out of order, a number of seeds that no look declared, or tuned
            families that are to be paired.
    """
    if paired and validation is not None:
        raise ConfigError("config.contradiction", "paired", True, UNPAIRED, next_step="paired=false")
    alpha, edition = rules.get("alpha", ALPHA), rules.get("edition", EDITION)
    of_trials = looks_of_trials(looks, m, alpha=alpha, edition=edition) if validation is not None else None
    declared = of_trials or edition_looks(looks, alpha=alpha, edition=edition)
    notes = [*notes, *(pairing_notes(frame) if paired and edition > 1 else [])]
    options = options_of(looks=declared, notes=notes, **rules)
    word = "seed" if validation is None else "trial"
    table = score_table(_still_racing(frame, previous), run_column=word)
    if paired:
        check_paired(table.labelled)
    _check_look(options, min(map(len, table.matrices.values())), previous, word)
    clusters = table.clusters(cluster_name) if edition > 1 else None
    if validation is not None and of_trials is not None:
        return family_verdict_from_matrices(
            tuned_trials(table, validation, direction=options.direction),
            options=options,
            m=first_best_of(of_trials, m),
            clusters=clusters,
            racing=True,
            previous=previous,
        )
    return verdict_from_matrices(
        table.matrices,
        options=options,
        paired=paired,
        racing=True,
        previous=previous,
        clusters=clusters,
    )


def _still_racing(frame: pd.DataFrame, previous: Verdict | None) -> pd.DataFrame:
    if previous is None or "contender" not in frame.columns:
        return frame
    if not previous.racing:
        raise ConfigError(
            "config.looks", "looks", None, "the race was over at the look before", next_step="read that verdict"
        )
    present = frame["contender"].astype(str)
    missing = set(previous.racing) - set(present)
    if missing:
        raise DataError(
            "data.missing_rows", "contender", ", ".join(sorted(missing)), "still racing, but without scores"
        )
    return frame[present.isin(previous.racing)]


def _check_look(options: Options, num_runs: int, previous: Verdict | None, word: str) -> None:
    expected = 0 if previous is None or previous.look is None else previous.look + 1
    declared = options.looks.seeds if options.looks else ()
    if num_runs != declared[expected]:
        at = f"{declared[expected]} {word}s, the table holds {num_runs}"
        problem = f"look {expected + 1} of this race was declared at {at}"
        raise ConfigError("config.looks", "looks", list(declared), problem)
