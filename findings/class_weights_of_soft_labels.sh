#!/usr/bin/env bash
# torch 2.14.1: class weights of the cross-entropy mean one thing for class numbers and another for the same classes
# as one-hot rows.
# Expected: a label and its one-hot row are the same target, so the same weights give the same loss.
# Happens: for numbers the sum is divided by the weights of the batch's labels, for rows (what mixup and CutMix make)
# by the number of examples. Four easy and two rare labels with weights 1, 10, 10: 0.876 against 3.505, four times the
# loss and the gradient. The gradient of numbers does not change when all weights are doubled; that of rows doubles.
# And the mean of two half batches is the whole batch's loss for rows alone.
# Matters: turning on mixing beside class weights multiplies the learning rate (with clipping: changes what is
# clipped); losses in a sweep over weights can be compared in one form only; gradient accumulation is not the large
# batch.
# PYTHON may name an interpreter that has these versions already; else they are installed (torch: several gigabytes).
set -euo pipefail
pins=(torch==2.14.1)
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
import torch.nn.functional as F

torch.manual_seed(0)
logits = torch.randn(6, 3)
labels = torch.tensor([0, 0, 0, 0, 1, 2])
weights = torch.tensor([1.0, 10.0, 10.0])
rows = F.one_hot(labels, 3).float()


def loss(target, weight, part=slice(None)):
    return F.cross_entropy(logits[part], target[part], weight=weight).item()


def halves(target):
    return (loss(target, weights, slice(0, 3)) + loss(target, weights, slice(3, 6))) / 2


numbers, one_hot = loss(labels, weights), loss(rows, weights)
factor = (weights[labels].sum() / len(labels)).item()
print(f"numbers {numbers:.4f}, one-hot rows {one_hot:.4f}: {one_hot / numbers:.3f} times; mean weight {factor:.3f}")
print(f"weights doubled: numbers {loss(labels, 2 * weights):.4f}, rows {loss(rows, 2 * weights):.4f}")
print(f"mean of two half batches: numbers {halves(labels):.4f}, rows {halves(rows):.4f}")
assert abs(one_hot / numbers - factor) < 1e-5 and factor == 4.0
assert abs(loss(labels, 2 * weights) - numbers) < 1e-6 and abs(loss(rows, 2 * weights) - 2 * one_hot) < 1e-5
assert abs(halves(rows) - one_hot) < 1e-6 and abs(halves(labels) - numbers) > 0.1
PY
