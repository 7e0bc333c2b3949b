#!/usr/bin/env bash
# torchmetrics 1.9.0: a MetricCollection can take two metrics for one, because the first batch could not tell them apart.
# Expected: metrics in a collection give what each gives alone.
# Happens: with its default, compute_groups=True, the collection compares the states after the first update. Where they are
# equal by chance, the second metric's state is the first one's from then on: a word error rate turns into the character
# error rate (0.67 becomes 0.29) because the first batch held words of one letter; accuracy at a threshold of 0.9 rises from
# 0.5 to 1.0. No warning.
# Matters: which metrics merge depends on the first batch, so on the seed and the order of the data: one contender of a
# comparison can be scored by another metric than its rival.
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
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy
from torchmetrics.text import CharErrorRate, WordErrorRate


def both(make, *batches):
    """What the metrics say in a collection, and what they say when nothing is merged."""
    found = []
    for merge in (True, False):
        collection = MetricCollection(make(), compute_groups=merge)
        for batch in batches:
            collection.update(*batch)
        found.append({name: round(float(value), 4) for name, value in collection.compute().items()})
    return found


speech = (["a", "b"], ["a", "c"]), (["hello"], ["hallo"])
images = (
    (torch.tensor([0.95, 0.10]), torch.tensor([1, 0])),
    (torch.tensor([0.60, 0.70]), torch.tensor([1, 1])),
)
merged_text, alone_text = both(lambda: {"cer": CharErrorRate(), "wer": WordErrorRate()}, *speech)
thresholds = {"at_50": 0.5, "at_90": 0.9}
merged_image, alone_image = both(lambda: {n: BinaryAccuracy(threshold=t) for n, t in thresholds.items()}, *images)
print("speech   collection:", merged_text, " alone:", alone_text)
print("accuracy collection:", merged_image, " alone:", alone_image)
late, _ = both(lambda: {"cer": CharErrorRate(), "wer": WordErrorRate()}, *reversed(speech))
print("speech, the batches in the other order:", late)
assert alone_text == late == {"cer": 0.2857, "wer": 0.6667}
assert merged_text == {"cer": 0.2857, "wer": 0.2857}
assert alone_image == {"at_50": 1.0, "at_90": 0.5} and merged_image == {"at_50": 1.0, "at_90": 1.0}
PY
