"""Checks of training: too short, too long, unsteady, or of one seed unlike the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from bakeoff.record.trials import RecordedTrial
from bakeoff.report.checks.check import Check
from bakeoff.report.reading import Bakeoff, metric_lines

MOST_TRIALS = 20
"""Of a contender that are looked at: each costs reading its log."""
HALF = 0.5
"""Of a contender's trials, from which on something holds for it."""
APART = 0.1
"""Of a metric's range, between train and validation."""
RISEN = 1.25
"""Times its lowest that validation loss stands at in the end."""
HARDLY_FALLEN = 0.95
FEWEST_STEPS = 100
FEWEST_VALIDATIONS = 5
FEWEST_SEEDS = 5
OUTLYING = 5.0
"""Times the middle distance from the median: of seeds that spread normally, one in a thousand is so far off."""
UNEVEN = 2.0


def _finished(bakeoff: Bakeoff) -> dict[str, list[RecordedTrial]]:
    """The first finished trials of each contender; of a search, of the best ones."""
    names = [contender.name for contender in bakeoff.plan.entered]
    found = {name: [t for t in bakeoff.typical_trials(name) if not t.failed][:MOST_TRIALS] for name in names}
    return {name: trials for name, trials in found.items() if trials}


def _curve(trial: RecordedTrial, kind: str, name: str) -> list[float]:
    """The finite values of a trial's log."""
    values = (line.get(name) for line in metric_lines(trial, kind=kind))
    return [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]


def _most(trials: list[RecordedTrial], hold: list[bool]) -> bool:
    return sum(hold) > HALF * len(trials)


def unconverged(bakeoff: Bakeoff) -> Iterator[str]:
    """Most trials were best at their very last validation."""
    sign, name = bakeoff.metric.facts.sign, f"val/{bakeoff.plan.metric}"
    for contender, trials in _finished(bakeoff).items():
        curves = [sign * np.array(_curve(trial, "val", name)) for trial in trials]
        hold = [len(curve) >= FEWEST_VALIDATIONS and int(np.argmax(curve)) == len(curve) - 1 for curve in curves]
        if _most(trials, hold):
            yield (
                f"{sum(hold)} of {len(trials)} trials of {contender} were best at their last validation: they may not "
                "have been done. Raise trainer.max_epochs."
            )


def fits_train_alone(bakeoff: Bakeoff) -> Iterator[str]:
    """Train is answered far better than validation."""
    facts = bakeoff.metric.facts
    if not facts.is_bounded:
        return
    name = bakeoff.plan.metric
    for contender, trials in _finished(bakeoff).items():
        pairs = [(_curve(trial, "train", f"train/{name}"), trial.validation.get(name)) for trial in trials]
        gaps = [train[-1] - val for train, val in pairs if train and val is not None]
        if gaps and np.mean(gaps) > APART * facts.perfect:
            yield (
                f"{contender} reaches {np.mean(gaps) / facts.perfect:.0%} of the range more in {facts.label} on train "
                "than on validation: more data, augmentation, dropout or weight decay may close that."
            )


def loss_rises_again(bakeoff: Bakeoff) -> Iterator[str]:
    """Validation loss ends far above its lowest."""
    for contender, trials in _finished(bakeoff).items():
        curves = [_curve(trial, "val", "val/loss") for trial in trials]
        hold = [len(curve) > 1 and min(curve) > 0 and curve[-1] > RISEN * min(curve) for curve in curves]
        if _most(trials, hold):
            yield (
                f"The validation loss of {contender} ends above {RISEN:g} times its lowest in {sum(hold)} of "
                f"{len(trials)} trials: it learns train by heart, and what it is sure of means less and less."
            )


def learns_nothing(bakeoff: Bakeoff) -> Iterator[str]:
    """The train loss hardly falls."""
    for contender, trials in _finished(bakeoff).items():
        curves = [_curve(trial, "train", "train/loss") for trial in trials]
        hold = [len(curve) > 1 and curve[0] > 0 and curve[-1] > HARDLY_FALLEN * curve[0] for curve in curves]
        if _most(trials, hold):
            yield (
                f"The train loss of {contender} fell by less than {1 - HARDLY_FALLEN:.0%} in {sum(hold)} of "
                f"{len(trials)} trials: try other values of optimizer.lr."
            )


