#!/usr/bin/env bash
# torchmetrics 1.9.0: expected calibration error with 15 bins uses 16; a confidence of exactly 1 has a bin of its own.
# Expected: the last of 15 bins runs from 14/15 to 1 and includes 1, as in Guo et al. 2017.
# Happens: bins are open above, so a probability of exactly 1.0 (in float32 whenever the margin of the logits passes about 17)
# falls into a 16th bin that no n_bins asks for. 50 answers at 1.0, half right, and 50 at 0.95, all right, give 0.275; in one
# bin over- and underconfidence cancel: 0.225. Lowering 1.0 by one part in ten million moves the figure by 0.05.
# Matters: saturated networks (large, long trained, half precision) are scored on finer bins than others, and the figure can't
# be compared with papers or with another implementation.
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

import torch
from torchmetrics.functional.classification import multiclass_calibration_error


def by_hand(confidence, right, bins):
    """Bins closed above, the last one holding 1."""
    place = [min(bins - 1, max(0, math.ceil(c * bins) - 1)) for c in confidence]
    gaps = [0.0] * bins
    for where, c, r in zip(place, confidence, right):
        gaps[where] += c - r
    return sum(map(abs, gaps)) / len(confidence)


def table(top):
    confidence = torch.tensor([top] * 50 + [0.95] * 50)
    scores = torch.stack([confidence, 1 - confidence, torch.zeros(100)], dim=1)
    labels = torch.tensor([0] * 25 + [2] * 25 + [0] * 50)
    return confidence, scores, labels


sure, scores, labels = table(1.0)
nearly, nearly_scores, _ = table(1.0 - 2**-24)
for bins in (10, 15, 20):
    print(bins, "bins:", multiclass_calibration_error(scores, labels, num_classes=3, n_bins=bins).item())
said = multiclass_calibration_error(scores, labels, num_classes=3, n_bins=15).item()
said_nearly = multiclass_calibration_error(nearly_scores, labels, num_classes=3, n_bins=15).item()
hand = by_hand(sure.double().tolist(), (labels == 0).tolist(), 15)
print(f"at 1.0: {said:.4f}; at 1 - 2^-24: {said_nearly:.4f}; with 15 bins by hand: {hand:.4f}")
print("softmax of logits 0 and 18:", torch.tensor([0.0, 18.0]).softmax(0)[1].item())
assert abs(said - 0.275) < 1e-5 and abs(said_nearly - 0.225) < 1e-5 and abs(hand - 0.225) < 1e-5
assert torch.tensor([0.0, 18.0]).softmax(0)[1].item() == 1.0
PY
