#!/usr/bin/env bash
# statsmodels 0.15.0 and mlxtend: McNemar's test of a model against itself says p = 0.0.
# Expected: two models that are right and wrong on the same examples give no evidence: p = 1.
# Happens: with the chi-squared form (exact=False, mlxtend's default) the continuity correction turns 0 - 0 into -1, squared and
# divided by zero disagreements: statistic infinite, p exactly 0.0. Also five disagreements each way give p = 0.75 where six
# against five give 1.0: a difference of nothing is more significant than one of one. exact=True gives 1.0 in all three.
# Matters: contenders that agree on every test example (an easy set, a re-run, a copied checkpoint) are reported as different
# beyond all doubt, most often in loops over many pairs where nobody looks at the table.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q statsmodels==0.15.0 mlxtend==0.25.0 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1
"$work/venv/bin/python" - <<'PY'
import warnings

import numpy as np
from mlxtend.evaluate import mcnemar as of_mlxtend
from statsmodels.stats.contingency_tables import mcnemar

warnings.simplefilter("ignore")
tables = {"identical": [[90, 0], [0, 10]], "5 and 5": [[85, 5], [5, 5]], "6 and 5": [[84, 6], [5, 5]]}
found = {}
for name, table in tables.items():
    p_values = [mcnemar(table, exact=exact).pvalue for exact in (False, True)] + [of_mlxtend(np.array(table))[1]]
    found[name] = [round(float(p), 4) for p in p_values]
    print(f"{name}: chi-squared p {found[name][0]}, exact p {found[name][1]}, mlxtend {found[name][2]}")
assert found["identical"] == [0.0, 1.0, 0.0]
assert found["5 and 5"] == [0.7518, 1.0, 0.7518] and found["6 and 5"] == [1.0, 1.0, 1.0]
PY
