"""The verdict, and what stands beside it, from what a bakeoff's folder stores: the one derivation.

`compare` judges with it at each stage and writes what it says into ``verdict.json``; `audit` derives it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from bakeoff.comparison.judging.beside import edges_of_search, failures, flops_ratio, indicative, warnings
from bakeoff.comparison.judging.leaderboard import leaderboard
from bakeoff.comparison.judging.over_baseline import over_baseline
from bakeoff.comparison.judging.scoring import ScoredTrial, Trivial
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import SCHEMA_VERSION
from bakeoff.statistics import Verdict, family_verdict, race_verdict, verdict_from_scores
from bakeoff.statistics.looks import edition_looks


@dataclass(frozen=True)
class Evidence:
    """What a verdict is drawn from.

    Attributes:
        bakeoff: the folder, up to its stage.
        scores: the opened scores, a row a trial and test example.
        trials: those that were run, one of each contender after the other.
        margin: the difference that matters; None for none.
        validation: what the trials of a search were selected by; None without tuning, or where it can't be known.
    """

    bakeoff: RecordedBakeoff
    scores: pd.DataFrame
    trials: Sequence[ScoredTrial]
    margin: float | None
    validation: pd.DataFrame | None = None


@dataclass(frozen=True)
class Judgement:
    """A verdict, and what each declared look up to it said."""

    verdict: Verdict
    looks: list[dict[str, Any]]


def judge(evidence: Evidence) -> Judgement:
    """The verdict on what has been opened so far: of a race's looks, of tuned families, or of fixed configurations."""
    plan = evidence.bakeoff.plan
    frame = evidence.scores[evidence.scores["contender"].isin([contender.name for contender in plan.entered])]
    if plan.looks:
        return _race(evidence, frame)
    about = _about(plan, evidence.margin, evidence.trials)
    if plan.num_tuning:
        assert evidence.validation is not None
        return Judgement(family_verdict(frame, evidence.validation, m=plan.best_of, **about), [])
    verdict = verdict_from_scores(frame, paired=bool(plan.paired), **about)
    return Judgement(exploratory(verdict) if plan.exploratory else verdict, [])


def _race(evidence: Evidence, frame: pd.DataFrame) -> Judgement:
    """Every look up to the stage, or to the one that decides."""
    plan, stage = evidence.bakeoff.plan, evidence.bakeoff.stage
    looks = edition_looks(
        dict(zip(plan.looks, plan.look_levels, strict=False)) or plan.looks,
        alpha=float(plan.alpha),
        edition=plan.edition,
    )
    assert looks is not None
    verdict: Verdict | None = None
    said: list[dict[str, Any]] = []
    for runs in plan.looks:
        about = _about(plan, evidence.margin, [trial for trial in evidence.trials if trial.number < runs])
        about |= {"paired": bool(plan.paired), "futility": plan.futility, **_selected(evidence, runs)}
        verdict = race_verdict(frame[frame["trial"] < runs], looks=looks, previous=verdict, **about)
        said.append({"seeds": runs, "verdict": verdict.verdict, "racing": list(verdict.racing)})
        if not verdict.racing or runs == stage:
            break
    assert verdict is not None
    return Judgement(verdict, said)


def _selected(evidence: Evidence, runs: int) -> dict[str, Any]:
    """What a race of tuned families is judged by beside its scores, up to a look; nothing of fixed configurations."""
    if not evidence.bakeoff.plan.num_tuning:
        return {}
    assert evidence.validation is not None
    validation = evidence.validation
    return {"validation": validation[validation["trial"] < runs], "m": evidence.bakeoff.plan.best_of}


def _about(plan: RecordedPlan, margin: float | None, trials: Sequence[ScoredTrial]) -> dict[str, Any]:
    failed: dict[str, list[str]] = {}
    for trial in trials:
        if trial.failed and trial.entered:
            failed.setdefault(trial.contender, []).append(f"seed {trial.recorded.seed}")
    about = {"metric": plan.metric, "direction": plan.direction, "alpha": float(plan.alpha), "edition": plan.edition}
    if plan.edition > 2:
        about |= {"label": plan.aim.label, "shares": plan.aim.unit == "fraction"}
    return {**about, "margin": margin, "failed": failed, **plan.bounds}


def exploratory(verdict: Verdict) -> Verdict:
    """The verdict as one that seeds were added for: its sentence and its warnings say so too."""
    note = "exploratory: seeds were added that were not declared before the first run; the error rate is not guaranteed"
    sentence = f"Exploratory: {verdict.sentence}"
    return replace(verdict, exploratory=True, sentence=sentence, warnings=(note, *verdict.warnings))


def selected_by(bakeoff: RecordedBakeoff, trials: Sequence[ScoredTrial], trivial_score: float | None) -> pd.DataFrame:
    """What contenders' trials were selected by, a row each; failures score as the trivial predictor does."""
    return pd.DataFrame(
        [
            {
                "contender": trial.contender,
                "seed": trial.recorded.seed,
                "trial": trial.number,
                "score": trivial_score if trial.failed else trial.recorded.validation[bakeoff.plan.metric],
            }
            for trial in trials
            if trial.entered
        ]
    )


def derive(evidence: Evidence, judgement: Judgement, trivial: Trivial | None) -> dict[str, Any]:
    """What ``verdict.json`` holds, but for what was measured (latencies) and what the guards found.

    Args:
        evidence: of the whole bakeoff.
        judgement: the verdict on it.
        trivial: None where the data is not at hand; its score is then left out.
    """
    plan, trials = evidence.bakeoff.plan, evidence.trials
    found: dict[str, Any] = {
        "leaderboard": leaderboard(plan, evidence.scores, trials),
        **({} if trivial is None else {"trivial": trivial.on_test, "trivial_words": trivial.scorer.task.trivial_words}),
        "failures": failures(trials),
        "flops_ratio": flops_ratio(plan.entered),
        "indicative": indicative(trials, plan.aim),
        "looks": judgement.looks,
        "saved_trials": len(plan.trials) - len(trials),
        "edges": edges_of_search(plan, trials) if plan.num_tuning else [],
        "over_baseline": over_baseline(plan, evidence.scores, _about(plan, None, [])),
    }
    record = judgement.verdict.to_dict() | found | {"schema_version": SCHEMA_VERSION}
    stored = evidence.bakeoff.verdict
    known = trivial.on_test if trivial is not None else stored.trivial if stored is not None else None
    more = warnings(plan, trials, judgement.verdict, found, trivial=known)
    record["warnings"] = [*record["warnings"], *more]
    return record
