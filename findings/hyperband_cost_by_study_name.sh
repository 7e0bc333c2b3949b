#!/usr/bin/env bash
# optuna 5.0.0: HyperbandPruner prunes by the name of the study.
# Expected: with the same seed, search space, objective and pruner, two studies are the same study.
# Happens: a trial's bracket is a hash of the study's name and the trial's number, so the name decides who may be stopped how
# early. Thirty identical trials (same parameters, same curves) take 296 to 412 steps under five names; SuccessiveHalving
# and the median rule take 170 and 395 under all of them. Unnamed studies get a random name, so they do not even repeat.
# Matters: tuning each contender in a study of its own name hands out unequal effort (here by 39 %) in a comparison that is
# said to tune all alike, and seeding the sampler does not make a search repeatable.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q optuna==5.0.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
NAMES = ("cnn", "rnn", "transformer", "run-1", "run-2")


def objective(trial):
    x, slow = trial.suggest_float("x", 0, 1), trial.suggest_float("slow", 0, 1)
    for step in range(1, 28):
        trial.report((x - 0.3) ** 2 + slow / step, step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return (x - 0.3) ** 2 + slow / 27


def steps(name, pruner):
    """Steps that 30 trials took, and the parameters they had."""
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(study_name=name, sampler=sampler, pruner=pruner())
    study.optimize(objective, n_trials=30)
    return sum(len(t.intermediate_values) for t in study.trials), tuple(tuple(t.params.values()) for t in study.trials)


found = {}
for pruner in (optuna.pruners.HyperbandPruner, optuna.pruners.SuccessiveHalvingPruner, optuna.pruners.MedianPruner):
    runs = [steps(name, pruner) for name in NAMES]
    assert len({params for _, params in runs}) == 1
    found[pruner.__name__] = [count for count, _ in runs]
    print(pruner.__name__, dict(zip(NAMES, found[pruner.__name__])))
assert found["HyperbandPruner"] == [296, 338, 412, 328, 400]
assert set(found["SuccessiveHalvingPruner"]) == {170} and set(found["MedianPruner"]) == {395}
PY
