#!/usr/bin/env bash
# torchmetrics 1.9.0: AUROC and accuracy of the same logits depend on how they are cut into batches.
# Expected: AUROC depends on the order of the scores alone, and a metric gathered batch by batch equals that of the whole.
# Happens: each update takes the sigmoid only if that batch holds a value outside [0, 1]. Logits that happen to lie in
# [0, 1] are taken for probabilities and stored beside the sigmoids of other batches. Five logits that separate the classes
# perfectly: AUROC 1.0 in one batch, 0.5 in batches of two, 0.17 in batches of three or one; accuracy 1.0, 0.6.
# Matters: small last batches, little-trained networks and small test batch sizes hit it; contenders whose batch sizes differ
# are not scored alike.
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
import torch
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

logits = torch.tensor([0.3, 0.2, 0.1, -0.5, -1.0])
labels = torch.tensor([1, 1, 1, 0, 0])


def by_batches(metric, size, scores):
    for part, target in zip(scores.split(size), labels.split(size)):
        metric.update(part, target)
    return round(metric.compute().item(), 4)


auroc = {size: by_batches(BinaryAUROC(), size, logits) for size in (1, 2, 3, 5)}
accuracy = {size: by_batches(BinaryAccuracy(), size, logits) for size in (1, 2, 3, 5)}
sure = {size: by_batches(BinaryAUROC(), size, logits.sigmoid()) for size in (1, 2, 3, 5)}
print("batch size: AUROC   ", auroc)
print("batch size: accuracy", accuracy)
print("AUROC of probabilities", sure)
assert auroc == {1: 0.1667, 2: 0.5, 3: 0.1667, 5: 1.0}
assert accuracy[5] == 1.0 and accuracy[2] == 0.6
assert set(sure.values()) == {1.0}
PY
