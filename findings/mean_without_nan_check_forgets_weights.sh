#!/usr/bin/env bash
# torchmetrics 1.9.0: MeanMetric(nan_strategy="disable") forgets the weights that it is given.
# Expected: the strategy decides what happens to NaN and nothing else; of 1 and 4 with weights 3 and 1 the mean is 1.75.
# Happens: with "disable" each update counts as if its weight were 1, so the mean is 2.5, without a word. "warn", "ignore" and a
# number keep the weights, and "warn" (what it does if not told) drops a NaN, so that a loss that broke down looks healthy.
# Matters: "disable" is what one picks to let a NaN loss through, and a mean over batches of unequal size (the last batch,
# sequences of unequal length) then moves by more than models differ.
# PYTHON may name an interpreter that has these versions already; else they are installed (torch: several gigabytes).
set -euo pipefail
pins=(torch==2.14.1 torchmetrics==1.9.0)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
check='import sys
from importlib.metadata import version
pins = [pin.split("==") for pin in sys.argv[1:]]
sys.exit(any(version(name).split("+")[0] != wanted for name, wanted in pins))'
if ! "$python" -c "$check" "${pins[@]}" 2>/dev/null; then
  python3 -m venv "$work/venv"
  python=$work/venv/bin/python
  "$python" -m pip install -q "${pins[@]}"
fi
"$python" -W ignore - <<'PY'
import math

from torchmetrics import MeanMetric


def mean(strategy, values, weights):
    metric = MeanMetric(nan_strategy=strategy)
    for value, weight in zip(values, weights):
        metric.update(value, weight)
    return metric.compute().item()


said = {strategy: mean(strategy, [1.0, 4.0], [3, 1]) for strategy in ("warn", "ignore", 0.0, "disable")}
print("1 and 4, weights 3 and 1:", said)
broken = mean("warn", [1.0, math.nan], [1, 1])
print("1 and NaN with warn:", broken)
assert said["warn"] == said["ignore"] == said[0.0] == 1.75
assert said["disable"] == 2.5
assert broken == 1.0
PY
