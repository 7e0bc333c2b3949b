#!/usr/bin/env bash
# pystoi 0.4.1 (which torchmetrics wraps): the intelligibility of a perfect copy is 0.00001 if the clip is short.
# Expected: STOI of a recording against itself is 1.
# Happens: at 10 kHz the measure needs 30 frames, about 0.41 s; a shorter clip, and a longer one of which less than that is
# within 40 dB of its loudest frame, gives 1e-5 and a warning. It is a number like another in the mean of a test set.
# Matters: single words and spoken digits last 0.3 to 0.6 s. With half of the clips too short, perfect synthesis scores 0.5, and
# a synthesiser that drags its words beats one that speaks at the right pace.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q pystoi==0.4.1 numpy==2.4.6 scipy==1.17.1
"$work/venv/bin/python" - <<'PY'
import warnings

import numpy as np
from pystoi import stoi

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
RATE = 16_000
found = {}
for seconds in (0.3, 0.4, 0.405, 0.41, 0.5, 1.0):
    clip = rng.normal(size=int(seconds * RATE))
    found[seconds] = round(float(stoi(clip, clip, RATE)), 6)
    print(f"{seconds} s against itself: {found[seconds]}")
padded = rng.normal(size=int(0.8 * RATE))
padded[: int(0.5 * RATE)] *= 1e-4
found["padded"] = round(float(stoi(padded, padded, RATE)), 6)
print("0.8 s of which 0.5 s are silence:", found["padded"])
assert [found[s] for s in (0.3, 0.4, 0.405)] == [1e-5] * 3 and found["padded"] == 1e-5
assert [found[s] for s in (0.41, 0.5, 1.0)] == [1.0] * 3
PY
