#!/usr/bin/env bash
# scikit-posthocs 0.17.1: Conover's and Durbin's tests are certain (p = 0.0) after two data sets.
# Expected: two data sets can't separate three models: were all six orders equally likely, the two would still agree once in six.
# Happens: where the models have the same order on every data set, the error term of these tests is zero and all p are
# exactly 0.0, with two data sets or a hundred, while Nemenyi's says 0.58 and 0.11. A warning of numpy's of a division by
# zero is all one hears. One swapped pair brings Conover's from 0.0 to 1.0 and 0.17.
# Matters: a clear winner on a handful of data sets is just the case in which one looks at such a table; the picture of a
# "critical difference" then rests on p-values that no data could support.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q scikit-posthocs==0.17.1 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1 statsmodels==0.15.0
"$work/venv/bin/python" - <<'PY'
import pandas as pd
import scikit_posthocs as sp

agree = pd.DataFrame([[0.9, 0.8, 0.7], [0.6, 0.5, 0.4]], columns=["cnn", "rnn", "transformer"])
swapped = pd.DataFrame([[0.9, 0.8, 0.7], [0.5, 0.6, 0.4]], columns=agree.columns)
tests = {
    "Conover": sp.posthoc_conover_friedman,
    "Durbin": sp.posthoc_durbin,
    "Nemenyi": sp.posthoc_nemenyi_friedman,
    "Siegel": sp.posthoc_siegel_friedman,
}
found = {name: test(agree).to_numpy()[0, 1:].round(4).tolist() for name, test in tests.items()}
for name, p_values in found.items():
    print(f"{name}: cnn against rnn {p_values[0]}, against transformer {p_values[1]}")
after = sp.posthoc_conover_friedman(swapped).to_numpy()[0, 1:].round(4).tolist()
print("Conover after one swap:", after)
assert found["Conover"] == found["Durbin"] == [0.0, 0.0]
assert found["Nemenyi"] == [0.5768, 0.1122] and min(after) > 0.05
PY
