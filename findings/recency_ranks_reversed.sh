#!/usr/bin/env bash
# pytrec_eval-terrier 0.5.11: items scored by their Unix time are ranked in reverse within two minutes.
# Expected: a recency baseline (score = time of the item in seconds) ranks the newest item first.
# Happens: scores are kept as float32, in which times of today are 128 s apart, so items within that tie; ties go by descending
# id. Three items 30 s apart with ids that grow backwards in time come out in exactly the reverse order: the newest has
# reciprocal rank 1/3 instead of 1, the oldest 1 instead of 1/3. No warning.
# Matters: the trivial baseline of a recommendation comparison looks three times worse (or, by the luck of ids, better) than it
# is, in the tool whose figures the others are checked against; so do sums of log-probabilities beyond about 1e5.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q pytrec_eval-terrier==0.5.11 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import numpy as np
import pytrec_eval

now = 1_700_000_000
run = {"user": {"a": now + 60.0, "b": now + 30.0, "c": now + 0.0}}
found = {}
for item in "abc":
    truth = {"user": {item: 1}}
    trec = pytrec_eval.RelevanceEvaluator(truth, {"recip_rank"}).evaluate(run)["user"]["recip_rank"]
    right = 1 / (1 + sorted(run["user"], key=run["user"].get, reverse=True).index(item))
    found[item] = round(trec, 4), round(right, 4)
    print(f"item {item} wanted: reciprocal rank {found[item][0]}, by the times {found[item][1]}")
print("step of float32 there:", np.spacing(np.float32(now)), "s")
assert found == {"a": (0.3333, 1.0), "b": (0.5, 0.5), "c": (1.0, 0.3333)}
PY
