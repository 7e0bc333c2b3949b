#!/usr/bin/env bash
# datasets 5.2.0: casting a ClassLabel column to the same names in another order keeps the numbers and so swaps the labels.
# Expected: cast() converts values ("cat" stays "cat"), as Arrow's casts of dictionary columns do, or refuses, as
# concatenate_datasets does for the same two features.
# Happens: only the header changes. Every label is another class afterwards, without a warning; align_labels_with_mapping is
# what converts. A model that is right everywhere has accuracy 0.0 against the cast column.
# Matters: splits whose names were collected in another order (each from its own files) are brought together by just this
# cast; the swapped split looks like a model at or under chance.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q datasets==5.2.0 pyarrow==25.0.1 pandas==3.1.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import tempfile

from datasets import ClassLabel, Dataset, Features, concatenate_datasets, disable_progress_bars

disable_progress_bars()
train = Features({"label": ClassLabel(names=["cat", "dog"])})
test = Dataset.from_dict({"label": [0, 0, 1]}, features=Features({"label": ClassLabel(names=["dog", "cat"])}))


def names(data):
    return data.features["label"].int2str(data["label"][:])


cast = test.cast(train)
aligned = test.align_labels_with_mapping({"cat": 0, "dog": 1}, "label")
print("test:   ", names(test))
print("cast:   ", names(cast))
print("aligned:", names(aligned))
try:
    concatenate_datasets([Dataset.from_dict({"label": [0]}, features=train), test])
    refused = False
except ValueError as error:
    refused = True
    print("concatenate_datasets:", str(error)[:60], "...")
accuracy = sum(a == b for a, b in zip(names(test), names(cast))) / 3
print("share of labels that survive the cast:", accuracy)
assert names(test) == ["dog", "dog", "cat"] == names(aligned)
assert names(cast) == ["cat", "cat", "dog"] and accuracy == 0.0 and refused
PY
