"""Guards on trials: what was planned is what was run, and what was run is what is scored."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.record.answers import answers_file
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.contenders import Contender
from bakeoff.record.evidence import Finding, few
from bakeoff.record.plan import PlannedTrial
from bakeoff.record.reading import sha256_of_file
from bakeoff.record.trials import RecordedTrial
from bakeoff.training.trial.configuration import trial_id

RECORDED, SEEDS, SEALED = "trials_recorded", "undeclared_seeds", "predictions_sealed"


def trials_recorded(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Planned trials = recorded trials: none missing, none surplus, each with its seed and configuration."""
    missing = _missing(bakeoff)
    if missing:
        names = few([_named(trial) for trial in missing])
        yield Finding(RECORDED, "refuse", f"Planned trials without a result ({len(missing)}): {names}.")
    surplus = [trial for trial in _unplanned(bakeoff) if not _is_extra_seed(bakeoff, trial)]
    if surplus:
        names = few([f"{trial.name} ({trial.contender})" for trial in surplus])
        yield Finding(RECORDED, "refuse", f"Trials with a result that stand in no plan ({len(surplus)}): {names}.")
    contenders = {contender.name: contender for contender in bakeoff.plan.contenders}
    wrong: dict[str, list[str]] = {}
    for planned in bakeoff.plan.trials:
        if planned.trial_id in bakeoff.trials:
            for problem in _differences(bakeoff, contenders[planned.contender], planned):
                wrong.setdefault(problem, []).append(_named(planned))
    for problem, trials in wrong.items():
        yield Finding(RECORDED, "refuse", f"Trials that {problem} ({len(trials)}): {few(trials)}.")


def undeclared_seeds(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Seeds that were added after the plan make a bakeoff exploratory."""
    extra = [trial for trial in _unplanned(bakeoff) if _is_extra_seed(bakeoff, trial)]
    if extra:
        names = few([f"{trial.contender} seed {trial.seed}" for trial in extra])
        yield Finding(SEEDS, "stamp", f"Exploratory: trials of seeds that were not declared ({len(extra)}): {names}.")
    declared = ((bakeoff.manifest or {}).get("rules") or {}).get("seeds")
    added = sorted(set(bakeoff.plan.seeds) - set(declared)) if declared is not None else []
    if added:
        names = few([str(seed) for seed in added])
        yield Finding(SEEDS, "stamp", f"Exploratory: the manifest does not declare these seeds of the plan: {names}.")


def predictions_sealed(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Test predictions are the bytes that their trial wrote."""
    for planned in bakeoff.plan.trials:
        trial = bakeoff.trials.get(planned.trial_id)
        if trial is None or trial.failed:
            continue
        now = sha256_of_file(answers_file(trial.folder))
        if not now:
            yield Finding(SEALED, "refuse", f"The test predictions of {_named(planned)} are gone.")
        elif now != trial.test_predictions_sha256:
            yield Finding(SEALED, "refuse", f"The test predictions of {_named(planned)} are not those that it wrote.")


def _missing(bakeoff: RecordedBakeoff) -> list[PlannedTrial]:
    """Planned trials that should have run: up to the last look that their contender took part in."""
    due = []
    for contender in bakeoff.plan.contenders:
        planned = [trial for trial in bakeoff.plan.trials if trial.contender == contender.name]
        num_due = _num_due(bakeoff, contender, [trial.trial_id in bakeoff.trials for trial in planned])
        due += [trial for trial in planned[:num_due] if trial.trial_id not in bakeoff.trials]
    return due


def _num_due(bakeoff: RecordedBakeoff, contender: Contender, has_run: list[bool]) -> int:
    """How many of a contender's trials must have a result: those up to the last look that it took part in."""
    if not bakeoff.plan.looks:
        return len(has_run)
    most = max(len(bakeoff.recorded_of(other.name)) for other in bakeoff.plan.contenders)
    may_stop = bakeoff.verdict is None or bakeoff.stage is not None or contender.name in _beaten(bakeoff)
    reached = sum(has_run) if may_stop else most
    due = next(look for look in bakeoff.looks if look >= reached)
    return due if bakeoff.stage is None else min(due, bakeoff.stage)


def _beaten(bakeoff: RecordedBakeoff) -> set[str]:
    """Contenders that left the race."""
    rows = bakeoff.verdict.contenders if bakeoff.verdict is not None else ()
    return {row["name"] for row in rows if row.get("beaten_by") is not None}


def _unplanned(bakeoff: RecordedBakeoff) -> list[RecordedTrial]:
    planned = {trial.trial_id for trial in bakeoff.plan.trials}
    return [trial for name, trial in bakeoff.trials.items() if name not in planned]


def _is_extra_seed(bakeoff: RecordedBakeoff, trial: RecordedTrial) -> bool:
    """Whether a trial is one more seed of a contender that is in the plan."""
    seeds = {planned.seed for planned in bakeoff.plan.trials if planned.contender == trial.contender}
    return bool(seeds) and trial.seed not in seeds


def _differences(bakeoff: RecordedBakeoff, contender: Contender, planned: PlannedTrial) -> Iterator[str]:
    trial = bakeoff.trials[planned.trial_id]
    fingerprint = bakeoff.plan.fingerprint
    expected = {
        "trial_id": planned.trial_id,
        "contender": planned.contender,
        "seed": planned.seed,
        "bakeoff_id": bakeoff.plan.bakeoff_id,
    } | ({} if trial.failed else {"data_fingerprint": fingerprint})
    for key, value in expected.items():
        if getattr(trial, key) != value:
            yield f"ran with another {key} than the plan's"
    config = contender.trial(planned.point)
    if trial_id(config, fingerprint) != planned.trial_id:
        yield "are not those of the configuration in the plan"
    if trial.config is not None and trial.config != config and trial_id(trial.config, fingerprint) != planned.trial_id:
        yield "ran with another configuration than the planned one"


def _named(trial: PlannedTrial) -> str:
    return f"{trial.contender} seed {trial.seed}"
