#!/usr/bin/env bash
# torchmetrics 1.9.0: Matthews' correlation praises a model that always gives the same answer.
# Expected: a constant answer has no correlation with the labels; the usual convention, scikit-learn's, is 0. The
# measure is chosen for rare classes because it does not reward the majority class.
# Happens: where a margin of the table is zero, the two cells left are compared instead: with 97 positives of 100 the
# answer "always positive" has 0.551, with three of four 0.577; the answer "always negative" gets the same with a
# minus. In balanced data it is 0. One example answered otherwise brings the value from 0.55 to near 0. The multiclass
# form with two classes agrees.
# Matters: on a 3 % class a collapsed contender leads one that has learnt something (0.354 here), and a search that
# selects by this metric selects collapse.
# PYTHON may name an interpreter that has these versions already; else they are installed (torch: several gigabytes).
set -euo pipefail
pins=(torch==2.14.1 torchmetrics==1.9.0 scikit-learn==1.9.1)
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
from sklearn.metrics import matthews_corrcoef
from torchmetrics.classification import BinaryMatthewsCorrCoef, MulticlassMatthewsCorrCoef

labels = torch.tensor([1] * 97 + [0] * 3)
always = torch.ones(100, dtype=torch.long)
one_other = always.clone()
one_other[0] = 0
learnt = labels.clone()
learnt[:7] = 0  # seven of the majority are lost, ...
learnt[-1] = 1  # ... and two of the three rare ones found


def both(answers, truth=labels):
    ours = BinaryMatthewsCorrCoef()(answers, truth).item()
    return round(ours, 3), round(float(matthews_corrcoef(truth, answers)), 3)


seen = {"always the majority": both(always), "the majority but once": both(one_other), "a model that learnt": both(learnt)}
seen["always the minority"] = both(1 - always)
seen["constant, balanced labels"] = both(always, torch.tensor([0, 1] * 50))
for what, (torchmetrics, sklearn) in seen.items():
    print(f"{what:28s} torchmetrics {torchmetrics:6.3f}  scikit-learn {sklearn:6.3f}")
multiclass = round(MulticlassMatthewsCorrCoef(num_classes=2)(always, labels).item(), 3)
print("multiclass form, always the majority:", multiclass)
assert seen["always the majority"] == (0.551, 0.0) and multiclass == 0.551
assert seen["always the minority"] == (-0.551, 0.0)
assert seen["constant, balanced labels"] == (0.0, 0.0)
assert seen["the majority but once"][0] == seen["the majority but once"][1] < 0
assert 0 < seen["a model that learnt"][0] == seen["a model that learnt"][1] < 0.551
PY
