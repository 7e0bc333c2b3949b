#!/usr/bin/env bash
# torchmetrics 1.9.0: a class that the test set lacks counts as 0 in macro AUROC and in binned average precision, and
# is left out of exact average precision and of F1.
# Expected: one rule for an absent class; at least, the same metric with and without binning agrees on perfect
# answers.
# Happens: perfect answers to two of three classes: macro AUROC 0.667, macro average precision 1.0 from exact scores
# and 0.667 with thresholds=200 (the setting for large test sets), macro-F1, recall and Jaccard index 1.0. With labels
# instead of classes even F1 and average precision give 0.5 where one of two labels never occurs.
# Matters: a rare class missing from one fold or small test split moves the score by 1/K whatever the model does,
# binning changes who is said to be good, and figures of tools with other rules can't be put side by side.
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
from torchmetrics.classification import (
    MulticlassAUROC,
    MulticlassAveragePrecision,
    MulticlassF1Score,
    MulticlassJaccardIndex,
    MulticlassRecall,
    MultilabelAveragePrecision,
    MultilabelF1Score,
)

scores = torch.tensor([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1]])
labels = torch.tensor([0, 0, 1, 1])
metrics = {
    "AUROC": MulticlassAUROC(3),
    "AUROC, binned": MulticlassAUROC(3, thresholds=200),
    "average precision": MulticlassAveragePrecision(3),
    "average precision, binned": MulticlassAveragePrecision(3, thresholds=200),
    "F1": MulticlassF1Score(3, average="macro"),
    "recall": MulticlassRecall(3, average="macro"),
    "Jaccard index": MulticlassJaccardIndex(3, average="macro"),
}
macro = {name: round(metric(scores, labels).item(), 3) for name, metric in metrics.items()}
two_scores, two_labels = torch.tensor([[0.9, 0.2], [0.1, 0.3]]), torch.tensor([[1, 0], [0, 0]])
several = {
    "average precision": MultilabelAveragePrecision(2, average="macro")(two_scores, two_labels).item(),
    "F1": MultilabelF1Score(2, average="macro")(two_scores, two_labels).item(),
}
print("perfect answers, class 2 of 3 absent:", macro)
print("perfect answers, label 1 of 2 absent:", several)
assert macro["AUROC"] == macro["AUROC, binned"] == macro["average precision, binned"] == 0.667
assert macro["average precision"] == macro["F1"] == macro["recall"] == macro["Jaccard index"] == 1.0
assert several == {"average precision": 0.5, "F1": 0.5}
PY