def few_steps(bakeoff: Bakeoff) -> Iterator[str]:
    """Hardly any optimizer step was taken."""
    for contender, trials in _finished(bakeoff).items():
        steps = [curve[-1] for trial in trials if (curve := _curve(trial, "val", "step"))]
        middle = np.median(steps) if steps else FEWEST_STEPS
        if middle < FEWEST_STEPS:
            yield f"{contender} took {middle:.0f} optimizer steps; fewer than {FEWEST_STEPS} are a beginning."


def seldom_validated(bakeoff: Bakeoff) -> Iterator[str]:
    """Weights are selected among few."""
    for contender, trials in _finished(bakeoff).items():
        counts = [len(_curve(trial, "val", "step")) for trial in trials]
        if 0 < np.median(counts) < FEWEST_VALIDATIONS:
            yield f"A trial of {contender} has {np.median(counts):.0f} validations: its best weights lie between them."


def failed(bakeoff: Bakeoff) -> Iterator[str]:
    """Trials that ended without a result."""
    for contender, count in Counter(str(row.get("contender")) for row in bakeoff.verdict.failures).items():
        yield f"{count} trials of {contender} failed and count as the trivial predictor."


def not_finite(bakeoff: Bakeoff) -> Iterator[str]:
    """Steps whose loss or gradient was no number."""
    for contender, trials in _finished(bakeoff).items():
        steps = sum(int(trial.raw.get("nonfinite_steps") or 0) for trial in trials)
        if steps:
            yield f"{steps} steps of {contender} had a loss that is no number, and were left out: lower optimizer.lr."


def gradients(bakeoff: Bakeoff) -> Iterator[str]:
    """Gradients that vanished or exploded."""
    for contender, trials in _finished(bakeoff).items():
        kinds = Counter(trial.gradients for trial in trials if trial.gradients)
        for kind, count in kinds.items():
            yield f"Gradients were {kind} in {count} of {len(trials)} trials of {contender}."


def outlying_seeds(bakeoff: Bakeoff) -> Iterator[str]:
    """One seed far from the others."""
    if bakeoff.plan.num_tuning:
        return
    for row in bakeoff.contenders:
        values = np.array(row.quality(bakeoff.plan.metric).values)
        if len(values) < FEWEST_SEEDS:
            continue
        distances = np.abs(values - np.median(values))
        middle = float(np.median(distances))
        far = [place for place, distance in enumerate(distances) if middle and distance > OUTLYING * middle / 0.6745]
        seeds = [str(bakeoff.plan.seeds[place]) if place < len(bakeoff.plan.seeds) else str(place) for place in far]
        for seed, place in zip(seeds, far, strict=True):
            yield (
                f"Seed {seed} of {row.name} reaches {values[place]:.4f}, far from the median {np.median(values):.4f} "
                "of its seeds: a mean hides that it comes out in two ways."
            )


def uneven_speed(bakeoff: Bakeoff) -> Iterator[str]:
    """The machine was busy with something else."""
    for contender, trials in _finished(bakeoff).items():
        speeds = [t.examples_per_second for t in trials if t.examples_per_second]
        if len(speeds) > 1 and max(speeds) > UNEVEN * min(speeds):
            yield (
                f"Trials of {contender} ran at {min(speeds):,.0f} to {max(speeds):,.0f} examples a second: the machine "
                "was not alike for all, and times say little."
            )


CHECKS = (
    Check("B201", "unconverged contenders", unconverged),
    Check("B202", "train far above validation", fits_train_alone),
    Check("B203", "validation loss that rises again", loss_rises_again),
    Check("B204", "train loss that hardly falls", learns_nothing),
    Check("B205", "few optimizer steps", few_steps),
    Check("B206", "few validations", seldom_validated),
    Check("B207", "failed trials", failed),
    Check("B208", "steps that are no number", not_finite),
    Check("B209", "vanishing or exploding gradients", gradients),
    Check("B210", "a seed unlike the others", outlying_seeds),
    Check("B211", "trials of uneven speed", uneven_speed),
)
