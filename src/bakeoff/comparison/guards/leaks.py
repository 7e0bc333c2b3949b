"""Guards on data: no example in two splits, and nothing fitted on rows other than those of train.

Both look at the examples again, by computations of their own, not at what the preparation of the data wrote down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bakeoff.data.contract import SPLITS, Split, TaskData
from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding, few

DUPLICATES, FIT = "duplicates", "preprocessing_fit"


def declared_leaks(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Copies across splits that were kept on purpose; the report is stamped."""
    leaked = int(bakeoff.plan.spec.get("leaked_rows") or 0)
    if leaked:
        problem = f"{leaked:,} rows of train or validation are also in a later split (data.allow_leak=true)."
        yield Finding(DUPLICATES, "stamp", problem)


def duplicates(bakeoff: RecordedBakeoff, data: TaskData) -> Iterator[Finding]:
    """Examples with equal content on two sides of a split, of any seed, beyond those that were declared."""
    declared = int(bakeoff.plan.spec.get("leaked_rows") or 0)
    content: dict[str, bytes] = {}
    worst: tuple[int, str] = (0, "")
    for seed in _seeds(bakeoff, data):
        names = {split: data.examples(split) for split in SPLITS}
        for split in SPLITS:
            if not content.keys() >= set(names[split]):  # a seed may use rows that those before it left out
                content |= zip(names[split], data.digests(split), strict=True)
        found = _shared(names, content)
        worst = max(worst, (len(found), f"with seed {seed}: {few(found, limit=3)}"))
    if worst[0] > declared:
        problem = f"{worst[0]:,} examples stand in more than one split, {worst[1]}; {declared:,} were declared."
        yield Finding(DUPLICATES, "refuse", problem)


def preprocessing_fit(bakeoff: RecordedBakeoff, data: TaskData) -> Iterator[Finding]:
    """What each trial's preprocessing was fitted on are the rows that it may see."""
    wrong: dict[str, str] = {}
    for seed in _seeds(bakeoff, data):
        for trial in bakeoff.plan.trials:
            recorded = bakeoff.trials.get(trial.trial_id)
            if trial.seed != seed or recorded is None or recorded.spec is None:
                continue
            problem = data.refit_problem(recorded.spec)
            if problem is not None:
                wrong[f"{trial.contender} seed {seed}"] = problem
    if wrong:
        first = next(iter(wrong.values()))
        problem = f"Preprocessing was not fitted on the train rows in {few(list(wrong))} ({first})."
        yield Finding(FIT, "refuse", problem)


def _seeds(bakeoff: RecordedBakeoff, data: TaskData) -> Iterator[int]:
    """The seeds of the plan, the data split by each in turn."""
    before = data.seed
    try:
        for seed in dict.fromkeys(trial.seed for trial in bakeoff.plan.trials):
            data.seed = seed
            yield seed
    finally:
        data.seed = before


def _shared(names: Mapping[Split, list[str]], content: Mapping[str, bytes]) -> list[str]:
    """Names of the examples of train and validation whose content a later split holds too."""
    train, val, test = ({name: content[name] for name in names[split]} for split in SPLITS)
    after_val = set(test.values())
    after_train = after_val | set(val.values())
    leaked = [name for name, digest in train.items() if digest in after_train]
    return leaked + [name for name, digest in val.items() if digest in after_val]
