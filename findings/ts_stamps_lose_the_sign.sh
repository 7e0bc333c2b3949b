#!/usr/bin/env bash
# aeon 1.6.0: the values of time-stamped .ts files are read without their sign, and decimal stamps are read as values.
# Expected: of (2007-01-01 00:00:00,-2.5),(2007-01-01 00:01:00,2.5) the series -2.5, 2.5; of (0.5,-1.25) the value -1.25.
# Happens: load_from_ts_file collects whatever looks like 1.2 from the line (a regular expression without sign, exponent or
# whole numbers): 2.5, 2.5 in the first case, 0.5, 1.25 in the second; of 1.5e-3 it reads 1.5, and (stamp,7) is left out. Classes
# are turned into small letters besides, so that "A" and "a" become one. No warning.
# Matters: two classes that differ in sign become the same series, and a nearest-neighbour classifier that is right on the same
# numbers without stamps is at chance; whoever compares models on such a file compares them on other data than it holds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q aeon==1.6.0 numba==0.63.1 numpy==2.3.5 pandas==2.3.3 scikit-learn==1.8.0
cd "$work"
venv/bin/python - <<'PY'
import numpy as np
from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
from aeon.datasets import load_from_ts_file

HEAD = "@problemName made\n@timeStamps {}\n@missing false\n@univariate true\n@equalLength true\n@seriesLength {}\n@classLabel true up down\n@data\n"


def read(lines, *, stamped, length):
    with open("made.ts", "w") as file:
        file.write(HEAD.format(str(stamped).lower(), length) + "\n".join(lines) + "\n")
    return load_from_ts_file("made.ts")


dates, _ = read(["(2007-01-01 00:00:00,-2.5),(2007-01-01 00:01:00,2.5):up"], stamped=True, length=2)
print("-2.5, 2.5 with dates:        ", dates[0, 0].tolist())
decimals, _ = read(["(0.5,-1.25):up"], stamped=True, length=1)
print("-1.25 at 0.5:                ", decimals[0, 0].tolist())
small, _ = read(["(2007-01-01 00:00:00,1.5e-3),(2007-01-01 00:01:00,7):up"], stamped=True, length=2)
print("0.0015, 7 with dates:        ", small[0, 0].tolist())

rng = np.random.default_rng(0)
labels = np.array(["up", "down"] * 40)
values = np.round(np.where(labels == "up", 1.0, -1.0)[:, None] * rng.uniform(1, 2, (80, 6)), 3)
found = {}
for stamped in (False, True):
    cell = "(2007-01-01 00:0{}:00,{:.3f})" if stamped else "{1:.3f}"
    rows = [",".join(cell.format(step, value) for step, value in enumerate(row)) for row in values]
    series, classes = read([f"{row}:{label}" for row, label in zip(rows, labels)], stamped=stamped, length=6)
    nearest = KNeighborsTimeSeriesClassifier(distance="euclidean").fit(series[:40], classes[:40])
    found[stamped] = float(np.mean(nearest.predict(series[40:]) == classes[40:]))
    print(f"nearest neighbour, {'with' if stamped else 'without'} stamps: {100 * found[stamped]:.0f} % right")
assert dates[0, 0].tolist() == [2.5, 2.5] and decimals[0, 0].tolist() == [0.5, 1.25] and small[0, 0].tolist() == [1.5]
assert found[False] == 1.0 and found[True] < 0.75
PY
