#!/usr/bin/env bash
# scikit-learn 1.9.1: top_k_accuracy_score with k=1 is not accuracy_score of the argmax where scores tie.
# Expected: top-1 accuracy is accuracy; ties are broken alike within one library.
# Happens: argmax takes the first class of a tie, top_k_accuracy_score the last. A constant prediction over 60 % class 0 and 30 %
# class 9 has accuracy 0.6 and top-1 0.3. Sigmoid scores kept in half precision tie at 1.0 in the same way: 0.868 against
# 0.805, of scores of which both are 0.851 in double precision.
# Matters: constant baselines, half-precision scores and saturated networks; a model can have a lower top-1 than accuracy,
# and the order in which the classes are numbered decides by how much.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
from sklearn.metrics import accuracy_score, top_k_accuracy_score

classes = list(range(10))
labels = np.array([0] * 60 + [9] * 30 + [4] * 10)
constant = np.full((100, 10), 0.1)
found = {"constant": (accuracy_score(labels, constant.argmax(1)), top_k_accuracy_score(labels, constant, k=1, labels=classes))}

rng = np.random.default_rng(0)
truth = rng.choice(10, size=5000, p=[0.55] + [0.05] * 9)
logits = rng.normal(0, 3, (5000, 10))
logits[np.arange(5000), truth] += 9
logits[:, 9] += 4
scores = 1 / (1 + np.exp(-logits))
for name, kept in (("float64", scores), ("float16", scores.astype(np.float16))):
    said = kept.argmax(1)
    pair = accuracy_score(truth, said), top_k_accuracy_score(truth, kept, k=1, labels=classes)
    found[name] = tuple(round(float(value), 4) for value in pair)
for name, (accuracy, top_one) in found.items():
    print(f"{name}: accuracy {accuracy}, top-1 {top_one}")
assert found["constant"] == (0.6, 0.3)
assert found["float64"] == (0.8508, 0.8508) and found["float16"] == (0.8678, 0.8046)
PY
