#!/usr/bin/env bash
# scoringrules 0.10.0 and properscoring 0.1: the CRPS of sample forecasts measures how many samples were drawn.
# Expected: a forecaster that draws from the true distribution beats one that is biased and too wide.
# Happens: both libraries' default takes the samples for the whole forecast, which adds E|x - x'| / 2m with m samples. The right
# forecaster with 5 samples scores 0.678 and loses to a biased one (mean off by 0.3, spread 1.2 times) with 100 samples,
# 0.600. estimator="fair" (scoringrules; properscoring has none) gives 0.565 and 0.593: the order of the forecasters reverses.
# Matters: contenders that differ in the number of samples (ensemble members, dropout passes, decoder samples) are ranked by that
# number, and figures from papers with another number can't stand beside them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q scoringrules==0.10.0 properscoring==0.1 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import numpy as np
import properscoring
import scoringrules

rng = np.random.default_rng(0)
truth = rng.normal(size=50_000)
forecasts = {
    "right, 5 samples": rng.normal(size=(50_000, 5)),
    "right, 100 samples": rng.normal(size=(50_000, 100)),
    "biased and wide, 100 samples": rng.normal(0.3, 1.2, size=(50_000, 100)),
}
found = {}
for name, samples in forecasts.items():
    default = scoringrules.crps_ensemble(truth, samples).mean()
    fair = scoringrules.crps_ensemble(truth, samples, estimator="fair").mean()
    other = properscoring.crps_ensemble(truth, samples).mean()
    found[name] = [float(value) for value in (default, fair, other)]
    print(f"{name}: scoringrules {default:.4f}, fair {fair:.4f}, properscoring {other:.4f}")
few, many, biased = found.values()
assert few[0] > biased[0] + 0.05 and abs(few[0] - few[2]) < 1e-6
assert few[1] < biased[1] - 0.02 and abs(few[1] - many[1]) < 0.01
PY
